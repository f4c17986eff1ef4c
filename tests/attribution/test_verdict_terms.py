"""Verdicts and test purchases move the odds as the formulas say."""

import numpy as np
import pytest
import scipy.sparse as sp

from headwater.attribution.verdict_terms import counts_after_clearing, purchase_terms, verdict_log_odds
from headwater.parameters.finding import VerdictParams


def test_a_confirmed_verdict_raises_and_a_cleared_one_lowers_by_the_same():
    got = verdict_log_odds(np.array([1, -1, 0]), np.full(3, 0.95))
    assert got == pytest.approx([np.log(19), -np.log(19), 0.0])


def test_a_verdict_that_is_never_or_always_right_is_refused():
    with pytest.raises(ValueError, match="reliability"):
        verdict_log_odds(np.array([1]), np.array([1.0]))


def test_after_clearing_only_later_complaints_count():
    assert counts_after_clearing(np.array([3, 5, 6]), np.array([5, 5, 5])).tolist() == [False, False, True]
    assert counts_after_clearing(np.array([3]), np.array([-1])).tolist() == [True]


def test_a_counterfeit_purchase_is_the_formula_by_hand():
    params = VerdictParams(leak=0.1)
    got = purchase_terms(sp.csr_matrix([[0.6, 0.4]]), np.array([0.2, 0.5]), np.array([True]), params)
    q = 1 - 0.4 * 0.5
    assert got[0] == pytest.approx(np.log((1 - 0.9 * 0.4 * q) / (1 - 0.9 * q)))


def test_a_purchase_explained_by_a_sure_source_says_little_of_another():
    shares = sp.csr_matrix([[0.5, 0.5]])
    doubtful = purchase_terms(shares, np.array([0.1, 0.1]), np.array([True]))
    explained = purchase_terms(shares, np.array([0.1, 0.99]), np.array([True]))
    assert explained[0] < doubtful[0]
    assert explained[0] > 0


def test_a_genuine_purchase_speaks_for_the_source_but_never_clears_it():
    got = purchase_terms(sp.csr_matrix([[1.0, 0.0]]), np.array([0.5, 0.5]), np.array([False]))
    assert got[0] == pytest.approx(np.log(0.05))
    assert got[1] == 0
