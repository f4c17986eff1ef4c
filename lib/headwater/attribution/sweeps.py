"""The sums over edges that a sweep of the source model needs, in one process and on all its cores.

An *edge* is a non-zero w_cj of a cell with complaints: a complaint's goods may have come from that source. A sweep needs, for each
edge and effect size, ln(1 + x phi_g) at x = w_cj / a_c^(-j). Instead of G logarithms an edge takes those of the node below it on a
fixed grid of x (256 to the octave, spaced evenly within it: the leading bits of a single-precision number) and, for what is left of
x, a part of the step to the next node: two sparse products (sources x nodes) @ (nodes x G) of duplicates never summed. Linear
interpolation errs by less than 2e-6 an edge, far below what stops the sweeps; what is published comes from one last exact pass
(`log_likelihoods`). The steps are small, at most 1/256, so that single precision loses nothing there.

A block of edges passes through scratch that stays in the cache, and what does not change between sweeps is prepared once; a sweep
then costs some ten plain products of the same matrix with a vector (docs/model.md), shared between the cores.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Protocol, TypeVar

import numpy as np
import scipy.sparse as sp

from headwater.attribution.cells import Block, Cells, Entries, Scratch, entries_of
from headwater.attribution.market import Floats, Ints
from headwater.parameters.finding import SpikeSlabParams

Work = TypeVar("Work")
Done = TypeVar("Done")


class Sweep(Protocol):
    """Whoever makes the sums of a sweep; all arrays are by source."""

    def gains(self, phibar: Floats) -> Floats:
        """(sources x G) sum_c y_c ln(1 + w_cj phi_g / a_c^(-j)), the other sources held at `phibar`."""
        ...

    def exact(self, phibar: Floats) -> Floats:
        """(sources x G) the same in double precision: the last pass of a fit."""
        ...

    def pull(self, phibar: Floats) -> Floats:
        """(sources,) sum_c y_c w_cj / a_c: complaints laid at its door, by unit of extra rate."""
        ...

    def unexplained(self, phibar: Floats) -> float:
        """Complaints left to the background: sum_c y_c / (1 + sum_j w_cj phibar_j)."""
        ...


_one_core = False


def keep_to_one_core() -> None:
    """From now on this process starts no threads here: others like it run side by side."""
    global _one_core
    _one_core = True


def cores() -> int:
    """Cores that this process may use."""
    if _one_core:
        return 1
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


def log_likelihoods(
    entries: Entries,
    explained: Floats,
    phibar: Floats,
    exposure: Floats,
    params: SpikeSlabParams,
    effects: Floats | None = None,
) -> Floats:
    """(sources x G) L_jg = sum_c y_c ln(1 + w_cj phi_g / a_c^(-j)) - phi_g X_j, other sources held at `phibar`; double precision.

    phi_g: `effects`, each above -1, else the model's grid."""
    grid = params.grid if effects is None else effects
    out = -np.multiply.outer(exposure, grid)
    before = entries.before_late(explained, phibar)

    def part(block: Block) -> Floats:
        ratio = entries.share[block.at] / entries.others(explained, phibar, block, before=before)
        gain = np.log1p(np.multiply.outer(ratio, grid))
        weights = sp.csr_matrix(
            (entries.observed[block.at], np.arange(len(ratio), dtype=np.int32), block.starts),
            shape=(len(block.starts) - 1, len(ratio)),
        )
        return np.asarray(weights @ gain)

    blocks = entries.blocks(params.block)
    for block, sums in zip(blocks, over_cores(part, blocks), strict=True):
        out[block.first : block.last] += sums
    return out


class LogTable:
    """ln(1 + x phi_g) at the nodes of x, the steps between them, and where an x stands among them.

    logs  (nodes x G) at the nodes; steps (nodes x G') to the next node, in single precision, G' the next multiple of eight:
        whole registers are quicker than G columns. The columns beyond G are zero.
    """

    OCTAVE_BITS = 8
    SHIFT = 23 - OCTAVE_BITS  # bits of a single-precision mantissa below a node
    LEAST = np.float32(2.0**-24)  # x below it counts as it: at most 2e-5 an edge

    def __init__(self, highest: float, grid: Floats) -> None:
        """`highest` bounds x."""
        self._first = np.int32(self.LEAST.view(np.int32) >> self.SHIFT)
        last = int(np.maximum(np.float32(highest), self.LEAST).view(np.int32) >> self.SHIFT) + 2
        nodes = (np.arange(self._first, last + 1, dtype=np.int32) << self.SHIFT).view(np.float32)
        logs = np.log1p(np.multiply.outer(nodes.astype(np.float64), grid))
        self.logs = np.ascontiguousarray(logs[:-1])
        self.steps = np.zeros((len(self.logs), -(-len(grid) // 8) * 8), dtype=np.float32)
        self.steps[:, : len(grid)] = np.diff(logs, axis=0)

    def locate(self, x: Floats, node: Ints, step: Floats) -> None:
        """Write to `node` the one at or below each x, and to `step` what part of the way to the next is left; `x` is spent."""
        np.maximum(x, self.LEAST, out=x)
        bits = x.view(np.int32)
        np.right_shift(bits, self.SHIFT, out=node)
        node -= self._first
        bits &= np.int32((1 << self.SHIFT) - 1)
        np.multiply(bits, np.float32(2.0**-self.SHIFT), out=step, dtype=np.float32, casting="unsafe")


class LocalSweep:
    """The sums of a sweep over cells in memory; `base` (cells,) what explains a cell beside the sources, 1 if nothing else does."""

    def __init__(self, cells: Cells, params: SpikeSlabParams, base: Floats | None = None) -> None:
        self.cells, self.params = cells, params
        self.base: Floats | float = 1.0 if base is None else base
        self.entries: Entries = entries_of(cells)
        self.table = LogTable(float(self.entries.share.max(initial=0.0)), params.grid)
        self._observed = self.entries.observed.astype(np.float32)
        self._rows = [(slice(*rows), _rows(cells.shares, *rows)) for rows in strips(cells.shares.indptr, params.strip)]
        blocks, each = self.entries.blocks(params.block), max(params.strip // params.block, 1)
        self._strips = [blocks[k : k + each] for k in range(0, len(blocks), each)]

    def explained(self, phibar: Floats) -> Floats:
        """(cells,) a_c = base + sum_j w_cj phibar_j, the rate of a cell in background rates."""
        out = np.broadcast_to(self.base, self.cells.observed.shape).astype(np.float64)

        def part(rows: tuple[slice, sp.csr_matrix]) -> None:
            out[rows[0]] += rows[1] @ phibar

        over_cores(part, self._rows)
        return out

    def exact(self, phibar: Floats) -> Floats:
        """See `Sweep`."""
        return log_likelihoods(self.entries, self.explained(phibar), phibar, np.zeros(len(phibar)), self.params)

    def pull(self, phibar: Floats) -> Floats:
        """See `Sweep`."""
        return np.asarray((self.cells.observed / self.explained(phibar)) @ self.cells.shares)

    def unexplained(self, phibar: Floats) -> float:
        """See `Sweep`."""
        return float((self.cells.observed / self.explained(phibar)).sum())

    def gains(self, phibar: Floats) -> Floats:
        """See `Sweep`; blocks are summed in order, whatever thread made them."""
        explained = self.explained(phibar)
        out = np.zeros((len(phibar), len(self.params.grid)))

        def part(blocks: list[Block]) -> list[Floats]:
            room = Scratch(self.params.block)
            return [self._sums(block, explained, phibar, room) for block in blocks]

        for blocks, sums in zip(self._strips, over_cores(part, self._strips), strict=True):
            for block, of_block in zip(blocks, sums, strict=True):
                out[block.first : block.last] += of_block
        return out

    def _sums(self, block: Block, explained: Floats, phibar: Floats, room: Scratch) -> Floats:
        """(sources of the block x G) the sums over its edges."""
        e, table, size = self.entries, self.table, block.at.stop - block.at.start
        rest = e.others(explained, phibar, block, room)
        ratio, node, step = room.ratio[:size], room.node[:size], room.step[:size]
        np.divide(e.share[block.at], rest, out=ratio, casting="same_kind")
        table.locate(ratio, node, step)
        step *= self._observed[block.at]
        spread = sp.csr_matrix((block.last - block.first, len(table.logs)))
        # Set, not handed over: the indices are known to be in range, and looking at them again takes as long as a product.
        spread.indptr, spread.indices, spread.data = block.starts, node, e.observed[block.at]
        sums = spread @ table.logs
        spread.data = step
        sums += (spread @ table.steps)[:, : sums.shape[1]]
        return np.asarray(sums)
