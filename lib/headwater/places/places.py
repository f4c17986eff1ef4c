"""ADDRESSES -> PLACES: each address read into its parts, and those that mean one place brought together."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pandas as pd
import pyarrow as pa
import pyspark.sql.functions as F
from pyspark.sql import DataFrame

from headwater.parameters.places import PlaceParams
from headwater.places.match import match_block, match_places
from headwater.places.normalise import COLUMNS, parse_addresses
from headwater.places.rules import Rules
from headwater.tables.model import PLACES

KEYS = ("address_key", "building_key", "unit_key", "reason")
LABELS = ("place_label", "building_label", "tier")
READ = ("address_id", "block", *COLUMNS, *KEYS)
# Blocks are many and small and a call costs tens of milliseconds: this many addresses go into one.
ADDRESSES_A_BUCKET = 50_000
# A postcode or a city is where thousands of unrelated people live.
AREAS = ("postcode_area", "city", "country", "none")


def places(addresses: DataFrame, night: date, count: int, rules: Rules, params: PlaceParams) -> DataFrame:
    """ADDRESSES (current; `count` of them) -> PLACES: one row an address.

    `place_id` hashes the smallest key among the addresses that were found to be one place, so it is the same on every night on
    which they are the same. An address below street level keeps its parts and is an area."""
    rows = matched_addresses(parsed_addresses(addresses, rules, params), count, params).join(
        addresses.select(
            "address_id", "seller_id", "role", "text", *[F.col(c).alias(f"{c}_as_written") for c in WRITTEN]
        ),
        on="address_id",
        how="inner",
    )
    keyed = rows.groupBy("place_label").agg(F.min("address_key").alias("place_key")).where("place_label is not null")
    rows = rows.join(keyed, on="place_label", how="left")
    # An address that says nothing is a place of its own that nobody else can share.
    key = F.coalesce("place_key", F.concat(F.lit("address "), F.col("address_id")))
    written = F.concat_ws(", ", *[f"{c}_as_written" for c in WRITTEN])
    return PLACES.conform(
        rows.select(
            F.lit(night).alias("night"),
            "address_id",
            F.concat(F.lit("P"), F.substring(F.sha2(key, 256), 1, 16)).alias("place_id"),
            "building_key",
            "seller_id",
            "role",
            "level",
            (~F.col("level").isin(*AREAS)).alias("may_be_source"),
            "reason",
            "tier",
            F.nullif(F.coalesce("text", written), F.lit("")).alias("name"),
            F.coalesce("city_as_written", F.initcap("city")).alias("city"),
            F.coalesce("country", "country_as_written").alias("country"),
        )
    )


WRITTEN = ("street", "city", "region", "postcode", "country")


def parsed_addresses(addresses: DataFrame, rules: Rules, params: PlaceParams) -> DataFrame:
    """ADDRESSES -> (address_id, block, the parts, keys and reason of `parse_addresses`), in Arrow batches."""

    def parse(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            parsed = parse_addresses(batch, rules, params)
            parsed["block"] = match_block(parsed)
            yield pa.RecordBatch.from_pandas(
                _nulls(parsed[[*READ]]), schema=pa.schema([(c, pa.string()) for c in READ]), preserve_index=False
            )

    wanted = addresses.select("address_id", "text", *WRITTEN)
    return wanted.mapInArrow(parse, _texts(*READ))


def matched_addresses(parsed: DataFrame, count: int, params: PlaceParams) -> DataFrame:
    """PARSED (`count` rows) -> the same with place_label, building_label, tier; bucket by bucket, for no two blocks match."""
    buckets = 1 + count // ADDRESSES_A_BUCKET

    def match(bucket: pd.DataFrame) -> pd.DataFrame:
        return _nulls(
            bucket[[*READ]].merge(match_places(bucket, params), on="address_id", how="left")[[*READ, *LABELS]]
        )

    bucket = F.pmod(F.hash(F.coalesce("block", "address_id")), F.lit(buckets))
    return parsed.withColumn("bucket", bucket).groupBy("bucket").applyInPandas(match, _texts(*READ, *LABELS))


def _nulls(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype(object).where(frame.notna(), None)


def _texts(*columns: str) -> str:
    return ", ".join(f"`{c}` string" for c in columns)
