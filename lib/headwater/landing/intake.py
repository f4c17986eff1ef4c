"""A night's intake: take its files, once; read each feed; write its clean table and the rejects; account for every row."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import reduce
from typing import Any

import pyspark.sql.functions as F
from pyspark.sql import DataFrame

from headwater.chain import chain
from headwater.config import Config
from headwater.errors import CheckFailedError, InputRefusedError, listed
from headwater.feeds import FEEDS, FeedSpec
from headwater.landing import clean, files
from headwater.landing.copies import Told
from headwater.landing.formats import delta_files
from headwater.landing.formats.stored import FeedFile, content_id, unknown_columns
from headwater.landing.lexicon import Lexicon
from headwater.landing.money import RATE, daily_rates
from headwater.store import Lake, Written
from headwater.table import Table
from headwater.tables.clean import CLEAN, CLEAN_ORDERS, CLEAN_RATES, REJECTS
from headwater.tables.ops import FILES, INTAKE, NIGHTS
from headwater.tokens import token_function


def take_files(lake: Lake, config: Config, night: date, refresh: bool = False) -> list[FeedFile]:
    """The files of the night: those its first run took, else (and with `refresh` beside those) all that no night has taken yet;
    recorded, with the configuration that reads them, before anything is read.

    Raises InputRefusedError that lists every required feed without any file and every file of another form or without a required
    column, or the taken files that changed or vanished."""
    spark = lake.spark
    numbered, faults, recorded = night_files(lake, config, night, refresh)
    inspected, unfit = files.inspect(spark, config, numbered)
    files.refuse(faults + unfit)
    made_by = set(lake.rows(FILES, night, ["configuration"])["configuration"].to_pylist())
    if recorded and made_by == {config.made_by()}:
        return inspected
    lake.put(FILES, _records(config, inspected, night), night)
    return inspected


def night_files(
    lake: Lake, config: Config, night: date, refresh: bool = False
) -> tuple[list[FeedFile], list[str], bool]:
    """The files of the night, numbered but not inspected, the faults found, and whether the files are recorded; records nothing.

    Those its first run took (InputRefusedError lists those that changed or vanished), else, and with `refresh` beside those, all
    that no night has taken."""
    spark = lake.spark
    records = lake.rows(FILES).to_pylist()
    mine = [r for r in records if r["night"] == night]
    present, faults = files.list_feeds(spark, config, night, _last_versions(records))
    taken = _same_as_taken(spark, mine, present) if mine else []
    if mine and not refresh:
        return taken, [], True
    new = _not_yet_taken(spark, records, present)
    first = 1 + max((r["intake_seq"] for r in records), default=0)
    return taken + [replace(f, intake_seq=first + i) for i, f in enumerate(new)], faults, False


def _last_versions(records: list[dict[str, Any]]) -> dict[str, int | None]:
    """The feeds of which files were taken; of a Delta table the last version that was."""
    last: dict[str, int | None] = {}
    for record in records:
        versions = [v for v in (last.get(record["feed"]), record["version"]) if v is not None]
        last[record["feed"]] = max(versions, default=None)
    return last


def _not_yet_taken(spark: Any, records: list[dict[str, Any]], present: list[FeedFile]) -> list[FeedFile]:
    """Files that no night has taken, in the order of arrival; of files with the same content the first to arrive."""
    seen = {(r["feed"], r["path"], r["bytes"], r["modified_ms"]) for r in records}
    told = Told(records)
    new = []
    for file in sorted(present, key=lambda f: (f.modified_ms, f.path)):
        if (file.feed, file.path, file.bytes, file.modified_ms) in seen:
            continue
        content = None if file.note else content_id(spark, file.path)
        if content and told.knows(file.feed, file.path, content, file.modified_ms):
            continue
        told.add(file.feed, file.path, content, file.modified_ms)
        new.append(replace(file, content=content))
    return new


def _same_as_taken(spark: Any, taken: list[dict[str, Any]], present: list[FeedFile]) -> list[FeedFile]:
    by_path = {(f.feed, f.path): f for f in present}
    same, faults = [], []
    for record in sorted(taken, key=lambda r: r["intake_seq"]):
        file = by_path.get((record["feed"], record["path"]))
        if record["version"] is not None:
            file = delta_files.recorded(spark, record)
        if file is None:
            faults.append(f"{record['path']} is gone")
        elif (file.bytes, file.modified_ms) != (record["bytes"], record["modified_ms"]) and (
            record["content"] is None or content_id(spark, file.path) != record["content"]
        ):
            faults.append(f"{record['path']} has changed")
        else:
            same.append(replace(file, intake_seq=record["intake_seq"], content=record["content"]))
    if faults:
        raise InputRefusedError(
            "This night has taken files that are not there as they were; put them back (a later night takes the new ones):\n"
            + listed(sorted(faults))
        )
    return same


def _records(config: Config, taken: list[FeedFile], night: date) -> list[tuple[Any, ...]]:
    """The rows of FILES."""
    return [
        (
            night,
            f.feed,
            f.path,
            f.intake_seq,
            f.format,
            f.bytes,
            f.modified_ms,
            f.content,
            unknown_columns(f, config.feed(f.feed)),
            f.version,
            f.note,
            config.made_by(),
        )
        for f in taken
    ]


@dataclass(frozen=True)
class Desk:
    """What an intake works with. `wrote` is told of each table that was written."""

    lake: Lake
    config: Config
    night: date
    key: bytes
    lexicon: Lexicon
    wrote: Callable[[Written], None]


def intake(desk: Desk, taken: list[FeedFile]) -> list[tuple[date, str, str, int, int, int]]:
    """FILES -> the clean tables and REJECTS of the night; rows of INTAKE.

    Raises InputRefusedError for a file that cannot be read to its end, CheckFailedError if a row is unaccounted for."""
    try:
        with files.broken_files_refused(taken):
            reads = _write_feeds(desk, taken)
    except InputRefusedError:
        give_back(desk.lake, desk.night)
        raise
    return _account(desk.lake, taken, reads, desk.night)


def give_back(lake: Lake, night: date) -> None:
    """A refused night leaves no row and no taken file, so that it can take the repaired ones.

    One that is published stays so: only the files that came to it since are given back, and the others are marked, for what
    the night is made of is not what was published until it is run again."""
    links = {link.night: link for link in chain(lake.rows(NIGHTS).to_pylist())}
    if night not in links:
        for table in (*CLEAN.values(), REJECTS, FILES):
            lake.put(table, [], night)
        return
    counted = {(row["feed"], row["path"]) for row in lake.rows(INTAKE, night, ["feed", "path"]).to_pylist()}
    kept = [row for row in lake.rows(FILES, night).to_pylist() if (row["feed"], row["path"]) in counted]
    lake.put(FILES, [tuple((row | {"configuration": ""}).values()) for row in kept], night)


def _write_feeds(desk: Desk, taken: list[FeedFile]) -> dict[int, int]:
    """FILES -> the clean tables and REJECTS of the night; the rows read, by intake_seq."""
    lake, night = desk.lake, desk.night
    reads: dict[int, int] = defaultdict(int)
    bad_rows: list[DataFrame] = []
    bad = 0
    by_feed: dict[str, list[FeedFile]] = defaultdict(list)
    for file in taken:
        by_feed[file.feed].append(file)
    with _kept() as kept:
        # Orders are worth what the rates of the same night say.
        for feed in sorted(FEEDS.values(), key=lambda feed: feed.name != "rates"):
            mine = by_feed[feed.name]
            if mine:
                bad += _write_feed(desk, feed, mine, reads, bad_rows, kept)
            # A feed that may be missing costs no commit on a night without it.
            elif feed.required or lake.count(CLEAN[feed.name], night):
                desk.wrote(lake.put(CLEAN[feed.name], [], night))
        if bad_rows:
            desk.wrote(lake.write(REJECTS, reduce(DataFrame.unionByName, bad_rows), night, most=bad))
        else:
            desk.wrote(lake.put(REJECTS, [], night))
    return reads


@contextmanager
def _kept() -> Iterator[list[DataFrame]]:
    """Frames put here are kept in memory until the end."""
    kept: list[DataFrame] = []
    try:
        yield kept
    finally:
        for rows in kept:
            rows.unpersist()


def _write_feed(
    desk: Desk,
    feed: FeedSpec,
    mine: list[FeedFile],
    reads: dict[int, int],
    bad_rows: list[DataFrame],
    kept: list[DataFrame],
) -> int:
    """One feed's FILES -> its clean table; adds to the rows read, the rejects and the frames that are kept. The number of rejects."""
    spark, config, orders = desk.lake.spark, desk.config, feed.name == "orders"
    rows = clean.judge(files.read_files(spark, config, mine), feed, config, token_function(spark, desk.key))
    if sum(f.bytes for f in mine) < config.intake.cache_below_mb * 10**6:
        rows = rows.persist()
        kept.append(rows)
    counts = rows.groupBy("_seq", "_block", *(["day"] if feed.time else [])).agg(
        F.count(F.lit(1)).alias("rows"),
        F.min("_position").alias("first"),
        F.count_if(F.size("rules") > 0).alias("bad"),
    )
    blocks = [r.asDict() for r in counts.collect()]
    judged = clean.Judged(feed, rows, _buckets(blocks))
    rates = _rates(desk, {b["day"] for b in blocks if b["day"]}) if orders else None
    accepted = clean.accepted(judged, desk.night, config, desk.lexicon, rates)
    read, bad = (sum(b[name] for b in blocks) for name in ("rows", "bad"))
    written = desk.lake.write(CLEAN[feed.name], accepted, desk.night, check_key=not orders, most=read - bad)
    desk.wrote(written)
    for block in blocks:
        reads[block["_seq"]] += block["rows"]
    superseded = written.rows < read - bad
    if superseded or bad:
        starts = spark.createDataFrame(_starts(blocks), "_seq bigint, _block bigint, _first bigint, _before bigint")
        bad_rows.append(clean.rejected(judged, starts, desk.night, superseded))
    return int(read - written.rows)


def _rates(desk: Desk, days: set[date]) -> DataFrame | None:
    """CLEAN_RATES of this night and those before -> the rate of each currency on each of the days; None without any.

    So a night's values do not depend on when it is run again: rates that a later night took are not looked at."""
    said = desk.lake.read(CLEAN_RATES).where(F.col("night") <= F.lit(desk.night))
    latest = {
        (row["currency"], row["day"]): row["rate"]
        for row in said.select("night", "currency", "day", "rate").orderBy("night", "currency", "day").collect()
    }
    rates = daily_rates([(currency, day, rate) for (currency, day), rate in latest.items()], days, desk.config.money)
    rows = [(currency, day, str(rate)) for currency, day, rate in rates]
    frame: DataFrame = desk.lake.spark.createDataFrame(rows, "currency string, day date, _rate string")
    return frame.withColumn("_rate", F.col("_rate").try_cast(RATE)) if rates else None


def _buckets(blocks: list[dict[str, Any]]) -> int:
    """Files that the largest day of the feed is spread over."""
    days: dict[Any, int] = defaultdict(int)
    for block in blocks:
        days[block.get("day")] += block["rows"]
    return max(1, math.ceil(max(days.values(), default=0) / clean.ROWS_A_FILE))


def _starts(blocks: Iterable[dict[str, Any]]) -> list[tuple[int, int, int, int]]:
    """For each block of each file: its first reading position, and how many rows of the file stand before it."""
    rows: dict[tuple[int, int], int] = defaultdict(int)
    first: dict[tuple[int, int], int] = {}
    for block in blocks:
        at = (block["_seq"], block["_block"])
        rows[at] += block["rows"]
        first[at] = min(first.get(at, block["first"]), block["first"])
    starts: list[tuple[int, int, int, int]] = []
    before: dict[int, int] = defaultdict(int)
    for seq, block_start in sorted(rows):
        starts.append((seq, block_start, first[(seq, block_start)], before[seq]))
        before[seq] += rows[(seq, block_start)]
    return starts


def _account(
    lake: Lake, taken: list[FeedFile], reads: dict[int, int], night: date
) -> list[tuple[date, str, str, int, int, int]]:
    """Rows of INTAKE from what is stored; every row read is in exactly one place."""
    rejected = _rows_by_file(lake, REJECTS, night)
    accepted: Counter[int] = Counter()
    for feed in {f.feed for f in taken}:
        accepted += _rows_by_file(lake, CLEAN[feed], night)
    counts = [
        (
            night,
            f.feed,
            f.path,
            reads.get(f.intake_seq, 0),
            accepted[f.intake_seq],
            rejected[f.intake_seq],
        )
        for f in taken
    ]
    lost = [f"{path}: {read} read, {a} accepted, {r} rejected" for _, _, path, read, a, r in counts if read != a + r]
    if lost:
        raise CheckFailedError("Rows are unaccounted for:\n" + listed(lost))
    return counts


def _rows_by_file(lake: Lake, table: Table, night: date) -> Counter[int]:
    """The rows of the night by intake_seq; orders, of which a night may hold hundreds of millions, are counted by Spark."""
    if table is CLEAN_ORDERS:
        counts = lake.read(table, night).groupBy("intake_seq").count().collect()
        return Counter({row["intake_seq"]: row["count"] for row in counts})
    return Counter(lake.rows(table, night, ["intake_seq"])["intake_seq"].to_pylist())
