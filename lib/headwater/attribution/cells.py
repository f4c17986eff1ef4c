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
    late   (sources,) optional: sources that have only what the others leave; they take nothing from them.
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
        if faults:
            raise ValueError("; ".join(faults))


@dataclass(frozen=True)
class Entries:
    """The non-zeros of the share matrix by source: source j has indptr[j]:indptr[j + 1], cells ascending.

    own_*: one row per (entry of an owner, owned source of the same cell): entry, owned source, its share of the cell.
    late (entries,) whether the source is a late one; None: none is.
    """

    indptr: Ints
    cell: Ints
    share: Floats
    observed: Floats
    source: Ints
    own_entry: Ints
    own_source: Ints
    own_share: Floats
    late: Bools | None = None

    def relief(self, phibar: Floats) -> Floats | None:
        """(entries,) what explains of the cell without counting against the source, in background rates: those that it owns, and the
        late ones unless it is late itself; None: there are none."""
        if not len(self.own_entry) and self.late is None:
            return None
        owned = np.bincount(self.own_entry, weights=self.own_share * phibar[self.own_source], minlength=len(self.cell))
        if self.late is None:
            return owned
        late = np.where(self.late, self.share * phibar[self.source], 0.0)
        left = np.bincount(self.cell, weights=late, minlength=1)
        return np.asarray(owned + np.where(self.late, 0.0, left[self.cell]))

    def others(self, explained: Floats, phibar: Floats, relief: Floats | None, at: slice = slice(None)) -> Floats:
        """(entries of `at`,) a_c^(-j) >= 1: the rate of the cell without the entry's source and what that source owns."""
        rest = explained[self.cell[at]]
        rest -= self.share[at] * phibar[self.source[at]]
        if relief is not None:
            rest -= relief[at]
        return np.maximum(rest, 1.0, out=rest)


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
        met = key[own_entry] == wanted
        own, own_entry = own[met], own_entry[met]
    return Entries(
        by_source.indptr.astype(np.int64), cell, share, cells.observed[cell], source, own_entry, source[own], share[own],
        None if cells.late is None else cells.late[source],
    )  # fmt: skip


def collapse(cells: Cells) -> tuple[Cells, Ints]:
    """Cells with the same sources and shares joined into one (their complaints add up: exact), and each cell's new row.

    Complaints whose order names its supplier and place collapse to one cell per pair, however many shops sold them.
    """
    matrix = cells.shares.tocsr(copy=True)
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    for seed in range(3):  # a fixed random projection finds candidates; equality is then checked exactly
        marks = np.random.default_rng(seed).random(matrix.shape[1])
        _, first, row = np.unique(matrix @ marks, return_index=True, return_inverse=True)
        order = np.argsort(np.argsort(first))
        first, row = np.sort(first), order[row.reshape(-1)]
        merged = matrix[first]
        if _same(merged[row], matrix):
            observed = np.bincount(row, weights=cells.observed, minlength=len(first))
            return replace(cells, observed=observed, shares=merged), row
    return cells, np.arange(matrix.shape[0])  # different rows met under one key, three times: keep every cell apart


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
