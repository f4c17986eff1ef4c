"""What people and commands read without Spark: published nights, each at the version that ops/nights pins, and append-only tables."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from headwater.chain import chain, stale
from headwater.errors import ConfigurationError, StorageError
from headwater.store import arrow
from headwater.table import Table
from headwater.tables.ops import NIGHTS


def append_rows(
    lake: str, table: Table, rows: list[dict[str, Any]], storage_options: dict[str, str] | None = None
) -> None:
    """Add rows to an append-only table in one commit; the first writer makes the table (`arrow.append`)."""
    arrow.append(lake, table, pa.Table.from_pylist(rows, schema=arrow.schema(table)), storage_options)


def read_rows(
    lake: str, table: Table, storage_options: dict[str, str] | None = None, night: date | None = None
) -> list[dict[str, Any]]:
    """All rows (of one night if given) of a small table without Spark, sorted by key; none if it was never written."""
    stored = arrow.load(lake, table, night, options=storage_options)
    rows = [] if stored is None else stored.to_pylist()
    return sorted(rows, key=lambda r: tuple(str(r[k]) for k in table.key))


class PublishedReader:
    """The published nights without Spark: small tables as Arrow, each night at the version its newest publication pins."""

    def __init__(self, lake: str, storage_options: dict[str, str] | None = None) -> None:
        self.root = arrow.absolute(lake)
        self.options = storage_options
        rows = self._load(NIGHTS, None, None).to_pylist()
        if not rows:
            raise StorageError(f"{self.root}: no night has been published")
        self._nights = sorted(rows, key=lambda r: (r["sequence"], r["table"]))

    def path(self, table: Table) -> str:
        return f"{self.root}/{table.layer}/{table.name}"

    def _load(self, table: Table, version: int | None, night: date | None, wanted: Any = ()) -> pa.Table:
        rows = arrow.load(self.root, table, night, version, wanted=wanted, options=self.options)
        if rows is None:
            raise StorageError(
                f"{self.path(table)} is not there; is paths.lake right (--config FILE), and has a night been run?"
            )
        return rows

    def model(self, table: Table, night: date | None, **wanted: list[str]) -> pa.Table:
        """Rows of a model table of the night (None: of all), as its newest run left them, where each named column holds one of the
        wanted."""
        rows = self._load(table, None, night, [(column, "in", values) for column, values in wanted.items()])
        return arrow.sort(table, rows)

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

    def read(self, table: Table, night: date | None = None, **wanted: list[str]) -> pa.Table:
        """The rows of a published table of one night (default: the newest), sorted by key; with `wanted` those where each named column
        holds one of the values."""
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
        for column, values in wanted.items():
            rows = rows.filter(pc.is_in(rows[column], pa.array(values)))
        return arrow.sort(table, rows)
