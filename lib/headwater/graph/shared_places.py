"""Warehouses, halls and return centres: places that many operators use. They never tie; here they are named."""

from __future__ import annotations

from datetime import date

import pyspark.sql.functions as F
from pyspark.sql import DataFrame

from headwater.parameters.graph import Hubs
from headwater.tables.model import HUBS


def shared_places(
    counted: DataFrame, members: DataFrame, places: DataFrame, reviewed: DataFrame, params: Hubs
) -> DataFrame:
    """Counted links, MEMBERS, PLACES, REVIEWED (type, value, what) -> HUBS without the night: the dispatch places, return places
    and halls of many operators, and those that a person listed, however few use them.

    Their links are relationships by type, so nothing is demoted. The parties are operators: what tied those is rarer. A hall is a
    building of which more than `parties_wide` units are used; any other building is told by the place itself."""
    key = ["type", "value"]
    units = places.where("level = 'unit'").groupBy("building_key").agg(F.countDistinct("place_id").alias("units"))
    halls = units.where(F.col("units") > params.parties_wide)
    halls = halls.select(
        F.lit("building").alias("type"), F.col("building_key").alias("value"), F.lit(True).alias("hall")
    )
    listed = reviewed.groupBy(*key).agg(F.min("what").alias("what")).withColumn("listed", F.lit(True))
    used = counted.where(F.col("type").isin("dispatch", "return", "building"))
    used = used.join(listed, on=key, how="left").join(halls, on=key, how="left")
    shared = (F.col("shops") > params.parties_wide) & ((F.col("type") != "building") | F.col("hall"))
    used = used.where("listed").unionByName(used.where("listed is null").where(shared))
    payees = counted.where("type = 'payee_id'").groupBy("seller_id").agg(F.min("value").alias("payee"))
    who = members.select("seller_id", "operator_id", "country", "category").join(payees, on="seller_id", how="left")
    spread = (
        used.join(who, on="seller_id", how="inner")
        .groupBy("type", "value")
        .agg(
            F.min("shown").alias("shown"),
            F.min("what").alias("what"),
            F.max("listed").alias("listed"),
            F.count(F.lit(1)).alias("shops"),
            F.countDistinct("operator_id").alias("parties"),
            F.countDistinct("country").alias("countries"),
            F.countDistinct("category").alias("categories"),
            F.countDistinct(F.coalesce("payee", F.concat(F.lit("of "), "seller_id"))).alias("payees"),
        )
    )
    wide = (F.col("countries") >= params.wide_countries) | (F.col("categories") >= params.wide_categories)
    hub = (F.col("parties") > params.parties) | (wide & (F.col("parties") > params.parties_wide))
    kind = (
        F.when(F.col("type") == "dispatch", "3pl").when(F.col("type") == "return", "returns_centre").otherwise("market")
    )
    sentence = F.format_string(
        "%,d shops of %,d operators use it, from %,d countries and %,d categories",
        "shops",
        "parties",
        "countries",
        "categories",
    )
    return (
        spread.where(F.col("listed") | hub)
        .withColumns(
            {
                "kind": F.coalesce("what", kind),
                "decided_by": F.when(F.col("listed"), "review").otherwise("degree"),
                "reason": F.when(
                    F.col("listed"), F.format_string("a person says that it is a hub; %,d shops use it", "shops")
                ).otherwise(sentence),
                "demoted": F.lit(0).cast("bigint"),
                "would_join": F.col("parties"),
            }
        )
        .drop("what", "listed")
    )


def hubs(identity: DataFrame, places: DataFrame, shown: DataFrame, night: date) -> DataFrame:
    """Hubs among identity values, shared places, how values are written (type, value, shown) -> HUBS."""
    rows = identity.join(shown, on=["type", "value"], how="left").unionByName(places)
    return HUBS.conform(rows.withColumn("night", F.lit(night)))
