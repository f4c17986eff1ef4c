"""A feed's file, and what any store tells of it: shared by all forms."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from headwater.feeds import FEEDS, FeedSpec
from headwater.parameters.landing import Feed


@dataclass(frozen=True)
class FeedFile:
    """One file of a feed. `columns` are those it holds; `schema` groups the files that can be read together. Of a Delta table,
    `version` is the one that the file is read at, and `note` tells what a commit took away: such a file has no rows."""

    feed: str
    path: str
    format: str
    bytes: int
    modified_ms: int
    intake_seq: int = 0
    columns: tuple[str, ...] = field(default=())
    schema: str = ""
    nanoseconds: tuple[tuple[str, str], ...] = field(default=())
    content: str | None = None
    version: int | None = None
    note: str | None = None


def mapped(columns: Iterable[str], mapping: Feed, feed: FeedSpec) -> dict[str, str]:
    """Contract column -> the file's column, for those the file has."""
    have = set(columns)
    names = {f.name: mapping.rename.get(f.name, f.name) for f in feed.fields}
    return {name: column for name, column in names.items() if column in have}


def unknown_columns(file: FeedFile, mapping: Feed) -> list[str]:
    """The file's columns that the contract does not know, sorted; none of a file without rows."""
    known = set(mapped(file.columns, mapping, FEEDS[file.feed]).values())
    return [] if file.note else sorted(c for c in file.columns if c not in known)


def one_spelling(path: str) -> str:
    """A local path has two: file:/x as Spark writes it, and file:///x."""
    return re.sub("^file:/+", "file:/", path)


def as_pattern(path: str) -> str:
    """Spark reads a path as a pattern, undecoded; ours are names."""
    return re.sub(r"([\\\[\]{}*?])", r"\\\1", unquote(path))


def hadoop_path(spark: Any, path: str) -> Any:
    """The store's path of a recorded (URI-encoded) one."""
    return spark._jvm.org.apache.hadoop.fs.Path(spark._jvm.java.net.URI(path))


def read_bytes(spark: Any, path: str, count: int) -> bytes:
    """The first bytes of a file in any store."""
    place = hadoop_path(spark, path)
    stream = place.getFileSystem(spark._jsc.hadoopConfiguration()).open(place)
    try:
        return bytes(stream.readNBytes(count))
    finally:
        stream.close()


def content_id(spark: Any, path: str) -> str | None:
    """What the content of a file is, so that a copy is known: SHA-256 of a local file, else the store's own checksum."""
    if urlparse(path).scheme in ("", "file"):
        with Path(unquote(urlparse(path).path)).open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    place = hadoop_path(spark, path)
    checksum = place.getFileSystem(spark._jsc.hadoopConfiguration()).getFileChecksum(place)
    return None if checksum is None else f"{checksum.getAlgorithmName()}:{checksum}"


def place_columns() -> list[Any]:
    """Where a row stands: `_path`, `_block` (start of the piece of the file), `_position` (rising within the piece)."""
    import pyspark.sql.functions as F

    return [
        F.col("_metadata.file_path").alias("_path"),
        F.col("_metadata.file_block_start").alias("_block"),
        F.monotonically_increasing_id().alias("_position"),
    ]
