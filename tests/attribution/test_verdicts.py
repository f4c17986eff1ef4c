"""Verdicts of feed and command line together: who replaces whom, what expires, and that contradictions settle nothing."""

from datetime import UTC, date, datetime

import pytest

from headwater.attribution.verdicts import conflicts, verdicts
from headwater.tables.clean import CLEAN_VERDICTS
from headwater.tables.ops import ENTERED_VERDICTS

NIGHT = date(2026, 11, 22)


def at(day: int, hour: int = 10) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


BASE = {
    "night": NIGHT, "intake_seq": 1, "subject_kind": "source", "verdict": "confirmed", "author": "ann", "decided_at": at(1),
    "recorded_at": at(1),
}  # fmt: skip
FED = [
    {"verdict_id": "plain", "subject_id": "S1"},
    {"verdict_id": "expired", "subject_id": "S2", "expires_at": at(22)},
    {"verdict_id": "lasts", "subject_id": "S3", "expires_at": at(23)},
    {"verdict_id": "tomorrow", "subject_id": "S4", "decided_at": at(23, 0)},
    {"verdict_id": "last hour", "subject_id": "S5", "decided_at": at(22, 23)},
    {"verdict_id": "first thought", "subject_id": "S6"},
    {"verdict_id": "ann says guilty", "subject_id": "S7", "reliability": 0.8},
    {"verdict_id": "pair", "subject_id": "b", "other_id": "a", "subject_kind": "pair", "verdict": "must_link"},
]
ENTERED = [
    {"verdict_id": "second thought", "subject_id": "S6", "verdict": "cleared", "decided_at": at(2)},
    {"verdict_id": "bo says clear", "subject_id": "S7", "verdict": "cleared", "author": "bo"},
    {"verdict_id": "cy is unsure", "subject_id": "S7", "verdict": "unsure", "author": "cy"},
    {
        "verdict_id": "pair the other way",
        "subject_id": "a",
        "other_id": "b",
        "subject_kind": "pair",
        "verdict": "cannot_link",
        "author": "bo",
    },
]


@pytest.fixture
def night(rows_of):
    return verdicts(rows_of(CLEAN_VERDICTS, BASE, *FED), rows_of(ENTERED_VERDICTS, BASE, *ENTERED), NIGHT, 0.95)


def test_what_is_in_force_and_why_the_rest_is_not(night):
    rows = {r["verdict_id"]: r for r in night.collect()}
    assert {name: r["not_in_force"] for name, r in rows.items()} == {
        "plain": None,
        "expired": "expired",
        "lasts": None,
        "last hour": None,
        "first thought": "replaced",
        "second thought": None,
        "ann says guilty": "contradicted",
        "bo says clear": "contradicted",
        "cy is unsure": None,
        "pair": "contradicted",
        "pair the other way": "contradicted",
    }
    assert (rows["plain"]["reliability"], rows["ann says guilty"]["reliability"]) == (0.95, 0.8)
    assert (rows["plain"]["origin"], rows["second thought"]["origin"]) == ("feed", "command line")
    assert (rows["pair"]["subject_id"], rows["pair"]["other_id"]) == ("a", "b")


def test_contradictions_are_listed_with_who_says_what(night):
    rows = {r["subject_id"]: r for r in conflicts(night).collect()}
    assert set(rows) == {"S7", "a"}
    assert rows["S7"]["verdict_ids"] == ["ann says guilty", "bo says clear"]
    assert rows["S7"]["detail"].startswith("ann says confirmed; bo says cleared; none counts")
