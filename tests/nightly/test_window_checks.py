"""Which sayings of complaints count by a night: the newest of each, of nights that have to be read for it and of no others."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from headwater import config
from headwater.exposure.orders import due
from headwater.nightly.checks import _filed_in_window
from headwater.nightly.run import Run
from headwater.nightly.stages.exposure import complaints_said
from headwater.store import Lake
from headwater.tables.clean import CLEAN_COMPLAINTS, CLEAN_ORDERS
from headwater.tables.model import COMPLAINTS_PLACED, COMPLAINTS_UNMATCHED

FIRST = date(2026, 11, 1)
BASE = {
    "order_id": "O",
    "complainant_kind": "buyer",
    "status": "open",
    "counterfeit": True,
    "line_no": 1,
    "seller_id": "S",
    "buyer_token": "b",
    "quantity": 1,
    "voided": False,
    "price_band": 1,
}


def day(number):
    return FIRST + timedelta(days=number)


def noon(of):
    return datetime(of.year, of.month, of.day, 12, tzinfo=UTC)


@pytest.fixture
def run_of(spark, tmp_path):
    """A night of a lake with a window of ten days."""
    own = (f"paths.lake={tmp_path / 'lake'}", "night.window_days=10")
    settings = config.load(overrides=own, environment={})
    lake = Lake(spark, settings)
    return lambda number: Run(lake, settings, day(number), "a run", lambda _written: None, previous=day(number - 1))


def put(run, table, rows):
    """(night, columns ...) of the table, night by night."""
    for night in sorted({row["night"] for row in rows}):
        mine = [BASE | row for row in rows if row["night"] == night]
        run.lake.put(table, [tuple(row.get(name) for name in table.column_names) for row in mine], night)


def saying(name, night, filed):
    return {
        "complaint_id": name,
        "night": day(night),
        "intake_seq": night + 1,
        "day": day(filed),
        "filed_at": noon(day(filed)),
    }


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_a_complaint_said_last_is_found_whichever_night_said_it(run_of, seed):
    """Filed late, on the day, or ahead of its time; said again, often for another day."""
    chance, nights = random.Random(seed), 24
    run = run_of(nights)
    rows = [
        saying(f"C{name}", night, night + chance.choice((-30, -12, -3, -1, 0, 0, 0, 0, 1, 2, 15, 40)))
        for night in range(nights + 1)
        for name in chance.sample(range(30), 6)
    ]
    put(run, CLEAN_COMPLAINTS, rows)
    for after in (None, day(nights - 1), day(nights - 10)):
        last = {r["complaint_id"]: r for r in sorted(rows, key=lambda r: r["night"]) if r["day"] <= run.night}
        expected = {(c, r["night"]) for c, r in last.items() if after is None or r["night"] > after or r["day"] > after}
        found = complaints_said(run, after).select("complaint_id", "night").collect()
        assert {tuple(row) for row in found} == expected
        assert len(found) == len(expected)


def test_no_file_of_a_night_before_the_window_is_read_but_one_that_was_ahead_of_its_time(run_of, monkeypatch):
    """The files are not there: whoever opens one fails. Few files are otherwise handed to Spark by name."""
    monkeypatch.setattr("headwater.store.lake.FEW_FILES", 0)
    run = run_of(30)
    rows = [saying(f"C{night}", night, night) for night in range(31)]
    put(run, CLEAN_COMPLAINTS, [*rows, saying("ahead", 12, 25)])
    placed = [
        {"complaint_id": r["complaint_id"], "night": r["night"], "taken": r["night"], "intake_seq": r["intake_seq"]}
        | {"filed_at": r["filed_at"], "filed_day": r["day"], "day": r["day"], "asked": {}}
        | {"category": "c", "destination": "d"}
        for r in [*rows, saying("ahead", 25, 25)]
    ]
    put(run, COMPLAINTS_PLACED, placed)
    run.put(COMPLAINTS_UNMATCHED, [])
    orders = [
        {"night": day(n), "day": day(n), "intake_seq": 1, "order_id": f"O{n}", "ordered_at": noon(day(n))}
        for n in range(31)
    ]
    put(run, CLEAN_ORDERS, orders)
    for night in range(12):
        for table in ("complaints", "orders"):
            for file in Path(run.lake.root, "clean", table, f"night={day(night)}").glob("*.parquet"):
                file.unlink()
    check = _filed_in_window(run)
    assert (check.passed, check.detail) == (True, "11 accepted = 11 placed + 0 waiting")
    assert [r["complaint_id"] for r in complaints_said(run, run.previous).collect()] == ["C30"]
    assert [r["order_id"] for r in due(run.up_to_now(CLEAN_ORDERS), run.night, run.previous).collect()] == ["O30"]
    # And they are missed as soon as they are asked for.
    with pytest.raises(Exception, match=r"(?i)does not exist|not found|no such file"):
        run.up_to_now(CLEAN_COMPLAINTS).collect()
