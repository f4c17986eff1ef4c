"""A sweep's sums against the formula in double precision, whatever the blocks, strips and range of shares."""

from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse as sp

from headwater.attribution.cells import Cells, entries_of, heard
from headwater.attribution.sweeps import LocalSweep, LogTable, log_likelihoods, strips
from headwater.parameters.finding import SpikeSlabParams

PARAMS = SpikeSlabParams()


def market(seed, highest=1.0, cells=900, sources=40):
    """Random cells with fractional complaints, some of none, and places owned by suppliers."""
    rng = np.random.default_rng(seed)
    shares = sp.random(cells, sources, 0.1, random_state=rng, data_rvs=lambda n: rng.uniform(1e-6, highest, n)).tocsr()
    owner = np.where(np.arange(sources) % 2, np.arange(sources) - 1, -1)
    observed = rng.choice([0.0, 0.3, 1.0, 7.0], cells)
    got = Cells(observed, shares, rng.random(sources), np.arange(sources) % 2, 50.0, owner=owner)
    return got, rng.uniform(0, 40, sources)


@pytest.mark.parametrize("highest", [1.0, 5.0, 1e-3])
@pytest.mark.parametrize("seed", range(2))
def test_the_sums_of_a_sweep_are_the_formula_to_two_millionths_an_edge(seed, highest):
    cells, phibar = market(seed, highest)
    sweep = LocalSweep(cells, PARAMS)
    exact = log_likelihoods(entries_of(cells), 1 + cells.shares @ phibar, phibar, 0 * phibar, PARAMS)
    mass = (cells.shares > 0).T @ cells.observed
    assert (np.abs(sweep.gains(phibar) - exact) <= 2e-6 * mass[:, None] + 1e-12).all()


def test_blocks_and_strips_change_nothing():
    cells, phibar = market(5)
    small = LocalSweep(cells, SpikeSlabParams(block=64, strip=256))
    np.testing.assert_allclose(small.gains(phibar), LocalSweep(cells, PARAMS).gains(phibar), rtol=1e-8)
    assert small.unexplained(phibar) == pytest.approx(float((cells.observed / (1 + cells.shares @ phibar)).sum()))


def test_the_same_sums_whatever_the_threads():
    cells, phibar = market(6)
    many = LocalSweep(cells, SpikeSlabParams(block=64, strip=128))
    assert many.gains(phibar).tobytes() == many.gains(phibar).tobytes()


def test_a_share_below_every_node_counts_as_the_lowest():
    table = LogTable(1.0, PARAMS.grid)
    node, step = np.zeros(3, dtype=np.int32), np.zeros(3, dtype=np.float32)
    table.locate(np.array([0.0, 1.0, 0.3], dtype=np.float32), node, step)
    logs = table.logs[node] + step[:, None] * table.steps[node, : len(PARAMS.grid)]
    assert logs[0, -1] < 2.5e-5
    np.testing.assert_allclose(logs[1:], np.log1p(np.multiply.outer([1.0, 0.3], PARAMS.grid)), atol=2e-6)


def test_prepared_blocks_hold_every_edge_once_with_the_sources_that_it_owns():
    cells, phibar = market(8)
    entries, explained = entries_of(cells), 1 + cells.shares @ phibar
    whole = entries.others(explained, phibar)
    for size in (1, 7, 64):
        parts = [entries.others(explained, phibar, block) for block in entries.blocks(size)]
        np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_strips_cover_every_row_once():
    starts = np.array([0, 0, 5, 5, 30, 31, 60])
    runs = strips(starts, 10)
    assert runs[0][0] == 0
    assert runs[-1][1] == 6
    assert all(a[1] == b[0] for a, b in pairwise(runs))


def test_only_sources_with_complaints_are_swept_and_owners_keep_their_places():
    shares = sp.csr_matrix([[1.0, 0, 1.0, 0], [0, 1.0, 0, 0], [0, 0, 0.5, 0.5]])
    cells = Cells(
        np.array([1.0, 0.0, 2.0]), shares, np.ones(4), np.array([0, 0, 1, 1]), 9.0, owner=np.array([-1, -1, 0, 1])
    )
    loud, mask = heard(cells)
    assert mask.tolist() == [True, False, True, True]
    assert loud.shares.shape == (2, 3)
    assert loud.owner.tolist() == [-1, 0, -1]  # the owner of the last has no complaints: it explains nothing
