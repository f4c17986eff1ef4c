"""SUPPLIERS, SUPPLIER_LINKS and what orders name -> model SUPPLIERS: every supplier id as written, and the company it means."""

from __future__ import annotations

from datetime import date

import pyspark.sql.functions as F
from pyspark.sql import Column, DataFrame, Window

from headwater.parameters.places import PlaceParams
from headwater.places.companies import REASONS, companies
from headwater.places.normalise import HOUSES
from headwater.places.places import WRITTEN, one_line
from headwater.tables.model import SUPPLIERS

FACTS = ("supplier_id", "reason", "key", "registration")


def supplier_rows(suppliers: DataFrame, links: DataFrame, orders: DataFrame) -> DataFrame:
    """SUPPLIERS (current), SUPPLIER_LINKS (current), ORDER_EXPOSURE -> SUPPLIER_ROWS: one row an id that any of them names, with
    name, phone, registration_no, the address as written, `orders`, and the `feed` that knows it best.

    The name is the feed's own, else the one that most links give."""
    told = links.groupBy("supplier_id")
    named = told.agg(F.mode("supplier_name", True).alias("linked_name"), F.lit("supplier_links").alias("linked"))
    counted = orders.where("supplier_id is not null").groupBy("supplier_id").agg(F.sum("orders").alias("orders"))
    ids = (
        suppliers.select("supplier_id")
        .union(links.select("supplier_id"))
        .union(counted.select("supplier_id"))
        .distinct()
    )
    feed = suppliers.select(
        "supplier_id", "name", "phone", "registration_no", *WRITTEN, F.lit("suppliers").alias("feed")
    )
    rows = ids.join(feed, on="supplier_id", how="left").join(named, on="supplier_id", how="left")
    rows = rows.join(counted, on="supplier_id", how="left")
    return rows.withColumns(
        {
            "feed": F.coalesce("feed", "linked", F.lit("orders")),
            "name": F.coalesce("name", "linked_name"),
            "orders": F.greatest(F.coalesce("orders", F.lit(0)), F.lit(0)).cast("bigint"),
        }
    ).drop("linked_name", "linked")


def company_facts(values: DataFrame, found: DataFrame) -> DataFrame:
    """SUPPLIER_VALUES, RESOLVED (written_id: supplier_id) -> FACTS: what an id shares with at least one other, and by what.

    A registration number is one country's: two countries are two companies. Where only one country is said with a number, it
    holds for those that say none. A name alone joins nobody; an address counts at a house, never at a street or an area."""
    column = {
        kind: F.max(F.when(F.col("kind") == kind, F.col("value"))) for kind in ("name", "phone", "registration_no")
    }
    wide = values.groupBy("supplier_id").agg(*[value.alias(kind) for kind, value in column.items()])
    where = found.select(
        F.col("written_id").alias("supplier_id"),
        "country",
        F.when(F.col("level").isin(*HOUSES) & F.col("address_key").isNotNull(), F.col("place_id")).alias("house"),
    )
    rows = wide.join(where, on="supplier_id", how="left")
    # By a join: a window would gather the suppliers of one number, or of none, in one task.
    numbered = rows.where("registration_no is not null").groupBy("registration_no")
    only = numbered.agg(F.min("country").alias("only"), F.max("country").alias("other")).where("only = other")
    rows = rows.join(only.drop("other"), on="registration_no", how="left")
    country = F.coalesce("only", "country")
    registration = F.when(
        F.col("registration_no").isNotNull(), F.concat_ws("\x1f", F.coalesce(country, F.lit("?")), "registration_no")
    )
    rows = rows.withColumn("registration", registration)
    keys = (F.col("registration"), _both("name", "phone"), _both("name", "house"))
    said = F.explode(F.array(*[_fact(reason, key) for reason, key in zip(REASONS, keys, strict=True)]))
    facts = rows.select("supplier_id", "registration", said.alias("fact")).select(
        "supplier_id", "registration", "fact.*"
    )
    sharing = F.count(F.lit(1)).over(Window.partitionBy("reason", "key"))
    return facts.where("key is not null").withColumn("ids", sharing).where("ids > 1").select(*FACTS)


def company_groups(rows: DataFrame, facts: DataFrame, params: PlaceParams) -> DataFrame:
    """SUPPLIER_ROWS, FACTS -> COMPANY_GROUPS (supplier_id, company, reason, doubt, orders).

    By way of the driver for the ids that share anything."""
    joined = companies(facts.select(*FACTS).toPandas(), params.max_company_ids)
    schema = "supplier_id string, company string, reason string, doubt string"
    of = rows.sparkSession.createDataFrame(joined.astype(object).where(joined.notna(), None), schema)
    every = rows.select("supplier_id", "orders").join(of, on="supplier_id", how="left")
    return every.withColumn("company", F.coalesce("company", "supplier_id"))


def suppliers(
    rows: DataFrame, values: DataFrame, groups: DataFrame, carried: DataFrame, found: DataFrame, night: date
) -> DataFrame:
    """SUPPLIER_ROWS, SUPPLIER_VALUES, COMPANY_GROUPS and their ids (member, id), RESOLVED (written_id: supplier_id) -> SUPPLIERS."""
    place = found.select(
        F.col("written_id").alias("supplier_id"),
        "place_id",
        "address_key",
        "unit_key",
        "building_key",
        "level",
        F.col("city").alias("city_read"),
        F.col("country").alias("country_read"),
    )
    ids = carried.select(F.col("member").alias("supplier_id"), F.col("id").alias("company_id"))
    phone = values.where("kind = 'phone'").select("supplier_id", F.col("value").alias("phone"))
    number = values.where("kind = 'registration_no'").select("supplier_id", F.col("value").alias("registration_no"))
    named = rows.withColumn("address", one_line()).drop("phone", "registration_no", "orders", "feed")
    for more in (groups.select("supplier_id", "reason", "doubt", "orders"), ids, place, phone, number):
        named = named.join(more, on="supplier_id", how="left")
    addressed = F.col("address").isNotNull()
    return SUPPLIERS.conform(
        named.withColumns(
            {
                "night": F.lit(night),
                "place_id": F.when(addressed, F.col("place_id")),
                "level": F.when(addressed, F.col("level")),
                "city": F.coalesce("city", F.initcap("city_read")),
                "country": F.coalesce("country_read", "country"),
            }
        )
    )


def _both(one: str, other: str) -> Column:
    """Two values as one key; null where either is."""
    return F.concat(F.col(one), F.lit("\x1f"), F.col(other))


def _fact(reason: str, key: Column) -> Column:
    return F.struct(F.lit(reason).alias("reason"), key.alias("key"))
