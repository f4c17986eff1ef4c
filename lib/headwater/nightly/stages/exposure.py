"""Clean orders and complaints -> the daily tables of exposure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyspark.sql.functions as F

from headwater.exposure import complaints as complaint_stage
from headwater.exposure import orders as order_stage
from headwater.exposure.orders import latest
from headwater.tables.clean import CLEAN_COMPLAINTS, CLEAN_ORDERS
from headwater.tables.model import (
    COMPLAINT_EXPOSURE,
    COMPLAINTS_COUNTED,
    COMPLAINTS_PLACED,
    COMPLAINTS_UNMATCHED,
    LISTING_SUPPLIERS,
    ORDER_EXPOSURE,
    PRICE_EXPOSURE,
)

if TYPE_CHECKING:
    from headwater.nightly.run import Run


def exposure(run: Run) -> None:
    """CLEAN_ORDERS, CLEAN_COMPLAINTS -> the daily tables of exposure."""
    lake, night, previous = run.lake, run.night, run.previous
    all_orders = lake.read(CLEAN_ORDERS)
    now = order_stage.due(all_orders, night, previous)
    before = None
    if previous is not None:
        now = latest(now, *order_stage.LINE)
        days = [r["day"] for r in now.select("day").distinct().collect()]
        before = order_stage.counted_before(all_orders, previous).where(F.col("day").isin(days)) if days else None
    changed = order_stage.changes(now, before)
    run.write(ORDER_EXPOSURE, order_stage.order_exposure(changed, night))
    run.write(PRICE_EXPOSURE, order_stage.price_exposure(changed, night))
    run.write(LISTING_SUPPLIERS, order_stage.listing_suppliers(changed, night))

    fresh = order_stage.due(lake.read(CLEAN_COMPLAINTS), night, previous)
    if previous is not None:
        fresh = fresh.unionByName(lake.read(COMPLAINTS_UNMATCHED, previous).drop("why"))
    asked = latest(fresh, "complaint_id").drop("night").withColumnRenamed("day", "filed_day").persist()
    lines = complaint_stage.lines_of(
        asked, all_orders.where(F.col("night") <= F.lit(night)), night, run.config.night.lookup_days
    )
    placed = complaint_stage.place_complaints(asked, lines).persist()
    run.write(COMPLAINTS_PLACED, complaint_stage.complaints_placed(placed, night))
    unmatched = run.write(COMPLAINTS_UNMATCHED, complaint_stage.complaints_unmatched(placed, night))
    placed.unpersist()
    asked.unpersist()
    # A complaint that was sent again and waits now does not count by what it said before.
    still = lake.read(COMPLAINTS_PLACED).join(unmatched.select("complaint_id"), on="complaint_id", how="left_anti")
    window = run.config.night.window_days
    counted = run.write(COMPLAINTS_COUNTED, complaint_stage.counted(still, night, window, run.config.hygiene))
    run.write(COMPLAINT_EXPOSURE, complaint_stage.complaint_exposure(counted, night))
