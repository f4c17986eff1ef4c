"""What a plan foretells: rows of files, pairs that would be compared, values that many shops share, memory."""

from __future__ import annotations

import zlib
from typing import Any

import pyspark.sql.functions as F
from pyspark.sql import DataFrame, Window

from headwater.config import Config
from headwater.landing import files
from headwater.landing.formats.stored import FeedFile, read_bytes
from headwater.parameters.places import PlaceParams
from headwater.places.places import KEYS_A_BUCKET

# Bytes that a key takes while its bucket is matched in Python, and a member of a stable id on the driver (bench/places_million.py).
KEY_BYTES = 2_000
SAMPLE_BYTES = 1 << 20
# A value of fewer shops is nobody's hub.
HUB_SHOPS = 5


def rows_of(spark: Any, config: Config, taken: list[FeedFile]) -> tuple[int, bool]:
    """Rows of a feed's files: in the footers of Parquet and Delta (True), else by the lines of the first megabyte of the largest."""
    if not taken:
        return 0, True
    if taken[0].format in ("parquet", "delta"):
        return files.read_files(spark, config, taken).count(), True
    largest = max(taken, key=lambda f: (f.bytes, f.path))
    head = read_bytes(spark, largest.path, SAMPLE_BYTES)
    text = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(head) if largest.path.endswith(".gz") else head
    per_line = len(head) / max(text.count(b"\n"), 1)  # bytes of the file as stored
    total = sum(f.bytes for f in taken)
    headers = len(taken) if taken[0].format == "csv" else 0
    return max(round(total / per_line) - headers, 0), False


def block_pairs(blocks: DataFrame, params: PlaceParams, top: int) -> tuple[int, int, list[tuple[str, str, int]]]:
    """BLOCKS -> pairs of spellings that are compared, blocks left alone, and the `top` largest of each kind (kind, block, spellings)."""
    small = F.col("spellings") <= params.block_cap
    pairs = F.sum(F.when(small, F.expr("spellings * (spellings - 1) div 2")).otherwise(0))
    row = blocks.agg(F.coalesce(pairs, F.lit(0)).alias("pairs"), F.count_if(~small).alias("over")).collect()[0]
    order = Window.partitionBy("kind").orderBy(F.desc("spellings"), "block")
    first = blocks.withColumn("place", F.row_number().over(order)).where(F.col("place") <= top)
    worst = [(r["kind"], r["block"], r["spellings"]) for r in first.orderBy("kind", "place").collect()]
    return int(row["pairs"]), int(row["over"]), worst


def shared_values(values: DataFrame, top: int) -> list[tuple[str, str, int]]:
    """SHOP_VALUES -> (kind, value, shops): of each kind the `top` values that most shops give, from five shops on."""
    shops = values.where("value is not null").groupBy("kind", "value").agg(F.countDistinct("seller_id").alias("shops"))
    order = Window.partitionBy("kind").orderBy(F.desc("shops"), "value")
    first = (
        shops.where(F.col("shops") >= HUB_SHOPS)
        .withColumn("place", F.row_number().over(order))
        .where(F.col("place") <= top)
    )
    return [(r["kind"], r["value"], r["shops"]) for r in first.orderBy("kind", "place").collect()]


def memory_lines(config: Config, keys: int, worst_block: int, rows: dict[str, int]) -> list[str]:
    """Sentences: what one matching task and the driver need at most."""
    at_once = min(keys, KEYS_A_BUCKET + min(worst_block, config.places.max_block_keys))
    return [
        f"a task that matches addresses: up to {_megabytes(at_once * KEY_BYTES)} beside the JVM, for {at_once:,} keys",
        f"the driver, to keep the ids of places: {_megabytes(keys * KEY_BYTES)} for {keys:,} keys",
        f"rows to be read: {sum(rows.values()):,}, of which orders {rows.get('orders', 0):,}; these are never held in memory",
    ]


def _megabytes(size: int) -> str:
    return f"{max(size / 1e6, 1):,.0f} MB"
