"""Addresses as written -> the places they mean, for whoever wrote them: shops and suppliers alike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pandas as pd
import pyarrow as pa
import pyspark.sql.functions as F
from pyspark.sql import Column, DataFrame
from pyspark.sql.group import GroupedData

from headwater.parameters.places import PlaceParams
from headwater.places.match import located, match_places, resolve_places
from headwater.places.normalise import COLUMNS, HOUSES, parse_addresses
from headwater.places.rules import Rules
from headwater.tables.model import PLACES

WRITTEN = ("text", "street", "city", "region", "postcode", "country")
KEYS = ("address_key", "building_key", "reason")
MATCHED = ("address_key", "place_key", "building_key", "tier")
BLOCKS = ("kind", "block", "spellings")
# A postcode or a city is where thousands of unrelated people live.
AREAS = ("postcode_area", "city", "country", "none")
# Blocks are many and small and a call costs tens of milliseconds: this many keys go into one.
KEYS_A_BUCKET = 50_000


def keyed_addresses(written: DataFrame, rules: Rules, params: PlaceParams) -> DataFrame:
    """WRITTEN (`written_id`; text, street, city, region, postcode, country) -> KEYED: one row a written_id with the parts of
    `parse_addresses`, address_key, building_key and reason.

    In Arrow batches, each distinct address of a batch once; no shuffle. An address that is numbered but in no city, district
    or postcode could be anywhere: its keys are null, so it is a place of its own."""

    def parse(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            frame = batch.to_pandas().rename(columns={"written_id": "address_id"})
            parsed = parse_addresses(frame, rules, params).rename(columns={"address_id": "written_id"})
            nowhere = parsed["level"].isin(HOUSES) & ~located(parsed)
            parsed.loc[nowhere, ["address_key", "building_key"]] = None
            columns = ["written_id", *COLUMNS, *KEYS]
            schema = pa.schema([(c, pa.string()) for c in columns])
            yield pa.RecordBatch.from_pandas(_nulls(parsed[columns]), schema=schema, preserve_index=False)

    return written.select("written_id", *WRITTEN).mapInArrow(parse, _texts("written_id", *COLUMNS, *KEYS))


def address_keys(keyed: DataFrame) -> DataFrame:
    """KEYED -> ADDRESS_KEYS: one row a different typed key, its parts, `n` addresses that have it, and its `block` (null: only
    an equal key is the same place).

    What follows costs by this table, so one address that stands a million times is one row."""
    one = F.max(F.struct(*COLUMNS)).alias("parts")
    keys = keyed.where("address_key is not null").groupBy("address_key")
    rows = keys.agg(F.max("building_key").alias("building_key"), one, F.count(F.lit(1)).alias("n"))
    rows = rows.select("address_key", "building_key", "n", "parts.*")
    named = F.coalesce("name", "name_native")
    block = F.when(F.col("street").isNotNull(), F.col("number")).otherwise(F.regexp_replace(named, " ", ""))
    return rows.withColumn("block", block)


def large_blocks(keys: DataFrame, params: PlaceParams) -> list[str]:
    """ADDRESS_KEYS -> the blocks (house numbers, names) of more keys than `max_block_keys`, in which only equal keys are joined."""
    sizes = keys.where("block is not null").groupBy("block").count().where(F.col("count") > params.max_block_keys)
    return sorted(r["block"] for r in sizes.collect())


def matched_keys(keys: DataFrame, count: int, large: list[str], params: PlaceParams) -> DataFrame:
    """ADDRESS_KEYS (`count` rows), blocks left alone -> MATCHED_KEYS: one row an address_key with place_key, building_key, tier.

    `place_key` is the smallest address_key of those that are one place; `building_key` the same for all units of a building,
    null above building level. Matched bucket by bucket, for no two blocks match; keys of a bucket fit one process. `tier` of a key
    in a block left alone, by either cap, is capped."""

    def match(bucket: pd.DataFrame) -> pd.DataFrame:
        rows = bucket[["address_key", *COLUMNS, "n"]].assign(address_id=bucket["address_key"])
        found = match_places(rows, params)
        names = {"address_id": "address_key", "place_label": "place_key", "building_label": "building_key"}
        return _nulls(found.rename(columns=names)[[*MATCHED]])

    fuzzy = _by_bucket(keys, count, large).applyInPandas(match, _texts(*MATCHED))
    alone = keys.where(~_matched_by_block(large))  # false, not null, where the block is null
    tier = F.when(F.col("block").isNull(), "exact").otherwise("capped").alias("tier")
    exact = alone.select("address_key", F.col("address_key").alias("place_key"), "building_key", tier)
    return fuzzy.unionByName(exact)


def compared_blocks(keys: DataFrame, count: int, large: list[str], params: PlaceParams) -> DataFrame:
    """The same -> BLOCKS (kind, block, spellings): the spellings that `matched_keys` compares with each other, or leaves alone
    where they are more than `block_cap`."""

    def compare(bucket: pd.DataFrame) -> pd.DataFrame:
        rows = bucket[["address_key", *COLUMNS, "n"]].assign(address_id=bucket["address_key"])
        return resolve_places(rows, params).blocks[[*BLOCKS]]

    return _by_bucket(keys, count, large).applyInPandas(compare, "kind string, block string, spellings bigint")


def _matched_by_block(large: list[str]) -> Column:
    return F.col("block").isNotNull() & ~F.col("block").isin(large)


def _by_bucket(keys: DataFrame, count: int, large: list[str]) -> GroupedData:
    buckets = 1 + count // KEYS_A_BUCKET
    bucket = F.pmod(F.xxhash64("block"), F.lit(buckets))
    return keys.where(_matched_by_block(large)).withColumn("bucket", bucket).groupBy("bucket")


def place_groups(keys: DataFrame, matched: DataFrame) -> DataFrame:
    """ADDRESS_KEYS, MATCHED_KEYS -> GROUPS (group, member, weight) of the places whose keys may come together or fall apart:
    houses of a street and number, and named places without a street. Any other place is one key for ever, and named by it."""
    houses = keys.where("block is not null").select(F.col("address_key").alias("member"), F.col("n").alias("weight"))
    groups = matched.select(F.col("address_key").alias("member"), F.col("place_key").alias("group"))
    return houses.join(groups, on="member", how="inner").select("group", "member", "weight")


def resolved(keyed: DataFrame, matched: DataFrame, carried: DataFrame) -> DataFrame:
    """KEYED, MATCHED_KEYS, ids of GROUPS (member, id) -> RESOLVED: one row a written_id with level, place_id, unit_key,
    building_key, may_be_source, reason, tier, city and country.

    A place that has no group is named by its key; an address that says nothing is a place of its own."""
    ids = carried.select(F.col("member").alias("address_key"), "id")
    found = matched.join(ids, on="address_key", how="left").select(
        "address_key",
        F.coalesce("id", _place_id(F.col("place_key"))).alias("found_id"),
        F.col("building_key").alias("matched_building"),
        F.col("tier").alias("matched_tier"),
    )
    rows = keyed.join(found, on="address_key", how="left")
    own = _place_id(F.concat(F.lit("address "), F.col("written_id")))
    place_id = F.coalesce("found_id", own)
    return rows.select(
        "written_id",
        "level",
        place_id.alias("place_id"),
        "address_key",
        F.when(F.col("level") == "unit", place_id).alias("unit_key"),
        F.col("matched_building").alias("building_key"),
        (~F.col("level").isin(*AREAS)).alias("may_be_source"),
        "reason",
        F.col("matched_tier").alias("tier"),
        "city",
        "country",
    )


def places(addresses: DataFrame, found: DataFrame, night: date) -> DataFrame:
    """ADDRESSES (current), RESOLVED (written_id: address_id) -> PLACES: one row an address."""
    read = found.withColumnsRenamed({"written_id": "address_id", "city": "city_read", "country": "country_read"})
    rows = addresses.select("address_id", "seller_id", "role", *WRITTEN).join(read, on="address_id", how="inner")
    return PLACES.conform(
        rows.withColumns(
            {
                "night": F.lit(night),
                "name": one_line(),
                "city": F.coalesce("city", F.initcap("city_read")),
                "country": F.coalesce("country_read", "country"),
            }
        )
    )


def one_line() -> Column:
    """The address as written, in one line; null where nothing is."""
    return F.nullif(F.coalesce("text", F.concat_ws(", ", *WRITTEN[1:])), F.lit(""))


def _place_id(key: Column) -> Column:
    return F.concat(F.lit("P"), F.substring(F.sha2(key, 256), 1, 16))


def _nulls(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype(object).where(frame.notna(), None)


def _texts(*columns: str) -> str:
    return ", ".join(f"`{c}` string" for c in columns)
