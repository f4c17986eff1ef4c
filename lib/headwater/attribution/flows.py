"""Through which sources a shop's orders and complaints flow: as the orders name them, else inferred (docs/model.md, shares)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pyspark.sql.functions as F
from pyspark.sql import Column, DataFrame, Window

from headwater.attribution.expected import PICO
from headwater.parameters.attribution import Shares
from headwater.tables.model import SOURCE_EXPOSURE

SHARE_SCALE = 10**6
# What flows, and in which integers it is summed, so that no order of summing matters: orders and complaints in millionths,
# weights in millionths of 1/1000, expected complaints in trillionths, value in minor units.
SCALES = {
    "orders": SHARE_SCALE,
    "expected_pico": 1,
    "value_minor": 1,
    "complaints": SHARE_SCALE,
    "weight_milli": SHARE_SCALE,
}
SHOP = ("type", "seller_id")


@dataclass(frozen=True)
class Flow:
    """What flows through sources of one or more types, in frames. `source` is null where orders or complaints name none.

    cells: (type, seller_id, source, orders, expected_pico, value_minor, first_day, last_day); complaints: (type, seller_id,
    listing_id, source, complaints, weight_milli); weak: (type, seller_id, source, weight), counted like orders; listings: (type,
    seller_id, listing_id, source, orders)."""

    cells: DataFrame
    complaints: DataFrame
    weak: DataFrame
    listings: DataFrame

    def __or__(self, other: Flow) -> Flow:
        """Both flows: each type stays by itself, for it is part of every key."""
        return Flow(
            self.cells.unionByName(other.cells),
            self.complaints.unionByName(other.complaints),
            self.weak.unionByName(other.weak),
            self.listings.unionByName(other.listings),
        )


def source_id() -> Column:
    """The same source keeps its id over nights: a letter for its type, and a hash of the type and the id behind it."""
    behind = F.sha2(F.concat_ws("\x1f", "type", "source"), 256)
    return F.concat(F.upper(F.substring("type", 1, 1)), F.substring(behind, 1, 16))


def shop_shares(flow: Flow, params: Shares) -> DataFrame:
    """(type, seller_id, source, share): of a shop's orders that name no source, the share that flows through each.

    From its orders that name one and its weak links; `unknown_orders` keeps a share for nobody."""
    named = flow.cells.where("source is not null").select(*SHOP, "source", "orders", F.lit(0.0).alias("weight"))
    weak = flow.weak.select(*SHOP, "source", F.lit(0).cast("bigint").alias("orders"), "weight")
    both = (
        named.unionByName(weak)
        .groupBy(*SHOP, "source")
        .agg(F.sum("orders").alias("orders"), F.max("weight").alias("weight"))
    )
    count = F.greatest(F.col("orders"), F.lit(0)) + F.col("weight")
    millionths = F.round(count * SHARE_SCALE).cast("bigint")
    counts = both.select(*SHOP, "source", millionths.alias("count")).where("count > 0")
    total = F.sum("count").over(Window.partitionBy(*SHOP))
    share = F.col("count") / (total + round(params.unknown_orders * SHARE_SCALE))
    return counts.select(*SHOP, "source", share.alias("share"))


def listing_shares(listings: DataFrame, params: Shares) -> DataFrame:
    """(type, seller_id, listing_id, source, share) of listings with one dominant source among the orders that name one."""
    listing = [*SHOP, "listing_id"]
    sums = listings.groupBy(*listing, "source").agg(F.sum("orders").alias("orders")).where("orders > 0")
    of_listing = Window.partitionBy(*listing)
    totals = sums.withColumns({"total": F.sum("orders").over(of_listing), "most": F.max("orders").over(of_listing)})
    dominated = totals.where(F.col("most") >= params.listing_dominance * F.col("total"))
    return dominated.select(*listing, "source", (F.col("orders") / F.col("total")).alias("share"))


def source_exposure(flow: Flow, night: date, params: Shares) -> DataFrame:
    """FLOW -> SOURCE_EXPOSURE: what each source brought into each shop, named and inferred; what is unknown goes to nobody."""
    shares = shop_shares(flow, params)
    parts = [*_orders(flow, shares), *_complaints(flow, shares, params)]
    through = parts[0]
    for part in parts[1:]:
        through = through.unionByName(part, allowMissingColumns=True)
    sums = through.groupBy(*SHOP, "source").agg(
        *[F.coalesce(F.sum(name), F.lit(0)).alias(name) for name in ("named_orders", *SCALES)],
        F.min("first_day").alias("first_day"),
        F.max("last_day").alias("last_day"),
    )
    return SOURCE_EXPOSURE.conform(
        sums.select(
            F.lit(night).alias("night"),
            source_id().alias("source_id"),
            "type",
            F.col("source").alias("source_key"),
            "seller_id",
            (F.col("orders") / SHARE_SCALE).alias("orders"),
            "named_orders",
            F.col("value_minor").cast("double").alias("value_minor"),
            (F.col("expected_pico") / PICO).alias("expected"),
            (F.col("complaints") / SHARE_SCALE).alias("complaints"),
            (F.col("weight_milli") / (SHARE_SCALE * 1000)).alias("observed"),
            "first_day",
            "last_day",
        )
    )


def _orders(flow: Flow, shares: DataFrame) -> list[DataFrame]:
    """Orders that name their source, whole; the others by the shares of their shop."""
    amounts = ("orders", "expected_pico", "value_minor")
    known = flow.cells.where("source is not null").withColumns({"share": F.lit(1.0), "named_orders": F.col("orders")})
    unknown = (
        flow.cells.where("source is null")
        .groupBy(*SHOP)
        .agg(
            *[F.sum(a).alias(a) for a in amounts],
            F.min("first_day").alias("first_day"),
            F.max("last_day").alias("last_day"),
        )
    )
    inferred = unknown.join(shares, on=list(SHOP), how="inner")
    return [
        known.select(*SHOP, "source", "named_orders", "first_day", "last_day", *[_shared(a) for a in amounts]),
        inferred.select(*SHOP, "source", "first_day", "last_day", *[_shared(a) for a in amounts]),
    ]


def _complaints(flow: Flow, shares: DataFrame, params: Shares) -> list[DataFrame]:
    """A complaint goes to the source its order names, else by its listing's shares where one dominates, else by its shop's."""
    amounts = ("complaints", "weight_milli")
    known = flow.complaints.where("source is not null").withColumn("share", F.lit(1.0))
    unknown = flow.complaints.where("source is null").drop("source")
    by_listing, listing = listing_shares(flow.listings, params), [*SHOP, "listing_id"]
    placed = unknown.join(by_listing, on=listing, how="inner")
    rest = unknown.join(by_listing, on=listing, how="left_anti").join(shares, on=list(SHOP), how="inner")
    return [part.select(*SHOP, "source", *[_shared(a) for a in amounts]) for part in (known, placed, rest)]


def _shared(name: str) -> Column:
    return F.round(F.col(name) * F.col("share") * SCALES[name]).cast("bigint").alias(name)
