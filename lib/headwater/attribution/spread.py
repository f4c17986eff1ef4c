"""The source model over a cluster: the same sweeps on executors, for graphs whose sweeps are too much for one process.

The night hands over the cells with complaints once, in pieces of some `graph.task_edges` edges that stay on the executors; every sweep
sends what is by source (a number each), and every piece sends back its sums by source, made by the same code as in one process
(`sweeps.LocalSweep`). Pieces are cut by the cells alone and their sums are added as integers (1e-11 of a unit), so neither the
number of executors nor the order in which they finish changes a bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import numpy as np
import pyarrow as pa
import scipy.sparse as sp
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from headwater.attribution.cells import Cells, heard
from headwater.attribution.market import Floats, Ints
from headwater.attribution.spike_slab import SourceFit, fit, fit_with
from headwater.attribution.sweeps import LocalSweep, keep_to_one_core, strips
from headwater.parameters.components import Graph
from headwater.parameters.finding import SpikeSlabParams

UNIT = 1e11  # parts of one: 64 bits hold 9e7 of them


class FitBySize:
    """A fit on the driver up to `graph.driver_edges` edges (non-zeros of the cells' shares), else on the executors; `engine` is
    the one that the last fit took, and the numbers agree within 1e-6."""

    def __init__(self, spark: SparkSession, graph: Graph) -> None:
        self.engine = "in_process"
        self._spark, self._graph = spark, graph

    def __call__(self, cells: Cells, params: SpikeSlabParams) -> SourceFit:
        """See `spike_slab.fit`."""
        large = cells.shares.nnz > self._graph.driver_edges
        self.engine = "distributed" if large else "in_process"
        return fit_spread(self._spark, cells, params, self._graph.task_edges) if large else fit(cells, params)


def fit_spread(spark: SparkSession, cells: Cells, params: SpikeSlabParams, task_edges: int) -> SourceFit:
    """`spike_slab.fit`, its sums over edges made on the executors."""
    with ExitStack() as stack:

        def sweep_over(loud: Cells) -> SparkSweep:
            sweep = SparkSweep(spark, loud, params, task_edges)
            stack.callback(sweep.close)
            return sweep

        return fit_with(sweep_over, cells, params)


class SparkSweep:
    """The sums of a sweep by pieces; `close` lets go of them. See `sweeps.Sweep`."""

    def __init__(self, spark: SparkSession, cells: Cells, params: SpikeSlabParams, task_edges: int) -> None:
        self._params, self._sources, self._owner = params, cells.shares.shape[1], cells.owner
        rows = [_packed(cells, *piece) for piece in strips(cells.shares.indptr, task_edges)]
        pieces = spark.createDataFrame(pa.Table.from_pylist(rows, _PIECE))
        self._pieces = pieces.repartition(max(len(rows), 1)).persist()

    def close(self) -> None:
        """Drop the pieces."""
        self._pieces.unpersist()

    def gains(self, phibar: Floats) -> Floats:
        """See `sweeps.Sweep`."""
        return self._by_source(LocalSweep.gains, phibar, self._params.grid_points)

    def exact(self, phibar: Floats) -> Floats:
        """See `sweeps.Sweep`."""
        return self._by_source(LocalSweep.exact, phibar, self._params.grid_points)

    def pull(self, phibar: Floats) -> Floats:
        """See `sweeps.Sweep`."""
        return self._by_source(LocalSweep.pull, phibar, 1)[:, 0]

    def unexplained(self, phibar: Floats) -> float:
        """See `sweeps.Sweep`."""

        def of(sweep: LocalSweep, mine: Floats, _source: Ints) -> tuple[Ints, Floats]:
            return np.zeros(1, dtype=np.int64), np.full((1, 1), sweep.unexplained(mine))

        return float(self._added(of, phibar, 1)[1].sum())

    def _by_source(self, sums: Callable[[LocalSweep, Floats], Floats], phibar: Floats, width: int) -> Floats:
        """(sources x width) the sums of all pieces."""

        def of(sweep: LocalSweep, mine: Floats, source: Ints) -> tuple[Ints, Floats]:
            return source, sums(sweep, mine).reshape(-1, width)

        source, added = self._added(of, phibar, width)
        out = np.zeros((self._sources, width))
        out[source] = added
        return out

    def _added(
        self, of: Callable[[LocalSweep, Floats, Ints], tuple[Ints, Floats]], phibar: Floats, width: int
    ) -> tuple[Ints, Floats]:
        """(keys,) and (keys x width): what `of` says of each piece, its sources' phibar and their numbers, added up by key."""
        params, sources, owner = self._params, self._sources, self._owner
        names = [f"s{k}" for k in range(width)]

        def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            keep_to_one_core()
            for batch in batches:
                for piece in batch.to_pylist():
                    loud, mask = heard(_unpacked(piece, sources, owner))
                    key, sums = of(LocalSweep(loud, params), phibar[mask], np.flatnonzero(mask))
                    parts = (key, *np.rint(sums * UNIT).astype(np.int64).T)
                    yield pa.RecordBatch.from_arrays([pa.array(part) for part in parts], ["key", *names])

        columns = ", ".join(f"{name} long" for name in ("key", *names))
        sums = [F.sum(name).alias(name) for name in names]
        found = self._pieces.mapInArrow(work, columns).groupBy("key").agg(*sums).toArrow()
        return found["key"].to_numpy(), np.column_stack([found[name].to_numpy() for name in names]) / UNIT


# A run of cells: their shares by cell (CSR) and complaints, as bytes.
_PIECE = pa.schema([(name, pa.binary()) for name in ("observed", "starts", "source", "share")])


def _packed(cells: Cells, first: int, last: int) -> dict[str, bytes]:
    """Cells first .. last - 1 as a row of _PIECE."""
    starts = cells.shares.indptr[first : last + 1].astype(np.int64)
    at = slice(starts[0], starts[-1])
    return {
        "observed": cells.observed[first:last].astype(np.float64).tobytes(),
        "starts": (starts - starts[0]).tobytes(),
        "source": cells.shares.indices[at].astype(np.int32).tobytes(),
        "share": cells.shares.data[at].astype(np.float64).tobytes(),
    }


def _unpacked(piece: dict[str, bytes], sources: int, owner: Ints | None) -> Cells:
    """The cells of a row of _PIECE; what is by source beside its owner, a sweep does not read."""
    observed, share = np.frombuffer(piece["observed"]), np.frombuffer(piece["share"])
    starts, source = np.frombuffer(piece["starts"], np.int64), np.frombuffer(piece["source"], np.int32)
    shares = sp.csr_matrix((share, source, starts), shape=(len(observed), sources))
    return Cells(observed, shares, np.zeros(sources), np.zeros(sources, dtype=np.int64), 0.0, owner=owner)
