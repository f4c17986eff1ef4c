"""Whether a night's cost grows with the nights before it: many small nights in sequence on one lake, in one process.

    python bench/nights.py --nights 30 --orders 20000 --window 7 --work DIR

One planted marketplace (preset `hard`) is cut by day into `dt=` folders, orders by `ordered_at`, complaints by `filed_at`; the
dimensions come with the first night. The window is short, so that it is full after `--window` nights: from then on every night
brings and holds the same, and only the history behind it grows. Printed: seconds a stage of each night, all of them, and processor
seconds (which say more where other work shares the cores); and of both the mean of the last third of the nights with a full window over
the mean of the first third."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import click
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from headwater.synthetic import MarketplaceParams
from headwater.synthetic.command import synthesise
from night import ROOT, SCALE, settings, tree_seconds

LAST = MarketplaceParams.preset("hard").night
DATED = {"orders": "ordered_at", "complaints": "filed_at"}


def cut(market: Path, landing: Path, nights: list[date]) -> None:
    """The marketplace's files as they would have come: a `dt=` folder a night; what is older comes with the first night."""
    for feed in sorted(path.name for path in (market / "landing").iterdir()):
        table = pq.ParquetDataset(market / "landing" / feed).read()
        days = pc.cast(table[DATED[feed]], pa.date32()) if feed in DATED else pa.array([nights[0]] * len(table))
        for night in nights if feed in DATED else nights[:1]:
            mine = pc.equal(days, night) if night > nights[0] else pc.less_equal(days, night)
            folder = landing / feed / f"dt={night}"
            folder.mkdir(parents=True)
            pq.write_table(table.filter(mine), folder / "part.parquet")


def run_all(config: object, nights: list[date]) -> list[dict[str, float]]:
    """Seconds of each stage of each night."""
    from headwater import session
    from headwater.nightly.run import STAGES, run_night

    spark = session.start(config, "bench nights")  # type: ignore[arg-type]
    done = []
    try:
        for night in nights:
            seconds: dict[str, float] = {}
            used, begun = tree_seconds(), time.monotonic()
            for stage in STAGES:
                start = time.monotonic()
                run_night(spark, config, night, lambda _written: None, (stage,))  # type: ignore[arg-type]
                seconds[stage] = time.monotonic() - start
            seconds |= {"all": time.monotonic() - begun, "processor": tree_seconds() - used}
            done.append(dict(seconds))
            click.echo(_line(str(night), done[-1]), err=True)
    finally:
        spark.stop()
    return done


def _line(name: str, seconds: dict[str, float]) -> str:
    return f"{name:<12}" + "".join(f"{s:>12.1f}" for s in seconds.values())


@click.command()
@click.option("--nights", default=30, show_default=True, type=click.IntRange(4), help="Nights in sequence.")
@click.option("--orders", default=20_000, show_default=True, type=click.IntRange(100), help="Order lines a night.")
@click.option("--window", default=7, show_default=True, type=click.IntRange(1), help="Days that count.")
@click.option("--work", type=click.Path(file_okay=False, path_type=Path), default=ROOT / "out" / "bench_nights")
def main(nights: int, orders: int, window: int, work: Path) -> None:
    """Measure night after night."""
    from headwater import tokens

    if nights < window + 3:
        raise click.UsageError(
            "--nights must be at least --window + 3: three nights with a full window, or nothing is compared"
        )
    work.mkdir(parents=True, exist_ok=True)
    market = work.absolute() / f"hard-{nights}-{orders}"
    total = nights * orders
    dials = [f"{name}={max(round(count * total / 1e6), least)}" for name, (count, least) in SCALE.items()]
    click.echo(synthesise(market, "hard", (f"orders={total}", f"days={nights}", *dials), keep=True), err=True)
    dates = [LAST - timedelta(days=back) for back in reversed(range(nights))]
    with tempfile.TemporaryDirectory(prefix="nights-", dir=work.absolute()) as folder:
        landing, lake = Path(folder) / "landing", Path(folder) / "lake"
        tokens.make_key(work / "token.key")
        shutil.copyfile(work / "token.key", lake.parent / "token.key")
        cut(market, landing, dates)
        config = settings(landing, lake)
        spans = {"window_days": window, "lookup_days": 4 * window}
        small = config.session.model_copy(update={"small_nights": True})
        config = config.model_copy(update={"night": config.night.model_copy(update=spans), "session": small})
        done = run_all(config, dates)
    click.echo(f"{'night':<12}" + "".join(f"{name:>12}" for name in done[0]))
    for night, seconds in zip(dates, done, strict=True):
        click.echo(_line(str(night), seconds))
    third = len(done[window:]) // 3
    for name in ("all", "processor"):
        full = [seconds[name] for seconds in done[window:]]
        first, last = sum(full[:third]) / third, sum(full[-third:]) / third
        click.echo(
            f"nights with a full window, {name}: first third {first:.1f} s, last third {last:.1f} s, ratio {last / first:.2f}"
        )


if __name__ == "__main__":
    main()
