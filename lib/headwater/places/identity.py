"""Values that may tell who somebody is, of all feeds: each cleaned, or refused with its reason and counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

import pandas as pd
import pyarrow as pa
import pyspark.sql.functions as F
from pyspark.sql import Column, DataFrame

from headwater.parameters.places import PlaceParams
from headwater.places.rules import Rules
from headwater.places.values import Kind, clean_values
from headwater.tables.model import VALUES_REFUSED

# Which columns of a feed hold such values, and of what kind.
OF_ADDRESSES: Mapping[str, Kind] = {"phone": "phone", "contact_name": "contact_name"}
OF_SELLERS: Mapping[str, Kind] = {
    "payee_id": "payee_id",
    "phone": "phone",
    "email": "email",
    "registration_no": "registration_no",
}
OF_SUPPLIERS: Mapping[str, Kind] = {"name": "name", "phone": "phone", "registration_no": "registration_no"}
# The roles of the addresses that say in which country a seller is at home, the surest first.
OWN_COUNTRY = (("registered",), ("return", "pickup"))
# `night` and `intake_seq` lead to the row in the feed's clean table.
SHOP_VALUES = (
    *("feed", "row_id", "night", "intake_seq", "seller_id", "role"),
    *("kind", "written", "value", "reason", "first_seen", "last_seen"),
)
ADDED = ("value", "reason")


def address_values(addresses: DataFrame, rules: Rules, params: PlaceParams) -> DataFrame:
    """ADDRESSES (current) -> SHOP_VALUES: one row an address and kind of value, whether there is one or not.

    `value` is the comparable form, null with `reason` where there is none (`clean_value`); `row_id` names the row in
    `feed` that says it; `role`, the address's. A phone without +prefix is read as of the address's country."""
    rows = _stacked(addresses, OF_ADDRESSES).select(
        F.lit("addresses").alias("feed"),
        F.col("address_id").alias("row_id"),
        *("night", "intake_seq", "seller_id", "role", "country", "kind", "written", "first_seen", "last_seen"),
    )
    return identity_values(rows, rules, params).select(*SHOP_VALUES)


def seller_values(sellers: DataFrame, addresses: DataFrame, rules: Rules, params: PlaceParams) -> DataFrame:
    """SELLERS, ADDRESSES (current) -> SHOP_VALUES: one row a seller and kind of value, as `address_values` gives them.

    A phone without +prefix is read as of the seller's own country: the one of its registered addresses, else of those where goods
    come back to it or are fetched, else of all; none where those lie in several. Goods may be sent from anybody's warehouse."""
    countries = [_only(F.when(F.col("role").isin(*roles), F.col("country"))) for roles in OWN_COUNTRY]
    home = addresses.groupBy("seller_id").agg(F.coalesce(*countries, _only(F.col("country"))).alias("country"))
    rows = _stacked(sellers.join(home, on="seller_id", how="left"), OF_SELLERS).select(
        F.lit("sellers").alias("feed"),
        F.col("seller_id").alias("row_id"),
        *("night", "intake_seq", "seller_id"),
        F.lit(None).cast("string").alias("role"),
        *("country", "kind", "written"),
        F.col("opened_at").alias("first_seen"),
        F.col("closed_at").alias("last_seen"),
    )
    return identity_values(rows, rules, params).select(*SHOP_VALUES)


def _only(country: Column) -> Column:
    """The country, if all rows that say one say the same."""
    return F.when(F.min(country) == F.max(country), F.min(country))


def supplier_values(suppliers: DataFrame, rules: Rules, params: PlaceParams) -> DataFrame:
    """SUPPLIER_ROWS (feed, supplier_id, country, name, phone, registration_no) -> SUPPLIER_VALUES (feed, supplier_id, country, kind,
    written, value, reason): one row a supplier and kind."""
    rows = _stacked(suppliers, OF_SUPPLIERS).select("feed", "supplier_id", "country", "kind", "written")
    return identity_values(rows, rules, params)


def identity_values(written: DataFrame, rules: Rules, params: PlaceParams) -> DataFrame:
    """WRITTEN (`kind`, `written`, `country`, any more) -> the same rows with `value` and `reason`, one of them null.

    In Arrow batches, each distinct value of a batch once; no shuffle, so a value that stands in a million rows costs no
    more than another."""

    def clean(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            asked = batch.select(["kind", "written", "country"]).to_pandas()
            parts = [
                clean_values(kind, rows["written"], rules, params, rows["country"])
                for kind, rows in asked.groupby("kind", sort=False)
            ]
            cleaned = pd.concat(parts).reindex(asked.index) if parts else pd.DataFrame(columns=[*ADDED], dtype=object)
            more = [pa.array(cleaned[name].to_numpy(dtype=object), pa.string(), from_pandas=True) for name in ADDED]
            yield pa.RecordBatch.from_arrays([*batch.columns, *more], names=[*batch.schema.names, *ADDED])

    schema = ", ".join(f"`{f.name}` {f.dataType.simpleString()}" for f in written.schema.fields)
    return written.mapInArrow(clean, f"{schema}, value string, reason string")


def refusable(values: DataFrame) -> DataFrame:
    """Values of one feed or of several -> (feed, kind, written, reason): those that their feed had a column for."""
    no_column = (F.col("feed") == "orders") | ((F.col("feed") == "supplier_links") & (F.col("kind") != "name"))
    return values.where(~no_column).select("feed", "kind", "written", "reason")


def values_refused(values: DataFrame, night: date) -> DataFrame:
    """Values of all feeds (`refusable`) -> VALUES_REFUSED."""
    refused = values.where("reason is not null").groupBy("feed", "kind", "reason")
    counted = refused.agg(F.count(F.lit(1)).alias("rows"), F.countDistinct("written").alias("spellings"))
    return VALUES_REFUSED.conform(counted.withColumn("night", F.lit(night)))


def _stacked(rows: DataFrame, kinds: Mapping[str, Kind]) -> DataFrame:
    """Each row once for each of the columns, as `kind` and `written`."""
    said = F.explode(F.array(*[_said(column, kind) for column, kind in kinds.items()]))
    return rows.select("*", said.alias("said")).select("*", "said.kind", "said.written").drop("said")


def _said(column: str, kind: Kind) -> Column:
    return F.struct(F.lit(kind).alias("kind"), F.col(column).alias("written"))
