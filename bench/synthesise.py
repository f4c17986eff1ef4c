"""How fast a planted marketplace is written, and in how much memory: order lines a minute, CPU seconds, peak resident memory.

    python bench/synthesise.py --orders 10,30 --work DIR     # millions of order lines, preset `hard` as Parquet

Each size has a process of its own and is removed afterwards. Shops, suppliers and guilty sources grow with the orders as in
the preset. CPU seconds say what an idle machine could do where other work shares the cores.
"""

from __future__ import annotations

import json
import resource
import shutil
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from headwater import machine
from headwater.synthetic import PRESETS, MarketplaceParams, synthesise

ROOT = Path(__file__).resolve().parents[1]
PER_MILLION = {"shops": 4_000, "suppliers": 600, "guilty": 30}


def write(out: Path, orders: int, preset: str) -> dict[str, Any]:
    """One marketplace, written and weighed."""
    sizes = {name: max(round(count * orders / 1e6), 20) for name, count in PER_MILLION.items()}
    sizes["guilty"] = min(sizes["guilty"], sizes["suppliers"] // 2)
    params = MarketplaceParams.preset(preset, orders=orders, **sizes, format="parquet")
    start = time.monotonic()
    summary = synthesise(out, params)
    seconds = time.monotonic() - start
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "orders": orders,
        "days": params.days,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "million_orders_a_minute": round(orders / seconds * 60 / 1e6, 1),
        "peak_gib": round(used.ru_maxrss / 2**20, 2),
        "feeds_mb": round(sum(f.stat().st_size for f in (out / "landing").rglob("*") if f.is_file()) / 1e6),
        "rows": sum(summary.rows.values()),
    }


def alone(out: Path, orders: int, preset: str) -> dict[str, Any]:
    """Measure in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(write, out, orders, preset).result()


@click.command()
@click.option("--orders", default="10,30", show_default=True, help="Sizes in millions of order lines, by commas.")
@click.option("--preset", default="hard", show_default=True, type=click.Choice(list(PRESETS)))
@click.option("--work", type=click.Path(file_okay=False, path_type=Path), default=ROOT / "out" / "bench_synthesise")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of the table.")
def main(orders: str, preset: str, work: Path, as_json: bool) -> None:
    """Write marketplaces of several sizes and say what each took."""
    try:
        sizes = [round(float(text) * 1e6) for text in orders.split(",")]
    except ValueError:
        raise click.UsageError(f"--orders {orders}: write millions by commas, as 10,30") from None
    work.mkdir(parents=True, exist_ok=True)
    if not as_json:
        click.echo(f"{'orders':>12}{'seconds':>9}{'CPU s':>8}{'M orders/min':>14}{'peak GiB':>10}{'feeds MB':>10}")
    results = []
    for size in sizes:
        folder = Path(tempfile.mkdtemp(prefix="market-", dir=work))
        try:
            row = alone(folder, size, preset)
        finally:
            shutil.rmtree(folder)
        results.append(row)
        if not as_json:
            click.echo(
                f"{row['orders']:>12,}{row['seconds']:>9}{row['cpu_seconds']:>8}{row['million_orders_a_minute']:>14}"
                f"{row['peak_gib']:>10}{row['feeds_mb']:>10,}"
            )
    if as_json:
        click.echo(json.dumps({"cores": machine.cores(), "preset": preset, "sizes": results}, indent=2))


if __name__ == "__main__":
    main()
