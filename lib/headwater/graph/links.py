"""FACTS -> LINKS: one row a shop and value, with how rare it is and the rows that say so."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyspark.sql.functions as F
from pyspark.sql import DataFrame, Window

from headwater.graph.bipartite import IDENTITY, PAPERS
from headwater.graph.facts import AT
from headwater.graph.hubs import ALONE, OWN
from headwater.graph.said import OF
from headwater.parameters.graph import Links
from headwater.tables.model import LINKS

IDENTITY_TYPES = tuple(kind.name for kind in IDENTITY)
DAY = "date"


def counted_links(facts: DataFrame, all_shops: int, params: Links) -> DataFrame:
    """FACTS -> one row a (seller_id, type, value): shown, first_seen, last_seen, orders, support, refs, shops, rarity.

    `refs` holds the first `refs_kept` rows that say it and `support` counts all, so that a value on a million rows stays
    one small row."""
    key = ("seller_id", "type", "value")
    sums = facts.groupBy(*key).agg(
        F.min("shown").alias("shown"),
        F.min("first_seen").cast(DAY).alias("first_seen"),
        F.max("last_seen").cast(DAY).alias("last_seen"),
        F.sum("orders").alias("orders"),
        F.sum("support").alias("support"),
    )
    first = Window.partitionBy(*key).orderBy("ref")
    kept = facts.where("ref is not null").select(*key, "ref").withColumn("_row", F.row_number().over(first))
    refs = (
        kept.where(F.col("_row") <= params.refs_kept)
        .groupBy(*key)
        .agg(F.array_sort(F.collect_list("ref")).alias("refs"))
    )
    shops = sums.groupBy("type", "value").agg(F.count(F.lit(1)).alias("shops"))
    rarity = F.round(-F.log(F.col("shops") / F.lit(float(max(all_shops, 1)))), 9) + 0.0
    rows = sums.join(refs, on=list(key), how="left").join(shops, on=["type", "value"], how="inner")
    return rows.withColumns({"refs": F.coalesce("refs", F.array().cast("array<string>")), "rarity": rarity})


def candidates(links: DataFrame) -> DataFrame:
    """LINKS -> the edges that may tie: identity values that two shops or more give."""
    return links.where(F.col("type").isin(*IDENTITY_TYPES) & (F.col("shops") > 1)).select("seller_id", "type", "value")


def own_values(links: DataFrame) -> DataFrame:
    """LINKS -> (seller_id, OWN): of shops that give a value which no other shop gives, what kinds of value it is."""
    kind = F.when(F.col("type").isin(*PAPERS), F.col("type")).otherwise(ALONE)
    alone = links.where(F.col("type").isin(*IDENTITY_TYPES) & (F.col("shops") == 1)).withColumn("kind", kind)
    return alone.groupBy("seller_id").agg(*(F.bool_or(F.col("kind") == name).alias(OWN[name]) for name in OWN))


def meant(said: DataFrame, counted: DataFrame) -> DataFrame:
    """SAID (type, value, and more), counted links -> the values of the links that people speak of, one row each as often as somebody
    does, with the more: the value itself; a number of any country where none is said with it; at a unit every contact, for a hub's
    tenants are as many names."""
    number = F.regexp_replace("value", f"^(?:[A-Z]{{2}}|[?]){OF}", "")
    place = F.substring_index("value", AT, -1)
    names = (
        F.struct("type", "value"),
        F.when(
            F.col("type").endswith("registration_no"),
            F.struct(F.lit("registration_no").alias("type"), number.alias("value")),
        ),
        F.when(F.col("type") == "contact_address", F.struct(F.lit("unit_address").alias("type"), place.alias("value"))),
    )
    every = counted.select("type", "value").distinct()
    every = every.select("type", "value", F.explode(F.array_distinct(F.array_compact(F.array(*names)))).alias("named"))
    more = [name for name in said.columns if name not in ("type", "value")]
    asked = said.select(F.struct("type", "value").alias("named"), *more)
    return every.join(asked, on="named", how="inner").select("type", "value", *more)


def linking_most(tied: DataFrame, top: int) -> list[dict[str, Any]]:
    """Edges (type, value, ties) -> the values that tie most shops (type, value, shops), at most `top`."""
    sums = tied.where("ties").groupBy("type", "value").agg(F.count(F.lit(1)).alias("shops"))
    return [row.asDict() for row in sums.orderBy(F.desc("shops"), "type", "value").limit(top).collect()]


def links(counted: DataFrame, judged: DataFrame, tied: DataFrame, night: date) -> DataFrame:
    """Counted links, hubs (type, value, reason), edges that tie or tied (seller_id, type, value, ties, reason) -> LINKS.

    A hub's links are relationship links, whatever they were the night before: class is decided anew every night."""
    key = ["seller_id", "type", "value"]
    hubs = judged.select("type", "value", F.col("reason").alias("hub_reason"))
    edges = tied.select(*key, "ties", F.col("reason").alias("edge_reason"))
    rows = counted.join(hubs, on=["type", "value"], how="left").join(edges, on=key, how="left")
    identity = F.col("type").isin(*IDENTITY_TYPES) & F.col("hub_reason").isNull()
    return LINKS.conform(
        rows.withColumns(
            {
                "night": F.lit(night),
                "class": F.when(identity, "identity").otherwise("relationship"),
                "ties": F.coalesce("ties", F.lit(False)),
                "reason": F.coalesce("hub_reason", "edge_reason"),
            }
        )
    )
