"""JSON lines, also gzipped: one object a line, UTF-8.

Read by Python's own parser: Spark's makes a double of a number (19.99999999999999999 becomes 20), takes the last of two
members of one name, and drops in silence what follows an object on its line."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pyarrow as pa

from headwater.config import Config
from headwater.feeds import FEEDS
from headwater.landing.formats.stored import FeedFile, as_pattern, mapped, one_spelling, place_columns
from headwater.landing.parse import FIRST_INEXACT
from headwater.parameters.landing import Feed

# Names of columns that are brought to the driver at most: an object that has data for names must not fill its memory.
MOST_NAMES = 10_000
# A number is written out up to so many places; beyond, it keeps its exponent and is none of the contract's numbers.
LARGEST_EXPONENT = 40


def inspect(spark: Any, files: list[FeedFile], mapping: Feed) -> list[FeedFile]:
    """The files of one feed with their columns. A name may be missing in a line, so those that any file knows belong to all."""
    import pyspark.sql.functions as F

    feed = FEEDS[files[0].feed]
    lines = _lines(spark, files).withColumn("key", F.explode(F.json_object_keys(F.make_valid_utf8("value"))))
    contract = sorted({mapping.rename.get(f.name, f.name) for f in feed.fields})
    found = lines.select(F.col("_metadata.file_path").alias("path"), "key").distinct()
    first = found.orderBy(~F.col("key").isin(*contract), "path", "key").limit(MOST_NAMES).collect()
    names: dict[str, set[str]] = {f.path: set() for f in files}
    for row in first:
        names[one_spelling(row["path"])].add(row["key"])
    shared = set(mapped({row["key"] for row in first}, mapping, feed).values())
    return [replace(f, columns=tuple(sorted(names[f.path] | shared))) for f in files]


def scan(spark: Any, config: Config, files: list[FeedFile], known: dict[str, str], sample: int | None) -> Any:
    """The rows of a feed's files: the known columns as text, `_line` of a line that is no object, and its place."""
    import pyspark.sql.functions as F

    # Bytes: a line that is no UTF-8 shall come as far as the parser.
    lines = _lines(spark, files).select(F.col("value").cast("binary").alias("value"), "_metadata")
    if sample is not None:
        lines = lines.limit(sample)
    type_name = "struct<" + ", ".join(f"`{name}`: string" for name in [*known, "_line"]) + ", _inexact: array<string>>"
    parse = F.arrow_udf(reader(known), type_name)  # type: ignore[attr-defined]
    return (
        lines.select("value", *place_columns())
        .select(parse("value").alias("row"), "_path", "_block", "_position")
        .select("row.*", "_path", "_block", "_position")
    )


def reader(known: dict[str, str]) -> Callable[[pa.Array], pa.Array]:
    """Lines (bytes) -> a struct of texts, one field a known column, `_line` (the line itself where it is no object) and `_inexact`
    (names of the columns whose number may have lost digits)."""

    def read(lines: pa.Array) -> pa.Array:
        texts: dict[str, list[str | None]] = {name: [] for name in [*known, "_line"]}
        inexact: list[list[str] | None] = []
        for data in lines.to_pylist():
            line = data.decode("utf-8", "replace").removeprefix("\ufeff")
            row = one_object(line)
            texts["_line"].append(line if row is None else None)
            for name, column in known.items():
                texts[name].append(None if row is None else _text(row.get(column)))
            doubtful = [name for name, column in known.items() if row and isinstance(row.get(column), _Inexact)]
            inexact.append(doubtful or None)
        columns = [pa.array(column, pa.string()) for column in texts.values()]
        return pa.StructArray.from_arrays([*columns, pa.array(inexact, pa.list_(pa.string()))], [*texts, "_inexact"])

    return read


def one_object(line: str) -> dict[str, Any] | None:
    """The JSON object that a line is, its numbers as text digit by digit; None if it is none, or names a member twice."""
    try:
        value = _DECODER.decode(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _lines(spark: Any, files: list[FeedFile]) -> Any:
    import pyspark.sql.functions as F

    # A line of blanks is no row.
    reader = spark.read.option("recursiveFileLookup", True)
    return reader.text([as_pattern(f.path) for f in files]).where(F.col("value").rlike(r"[^ \t\r\n\x{FEFF}]"))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) < len(pairs):
        raise ValueError("a name stands twice")
    return names


class _Inexact(str):
    """The digits of a whole number that was a double, and too large for one to hold its neighbours."""


def _number(text: str) -> str:
    """Digits as they stand; an exponent is written out, for tools write 150000000 as 1.5E8, and a whole number as 77.0."""
    if "e" in text.lower():
        if abs(int(text.lower().partition("e")[2])) > LARGEST_EXPONENT:
            return text
        text = format(Decimal(text), "f")
    whole, _, places = text.partition(".")
    if places.strip("0"):
        return text
    return whole if abs(float(whole)) < FIRST_INEXACT["double"] else _Inexact(whole)


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


_DECODER = json.JSONDecoder(parse_int=str, parse_float=_number, parse_constant=_no_number, object_pairs_hook=_unique)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        # Half a surrogate pair is no character.
        return value if value is None or value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, bool):
        return "true" if value else "false"
    return _text(json.dumps(value, ensure_ascii=False))
