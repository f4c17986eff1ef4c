"""Which nights can be run again, by how long their orders are kept."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from headwater.errors import CheckFailedError
from headwater.nightly.retention import check_kept
from headwater.parameters.run import Night

NEWEST = date(2026, 11, 22)
PARAMS = Night(keep_orders_days=250, lookup_days=200)


def test_a_night_whose_orders_are_no_longer_kept_is_refused_and_told_the_oldest_that_can_be_run():
    oldest = NEWEST - timedelta(days=50)
    check_kept(oldest, NEWEST, PARAMS)
    check_kept(NEWEST + timedelta(days=1), NEWEST, PARAMS)
    check_kept(oldest, None, PARAMS)
    with pytest.raises(CheckFailedError, match=rf"night\.keep_orders_days.*the oldest that can is {oldest}"):
        check_kept(oldest - timedelta(days=1), NEWEST, PARAMS)
