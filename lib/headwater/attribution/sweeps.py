"""The sums over edges that a sweep of the source model needs, in one process and on all its cores.

An *edge* is a non-zero w_cj of a cell with complaints: a complaint's goods may have come from that source. A sweep needs, for each
edge and effect size, ln(1 + x phi_g) at x = w_cj / a_c^(-j). Instead of G logarithms an edge is shared out between the two nearest
nodes of a fixed grid of x (256 to the octave, spaced evenly within it: the leading bits of a single-precision number), so that
the sums are one sparse product (sources x nodes) @ (nodes x G) of duplicates never summed. Linear interpolation errs by less than
2e-6 an edge, far below what stops the sweeps; what is published comes from one last exact pass (`spike_slab.conclude`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Protocol, TypeVar

import numpy as np
import scipy.sparse as sp

from headwater.attribution.cells import Cells, Entries, entries_of
from headwater.attribution.market import Floats, Ints
from headwater.parameters.finding import SpikeSlabParams

Work = TypeVar("Work")
Done = TypeVar("Done")


class Sweep(Protocol):
    """Whoever makes the sums of a sweep; all arrays are by source."""

    def gains(self, phibar: Floats) -> Floats:
        """(sources x G) sum_c y_c ln(1 + w_cj phi_g / a_c^(-j)), the other sources held at `phibar`."""
        ...

    def unexplained(self, phibar: Floats) -> float:
        """Complaints left to the background: sum_c y_c / (1 + sum_j w_cj phibar_j)."""
        ...


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def over_cores(work: Callable[[Work], Done], parts: Sequence[Work]) -> list[Done]:
    """`work` of every part, in threads (numpy lets go of the interpreter within its loops); results in the order of parts."""
    if len(parts) <= 1 or cores() == 1:
        return [work(part) for part in parts]
    with ThreadPoolExecutor(min(cores(), len(parts))) as pool:
        return list(pool.map(work, parts))


def strips(starts: Ints, size: int) -> list[tuple[int, int]]:
    """Runs of rows (from, to) of about `size` entries each, `starts` (rows + 1,) being the rows' first entries."""
    cuts = np.searchsorted(starts, np.arange(size, int(starts[-1]), size))
    edges = np.unique(np.concatenate([[0], cuts, [len(starts) - 1]])).astype(int).tolist()
    return list(pairwise(edges))


def _rows(matrix: sp.csr_matrix, first: int, last: int) -> sp.csr_matrix:
    """Rows first .. last - 1, sharing the memory of the matrix."""
    at = slice(matrix.indptr[first], matrix.indptr[last])
    starts = matrix.indptr[first : last + 1] - matrix.indptr[first]
    return sp.csr_matrix((matrix.data[at], matrix.indices[at], starts), shape=(last - first, matrix.shape[1]))


class LogTable:
    """ln(1 + x phi_g) at the nodes of x, and how an x is shared out between them."""

    OCTAVE_BITS = 8
    SHIFT = 23 - OCTAVE_BITS  # bits of a single-precision mantissa below a node
    LEAST = np.float32(2.0**-24)  # x below it counts as it: at most 2e-5 an edge

    def __init__(self, highest: float, grid: Floats) -> None:
        """`highest` bounds x."""
        self._first = int(self.LEAST.view(np.int32) >> self.SHIFT)
        last = int(np.maximum(np.float32(highest), self.LEAST).view(np.int32) >> self.SHIFT) + 2
        self.nodes = (np.arange(self._first, last + 1, dtype=np.int32) << self.SHIFT).view(np.float32)
        self.logs = np.log1p(np.multiply.outer(self.nodes.astype(np.float64), grid))

    def share_out(self, x: Floats, weight: Floats, node: Ints, part: Floats) -> None:
        """Write to `node` and `part` (2 x rows,) the two nodes of each x and what of its weight each gets."""
        bits = np.maximum(x.astype(np.float32), self.LEAST).view(np.int32)
        low = (bits >> self.SHIFT) - np.int32(self._first)
        high = (bits & np.int32((1 << self.SHIFT) - 1)) * np.float64(2.0**-self.SHIFT)
        high *= weight
        node[0::2], part[1::2] = low, high
        np.add(low, 1, out=node[1::2])
        np.subtract(weight, high, out=part[0::2])


class LocalSweep:
    """The sums of a sweep over cells in memory; `base` (cells,) what explains a cell beside the sources, 1 if nothing else does."""

    def __init__(self, cells: Cells, params: SpikeSlabParams, base: Floats | None = None) -> None:
        self.cells, self.params = cells, params
        self.base: Floats | float = 1.0 if base is None else base
        self.entries: Entries = entries_of(cells)
        self.table = LogTable(float(self.entries.share.max(initial=0.0)), params.grid)
        self._rows = [_rows(cells.shares, *rows) for rows in strips(cells.shares.indptr, params.strip)]
        blocks = range(0, len(self.entries.cell), params.strip)
        self._strips = [range(b, min(b + params.strip, len(self.entries.cell)), params.block) for b in blocks]

    def explained(self, phibar: Floats) -> Floats:
        """(cells,) a_c = base + sum_j w_cj phibar_j, the rate of a cell in background rates."""
        parts = over_cores(lambda rows: np.asarray(rows @ phibar), self._rows)
        return np.asarray(self.base + np.concatenate([*parts, np.zeros(0)]))

    def unexplained(self, phibar: Floats) -> float:
        """See `Sweep`."""
        return float((self.cells.observed / self.explained(phibar)).sum())

    def gains(self, phibar: Floats) -> Floats:
        """See `Sweep`; blocks are summed in order, whatever thread made them."""
        explained, relief = self.explained(phibar), self.entries.relief(phibar)
        out = np.zeros((len(phibar), len(self.params.grid)))

        def part(starts: range) -> list[tuple[int, int, Floats]]:
            room = np.empty(2 * self.params.block, dtype=np.int32), np.empty(2 * self.params.block)
            return [self._block(start, explained, phibar, relief, *room) for start in starts]

        for strip in over_cores(part, self._strips):
            for first, last, sums in strip:
                out[first:last] += sums
        return out

    def _block(
        self, start: int, explained: Floats, phibar: Floats, relief: Floats | None, node: Ints, weight: Floats
    ) -> tuple[int, int, Floats]:
        """(first source, last + 1, sums) of the edges from `start`; `node` and `weight` are scratch."""
        e = self.entries
        at = slice(start, min(start + self.params.block, len(e.cell)))
        x = e.others(explained, phibar, relief, at)
        size = len(x)
        np.divide(e.share[at], x, out=x)
        node, weight = node[: 2 * size], weight[: 2 * size]
        self.table.share_out(x, e.observed[at], node, weight)
        first, last = int(e.source[start]), int(e.source[start + size - 1]) + 1
        bounds = (2 * np.clip(e.indptr[first : last + 1] - start, 0, size)).astype(np.int32)
        spread = sp.csr_matrix((weight, node, bounds), shape=(last - first, len(self.table.nodes)))
        return first, last, spread @ self.table.logs
