"""Files of the landing feeds: CSV, gzipped CSV or Parquet, one set a night, and the truth beside them."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from headwater.synthetic.columns import plain
from headwater.synthetic.dirty import Spoiler
from headwater.synthetic.params import MarketplaceParams


def text_column(column: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """Any column as the text a CSV file holds: ISO-8601 with Z, two decimals for money, true and false."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        return pc.strftime(column.cast(pa.timestamp("s", "UTC")), format="%Y-%m-%dT%H:%M:%SZ")
    return plain(column) if pa.types.is_dictionary(kind) else column.cast(pa.string())


def as_text(table: pa.Table) -> pa.Table:
    """The table with every column as text; nulls stay nulls."""
    return pa.table({name: text_column(table[name]) for name in table.column_names})


def csv_lines(table: pa.Table) -> pa.Array:
    """One CSV line a row with its line feed (RFC 4180: quoted where needed, quotes doubled); null is an empty field."""
    fields = []
    for name in table.column_names:
        column = text_column(table[name].combine_chunks())
        special = pc.match_substring_regex(column, '[",\r\n]')
        if pc.any(special).as_py():
            quoted = pc.binary_join_element_wise('"', pc.replace_substring(column, '"', '""'), '"', "")
            column = pc.if_else(special, quoted, column)
        fields.append(column)
    lines = pc.binary_join_element_wise(*fields, ",", null_handling="replace", null_replacement="")
    return pc.binary_join_element_wise(lines, "\n", "")


class Deliveries:
    """Writes feeds night by night: the first night's files under landing/, each later one's under arrivals/<night>/.

    Use it as a context manager; CSV files stay open till its end. `rows` counts what was written by feed.
    """

    def __init__(self, out: Path, params: MarketplaceParams) -> None:
        self._out = out
        self._params = params
        self._files: dict[Path, IO[bytes]] = {}
        self._raw: list[IO[bytes]] = []
        self._parts: Counter[Path] = Counter()
        self._truth: dict[str, pq.ParquetWriter] = {}
        self._spoiler = Spoiler(params)
        self.rows: Counter[str] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in [*self._files.values(), *self._raw, *self._truth.values()]:
            file.close()

    @property
    def spoilt(self) -> pa.Table:
        """The bad rows planted so far, one row a (feed, night, rule)."""
        return self._spoiler.table()

    def put(self, feed: str, table: pa.Table, night: int = 0, day: int | None = None) -> None:
        """Write rows of a feed to a night's files; Parquet rows with a `day` go to that day's folder."""
        if not table.num_rows:
            return
        broken: list[str] = []
        if self._params.dirty:
            table, broken = self._spoiler.spoil(feed, as_text(table), self._params.night_of(night), csv_lines)
        self.rows[feed] += table.num_rows + len(broken)
        base = (
            self._out / "landing" if night == 0 else self._out / "arrivals" / self._params.night_of(night).isoformat()
        )
        if self._params.format == "parquet":
            self._put_parquet(base / feed, table, night, day)
        else:
            self._put_csv(base / feed, table, night, broken)

    def put_truth(self, name: str, table: pa.Table) -> None:
        """Append rows to truth/<name>.parquet."""
        table = pa.table({column: plain(table[column]) for column in table.column_names})
        if name not in self._truth:
            path = self._out / "truth" / f"{name}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            self._truth[name] = pq.ParquetWriter(path, table.schema, compression="zstd")
        self._truth[name].write_table(table)

    def _put_parquet(self, folder: Path, table: pa.Table, night: int, day: int | None) -> None:
        folder = folder if day is None else folder / f"dt={self._params.day_of(day)}"
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{self._params.night_of(night).isoformat()}-{self._parts[folder]:05d}.parquet"
        self._parts[folder] += 1
        # Readers shall see plain strings: without Arrow's own schema a dictionary column is one.
        pq.write_table(table, folder / name, compression="zstd", store_schema=False)

    def _put_csv(self, folder: Path, table: pa.Table, night: int, broken: list[str]) -> None:
        path = folder / f"{self._params.night_of(night).isoformat()}.{self._params.format}"
        if path not in self._files:
            folder.mkdir(parents=True, exist_ok=True)
            self._files[path] = self._open(path)
            self._files[path].write((",".join(table.column_names) + "\n").encode())
        self._files[path].write(_bytes(csv_lines(table)))
        self._files[path].write("".join(broken).encode())

    def _open(self, path: Path) -> IO[bytes]:
        if self._params.format == "csv":
            return path.open("wb")
        raw = path.open("wb")
        self._raw.append(raw)
        # No name and no time in the header: the same rows are the same bytes.
        return gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6)  # type: ignore[return-value]


def _bytes(lines: pa.Array) -> memoryview:
    """All lines' bytes at once, straight from Arrow's buffer."""
    offsets = memoryview(lines.buffers()[1]).cast("i")
    return memoryview(lines.buffers()[2])[offsets[lines.offset] : offsets[lines.offset + len(lines)]]
