"""The lake's tables: orders and what grows with them through Spark, what one process holds as Arrow; by path on any file system (a
catalog also gets the names)."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from headwater.config import Config
from headwater.errors import CheckFailedError
from headwater.store import arrow
from headwater.table import Table
from headwater.tables import TABLES

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession


SMALL = 100_000  # rows that this process handles faster than a Spark job is planned
FEW_FILES = 32  # as many as Spark lists without a job
COMMIT_FILE = re.compile(r"\d{20}\.json")


@dataclass(frozen=True)
class Written:
    """What one write did: the rows of the night and the Delta version that holds them."""

    table: str
    rows: int
    version: int
    seconds: float


@dataclass(frozen=True)
class _Commit:
    """A commit of a table: its version, and the rows it wrote."""

    version: int
    rows: int


class Lake:
    """The lake's tables through Spark."""

    def __init__(self, spark: SparkSession, config: Config) -> None:
        self.spark = spark
        self.catalog = config.paths.catalog
        self.root = arrow.absolute(config.paths.lake)
        self._there: set[str] = set()  # tables are made and never removed while a lake is open

    def path(self, table: Table) -> str:
        """Where the table's files are."""
        return f"{self.root}/{table.layer}/{table.name}"

    def address(self, table: Table) -> str:
        """What people call the table: its path, or its name in the catalog."""
        return f"{self.catalog}.{table.layer}.{table.name}" if self.catalog else self.path(table)

    def address_of(self, full_name: str) -> str:
        """The address of a table named layer/name."""
        return self.address(next(t for t in TABLES if t.full_name == full_name))

    def exists(self, table: Table) -> bool:
        from delta.tables import DeltaTable

        if table.full_name not in self._there and DeltaTable.isDeltaTable(self.spark, self.path(table)):
            self._there.add(table.full_name)
        return table.full_name in self._there

    def version(self, table: Table) -> int:
        """The table's newest version."""
        return self._last_commit(table).version

    def _last_commit(self, table: Table) -> _Commit:
        """The newest commit, from its own file of the log: by way of the table it would be several Spark jobs."""
        path_of: Any = self.spark._jvm.org.apache.hadoop.fs.Path  # type: ignore[union-attr]
        place = path_of(f"{self.path(table)}/_delta_log")
        system = place.getFileSystem(self.spark._jsc.hadoopConfiguration())
        names = [status.getPath().getName() for status in system.listStatus(place)]
        newest = max(name for name in names if COMMIT_FILE.fullmatch(name))
        stream = system.open(path_of(place, newest))
        try:
            actions = bytes(stream.readAllBytes()).decode().splitlines()
        finally:
            stream.close()
        told = [json.loads(line) for line in actions]
        metrics = next(action["commitInfo"] for action in told if "commitInfo" in action).get("operationMetrics", {})
        return _Commit(int(newest.removesuffix(".json")), int(metrics.get("numOutputRows", 0)))

    def create(self, table: Table) -> bool:
        """Make the table with its declared columns, NOT NULL where required, if it is not there; name it in the catalog. True if
        it is new."""
        new = not self.exists(table)
        if new:
            arrow.make(self.root, table)
        if self.catalog and not self.spark.catalog.tableExists(self.address(table)):
            place = self.path(table).replace("\\", "\\\\").replace("'", "\\'")
            self.spark.sql(f"CREATE SCHEMA IF NOT EXISTS {self.catalog}.{table.layer}")
            self.spark.sql(f"CREATE TABLE IF NOT EXISTS {self.address(table)} USING delta LOCATION '{place}'")
        return new

    def read(self, table: Table, night: date | None = None, version: int | None = None) -> DataFrame:
        """The table's rows, of one night if given; a table that was never written has none."""
        files = arrow.files(self.root, table, night, version) if self.exists(table) else []
        if files == []:
            return self.spark.createDataFrame([], table.schema())
        if files is not None and len(files) <= FEW_FILES:
            # Delta's own reader finds the same files, by jobs that take longer than reading so few of them.
            reader = self.spark.read.schema(table.schema()).option("basePath", self.path(table))
            frame = reader.parquet(*(_as_pattern(f"{self.path(table)}/{file}") for file in files))
            return frame.select(*table.column_names)
        reader = self.spark.read
        if version is not None:
            reader = reader.option("versionAsOf", version)
        frame = reader.format("delta").load(self.path(table))
        return frame if night is None else frame.where(frame["night"] == night)

    def write(
        self, table: Table, frame: DataFrame, night: date, check_key: bool = True, most: int | None = None
    ) -> Written:
        """Replace the night's rows of the table by `frame`, whole, in one commit; few rows (`most`: at most so many) by way of this
        process.

        Raises CheckFailedError if the frame does not fit the declaration, holds rows of another night, lacks a required
        value, repeats a key (up to five are named), or is empty where the table may not be. `check_key=False` is for a
        table so large that its stage has to make the key unique itself."""
        start = time.monotonic()
        frame = table.conform(frame)
        if most is not None and most <= SMALL:
            return self.put(table, frame.toArrow(), night, since=start)
        new = self.create(table)
        if not table.may_be_empty:
            frame = frame.persist()
        try:
            # An empty frame would replace the night by nothing, in silence.
            if not table.may_be_empty and frame.isEmpty():
                raise CheckFailedError(f"{self.address(table)}: no rows for {night}; this table may not be empty")
            if new:
                # Nothing to replace: Delta need not look for it, which takes half of a small write.
                self._save(table, _only(frame, night).write.mode("append"))
            else:
                replaced = arrow.predicate({"night": night})
                self._save(table, frame.write.mode("overwrite").option("replaceWhere", replaced))
        finally:
            if not table.may_be_empty:
                frame.unpersist()
        # Whoever writes holds the lake, so the newest commit is this one.
        commit = self._last_commit(table)
        if check_key and commit.rows > 1:
            self._check_key(table, commit, night)
        return Written(table.full_name, commit.rows, commit.version, time.monotonic() - start)

    def forget(self, table: Table, before: date) -> None:
        """Delete the rows of days before `before` that a night before it took; their files go with the next VACUUM."""
        from delta.tables import DeltaTable

        old = f"night < DATE'{before}' AND day < DATE'{before}'"
        DeltaTable.forPath(self.spark, self.path(table)).delete(old)

    def count(self, table: Table, night: date | None) -> int:
        """The night's rows, by the footers of their files."""
        return arrow.count(self.root, table, night) if night and self.exists(table) else 0

    def append(self, table: Table, rows: arrow.Rows) -> None:
        """Add rows that this process holds, in one commit."""
        self.create(table)
        arrow.append(self.root, table, arrow.to_arrow(table, rows))

    def _save(self, table: Table, writer: Any) -> None:
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException

        try:
            writer.format("delta").save(self.path(table))
        except (PySparkException, Py4JError) as error:
            fault = _row_fault(error)
            if fault is None:
                raise
            raise CheckFailedError(f"{self.address(table)}: {fault}; nothing was written") from error

    def _check_key(self, table: Table, commit: _Commit, night: date) -> None:
        """Raise CheckFailedError that names up to five keys which stand twice among the rows of the commit."""
        import pyspark.sql.functions as F

        if commit.rows <= SMALL:
            # Few keys are counted faster here than by a job.
            told = arrow.repeated(table, self.rows(table, night, table.key))
            if told:
                raise CheckFailedError(f"{self.address(table)}: {told}")
            return
        repeated = self.read(table, night).groupBy(*table.key).count().where(F.col("count") > 1).orderBy(*table.key)
        twice = [row.asDict() for row in repeated.limit(5).collect()]
        if twice:
            raise CheckFailedError(f"{self.address(table)}: {arrow.keys_told(table, twice)}")

    def rows(
        self,
        table: Table,
        night: date | None = None,
        columns: Sequence[str] | None = None,
        version: int | None = None,
        wanted: Sequence[tuple[str, str, Any]] = (),
    ) -> pa.Table:
        """The rows as Arrow, of one night if given, in no Spark job: for tables no larger than the shops. None if never written."""
        found = arrow.load(self.root, table, night, version, columns, wanted)
        return arrow.schema(table).empty_table().select(columns or table.column_names) if found is None else found

    def put(
        self,
        table: Table,
        rows: arrow.Rows,
        night: date,
        part: tuple[str, str] | None = None,
        since: float | None = None,
    ) -> Written:
        """`write` for rows that this process holds (by column, or tuples), with the same checks: no Spark job, so much faster.

        With `part` (partition column, value) those rows of the night alone. `since`: when the work on them began."""
        start = since or time.monotonic()
        stored = arrow.to_arrow(table, rows)
        fixed: dict[str, Any] = {"night": night} | (dict([part]) if part else {})
        fault = arrow.fault(table, stored, fixed)
        if fault:
            raise CheckFailedError(f"{self.address(table)}: {fault}")
        self.create(table)
        version = arrow.replace(self.root, table, stored, fixed)
        return Written(table.full_name, stored.num_rows, version, time.monotonic() - start)

    def digest(self, table: Table, night: date, version: int | None = None) -> tuple[int, str]:
        """The night's rows, and their digest (`arrow.digest`)."""
        rows = self.rows(table, night, version=version)
        return rows.num_rows, arrow.digest(table, rows)


def _as_pattern(path: str) -> str:
    """A path as Spark takes it, which reads each as a pattern."""
    return re.sub(r"([\\\[\]{}*?])", r"\\\1", path)


def _only(frame: DataFrame, night: date) -> DataFrame:
    """The frame, which fails at a row of another night."""
    import pyspark.sql.functions as F

    ours = F.col("night").eqNullSafe(F.lit(night))
    return frame.withColumn("night", F.when(ours, F.col("night")).otherwise(F.raise_error(F.lit(arrow.OTHER_NIGHT))))


def _row_fault(error: Exception) -> str | None:
    """Which rule of the table the rows break, from the causes that Delta wraps; None if the error is another one."""
    java = getattr(error, "java_exception", None) or getattr(error, "_origin", None)
    text = str(error)
    while java is not None:
        text += f"\n{java.getMessage()}"
        java = java.getCause()
    column = re.search(r"NOT NULL constraint violated for column: ([\w.]+)", text)
    if column:
        return f"column {column.group(1).rstrip('.')} is null in a row, and it is required"
    return arrow.OTHER_NIGHT if "REPLACE_WHERE_MISMATCH" in text or arrow.OTHER_NIGHT in text else None


def one_row(frame: DataFrame) -> dict[str, Any]:
    """The only row of an aggregate, by column."""
    [row] = frame.collect()
    return dict(row.asDict())
