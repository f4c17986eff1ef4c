"""Trends from thirds of the window: new, gone and back, rising, falling, and steady when there is too little to say."""

import numpy as np
import pytest
from scipy.stats import binom

from headwater.attribution.trend import NAMES, trends

EVEN = [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("orders", "observed", "expected", "word"),
    [
        ([10, 10, 10], [2, 2, 2], EVEN, "steady"),
        ([10, 10, 10], [0, 0, 0], EVEN, "steady"),
        ([10, 10, 10], [0, 1, 1], EVEN, "steady"),
        ([10, 10, 10], [0, 1, 8], EVEN, "rising"),
        ([10, 10, 10], [8, 8, 0], EVEN, "falling"),
        ([10, 10, 90], [1, 1, 8], [1.0, 1.0, 8.0], "steady"),
        ([0, 0, 10], [0, 0, 1], [0.0, 0.0, 1.0], "new"),
        ([10, 0, 10], [1, 0, 1], [1.0, 0.0, 1.0], "re_emerged"),
        ([0, 0, 0], [0, 0, 0], [0.0, 0.0, 0.0], "steady"),
    ],
)
def test_a_trend_in_words(orders, observed, expected, word):
    got = trends(*(np.array([v], dtype=float) for v in (orders, observed, expected)))
    assert NAMES[got[0]] == word


def test_rising_is_the_binomial_test_at_its_level():
    for late in range(11):
        chance = binom.sf(late - 1, 10, 1 / 3)
        got = trends(np.full((1, 3), 5.0), np.array([[10.0 - late, 0, late]]), np.full((1, 3), 1.0))[0]
        assert (NAMES[got] == "rising") == (chance < 0.05)
