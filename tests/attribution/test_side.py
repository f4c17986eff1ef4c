"""Signs beyond complaints: learnt, bounded, and no case by themselves."""

import numpy as np
import pytest
from scipy.special import expit

from headwater.attribution.find import find
from headwater.attribution.logistic import fit_logistic
from headwater.attribution.side import learn_slopes, side_log_odds, signs, standardise, to_even_odds
from headwater.parameters.finding import SIGNS, SideParams

from .windows import window

PARAMS = SideParams()


def learnt(seed=0, tell=1.5, sources=600):
    rng = np.random.default_rng(seed)
    guilty = rng.random(sources) < 0.1
    features = standardise(
        rng.normal(0, 1, (sources, 2)) + np.outer(guilty * tell, [1, 0]), np.zeros(sources, dtype=np.int64)
    )
    kind = np.zeros(sources, dtype=np.int64)
    return features, kind, learn_slopes(features, kind, np.where(guilty, 0.95, 0.02), np.ones(sources), PARAMS)


def test_a_sign_that_tells_gets_a_slope_and_one_that_does_not_gets_none():
    _, _, slopes = learnt()
    assert slopes[0] > 1
    assert abs(slopes[1]) < 0.4


def test_the_signs_never_exceed_their_bound():
    features, _, slopes = learnt(tell=6.0)
    got = side_log_odds(features, slopes, np.full(600, 5.0), np.full(600, -9.0), PARAMS)
    assert np.abs(got).max() <= PARAMS.lift_max


def test_a_source_that_complaints_clear_is_not_raised():
    slopes = np.array([2.0])
    x = np.array([[2.0], [2.0]])
    got = side_log_odds(x, slopes, np.array([-6.0, 3.0]), np.full(2, -4.0), PARAMS)
    assert got[0] < 0.01
    assert got[1] > 3


def test_signs_alone_carry_nobody_beyond_even_odds():
    got = side_log_odds(np.array([[3.0]]), np.array([4.0]), np.array([0.0]), np.array([-2.5]), PARAMS)
    assert got[0] == pytest.approx(2.5, abs=0.05)


def test_what_lowers_has_no_bound_and_what_is_beyond_even_odds_already_is_not_raised():
    got = to_even_odds(np.array([3.0, 1.0, 2.0, -6.0]), np.array([-2.5, -2.5, 0.5, -2.5]))
    assert got.tolist() == [2.5, 1.0, 0.0, -6.0]


def test_an_innocent_sign_lowers_even_without_complaints():
    got = side_log_odds(np.array([[-2.0]]), np.array([1.0]), np.array([-6.0]), np.array([-3.0]), PARAMS)
    assert got[0] == pytest.approx(-2.0)


def test_a_constant_sign_says_nothing():
    assert standardise(np.ones((5, 1)), np.zeros(5, dtype=np.int64)).tolist() == [[0.0]] * 5


def test_the_logistic_fit_is_where_the_gradient_vanishes():
    rng = np.random.default_rng(0)
    x = np.column_stack([np.ones(200), rng.normal(0, 2, 200)])
    y, w = (rng.random(200) < expit(x @ [0.5, -1.0])).astype(float), rng.random(200)
    mean, spread = np.array([0.0, 0.0]), np.array([2.0, 0.5])
    beta = fit_logistic(x, y, w, mean, spread).mean
    gradient = x.T @ (w * (expit(x @ beta) - y)) + (beta - mean) / spread**2
    np.testing.assert_allclose(gradient, 0, atol=1e-8)


def test_perfectly_separated_rows_have_a_finite_fit():
    x = np.column_stack([np.ones(20), np.r_[np.full(10, -50.0), np.full(10, 50.0)]])
    got = fit_logistic(x, np.r_[np.zeros(10), np.ones(10)], np.ones(20), np.zeros(2), np.ones(2))
    assert np.isfinite(got.mean).all()
    assert got.mean[1] > 0


def test_each_sign_sees_what_is_odd_about_a_source():
    """Of suppliers with the same orders one is cheap, one has refunds, one goods that are not as described."""
    odd = {"cheap": {"below_micro": -30 * 10**6}, "refunded": {"refunded": 20}, "other": {"other": 20}, "plain": {}}
    flows = [{"seller_id": s, "supplier_id": u, **more} for s in "ab" for u, more in odd.items()]
    gathered = window(flows)
    found = find(gathered.market, gathered.listing_shop)
    shares = found.exposure_shares
    got = signs(gathered.market, shares, np.full(gathered.market.early, -1), PARAMS)
    code = {u: i for i, u in enumerate(gathered.ids.suppliers.tolist())}
    for name, source in (("price below peers", "cheap"), ("not as described", "other"), ("refunds", "refunded")):
        column = got[: len(odd), SIGNS.index(name)]
        assert column.argmax() == code[source], name
        assert column[code[source]] > column[code["plain"]] + 0.1, name
    assert got[code["cheap"], 0] == pytest.approx(60 / (200 + PARAMS.price_pseudo), rel=0.01), (
        "ln of a 26 % discount, shrunk"
    )
