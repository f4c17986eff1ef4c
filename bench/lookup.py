"""What it costs to find the orders of complaints: bytes and files of clean/orders that are read, of all, and seconds.

    python bench/lookup.py --orders 300000 --days 30 --complaints 3500 --work DIR

Fills clean/orders as nights do (a night a day, sorted by hash of order id), with plain random orders: no marketplace, for only the
look-up is measured. Then three looks at the last night: complaints that say when it was ordered, complaints that do not, and
complaints that waited and whose order came tonight. Files and bytes are those that Spark's scans opened (its own metrics)."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import pyspark.sql.functions as F

from headwater.exposure import complaints as stage
from headwater.exposure.orders import due
from headwater.landing.clean import ROWS_A_FILE
from headwater.store import Lake
from headwater.tables.clean import CLEAN_COMPLAINTS, CLEAN_ORDERS
from headwater.tables.model import COMPLAINTS_PLACED, COMPLAINTS_UNMATCHED
from night import ROOT, settings

LAST = date(2026, 11, 22)


def orders_of(spark: Any, day: date, rows: int) -> Any:
    """A day's orders, sorted in files as the intake leaves them."""
    ident = F.sha2(F.concat(F.lit(f"{day}"), F.col("id")), 256).substr(1, 20)
    values = {
        "night": F.lit(day),
        "day": F.lit(day),
        "intake_seq": F.lit(1).cast("bigint"),
        "order_id": ident,
        "line_no": F.lit(1).cast("bigint"),
        "seller_id": F.concat(F.lit("S"), F.pmod(F.hash("id"), F.lit(20_000))),
        "buyer_token": F.sha2(F.col("id").cast("string"), 256),
        "listing_id": F.concat(F.lit("L"), F.pmod(F.hash("id"), F.lit(200_000))),
        "category": F.lit("shoes"),
        "quantity": F.lit(1).cast("bigint"),
        "unit_price": F.lit(10).cast("decimal(18,2)"),
        "currency": F.lit("USD"),
        "ordered_at": F.lit(day).cast("timestamp"),
        "destination": F.lit("US"),
        "value_minor": F.lit(1000).cast("bigint"),
        "price_band": F.lit(4),
        "voided": F.lit(False),
    }
    frame = spark.range(rows).select(
        *[values.get(c.name, F.lit(None)).cast(c.type).alias(c.name) for c in CLEAN_ORDERS.columns]
    )
    bucket = F.pmod(F.hash("order_id"), F.lit(max(1, -(-rows // ROWS_A_FILE))))
    return frame.repartition("day", bucket).sortWithinPartitions("day", bucket, "order_id", "line_no")


def complaints_of(orders: Any, count: int, hinted: bool) -> Any:
    """Complaints about `count` of the orders, picked by hash."""
    picked = orders.select("order_id", "ordered_at").orderBy(F.xxhash64("order_id"), "order_id").limit(count)
    values = {
        "night": F.lit(LAST),
        "day": F.lit(LAST),
        "intake_seq": F.lit(2).cast("bigint"),
        "complaint_id": F.concat(F.lit("C"), F.col("order_id")),
        "order_id": F.col("order_id"),
        "ordered_at": F.col("ordered_at") if hinted else F.lit(None),
        "complainant_kind": F.lit("buyer"),
        "filed_at": F.lit(LAST).cast("timestamp"),
        "status": F.lit("open"),
        "counterfeit": F.lit(True),
    }
    return picked.select(
        *[values.get(c.name, F.lit(None)).cast(c.type).alias(c.name) for c in CLEAN_COMPLAINTS.columns]
    )


def scanned(frame: Any) -> tuple[int, int, int]:
    """Rows, and the files and bytes that the scans of clean/orders in the executed plan selected."""
    rows = frame.collect()
    files = size = 0
    leaves = frame._jdf.queryExecution().executedPlan().collectLeaves()
    for i in range(leaves.size()):
        leaf = leaves.apply(i)
        metrics = leaf.metrics()
        if metrics.contains("numFiles") and "clean/orders" in leaf.toString():
            files += metrics.apply("numFiles").value()
            size += metrics.apply("filesSize").value()
    return len(rows), files, size


@click.command()
@click.option("--orders", default=300_000, show_default=True, type=click.IntRange(100), help="Order lines a day.")
@click.option("--days", default=30, show_default=True, type=click.IntRange(3), help="Days of orders in the lake.")
@click.option("--complaints", default=3_500, show_default=True, type=click.IntRange(1), help="Complaints to place.")
@click.option("--work", type=click.Path(file_okay=False, path_type=Path), default=ROOT / "out" / "bench_lookup")
def main(orders: int, days: int, complaints: int, work: Path) -> None:
    """Measure the look-up of complaints' orders."""
    from headwater import session

    work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="lookup-", dir=work.absolute()) as folder:
        config = settings(Path(folder) / "landing", Path(folder) / "lake")
        # Without re-planning the executed plan is the one that tells its scans.
        plain = config.session.model_copy(update={"spark": {"spark.sql.adaptive.enabled": "false"}})
        spark = session.start(config.model_copy(update={"session": plain}), "bench lookup")
        try:
            lake = Lake(spark, config)
            for back in reversed(range(days)):
                day = LAST - timedelta(days=back)
                lake.write(CLEAN_ORDERS, orders_of(spark, day, orders), day, check_key=False)
            measure(lake, complaints, days, folder)
        finally:
            spark.stop()


def measure(lake: Lake, complaints: int, days: int, folder: str) -> None:
    known = lake.read(CLEAN_ORDERS)
    stored = [f.stat().st_size for f in Path(folder).glob("lake/clean/orders/night=*/*.parquet")]
    click.echo(f"clean/orders: {len(stored)} files, {sum(stored) / 1e6:,.0f} MB")
    empty = [lake.spark.createDataFrame([], t.schema()) for t in (COMPLAINTS_UNMATCHED, COMPLAINTS_PLACED)]
    tonight = due(known, LAST, LAST - timedelta(days=1))

    def fresh(hinted: bool) -> Any:
        said = complaints_of(known, complaints, hinted).localCheckpoint()
        return stage.to_place(said, *empty, tonight.limit(0))

    def again() -> Any:
        said = complaints_of(tonight, complaints, False).localCheckpoint()
        waiting = said.withColumnRenamed("night", "taken").withColumns({"night": F.lit(LAST), "why": F.lit("no_order")})
        return stage.to_place(said.limit(0), waiting, empty[1], tonight)

    cases: list[tuple[str, Callable[[], Any]]] = [
        ("they say when", lambda: fresh(True)),
        ("they do not", lambda: fresh(False)),
        ("they waited", again),
    ]
    for name, ask in cases:
        asked = ask().localCheckpoint()
        start = time.monotonic()
        found, files, size = scanned(stage.lines_of(asked, known, LAST, days))
        seconds = time.monotonic() - start
        click.echo(f"{name:<14} {found:>8,} lines found, {files:>5} files, {size / 1e6:>8,.0f} MB, {seconds:>6.1f} s")


if __name__ == "__main__":
    main()
