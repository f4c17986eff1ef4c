"""The reviewed list of hubs -> the values and places that it means, by the rules that every other value is read by."""

from __future__ import annotations

import pyspark.sql.functions as F
from pyspark.sql import DataFrame

from headwater.parameters.places import PlaceParams
from headwater.places.identity import identity_values
from headwater.places.places import WRITTEN
from headwater.places.rules import Rules
from headwater.places.values import DIRECT

ADDRESS = "address"
# A place is given in these ways (model/links); a house is also the building of its units.
OF_PLACE = ("unit_address", "dispatch", "return")


def hub_addresses(hubs: DataFrame) -> DataFrame:
    """HUBS (current) -> the listed addresses, one row each: `value`, and WRITTEN with all of it as the text."""
    nothing = {name: F.lit(None).cast("string") for name in WRITTEN}
    return hubs.where(F.col("kind") == ADDRESS).select("value").withColumns(nothing | {"text": F.col("value")})


def listed_hubs(hubs: DataFrame, located: DataFrame, rules: Rules, params: PlaceParams) -> DataFrame:
    """HUBS (current), RESOLVED of their addresses (written_id: the value) -> LISTED (feed, kind, written, what, value, building,
    reason), one row a listed value.

    `value` is the comparable form, of an address its place; null with `reason` where there is none. Beside the reasons of
    values and addresses: area (below street level, where unrelated people live), nowhere (a house in no town or postcode),
    unknown_kind. `building` is the key of a house that is listed whole."""
    rows = hubs.select("kind", F.col("value").alias("written"), "what")
    cleaned = identity_values(
        rows.where(F.col("kind").isin(*DIRECT)).withColumn("country", F.lit(None).cast("string")), rules, params
    ).select("kind", "written", "what", "value", F.lit(None).cast("string").alias("building"), "reason")
    reason = (
        F.when(F.col("reason").isNotNull(), F.col("reason"))
        .when(~F.col("may_be_source"), "area")
        .when(F.col("address_key").isNull(), "nowhere")
    )
    read = located.select(
        F.col("written_id").alias("written"),
        F.when(reason.isNull(), F.col("place_id")).alias("value"),
        F.when(reason.isNull() & (F.col("level") == "building"), F.col("building_key")).alias("building"),
        reason.alias("reason"),
    )
    placed = rows.where(F.col("kind") == ADDRESS).join(read, on="written", how="inner")
    unknown = rows.where(~F.col("kind").isin(*DIRECT, ADDRESS)).select(
        F.lit("other").alias("kind"),
        F.concat_ws(":", "kind", "written").alias("written"),
        "what",
        *(F.lit(None).cast("string").alias(name) for name in ("value", "building")),
        F.lit("unknown_kind").alias("reason"),
    )
    return cleaned.unionByName(placed).unionByName(unknown).select(F.lit("hubs").alias("feed"), "*")


def reviewed_values(listed: DataFrame) -> DataFrame:
    """LISTED -> REVIEWED (type, value, what): every link of a listed value, one row each; of two kinds the first by name."""
    kept = listed.where("value is not null")
    direct = kept.where(F.col("kind") != ADDRESS).select(F.col("kind").alias("type"), "value", "what")
    placed = kept.where(F.col("kind") == ADDRESS)
    types = F.explode(F.array(*map(F.lit, OF_PLACE))).alias("type")
    house = placed.where("building is not null").select(
        F.lit("building").alias("type"), F.col("building").alias("value"), "what"
    )
    every = direct.unionByName(placed.select(types, "value", "what")).unionByName(house)
    return every.groupBy("type", "value").agg(F.min("what").alias("what"))
