"""Complaints find their order lines, and hygiene decides what each counts (docs/model.md, step 0)."""

from __future__ import annotations

from datetime import date, timedelta

import pyspark.sql.functions as F
from pyspark.sql import Column, DataFrame, Window

from headwater.exposure.orders import in_window, latest, stratum_columns
from headwater.parameters.landing import Hygiene
from headwater.tables.model import (
    CELL,
    COMPLAINT_EXPOSURE,
    COMPLAINTS_COUNTED,
    COMPLAINTS_PLACED,
    COMPLAINTS_UNMATCHED,
    STRATUM,
)

# A hint may be in another zone than UTC: the order is at most a day beside it.
HINT_DAYS = 1


SAID_LAST = ("taken", "intake_seq", "night")
HINTED = ("line_no", "seller_id", "ordered_at")
# Reasons of complaints without a line that no later night seeks again.
SOUGHT_NO_MORE = ("too_old", "replaced")


def to_place(fresh: DataFrame, waiting: DataFrame, placed: DataFrame, due: DataFrame) -> DataFrame:
    """Complaints to seek an order for tonight, as they were said last, with `days`: where it may be (null: on any day).

    `fresh`: CLEAN_COMPLAINTS due tonight. `waiting` (COMPLAINTS_UNMATCHED of the night before) and `placed` (COMPLAINTS_PLACED
    until then) are sought again only if an order of theirs is among the night's `due` CLEAN_ORDERS, on the days of those: all
    other orders were searched when the complaint came."""
    known = latest(placed, "complaint_id", by=SAID_LAST).join(
        waiting.select("complaint_id"), "complaint_id", "left_anti"
    )
    known = known.withColumn("_placed_on", F.col("day")).drop(*HINTED).select("*", *(f"asked.{c}" for c in HINTED))
    waiting = waiting.withColumnRenamed("day", "filed_day").withColumn("_placed_on", F.lit(None).cast("date"))
    columns = [c for c in waiting.columns if c not in ("night", "why")]
    still = waiting.where(~F.col("why").isin(*SOUGHT_NO_MORE))
    old = still.select(*columns).unionByName(known.select(*columns))
    ids = F.broadcast(old.select("order_id").distinct())
    moved = due.select("order_id", "day").join(ids, "order_id", "left_semi").groupBy("order_id")
    again = old.join(moved.agg(F.collect_set("day").alias("_days")), "order_id", "inner")
    days = F.array_union("_days", F.array_compact(F.array("_placed_on")))
    near = _near("ordered_at")
    again = again.withColumn("days", F.array_sort(F.when(near.isNull(), days).otherwise(F.array_intersect(days, near))))
    new = fresh.withColumnsRenamed({"night": "taken", "day": "filed_day"}).withColumn("days", near)
    said = new.select(*columns[:-1], "days").unionByName(again.select(*columns[:-1], "days"))
    return latest(said, "complaint_id", by=SAID_LAST[:2])


def _near(time: str) -> Column:
    """The days on which an order may lie that a hint dates so; null without a hint."""
    days = F.array(*[F.date_add(F.to_date(time), d) for d in range(-HINT_DAYS, HINT_DAYS + 1)])
    return F.when(F.col(time).isNotNull(), days)


def lines_of(complaints: DataFrame, orders: DataFrame, night: date, lookup_days: int) -> DataFrame:
    """Complaints `to_place` x CLEAN_ORDERS -> the order lines that each may be about: (complaint_id, line columns).

    Complaints with `days` read those days only, the others `lookup_days`; the complaints are the small side."""
    inside = in_window(orders, night, lookup_days).select(
        "day",
        "order_id",
        "line_no",
        "listing_id",
        "brand",
        *(c.name for c in CELL),
        *stratum_columns(),
        F.coalesce(F.col("refunded_amount") > 0, F.lit(False)).alias("refunded"),
        "voided",
        "intake_seq",
        "night",
    )
    asked = complaints.select("complaint_id", "order_id", "filed_day", "days")
    dated = in_window(asked.withColumn("day", F.explode("days")).drop("days"), night, lookup_days)
    # Files hold few days each, so a list of days is what lets most of them be passed over.
    days = sorted(r["day"] for r in dated.select("day").distinct().collect())
    found = inside.where(F.col("day").isin(days)).join(F.broadcast(dated), on=["order_id", "day"], how="inner")
    anywhere = asked.where("days is null").drop("days")
    if not anywhere.isEmpty():
        found = found.unionByName(inside.join(F.broadcast(anywhere), on=["order_id"], how="inner"))
    current = latest(found.where("day <= filed_day"), "complaint_id", "day", "order_id", "line_no")
    return current.where("not voided").drop("voided", "intake_seq", "night", "filed_day")


def place_complaints(complaints: DataFrame, lines: DataFrame) -> DataFrame:
    """COMPLAINTS and their possible lines -> every complaint once, with its line's columns or with `why` it has none.

    The newest day wins (a key is unique within its day only), then a given line_no, else the lowest line if one seller has
    them all. A seller hint that no line bears out is hint_mismatch."""
    asked = complaints.select("complaint_id", F.col("line_no").alias("_line_no"), F.col("seller_id").alias("_seller"))
    both = lines.join(F.broadcast(asked), on="complaint_id", how="inner")
    each = Window.partitionBy("complaint_id")
    seller_fits = F.col("_seller").isNull() | (F.col("_seller") == F.col("seller_id"))
    fits = both.where(seller_fits & (F.col("_line_no").isNull() | (F.col("_line_no") == F.col("line_no"))))
    newest = fits.withColumn("_day", F.max("day").over(each)).where("day = _day").drop("_day")
    sellers = F.size(F.collect_set("seller_id").over(each))
    lowest = F.row_number().over(each.orderBy("line_no"))
    chosen = newest.withColumn("_sellers", sellers).withColumn("_lowest", lowest).where("_lowest = 1")
    line_columns = [c for c in lines.columns if c not in ("complaint_id", "order_id", "seller_id", "line_no")]
    chosen = chosen.select(
        "complaint_id",
        F.col("seller_id").alias("_found_seller"),
        F.col("line_no").alias("_found_line"),
        "_sellers",
        *line_columns,
    )
    # Only to tell why: were there lines at all, though none fits?
    any_line = both.groupBy("complaint_id").agg(F.bool_or(seller_fits).alias("_seller_fits"))
    placed = (
        complaints.drop("days")
        .join(chosen, on="complaint_id", how="left")
        .join(any_line, on="complaint_id", how="left")
    )
    why = (
        F.when(F.col("_found_seller").isNotNull() & (F.col("_line_no_given") | (F.col("_sellers") == 1)), F.lit(None))
        .when(F.col("_found_seller").isNotNull(), F.lit("ambiguous_line"))
        .when(~F.col("_seller_fits"), F.lit("hint_mismatch"))
        .otherwise(F.lit("no_order"))
    )
    return placed.withColumn("_line_no_given", F.col("line_no").isNotNull()).withColumn("why", why)


def complaints_placed(placed: DataFrame, night: date) -> DataFrame:
    """Placed complaints -> COMPLAINTS_PLACED."""
    rows = placed.where("why is null").withColumn("night", F.lit(night)).withColumn("asked", F.struct(*HINTED))
    return COMPLAINTS_PLACED.conform(
        rows.drop("seller_id", "line_no").withColumnsRenamed({"_found_seller": "seller_id", "_found_line": "line_no"})
    )


def complaints_unmatched(
    placed: DataFrame, waiting: DataFrame, earlier: DataFrame, night: date, lookup_days: int
) -> DataFrame:
    """Complaints without a line, and those `waiting` that were not sought tonight -> COMPLAINTS_UNMATCHED.

    One that was filed before all days that are searched can find nothing any more: it is told once more, as too_old. It stays
    on, as replaced, for as long as `earlier` (COMPLAINTS_PLACED of the window until then) holds a line that it was placed on
    before: whoever stands here does not count by what it said then."""
    tonight = placed.where("why is not null").drop("day").withColumnRenamed("filed_day", "day")
    columns = [c for c in COMPLAINTS_UNMATCHED.column_names if c != "night"]
    rest = waiting.join(placed.select("complaint_id"), "complaint_id", "left_anti").select(*columns)
    over = F.col("why").isin(*SOUGHT_NO_MORE)
    rows = tonight.select(*columns).unionByName(rest.where(~over))
    too_old = F.col("day") <= F.lit(night - timedelta(days=lookup_days))
    rows = rows.withColumn("why", F.when(too_old, F.lit("too_old")).otherwise(F.col("why")))
    ended = F.broadcast(rest.where(over).select("complaint_id"))
    once_placed = earlier.join(ended, "complaint_id", "left_semi").select("complaint_id").distinct()
    replaced = rest.where(over).join(once_placed, "complaint_id", "left_semi").withColumn("why", F.lit("replaced"))
    return COMPLAINTS_UNMATCHED.conform(rows.unionByName(replaced.select(*columns)).withColumn("night", F.lit(night)))


def counted(placed: DataFrame, night: date, window_days: int, params: Hygiene) -> DataFrame:
    """COMPLAINTS_PLACED up to the night -> COMPLAINTS_COUNTED.

    Counted: of counterfeit kind or that goods are not as described, open or upheld, order and filing within the window; the first
    of a complainant about a line; at most `per_complainant_day` of one complainant, kind and day. Brands and authorities file for
    many, so their totals do not fall."""
    known = latest(placed.where(F.col("night") <= F.lit(night)), "complaint_id", by=SAID_LAST)
    inside = (F.col("day") > F.lit(night - timedelta(days=window_days))) & (F.col("filed_day") <= F.lit(night))
    other = F.when(F.col("reason_code") == "not_as_described", F.lit("not_as_described"))
    kind = F.when(F.col("counterfeit"), F.lit("counterfeit")).otherwise(other)
    sound = known.where(inside & F.col("status").isin("open", "upheld")).withColumn("kind", kind)
    # Without a complainant each complaint stands for itself.
    each = F.concat(F.lit("complaint "), F.col("complaint_id"))
    who = sound.where("kind is not null").withColumn("_who", F.coalesce("complainant_token", each))
    line = Window.partitionBy("_who", "kind", "day", "order_id", "line_no").orderBy("filed_at", "complaint_id")
    first = who.withColumn("_nth", F.row_number().over(line)).where("_nth = 1")
    a_day = Window.partitionBy("_who", "kind", "filed_day").orderBy("complaint_id")
    capped = F.col("_of_day") <= params.per_complainant_day
    buyer = F.col("complainant_kind") == "buyer"
    kept = first.withColumn("_of_day", F.row_number().over(a_day)).where(capped | ~buyer)
    total = F.count(F.lit(1)).over(Window.partitionBy("_who", "kind"))
    falling = F.pow(F.lit(float(params.full_weight_total)) / total, params.falling_power)
    weight = F.when(buyer & (total > params.full_weight_total), F.round(falling * 1000)).otherwise(1000)
    columns = {
        "night": F.lit(night),
        "account": F.when(buyer, F.col("complainant_token")),
        "weight_milli": weight.cast("bigint"),
    }
    return COMPLAINTS_COUNTED.conform(kept.withColumns(columns))


def complaint_exposure(complaints: DataFrame, night: date) -> DataFrame:
    """COMPLAINTS_COUNTED -> COMPLAINT_EXPOSURE: sums a filed day, order day, listing, cell and stratum."""
    keys = ["filed_day", "day", "listing_id", *(c.name for c in CELL), *(c.name for c in STRATUM)]
    rows = (
        complaints.where("kind = 'counterfeit'")
        .groupBy(*keys)
        .agg(F.count(F.lit(1)).alias("complaints"), F.sum("weight_milli").alias("weight_milli"))
    )
    return COMPLAINT_EXPOSURE.conform(rows.withColumn("night", F.lit(night)))
