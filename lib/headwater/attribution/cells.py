"""Complaints by cell and the sources they may come from: what the source model sweeps over, checked and made small."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from headwater.attribution.market import Bools, Floats, Ints


@dataclass(frozen=True)
class Cells:
    """Complaints by cell and the sources they may come from; arrays in the caller's sorted order of cells and sources.

    observed (cells,) complaints y_c after hygiene, >= 0, may be fractional.
    shares   (cells x sources, CSR) w_cj in [0, inf): share of the cell's orders through j (above 1 for a channel that shows fakes better).
    exposure (sources,) X_j = sum of E_c w_cj over *all* cells, also the clean ones; complaints expected through j.
    kind     (sources,) type number t(j), 0..T-1: supplier, dispatch place, ...
    expected_total  sum of E_c over all cells, also those without sources; complaints.
    offset (sources,) optional, added to the learnt log odds of the type before complaints are seen; natural log units.
    owner  (sources,) optional: the source whose goods alone flow through this one (a supplier's own place), or -1. What is owned never
        explains its owner away; the owner explains it.
    late   (sources,) optional: sources that have only what the others leave; they take nothing from them, and stand last.
    """

    observed: Floats
    shares: sp.csr_matrix
    exposure: Floats
    kind: Ints
    expected_total: float
    offset: Floats | None = None
    owner: Ints | None = None
    late: Bools | None = None

    def __post_init__(self) -> None:
        """Refuse shapes and values that the model cannot carry; all faults in one message."""
        cells, sources = self.shares.shape
        faults = []
        if self.observed.shape != (cells,):
            faults.append(f"observed has shape {self.observed.shape}, shares has {cells} cells")
        if self.exposure.shape != (sources,) or self.kind.shape != (sources,):
            faults.append(f"exposure {self.exposure.shape} and kind {self.kind.shape} must both be ({sources},)")
        named = {"observed": self.observed, "exposure": self.exposure, "shares": self.shares.data}
        faults += [f"{name} holds a negative or non-finite value" for name, v in named.items() if not _clean(v)]
        if not (np.isfinite(self.expected_total) and self.expected_total >= 0):
            faults.append(f"expected_total is {self.expected_total}")
        if self.offset is not None and not (self.offset.shape == (sources,) and np.isfinite(self.offset).all()):
            faults.append("offset must hold one finite value per source")
        if self.owner is not None and not (self.owner.shape == (sources,) and self.owner.max(initial=-1) < sources):
            faults.append("owner must hold one source number or -1 per source")
        if self.late is not None and self.late.shape != (sources,):
            faults.append("late must hold one yes or no per source")
        elif self.late is not None and (np.diff(self.late.astype(np.int8)) < 0).any():
            faults.append("late sources must stand last")
        if faults:
            raise ValueError("; ".join(faults))


@dataclass(frozen=True)
class Block:
    """Entries `at` of the sources first .. last - 1; starts (sources + 1,) their first entries, counted from the block's;
    owned: the rows own_* of these entries."""

    at: slice
    first: int
    last: int
    starts: Ints
    owned: slice


class Scratch:
    """Room for the entries of a block, so that passes over blocks stay in the cache; one for each thread."""

    def __init__(self, size: int) -> None:
        self.cell = np.empty(size, dtype=np.intp)
        self.rest = np.empty(size)
        self.ratio, self.step = np.empty(size, dtype=np.float32), np.empty(size, dtype=np.float32)
        self.node = np.empty(size, dtype=np.int32)


@dataclass(frozen=True)
class Entries:
    """The non-zeros of the share matrix by source: source j has indptr[j]:indptr[j + 1], cells ascending.

    own_*: one row per (entry of an owner, owned source of the same cell), by entry: entry, owned source, its share of the cell.
    named: how many of them, the first ones, are of sources that are not late.
    """

    indptr: Ints
    cell: Ints
    share: Floats
    observed: Floats
    source: Ints
    own_entry: Ints
    own_source: Ints
    own_share: Floats
    named: int

    def blocks(self, size: int) -> list[Block]:
        """All entries in order, `size` at a time."""
        return [self._block(start, min(start + size, len(self.cell))) for start in range(0, len(self.cell), size)]

    def before_late(self, explained: Floats, phibar: Floats) -> Floats:
        """(cells,) the rate of a cell without its late sources: what the others are held against."""
        late = slice(self.named, None)
        if late.start == len(self.cell):
            return explained
        theirs = self.share[late] * phibar[self.source[late]]
        return np.asarray(explained - np.bincount(self.cell[late], weights=theirs, minlength=len(explained)))

    def others(
        self,
        explained: Floats,
        phibar: Floats,
        block: Block | None = None,
        room: Scratch | None = None,
        before: Floats | None = None,
    ) -> Floats:
        """(entries of the block, or all,) a_c^(-j) >= 1: the rate of the cell without the entry's source and what that source owns;
        of sources that are not late, without the late ones too (`before_late`, made here if not given).

        With `room` it lies there, until the next call."""
        block = block or self._block(0, len(self.cell))
        size = block.at.stop - block.at.start
        room = room or Scratch(size)
        np.copyto(room.cell[:size], self.cell[block.at])
        # Clipped, not checked: only then numpy writes straight to `out`.
        rest = explained.take(room.cell[:size], out=room.rest[:size], mode="clip")
        named = max(min(self.named, block.at.stop) - block.at.start, 0)
        if self.named < len(self.cell) and named:
            first = self.before_late(explained, phibar) if before is None else before
            rest[:named] = first[self.cell[block.at.start : block.at.start + named]]
        mine = np.repeat(phibar[block.first : block.last], np.diff(block.starts))
        mine *= self.share[block.at]
        rest -= mine
        own = block.owned
        if own.start < own.stop:
            relief = self.own_share[own] * phibar[self.own_source[own]]
            np.subtract.at(rest, self.own_entry[own] - block.at.start, relief)
        return np.maximum(rest, 1.0, out=rest)

    def _block(self, start: int, stop: int) -> Block:
        first, last = (int(self.source[start]), int(self.source[stop - 1]) + 1) if start < stop else (0, 0)
        starts = np.clip(self.indptr[first : last + 1] - start, 0, stop - start).astype(np.int32)
        owned = np.searchsorted(self.own_entry, (start, stop)).tolist()
        return Block(slice(start, stop), first, last, starts, slice(*owned))


def entries_of(cells: Cells) -> Entries:
    """Non-zeros of cells with complaints, by source then cell: the only ones a sweep reads."""
    by_source = cells.shares.tocsc(copy=True)
    by_source.sum_duplicates()
    by_source.data[cells.observed[by_source.indices] <= 0] = 0.0
    by_source.eliminate_zeros()
    source = np.repeat(np.arange(by_source.shape[1], dtype=np.int32), np.diff(by_source.indptr))
    cell = by_source.indices.astype(np.int32)
    share = by_source.data
    own_entry = own = np.zeros(0, dtype=np.int64)
    if cells.owner is not None:
        owner = cells.owner[source]
        key = source.astype(np.int64) * by_source.shape[0] + cell  # ascending: entries are sorted by source, then cell
        own = np.flatnonzero(owner >= 0)
        wanted = owner[own].astype(np.int64) * by_source.shape[0] + cell[own]
        own_entry = np.minimum(np.searchsorted(key, wanted), max(len(key) - 1, 0))
        met = np.flatnonzero(key[own_entry] == wanted)
        met = met[np.argsort(own_entry[met], kind="stable")]
        own, own_entry = own[met], own_entry[met]
    return Entries(
        by_source.indptr.astype(np.int64), cell, share, cells.observed[cell], source, own_entry, source[own], share[own],
        len(source) if cells.late is None else int((~cells.late[source]).sum()),
    )  # fmt: skip


def collapse(cells: Cells) -> tuple[Cells, Ints]:
    """Cells with the same sources and shares joined into one (their complaints add up: exact), and each cell's new row.

    Complaints whose order names its supplier and place collapse to one cell per pair, however many shops sold them.
    """
    matrix = cells.shares.tocsr()
    if not matrix.has_canonical_format or not matrix.data.all():
        matrix = matrix.copy()
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
    rows = np.arange(matrix.shape[0])
    for seed in range(3):  # a fixed random projection finds candidates; equality is then checked exactly
        leader = _first_alike(matrix @ np.random.default_rng(seed).random(matrix.shape[1]))
        leads = leader == rows
        if leads.all():
            return replace(cells, shares=matrix), rows
        if _same(matrix[leader[~leads]], matrix[~leads]):
            row = (np.cumsum(leads) - 1)[leader]
            merged = matrix[np.flatnonzero(leads)]
            return replace(cells, observed=np.bincount(row, weights=cells.observed), shares=merged), row
    return cells, rows  # different rows met under one key, three times: keep every cell apart


def _first_alike(key: Floats) -> Ints:
    """(rows,) for each row the first with an equal key."""
    order = np.argsort(key, kind="stable")
    new = np.ones(len(key), dtype=np.bool_)
    new[1:] = key[order[1:]] != key[order[:-1]]
    leader = np.empty(len(key), dtype=np.int64)
    leader[order] = order[new][np.cumsum(new) - 1]
    return leader


def heard(cells: Cells, everybody: bool = False) -> tuple[Cells, Bools]:
    """Cells with complaints and the sources that they may come from (or `everybody`), and which sources (sources,) those are."""
    loud = cells.observed > 0
    shares = cells.shares if loud.all() else cells.shares[loud]
    mask = np.bincount(shares.indices, weights=shares.data > 0, minlength=shares.shape[1]) > 0
    if everybody or mask.all():
        return replace(cells, observed=cells.observed[loud], shares=shares), np.ones(len(mask), dtype=np.bool_)
    number = np.cumsum(mask) - 1
    owner = None
    if cells.owner is not None:
        owner = np.where((cells.owner >= 0) & mask[cells.owner], number[cells.owner], -1)[mask]
    return Cells(
        observed=cells.observed[loud], shares=shares[:, np.flatnonzero(mask)], exposure=cells.exposure[mask],
        kind=cells.kind[mask], expected_total=cells.expected_total,
        offset=None if cells.offset is None else cells.offset[mask], owner=owner,
    ), mask  # fmt: skip


def _same(a: sp.csr_matrix, b: sp.csr_matrix) -> bool:
    return all(np.array_equal(getattr(a, part), getattr(b, part)) for part in ("indptr", "indices", "data"))


def _clean(values: Floats) -> bool:
    return bool(np.isfinite(values).all() and (values >= 0).all())
