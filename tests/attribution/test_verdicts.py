"""Verdicts of feed and command line together: who replaces whom, what expires, what means nothing, and that contradictions settle
nothing."""

from datetime import UTC, date, datetime

import pytest

from headwater.attribution.told import source_id
from headwater.attribution.verdicts import (
    FIELDS,
    age,
    by_words,
    conflicts,
    heard_until,
    no_meaning,
    not_in_force,
    together,
)

NIGHT = date(2026, 11, 22)


def at(day: int, hour: int = 10) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


BASE = {
    **dict.fromkeys(FIELDS), "subject_kind": "source", "verdict": "confirmed", "author": "ann", "decided_at": at(1), "recorded_at": at(1),
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


def of_night(fed, entered=(), means=by_words, known=lambda _row: True):
    """(rows of VERDICTS by id, each with why it is not in force; the conflicts)."""
    told = together([{**BASE, **row} for row in fed], [{**BASE, **row} for row in entered], NIGHT, 0.95)
    subjects = [means(row) for row in told]
    why = not_in_force(told, subjects, [known(row) for row in told], NIGHT)
    rows = {row["verdict_id"]: {**row, "why": w} for row, w in zip(told, why, strict=True)}
    return rows, conflicts(told, subjects, why)


def test_what_is_in_force_and_why_the_rest_is_not():
    rows, _ = of_night(FED, ENTERED)
    assert {name: r["why"] for name, r in rows.items()} == {
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


def test_contradictions_are_listed_with_who_says_what():
    _, told = of_night(FED, ENTERED)
    of = {subject: (ids, detail) for _, _, subject, _, ids, detail in told}
    assert set(of) == {"S7", "a"}
    assert of["S7"][0] == ["ann says guilty", "bo says clear"]
    assert of["S7"][1] == "ann says confirmed; bo says cleared; none counts until one of them is withdrawn"


def test_a_supplier_is_the_source_that_it_is_by_whatever_name_it_is_called():
    name = source_id("supplier", "u")
    named = {"verdict_id": "1", "subject_kind": "supplier", "subject_id": "u"}
    rows, told = of_night([named, {"verdict_id": "2", "subject_id": name, "verdict": "cleared", "author": "bob"}])
    assert {r["why"] for r in rows.values()} == {"contradicted"}
    assert [row[1:3] for row in told] == [("source", name)]
    assert told[0][5].startswith("ann says confirmed of supplier u; bob says cleared;")
    rows, told = of_night([named, {"verdict_id": "2", "subject_id": name, "decided_at": at(2)}])
    assert [r["why"] for r in rows.values()] == ["replaced", None], "one author counts once"
    assert told == []


def test_what_the_window_means_by_a_name_goes_before_the_words():
    def means(row):
        return ("source", "D1", None) if row["subject_id"] in ("place", "door", "D1") else by_words(row)

    said = [
        {"verdict_id": "1", "subject_kind": "place", "subject_id": "place"},
        {"verdict_id": "2", "subject_kind": "place", "subject_id": "door", "verdict": "cleared", "author": "bob"},
        {"verdict_id": "3", "subject_id": "D1", "verdict": "unsure", "author": "bob", "decided_at": at(2)},
    ]
    assert [r["why"] for r in of_night(said[:2], means=means)[0].values()] == ["contradicted"] * 2
    assert [r["why"] for r in of_night(said, means=means)[0].values()] == [None, "replaced", None]


def test_of_what_was_decided_at_once_the_word_that_was_entered_last_counts():
    entered = [
        {"verdict_id": "z", "subject_id": "S1", "recorded_at": at(3, 9)},
        {"verdict_id": "a", "subject_id": "S1", "verdict": "unsure", "recorded_at": at(3, 10)},
        {"verdict_id": "m", "subject_id": "S1", "verdict": "cleared", "recorded_at": at(3, 11)},
    ]
    assert {name: r["why"] for name, r in of_night([], entered[::-1])[0].items()} == {
        "z": "replaced", "a": "replaced", "m": None,
    }  # fmt: skip


def test_one_id_is_one_verdict_though_two_writers_or_the_feed_too_brought_it():
    same = {"verdict_id": "V1", "subject_id": "S1"}
    rows, _ = of_night([same], [same, {**same, "recorded_at": at(2)}])
    assert [(r["verdict_id"], r["why"]) for r in rows.values()] == [("V1", None)]


def test_who_calls_a_value_a_hub_and_who_clears_it_contradict_each_other():
    said = {"subject_kind": "value", "subject_id": "phone:+1", "verdict": "hub"}
    rows, _ = of_night(
        [{**said, "verdict_id": "1"}, {**said, "verdict_id": "2", "verdict": "cleared", "author": "bob"}]
    )
    assert {r["why"] for r in rows.values()} == {"contradicted"}


def test_what_the_night_does_not_know_is_told_so_and_disagreement_about_it_too():
    said = [{"verdict_id": "1", "subject_id": "typo"}, {"verdict_id": "2", "subject_id": "gone"}]
    said += [{"verdict_id": "3", "subject_id": "gone", "verdict": "cleared", "author": "bob"}]
    rows, _ = of_night(said, known=lambda _row: False)
    assert [r["why"] for r in rows.values()] == ["unknown", "contradicted", "contradicted"]


@pytest.mark.parametrize(
    ("kind", "name", "word", "told"),
    [
        ("operator", "O1", "confirmed", "pair of its shops"),
        ("place", "p", "hub", "hub is not said of a place"),
        ("source", "S", "hub", "confirmed, cleared, unsure"),
        ("listing", "l", "hub", "hub is not said of a listing"),
        ("value", "phone:+1", "confirmed", "confirmed is not said of a value"),
        ("value", "+1", "hub", "value:phone:"),
        ("value", "dispatch:p1", "hub", "the types are payee_id"),
        ("pair", "a", "must_link", "a pair, and nothing else, has other_id"),
        ("seller", "a", "must_link", "must_link is not said of a seller"),
        ("seller", "a", "cleared", None),
        ("value", "phone:+1", "cleared", None),
        ("place", "p", "unsure", None),
    ],
)
def test_what_means_nothing_is_told_with_what_would(kind, name, word, told):
    row = {"verdict_id": "1", "subject_kind": kind, "subject_id": name, "verdict": word}
    said = no_meaning({**BASE, **row})
    assert (said is None) if told is None else (told in said)
    assert of_night([row])[0]["1"]["why"] == (None if told is None else "meaningless")


def test_a_verdict_without_a_meaning_replaces_and_contradicts_nothing():
    rows, told = of_night(
        [
            {"verdict_id": "1", "subject_id": "S1"},
            {"verdict_id": "2", "subject_id": "S1", "verdict": "hub", "decided_at": at(2)},
        ]
    )
    assert [r["why"] for r in rows.values()] == [None, "meaningless"]
    assert told == []


def test_decided_at_midnight_is_before_the_day_that_begins():
    assert heard_until(at(23, 0)) == NIGHT
    assert heard_until(at(23, 1)) == date(2026, 11, 23)
    assert age({**BASE, "verdict_id": "a"}) < age({**BASE, "verdict_id": "a", "decided_at": at(1, 11)})
