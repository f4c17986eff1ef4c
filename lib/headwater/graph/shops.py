"""Every shop that anything knows of, with what strangers would differ in: country and main category."""

from __future__ import annotations

from functools import reduce

import pyspark.sql.functions as F
from pyspark.sql import DataFrame

# Where a shop is at home; goods may be sent from anybody's warehouse.
HOME_ROLES = ("return", "registered", "pickup")
UNKNOWN = "?"


def all_shops(
    orders: DataFrame, complaints: DataFrame, sellers: DataFrame, places: DataFrame, supplier_links: DataFrame
) -> DataFrame:
    """ORDER_EXPOSURE (window), COMPLAINT_EXPOSURE (of the night), SELLERS, PLACES, SUPPLIER_LINKS (current) -> SHOPS: (seller_id,
    country, category, orders), one row a shop of any of them.

    Category: that of most of its orders; ties: the first by name."""
    known = reduce(
        DataFrame.unionByName,
        [rows.select("seller_id") for rows in (orders, complaints, sellers, places, supplier_links)],
    ).distinct()
    by_category = orders.groupBy("seller_id", "category").agg(F.sum("orders").alias("n"))
    named = F.when(
        (F.col("category") != UNKNOWN) & (F.col("n") > 0), F.struct((-F.col("n")).alias("rank"), F.col("category"))
    )
    sold = by_category.groupBy("seller_id").agg(F.min(named)["category"].alias("category"), F.sum("n").alias("orders"))
    rows = known.join(sold, on="seller_id", how="left").join(home_countries(places), on="seller_id", how="left")
    return rows.select(
        "seller_id", "country", "category", F.greatest(F.coalesce("orders", F.lit(0)), F.lit(0)).alias("orders")
    )


def home_countries(places: DataFrame) -> DataFrame:
    """PLACES -> (seller_id, country): that of most of a shop's home addresses; ties: the first by name."""
    at_home = places.where(F.col("role").isin(*HOME_ROLES) & F.col("country").isNotNull())
    by_country = at_home.groupBy("seller_id", "country").count()
    return by_country.groupBy("seller_id").agg(
        F.min(F.struct((-F.col("count")).alias("rank"), "country"))["country"].alias("country")
    )
