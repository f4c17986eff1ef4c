"""Files of the landing feeds: CSV, JSON lines (both also gzipped) or Parquet, one set a night, and the truth beside them."""

from __future__ import annotations

import gzip
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from headwater.synthetic.columns import plain
from headwater.synthetic.dirty import Spoiler
from headwater.synthetic.params import MarketplaceParams

_ESCAPES = [("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")]


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


def json_lines(table: pa.Table) -> pa.Array:
    """One JSON object a row with its line feed: numbers and flags as such, all else as text; a null is left out."""
    members = []
    for name in table.column_names:
        column = table[name].combine_chunks()
        text, kind = text_column(column), column.type
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
            for mark, escaped in _ESCAPES:
                text = pc.replace_substring(text, mark, escaped)
            text = pc.binary_join_element_wise('"', text, '"', "")
        members.append(pc.binary_join_element_wise(f'"{name}":', text, ""))
    lines = pc.binary_join_element_wise(*members, ",", null_handling="skip")
    return pc.binary_join_element_wise("{", lines, "}\n", "")


# Tables that may wait for the thread that writes Parquet, while the next ones are made; bounds the memory.
_WAITING = 4

LINES: dict[str, Callable[[pa.Table], pa.Array]] = {"csv": csv_lines, "jsonl": json_lines}


class Deliveries:
    """Writes feeds night by night: the first night's files under landing/, each later one's under arrivals/<night>/.

    Use it as a context manager; text files stay open till its end. `rows` counts what was written by feed, `files` the rows
    of each file by (night index, feed, path below landing/).
    """

    def __init__(self, out: Path, params: MarketplaceParams) -> None:
        self._out = out
        self._params = params
        self._open_files: dict[Path, IO[bytes]] = {}
        self._raw: list[IO[bytes]] = []
        self._parts: Counter[Path] = Counter()
        self._truth: dict[str, pq.ParquetWriter] = {}
        self._writer = ThreadPoolExecutor(1)  # one: the rows of a file stay in their order
        self._writing: deque[Future[None]] = deque()
        self._form = params.format.removesuffix(".gz")
        self._spoiler = Spoiler(params, LINES.get(self._form))
        self.rows: Counter[str] = Counter()
        self.files: Counter[tuple[int, str, str]] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.shutdown(wait=True)
        for file in [*self._open_files.values(), *self._raw, *self._truth.values()]:
            file.close()
        self._open_files, self._raw, self._truth = {}, [], {}
        if error is None:
            for written in self._writing:
                written.result()

    @property
    def spoilt(self) -> pa.Table:
        """The bad rows planted so far, one row a (feed, night, rule)."""
        return self._spoiler.table()

    def put(self, feed: str, table: pa.Table, night: int = 0, day: int | None = None) -> None:
        """Write rows of a feed to a night's files; with a `day`, Parquet rows go to that day's folder, text to that month's file."""
        if not table.num_rows:
            return
        broken: list[str] = []
        if self._params.dirty:
            table, broken = self._spoiler.spoil(feed, as_text(table), self._params.night_of(night))
        self.rows[feed] += table.num_rows + len(broken)
        base = folder_of(self._out, self._params, night)
        if self._form == "parquet":
            path = self._parquet(base / feed, night, day)
            path.parent.mkdir(parents=True, exist_ok=True)
            # Readers shall see plain strings: without Arrow's own schema a dictionary column is one.
            self._behind(lambda: pq.write_table(table, path, compression="zstd", store_schema=False))
        else:
            path = base / feed / self._text_name(night, day)
            file = self._opened(path, table.column_names)
            file.write(_bytes(LINES[self._form](table)))
            file.write("".join(broken).encode())
        self.files[night, feed, str(path.relative_to(base / feed))] += table.num_rows + len(broken)

    def put_truth(self, name: str, table: pa.Table) -> None:
        """Append rows to truth/<name>.parquet."""
        table = pa.table({column: plain(table[column]) for column in table.column_names})
        if name not in self._truth:
            path = self._out / "truth" / f"{name}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            self._truth[name] = pq.ParquetWriter(path, table.schema, compression="zstd")
        self._behind(lambda: self._truth[name].write_table(table))

    def _behind(self, write: Callable[[], None]) -> None:
        """Write in the other thread; waits while too much is waiting, and raises what went wrong before."""
        while len(self._writing) >= _WAITING:
            self._writing.popleft().result()
        self._writing.append(self._writer.submit(write))

    def _parquet(self, folder: Path, night: int, day: int | None) -> Path:
        folder = folder if day is None else folder / f"dt={self._params.day_of(day)}"
        part = self._parts[folder]
        self._parts[folder] += 1
        return folder / f"{self._params.night_of(night).isoformat()}-{part:05d}.parquet"

    def _text_name(self, night: int, day: int | None) -> str:
        """One file, or one a month of the days: a reader takes a file of text at a time."""
        month = "" if day is None else f".{self._params.day_of(day)[:7]}"
        return f"{self._params.night_of(night).isoformat()}{month}.{self._params.format}"

    def _opened(self, path: Path, columns: list[str]) -> IO[bytes]:
        if path not in self._open_files:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._open_files[path] = self._new(path)
            if self._form == "csv":
                self._open_files[path].write((",".join(columns) + "\n").encode())
        return self._open_files[path]

    def _new(self, path: Path) -> IO[Any]:
        raw = path.open("wb")
        if not self._params.format.endswith(".gz"):
            return raw
        self._raw.append(raw)
        # No name and no time in the header: the same rows are the same bytes.
        return gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6)  # type: ignore[return-value]


def folder_of(out: Path, params: MarketplaceParams, night: int) -> Path:
    """The folder of a night's feeds: landing/ for the first, arrivals/<night>/ for each later one."""
    return out / "landing" if night == 0 else out / "arrivals" / params.night_of(night).isoformat()


def _bytes(lines: pa.Array) -> memoryview:
    """All lines' bytes at once, straight from Arrow's buffer."""
    offsets = memoryview(lines.buffers()[1]).cast("i")
    return memoryview(lines.buffers()[2])[offsets[lines.offset] : offsets[lines.offset + len(lines)]]
