"""Columns made without a Python object per row hold what the plain way would make."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.synthetic.columns import draw_within, expand, ids, money, position, times

numbers = st.lists(st.integers(0, 9_999_999), max_size=30).map(lambda values: np.array(values, np.int64))


@given(numbers)
def test_ids_are_the_prefix_and_the_zero_padded_number(values):
    assert ids("S", values, 7).to_pylist() == [f"S{value:07d}" for value in values.tolist()]


def test_ids_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="fit"):
        ids("S", np.array([10**7]), 7)


def test_masked_rows_are_null():
    mask = np.array([False, True, False])
    assert ids("B", np.arange(3), 1, mask).to_pylist() == ["B0", None, "B2"]
    assert money(np.array([100, 5, -1]), mask).to_pylist() == [Decimal("1.00"), None, Decimal("-0.01")]
    assert times(np.array([0, 1, 86_400]), mask).to_pylist()[1] is None


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 6)), max_size=10))
def test_expanded_ranges_are_the_ranges_one_after_another(ranges):
    starts = np.array([start for start, _ in ranges], np.int64)
    counts = np.array([count for _, count in ranges], np.int64)
    assert expand(starts, counts).tolist() == [at for start, count in ranges for at in range(start, start + count)]


@given(st.lists(st.integers(0, 4), max_size=20))
def test_the_position_counts_up_within_each_group(groups):
    assert position(np.array(groups, np.int64)).tolist() == [
        groups[:at].count(group) for at, group in enumerate(groups)
    ]


def test_a_draw_within_a_range_stays_there_and_follows_the_weights():
    weights = np.array([5.0, 1.0, 3.0, 0.0, 2.0])
    size = 20_000
    first, last = np.full(size, 1), np.full(size, 3)
    drawn = draw_within(np.random.default_rng(1), np.cumsum(weights), first, last)
    assert np.bincount(drawn, minlength=5) / size == pytest.approx([0, 0.25, 0.75, 0, 0], abs=0.02)
