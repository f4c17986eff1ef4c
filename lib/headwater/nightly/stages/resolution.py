"""Addresses and supplier ids as written -> the places and companies they mean, by ids that last."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

import pyspark.sql.functions as F
from pyspark.sql import DataFrame

from headwater.exposure.orders import in_window
from headwater.nightly.ids import ids_of
from headwater.places import suppliers as supplier_stage
from headwater.places.identity import address_values, refusable, seller_values, supplier_values, values_refused
from headwater.places.places import (
    WRITTEN,
    address_keys,
    keyed_addresses,
    large_blocks,
    matched_keys,
    one_line,
    place_groups,
    places,
    resolved,
)
from headwater.places.reviewed import hub_addresses, listed_hubs, reviewed_values
from headwater.places.rules import load_rules
from headwater.registry.kinds import PLACE, SUPPLIER
from headwater.tables.model import CURRENT, ORDER_EXPOSURE, PLACES, SUPPLIERS, VALUES_REFUSED

if TYPE_CHECKING:
    from headwater.nightly.run import Run

# An address and a supplier may have the same id; all addresses are resolved together.
OF_ADDRESS, OF_SUPPLIER, OF_HUB = "a", "s", "h"


def resolution(run: Run) -> tuple[DataFrame, DataFrame, DataFrame]:
    """The dimension feeds -> PLACES, SUPPLIERS, VALUES_REFUSED, and the ids of places and companies.

    Hands back ADDRESSES (current), SHOP_VALUES, what shops say of themselves, and REVIEWED, the listed hubs; all persisted."""
    params, night = run.config.places, run.night
    rules = load_rules(params.words)
    addresses = run.current("addresses").persist()
    sellers = run.current("sellers")
    rows = _supplier_rows(run).persist()
    hubs = run.current("hubs")
    keyed = keyed_addresses(all_written(addresses, rows, hubs), rules, params).persist()
    found = _resolved(run, keyed)

    place_rows = run.write(
        PLACES, places(addresses, _of(found, OF_ADDRESS), night), run.lake.count(CURRENT["addresses"], night)
    )
    of_suppliers = supplier_values(rows, rules, params).persist()
    located = _of(found, OF_SUPPLIER)
    facts = supplier_stage.company_facts(of_suppliers, located)
    groups = supplier_stage.company_groups(rows, facts, params).persist()
    members = groups.select(
        F.col("company").alias("group"), F.col("supplier_id").alias("member"), F.col("orders").alias("weight")
    )
    company_ids = ids_of(run, SUPPLIER, members)
    run.gather(SUPPLIERS, supplier_stage.suppliers(rows, of_suppliers, groups, company_ids, located, night))

    shop_values = (
        address_values(addresses, rules, params).unionByName(seller_values(sellers, addresses, rules, params)).persist()
    )
    listed = listed_hubs(hubs, _of(found, OF_HUB), rules, params).persist()
    read = (shop_values, of_suppliers, _address_values(place_rows, rows, located), listed)
    run.gather(VALUES_REFUSED, values_refused(reduce(DataFrame.unionByName, map(refusable, read)), night))
    reviewed = reviewed_values(listed).persist()
    reviewed.count()  # so that what it is made from can be let go
    for frame in (rows, keyed, found, of_suppliers, groups, listed):
        frame.unpersist()
    return addresses, shop_values, reviewed


def all_written(addresses: DataFrame, rows: DataFrame, hubs: DataFrame) -> DataFrame:
    """ADDRESSES (current), SUPPLIER_ROWS, HUBS (current) -> WRITTEN: every address that is resolved, whoever wrote it."""
    shops, suppliers = _written(addresses, "address_id", OF_ADDRESS), _written(rows, "supplier_id", OF_SUPPLIER)
    return shops.unionByName(suppliers).unionByName(_written(hub_addresses(hubs), "value", OF_HUB))


def _supplier_rows(run: Run) -> DataFrame:
    links = run.current("supplier_links")
    orders = in_window(run.ledger(ORDER_EXPOSURE), run.night, run.config.night.window_days)
    return supplier_stage.supplier_rows(run.current("suppliers"), links, orders)


def _resolved(run: Run, keyed: DataFrame) -> DataFrame:
    """KEYED -> RESOLVED, persisted, and the ids of places for the next night."""
    params = run.config.places
    keys = address_keys(keyed).persist()
    matched = matched_keys(keys, keys.count(), large_blocks(keys, params), params).persist()
    found = resolved(keyed, matched, ids_of(run, PLACE, place_groups(keys, matched))).persist()
    found.count()  # so that what it is made from can be let go
    keys.unpersist()
    matched.unpersist()
    return found


def _written(rows: DataFrame, id_column: str, whose: str) -> DataFrame:
    return rows.select(F.concat(F.lit(whose), id_column).alias("written_id"), *WRITTEN)


def _of(found: DataFrame, whose: str) -> DataFrame:
    """The rows of addresses or of suppliers, by their own ids again."""
    own = found.where(F.col("written_id").startswith(whose))
    return own.withColumn("written_id", F.expr("substring(written_id, 2)"))


def _address_values(place_rows: DataFrame, rows: DataFrame, located: DataFrame) -> DataFrame:
    """PLACES, SUPPLIER_ROWS, RESOLVED of suppliers -> their addresses as values of the kind `address`."""
    kind = F.lit("address").alias("kind")
    shops = place_rows.select(F.lit("addresses").alias("feed"), kind, F.col("name").alias("written"), "reason")
    reasons = located.select(F.col("written_id").alias("supplier_id"), "reason")
    joined = rows.join(reasons, on="supplier_id", how="inner")
    return shops.unionByName(joined.select("feed", kind, one_line().alias("written"), "reason"))
