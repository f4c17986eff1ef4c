"""Complaints and their order lines: which line each is about, why some have none, and what each counts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyspark.sql.functions as F
import pytest

from headwater.exposure import complaints as stage
from headwater.exposure.orders import LINE, due, latest
from headwater.parameters.landing import Hygiene
from headwater.tables.clean import CLEAN_COMPLAINTS, CLEAN_ORDERS
from headwater.tables.model import COMPLAINTS_PLACED, COMPLAINTS_UNMATCHED

NIGHT = date(2026, 11, 20)
NEXT = NIGHT + timedelta(days=1)
DAY = date(2026, 11, 10)
LOOKUP = 100


def at(day, hour=10):
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


ORDER = {
    "night": NIGHT,
    "day": DAY,
    "intake_seq": 1,
    "line_no": 1,
    "seller_id": "S1",
    "buyer_token": "b",
    "listing_id": "L1",
    "category": "Shoes",
    "quantity": 1,
    "ordered_at": at(DAY),
    "voided": False,
    "price_band": 4,
}
COMPLAINT = {
    "night": NIGHT,
    "day": NIGHT,
    "intake_seq": 2,
    "complainant_token": "c",
    "complainant_kind": "buyer",
    "filed_at": at(NIGHT),
    "status": "open",
    "counterfeit": True,
}
ORDERS = [
    {"order_id": "one"},
    {"order_id": "two lines", "line_no": 2},
    {"order_id": "two lines", "line_no": 1, "supplier_id": "P1"},
    {"order_id": "two sellers", "line_no": 1},
    {"order_id": "two sellers", "line_no": 2, "seller_id": "S2"},
    {"order_id": "two sellers", "line_no": 3, "seller_id": "S2"},
    {"order_id": "two days", "day": DAY, "seller_id": "S1"},
    {"order_id": "two days", "day": DAY + timedelta(days=2), "seller_id": "S2"},
    {"order_id": "two days", "day": DAY + timedelta(days=2), "line_no": 2, "seller_id": "S2"},
    {"order_id": "two days", "day": DAY, "line_no": 7, "seller_id": "S1"},
    {"order_id": "later than filed", "day": NIGHT},
    {"order_id": "old", "day": NIGHT - timedelta(days=LOOKUP - 1)},
    {"order_id": "too old", "day": NIGHT - timedelta(days=LOOKUP)},
    {"order_id": "voided", "voided": False},
    {"order_id": "voided", "voided": True, "intake_seq": 9},
    {"order_id": "first line voided", "line_no": 1, "voided": True, "seller_id": "S9"},
    {"order_id": "first line voided", "line_no": 2},
    {"order_id": "corrected", "seller_id": "S1"},
    {"order_id": "corrected", "seller_id": "S2", "intake_seq": 9, "night": NIGHT},
]
# complaint -> (what it says, the line it is placed on or why it is not)
CASES = {
    "plain": ({"order_id": "one"}, ("S1", 1, DAY)),
    "unknown order": ({"order_id": "none such"}, "no_order"),
    "line given": ({"order_id": "two lines", "line_no": 2}, ("S1", 2, DAY)),
    "lowest line": ({"order_id": "two lines"}, ("S1", 1, DAY)),
    "line that is not there": ({"order_id": "two lines", "line_no": 3}, "no_order"),
    "several sellers": ({"order_id": "two sellers"}, "ambiguous_line"),
    "several sellers, line given": ({"order_id": "two sellers", "line_no": 2}, ("S2", 2, DAY)),
    "several sellers, seller given": ({"order_id": "two sellers", "seller_id": "S2"}, ("S2", 2, DAY)),
    "right seller": ({"order_id": "one", "seller_id": "S1"}, ("S1", 1, DAY)),
    "wrong seller": ({"order_id": "one", "seller_id": "S2"}, "hint_mismatch"),
    "right day": ({"order_id": "one", "ordered_at": at(DAY)}, ("S1", 1, DAY)),
    "a zone beside": ({"order_id": "one", "ordered_at": at(DAY + timedelta(days=1), 3)}, ("S1", 1, DAY)),
    "a zone behind": ({"order_id": "one", "ordered_at": at(DAY - timedelta(days=1), 23)}, ("S1", 1, DAY)),
    "wrong day": ({"order_id": "one", "ordered_at": at(DAY + timedelta(days=2))}, "no_order"),
    "absurd day": ({"order_id": "one", "ordered_at": at(date(9999, 12, 31))}, "no_order"),
    "right day, wrong seller": ({"order_id": "one", "ordered_at": at(DAY), "seller_id": "S2"}, "hint_mismatch"),
    "newest day": ({"order_id": "two days"}, ("S2", 1, DAY + timedelta(days=2))),
    "line of the older day": ({"order_id": "two days", "line_no": 7}, ("S1", 7, DAY)),
    "seller of the older day": ({"order_id": "two days", "seller_id": "S1"}, ("S1", 1, DAY)),
    "day of the older one": ({"order_id": "two days", "ordered_at": at(DAY)}, ("S1", 1, DAY)),
    "ordered later": ({"order_id": "later than filed", "day": NIGHT - timedelta(days=1)}, "no_order"),
    "ordered and filed in one day": ({"order_id": "later than filed"}, ("S1", 1, NIGHT)),
    "at the edge of the look-up": ({"order_id": "old"}, ("S1", 1, NIGHT - timedelta(days=LOOKUP - 1))),
    "beyond the look-up": ({"order_id": "too old"}, "no_order"),
    "voided": ({"order_id": "voided"}, "no_order"),
    "other line voided": ({"order_id": "first line voided"}, ("S1", 2, DAY)),
    "corrected": ({"order_id": "corrected"}, ("S2", 1, DAY)),
}


def placed(complaints, orders, night=NIGHT, previous=None, before=None):
    """The stage's chain: the two tables that a night writes; `before`: those of the nights before, placed by all and unmatched by
    the last."""
    known = orders.where(F.col("night") <= F.lit(night))
    spark = complaints.sparkSession
    earlier, waiting = before or [
        spark.createDataFrame([], t.schema()) for t in (COMPLAINTS_PLACED, COMPLAINTS_UNMATCHED)
    ]
    moved = latest(due(known, night, previous), *LINE)
    # The stage keeps it too: it is read by several branches of the plan.
    asked = stage.to_place(due(complaints, night, previous), waiting, earlier, moved).localCheckpoint()
    found = stage.place_complaints(asked, stage.lines_of(asked, known, night, LOOKUP))
    waits = stage.complaints_unmatched(found, waiting, earlier, night, LOOKUP)
    return stage.complaints_placed(found, night), waits


def test_each_complaint_finds_its_line_or_says_why_not(rows_of):
    orders = rows_of(CLEAN_ORDERS, ORDER, *ORDERS)
    complaints = rows_of(CLEAN_COMPLAINTS, COMPLAINT, *[{"complaint_id": c} | says for c, (says, _) in CASES.items()])
    found, waiting = placed(complaints, orders)
    rows = found.collect()
    result = {r["complaint_id"]: (r["seller_id"], r["line_no"], r["day"]) for r in rows}
    unmatched = {r["complaint_id"]: r["why"] for r in waiting.collect()}
    assert result | unmatched == {c: expected for c, (_, expected) in CASES.items()}
    assert len(result) + len(unmatched) == len(CASES)
    [lowest] = [r for r in rows if r["complaint_id"] == "lowest line"]
    assert (lowest["supplier_id"], lowest["listing_id"], lowest["category"], lowest["destination"]) == (
        "P1",
        "L1",
        "shoes",
        "?",
    )
    assert lowest["filed_day"] == NIGHT


def test_a_complaint_keeps_waiting_until_its_order_comes(rows_of):
    """The stage's chain over two nights."""
    clean = rows_of(
        CLEAN_COMPLAINTS,
        COMPLAINT,
        {"complaint_id": "early", "order_id": "late order"},
        {"complaint_id": "lost", "order_id": "none such"},
        {"complaint_id": "corrected", "order_id": "mistyped"},
        {"complaint_id": "corrected", "order_id": "late order", "night": NEXT, "intake_seq": 5},
        {"complaint_id": "of tomorrow", "order_id": "late order", "day": NEXT, "filed_at": at(NEXT)},
    )
    orders = rows_of(CLEAN_ORDERS, ORDER, {"order_id": "late order", "night": NEXT, "intake_seq": 4})
    found, waiting = placed(clean, orders)
    assert found.collect() == []
    waiting = waiting.localCheckpoint()
    assert sorted(r["complaint_id"] for r in waiting.collect()) == ["corrected", "early", "lost"]

    found, waiting = placed(clean, orders, NEXT, NIGHT, (found, waiting))
    assert sorted((r["complaint_id"], r["day"]) for r in found.collect()) == [
        ("corrected", DAY),
        ("early", DAY),
        ("of tomorrow", DAY),
    ]
    assert [(r["complaint_id"], r["night"], r["day"]) for r in waiting.collect()] == [("lost", NEXT, NIGHT)]
    assert waiting.columns == COMPLAINTS_UNMATCHED.column_names


def test_a_complaint_moves_with_its_order_and_waits_when_that_is_voided(rows_of):
    """Three nights: placed; its order is corrected, voided, split among shops or comes again; a line that comes back."""
    last = NEXT + timedelta(days=1)
    orders = [{"order_id": name} for name in ("still", "moved", "voided", "split", "twice", "given")]
    orders += [{"order_id": "given", "line_no": 2}]
    second = {"night": NEXT, "intake_seq": 5}
    orders += [
        {"order_id": "moved", "seller_id": "S2", "supplier_id": "P2"} | second,
        {"order_id": "voided", "voided": True} | second,
        {"order_id": "split", "line_no": 2, "seller_id": "S2"} | second,
        {"order_id": "twice", "day": NIGHT, "seller_id": "S3"} | second,
        {"order_id": "given", "line_no": 1, "seller_id": "S4"} | second,
        {"order_id": "voided", "seller_id": "S5", "night": last, "intake_seq": 6},
    ]
    says = [{"complaint_id": name, "order_id": name} for name in ("still", "moved", "voided", "split", "twice")]
    says += [{"complaint_id": "given", "order_id": "given", "line_no": 2}]
    says += [{"complaint_id": "elsewhere", "order_id": "moved", "seller_id": "S2"}]
    lines, clean = rows_of(CLEAN_ORDERS, ORDER, *orders), rows_of(CLEAN_COMPLAINTS, COMPLAINT, *says)
    first = [frame.localCheckpoint() for frame in placed(clean, lines)]
    second = [frame.localCheckpoint() for frame in placed(clean, lines, NEXT, NIGHT, first)]
    third = placed(clean, lines, last, NEXT, (first[0].unionByName(second[0]), second[1]))

    def told(found, waiting):
        at_line = {r["complaint_id"]: (r["seller_id"], r["line_no"], r["day"]) for r in found.collect()}
        return at_line | {r["complaint_id"]: r["why"] for r in waiting.collect()}

    here = ("S1", 1, DAY)
    assert told(*first) == dict.fromkeys(["still", "moved", "voided", "split", "twice"], here) | {
        "given": ("S1", 2, DAY),
        "elsewhere": "hint_mismatch",
    }
    assert told(*second) == {
        "moved": ("S2", 1, DAY),
        "voided": "no_order",
        "split": "ambiguous_line",
        "twice": ("S3", 1, NIGHT),
        "given": ("S1", 2, DAY),
        "elsewhere": ("S2", 1, DAY),
    }
    assert told(*third) == {"voided": ("S5", 1, DAY), "split": "ambiguous_line"}
    # What a complaint itself says is kept, or the next correction could not be followed.
    asked = {r["complaint_id"]: r["asked"] for r in second[0].collect()}
    assert (asked["given"]["line_no"], asked["moved"]["line_no"], asked["elsewhere"]["seller_id"]) == (2, None, "S2")


def test_a_complaint_stops_waiting_once_no_day_is_left_to_search_and_is_told_then(rows_of):
    says = [
        {"complaint_id": f"filed {n}", "order_id": "none", "day": NIGHT - timedelta(days=LOOKUP - n)} for n in (0, 1, 2)
    ]
    clean = rows_of(CLEAN_COMPLAINTS, COMPLAINT, *says)
    orders = rows_of(CLEAN_ORDERS, ORDER, {"order_id": "other"})
    frames, told, previous = None, [], None
    for night in (NIGHT, NEXT, NEXT + timedelta(days=1)):
        frames = [frame.localCheckpoint() for frame in placed(clean, orders, night, previous, frames)]
        told.append({r["complaint_id"]: r["why"] for r in frames[1].collect()})
        previous = night
    assert told == [
        {"filed 0": "too_old", "filed 1": "no_order", "filed 2": "no_order"},
        {"filed 1": "too_old", "filed 2": "no_order"},
        {"filed 2": "too_old"},
    ]


def test_what_a_complaint_said_before_it_was_too_old_stays_replaced_while_the_window_holds_it(rows_of):
    """Three of one shop are corrected to an impossible day of filing, one of them never was placed, one is corrected again."""
    nights = [NIGHT + timedelta(days=n) for n in range(5)]
    said = [{"complaint_id": c, "order_id": c} for c in ("gone", "back", "moved")]
    never = dict.fromkeys(("day", "filed_at"), date(1970, 1, 1)) | {"filed_at": at(date(1970, 1, 1))}
    said += [r | never | {"night": nights[1], "intake_seq": 3} for r in said]
    said += [{"complaint_id": "new", "order_id": "gone", "night": nights[1]} | never]
    said += [{"complaint_id": "back", "order_id": "back", "night": nights[3], "intake_seq": 4}]
    orders = [{"order_id": c} for c in ("gone", "back", "moved")]
    # Its order changes: what is too old is not sought again, nor is what was said before it.
    orders += [{"order_id": "moved", "seller_id": "S2", "night": nights[2], "intake_seq": 5}]
    clean, lines = rows_of(CLEAN_COMPLAINTS, COMPLAINT, *said), rows_of(CLEAN_ORDERS, ORDER, *orders)
    earlier, waiting, told, counted = None, None, [], []
    for night, previous in zip(nights, [None, *nights], strict=False):
        before = earlier and (earlier, waiting)
        found, waiting = (frame.localCheckpoint() for frame in placed(clean, lines, night, previous, before))
        earlier = earlier.unionByName(found) if earlier else found
        told.append({r["complaint_id"]: r["why"] for r in waiting.collect()})
        stands = earlier.join(waiting.select("complaint_id"), "complaint_id", "left_anti")
        counted.append({r["complaint_id"] for r in stage.counted(stands, night, 90, Hygiene()).collect()})
    three = ("gone", "back", "moved")
    assert told == [
        {},
        dict.fromkeys((*three, "new"), "too_old"),
        dict.fromkeys(three, "replaced"),
        dict.fromkeys(("gone", "moved"), "replaced"),
        dict.fromkeys(("gone", "moved"), "replaced"),
    ]
    assert counted == [set(three), set(), set(), {"back"}, {"back"}]
    # Once the window has left the night that placed them, there is nothing to replace.
    found, waits = placed(clean, lines, nights[4] + timedelta(days=1), nights[4], (earlier.limit(0), waiting))
    assert (found.collect(), waits.collect()) == ([], [])


PLACED = {
    "night": NIGHT,
    "taken": NIGHT,
    "asked": (None, None, None),
    "intake_seq": 1,
    "filed_at": at(NIGHT),
    "filed_day": NIGHT,
    "order_id": "O",
    "line_no": 1,
    "day": DAY,
    "listing_id": "L1",
    "seller_id": "S1",
    "category": "shoes",
    "price_band": 4,
    "destination": "US",
    "complainant_token": "c",
    "complainant_kind": "buyer",
    "counterfeit": True,
    "status": "open",
}


def group(who, count, **same):
    """Complaints of one complainant about orders of their own, on days of their own."""
    return [
        {
            "complaint_id": f"{who} {i}",
            "complainant_token": who,
            "order_id": f"{who} {i}",
            "filed_day": NIGHT - timedelta(days=i),
            "filed_at": at(NIGHT - timedelta(days=i)),
        }
        | same
        for i in range(count)
    ]


@pytest.fixture
def weights(rows_of):
    """complaint -> what it counts on a night, in thousandths."""

    def of(*rows, night=NIGHT, window=90, **params):
        frame = rows_of(COMPLAINTS_PLACED, PLACED, *rows)
        counted = stage.counted(frame, night, window, Hygiene(**params))
        return {r["complaint_id"]: r["weight_milli"] for r in counted.collect()}

    return of


def test_only_open_counterfeit_complaints_of_the_window_count(weights):
    rows = [
        {"complaint_id": "open"},
        {"complaint_id": "upheld", "status": "upheld"},
        {"complaint_id": "rejected", "status": "rejected"},
        {"complaint_id": "withdrawn", "status": "withdrawn"},
        {"complaint_id": "damaged", "counterfeit": False},
        {"complaint_id": "first day", "day": NIGHT - timedelta(days=29)},
        {"complaint_id": "day before", "day": NIGHT - timedelta(days=30)},
        {"complaint_id": "filed tomorrow", "filed_day": NEXT, "filed_at": at(NEXT)},
        {"complaint_id": "placed tomorrow", "night": NEXT},
    ]
    rows = [row | {"complainant_token": row["complaint_id"]} for row in rows]
    assert weights(*rows, window=30) == {"open": 1000, "upheld": 1000, "first day": 1000}


def test_goods_not_as_described_count_as_a_kind_of_their_own(rows_of):
    other = {"counterfeit": False, "reason_code": "not_as_described"}
    rows = rows_of(
        COMPLAINTS_PLACED,
        PLACED,
        {"complaint_id": "fake", "reason_code": "not_as_described"},
        {"complaint_id": "other", **other},
        {"complaint_id": "other again", "filed_at": at(NIGHT, 23), **other},
        {"complaint_id": "brand", "complainant_kind": "brand", "order_id": "O9", **other},
    )
    counted = stage.counted(rows, NIGHT, 90, Hygiene())
    assert {(r["complaint_id"], r["kind"], r["account"]) for r in counted.collect()} == {
        ("fake", "counterfeit", "c"),
        ("other", "not_as_described", "c"),
        ("brand", "not_as_described", None),
    }
    assert {r["complaints"] for r in stage.complaint_exposure(counted, NIGHT).collect()} == {1}


def test_what_a_complaint_says_last_is_what_counts(weights):
    sent_again = {"night": NEXT, "intake_seq": 2}
    rows = [
        {"complaint_id": "withdrawn later", "order_id": "O1"},
        {"complaint_id": "withdrawn later", "order_id": "O1", "status": "withdrawn"} | sent_again,
        {"complaint_id": "upheld later", "order_id": "O2", "status": "rejected"},
        {"complaint_id": "upheld later", "order_id": "O2", "status": "upheld"} | sent_again,
        {"complaint_id": "about another order", "order_id": "O3"},
        {"complaint_id": "about another order", "order_id": "O4"} | sent_again,
    ]
    assert set(weights(*rows)) == {"withdrawn later", "about another order"}
    assert set(weights(*rows, night=NEXT)) == {"upheld later", "about another order"}


def test_a_complainant_counts_once_a_line_by_the_first_complaint(weights):
    rows = [
        {"complaint_id": "a second", "filed_at": at(NIGHT, 12)},
        {"complaint_id": "z first", "filed_at": at(NIGHT, 11)},
        {"complaint_id": "same time", "filed_at": at(NIGHT, 12), "line_no": 2},
        {"complaint_id": "same time too", "filed_at": at(NIGHT, 12), "line_no": 2},
        {"complaint_id": "another complainant", "complainant_token": "d"},
        {"complaint_id": "order of another day", "day": DAY - timedelta(days=1)},
        # A withdrawn first one leaves the second.
        {"complaint_id": "first, withdrawn", "order_id": "P", "filed_at": at(NIGHT, 1), "status": "withdrawn"},
        {"complaint_id": "second, open", "order_id": "P", "filed_at": at(NIGHT, 2)},
    ]
    counted = weights(*rows, per_complainant_day=99, full_weight_total=99)
    assert set(counted) == {
        "z first",
        "same time",
        "another complainant",
        "order of another day",
        "second, open",
    }


def test_a_complainant_counts_so_often_a_day_and_brands_and_authorities_without_end(weights):
    one_day = {"filed_day": NIGHT, "filed_at": at(NIGHT)}
    rows = [
        *group("buyer", 5, **one_day),
        *group("brand", 5, **one_day, complainant_kind="brand"),
        *group("authority", 5, **one_day, complainant_kind="authority"),
        *group("over days", 4),
    ]
    counted = weights(*rows, per_complainant_day=2, full_weight_total=99)
    assert sorted(c for c in counted if c.startswith("buyer")) == ["buyer 0", "buyer 1"]
    assert {who: sum(c.startswith(who) for c in counted) for who in ("brand", "authority", "over days")} == {
        "brand": 5,
        "authority": 5,
        "over days": 4,
    }


def test_the_weight_of_a_buyer_falls_with_the_total_and_a_brands_does_not(weights):
    rows = [
        *group("two", 2),
        *group("three", 3),
        *group("ten", 10),
        *group("brand", 10, complainant_kind="brand"),
        *group("nobody", 6, complainant_token=None),
    ]
    counted = weights(*rows, full_weight_total=2, falling_power=2.0)
    by_who = {c.split()[0]: {w for d, w in counted.items() if d.split()[0] == c.split()[0]} for c in counted}
    # (2 / 3) ** 2 and (2 / 10) ** 2
    assert by_who == {"two": {1000}, "three": {444}, "ten": {40}, "brand": {1000}, "nobody": {1000}}
    assert len(counted) == len(rows)
    assert set(weights(*rows, falling_power=0.0).values()) == {1000}


def test_capped_complaints_do_not_lower_the_weight_of_the_others(weights):
    rows = group("c", 9, filed_day=NIGHT, filed_at=at(NIGHT))
    assert weights(*rows, per_complainant_day=2, full_weight_total=2) == {"c 0": 1000, "c 1": 1000}


def test_exposure_sums_what_counts_by_filed_day_and_cell(rows_of):
    rows = rows_of(
        COMPLAINTS_PLACED,
        PLACED,
        {"complaint_id": "C1", "complainant_token": "a"},
        {"complaint_id": "C2", "complainant_token": "b"},
        {"complaint_id": "C3", "complainant_token": "c", "filed_day": DAY, "filed_at": at(DAY)},
        {"complaint_id": "C4", "complainant_token": "d", "supplier_id": "P1"},
        *group("e", 4, listing_id=None),
    )
    counted = stage.counted(rows, NIGHT, 90, Hygiene(full_weight_total=2, falling_power=2.0, per_complainant_day=9))
    exposure = stage.complaint_exposure(counted, NIGHT).collect()
    sums = [
        (r["filed_day"], r["listing_id"] or "", r["supplier_id"] or "", r["complaints"], r["weight_milli"])
        for r in exposure
    ]
    assert sorted(sums) == sorted(
        [
            (NIGHT, "L1", "", 2, 2000),
            (DAY, "L1", "", 1, 1000),
            (NIGHT, "L1", "P1", 1, 1000),
            *[(NIGHT - timedelta(days=i), "", "", 1, 250) for i in range(4)],
        ]
    )


def test_a_complaint_knows_whether_its_line_was_paid_back_and_hears_of_it_later(rows_of):
    said = rows_of(CLEAN_COMPLAINTS, COMPLAINT, {"complaint_id": "c", "order_id": "one"})
    order = {"order_id": "one", "refunded_amount": Decimal(0)}
    before = placed(said, rows_of(CLEAN_ORDERS, ORDER, order))
    paid = order | {"refunded_amount": Decimal(5), "intake_seq": 9, "night": NEXT}
    after = placed(said, rows_of(CLEAN_ORDERS, ORDER, order, paid), NEXT, NIGHT, before)
    both = before[0].unionByName(after[0])
    assert [[r["refunded"] for r in rows.collect()] for rows in (before[0], after[0])] == [[False], [True]]
    counts = [stage.counted(both, night, 90, Hygiene()).collect() for night in (NIGHT, NEXT)]
    assert [[r["refunded"] for r in rows] for rows in counts] == [[False], [True]]
