"""What each night must count, and which files it finds, summed up while the feeds are written."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headwater.synthetic.arrivals import Delivery
from headwater.synthetic.params import MarketplaceParams
from headwater.synthetic.write import folder_of

_COPIED_FEED, _VANISHING_FEED = "complaints", "supplier_links"


class Ledger:
    """Changes by the night on which they first count: a row from the future counts on its own day's night."""

    def __init__(self, params: MarketplaceParams) -> None:
        self._params = params
        self._changes: dict[str, np.ndarray[tuple[int], np.dtype[np.int64]]] = {}

    def _add(self, name: str, night: int, amount: int) -> None:
        self._changes.setdefault(name, np.zeros(self._params.nights, np.int64))[night] += amount

    def own_night(self, day: int) -> int:
        """The night index of a day of the window."""
        return max(day - (self._params.days - self._params.nights), 0)

    def order(self, delivery: Delivery, day: int) -> None:
        """Count a delivery of order lines of one day."""
        rows, night = delivery.rows, max(delivery.night, self.own_night(day))
        pieces = int(pc.sum(pc.fill_null(rows["quantity"], 1)).as_py())
        if delivery.what == "new":
            dead = rows.filter(rows["voided"])
            self._add("order_rows", delivery.night, rows.num_rows)
            self._add("order_lines", night, rows.num_rows - dead.num_rows)
            self._add("voided_lines", night, dead.num_rows)
            self._add("quantity", night, pieces - int(pc.sum(pc.fill_null(dead["quantity"], 1)).as_py() or 0))
            self._add("orders_seen", night, rows.num_rows)
        elif delivery.what == "corrected":
            self._add("order_rows_again", night, rows.num_rows)
            self._add("quantity", night, rows.num_rows)  # each by one piece more
        else:
            self._add("order_rows_again", night, rows.num_rows)
            self._add("order_lines", night, -rows.num_rows)
            self._add("voided_lines", night, rows.num_rows)
            self._add("quantity", night, -pieces)

    def complaint(self, delivery: Delivery, day: int) -> None:
        """Count a delivery of the complaints filed on one day."""
        rows, night = delivery.rows, max(delivery.night, self.own_night(day))
        if delivery.what == "new":
            gone = int(pc.sum(pc.fill_null(pc.equal(rows["status"], "withdrawn"), False)).as_py())
            self._add("complaint_rows", delivery.night, rows.num_rows)
            self._add("complaints", night, rows.num_rows)
            self._add("withdrawn", night, gone)
        else:
            self._add("complaint_rows_again", night, rows.num_rows)
            self._add("withdrawn", night, rows.num_rows)

    def table(self) -> pa.Table:
        """One row a night, as it must stand after it: live order lines and their pieces, voided lines, complaints, withdrawn
        ones among them, and rows that wait for their day; `_again` counts the new versions that the night itself brought."""
        params = self._params
        change = {name: self._changes.get(name, np.zeros(params.nights, np.int64)) for name in _CHANGES}
        total = {name: np.cumsum(values) for name, values in change.items()}
        columns = {name: total[name] for name in ("order_lines", "quantity", "voided_lines", "complaints", "withdrawn")}
        columns["orders_waiting"] = total["order_rows"] - total["orders_seen"]
        columns["complaints_waiting"] = total["complaint_rows"] - total["complaints"]
        columns |= {name: change[name] for name in ("order_rows_again", "complaint_rows_again")}
        nights = [params.night_of(index) for index in range(params.nights)]
        return pa.table({"night": pa.array(nights, pa.date32()), **columns})


_CHANGES = (
    "order_rows", "orders_seen", "order_lines", "quantity", "voided_lines", "order_rows_again",
    "complaint_rows", "complaints", "withdrawn", "complaint_rows_again",
)  # fmt: skip


def plan_files(out: Path, params: MarketplaceParams, written: Counter[tuple[int, str, str]]) -> pa.Table:
    """NIGHT, FEED, PATH, WHAT, ROWS: what a night finds below landing/, the copies being made here.

    `new`; `same` an old file once more by its own name, with a new time of modification; `copy` an old file by another
    name; `gone` an old file that is there no longer. Only `new` files hold rows to be taken.
    """
    rows = [(night, feed, path, "new", count) for (night, feed, path), count in written.items()]
    gone: set[tuple[str, str]] = set()
    for night in range(1, params.nights):
        before = [f for f in sorted(written) if f[0] < night and f[1:] not in gone]
        for what in ("same", "copy") if params.copied else ():
            rows += _again(out, params, night, [f for f in before if f[1] == _COPIED_FEED], what)
        lost = [f[1:] for f in before if f[1] == _VANISHING_FEED][-1:] if params.vanishing else []
        rows += [(night, feed, path, "gone", 0) for feed, path in lost]
        gone |= set(lost)
    rows.sort()
    columns = {name: [row[at] for row in rows] for at, name in enumerate(("night", "feed", "path", "what", "rows"))}
    return pa.table(columns | {"night": pa.array([params.night_of(row[0]) for row in rows], pa.date32())})


def _again(
    out: Path, params: MarketplaceParams, night: int, candidates: list[tuple[int, str, str]], what: str
) -> list[tuple[int, str, str, str, int]]:
    """The last of the candidates, copied into the files of a later night."""
    for old, feed, path in candidates[-1:]:
        name = path if what == "same" else str(Path(path).with_name(f"copy-{Path(path).name}"))
        target = folder_of(out, params, night) / feed / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder_of(out, params, old) / feed / path, target)
        return [(night, feed, name, what, 0)]
    return []
