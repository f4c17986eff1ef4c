"""How long orders are kept, and which nights can be run again because of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from headwater import config
from headwater.errors import CheckFailedError
from headwater.exposure.orders import in_window
from headwater.nightly.retention import check_kept, forget_orders
from headwater.nightly.run import Run
from headwater.parameters.run import Night
from headwater.store import Lake
from headwater.tables.clean import CLEAN_ORDERS

NEWEST = date(2026, 11, 22)
PARAMS = Night(keep_orders_days=250, lookup_days=200)


def test_a_night_whose_orders_are_no_longer_kept_is_refused_and_told_the_oldest_that_can_be_run():
    oldest = NEWEST - timedelta(days=50)
    check_kept(oldest, NEWEST, PARAMS)
    check_kept(NEWEST + timedelta(days=1), NEWEST, PARAMS)
    check_kept(oldest, None, PARAMS)
    with pytest.raises(CheckFailedError, match=rf"night\.keep_orders_days.*the oldest that can is {oldest}"):
        check_kept(oldest - timedelta(days=1), NEWEST, PARAMS)


FIRST = NEWEST - timedelta(days=300)


@pytest.fixture
def run(spark, tmp_path):
    """A run of the newest night. Two nights of orders: the first brought old days and one that was still to come."""
    own = (f"paths.lake={tmp_path / 'lake'}", "night.keep_orders_days=250", "night.lookup_days=200")
    settings = config.load(overrides=own, environment={})
    lake = Lake(spark, settings)
    kept_from = NEWEST - timedelta(days=250)
    brought = {
        FIRST: {
            "first": FIRST,
            "last forgotten": kept_from - timedelta(days=1),
            "ahead": kept_from + timedelta(days=1),
        },
        NEWEST: {"late": FIRST, "tonight": NEWEST},
    }
    for night, orders in brought.items():
        values = {"night": night, "intake_seq": 1, "line_no": 1, "seller_id": "S", "buyer_token": "b", "quantity": 1}
        rows = [
            values | {"order_id": name, "day": day, "voided": False, "price_band": 1} for name, day in orders.items()
        ]
        rows = [row | {"ordered_at": datetime.combine(row["day"], datetime.min.time(), UTC)} for row in rows]
        lake.put(CLEAN_ORDERS, [tuple(row.get(name) for name in CLEAN_ORDERS.column_names) for row in rows], night)
    return Run(lake, settings, NEWEST, "a run", lambda _written: None)


def orders_of(run):
    return set(run.lake.rows(CLEAN_ORDERS, columns=["order_id"])["order_id"].to_pylist())


ALL = {"first", "last forgotten", "ahead", "late", "tonight"}


def test_orders_are_forgotten_only_after_the_newest_night_and_only_once_the_lake_is_that_old(run):
    version = run.lake.version(CLEAN_ORDERS)
    kept_from = NEWEST - timedelta(days=250)
    forget_orders(run, NEWEST + timedelta(days=1), FIRST)  # an older night was run again
    forget_orders(run, NEWEST - timedelta(days=1), kept_from)  # no night is so old
    forget_orders(run, None, None)  # the first night ever
    assert (orders_of(run), run.lake.version(CLEAN_ORDERS)) == (ALL, version)


@pytest.mark.parametrize("newest", [NEWEST, NEWEST - timedelta(days=1)])
def test_the_days_before_those_that_are_kept_are_forgotten_but_for_what_a_kept_night_took(run, newest):
    forget_orders(run, newest, FIRST)
    assert orders_of(run) == ALL - {"first", "last forgotten"}
    # The oldest night that can still be run again finds what it searches.
    oldest = NEWEST - timedelta(days=50)
    check_kept(oldest, NEWEST, run.config.night)
    searched = in_window(run.lake.read(CLEAN_ORDERS), oldest, run.config.night.lookup_days)
    assert [row["order_id"] for row in searched.collect()] == ["ahead"]
