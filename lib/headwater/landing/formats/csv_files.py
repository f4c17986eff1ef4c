"""CSV with a header line, quotes doubled within quotes (RFC 4180), also gzipped."""

from __future__ import annotations

import csv
import io
import zlib
from collections import defaultdict
from dataclasses import replace
from typing import Any

from headwater.config import Config
from headwater.errors import InputRefusedError
from headwater.landing.formats import csv_quotes
from headwater.landing.formats.stored import FeedFile, as_pattern, place_columns, read_bytes
from headwater.parameters.landing import Feed

HEADER_BYTES = 1 << 20
# A quote that is never closed takes in all that follows; a value beyond this many characters refuses the file instead.
LONGEST_VALUE = 1_000_000
# Among how many lines with quotes the one is sought where a faulty value begins.
LINES_SOUGHT = 100_000


def inspect(spark: Any, file: FeedFile, mapping: Feed) -> FeedFile:
    """The file with the columns of its header."""
    head = read_bytes(spark, file.path, HEADER_BYTES)
    try:
        if file.path.endswith(".gz"):
            head = _unzipped(head)
        text = head.decode(mapping.encoding, errors="ignore").removeprefix("\ufeff")
        if "\r" in text and "\n" not in text:
            raise InputRefusedError(f"{file.feed}: {file.path}: lines end in a lone carriage return; use line feeds")
        header = next(csv.reader(io.StringIO(text, newline=""), delimiter=mapping.delimiter), [])
    except (zlib.error, LookupError, csv.Error) as error:
        raise InputRefusedError(f"{file.feed}: {file.path}: the header cannot be read ({error})") from error
    columns = tuple(name.strip() for name in header)
    if not any(columns):
        raise InputRefusedError(f"{file.feed}: {file.path}: no header line; a feed without rows still has one")
    return replace(file, columns=columns, schema="\x1f".join(columns))


def _unzipped(data: bytes) -> bytes:
    """The first HEADER_BYTES that gzip holds. It may be made of several members, the first of them empty or half a header."""
    text = b""
    while data and len(text) < HEADER_BYTES:
        member = zlib.decompressobj(wbits=31)
        text += member.decompress(data, HEADER_BYTES - len(text))
        data = member.unused_data
    return text


def scan(spark: Any, config: Config, files: list[FeedFile], known: dict[str, str], sample: int | None) -> Any:
    """The rows of files with one header: the known columns as text, `_line` of a line that is none, and its place."""
    import pyspark.sql.functions as F

    columns = files[0].columns
    # Columns go by number: a header may hold any name, even the same one in other letters.
    fields = ", ".join(f"{name} string" for name in [*(f"c{i}" for i in range(len(columns))), "_line"])
    reader = spark.read.option("recursiveFileLookup", True).schema(fields)  # a dt= folder is not a column
    frame = reader.options(**_options(config, config.feed(files[0].feed))).csv([as_pattern(f.path) for f in files])
    if sample is not None:
        frame = frame.limit(sample)
    texts = [F.col(f"c{columns.index(column)}").alias(name) for name, column in known.items()]
    return frame.select(*texts, "_line", *place_columns())


def left_open(spark: Any, config: Config, files: list[FeedFile]) -> list[tuple[FeedFile, int | None]]:
    """Those of the files, of any feeds, that have a quote which is not closed, or not as it should be: the rows after it would be
    lost in its value; each with the line where it opens (from 1; None if that is not soon told). None of a file that is read line by
    line, where a value ends with its line."""
    alike: dict[tuple[bytes, str], list[FeedFile]] = defaultdict(list)
    for file in files:
        mapping = config.feed(file.feed)
        wide = mapping.encoding if _is_wide(mapping) else ""
        if is_multi_line(config, mapping):
            alike[mapping.delimiter.encode("UTF-8" if wide else mapping.encoding, "replace"), wide].append(file)
    faulty = [f for (delimiter, wide), mine in alike.items() for f in _left_open(spark, mine, delimiter, wide)]
    return sorted(faulty, key=lambda f: f[0].path)


def _left_open(spark: Any, files: list[FeedFile], delimiter: bytes, wide: str) -> list[tuple[FeedFile, int | None]]:
    import pyspark.sql.functions as F

    lines = _lines(spark, files, wide)
    quoted = lines.where(F.contains("value", F.lit(b'"')))
    schema = ", ".join(f"{name} bigint" for name in csv_quotes.STEPS.names)
    steps = quoted.mapInArrow(csv_quotes.led(delimiter), schema).collect()
    faulty = csv_quotes.left_open(steps)
    return [(files[seq], _opening_line(lines, seq, place, delimiter)) for seq, place in sorted(faulty.items())]


def _lines(spark: Any, files: list[FeedFile], wide: str) -> Any:
    """FILES -> their lines: `seq` (the file, by its number in the list), `block`, `position`, `value` (bytes)."""
    import pyspark.sql.functions as F

    reader, paths = (
        spark.read.option("recursiveFileLookup", True).option("lineSep", "\n"),
        [as_pattern(f.path) for f in files],
    )
    if wide:
        # Only the reader of CSV knows wide encodings: a delimiter that no text holds, and no quotes, make lines of it.
        options = {"multiLine": True, "encoding": wide, "sep": "\uffff", "quote": ""}
        lines = reader.options(**options).schema("value string").csv(paths)
    else:
        lines = reader.text(paths)
    seq_of = spark.createDataFrame([(f.path, i) for i, f in enumerate(files)], "_path string, seq bigint")
    lines = lines.select(F.col("value").cast("binary").alias("value"), *place_columns())
    lines = lines.join(F.broadcast(seq_of), on="_path", how="inner")
    return lines.select("seq", F.col("_block").alias("block"), F.col("_position").alias("position"), "value")


def _opening_line(lines: Any, seq: int, since: tuple[int, int], delimiter: bytes) -> int | None:
    """The line of file `seq`, from 1, where its faulty value begins; it is sought in LINES_SOUGHT lines with quotes from `since` on."""
    import pyspark.sql.functions as F

    def upto(block: int, position: int) -> Any:
        return (F.col("block") < block) | ((F.col("block") == block) & (F.col("position") <= position))

    mine = lines.where(F.col("seq") == seq)
    quoted = mine.where(F.contains("value", F.lit(b'"')) & ~upto(since[0], since[1] - 1))
    rows = quoted.orderBy("block", "position").limit(LINES_SOUGHT).toArrow()
    number, broken = csv_quotes.opening(rows["value"].combine_chunks(), delimiter)
    if not broken and len(rows) == LINES_SOUGHT:
        return None
    place = rows.slice(number, 1).to_pylist()[0]
    return int(mine.where(upto(place["block"], place["position"])).count())


def is_multi_line(config: Config, mapping: Feed) -> bool:
    """Whether a file is read by one task. A line end of a wide encoding is not one byte: it cannot be cut at its lines."""
    return config.intake.multi_line or _is_wide(mapping)


def _is_wide(mapping: Feed) -> bool:
    return mapping.encoding.upper().startswith(("UTF-16", "UTF-32"))


def _options(config: Config, mapping: Feed) -> dict[str, Any]:
    multi_line = is_multi_line(config, mapping)
    options = {
        "header": True,
        "columnNameOfCorruptRecord": "_line",
        "multiLine": multi_line,
        "escape": '"',
        "sep": mapping.delimiter,
        "encoding": mapping.encoding,
        "maxCharsPerColumn": LONGEST_VALUE,
    }
    # Said, for Spark takes what ends the first line for the whole file; a carriage return before it is a blank at the end.
    return options | ({"lineSep": "\n"} if multi_line else {})
