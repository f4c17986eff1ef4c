"""The reporting-delay curve: by hand, on simulated right-truncated complaints, and where there is nothing to learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nbinom

from headwater.attribution.delay import delay_curve, prior_curve
from headwater.parameters.attribution import Delay

NOTHING = (np.array([], dtype=int), np.array([], dtype=int), np.array([]))


def truncated(volumes, days, seed, mean=9.0):
    """Complaints about order days of age 0, 1, ... with these volumes, of which only the filed ones are seen."""
    rng = np.random.default_rng(seed)
    age = np.repeat(np.arange(len(volumes)), volumes)
    chance = 3 / (3 + mean)
    delay = rng.negative_binomial(3, chance, len(age))
    seen = delay <= np.minimum(age, days)
    truth = nbinom.cdf(np.arange(days + 1), 3, chance)
    return age[seen], delay[seen], np.ones(int(seen.sum())), truth / truth[-1]


def test_a_curve_is_done_by_hand():
    params = Delay(mean_days=1, shape=1, pseudo_complaints=7)
    assert prior_curve(2, params) == pytest.approx([4 / 7, 6 / 7, 1])  # geometric, one half a day
    age = np.array([2, 2, 2, 1, 1, 0])
    delay = np.array([0, 1, 2, 0, 1, 0])
    weight = np.array([2.0, 2.0, 1.0, 3.0, 1.0, 5.0])
    # day 2: 4 of 5 filed before (prior: 6 of 7); day 1: 5 of 8 (prior: 4 of 6); age 0 tells nothing about either
    at_one = (4 + 6) / (5 + 7)
    assert delay_curve(age, delay, weight, 2, params) == pytest.approx([at_one * (5 + 4) / (8 + 6), at_one, 1])


def test_no_data_gives_the_assumed_curve():
    for days, params in ((90, Delay()), (30, Delay(mean_days=3, shape=1))):
        assert delay_curve(*NOTHING, days, params) == pytest.approx(prior_curve(days, params), rel=1e-12)


def test_the_assumed_curve_has_the_mean_it_was_given():
    curve = prior_curve(2000, Delay(mean_days=12))
    assert np.sum(1 - curve) == pytest.approx(12, rel=1e-6)


def test_complaints_that_are_as_assumed_change_nothing():
    days = 40
    share = np.diff(prior_curve(days), prepend=0)
    curve = delay_curve(np.full(41, 40), np.arange(41), 1000 * share, days)
    assert curve == pytest.approx(prior_curve(days), abs=1e-6)


@pytest.mark.parametrize("growth", [0.0, 0.05, -0.05])
def test_a_truncated_curve_is_found_again_whether_volume_grows_or_shrinks(growth):
    days = 60
    volumes = (2000 * np.exp(-growth * np.arange(91))).astype(int)
    age, delay, weight, truth = truncated(volumes, days, seed=3)
    assert delay_curve(age, delay, weight, days) == pytest.approx(truth, abs=0.012)


def test_the_naive_share_is_biased_by_growth_and_the_curve_is_not():
    days = 60
    volumes = (3000 * np.exp(-0.08 * np.arange(61))).astype(int)
    age, delay, weight, truth = truncated(volumes, days, seed=4)
    naive = np.cumsum(np.bincount(delay, minlength=61)) / len(delay)
    assert np.abs(naive - truth).max() > 0.1
    assert np.abs(delay_curve(age, delay, weight, days) - truth).max() < 0.04


def test_a_young_lake_takes_the_shape_beyond_its_oldest_day_from_the_assumed_curve():
    days = 60
    age, delay, weight, _ = truncated(np.full(11, 5000), days, seed=5)
    curve, prior = delay_curve(age, delay, weight, days), prior_curve(days)
    assert curve[10:] == pytest.approx(prior[10:], rel=1e-12)
    assert np.abs(curve[:10] - prior[:10]).max() > 0.01


def test_few_complaints_move_the_curve_less_than_many():
    days = 30
    prior = prior_curve(days)
    few = delay_curve(np.array([30]), np.array([25]), np.array([3.0]), days)
    many = delay_curve(np.array([30]), np.array([25]), np.array([3000.0]), days)
    assert 0 < prior[10] - few[10] < prior[10] - many[10]


def test_weights_count_as_repeated_rows_and_any_order_gives_the_same_bits():
    days = 30
    age, delay, weight, _ = truncated(np.full(41, 50), days, seed=6)
    whole = delay_curve(age, delay, weight, days)
    shuffled = np.random.default_rng(1).permutation(len(age))
    assert np.array_equal(delay_curve(age[shuffled], delay[shuffled], weight, days), whole)
    pairs, counts = np.unique(np.column_stack([age, delay]), axis=0, return_counts=True)
    assert np.array_equal(delay_curve(pairs[:, 0], pairs[:, 1], counts.astype(float), days), whole)


def test_complaints_later_than_the_window_do_not_count():
    days = 30
    age, delay, weight = np.array([200, 200]), np.array([5, 150]), np.array([9.0, 9.0])
    assert np.array_equal(delay_curve(age, delay, weight, days), delay_curve(age[:1], delay[:1], weight[:1], days))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.floats(0, 1e9)), max_size=60))
def test_the_curve_rises_from_above_nothing_to_one(rows):
    days = 25
    age = np.array([a + d for a, d, _ in rows], dtype=int)
    curve = delay_curve(age, np.array([d for _, d, _ in rows], dtype=int), np.array([w for *_, w in rows]), days)
    assert curve.shape == (26,)
    assert np.all(np.diff(curve) >= 0)
    assert curve[0] > 0
    assert curve[-1] == 1.0


@pytest.mark.parametrize(
    ("age", "delay", "weight"),
    [
        ([3], [4], [1.0]),
        ([3], [-1], [1.0]),
        ([3], [2], [-1.0]),
        ([3], [2], [np.nan]),
        ([3.5], [2], [1.0]),
        ([3, 4], [2], [1.0]),
    ],
)
def test_rows_that_cannot_be_are_refused(age, delay, weight):
    with pytest.raises(ValueError):
        delay_curve(np.array(age), np.array(delay), np.array(weight), 90)
