"""What sources are called, where they are, and the ids behind them."""

from __future__ import annotations

import pandas as pd
import pyspark.sql.functions as F
from pyspark.sql import DataFrame

from headwater.attribution.market import Ints


def names(suppliers: DataFrame, places: DataFrame, operators: Ints) -> pd.DataFrame:
    """SUPPLIERS, PLACES, ids of operators -> (type, source_key) -> name, country, city, members; collects one row a source. A return
    place is called as a place of dispatch is, the unknown supply of an operator for the operator."""
    firms = suppliers.groupBy(F.col("company_id").alias("source_key")).agg(
        F.lit("supplier").alias("type"),
        *[F.mode(c, True).alias(c) for c in ("name", "country", "city")],
        F.array_sort(F.collect_set("supplier_id")).alias("members"),
    )
    firms = firms.select("type", "source_key", "name", "country", "city", "members")
    streets = places.where("may_be_source").groupBy(F.col("place_id").alias("source_key"))
    located = streets.agg(
        *[F.mode(c, True).alias(c) for c in ("name", "country", "city")],
        F.array_sort(F.collect_set("address_id")).alias("members"),
    )
    houses = places.where("may_be_source and building_key is not null")
    houses = houses.groupBy(F.col("building_key").alias("source_key")).agg(
        F.concat(F.lit("house of "), F.min("name")).alias("name"),
        *[F.mode(c, True).alias(c) for c in ("country", "city")],
        F.array_sort(F.collect_set("address_id")).alias("members"),
    )
    both = firms
    for kind, rows in (("dispatch", located), ("building", houses)):
        both = both.unionByName(rows.select(F.lit(kind).alias("type"), *firms.columns[1:]))
    collected: pd.DataFrame = both.toArrow().to_pandas()
    back = collected[collected["type"] == "dispatch"].assign(type="return")
    unknown = pd.DataFrame({"source_key": operators}).assign(type="latent", country=None, city=None)
    unknown["name"] = [f"unknown supplier of operator {o}" for o in operators]
    unknown["members"] = pd.Series([[o] for o in operators], index=unknown.index, dtype=object)
    return pd.concat([collected, back, unknown], ignore_index=True).set_index(["type", "source_key"])
