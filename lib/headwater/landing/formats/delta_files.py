"""A Delta table as a feed: the data files that its commits add are the files that arrive.

The first night takes the table as it stands. Each later one takes what the commits since then added, at the version that
holds it. What a commit rewrites (OPTIMIZE) brings no row; what it takes away (DELETE, UPDATE, MERGE, an overwrite) is a file
of the night without rows whose `note` says so: a row that was taken stays until the feed itself withdraws it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from headwater.config import Config
from headwater.errors import InputRefusedError
from headwater.feeds import TABLE_NAME
from headwater.landing.formats.parquet_files import as_texts
from headwater.landing.formats.stored import FeedFile, hadoop_path, one_spelling


@dataclass
class _Commit:
    """What one version of the table says: data files added, names of those taken away, and by which operation."""

    version: int
    path: str
    added: list[dict[str, Any]] = field(default_factory=list)
    removed: set[str] = field(default_factory=set)
    info: dict[str, Any] = field(default_factory=dict)


def table_root(spark: Any, address: str) -> str | None:
    """Where the Delta table at an address is, as a URI: a folder with a log, or a name of the catalog; None if it is neither.

    Raises InputRefusedError for a table of the catalog that is no Delta table."""
    root = spark._jvm.org.apache.hadoop.fs.Path(address)
    system = root.getFileSystem(spark._jsc.hadoopConfiguration())
    if system.exists(spark._jvm.org.apache.hadoop.fs.Path(root, "_delta_log")):
        return str(system.makeQualified(root).toUri().toString())
    if not re.match(TABLE_NAME, address) or system.exists(root) or not spark.catalog.tableExists(address):
        return None
    detail = spark.sql(f"DESCRIBE TABLE EXTENDED {address}").where("col_name in ('Provider', 'Location')").collect()
    told = {row["col_name"]: row["data_type"] for row in detail}
    if told.get("Provider", "").lower() != "delta":
        raise InputRefusedError(
            f"{address}: a table of {told.get('Provider')}; of tables in a catalog only Delta is read"
        )
    return str(spark._jvm.org.apache.hadoop.fs.Path(told["Location"]).toUri().toString())


@contextmanager
def _readable(address: str) -> Iterator[None]:
    """What Delta or the store says against a table refuses it by its address."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError) as error:
        java = getattr(error, "java_exception", None)
        reason = (str(java.getMessage() if java else error).splitlines() or [""])[0]
        raise InputRefusedError(f"{address} cannot be read as a Delta table: {reason}") from error


def list_table(spark: Any, feed: str, root: str, taken: int | None) -> list[FeedFile]:
    """The files of the table that arrived after version `taken` (None: all that it holds), in the order of its commits."""
    with _readable(root):
        return _arrived(spark, feed, root, taken)


def _arrived(spark: Any, feed: str, root: str, taken: int | None) -> list[FeedFile]:
    log = _log(spark, root)
    newest = int(log.update(False, _none(spark), _none(spark)).version())
    commits = None if taken is None else list(_commits(spark, root, taken + 1, newest))
    live = {_place(root, row["path"]): row for row in _live(spark, log, newest)}
    if commits is None:
        return [_file(feed, path, row, newest) for path, row in live.items()]
    arrived = []
    for commit in commits:
        for row in commit.added:
            path = _place(root, row["path"])
            if row["dataChange"] and row["path"] not in commit.removed:
                arrived.append(_file(feed, path, row, newest if path in live else commit.version))
        if commit.removed:
            arrived.append(_loss(feed, commit))
    return arrived


def recorded(spark: Any, record: dict[str, Any]) -> FeedFile | None:
    """A row of FILES -> the file of the table as a night took it; None if its data are there no more."""
    place = hadoop_path(spark, record["path"])
    if record["note"] is None and not place.getFileSystem(spark._jsc.hadoopConfiguration()).exists(place):
        return None
    return FeedFile(
        **{name: record[name] for name in ("feed", "path", "format", "bytes", "modified_ms", "version", "note")}
    )


def inspect(spark: Any, config: Config, files: list[FeedFile]) -> list[FeedFile]:
    """The files with the columns of the table at their versions."""
    root = _root(spark, config, files[0].feed)
    with _readable(root):
        log = _log(spark, root)
        versions = {f.version for f in files}
        columns = {v: tuple(_snapshot(spark, log, v).schema().fieldNames()) for v in versions}
    return [replace(f, columns=columns[f.version], schema=str(f.version)) for f in files]


def scan(spark: Any, config: Config, files: list[FeedFile], known: dict[str, str], sample: int | None) -> Any:
    """The rows of files of one version, and of no other file of the table: the known columns as text, and their place."""
    from pyspark.sql import DataFrame

    root = _root(spark, config, files[0].feed)
    log = _log(spark, root)
    snapshot = _snapshot(spark, log, files[0].version)
    wanted = {f.path for f in files}
    # Delta's own scan of chosen files: its reader knows partitions, renamed columns and deletion vectors.
    adds = spark._jvm.java.util.ArrayList()
    for add in snapshot.allFiles().collectAsList():
        if _place(root, add.path()) in wanted:
            adds.add(add)
    chosen = spark._jvm.scala.jdk.javaapi.CollectionConverters.asScala(adds).toSeq()
    return as_texts(DataFrame(log.createDataFrame(snapshot, chosen, False, _none(spark)), spark), known, sample, {})


def _file(feed: str, path: str, add: dict[str, Any], version: int) -> FeedFile:
    return FeedFile(feed, path, "delta", add["size"], add["modificationTime"], version=version)


def _loss(feed: str, commit: _Commit) -> FeedFile:
    metrics = commit.info.get("operationMetrics", {})
    counts = [f"{metrics[name]} {what}" for name, what in _TOLD.items() if metrics.get(name, "0") != "0"]
    note = f"{commit.info.get('operation', 'a commit')} took away or rewrote {len(commit.removed)} files"
    told = f"{note} ({', '.join(counts)})" if counts else note
    at = int(commit.info.get("timestamp", 0))
    return FeedFile(
        feed, commit.path, "delta", 0, at, version=commit.version, note=f"{told}; rows that were taken stay"
    )


_TOLD = {
    "numDeletedRows": "rows deleted",
    "numUpdatedRows": "rows updated",
    "numTargetRowsDeleted": "rows deleted",
    "numTargetRowsUpdated": "rows updated",
}


def _commits(spark: Any, root: str, first: int, last: int) -> Iterator[_Commit]:
    """The commits of these versions. Raises InputRefusedError if the table's log no longer has one of them."""
    import pyspark.sql.functions as F

    if first > last:
        return
    paths = {f"{root}/_delta_log/{version:020d}.json": version for version in range(first, last + 1)}
    for path, version in paths.items():
        place = hadoop_path(spark, path)
        if not place.getFileSystem(spark._jsc.hadoopConfiguration()).exists(place):
            raise InputRefusedError(
                f"{root}: the log of this table has lost version {version}, which was not taken; let a new feed "
                "address hold the table as it stands, or keep its log longer than the time between two nights"
            )
    lines = spark.read.text([hadoop_path(spark, path).toString() for path in paths])
    lines = lines.where(F.col("value").rlike(r'^\{"(add|remove|commitInfo)"'))
    commits = {one_spelling(path): _Commit(version, path) for path, version in paths.items()}
    for row in lines.select("value", F.col("_metadata.file_path").alias("path")).collect():
        [(kind, action)] = json.loads(row["value"]).items()
        commit = commits[one_spelling(row["path"])]
        if kind == "add":
            commit.added.append(action)
        elif kind == "commitInfo":
            commit.info = action
        elif action.get("dataChange", True):
            commit.removed.add(action["path"])
    yield from commits.values()


def _live(spark: Any, log: Any, version: int) -> list[dict[str, Any]]:
    from pyspark.sql import DataFrame

    files = DataFrame(_snapshot(spark, log, version).allFiles().toDF(), spark)
    return [row.asDict() for row in files.select("path", "size", "modificationTime").collect()]


def _place(root: str, path: str) -> str:
    """The URI of a file that the log names within the table, or anywhere."""
    return one_spelling(path if re.match(r"^[A-Za-z][\w+.-]*:/", path) else f"{root}/{path}")


def _root(spark: Any, config: Config, feed: str) -> str:
    root = table_root(spark, config.feed_path(feed))
    if root is None:
        raise InputRefusedError(f"{feed}: no Delta table at {config.feed_path(feed)}")
    return root


def _log(spark: Any, root: str) -> Any:
    place = spark._jvm.org.apache.hadoop.fs.Path(spark._jvm.java.net.URI(root))
    return spark._jvm.org.apache.spark.sql.delta.DeltaLog.forTable(spark._jsparkSession, place)


def _snapshot(spark: Any, log: Any, version: int | None) -> Any:
    return log.getSnapshotAt(version, _none(spark), _none(spark), False)


def _none(spark: Any) -> Any:
    return getattr(getattr(spark._jvm.scala, "None$"), "MODULE$")
