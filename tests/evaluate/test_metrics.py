"""Metrics against hand computation, and against another implementation of each."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.evaluate import metrics

SCORE = np.array([0.9, 0.8, 0.7, 0.6])
TRUTH = np.array([True, False, True, False])


def test_average_precision_by_hand():
    assert metrics.average_precision(SCORE, TRUTH) == pytest.approx((1 / 1 + 2 / 3) / 2)


def test_ties_go_to_the_earlier_row():
    assert metrics.average_precision(np.zeros(2), np.array([True, False])) == 1.0
    assert metrics.average_precision(np.zeros(2), np.array([False, True])) == 0.5


def test_average_precision_of_nothing_to_find_is_nan():
    assert np.isnan(metrics.average_precision(SCORE, np.zeros(4, dtype=bool)))


def test_a_score_that_is_nan_is_refused():
    with pytest.raises(ValueError, match="NaN"):
        metrics.ranking(np.array([np.nan]))


def test_precision_and_recall_at_k():
    assert metrics.precision_at(SCORE, TRUTH, 3) == pytest.approx(2 / 3)
    assert metrics.recall_at(SCORE, TRUTH, 1) == 0.5
    assert metrics.precision_at(SCORE, TRUTH, 100) == 0.5


def test_the_wilson_interval_by_hand():
    low, high = metrics.wilson(9, 10)
    assert (low, high) == pytest.approx((0.5958, 0.9821), abs=1e-3)
    assert metrics.wilson(0, 0) == (0.0, 1.0)


def test_brier_and_log_loss_by_hand():
    p = np.array([0.8, 0.1])
    assert metrics.brier(p, np.array([True, False])) == pytest.approx((0.04 + 0.01) / 2)
    assert metrics.log_loss(p, np.array([True, False])) == pytest.approx(-(np.log(0.8) + np.log(0.9)) / 2)
    assert np.isfinite(metrics.log_loss(np.array([0.0]), np.array([True])))


def test_the_reliability_table_counts_every_row_once():
    rng = np.random.default_rng(0)
    p = np.r_[rng.random(500), 0.0, 1.0]
    bins = metrics.reliability(p, rng.random(502) < p)
    assert sum(b.rows for b in bins) == 502
    assert all(b.low <= b.mean_probability <= b.high for b in bins)
    assert all(b.share_low <= b.share_true <= b.share_high for b in bins)


def test_b_cubed_by_hand():
    # Found {a, b, c}, {d}; true {a, b}, {c, d}.
    precision, recall, f1 = metrics.b_cubed(np.array([0, 0, 0, 1]), np.array([5, 5, 6, 6]))
    assert precision == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1) / 4)
    assert recall == pytest.approx((1 + 1 + 0.5 + 0.5) / 4)
    assert f1 == pytest.approx(2 * precision * recall / (precision + recall))


def test_pairwise_by_hand():
    precision, recall, _ = metrics.pairwise(np.array([0, 0, 0, 1]), np.array([5, 5, 6, 6]))
    assert precision == pytest.approx(1 / 3)
    assert recall == pytest.approx(1 / 2)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=12))
def test_clusterings_match_the_definition_item_by_item(rows):
    found, truth = np.array(rows).T
    same_f, same_t = found[:, None] == found, truth[:, None] == truth
    both = (same_f & same_t).sum(axis=1)
    precision, recall, _ = metrics.b_cubed(found, truth)
    assert precision == pytest.approx((both / same_f.sum(axis=1)).mean())
    assert recall == pytest.approx((both / same_t.sum(axis=1)).mean())
    upper = np.triu(np.ones_like(same_f), 1).astype(bool)
    pairs = metrics.pairwise(found, truth)
    if (same_f & upper).any():
        assert pairs[0] == pytest.approx((same_f & same_t & upper).sum() / (same_f & upper).sum())
    if (same_t & upper).any():
        assert pairs[1] == pytest.approx((same_f & same_t & upper).sum() / (same_t & upper).sum())
