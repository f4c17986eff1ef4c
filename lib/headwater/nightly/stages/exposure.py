"""Clean orders and complaints -> the daily tables of exposure."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pyspark.sql.functions as F
from pyspark.sql import DataFrame

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
    _place(run, _orders(run))


def _orders(run: Run) -> DataFrame:
    """CLEAN_ORDERS -> ORDER_EXPOSURE, PRICE_EXPOSURE, LISTING_SUPPLIERS; the lines that count from tonight on."""
    night, previous = run.night, run.previous
    known = run.up_to_now(CLEAN_ORDERS)
    now = order_stage.due(known, night, previous)
    before = None
    if previous is not None:
        now = latest(now, *order_stage.LINE)
        days = [r["day"] for r in now.select("day").distinct().collect()]
        before = order_stage.counted_before(known, previous).where(F.col("day").isin(days)) if days else None
    changed = order_stage.changes(now, before)
    if before is not None:
        # Three tables come of it; on the first night reading the orders again is cheaper than keeping them.
        changed = changed.persist()
    run.write(ORDER_EXPOSURE, order_stage.order_exposure(changed, night))
    run.write(PRICE_EXPOSURE, order_stage.price_exposure(changed, night))
    run.write(LISTING_SUPPLIERS, order_stage.listing_suppliers(changed, night))
    changed.unpersist()
    return now


def complaints_said(run: Run, after: date | None) -> DataFrame:
    """CLEAN_COMPLAINTS -> the complaints that were taken or filed after a day (None: all) and up to the night, as said last.

    Of the nights up to that day only those are read that took a complaint filed ahead of its time, and those between: what was
    said after it may be there."""
    rows = run.up_to_now(CLEAN_COMPLAINTS).where(F.col("day") <= F.lit(run.night))
    if after is None:
        return latest(rows, "complaint_id")
    ahead = [("night", "<=", after), ("day", ">", after), ("day", "<=", run.night)]
    nights = run.lake.rows(CLEAN_COMPLAINTS, columns=["night"], wanted=ahead)["night"].to_pylist()
    since = min(nights, default=after + timedelta(days=1))
    said = latest(rows.where(F.col("night") >= F.lit(since)), "complaint_id")
    return said.where((F.col("night") > F.lit(after)) | (F.col("day") > F.lit(after)))


def _place(run: Run, due: DataFrame) -> None:
    """CLEAN_COMPLAINTS x CLEAN_ORDERS -> COMPLAINTS_PLACED, COMPLAINTS_UNMATCHED, COMPLAINTS_COUNTED, COMPLAINT_EXPOSURE."""
    night, config = run.night, run.config
    fresh = complaints_said(run, run.previous)
    waiting = run.before(COMPLAINTS_UNMATCHED)
    earlier = run.ledger(COMPLAINTS_PLACED).where(F.col("night") < F.lit(night))
    # On the first night nothing was there before that an order could change.
    moved = due if run.previous else due.limit(0)
    asked = complaint_stage.to_place(fresh, waiting, earlier, moved).persist()
    lines = complaint_stage.lines_of(asked, run.up_to_now(CLEAN_ORDERS), night, config.night.lookup_days)
    placed = complaint_stage.place_complaints(asked, lines).persist()
    run.gather(COMPLAINTS_PLACED, complaint_stage.complaints_placed(placed, night))
    waits = complaint_stage.complaints_unmatched(placed, waiting, earlier, night, config.night.lookup_days)
    unmatched = run.gather(COMPLAINTS_UNMATCHED, waits)
    placed.unpersist()
    asked.unpersist()
    # A complaint that was sent again, or whose order was voided, and waits now does not count by what it said before.
    still = run.ledger(COMPLAINTS_PLACED).join(unmatched.select("complaint_id"), on="complaint_id", how="left_anti")
    counted = complaint_stage.counted(still, night, config.night.window_days, config.hygiene)
    counted = run.gather(COMPLAINTS_COUNTED, counted)
    run.gather(COMPLAINT_EXPOSURE, complaint_stage.complaint_exposure(counted, night))
