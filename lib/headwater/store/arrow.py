"""Delta tables as Arrow, without a Spark job: what one process holds anyway costs milliseconds a commit here, seconds there."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlparse

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, fs

from headwater.errors import CheckFailedError, StorageError
from headwater.table import Table

Rows: TypeAlias = pa.Table | pd.DataFrame | Iterable[Sequence[Any]]

PLAIN = {
    "string": pa.string(),
    "bigint": pa.int64(),
    "int": pa.int32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}
BATCH = 65_536
SEPARATOR = "\x1f"
OTHER_NIGHT = "holds rows of another night than the one it is written for"


def absolute(address: str) -> str:
    """An address without a trailing slash; a plain path made absolute, so that Spark's folder does not matter."""
    if urlparse(address).scheme:
        return address.rstrip("/")
    return str(Path(address).absolute())


def address(lake: str, table: Table) -> str:
    """Where the table's files are, as the Rust library spells it: S3 without the a."""
    return f"{absolute(lake)}/{table.layer}/{table.name}".replace("s3a://", "s3://", 1)


def type_of(declared: str) -> pa.DataType:
    """A column's type in Arrow, from Spark's name of it."""
    if declared.startswith("decimal("):
        return pa.decimal128(*(int(n) for n in declared[8:-1].split(",")))
    if declared.startswith("array<"):
        return pa.list_(type_of(declared[6:-1]))
    if declared.startswith("struct<"):
        fields = (field.partition(":") for field in declared[7:-1].split(","))
        return pa.struct([(name.strip(), type_of(inner.strip())) for name, _, inner in fields])
    return PLAIN[declared]


def schema(table: Table) -> pa.Schema:
    """The table's columns in Arrow's types, as Spark would write them."""
    return pa.schema([pa.field(c.name, type_of(c.type), not c.required) for c in table.columns])


def to_arrow(table: Table, rows: Rows) -> pa.Table:
    """Rows (by column, or tuples in the order of the columns) in the table's declared columns and types; NaN and None are null.

    Raises CheckFailedError that names the columns that are missing, or hold another type or a null where a value is required."""
    values = _by_column(table, rows)
    faults, arrays = [f"column {c.name} is missing" for c in table.columns if c.name not in values], []
    for column in (c for c in table.columns if c.name in values):
        try:
            array = _array(values[column.name], type_of(column.type))
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
            faults.append(f"column {column.name} is not {column.type}: {error}")
            continue
        if column.required and array.null_count:
            faults.append(f"column {column.name} is null in a row, and it is required")
        arrays.append(array)
    if faults:
        raise CheckFailedError(
            f"{table.full_name} does not fit its declaration: {'; '.join(faults)}; nothing was written"
        )
    return pa.Table.from_arrays(arrays, schema=schema(table))


def _by_column(table: Table, rows: Rows) -> dict[str, Any]:
    if isinstance(rows, pa.Table):
        return {name: rows[name] for name in rows.column_names}
    if isinstance(rows, pd.DataFrame):
        return {str(name): rows[name] for name in rows.columns}
    columns = list(zip(*rows, strict=True)) or [()] * len(table.columns)
    return dict(zip(table.column_names, columns, strict=True))


def _array(values: Any, declared: pa.DataType) -> pa.Array | pa.ChunkedArray:
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return values.cast(declared)
    plain = values.tolist() if hasattr(values, "tolist") else list(values)
    return pa.array(plain, type=declared, from_pandas=True)


def make(lake: str, table: Table) -> None:
    """Make the table with its declared columns, NOT NULL where required, if it is not there."""
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    try:
        DeltaTable.create(address(lake, table), schema(table), mode="ignore", partition_by=list(table.partitions))
    except (DeltaError, OSError) as error:
        raise StorageError(_cannot("written", lake, table, error)) from error


def replace(lake: str, table: Table, rows: pa.Table, fixed: dict[str, Any]) -> int:
    """Replace the rows where every `fixed` column has its value, in one commit; the version that holds them."""
    from deltalake import DeltaTable, write_deltalake
    from deltalake.exceptions import DeltaError

    try:
        stored = DeltaTable(address(lake, table))
        write_deltalake(stored, rows, mode="overwrite", predicate=predicate(fixed))
        return stored.version()
    except (DeltaError, OSError) as error:
        raise StorageError(_cannot("written", lake, table, error)) from error


def append(lake: str, table: Table, rows: pa.Table, options: dict[str, str] | None = None) -> None:
    """Add rows in one commit; writers at once wait for each other and all succeed. The first writer makes the table.

    Raises StorageError with the way out when the store refuses."""
    from deltalake import write_deltalake
    from deltalake.exceptions import DeltaError

    last: Exception | None = None
    # Two appends never conflict, but two writers may race for the number of one commit, or for making the table.
    for _ in range(20):
        try:
            write_deltalake(
                address(lake, table), rows, mode="append", partition_by=list(table.partitions), storage_options=options
            )
            return
        except (DeltaError, OSError) as error:
            last = error
            time.sleep(0.05)
    assert last is not None
    raise StorageError(_cannot("written", lake, table, last)) from last


def load(
    lake: str,
    table: Table,
    night: date | None = None,
    version: int | None = None,
    columns: Sequence[str] | None = None,
    wanted: Sequence[tuple[str, str, Any]] = (),
    options: dict[str, str] | None = None,
) -> pa.Table | None:
    """The table's declared columns (or `columns` of them) of one night or all, where the `wanted` hold; None if it was never written.

    Raises StorageError if it cannot be read."""
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError, TableNotFoundError

    filters = [*([("night", "=", night)] if night else []), *wanted]
    try:
        stored = DeltaTable(address(lake, table), version=version, storage_options=options)
        return stored.to_pyarrow_table(
            filters=filters or None,
            columns=list(columns or table.column_names),
            filesystem=_local(address(lake, table)),
        )
    except TableNotFoundError:
        return None
    except (DeltaError, OSError) as error:
        raise StorageError(_cannot("read", lake, table, error)) from error


def count(lake: str, table: Table, night: date) -> int:
    """The night's rows, by the footers of their files."""
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    try:
        stored = DeltaTable(address(lake, table)).to_pyarrow_dataset(filesystem=_local(address(lake, table)))
        return int(stored.count_rows(filter=pc.field("night") == pa.scalar(night)))
    except (DeltaError, OSError) as error:
        raise StorageError(_cannot("read", lake, table, error)) from error


def files(lake: str, table: Table, night: date | None = None, version: int | None = None) -> list[str] | None:
    """The data files of the table, of one night if given, below its folder; None if their rows alone are not the table's."""
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    try:
        stored = DeltaTable(address(lake, table), version=version)
        # From version 2 on a reader may have to take rows out again (deletion vectors), or to rename columns.
        if stored.protocol().min_reader_version > 1:
            return None
        wanted = [("night", "=", night)] if night and "night" in table.partitions else None
        uris = stored.file_uris(file_pruning_predicate=wanted)
        return sorted(uri.rpartition(f"/{table.full_name}/")[2] for uri in uris)
    except (DeltaError, OSError) as error:
        raise StorageError(_cannot("read", lake, table, error)) from error


def _local(place: str) -> fs.FileSystem | None:
    """Arrow's own file system for a plain path. The Rust library's calls Python from threads, and a process that ends while one of
    them lets go of what it held is aborted."""
    return None if urlparse(place).scheme else fs.SubTreeFileSystem(place, fs.LocalFileSystem())


def _cannot(what: str, lake: str, table: Table, error: Exception) -> str:
    return f"{address(lake, table)} cannot be {what} ({str(error).partition(chr(10))[0]}); is paths.lake right?"


def sort(table: Table, rows: pa.Table) -> pa.Table:
    """The rows in the order of their keys."""
    return rows.take(pc.sort_indices(rows, sort_keys=[(k, "ascending") for k in table.key]))


def fault(table: Table, rows: pa.Table, fixed: dict[str, Any]) -> str | None:
    """Why the rows may not replace those where the `fixed` columns have their values; None if they may."""
    if not rows.num_rows:
        return None if table.may_be_empty else f"no rows for {fixed['night']}; this table may not be empty"
    if not all(
        pc.all(pc.equal(rows[name], pa.scalar(value, rows.schema.field(name).type))).as_py()
        for name, value in fixed.items()
    ):
        return OTHER_NIGHT
    return repeated(table, rows)


def repeated(table: Table, rows: pa.Table) -> str | None:
    """Up to five keys that stand twice, in words; None if there are none."""
    counts = rows.group_by(list(table.key)).aggregate([([], "count_all")])
    twice = sort(table, counts.filter(pc.greater(counts["count_all"], 1)))
    return keys_told(table, twice.slice(0, 5).to_pylist()) if twice.num_rows else None


def keys_told(table: Table, rows: Iterable[Mapping[str, Any]]) -> str:
    return "keys that stand twice: " + "; ".join(", ".join(f"{k}={row[k]}" for k in table.key) for row in rows)


def digest(table: Table, rows: pa.Table) -> str:
    """SHA-256 of the rows as CSV in key order, batch by batch; the members of a list are joined by U+001F."""
    total = hashlib.sha256()
    for batch in sort(table, rows.select(table.column_names)).to_batches(BATCH):
        for i, field in enumerate(batch.schema):
            if pa.types.is_list(field.type):
                batch = batch.set_column(i, field.name, pc.binary_join(batch.column(i), SEPARATOR))
        out = pa.BufferOutputStream()
        csv.write_csv(pa.Table.from_batches([batch]), out, csv.WriteOptions(include_header=False))
        total.update(out.getvalue())
    return total.hexdigest()


def predicate(fixed: dict[str, Any]) -> str:
    """SQL: every `fixed` column has its value, a day or a plain word."""
    return " AND ".join(
        f"{name} = {'DATE' if isinstance(value, date) else ''}'{value}'" for name, value in fixed.items()
    )
