"""The model over a cluster gives what one process gives."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from headwater.attribution.cells import Cells
from headwater.attribution.spike_slab import fit
from headwater.attribution.spread import Spread, fit_spread
from headwater.parameters.finding import SpikeSlabParams


def planted(seed, sources=30, cells=500):
    """Cells of two to three sources, some guilty, some places owned by suppliers, some cells without any source."""
    rng = np.random.default_rng(seed)
    shares = sp.random(cells, sources, 0.08, random_state=rng, data_rvs=lambda n: rng.uniform(0.1, 1, n)).tocsr()
    expected = rng.gamma(1.0, 0.05, cells)
    phi = np.where(np.arange(sources) < 4, 25.0, 0.0)
    observed = rng.poisson(expected * (1 + shares @ phi)) * rng.choice([0.5, 1.0], cells)
    owner = np.where(np.arange(sources) % 5 == 4, np.arange(sources) - 4, -1)
    offset = np.where(owner >= 0, -2.0, 0.0)
    return Cells(
        observed, shares, np.asarray(shares.T @ expected), np.arange(sources) % 2, float(expected.sum()), offset, owner
    )


def spread_of(spark, cells, order=None):
    entry = cells.shares.tocoo()
    edges = pd.DataFrame({"cell": entry.row, "source": entry.col.astype(np.int64), "share": entry.data})
    observed = pd.DataFrame({"cell": np.arange(len(cells.observed)), "observed": cells.observed})
    if order is not None:
        edges, observed = edges.sample(frac=1, random_state=order), observed.sample(frac=1, random_state=order)
    return Spread(
        spark.createDataFrame(edges), spark.createDataFrame(observed[observed["observed"] > 0]), cells.exposure,
        cells.kind, cells.expected_total, cells.offset, cells.owner,
    )  # fmt: skip


def test_the_cluster_agrees_with_one_process(spark):
    cells = planted(0)
    params = SpikeSlabParams(sweeps_max=4, learn_every=3)
    one, many = fit(cells, params), fit_spread(spread_of(spark, cells), params, partitions=2)
    assert many.sweeps == one.sweeps
    for name in ("ln_bf", "posterior", "attributed", "prior", "exposure"):
        np.testing.assert_allclose(getattr(many, name), getattr(one, name), atol=1e-6, err_msg=name)
    assert many.background == pytest.approx(one.background, rel=1e-6)
    assert one.posterior[:4].max() > 0.5


def test_no_order_of_rows_and_no_partitioning_changes_a_bit(spark):
    cells, params = planted(3), SpikeSlabParams(sweeps_max=2)
    one = fit_spread(spread_of(spark, cells), params, partitions=1)
    other = fit_spread(spread_of(spark, cells, order=1), params, partitions=3)
    assert one.ln_bf.tobytes() == other.ln_bf.tobytes()
    assert one.attributed.tobytes() == other.attributed.tobytes()
