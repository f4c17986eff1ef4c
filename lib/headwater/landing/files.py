"""Which files a night takes, what form they have, and how they are read: nothing here interprets a value."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from headwater.config import Config
from headwater.errors import InputRefusedError, listed
from headwater.feeds import FEEDS, FeedSpec
from headwater.parameters.landing import Feed

SUFFIXES = {".csv": "csv", ".csv.gz": "csv", ".parquet": "parquet"}
HEADER_BYTES = 1 << 20
# A quote that is never closed takes in all that follows; a value beyond this many characters refuses the file instead.
LONGEST_VALUE = 1_000_000


@dataclass(frozen=True)
class FeedFile:
    """One file of a feed. `columns` are those it holds; `schema` groups the files that can be read together."""

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


def list_feeds(
    spark: Any, config: Config, night: date, known: Collection[str] = ()
) -> tuple[list[FeedFile], list[str]]:
    """Every feed's files and the faults found; a required feed has files, or is among the `known` ones that had some before."""
    found, faults = [], []
    for feed in FEEDS.values():
        files, wrong = list_feed(spark, config, feed, night)
        if feed.required and feed.name not in known and not files and not wrong:
            wrong = [
                f"{feed.name}: no file under {config.feed_path(feed.name)}; paths.landing, or path in [feeds.{feed.name}], "
                "says where it is sought"
            ]
        found += files
        faults += wrong
    return found, faults


def list_feed(spark: Any, config: Config, feed: FeedSpec, night: date) -> tuple[list[FeedFile], list[str]]:
    """The feed's files, by path, and the faults found; those under a `dt=` folder of a later day are left for their night."""
    root = spark._jvm.org.apache.hadoop.fs.Path(config.feed_path(feed.name))
    system = root.getFileSystem(spark._jsc.hadoopConfiguration())
    if not system.exists(root):
        return [], []
    found, faults = [], []
    walk = system.listFiles(root, True)
    while walk.hasNext():
        status = walk.next()
        path = _one_spelling(status.getPath().toUri().toString())
        within = path.removeprefix(_one_spelling(system.makeQualified(root).toUri().toString()))
        if any(part.startswith(("_", ".")) for part in within.split("/") if part):
            continue
        day = re.search(r"/dt=(\d{4}-\d{2}-\d{2})/", within)
        if day and day.group(1) > night.isoformat():
            continue
        form = next((f for suffix, f in SUFFIXES.items() if path.endswith(suffix)), None)
        if form is None:
            faults.append(f"{feed.name}: {path}: not one of {', '.join(SUFFIXES)}")
            continue
        if ":" in within:
            faults.append(f"{feed.name}: {path}: Hadoop opens no name with a colon; rename it")
            continue
        found.append(FeedFile(feed.name, path, form, status.getLen(), status.getModificationTime()))
    if len({f.format for f in found}) > 1:
        faults.append(f"{feed.name}: {root}: files of several formats; one format a feed")
    return sorted(found, key=lambda f: f.path), faults


def inspect(spark: Any, config: Config, files: list[FeedFile]) -> tuple[list[FeedFile], list[str]]:
    """The files with their columns, and the faults found: unreadable headers, missing and repeated columns."""
    inspected, faults = [], []
    for file in files:
        try:
            full = _inspect_csv(spark, file, config.feed(file.feed)) if file.format == "csv" else _parquet(spark, file)
        except InputRefusedError as error:
            faults.append(str(error))
            continue
        inspected.append(full)
        faults += _column_faults(full, config.feed(file.feed))
    return inspected, faults


def refuse(faults: list[str]) -> None:
    """Raise InputRefusedError that lists the faults, if there are any."""
    if faults:
        raise InputRefusedError("The feeds are refused:\n" + listed(sorted(faults)))


@contextmanager
def broken_files_refused(read: list[FeedFile]) -> Iterator[None]:
    """One of the files that breaks off while it is read is refused by its name; any other error stays what it is."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError) as error:
        broken = re.search(r"FAILED_READ_FILE\S* Encountered error while reading file (\S+)", str(error))
        path = _one_spelling(broken.group(1).rstrip(".")) if broken else ""
        if path not in {f.path for f in read}:
            raise
        raise InputRefusedError(
            f"{path}: cannot be read to its end, so nothing of this night counts: the file is damaged or breaks off, or a "
            f"quote in it is not closed within {LONGEST_VALUE:,} characters"
        ) from error


def mapped(columns: tuple[str, ...], mapping: Feed, feed: FeedSpec) -> dict[str, str]:
    """Contract column -> the file's column, for those the file has."""
    names = {f.name: mapping.rename.get(f.name, f.name) for f in feed.fields}
    return {name: column for name, column in names.items() if column in columns}


def unknown_columns(file: FeedFile, mapping: Feed) -> list[str]:
    known = set(mapped(file.columns, mapping, FEEDS[file.feed]).values())
    return sorted(c for c in file.columns if c not in known)


def _column_faults(file: FeedFile, mapping: Feed) -> list[str]:
    feed = FEEDS[file.feed]
    have = mapped(file.columns, mapping, feed)
    faults = [
        f"{file.feed}: {file.path}: no column {mapping.rename.get(c, c)!r} for {c}; rename one in [feeds.{file.feed}.rename]"
        for c in feed.required_columns
        if c not in have and c not in mapping.defaults
    ]
    twice = sorted({c for c in file.columns if file.columns.count(c) > 1})
    return faults + [f"{file.feed}: {file.path}: the column {c!r} stands twice in the header" for c in twice]


def _one_spelling(path: str) -> str:
    """A local path has two: file:/x as Spark writes it, and file:///x."""
    return re.sub("^file:/+", "file:/", path)


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


def _inspect_csv(spark: Any, file: FeedFile, mapping: Feed) -> FeedFile:
    head = read_bytes(spark, file.path, HEADER_BYTES)
    try:
        if file.path.endswith(".gz"):
            head = zlib.decompressobj(wbits=31).decompress(head, HEADER_BYTES)
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


def _parquet(spark: Any, file: FeedFile) -> FeedFile:
    from py4j.protocol import Py4JJavaError

    jvm = spark._jvm
    place = hadoop_path(spark, file.path)
    try:
        source = jvm.org.apache.parquet.hadoop.util.HadoopInputFile.fromPath(place, spark._jsc.hadoopConfiguration())
        reader = jvm.org.apache.parquet.hadoop.ParquetFileReader.open(source)
        try:
            schema = reader.getFooter().getFileMetaData().getSchema()
            fields = [schema.getType(i) for i in range(schema.getFieldCount())]
            columns = tuple(f.getName() for f in fields)
            nano = tuple(
                (f.getName(), "nanoseconds_utc" if "NANOS,true" in f.toString() else "nanoseconds")
                for f in fields
                if "(TIMESTAMP(NANOS," in f.toString()
            )
        finally:
            reader.close()
    except Py4JJavaError as error:
        reason = str(error.java_exception.getMessage()).splitlines()[0]
        raise InputRefusedError(f"{file.feed}: {file.path}: not a readable Parquet file ({reason})") from error
    return replace(file, columns=columns, schema=schema.toString(), nanoseconds=nano)


def content_id(spark: Any, path: str) -> str | None:
    """What the content of a file is, so that a copy is known: SHA-256 of a local file, else the store's own checksum."""
    if urlparse(path).scheme in ("", "file"):
        with Path(unquote(urlparse(path).path)).open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    place = hadoop_path(spark, path)
    checksum = place.getFileSystem(spark._jsc.hadoopConfiguration()).getFileChecksum(place)
    return None if checksum is None else f"{checksum.getAlgorithmName()}:{checksum}"


def read_files(spark: Any, config: Config, files: list[FeedFile], sample: int | None = None) -> Any:
    """The rows of one feed's files as they stand (`sample`: the first of each group of like files only): FILES -> rows.

    Columns: the contract's columns that any of the files has (CSV as text, Parquet as typed), `_seq` (intake_seq), `_block` and
    `_position` (reading order within the file), `_line` (the text of a CSV line that could not be parsed, else null)."""
    groups: dict[tuple[str, str], list[FeedFile]] = defaultdict(list)
    for file in files:
        groups[(file.format, file.schema)].append(file)
    frames = [_read_group(spark, config, groups[key], sample) for key in sorted(groups)]
    whole = frames[0]
    for frame in frames[1:]:
        whole = whole.unionByName(frame, allowMissingColumns=True)
    return whole


def _read_group(spark: Any, config: Config, files: list[FeedFile], sample: int | None) -> Any:
    import pyspark.sql.functions as F
    from pyspark.errors import PySparkException

    from headwater.landing.parse import as_text

    first = files[0]
    # Spark reads a path as a pattern, undecoded; ours are names.
    paths = [re.sub(r"([\\\[\]{}*?])", r"\\\1", unquote(f.path)) for f in files]
    mapping = config.feed(first.feed)
    reader = spark.read.option("recursiveFileLookup", True)  # a dt= folder is not a column
    # Columns of a CSV file go by number: a header may hold any name, even the same one in other letters.
    fields = ", ".join(f"{name} string" for name in [*(f"c{i}" for i in range(len(first.columns))), "_line"])
    try:
        if first.format == "parquet":
            frame = reader.parquet(*paths).withColumn("_line", F.lit(None).cast("string"))
        else:
            frame = reader.options(**_csv_options(config, mapping)).schema(fields).csv(paths)
    except PySparkException as error:
        reason = str(error).splitlines()[0]
        raise InputRefusedError(f"{first.feed}: {first.path} or one like it: Spark cannot read it: {reason}") from error
    if sample is not None:
        frame = frame.limit(sample)
    known = mapped(first.columns, mapping, FEEDS[first.feed])
    seq_of = spark.createDataFrame([(f.path, f.intake_seq) for f in files], "_path string, _seq bigint")
    columns = []
    for name, column in known.items():
        place = first.columns.index(column)
        type_name = dict(first.nanoseconds).get(column) or frame.schema[place].dataType.simpleString()
        text = F.col(f"c{place}") if first.format == "csv" else as_text(F.col(f"`{column}`"), type_name)
        columns.append(text.alias(name))
    rows = frame.select(
        *columns,
        "_line",
        F.col("_metadata.file_path").alias("_path"),
        F.col("_metadata.file_block_start").alias("_block"),
        F.monotonically_increasing_id().alias("_position"),
    )
    return rows.join(F.broadcast(seq_of), on="_path", how="left").drop("_path")


def _csv_options(config: Config, mapping: Feed) -> dict[str, Any]:
    # A line end of a wide encoding is not one byte: such a file cannot be cut at its lines.
    multi_line = config.intake.multi_line or mapping.encoding.upper().startswith(("UTF-16", "UTF-32"))
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
