"""What a shop gives or uses, as the feeds say it: one row a source row and value, before anything is counted."""

from __future__ import annotations

from functools import reduce

import pyspark.sql.functions as F
from pyspark.sql import Column, DataFrame

from headwater.parameters.graph import Links
from headwater.places.values import DIRECT

LONGEST_PLACE = 40  # characters of a place's id and of AT
AT = " @ "  # between a contact and the place where they are
# Where a shop is at home; goods may be sent from anybody's warehouse.
HOME_ROLES = ("return", "registered", "pickup")
DISPATCH_ROLES = ("dispatch", "pickup")


def facts(
    values: DataFrame,
    places: DataFrame,
    suppliers: DataFrame,
    addresses: DataFrame,
    supplier_links: DataFrame,
    orders: DataFrame,
    params: Links,
) -> DataFrame:
    """SHOP_VALUES, PLACES, SUPPLIERS, ADDRESSES and SUPPLIER_LINKS (current), ORDER_EXPOSURE (window) -> FACTS: (seller_id, type,
    value, shown, ref, first_seen, last_seen, orders), one row a source row and value.

    `ref` names the row: feed:id@night:file. A value that was refused, and an address below street level, is no fact. A supplier
    is the company, whichever of its ids a row names."""
    companies = suppliers.select("supplier_id", "company_id", F.coalesce("name", "supplier_id").alias("company"))
    seen = addresses.select(
        "address_id", "first_seen", "last_seen", _ref(F.lit("addresses"), F.col("address_id")).alias("ref")
    )
    located = places.where("may_be_source").join(seen, on="address_id", how="inner")
    told_links = supplier_links.join(companies, on="supplier_id", how="inner").withColumns(
        {
            "shown": F.coalesce("supplier_name", "supplier_id"),
            "ref": _ref(F.lit("supplier_links"), F.concat_ws("/", "seller_id", "supplier_id", "kind")),
        }
    )
    parts = [
        _direct(values),
        _of_addresses(values, located, params.max_value),
        _said(told_links, F.lit("supplier").alias("type"), F.col("company_id").alias("value"), "shown"),
        *_used(orders, places, companies),
    ]
    rows = reduce(DataFrame.unionByName, parts)
    return rows.withColumn("value", bounded(F.col("value"), params.max_value))


def bounded(value: Column, most: int) -> Column:
    """A value, or where it is longer than `most` its beginning and a hash of all of it."""
    return F.when(F.length(value) <= most, value).otherwise(
        F.concat(F.substring(value, 1, most - 17), F.lit("#"), F.substring(F.sha2(value, 256), 1, 16))
    )


def _ref(feed: Column, row: Column) -> Column:
    """feed:id@night:file, by which the row is found in the feed's clean table."""
    return F.concat(
        feed,
        F.lit(":"),
        bounded(row, 200),
        F.lit("@"),
        F.col("night").cast("string"),
        F.lit(":"),
        F.col("intake_seq").cast("string"),
    )


def _said(rows: DataFrame, *fact: Column | str) -> DataFrame:
    """Rows of feeds: they say nothing of orders."""
    return rows.select("seller_id", *fact, "ref", "first_seen", "last_seen", F.lit(None).cast("bigint").alias("orders"))


def _sold(rows: DataFrame, *fact: Column | str) -> DataFrame:
    """Sums of orders: no row of a feed says it."""
    return rows.select("seller_id", *fact, F.lit(None).cast("string").alias("ref"), "first_seen", "last_seen", "orders")


def _direct(values: DataFrame) -> DataFrame:
    kept = values.where("value is not null").where(F.col("kind").isin(*DIRECT))
    kept = kept.withColumn("ref", _ref(F.col("feed"), F.col("row_id")))
    return _said(kept, F.col("kind").alias("type"), "value", F.col("written").alias("shown"))


def _of_addresses(values: DataFrame, located: DataFrame, max_value: int) -> DataFrame:
    """What an address is to its shop: the unit where it is at home, and who is named there (the two together are one value), where it
    sends from and takes back, and the building."""
    named = values.where("kind = 'contact_name' and value is not null and feed = 'addresses'")
    named = named.select(
        F.col("row_id").alias("address_id"), F.col("value").alias("contact"), F.col("written").alias("person")
    )
    rows = located.join(named, on="address_id", how="left")
    place, building, name, role = (F.col(c) for c in ("place_id", "building_key", "name", "role"))
    at_home = (F.col("level") == "unit") & role.isin(*HOME_ROLES)
    contact = bounded(F.col("contact"), max_value - LONGEST_PLACE)  # so that the place stands whole
    contacts = (F.concat_ws(AT, contact, place), F.concat_ws(", ", "person", name))
    facts = (
        (at_home, "unit_address", place, name),
        (role.isin(*DISPATCH_ROLES), "dispatch", place, name),
        (role == "return", "return", place, name),
        (building.isNotNull(), "building", building, name),
        (at_home & F.col("contact").isNotNull(), "contact_address", *contacts),
    )
    return _said(rows, _each(*facts))


def _used(orders: DataFrame, places: DataFrame, companies: DataFrame) -> list[DataFrame]:
    """What orders name, the whole window of a shop as one row: their supplier, and the place and building they were sent from."""
    where = places.where("may_be_source").select(
        F.col("address_id").alias("dispatch_address_id"), "place_id", "building_key", "name"
    )
    sent = orders.where("dispatch_address_id is not null").groupBy("seller_id", "dispatch_address_id").agg(*_sums())
    sent = sent.where("orders > 0").join(where, on="dispatch_address_id", how="inner")
    named = (
        orders.where("supplier_id is not null").groupBy("seller_id", "supplier_id").agg(*_sums()).where("orders > 0")
    ).join(companies, on="supplier_id", how="inner")
    place, building, name = (F.col(c) for c in ("place_id", "building_key", "name"))
    through = _each((place.isNotNull(), "dispatch", place, name), (building.isNotNull(), "building", building, name))
    supplier = (F.lit("supplier").alias("type"), F.col("company_id").alias("value"), F.col("company").alias("shown"))
    return [_sold(sent, through), _sold(named, *supplier)]


def _sums() -> list[Column]:
    return [
        F.sum("orders").alias("orders"),
        F.min("day").cast("timestamp").alias("first_seen"),
        F.max("day").cast("timestamp").alias("last_seen"),
    ]


def _each(*told: tuple[Column, str, Column, Column]) -> Column:
    """(whether it is one, type, value, as people read it) -> a row each, as `type`, `value`, `shown`: one pass over the rows."""
    facts = [
        F.when(holds, F.struct(F.lit(type_name).alias("type"), value.alias("value"), shown.alias("shown")))
        for holds, type_name, value, shown in told
    ]
    return F.inline(F.array_compact(F.array(*facts)))
