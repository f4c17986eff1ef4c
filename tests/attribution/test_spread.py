"""The model over a cluster gives what one process gives."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from headwater.attribution.cells import Cells
from headwater.attribution.spike_slab import fit
from headwater.attribution.spread import FitBySize, SparkSweep, fit_spread
from headwater.attribution.sweeps import LocalSweep
from headwater.parameters.components import Graph
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


def test_the_cluster_agrees_with_one_process(spark):
    cells = planted(0)
    params = SpikeSlabParams(sweeps_max=4, learn_every=3)
    one, many = fit(cells, params), fit_spread(spark, cells, params, task_edges=200)
    assert many.sweeps == one.sweeps
    for name in ("ln_bf", "posterior", "attributed", "prior", "exposure", "explained"):
        np.testing.assert_allclose(getattr(many, name), getattr(one, name), rtol=1e-6, atol=1e-6, err_msg=name)
    assert many.background == pytest.approx(one.background, rel=1e-6)
    assert one.posterior[:4].max() > 0.5


def test_the_cluster_agrees_with_one_process_until_neither_moves(spark):
    """As the night fits: the slab learnt, until no posterior moves."""
    cells, params = planted(1, sources=12, cells=200), SpikeSlabParams()
    one, many = fit(cells, params), fit_spread(spark, cells, params, task_edges=10**6)
    assert many.sweeps == one.sweeps < params.sweeps_max
    for name in ("ln_bf", "posterior", "attributed", "prior", "exposure", "explained"):
        np.testing.assert_allclose(getattr(many, name), getattr(one, name), rtol=1e-6, atol=1e-6, err_msg=name)


def test_no_partitioning_changes_a_bit(spark):
    cells, phibar = planted(3), np.random.default_rng(3).uniform(0, 20, 30)
    sweep = SparkSweep(spark, cells, SpikeSlabParams(), task_edges=100)
    kept = spark.conf.get("spark.sql.shuffle.partitions")
    sums = []
    for partitions in ("1", "3"):
        spark.conf.set("spark.sql.shuffle.partitions", partitions)
        sums.append(sweep.gains(phibar).tobytes())
    spark.conf.set("spark.sql.shuffle.partitions", kept)
    sweep.close()
    assert sums[0] == sums[1]


def test_pieces_of_any_size_add_up_to_the_sums_of_one_process(spark):
    cells, phibar = planted(4), np.random.default_rng(4).uniform(0, 20, 30)
    one = LocalSweep(cells, SpikeSlabParams())
    for size in (30, 10**6):
        many = SparkSweep(spark, cells, SpikeSlabParams(), size)
        np.testing.assert_allclose(many.exact(phibar), one.exact(phibar), atol=1e-8)
        np.testing.assert_allclose(many.pull(phibar), one.pull(phibar), atol=1e-8)
        assert many.unexplained(phibar) == pytest.approx(one.unexplained(phibar), abs=1e-8)
        many.close()


def test_the_number_of_edges_chooses_the_engine(spark):
    cells, params = planted(5, sources=8, cells=40), SpikeSlabParams(sweeps_max=1)
    edges = cells.shares.nnz
    fits = [FitBySize(spark, Graph(driver_edges=most, task_edges=50)) for most in (edges, edges - 1)]
    got = [one(cells, params) for one in fits]
    assert [one.engine for one in fits] == ["in_process", "distributed"]
    np.testing.assert_allclose(got[0].ln_bf, got[1].ln_bf, atol=1e-6)


def test_a_window_without_complaints_has_no_edge_to_spread(spark):
    cells = planted(6, sources=5, cells=20)
    none = replace(cells, observed=np.zeros(20))
    got = FitBySize(spark, Graph(driver_edges=0))(none, SpikeSlabParams())
    np.testing.assert_array_equal(got.attributed, np.zeros(5))
    assert (got.ln_bf <= 0).all()
