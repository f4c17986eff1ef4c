"""Calibration: the posterior without verdicts, what verdicts say with them, and no certainty that the record does not bear."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.special import expit

from headwater.attribution.calibrate import (
    calibrate,
    features,
    inspection_weights,
    learn_tempering,
    proximity,
    temper,
    wilson_low,
)
from headwater.evaluate.metrics import wilson
from headwater.parameters.finding import Tempering


def drawn(seed, n, slope, intercept):
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.normal(0, 3, n), np.full(n, -1.0), rng.normal(0, 1, (n, 3))])
    truth = rng.random(n) < expit(intercept + slope * (x[:, 0] + x[:, 1]))
    return x, truth


def test_without_verdicts_the_calibrator_is_the_models_own_posterior():
    got = calibrate(np.zeros((0, 5)), np.zeros(0, dtype=bool), np.zeros(0))
    assert got.mean.tolist() == [1.0, 1.0, 0.0, 0.0, 0.0]


def test_verdicts_move_the_calibrator_to_the_truth():
    x, truth = drawn(1, 4000, 0.4, 0.0)
    got = calibrate(x, truth, np.ones(4000))
    assert got.mean[0] == pytest.approx(0.4, abs=0.06)


def test_a_few_verdicts_move_it_less_than_many():
    few = calibrate(*drawn(1, 20, 0.4, 0.0), np.ones(20)).mean[0]
    many = calibrate(*drawn(1, 2000, 0.4, 0.0), np.ones(2000)).mean[0]
    assert many < few < 1.0


def test_the_interval_holds_the_probability_and_narrows_with_verdicts():
    x, truth = drawn(2, 2000, 1.0, 0.0)
    point, low, high = calibrate(x, truth, np.ones(2000)).interval(x[:50])
    assert ((low <= point) & (point <= high)).all()
    _, low20, high20 = calibrate(x[:20], truth[:20], np.ones(20)).interval(x[:50])
    assert (high - low).mean() < (high20 - low20).mean()


def test_rare_inspections_weigh_more_up_to_the_clip():
    assert inspection_weights(np.array([1.0, 0.1, 0.001])).tolist() == [1.0, 10.0, 20.0]
    with pytest.raises(ValueError, match="inspection probability"):
        inspection_weights(np.array([0.0]))


def test_proximity_comes_from_neighbours_only():
    flow = sp.csr_matrix(np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]))
    got = proximity(flow, np.array([2.0, 0.0, 0.0]))
    assert got[1] > 0
    assert got[2] == 0


def test_proximity_converges_on_a_hub():
    got = proximity(sp.csr_matrix(np.ones((1, 50))), np.r_[1.0, np.zeros(49)])
    assert np.abs(got).max() < 10


def test_features_are_centred_where_the_market_sets_the_level():
    got = features(np.zeros(4), np.full(4, 0.1), np.array([1.0, 2, 3, 4]), np.arange(4.0), np.array([0.1, 1, 10, 100]))
    np.testing.assert_allclose(got[:, 2:].mean(axis=0), 0, atol=1e-12)


def test_an_overconfident_model_is_tempered():
    rng = np.random.default_rng(3)
    odds = rng.normal(-2, 4, 5000)
    truth = rng.random(5000) < expit(0.5 * odds)
    got = learn_tempering(odds, truth, "test")
    assert got.slope == pytest.approx(0.5, abs=0.05)
    p = temper(odds, got)
    assert abs(p.mean() - truth.mean()) < 0.02


def test_a_model_that_doubts_too_much_is_left_as_it_is():
    """Planted marketplaces hold less than real ones: their record takes certainty away and never lends any."""
    rng = np.random.default_rng(4)
    odds = rng.normal(-2, 4, 5000)
    got = learn_tempering(odds, rng.random(5000) < expit(0.5 + 2 * odds), "test")
    assert (got.intercept, got.slope) == (0.0, 1.0)
    np.testing.assert_allclose(temper(odds, got), expit(odds))


def test_certainty_that_the_record_does_not_bear_is_not_published():
    odds = np.r_[np.full(60, 8.0), np.full(400, -6.0)]
    truth = np.r_[np.ones(60, dtype=bool), np.zeros(400, dtype=bool)]
    assert wilson_low(60, 60) < 0.97
    assert temper(odds, learn_tempering(odds, truth, "short record")).max() < 0.99
    many = learn_tempering(np.tile(odds, 4), np.tile(truth, 4), "long record")
    assert temper(odds, many).max() >= 0.99


def test_tempering_keeps_the_order():
    odds = np.linspace(-9, 4, 50)
    assert (np.diff(temper(odds, Tempering(slope=0.6, intercept=-0.3))) >= 0).all()


@pytest.mark.parametrize(("hits", "trials"), [(0, 10), (10, 10), (97, 100), (450, 460)])
def test_the_lower_bound_is_the_same_as_the_metrics(hits, trials):
    assert wilson_low(hits, trials) == pytest.approx(wilson(hits, trials)[0])
