"""The only place that reads or writes Delta: by path on any file system (a catalog also gets the names), through Spark, or, for
the small published tables, without it (`PublishedReader`). Readers go through ops/nights, so nobody sees half a night."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

import pyarrow as pa
import pyarrow.compute as pc

from headwater.chain import chain, stale
from headwater.config import Config
from headwater.errors import CheckFailedError, ConfigurationError, StorageError
from headwater.table import Table
from headwater.tables import TABLES
from headwater.tables.ops import NIGHTS

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import DataFrame, SparkSession


SMALL_TABLE = 100_000
OTHER_NIGHT = "holds rows of another night than the one it is written for"
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
    """A commit of a table: its version, the rows it wrote, and their files."""

    version: int
    rows: int
    files: tuple[str, ...]


class Lake:
    """The lake's tables through Spark."""

    def __init__(self, spark: SparkSession, config: Config) -> None:
        self.spark = spark
        self.catalog = config.paths.catalog
        self.root = absolute(config.paths.lake)
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
        files = tuple(action["add"]["path"] for action in told if "add" in action)
        return _Commit(int(newest.removesuffix(".json")), int(metrics.get("numOutputRows", 0)), files)

    def _stored(self, table: Table, files: Sequence[str], fixed: dict[str, Any]) -> DataFrame:
        """The keys of a commit's rows: from its files, whose folders say what is `fixed`."""
        import pyspark.sql.functions as F
        from pyspark.sql.types import StructType

        if set(table.partitions) - fixed.keys():
            return self.read(table, fixed["night"])
        inside = [f for f in table.schema().fields if f.name in table.key and f.name not in table.partitions]
        # Spark reads a path as a pattern; these are names.
        paths = [re.sub(r"([\\\[\]{}*?])", r"\\\1", f"{self.path(table)}/{unquote(file)}") for file in files]
        rows = self.spark.read.schema(StructType(inside)).parquet(*paths)
        return rows.withColumns({name: F.lit(fixed[name]) for name in table.partitions})

    def create(self, table: Table) -> bool:
        """Make the table with its declared columns, NOT NULL where required, if it is not there; name it in the catalog. True if
        it is new."""
        new = not self.exists(table)
        if new:
            self._make(table)
        if self.catalog and not self.spark.catalog.tableExists(self.address(table)):
            place = self.path(table).replace("\\", "\\\\").replace("'", "\\'")
            self.spark.sql(f"CREATE SCHEMA IF NOT EXISTS {self.catalog}.{table.layer}")
            self.spark.sql(f"CREATE TABLE IF NOT EXISTS {self.address(table)} USING delta LOCATION '{place}'")
        return new

    def _make(self, table: Table) -> None:
        from delta.tables import DeltaTable
        from pyspark.sql.types import StructField, StructType

        required = {c.name for c in table.columns if c.required}
        schema = StructType([StructField(f.name, f.dataType, f.name not in required) for f in table.schema().fields])
        builder = DeltaTable.createIfNotExists(self.spark).location(self.path(table)).addColumns(schema)
        if table.partitions:
            builder = builder.partitionedBy(*table.partitions)
        builder.execute()

    def read(self, table: Table, night: date | None = None, version: int | None = None) -> DataFrame:
        """The table's rows, of one night if given; a table that was never written has none."""
        if not self.exists(table):
            return self.spark.createDataFrame([], table.schema())
        reader = self.spark.read
        if version is not None:
            reader = reader.option("versionAsOf", version)
        frame = reader.format("delta").load(self.path(table))
        return frame if night is None else frame.where(frame["night"] == night)

    def published(self, table: Table, night: date) -> DataFrame:
        """The rows of a night as its newest publication pins them, whatever an unfinished run of it wrote since; none if there are none."""
        import pyspark.sql.functions as F
        from pyspark.errors import PySparkException

        rows = self.read(NIGHTS).where((F.col("night") == F.lit(night)) & (F.col("table") == table.full_name))
        pinned = rows.orderBy(F.desc("sequence")).limit(1).collect()
        if not pinned:
            return self.spark.createDataFrame([], table.schema())
        try:
            return self.read(table, night, pinned[0]["version"])
        except PySparkException:
            # The night's own version is kept for as long as the retention says; after it, the newest one holds all nights.
            return self.read(table, night)

    def write(
        self, table: Table, frame: DataFrame, night: date, check_key: bool = True, part: tuple[str, str] | None = None
    ) -> Written:
        """Replace the night's rows of the table by `frame`, whole, in one commit; with `part` (partition column, value) those alone.

        Raises CheckFailedError if the frame does not fit the declaration, holds rows of another night, lacks a required
        value, repeats a key (up to five are named), or is empty where the table may not be. `check_key=False` is for a
        table so large that its stage has to make the key unique itself."""
        start = time.monotonic()
        frame = table.conform(frame)
        fixed: dict[str, Any] = {"night": night} | (dict([part]) if part else {})
        new = self.create(table)
        if not table.may_be_empty:
            frame = frame.persist()
        try:
            # An empty frame would replace the night by nothing, in silence.
            if not table.may_be_empty and frame.isEmpty():
                raise CheckFailedError(f"{self.address(table)}: no rows for {night}; this table may not be empty")
            if new:
                # Nothing to replace: Delta need not look for it, which takes half of a small write.
                self._save(table, _only(frame, fixed).write.mode("append"))
            else:
                replaced = " AND ".join(f"{name} = {_literal(value)}" for name, value in fixed.items())
                self._save(table, frame.write.mode("overwrite").option("replaceWhere", replaced))
        finally:
            if not table.may_be_empty:
                frame.unpersist()
        # Whoever writes holds the lake, so the newest commit is this one.
        commit = self._last_commit(table)
        if check_key and commit.rows > 1:
            self._check_key(table, self._stored(table, commit.files, fixed), commit.rows)
        return Written(table.full_name, commit.rows, commit.version, time.monotonic() - start)

    def forget(self, table: Table, before: date) -> None:
        """Delete the rows of days before `before` that a night before it took; their files go with the next VACUUM."""
        from delta.tables import DeltaTable

        old = f"night < DATE'{before}' AND day < DATE'{before}'"
        DeltaTable.forPath(self.spark, self.path(table)).delete(old)

    def append(self, table: Table, frame: DataFrame) -> int:
        """Add rows in one commit; the version that holds them."""
        self.create(table)
        self._save(table, table.conform(frame).write.mode("append"))
        return self.version(table)

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

    def _check_key(self, table: Table, stored: DataFrame, rows: int) -> None:
        """Raise CheckFailedError that names up to five keys which stand twice among the stored rows."""
        import pyspark.sql.functions as F

        if rows <= SMALL_TABLE:
            # A shuffle costs a second; few keys are counted faster here.
            keys = stored.select(*table.key).toArrow()
            counts = keys.group_by(list(table.key)).aggregate([([], "count_all")])
            repeated = counts.filter(pc.greater(counts["count_all"], 1)).sort_by([(k, "ascending") for k in table.key])
            twice = repeated.slice(0, 5).to_pylist()
        else:
            repeated = stored.groupBy(*table.key).count().where(F.col("count") > 1).orderBy(*table.key)
            twice = [row.asDict() for row in repeated.limit(5).collect()]
        if twice:
            raise CheckFailedError(
                f"{self.address(table)}: keys that stand twice: "
                + "; ".join(", ".join(f"{k}={row[k]}" for k in table.key) for row in twice)
            )

    def digest(self, table: Table, night: date, version: int | None = None) -> tuple[int, str]:
        """The night's rows, and SHA-256 over the SHA-256 of each canonical row (JSON of all columns, nulls kept), in key order."""
        import pyspark.sql.functions as F

        canonical = F.to_json(F.struct(*table.column_names), {"ignoreNullFields": "false"})
        keyed = self.read(table, night, version).select(*table.key, F.unhex(F.sha2(canonical, 256)).alias("_row"))
        rows = keyed.toArrow()
        in_order = pc.sort_indices(rows, sort_keys=[(k, "ascending") for k in table.key])
        total = hashlib.sha256()
        for row in rows.column("_row").take(in_order):
            total.update(row.as_buffer())
        return rows.num_rows, total.hexdigest()


def _literal(value: Any) -> str:
    return f"DATE'{value}'" if isinstance(value, date) else f"'{value}'"


def _only(frame: DataFrame, fixed: dict[str, Any]) -> DataFrame:
    """The frame, which fails at a row that has another value in one of the `fixed` columns."""
    import pyspark.sql.functions as F

    for column, value in fixed.items():
        ours = F.when(F.col(column).eqNullSafe(F.lit(value)), F.col(column)).otherwise(
            F.raise_error(F.lit(OTHER_NIGHT))
        )
        frame = frame.withColumn(column, ours)
    return frame


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
    return OTHER_NIGHT if "REPLACE_WHERE_MISMATCH" in text or OTHER_NIGHT in text else None


def to_frame(spark: SparkSession, table: Table, rows: pd.DataFrame) -> DataFrame:
    """Rows made on the driver as a frame of the table's columns; NaN and None are null."""
    from pyspark.sql.pandas.types import to_arrow_schema

    schema = to_arrow_schema(table.schema())
    columns = [pa.array(rows[f.name].tolist(), type=f.type, from_pandas=True) for f in schema]
    return spark.createDataFrame(pa.Table.from_arrays(columns, schema=schema))


def one_row(frame: DataFrame) -> dict[str, Any]:
    """The only row of an aggregate, by column."""
    [row] = frame.collect()
    return dict(row.asDict())


def absolute(address: str) -> str:
    """An address without a trailing slash; a plain path made absolute, so that Spark's folder does not matter."""
    if urlparse(address).scheme:
        return address.rstrip("/")
    return str(Path(address).absolute())


def _rust_address(lake: str, table: Table) -> str:
    """Where the table's files are, as the Rust library spells it: S3 without the a."""
    return f"{absolute(lake)}/{table.layer}/{table.name}".replace("s3a://", "s3://", 1)


def append_rows(
    lake: str, table: Table, rows: list[dict[str, Any]], storage_options: dict[str, str] | None = None
) -> None:
    """Add rows to an append-only table without Spark, in one commit; writers at once wait for each other and all succeed.

    The first writer makes the table. Raises StorageError with the way out when the store refuses."""
    from deltalake import write_deltalake
    from deltalake.exceptions import DeltaError

    path = _rust_address(lake, table)
    data = pa.Table.from_pylist(rows, schema=arrow_schema(table))
    fault: Exception | None = None
    # Two appends never conflict, but two writers may race for the number of one commit, or for making the table.
    for _ in range(20):
        try:
            write_deltalake(path, data, mode="append", storage_options=storage_options)
            return
        except (DeltaError, OSError) as error:
            fault = error
            time.sleep(0.05)
    raise StorageError(
        f"{path} cannot be written ({str(fault).partition(chr(10))[0]}); is paths.lake right?"
    ) from fault


def read_rows(lake: str, table: Table, storage_options: dict[str, str] | None = None) -> list[dict[str, Any]]:
    """All rows of a small table without Spark, sorted by key; none if it was never written."""
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError, TableNotFoundError

    path = _rust_address(lake, table)
    try:
        rows = DeltaTable(path, storage_options=storage_options).to_pyarrow_table().to_pylist()
    except TableNotFoundError:
        return []
    except (DeltaError, OSError) as error:
        raise StorageError(
            f"{path} cannot be read ({str(error).partition(chr(10))[0]}); is paths.lake right?"
        ) from error
    return sorted(rows, key=lambda r: tuple(str(r[k]) for k in table.key))


ARROW = {
    "string": pa.string(),
    "bigint": pa.int64(),
    "int": pa.int32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}


def arrow_schema(table: Table) -> pa.Schema:
    """The Arrow schema of a table of plain columns, as Spark would write it."""
    return pa.schema([pa.field(c.name, ARROW[c.type], not c.required) for c in table.columns])


class PublishedReader:
    """The published nights without Spark: small tables as Arrow, each night at the version its newest publication pins."""

    def __init__(self, lake: str, storage_options: dict[str, str] | None = None) -> None:
        self.root = absolute(lake)
        self.options = storage_options
        rows = self._load(NIGHTS, None).to_pylist()
        if not rows:
            raise StorageError(f"{self.root}: no night has been published")
        self._nights = sorted(rows, key=lambda r: (r["sequence"], r["table"]))

    def path(self, table: Table) -> str:
        return f"{self.root}/{table.layer}/{table.name}"

    def _address(self, table: Table) -> str:
        return _rust_address(self.root, table)

    def _load(
        self, table: Table, version: int | None, night: date | None = None, wanted: Sequence[tuple[str, str, Any]] = ()
    ) -> pa.Table:
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError

        try:
            stored = DeltaTable(self._address(table), version=version, storage_options=self.options)
            filters = None if night is None else [("night", "=", night), *wanted]
            return stored.to_pyarrow_table(filters=filters)
        except (DeltaError, OSError, FileNotFoundError) as error:
            raise StorageError(
                f"{self._address(table)} cannot be read ({str(error).partition(chr(10))[0]}); "
                "is paths.lake right, and has a night been run?"
            ) from error

    def model(self, table: Table, night: date, **wanted: list[str]) -> pa.Table:
        """Rows of a model table of the night, as its newest run left them, where each named column holds one of the wanted."""
        rows = self._load(table, None, night, [(column, "in", values) for column, values in wanted.items()])
        rows = rows.select(table.column_names)
        return rows.take(pc.sort_indices(rows, sort_keys=[(k, "ascending") for k in table.key]))

    @property
    def stale(self) -> list[date]:
        """Published nights that rest on one that was made anew after them: to be run again, in this order."""
        return stale(chain(self._nights))

    @property
    def nights(self) -> list[date]:
        """Published nights, oldest first."""
        return sorted({r["night"] for r in self._nights})

    def publication(self, night: date) -> dict[str, dict[str, Any]]:
        """What the newest publication of the night holds: by table, its version, rows, digest and run."""
        found = {r["table"]: r for r in self._nights if r["night"] == night}
        if not found:
            known = ", ".join(str(n) for n in self.nights[-5:])
            raise ConfigurationError(f"{night} is not published; the latest nights are {known}")
        return found

    def read(self, table: Table, night: date | None = None) -> pa.Table:
        """The rows of a published table of one night (default: the newest), sorted by key."""
        night = night or self.nights[-1]
        published = self.publication(night).get(table.full_name)
        if published is None:
            raise StorageError(f"{table.full_name} was not published on {night}")
        try:
            rows = self._load(table, published["version"], night)
        except StorageError:
            # The night's own version is kept for as long as the retention says; after it, the newest one holds all nights.
            newest = next(r for r in reversed(self._nights) if r["table"] == table.full_name)
            rows = self._load(table, newest["version"], night)
        if rows.num_rows != published["rows"]:
            raise StorageError(
                f"{self.path(table)}: {rows.num_rows} rows of {night}, published were {published['rows']}; "
                f"a later run of that night was not finished: headwater run --night {night}"
            )
        rows = rows.select(table.column_names)
        return rows.take(pc.sort_indices(rows, sort_keys=[(k, "ascending") for k in table.key]))
