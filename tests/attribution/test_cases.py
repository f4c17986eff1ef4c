"""Sources that share nearly all their cells become one case."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.special import logsumexp

from headwater.attribution.cases import case_bayes_factors, group_cases
from headwater.attribution.cells import Cells
from headwater.attribution.late import fit_late
from headwater.attribution.spike_slab import fit
from headwater.parameters.finding import CaseParams, SpikeSlabParams


def test_equal_columns_are_one_case_and_others_are_not():
    flow = sp.csr_matrix(np.array([[1.0, 2.0, 0.0, 0.0], [3.0, 6.0, 1.0, 0.0], [0.0, 0.0, 4.0, 0.0]]))
    assert group_cases(flow).tolist() == [0, 0, 2, 3]


def test_the_link_is_single_so_a_chain_is_one_case():
    angle = np.deg2rad([0.0, 10.0, 20.0])  # cosine of 10 degrees is .985, of 20 degrees .940
    flow = sp.csr_matrix(np.vstack([np.cos(angle), np.sin(angle)]))
    assert group_cases(flow).tolist() == [0, 0, 0]
    assert group_cases(flow, CaseParams(cosine=0.99)).tolist() == [0, 1, 2]


def test_blocks_do_not_change_the_cases():
    rng = np.random.default_rng(0)
    base = rng.random((20, 5))
    flow = sp.csr_matrix(np.hstack([base, base * 2, rng.random((20, 5))]))
    np.testing.assert_array_equal(group_cases(flow), group_cases(flow, CaseParams(block=2)))


def test_sources_without_exposure_are_no_case():
    assert group_cases(sp.csr_matrix((4, 3))).tolist() == [0, 1, 2]


def test_twins_share_the_evidence_and_the_case_has_all_of_it():
    twins = Cells(np.array([5.0]), sp.csr_matrix([[1.0, 1.0]]), np.array([0.3, 0.3]), np.array([0, 0]), 30.0)
    got = fit(twins)
    grid = SpikeSlabParams().grid
    whole = logsumexp(5 * np.log1p(grid) - grid * got.exposure[0] + SpikeSlabParams().log_weights)
    merged = case_bayes_factors(twins, got, np.array([0, 0]))
    assert merged[0] == merged[1] > got.ln_bf.max() + 1
    assert merged[0] == pytest.approx(whole, abs=1e-6)


def test_a_source_alone_keeps_its_bayes_factor():
    cells = Cells(np.array([5.0]), sp.csr_matrix([[1.0, 0.0]]), np.array([0.3, 2.0]), np.array([0, 0]), 30.0)
    got = fit(cells)
    np.testing.assert_array_equal(case_bayes_factors(cells, got, np.array([0, 1])), got.ln_bf)


def test_a_late_twin_and_a_late_stranger_take_nothing_from_a_case():
    """A place, its twin among the late sources, and another late source of the same complaints: judged as the place alone."""
    shares = sp.csr_matrix([[1.0, 1.0, 0.7]])
    kind = np.array([0, 2, 3])
    cells = Cells(
        np.array([6.0]), shares, np.array([4.0, 4.0, 0.3]), kind, 60.0, late=np.array([False, True, True])
    )  # fmt: skip
    first = Cells(cells.observed, shares[:, :1], cells.exposure[:1], kind[:1], 60.0)
    both = fit_late(cells, fit(first), SpikeSlabParams())
    got = case_bayes_factors(cells, both, np.array([0, 0, 2]))
    assert both.phibar[2] > 1  # the stranger explains them, and yet
    assert got[0] == pytest.approx(both.ln_bf[0], abs=1e-6)
    assert got[1] == got[0]
    assert got[2] == both.ln_bf[2]


def test_a_case_of_which_nobody_complained_is_cleared_by_its_exposure():
    cells = Cells(np.array([2.0]), sp.csr_matrix([[0.0, 0.0, 1.0]]), np.array([3.0, 3.0, 0.1]), np.zeros(3, int), 7.0)
    got = fit(cells)
    merged = case_bayes_factors(cells, got, np.array([0, 0, 2]))
    assert (merged[:2] < 0).all()
    assert merged[2] == got.ln_bf[2]
