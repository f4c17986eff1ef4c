"""The calibrator: the tempered posterior without verdicts, verdicts' own shape with many, and its record on later ones."""

import numpy as np
import pytest
from scipy.special import expit

from headwater.attribution.calibrate import temper
from headwater.attribution.calibrator import ISOTONIC, LOGISTIC, PLANTED, calibrator
from headwater.parameters.finding import CalibrationParams, Tempering

TEMPER = Tempering(intercept=-0.2, slope=0.8, ceiling=1.0)


def drawn(seed, n, shape):
    """Features and verdicts whose truth is `shape` of the model's log odds."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.normal(0, 3, n), np.full(n, -1.0), rng.normal(0, 0.3, (n, 3))])
    return x, rng.random(n) < shape(x[:, 0] + x[:, 1])


def fitted(seed, n, shape, tempering=TEMPER):
    x, guilty = drawn(seed, n, shape)
    return calibrator(x, guilty, np.ones(n), tempering)


def test_without_verdicts_it_is_the_tempered_posterior():
    got = calibrator(np.zeros((0, 5)), np.zeros(0, dtype=bool), np.zeros(0), TEMPER)
    x, _ = drawn(1, 50, expit)
    assert got.method == PLANTED
    np.testing.assert_allclose(got.probability(x)[0], temper(x[:, 0] + x[:, 1], TEMPER), atol=1e-9)


@pytest.mark.parametrize(("n", "method"), [(10, LOGISTIC), (299, LOGISTIC), (300, ISOTONIC)])
def test_the_method_follows_the_number_of_verdicts(n, method):
    assert fitted(2, n, expit).method == method


def test_many_verdicts_teach_a_shape_that_no_slope_has():
    def shape(odds):  # whoever looks guilty at all is guilty at 70 %, however strong the evidence
        return np.where(odds > 0, 0.7, 0.05)

    got = fitted(3, 2000, shape)
    x, _ = drawn(4, 400, shape)
    point = got.probability(x)[0]
    odds = x[:, 0] + x[:, 1]
    assert point[odds > 3].mean() == pytest.approx(0.7, abs=0.06)
    assert point[odds < -3].mean() == pytest.approx(0.05, abs=0.04)
    straight = CalibrationParams(isotonic_from=10**6)
    slope = calibrator(*drawn(3, 2000, shape), np.ones(2000), TEMPER, straight)
    assert got.quality.brier < slope.quality.brier


def test_more_evidence_never_lowers_the_probability():
    got = fitted(5, 500, expit)
    x = np.zeros((200, 5))
    x[:, 0] = np.linspace(-12, 12, 200)
    assert (np.diff(got.probability(x)[0]) >= -1e-12).all()


@pytest.mark.parametrize("n", [40, 600])
def test_the_interval_holds_the_probability(n):
    got = fitted(6, n, expit)
    point, low, high = got.probability(drawn(7, 100, expit)[0])
    assert ((low <= point) & (point <= high)).all()


def test_verdicts_that_contradict_the_evidence_bring_the_ceiling_down():
    liar = fitted(8, 400, lambda odds: np.full(len(odds), 0.5))
    x, _ = drawn(9, 100, expit)
    assert liar.probability(x)[0].max() < 0.8
    honest = fitted(8, 9000, lambda odds: expit(3 * odds))
    assert honest.quality.sure > 100
    assert honest.probability(x)[0].max() >= 0.99


def test_few_verdicts_publish_no_certainty_of_their_own():
    got = fitted(10, 30, expit)
    assert got.quality.brier is None
    assert got.probability(drawn(11, 200, expit)[0])[0].max() <= 0.989


def test_the_record_is_of_later_verdicts_only():
    x, guilty = drawn(12, 400, expit)
    late = guilty.copy()
    late[280:] = ~late[280:]
    assert (
        calibrator(x, late, np.ones(400), TEMPER).quality.brier
        > calibrator(x, guilty, np.ones(400), TEMPER).quality.brier + 0.1
    )


def test_all_verdicts_alike_are_no_error():
    x, _ = drawn(13, 320, expit)
    for verdict in (True, False):
        point, low, high = calibrator(x, np.full(320, verdict), np.ones(320), TEMPER).probability(x)
        assert np.isfinite([point, low, high]).all()
        assert 0 < point.min() <= point.max() < 1
