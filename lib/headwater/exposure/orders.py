"""CLEAN_ORDERS -> what a night changed in the daily order exposure: a ledger of integers, so that any window is a plain sum."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pyspark.sql.functions as F
from pyspark.sql import Column, DataFrame, Window

from headwater.tables.model import CELL, LISTING_SUPPLIERS, ORDER_EXPOSURE, PRICE_EXPOSURE, STRATUM

LINE = ("day", "order_id", "line_no")
UNKNOWN = "?"


def due(rows: DataFrame, night: date, previous: date | None) -> DataFrame:
    """Dated clean rows that count from this night on: taken since the previous night, or waiting for their day until now."""
    now = rows.where((F.col("night") <= F.lit(night)) & (F.col("day") <= F.lit(night)))
    if previous is None:
        return now
    # Two looks: by one condition with an "or" in it no file of any night before could be passed over.
    taken = now.where(F.col("night") > F.lit(previous))
    waited = now.where((F.col("night") <= F.lit(previous)) & (F.col("day") > F.lit(previous)))
    return taken.unionByName(waited)


def in_window(rows: DataFrame, night: date, window_days: int) -> DataFrame:
    """Rows of order days within the window that ends with the night."""
    day = F.col("day")
    return rows.where((day <= F.lit(night)) & (day > F.lit(night - timedelta(days=window_days))))


def counted_before(rows: DataFrame, previous: date) -> DataFrame:
    """Dated clean rows that the previous night already counted (superseded ones included)."""
    return rows.where((F.col("night") <= F.lit(previous)) & (F.col("day") <= F.lit(previous)))


def latest(rows: DataFrame, *key: str, by: Sequence[str] = ("night", "intake_seq")) -> DataFrame:
    """The row of each key that was said last: by the night that took it, in one night by the later file.

    The nights go first: a file that comes late to an old night says what was said then, and does not overrule the nights after."""
    newest = Window.partitionBy(*key).orderBy(*(F.desc(column) for column in by))
    return rows.withColumn("_newest", F.row_number().over(newest)).where("_newest = 1").drop("_newest")


def changes(now: DataFrame, before: DataFrame | None) -> DataFrame:
    """Order lines with `sign`: +1 for each line as it stands now, -1 for the line that it corrects.

    `now`: due rows, one a line; `before`: earlier rows that may hold earlier versions of the same lines. A voided line
    stands for nothing, so voiding leaves the -1 alone."""
    plus = now.where(~F.col("voided")).withColumn("sign", F.lit(1))
    if before is None:
        return plus
    corrected = latest(before.join(now.select(*LINE), on=list(LINE), how="left_semi"), *LINE)
    minus = corrected.where(~F.col("voided")).withColumn("sign", F.lit(-1))
    return plus.unionByName(minus)


def stratum_columns() -> list[Column]:
    return [
        F.lower(F.coalesce("category", F.lit(UNKNOWN))).alias("category"),
        F.col("price_band"),
        F.upper(F.coalesce("destination", F.lit(UNKNOWN))).alias("destination"),
    ]


def brand_column() -> Column:
    """The brand as it is compared: case does not matter."""
    return F.lower(F.coalesce("brand", F.lit(UNKNOWN))).alias("brand")


def order_exposure(changed: DataFrame, night: date) -> DataFrame:
    """CHANGES -> ORDER_EXPOSURE: signed sums a day, cell and stratum; sums of nothing but zeros are left out."""
    keys = ["day", *(c.name for c in CELL), *(c.name for c in STRATUM)]
    sums = changed.select(
        "day", *(c.name for c in CELL), *stratum_columns(), "sign", "quantity", "value_minor", "refunded_amount"
    ).groupBy(*keys)
    rows = sums.agg(
        F.sum("sign").alias("orders"),
        F.sum(F.col("sign") * F.col("quantity")).alias("quantity"),
        F.sum(F.col("sign") * F.coalesce("value_minor", F.lit(0))).alias("value_minor"),
        F.sum(F.when(F.col("value_minor").isNull(), F.col("sign")).otherwise(0)).alias("unpriced"),
        F.sum(F.when(F.col("refunded_amount") > 0, F.col("sign")).otherwise(0)).alias("refunded"),
    )
    moved = F.lit(False)
    for measure in ("orders", "quantity", "value_minor", "unpriced", "refunded"):
        moved |= F.col(measure) != 0
    return ORDER_EXPOSURE.conform(rows.where(moved).withColumn("night", F.lit(night)))


def price_exposure(changed: DataFrame, night: date) -> DataFrame:
    """CHANGES -> PRICE_EXPOSURE: signed sums of ln price, so that any window can be held against any peers."""
    priced = changed.where("value_minor > 0")
    keys = ["day", *(c.name for c in CELL), "category", "brand"]
    micro = F.round(F.log(F.col("value_minor") / 100 / F.col("quantity")) * 10**6).cast("bigint")
    sums = priced.select(
        "day", *(c.name for c in CELL), stratum_columns()[0], brand_column(), "sign", micro.alias("_micro")
    ).groupBy(*keys)
    rows = sums.agg(F.sum("sign").alias("lines"), F.sum(F.col("sign") * F.col("_micro")).alias("ln_price_micro")).where(
        "lines <> 0 or ln_price_micro <> 0"
    )
    return PRICE_EXPOSURE.conform(rows.withColumn("night", F.lit(night)))


def listing_suppliers(changed: DataFrame, night: date) -> DataFrame:
    """CHANGES -> LISTING_SUPPLIERS: signed counts of the orders that name both a listing and a supplier."""
    named = changed.where(F.col("listing_id").isNotNull() & F.col("supplier_id").isNotNull())
    rows = named.groupBy("day", "seller_id", "listing_id", "supplier_id").agg(F.sum("sign").alias("orders"))
    return LISTING_SUPPLIERS.conform(rows.where("orders != 0").withColumn("night", F.lit(night)))
