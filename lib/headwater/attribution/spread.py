"""The source model over a cluster: the same sweeps as joins, for graphs that are too large for one process.

Edges stay where they are, by cell; what is by source (a few numbers each) goes through the driver every sweep. All sums are of
integers (1e-11 of a unit), so that no order of summing matters; the logarithms are exact, as in the last pass of one process.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from scipy.special import logit

from headwater.attribution.market import Floats, Ints
from headwater.attribution.spike_slab import Ground, SourceFit, ascend, concluded
from headwater.parameters.finding import SpikeSlabParams

UNIT = 1e11  # parts of one: 64 bits hold 9e7 of them


@dataclass(frozen=True)
class Spread:
    """Cells over a cluster.

    edges: (cell, source, share), share > 0; observed: (cell, observed), observed > 0; cells without edges only matter by
    their complaints. exposure, kind, offset, owner (sources,) and expected_total as in `cells.Cells`.
    """

    edges: DataFrame
    observed: DataFrame
    exposure: Floats
    kind: Ints
    expected_total: float
    offset: Floats | None = None
    owner: Ints | None = None


class SparkSweep:
    """The sums of a sweep as joins; `close` lets go of the cached edges."""

    def __init__(self, spread: Spread, params: SpikeSlabParams, partitions: int) -> None:
        self.params, self.count = params, len(spread.kind)
        self.spark = spread.edges.sparkSession
        owner = np.full(self.count, -1) if spread.owner is None else spread.owner
        owners = self._by_source({"owner": owner.astype(np.int64)})
        loud = spread.edges.join(spread.observed, on="cell", how="inner").join(
            F.broadcast(owners), on="source", how="inner"
        )
        self.edges = loud.repartition(partitions, "cell").persist()
        self.bare = spread.observed.join(self.edges.select("cell").distinct(), on="cell", how="left_anti").persist()
        self.total = self._number(spread.observed.agg(_sum(F.col("observed")).alias("sum")))
        self._silent = self._number(self.bare.agg(_sum(F.col("observed")).alias("sum")))

    def close(self) -> None:
        """Drop the cached edges."""
        self.edges.unpersist()
        self.bare.unpersist()

    def gains(self, phibar: Floats) -> Floats:
        """See `sweeps.Sweep`."""
        edges = self._explained(phibar)
        own = (
            edges.where(F.col("owner") >= 0)
            .groupBy("cell", F.col("owner").alias("source"))
            .agg(_sum(F.col("share") * F.col("phibar")).alias("relief"))
        )
        rest = F.col("explained") - F.col("share") * F.col("phibar") - F.coalesce(F.col("relief"), F.lit(0)) / UNIT
        x = F.col("share") / F.greatest(rest, F.lit(1.0))
        logs = [
            _sum(F.col("observed") * F.log1p(F.col("x") * F.lit(float(phi)))).alias(f"g{g}")
            for g, phi in enumerate(self.params.grid)
        ]
        sums = edges.join(own, on=["cell", "source"], how="left").withColumn("x", x).groupBy("source").agg(*logs)
        return self._back(sums, [f"g{g}" for g in range(len(logs))])

    def unexplained(self, phibar: Floats) -> float:
        """See `sweeps.Sweep`."""
        cells = self._explained(phibar).select("cell", "observed", "explained").distinct()
        left = self._number(cells.agg(_sum(F.col("observed") / F.col("explained")).alias("sum")))
        return left + self._silent

    def pull(self, phibar: Floats) -> Floats:
        """(sources,) sum_c y_c w_cj / a_c: complaints per unit of extra rate."""
        part = _sum(F.col("observed") * F.col("share") / F.col("explained")).alias("pull")
        return self._back(self._explained(phibar).groupBy("source").agg(part), ["pull"])[:, 0]

    def _explained(self, phibar: Floats) -> DataFrame:
        """Edges with phibar of their source and the rate of their cell, in background rates."""
        edges = self.edges.join(F.broadcast(self._by_source({"phibar": phibar})), on="source", how="inner")
        cells = edges.groupBy("cell").agg(_sum(F.col("share") * F.col("phibar")).alias("sum"))
        return edges.join(cells.select("cell", (1 + F.col("sum") / UNIT).alias("explained")), on="cell", how="inner")

    def _by_source(self, columns: dict[str, Floats]) -> DataFrame:
        return self.spark.createDataFrame(pd.DataFrame({"source": np.arange(self.count), **columns}))

    def _back(self, sums: DataFrame, columns: list[str]) -> Floats:
        """(sources x columns) of sums by source, 0 where a source has none."""
        found = sums.toPandas()
        out = np.zeros((self.count, len(columns)))
        out[found["source"].to_numpy()] = found[columns].to_numpy(dtype=np.float64) / UNIT
        return out

    def _number(self, one: DataFrame) -> float:
        return float(one.collect()[0]["sum"] or 0) / UNIT


def fit_spread(spread: Spread, params: SpikeSlabParams | None = None, partitions: int = 64) -> SourceFit:
    """The same fit as `spike_slab.fit`, within 1e-6; `explained` (by cell) stays on the cluster and is empty here."""
    params = params or SpikeSlabParams()
    sweep = SparkSweep(spread, params, partitions)
    try:
        offset = np.zeros(len(spread.kind)) if spread.offset is None else spread.offset
        size = np.bincount(spread.kind, minlength=1)
        ground = Ground(spread.exposure, spread.kind, offset, size, sweep.total, spread.expected_total)
        got = ascend(sweep, ground, params)
        return concluded(
            got, got.phibar, logit(got.learnt.pi)[spread.kind] + offset, spread.exposure, sweep.gains(got.phibar),
            sweep.pull(got.phibar), sweep.unexplained(got.phibar), np.zeros(0), params,
        )  # fmt: skip
    finally:
        sweep.close()


def _sum(value: Column) -> Column:
    """An exact sum: of integers."""
    return F.sum(F.round(value * UNIT).cast("bigint"))
