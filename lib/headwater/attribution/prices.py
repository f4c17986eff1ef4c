"""What a piece should cost: prices held against their peers' or the brand's own reference (docs/model.md, step 3a)."""

from __future__ import annotations

from datetime import date

import pyspark.sql.functions as F
from pyspark.sql import Column, DataFrame, Window

from headwater.attribution.expected import CELL_NAMES
from headwater.exposure.orders import in_window
from headwater.parameters.attribution import Peers
from headwater.tables.model import PRICE_PEERS

MICRO = 10**6


def price_peers(price_exposure: DataFrame, night: date, window_days: int, params: Peers) -> DataFrame:
    """PRICE_EXPOSURE up to the night -> PRICE_PEERS: the median ln price of each category and brand, and of each category.

    The median runs over order lines, each at the mean of its shop, in bins of `bin_width`: no seller moves it by its prices,
    only by its size, and that is capped at `seller_cap` of the lines."""
    rows = in_window(price_exposure, night, window_days)
    shops = rows.groupBy("seller_id", "category", "brand").agg(
        F.sum("lines").alias("lines"), F.sum("ln_price_micro").alias("micro")
    )
    shops = shops.where("lines > 0")
    whole = shops.groupBy("seller_id", "category").agg(F.sum("lines").alias("lines"), F.sum("micro").alias("micro"))
    whole = whole.withColumn("brand", F.lit(None).cast("string"))
    both = shops.unionByName(whole).withColumn("brand", F.col("brand"))
    group = ["category", "brand"]
    total = F.sum("lines").over(Window.partitionBy(*group))
    cap = F.greatest(F.floor(total * params.seller_cap), F.lit(1))
    width = round(params.bin_width * MICRO)
    binned = both.select(
        *group,
        F.floor(F.col("micro") / F.col("lines") / width).cast("bigint").alias("bin"),
        F.least("lines", cap).cast("bigint").alias("weight"),
        total.alias("lines"),
    )
    bins = binned.groupBy(*group, "bin").agg(F.sum("weight").alias("weight"), F.first("lines").alias("lines"))
    ordered = Window.partitionBy(*group).orderBy("bin")
    half = F.sum("weight").over(Window.partitionBy(*group)) / 2
    reached = bins.withColumn("upper", F.sum("weight").over(ordered)).withColumn("half", half).where("upper >= half")
    middle = reached.groupBy(*group).agg(F.min("bin").alias("bin"), F.first("lines").alias("lines"))
    micro = (F.col("bin") * width + width // 2).cast("bigint")
    return PRICE_PEERS.conform(
        middle.select(F.lit(night).alias("night"), *group, "lines", micro.alias("ln_price_micro"))
    )


def cell_prices(price_exposure: DataFrame, peers: DataFrame, night: date, window_days: int, params: Peers) -> DataFrame:
    """PRICE_EXPOSURE x PRICE_PEERS -> one row a cell: `below_micro`, the sum over its order lines of ln(price / peers), millionths.

    Peers are those of the category and brand if they have `least_lines`, else of the category; a mean of a cell and brand counts
    at most `cap` either way, so that a wrong price moves little."""
    cells = (
        in_window(price_exposure, night, window_days)
        .groupBy(*CELL_NAMES, "category", "brand")
        .agg(F.sum("lines").alias("lines"), F.sum("ln_price_micro").alias("micro"))
        .where("lines > 0")
    )
    near = peers.where(F.col("brand").isNotNull() & (F.col("lines") >= params.least_lines))
    near = near.select("category", "brand", F.col("ln_price_micro").alias("near"))
    wide = peers.where("brand is null").select("category", F.col("ln_price_micro").alias("wide"))
    priced = cells.join(F.broadcast(near), on=["category", "brand"], how="left")
    priced = priced.join(F.broadcast(wide), on="category", how="inner")
    mean = F.col("micro") / F.col("lines") - F.coalesce("near", "wide")
    bounded = F.greatest(F.least(mean, F.lit(params.cap * MICRO)), F.lit(-params.cap * MICRO))
    return priced.groupBy(*CELL_NAMES).agg(_whole(bounded * F.col("lines")).alias("below_micro"))


def _whole(value: Column) -> Column:
    return F.sum(F.round(value).cast("bigint"))
