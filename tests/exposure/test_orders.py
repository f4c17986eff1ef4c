"""The ledger of order exposure: whatever arrives late, twice, corrected or voided, its sums are those of the lines as they stand."""

from __future__ import annotations

import math
import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import reduce
from itertools import pairwise

import pyspark.sql.functions as F
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame

from headwater.exposure import orders
from headwater.tables.clean import CLEAN_ORDERS
from headwater.tables.model import CELL, ORDER_EXPOSURE, STRATUM

FIRST = date(2026, 11, 20)
NIGHTS = [FIRST, FIRST + timedelta(days=1), FIRST + timedelta(days=2)]
BASE = {
    "night": FIRST,
    "day": FIRST,
    "intake_seq": 1,
    "order_id": "O1",
    "line_no": 1,
    "seller_id": "S1",
    "buyer_token": "b",
    "listing_id": "L1",
    "category": "Shoes",
    "quantity": 1,
    "ordered_at": datetime(2026, 11, 20, 10, tzinfo=UTC),
    "destination": "us",
    "dispatch_address_id": "A1",
    "supplier_id": "P1",
    "voided": False,
    "value_minor": 1000,
    "price_band": 4,
}
KEYS = ["day", *(c.name for c in CELL), *(c.name for c in STRATUM)]
MEASURES = ["orders", "quantity", "value_minor", "unpriced", "refunded"]


def changed_on(rows, night, previous):
    """The stage's chain: what the night's rows changed."""
    now = orders.due(rows, night, previous)
    if previous is None:
        return orders.changes(now, None)
    return orders.changes(orders.latest(now, *orders.LINE), orders.counted_before(rows, previous))


def ledger(rows, nights, table=orders.order_exposure):
    """What each night wrote, all nights together."""
    pairs = zip(nights, [None, *nights], strict=False)
    return reduce(DataFrame.unionByName, [table(changed_on(rows, night, before), night) for night, before in pairs])


def sums_of(rows):
    """(key, measures) of the ledger's rows as a Counter, one measure a key; zeros are left out."""
    total = Counter()
    for row in rows:
        for measure in MEASURES:
            total[(*(row[k] for k in KEYS), measure)] += row[measure]
    return {key: value for key, value in total.items() if value}


def plain_sums(lines, night):
    """The same straight from the lines as they stand at the end of the night."""
    known = sorted(
        (r for r in lines if r["night"] <= night and r["day"] <= night), key=lambda r: (r["night"], r["intake_seq"])
    )
    newest = {(r["day"], r["order_id"], r["line_no"]): r for r in known}
    return sums_of(
        {
            **r,
            "category": (r["category"] or "?").lower(),
            "destination": (r["destination"] or "?").upper(),
            "orders": 1,
            "value_minor": r["value_minor"] or 0,
            "unpriced": int(r["value_minor"] is None),
            "refunded": int((r["refunded_amount"] or 0) > 0),
        }
        for r in newest.values()
        if not r["voided"]
    )


def random_lines(rng, count):
    """Versions of few lines over three nights: new, late, from the future, corrected in any column, voided, restored."""
    lines = {}
    for _ in range(count):
        arrived = rng.randrange(len(NIGHTS))
        row = {
            **BASE,
            "night": NIGHTS[arrived],
            "intake_seq": arrived * 10 + rng.randrange(1, 4),
            "day": FIRST + timedelta(days=rng.randrange(-2, 4)),
            "order_id": f"O{rng.randrange(12)}",
            "line_no": rng.randrange(1, 3),
            "seller_id": f"S{rng.randrange(2)}",
            "supplier_id": rng.choice([None, "P1", "P2"]),
            "dispatch_address_id": rng.choice([None, "A1"]),
            "category": rng.choice([None, "Shoes", "shoes"]),
            "destination": rng.choice([None, "us", "US"]),
            "price_band": rng.randrange(-1, 2),
            "quantity": rng.randrange(1, 4),
            "value_minor": rng.choice([None, 0, 500, 1000]),
            "refunded_amount": rng.choice([None, Decimal(0), Decimal(5)]),
            "voided": rng.random() < 0.25,
        }
        # The intake leaves one version of a line a night.
        lines[(row["night"], row["day"], row["order_id"], row["line_no"])] = row
    return list(lines.values())


@pytest.mark.parametrize("seed", [1, 2])
def test_the_ledger_of_three_nights_sums_up_to_the_lines_as_they_stand(rows_of, seed):
    lines = random_lines(random.Random(seed), 250)
    rows = rows_of(CLEAN_ORDERS, BASE, *lines)
    written = ledger(rows, NIGHTS).collect()
    for night in NIGHTS:
        assert sums_of(r.asDict() for r in written if r["night"] <= night) == plain_sums(lines, night)
    keys = [(r["night"], *(r[k] for k in KEYS)) for r in written]
    assert len(set(keys)) == len(keys)
    assert any(r["orders"] < 0 for r in written)
    assert all(any(r[m] for m in MEASURES) for r in written)

    # Nights left out change nothing of the sums: the next one makes up for them.
    skipping = ledger(rows, [NIGHTS[0], NIGHTS[2]]).collect()
    assert sums_of(r.asDict() for r in skipping) == plain_sums(lines, NIGHTS[2])


VERSION = st.fixed_dictionaries(
    {
        "night": st.sampled_from(NIGHTS),
        "day": st.integers(-3, 3).map(lambda d: FIRST + timedelta(days=d)),
        "order_id": st.sampled_from(["O1", "O2", "O3"]),
        "seller_id": st.sampled_from(["S1", "S2"]),
        "quantity": st.integers(1, 3),
        "value_minor": st.sampled_from([None, 0, 700]),
        "refunded_amount": st.sampled_from([None, Decimal("1.00")]),
        "voided": st.booleans(),
    }
)


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds=st.lists(st.lists(VERSION, max_size=12), min_size=20, max_size=40))
def test_a_window_is_the_last_one_and_the_night_less_the_day_that_expired_and_the_plain_sum(rows_of, worlds):
    """Any history of three nights; many side by side, in shops of their own. A window holds three days."""
    lines = {}
    for w, world in enumerate(worlds):
        for seq, row in enumerate(world):
            own = {"order_id": f"{w}-{row['order_id']}", "seller_id": f"{w}-{row['seller_id']}", "intake_seq": seq}
            # The intake leaves one version of a line a night.
            lines[(row["night"], row["day"], own["order_id"])] = BASE | row | own
    rows = rows_of(CLEAN_ORDERS, BASE, *lines.values()) if lines else rows_of(CLEAN_ORDERS, BASE, {}).where("false")
    written = [r.asDict() for r in ledger(rows, NIGHTS).collect()]

    def window(night, until):
        """Of the nights until then, only those that can hold a day of the window are read."""
        first = night - timedelta(days=3)
        return Counter(sums_of(r for r in written if first < r["night"] <= until and first < r["day"] <= night))

    for last, night in pairwise(NIGHTS):
        expired = Counter(sums_of(r for r in written if r["night"] <= last and r["day"] == night - timedelta(days=3)))
        changed = Counter(sums_of(r for r in written if r["night"] == night and r["day"] > night - timedelta(days=3)))
        moved = window(last, last)
        moved.subtract(expired)
        moved.update(changed)
        plain = {k: v for k, v in plain_sums(lines.values(), night).items() if k[0] > night - timedelta(days=3)}
        assert {k: v for k, v in moved.items() if v} == dict(window(night, night)) == plain


def test_each_change_of_a_line_is_taken_back_and_put_anew(rows_of):
    second = {"night": NIGHTS[1], "intake_seq": 2}
    rows = rows_of(
        CLEAN_ORDERS,
        BASE,
        {"order_id": "same"},
        {"order_id": "same"} | second,
        {"order_id": "more"},
        {"order_id": "more", "quantity": 3, "value_minor": 3000} | second,
        {"order_id": "moved", "seller_id": "S2"},
        {"order_id": "moved", "seller_id": "S3"} | second,
        {"order_id": "voided", "seller_id": "S4"},
        {"order_id": "voided", "seller_id": "S4", "voided": True} | second,
        {"order_id": "void from the start", "seller_id": "S5", "voided": True},
        {"order_id": "void from the start", "seller_id": "S5", "voided": True} | second,
        {"order_id": "back", "seller_id": "S6", "voided": True},
        {"order_id": "back", "seller_id": "S6"} | second,
        # The same order on another day is another line.
        {"order_id": "same", "seller_id": "S7", "day": NIGHTS[1]} | second,
    )
    written = orders.order_exposure(changed_on(rows, NIGHTS[1], NIGHTS[0]), NIGHTS[1]).collect()
    assert {r["seller_id"]: (r["day"], *(r[m] for m in MEASURES)) for r in written} == {
        "S1": (NIGHTS[0], 0, 2, 2000, 0, 0),  # of the two orders, one only grew
        "S2": (NIGHTS[0], -1, -1, -1000, 0, 0),
        "S3": (NIGHTS[0], 1, 1, 1000, 0, 0),
        "S4": (NIGHTS[0], -1, -1, -1000, 0, 0),
        "S6": (NIGHTS[0], 1, 1, 1000, 0, 0),
        "S7": (NIGHTS[1], 1, 1, 1000, 0, 0),
    }
    assert {r["night"] for r in written} == {NIGHTS[1]}


def test_a_row_of_the_future_waits_for_its_day_and_then_counts_once(rows_of):
    future = {"order_id": "future", "day": NIGHTS[2]}
    rows = rows_of(CLEAN_ORDERS, BASE, future, future | {"night": NIGHTS[1], "intake_seq": 2, "quantity": 5})
    written = ledger(rows, NIGHTS).collect()
    assert [(r["night"], r["day"], r["orders"], r["quantity"]) for r in written] == [(NIGHTS[2], NIGHTS[2], 1, 5)]


def test_prices_of_a_window_are_sums_of_logarithms_and_a_correction_takes_back_the_old_one(rows_of):
    second = {"night": NIGHTS[1], "intake_seq": 2}
    rows = rows_of(
        CLEAN_ORDERS,
        BASE,
        {"order_id": "O1", "brand": "Acme"},
        {"order_id": "O2", "brand": "ACME", "quantity": 2, "value_minor": 3000},
        {"order_id": "O3", "brand": None},
        {"order_id": "free", "value_minor": 0},
        {"order_id": "no rate", "value_minor": None},
        {"order_id": "O1", "brand": "Acme", "value_minor": 2000} | second,
    )
    written = ledger(rows, NIGHTS[:2], orders.price_exposure).collect()
    sums = sorted((r["night"], r["brand"], r["lines"], r["ln_price_micro"]) for r in written)
    ten, fifteen, twenty = (round(math.log(price) * 1e6) for price in (10, 15, 20))
    assert sums == [
        (NIGHTS[0], "?", 1, ten),
        (NIGHTS[0], "acme", 2, ten + fifteen),
        (NIGHTS[1], "acme", 0, twenty - ten),
    ]


def test_listings_count_the_orders_that_name_their_supplier(rows_of):
    second = {"night": NIGHTS[1], "intake_seq": 2}
    rows = rows_of(
        CLEAN_ORDERS,
        BASE,
        {"order_id": "O1"},
        {"order_id": "O2"},
        {"order_id": "O3", "supplier_id": None},
        {"order_id": "O4", "listing_id": None},
        {"order_id": "O1", "supplier_id": "P2"} | second,
        {"order_id": "O2", "quantity": 9} | second,
        {"order_id": "O3", "supplier_id": "P3"} | second,
    )
    written = ledger(rows, NIGHTS[:2], orders.listing_suppliers).collect()
    assert sorted((r["night"], r["supplier_id"], r["orders"]) for r in written) == [
        (NIGHTS[0], "P1", 2),
        (NIGHTS[1], "P1", -1),
        (NIGHTS[1], "P2", 1),
        (NIGHTS[1], "P3", 1),
    ]


def test_a_window_ends_with_the_night_and_holds_so_many_days(rows_of):
    rows = rows_of(CLEAN_ORDERS, BASE, *[{"day": FIRST + timedelta(days=d)} for d in range(-5, 3)])
    days = orders.in_window(rows, FIRST, 3).orderBy("day").select("day").collect()
    assert [(r["day"] - FIRST).days for r in days] == [-2, -1, 0]


def test_the_exposure_of_nothing_is_empty(rows_of):
    rows = rows_of(CLEAN_ORDERS, BASE, {"voided": True}).where(F.col("night") < F.lit(FIRST))
    assert orders.order_exposure(changed_on(rows, FIRST, None), FIRST).collect() == []
    assert ORDER_EXPOSURE.may_be_empty
