"""How long a whole night takes, and how much memory, at several sizes; beside it the same first half in DuckDB.

    python bench/night.py --orders 1,3,10 --work DIR     # millions of order lines; DIR keeps the marketplaces

Each size is a planted marketplace (preset `hard`, 4,000 shops and 600 suppliers a million orders) as Parquet; its truth is
not read. Each measurement has a process of its own, so that none finds another's warm JVM or memory. Memory is the resident
set of the process and all its descendants (JVM, Python workers), sampled ten times a second; pages that they share
count once for each. DuckDB does the stages intake and exposure, for orders and complaints only (bench/night_duckdb.py), from
the same files in the same run, and its tables must agree with the Delta tables, row counts and sums.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import click
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import night_duckdb
from headwater import config as configuration
from headwater import machine, tables
from headwater.config import Config
from headwater.synthetic import MarketplaceParams
from headwater.synthetic.command import synthesise

ROOT = Path(__file__).resolve().parents[1]
NIGHT = MarketplaceParams.preset("hard").night
BOTH = ("intake", "exposure")  # the stages that DuckDB does too
SCALE = {
    "shops": (4_000, 20),
    "suppliers": (600, 20),
    "guilty": (30, 1),
}  # a million orders as in the preset, and at least
PAGE = os.sysconf("SC_PAGE_SIZE")
TICK = os.sysconf("SC_CLK_TCK")
# Sums that must agree, by table; tokens through a hash that does not depend on the order of rows.
SUMS = {
    "orders": "sum(quantity), sum(value_minor), sum(price_band), sum(unit_price), bit_xor(hash(order_id, buyer_token))",
    "complaints": "count_if(counterfeit), bit_xor(hash(complaint_id, complainant_token))",
    "order_exposure": "sum(orders), sum(quantity), sum(value_minor), sum(unpriced), sum(price_band)",
    "listing_suppliers": "sum(orders)",
    "complaints_placed": "count_if(counterfeit), bit_xor(hash(complaint_id, order_id, line_no::BIGINT, seller_id))",
    "complaints_unmatched": "bit_xor(hash(complaint_id, why))",
    "complaint_exposure": "sum(complaints), sum(weight_milli)",
}


@dataclass(frozen=True)
class Stage:
    """One stage as measured: seconds, and the peak resident memory of the process tree in GiB."""

    seconds: float
    peak_gb: float


class Watch:
    """Times named stages and samples the memory of this process and its descendants meanwhile."""

    def __init__(self, every: float = 0.1) -> None:
        self.stages: dict[str, Stage] = {}
        self._every = every
        self._peak = 0
        self._stop = threading.Event()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self._stop.clear()
        self._peak = tree_bytes()
        sampler = threading.Thread(target=self._sample, daemon=True)
        sampler.start()
        start = time.monotonic()
        try:
            yield
        finally:
            seconds = time.monotonic() - start
            self._stop.set()
            sampler.join()
            self.stages[name] = Stage(round(seconds, 2), round(max(self._peak, tree_bytes()) / 2**30, 3))

    def _sample(self) -> None:
        while not self._stop.wait(self._every):
            self._peak = max(self._peak, tree_bytes())


def tree_bytes() -> int:
    """Resident bytes of this process and all its descendants, from /proc; 0 where there is none."""
    return _tree()[0]


def tree_seconds() -> float:
    """Processor seconds of this process and all its descendants, those that ended and were waited for included."""
    return _tree()[1]


def _tree() -> tuple[int, float]:
    parents, resident, ticks = {}, {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            pid = int(folder.name)
            told = (folder / "stat").read_text().rpartition(")")[2].split()
            parents[pid], ticks[pid] = int(told[1]), sum(map(int, told[11:15]))
            resident[pid] = int((folder / "statm").read_text().split()[1]) * PAGE
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended between the listing and the reading
    family = {os.getpid()}
    while grown := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= grown
    return sum(resident.get(pid, 0) for pid in family), sum(ticks.get(pid, 0) for pid in family) / TICK


def settings(landing: Path, lake: Path) -> Config:
    """The demo's rates; the preset's complaint rate; a JVM for long nights."""
    return configuration.load(
        ROOT / "conf" / "local.toml",
        [
            f"paths.landing={landing}",
            f"paths.lake={lake}",
            "session.small_nights=false",
            "strata.root_rate=1.16e-4",
            f"tokens.key_file={lake.parent / 'token.key'}",
        ],
    )


def headwater_night(landing: Path, out: Path) -> dict[str, Stage]:
    """The whole night, stage by stage; the start of a cold Spark is a stage of its own."""
    watch = Watch()
    with watch.stage("start"):
        from headwater import session

        config = settings(landing, out / "lake")
        spark = session.start(config, "bench night")
        spark.range(1).count()
    from headwater.nightly.run import STAGES, run_night

    try:
        for name in STAGES:
            with watch.stage(name):
                run_night(spark, config, NIGHT, lambda _written: None, (name,))
    finally:
        spark.stop()
    return watch.stages


def duckdb_night(landing: Path, out: Path) -> dict[str, Stage]:
    """The stages that DuckDB does too."""
    watch = Watch()
    config = settings(landing, out / "lake")
    con = night_duckdb.connect(machine.cores(), out)
    with watch.stage("intake"):
        night_duckdb.clean(con, config, NIGHT, out / "duckdb")
    with watch.stage("exposure"):
        night_duckdb.exposure(con, config, NIGHT, out / "duckdb")
    return watch.stages


def alone(measure: Callable[[Path, Path], dict[str, Stage]], landing: Path, out: Path) -> dict[str, Stage]:
    """Run a measurement in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measure, landing, out).result()


def disagreements(out: Path) -> list[str]:
    """Tables whose rows or sums differ between the lake and DuckDB's Parquet."""
    import duckdb
    from deltalake import DeltaTable

    found = []
    for name, sums in SUMS.items():
        table = next(t for t in tables.TABLES if t.name == name and t.layer in ("clean", "model"))
        delta = DeltaTable(str(out / "lake" / table.layer / name)).file_uris()
        folder = out / "duckdb" / name
        parquet = [f"{folder}/*/*.parquet" if folder.is_dir() else f"{folder}.parquet"]
        query = f"SELECT count(*), {sums} FROM read_parquet(?, hive_partitioning = true)"
        lake_row, duckdb_row = (duckdb.execute(query, [files]).fetchone() for files in (delta, parquet))
        if lake_row != duckdb_row:
            found.append(f"{name}: lake {lake_row}, DuckDB {duckdb_row} (rows, {sums})")
    return found


def measure(millions: float, work: Path) -> dict[str, Any]:
    """One size: make the marketplace if it is not there, measure both, compare."""
    orders = round(millions * 1e6)
    market = work / f"hard-{orders}"
    dials = tuple(f"{name}={max(round(count * millions), least)}" for name, (count, least) in SCALE.items())
    click.echo(synthesise(market, "hard", (f"orders={orders}", *dials), keep=True), err=True)
    with tempfile.TemporaryDirectory(prefix="night-", dir=work) as folder:
        out = Path(folder)
        shutil.copyfile(work / "token.key", out / "token.key")
        spark = alone(headwater_night, market / "landing", out)
        duck = alone(duckdb_night, market / "landing", out)
        differ = disagreements(out)
    result = {
        "orders": orders,
        "headwater": {name: asdict(stage) for name, stage in spark.items()},
        "duckdb": {name: asdict(stage) for name, stage in duck.items()},
        "disagreements": differ,
    }
    click.echo(json.dumps(result), err=True)  # the next size may take half an hour, or the last of the memory
    return result


def slope(orders: list[int], seconds: list[float]) -> float | None:
    """Seconds per further 10 million orders, by least squares; None with one size."""
    return None if len(orders) < 2 else float(np.polyfit(np.array(orders) / 1e7, seconds, 1)[0])


def show(results: list[dict[str, Any]]) -> None:
    """The table: a block a size, then the slopes."""
    for result in results:
        ours, theirs = result["headwater"], result["duckdb"]
        click.echo(f"\n{result['orders']:,} orders")
        click.echo(f"  {'stage':<22}{'Headwater s':>12}{'GiB':>7}{'DuckDB s':>12}{'GiB':>7}{'ratio':>8}")
        rows = [(name, [name]) for name in ours]
        rows += [("intake + exposure", list(BOTH)), ("night without start", [n for n in ours if n != "start"])]
        for label, names in rows:
            click.echo(
                f"  {label:<22}{_cells(ours, names, 12)}{_cells(theirs, names, 12)}{_ratio(ours, theirs, names)}"
            )
        for line in result["disagreements"]:
            click.echo(f"  DIFFERENT {line}")
        if not result["disagreements"]:
            click.echo(f"  rows and sums agree: {', '.join(SUMS)}")
    sizes = [r["orders"] for r in results]
    if len(sizes) > 1:
        click.echo("\nSeconds per further 10 million orders (Headwater, DuckDB, ratio)")
        for label, names in [*((name, [name]) for name in results[0]["headwater"]), ("intake + exposure", list(BOTH))]:
            both = [_slope_of(results, side, sizes, names) for side in ("headwater", "duckdb")]
            told = "".join(" " * 12 if s is None else f"{s:>12.1f}" for s in both)
            ratio = f"{both[0] / both[1]:>8.1f}" if both[0] and both[1] else ""
            click.echo(f"  {label:<22}{told}{ratio}")


def _slope_of(results: list[dict[str, Any]], side: str, sizes: list[int], names: list[str]) -> float | None:
    seconds = [sum(r[side][n]["seconds"] for n in names) for r in results if all(n in r[side] for n in names)]
    return slope(sizes, seconds) if len(seconds) == len(sizes) else None


def _cells(side: dict[str, Any], names: list[str], width: int) -> str:
    """Seconds summed and the highest peak; blank where the side does not do them all."""
    if any(name not in side for name in names):
        return " " * (width + 7)
    return f"{sum(side[n]['seconds'] for n in names):>{width}.1f}{max(side[n]['peak_gb'] for n in names):>7.2f}"


def _ratio(ours: dict[str, Any], theirs: dict[str, Any], names: list[str]) -> str:
    if any(name not in theirs for name in names):
        return ""
    return f"{sum(ours[n]['seconds'] for n in names) / sum(theirs[n]['seconds'] for n in names):>8.1f}"


@click.command()
@click.option("--orders", default="1,3,10", show_default=True, help="Sizes in millions of order lines, by commas.")
@click.option("--work", type=click.Path(file_okay=False, path_type=Path), default=ROOT / "out" / "bench_night")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of the table.")
def main(orders: str, work: Path, as_json: bool) -> None:
    """Measure whole nights; exit 1 if the two engines disagree."""
    from headwater import tokens

    try:
        sizes = [float(text) for text in orders.split(",")]
    except ValueError:
        raise click.UsageError(f"--orders {orders}: write millions by commas, as 1,3,10") from None
    work.mkdir(parents=True, exist_ok=True)
    tokens.make_key(work / "token.key")
    results = [measure(size, work.absolute()) for size in sorted(sizes)]
    click.echo(json.dumps({"cores": machine.cores(), "nights": results}, indent=2)) if as_json else show(results)
    if any(result["disagreements"] for result in results):
        sys.exit(1)


if __name__ == "__main__":
    main()
