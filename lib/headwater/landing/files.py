"""Which files a feed has, what form they have, and their rows as text: nothing here interprets a value."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any

from headwater.config import Config
from headwater.errors import InputRefusedError, listed
from headwater.feeds import FEEDS, FeedSpec
from headwater.landing.formats import csv_files, delta_files, json_files, parquet_files
from headwater.landing.formats.csv_files import LONGEST_VALUE
from headwater.landing.formats.stored import FeedFile, mapped, one_spelling
from headwater.parameters.landing import Feed

FORMS = {".csv": "csv", ".parquet": "parquet", ".json": "json", ".jsonl": "json", ".ndjson": "json"}
SUFFIXES = {
    **FORMS,
    **{f"{suffix}.gz": form for suffix, form in FORMS.items() if form != "parquet"},
}
SCANS = {
    "csv": csv_files.scan,
    "parquet": parquet_files.scan,
    "json": json_files.scan,
    "delta": delta_files.scan,
}


def list_feeds(
    spark: Any, config: Config, night: date, taken: Mapping[str, int | None] = {}
) -> tuple[list[FeedFile], list[str]]:
    """Every feed's files and the faults found. `taken`: the feeds of which files were taken before, and of a Delta table the
    last version; a required feed has files, or had some before."""
    found, faults = [], []
    for feed in FEEDS.values():
        files, wrong = list_feed(spark, config, feed, night, taken.get(feed.name))
        if feed.required and feed.name not in taken and not files and not wrong:
            wrong = [
                f"{feed.name}: no file under {config.feed_path(feed.name)}; paths.landing, or path in [feeds.{feed.name}], "
                "says where it is sought"
            ]
        found += files
        faults += wrong
    return found, faults


def list_feed(
    spark: Any, config: Config, feed: FeedSpec, night: date, taken: int | None = None
) -> tuple[list[FeedFile], list[str]]:
    """The feed's files, by path, and the faults found; those under a `dt=` folder of a later day are left for their night.

    Of a Delta table, what came after version `taken`, in the order of its commits."""
    try:
        table = delta_files.table_root(spark, config.feed_path(feed.name))
        if table is not None:
            return delta_files.list_table(spark, feed.name, table, taken), []
    except InputRefusedError as error:
        return [], [f"{feed.name}: {error}"]
    return _list_folder(spark, config, feed, night)


def _list_folder(spark: Any, config: Config, feed: FeedSpec, night: date) -> tuple[list[FeedFile], list[str]]:
    root = spark._jvm.org.apache.hadoop.fs.Path(config.feed_path(feed.name))
    system = root.getFileSystem(spark._jsc.hadoopConfiguration())
    if not system.exists(root):
        return [], []
    found, faults = [], []
    walk = system.listFiles(root, True)
    while walk.hasNext():
        status = walk.next()
        path = one_spelling(status.getPath().toUri().toString())
        within = path.removeprefix(one_spelling(system.makeQualified(root).toUri().toString()))
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
    """The files with their columns, and the faults found: unreadable headers, missing and repeated columns, open quotes."""
    inspected: list[FeedFile] = []
    faults: list[str] = []
    together: dict[tuple[str, str], list[FeedFile]] = defaultdict(list)
    for file in files:
        # The lines of JSON files are looked into by one job a feed; a Delta table knows its columns.
        together[(file.feed, file.format if file.format in ("json", "delta") else file.path)].append(file)
    for (feed, _), group in together.items():
        mapping = config.feed(feed)
        try:
            full = _inspect_group(spark, config, group, mapping)
        except InputRefusedError as error:
            faults.append(str(error))
            continue
        inspected += full
        faults += _column_faults(full, mapping)
    faults += _quote_faults(spark, config, [f for f in inspected if f.format == "csv"])
    order = {(f.feed, f.path): i for i, f in enumerate(files)}
    return sorted(inspected, key=lambda f: order[f.feed, f.path]), faults


def _inspect_group(spark: Any, config: Config, group: list[FeedFile], mapping: Feed) -> list[FeedFile]:
    form = group[0].format
    if form == "delta":
        return delta_files.inspect(spark, config, group)
    if form == "json":
        with broken_files_refused(group):
            return json_files.inspect(spark, group, mapping)
    if form == "csv":
        return [csv_files.inspect(spark, file, mapping) for file in group]
    return [parquet_files.inspect(spark, file) for file in group]


def _quote_faults(spark: Any, config: Config, read: list[FeedFile]) -> list[str]:
    try:
        with broken_files_refused(read):
            faulty = csv_files.left_open(spark, config, read)
    except InputRefusedError as error:
        return [str(error)]
    return [
        f"{file.feed}: {file.path}: a quote is not closed, or closes in the midst of text"
        + (f" (its value begins in line {line:,})" if line else "")
        + ", so that the rows between would be lost in one value; quotes within quotes are doubled (intake.multi_line = false ends "
        "each value with its line)"
        for file, line in faulty
    ]


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
        path = one_spelling(broken.group(1).rstrip(".")) if broken else ""
        if path not in {f.path for f in read}:
            raise
        raise InputRefusedError(
            f"{path}: cannot be read to its end, so nothing of this night counts: the file is damaged or breaks off, or a "
            f"quote in it is not closed within {LONGEST_VALUE:,} characters"
        ) from error


def _column_faults(group: list[FeedFile], mapping: Feed) -> list[str]:
    """Required columns that files of one form lack, and names that stand twice; files without any readable row lack nothing."""
    file, feed = group[0], FEEDS[group[0].feed]
    if file.format == "json" and not any(f.columns for f in group):
        return []
    have = mapped(file.columns, mapping, feed)
    where = file.path if len(group) == 1 else f"{file.path} and the {len(group) - 1} files like it"
    faults = [
        f"{feed.name}: {where}: no column {mapping.rename.get(c, c)!r} for {c}; rename one in [feeds.{feed.name}.rename]"
        for c in feed.required_columns
        if c not in have and c not in mapping.defaults
    ]
    twice = sorted({c for c in file.columns if file.columns.count(c) > 1})
    return faults + [f"{feed.name}: {where}: the column {c!r} stands twice in the header" for c in twice]


def read_files(spark: Any, config: Config, files: list[FeedFile], sample: int | None = None) -> Any:
    """The rows of one feed's files as they stand (`sample`: the first of each group of like files only): FILES -> rows.

    Columns: the contract's columns that any of the files has, as text; `_seq` (intake_seq), `_block` and `_position` (reading
    order within the file), `_line` (the text of a line that could not be parsed, else null); where any file holds numbers,
    `_inexact` (the names of those that may have lost digits)."""
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

    first = files[0]
    known = mapped({c for f in files for c in f.columns}, config.feed(first.feed), FEEDS[first.feed])
    try:
        rows = SCANS[first.format](spark, config, files, known, sample)
    except PySparkException as error:
        reason = str(error).splitlines()[0]
        raise InputRefusedError(f"{first.feed}: {first.path} or one like it: Spark cannot read it: {reason}") from error
    seq_of = spark.createDataFrame([(f.path, f.intake_seq) for f in files], "_path string, _seq bigint")
    return rows.join(F.broadcast(seq_of), on="_path", how="left").drop("_path")
