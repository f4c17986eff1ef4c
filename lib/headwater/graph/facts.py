"""What a shop gives or uses, as the feeds say it: one row a source row and value, before anything is counted."""

from __future__ import annotations

from functools import reduce

import pyspark.sql.functions as F
from pyspark.sql import Column, DataFrame

from headwater.graph.said import OF
from headwater.graph.shops import HOME_ROLES, UNKNOWN, home_countries
from headwater.parameters.graph import Links
from headwater.places.values import DIRECT

LONGEST_PLACE = 40  # characters of a place's id and of AT
AT = " @ "  # between a contact and the place where they are
LEAST_DIGITS = 7  # of a number of a whole country's register; of a shorter one every court or town has its own
DISPATCH_ROLES = ("dispatch", "pickup")


def facts(
    values: DataFrame,
    places: DataFrame,
    suppliers: DataFrame,
    addresses: DataFrame,
    supplier_links: DataFrame,
    orders: DataFrame,
    lines: DataFrame,
    params: Links,
) -> DataFrame:
    """SHOP_VALUES, PLACES, SUPPLIERS, ADDRESSES and SUPPLIER_LINKS (current), ORDER_EXPOSURE (window), CLEAN_ORDERS -> FACTS:
    (seller_id, type, value, shown, ref, first_seen, last_seen, support, orders), one row a source row and value, or the sum of a
    shop's orders that name it.

    `ref` names the row, the first of the orders: feed:id@night:file. `support`: how many rows say it. A value that was refused, and
    an address below street level, is no fact. A supplier is the company, whichever of its ids a row names."""
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
        _direct(values, places),
        _of_addresses(values, located, params.max_value),
        _said(told_links, F.lit("supplier").alias("type"), F.col("company_id").alias("value"), "shown"),
        *_used(orders, lines, places, companies),
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
    nothing, one = F.lit(None).cast("bigint").alias("orders"), F.lit(1).cast("bigint").alias("support")
    return rows.select("seller_id", *fact, "ref", "first_seen", "last_seen", one, nothing)


def _sold(rows: DataFrame, *fact: Column | str) -> DataFrame:
    """Sums of orders, of which the first is named."""
    return rows.select("seller_id", *fact, "ref", "first_seen", "last_seen", F.col("orders").alias("support"), "orders")


def _direct(values: DataFrame, places: DataFrame) -> DataFrame:
    """What a shop says of itself: in the feed of sellers, and where it is at home. The phone at an address that it sends from is the
    warehouse's, and so is shared by strangers."""
    at_home = (F.col("feed") == "sellers") | F.col("role").isin(*HOME_ROLES)
    kept = values.where("value is not null").where(F.col("kind").isin(*DIRECT) & at_home)
    kept = kept.withColumn("ref", _ref(F.col("feed"), F.col("row_id")))
    numbers = _numbers(kept.where("kind = 'registration_no'"), places)
    rows = kept.where("kind <> 'registration_no'").unionByName(numbers)
    return _said(rows, F.col("kind").alias("type"), "value", F.col("written").alias("shown"))


def _numbers(numbers: DataFrame, places: DataFrame) -> DataFrame:
    """Registration numbers with the country that gave them, as far as digits alone do not say it: GB:27074358 is nobody of CZ.

    The country is that of the shop's registered address, else of most of its home addresses, else the only one that is said with
    the number, else unknown (?). A number of few digits is a kind of its own, that proves little: HRB 12345 is another company in
    every court's register."""
    registered = home_countries(places.where("role = 'registered'")).withColumnRenamed("country", "registered")
    rows = numbers.join(registered, on="seller_id", how="left").join(home_countries(places), on="seller_id", how="left")
    rows = rows.withColumn("country", F.coalesce("registered", "country")).drop("registered")
    said = (
        rows.where("country is not null")
        .groupBy("value")
        .agg(F.min("country").alias("only"), F.max("country").alias("other"))
    )
    rows = rows.join(said.where("only = other").drop("other"), on="value", how="left")
    digits = F.regexp_replace("value", r"\D", "")
    prefix = F.concat(F.coalesce("country", "only", F.lit(UNKNOWN)), F.lit(OF))
    local = F.length(digits) < LEAST_DIGITS
    return rows.withColumns(
        {
            "kind": F.when(local, "local_registration_no").otherwise(F.col("kind")),
            "value": F.when(digits == F.col("value"), F.concat(prefix, "value")).otherwise(F.col("value")),
        }
    ).drop("country", "only")


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


def _used(orders: DataFrame, lines: DataFrame, places: DataFrame, companies: DataFrame) -> list[DataFrame]:
    """What orders name, the whole window of a shop as one row: their supplier, and the place and building they were sent from."""
    where = places.where("may_be_source").select(
        F.col("address_id").alias("dispatch_address_id"), "place_id", "building_key", "name"
    )
    sent = _summed(orders, lines, "dispatch_address_id").join(where, on="dispatch_address_id", how="inner")
    named = _summed(orders, lines, "supplier_id").join(companies, on="supplier_id", how="inner")
    place, building, name = (F.col(c) for c in ("place_id", "building_key", "name"))
    through = _each((place.isNotNull(), "dispatch", place, name), (building.isNotNull(), "building", building, name))
    supplier = (F.lit("supplier").alias("type"), F.col("company_id").alias("value"), F.col("company").alias("shown"))
    return [_sold(sent, through), _sold(named, *supplier)]


def _summed(orders: DataFrame, lines: DataFrame, through: str) -> DataFrame:
    """(seller_id, `through`, orders, first_seen, last_seen, ref), one row a shop and what its orders name; `ref`: the first order of
    the first day, for the orders of all days are too many to be sorted."""
    key = ["seller_id", through]
    sums = (
        orders.where(F.col(through).isNotNull())
        .groupBy(*key)
        .agg(
            F.sum("orders").alias("orders"),
            F.min("day").alias("day"),
            F.max("day").cast("timestamp").alias("last_seen"),
        )
    )
    sums = sums.where("orders > 0")
    first = F.min(F.struct("order_id", "line_no", "night", "intake_seq"))
    rows = sums.join(
        lines.select(*key, "day", "order_id", "line_no", "night", "intake_seq"), on=[*key, "day"], how="left"
    )
    rows = rows.groupBy(*key, "orders", "day", "last_seen").agg(first.alias("line")).select("*", "line.*")
    return rows.withColumns(
        {
            "first_seen": F.col("day").cast("timestamp"),
            "ref": _ref(F.lit("orders"), F.concat_ws("/", "order_id", "line_no")),
        }
    ).drop("line", "day")


def _each(*told: tuple[Column, str, Column, Column]) -> Column:
    """(whether it is one, type, value, as people read it) -> a row each, as `type`, `value`, `shown`: one pass over the rows."""
    facts = [
        F.when(holds, F.struct(F.lit(type_name).alias("type"), value.alias("value"), shown.alias("shown")))
        for holds, type_name, value, shown in told
    ]
    return F.inline(F.array_compact(F.array(*facts)))
