"""Ids over nights: carried by overlap, followed through every change, the same however the input is arranged."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.errors import CheckFailedError
from headwater.registry.carry import Carried, Known, carry, resolve
from headwater.registry.kinds import OPERATOR

# A night of six members costs as many pandas calls as one of a million.
QUICK = settings(max_examples=25, deadline=None)
FIRST = date(2026, 11, 20)
Groups = dict[str, dict[str, int]]  # group -> member -> weight


def frame(groups: Groups) -> pd.DataFrame:
    rows = [(g, m, w) for g, members in groups.items() for m, w in members.items()]
    return pd.DataFrame(rows, columns=["group", "member", "weight"])


def nights(*each: Groups) -> list[Carried]:
    """The registry over consecutive nights."""
    done: list[Carried] = []
    for i, groups in enumerate(each):
        known = done[-1].known if done else Known.nothing()
        done.append(carry(OPERATOR, frame(groups), known, FIRST + timedelta(days=i)))
    return done


def ids(carried: Carried) -> dict[str, str]:
    return dict(zip(carried.ids["group"], carried.ids["id"], strict=True))


def told(carried: Carried) -> set[tuple[str, str]]:
    return set(zip(carried.events["event"], carried.events["subject_id"], strict=True))


def event(carried: Carried, name: str) -> dict[str, Any]:
    [row] = carried.events[carried.events["event"] == name].to_dict("records")
    return row


def states(carried: Carried) -> dict[str, str]:
    return dict(zip(carried.known.identities["id"], carried.known.identities["state"], strict=True))


def resolved(carried: Carried, name: str) -> str | None:
    return resolve(carried.known.identities, pd.Series([name])).iloc[0]


# --- what happens to ids ---


def test_the_first_night_gives_each_group_an_id_and_says_so():
    [one] = nights({"x": {"a": 3, "b": 1}, "y": {"c": 1}})
    assert len(set(ids(one).values())) == 2
    assert told(one) == {("born", i) for i in ids(one).values()}
    assert set(one.events["detail"]) == {
        "New, with 2 shops, none known before.",
        "New, with 1 shop, none known before.",
    }


def test_an_unchanged_group_keeps_its_id_under_any_label_and_nothing_is_told():
    one, two = nights({"x": {"a": 3, "b": 1}, "y": {"c": 1}}, {"1": {"c": 9}, "2": {"b": 1, "a": 3}})
    assert ids(two) == {"1": ids(one)["y"], "2": ids(one)["x"]}
    assert two.events.empty


def test_a_group_that_gains_and_loses_members_has_grown_and_shrunk():
    one, two = nights({"x": {"a": 3, "b": 1}}, {"x": {"a": 3, "c": 1, "d": 1}})
    assert ids(one) == ids(two)
    assert event(two, "grown")["detail"] == "2 shops came: 3 shops now."
    assert event(two, "shrunk")["detail"] == "1 shop left or not there: 3 shops now."


def test_the_heavier_part_of_a_split_keeps_the_id_though_it_has_fewer_members():
    one, two = nights({"x": {"a": 9, "b": 1, "c": 1}}, {"heavy": {"a": 9}, "light": {"b": 1, "c": 1}})
    assert ids(two)["heavy"] == ids(one)["x"] != ids(two)["light"]
    split = event(two, "split")
    assert (split["from_ids"], split["to_ids"]) == ([ids(one)["x"]], [ids(one)["x"], ids(two)["light"]])
    assert event(two, "born")["from_ids"] == [ids(one)["x"]]


def test_the_heavier_of_two_that_merge_gives_its_id_and_the_other_resolves_to_it_for_ever():
    one, two, three, four = nights(
        {"x": {"a": 3}, "y": {"b": 2}, "z": {"c": 9}},
        {"xy": {"a": 3, "b": 2}, "z": {"c": 9}},
        {"xyz": {"a": 3, "b": 2, "c": 9}},
        {},
    )
    x, y, z = (ids(one)[g] for g in "xyz")
    assert ids(two)["xy"] == x
    assert (event(two, "merged")["subject_id"], event(two, "merged")["to_ids"]) == (y, [x])
    assert [resolved(two, i) for i in (x, y, z)] == [x, x, z]
    assert [resolved(three, i) for i in (x, y, z)] == [z, z, z]
    assert [resolved(four, i) for i in (x, y, z)] == [z, z, z]
    assert resolved(four, "never heard of") is None


def test_a_group_that_is_absent_sleeps_and_comes_back_by_its_id():
    one, two, three, four = nights({"x": {"a": 1, "b": 1}, "y": {"c": 1}}, {"y": {"c": 1}}, {}, {"again": {"b": 5}})
    x = ids(one)["x"]
    assert (states(two)[x], told(two)) == ("dormant", {("dormant", x)})
    assert told(three) == {("dormant", ids(one)["y"])}
    assert ids(four) == {"again": x}
    assert event(four, "re_emerged")["detail"] == f"Back with 1 shop, last there on {FIRST}."


def test_a_member_that_goes_to_another_old_group_has_moved():
    one, two = nights({"x": {"a": 5, "b": 1}, "y": {"c": 5}}, {"x": {"a": 5}, "y": {"c": 5, "b": 1}})
    assert ids(one) == ids(two)
    moved = event(two, "moved")
    assert (moved["from_ids"], moved["to_ids"]) == ([ids(one)["x"]], [ids(one)["y"]])
    assert told(two) == {("moved", ids(one)["x"]), ("shrunk", ids(one)["x"]), ("grown", ids(one)["y"])}


def test_who_was_there_last_night_decides_before_who_is_remembered():
    one, _two, three = nights({"old": {"a": 100}, "new": {"b": 1}}, {"new": {"b": 1}}, {"both": {"a": 100, "b": 1}})
    assert ids(three) == {"both": ids(one)["new"]}
    assert event(three, "merged")["subject_id"] == ids(one)["old"]


def test_an_id_most_of_whose_members_are_absent_sleeps_though_one_of_them_moved():
    one, two, three = nights(
        {"x": {"a": 5, "b": 1}, "y": {"c": 5}}, {"y": {"c": 5, "b": 1}}, {"y": {"c": 5, "b": 1}, "x": {"a": 5}}
    )
    assert told(two) == {("dormant", ids(one)["x"]), ("moved", ids(one)["x"]), ("grown", ids(one)["y"])}
    assert ids(three)["x"] == ids(one)["x"]


def test_members_without_weight_still_carry_their_id():
    one, two = nights({"x": {"a": 0, "b": 0}}, {"x": {"b": 0}})
    assert ids(one) == ids(two)


def test_a_new_id_never_takes_the_name_of_another(monkeypatch):
    monkeypatch.setattr("headwater.registry.carry._hashed", lambda letter, *parts: letter + parts[2])
    one, two = nights({"x": {"a": 1}, "y": {"b": 1}}, {"z": {"c": 1}})
    assert sorted(ids(one).values()) == ["O0", "O1"]
    assert ids(two) == {"z": "O2"}


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ([("x", "a", 1), ("y", "a", 1)], "'a' in 'y'"),
        ([("x", None, 1)], "'None' in 'x'"),
        ([("x", "a", -1)], "weight -1"),
        ([("x", "a", 0.5)], "weight 0.5"),
    ],
)
def test_a_member_in_two_groups_without_name_or_whole_weight_is_named(rows, named):
    with pytest.raises(CheckFailedError, match=named):
        carry(OPERATOR, pd.DataFrame(rows, columns=["group", "member", "weight"]), Known.nothing(), FIRST)


# --- what holds for any nights ---

MEMBERS = list("abcdef")


@st.composite
def partitions(draw: Any) -> Groups:
    """Some of the members, each in one of a few groups."""
    groups: Groups = {}
    for member in MEMBERS:
        group = draw(st.integers(-1, 3))
        if group >= 0:
            groups.setdefault(f"g{group}", {})[member] = draw(st.integers(0, 4))
    return groups


SEVERAL = st.lists(partitions(), min_size=1, max_size=4)
# Powers of two, so that no two sets of members weigh the same.
UNTIED = {m: 2**i for i, m in enumerate(MEMBERS)}


def untied(each: list[Groups]) -> list[Groups]:
    return [{g: {m: UNTIED[m] for m in members} for g, members in groups.items()} for groups in each]


@QUICK
@given(SEVERAL)
def test_no_id_changes_without_an_event_and_every_id_resolves(each):
    done = nights(*each)
    for before, after in itertools.pairwise(done):
        was = before.known.members.set_index("member")["id"]
        now = after.known.members.query("last_night == night").set_index("member")["id"]
        pairs = {(p, f) for e in after.events.to_dict("records") for p in e["from_ids"] for f in e["to_ids"]}
        for member in set(was.index) & set(now.index):
            assert was[member] == now[member] or (was[member], now[member]) in pairs
        old, new = set(before.known.identities["id"]), set(after.ids["id"])
        active = {i for i, s in states(before).items() if s == "active"}
        ended = {i for e, i in told(after) if e in ("merged", "dormant")}
        assert {i for e, i in told(after) if e == "born"} == new - old
        assert active - new == ended & active
        assert {i for e, i in told(after) if e == "re_emerged"} == new & old - active
        assert not new & {i for i, s in states(before).items() if s == "merged"}
    last = done[-1]
    for name in {i for night in done for i in night.known.identities["id"]}:
        assert states(last)[resolved(last, name)] in ("active", "dormant")
    assert set(last.known.members["id"]) <= {i for i, s in states(last).items() if s != "merged"}


@QUICK
@given(SEVERAL)
def test_an_id_names_one_group_and_the_tables_have_their_keys(each):
    for night in nights(*each):
        assert night.ids["id"].is_unique
        assert night.events["event_id"].is_unique
        assert night.known.members["member"].is_unique
        assert night.known.identities["id"].is_unique


@QUICK
@given(SEVERAL, st.permutations(["g0", "g1", "g2", "g3"]), st.integers(0, 99))
def test_the_order_of_rows_and_the_labels_of_groups_change_nothing(each, labels, seed):
    done = nights(*each)
    known = Known.nothing()
    label = {f"g{i}": other for i, other in enumerate(labels)}
    for i, (night, groups) in enumerate(zip(done, each, strict=True)):
        rows = frame(groups).sample(frac=1, random_state=seed).replace({"group": label})
        shuffled = Known(
            known.members.sample(frac=1, random_state=seed), known.identities.sample(frac=1, random_state=seed)
        )
        again = carry(OPERATOR, rows, shuffled, FIRST + timedelta(days=i))
        pd.testing.assert_frame_equal(again.events, night.events)
        pd.testing.assert_frame_equal(again.known.members, night.known.members)
        pd.testing.assert_frame_equal(again.known.identities, night.known.identities)
        assert {g: ids(again)[label[g]] for g in groups} == ids(night)
        known = night.known


@QUICK
@given(SEVERAL, partitions())
def test_losing_the_lightest_member_of_a_group_changes_no_id(each, new):
    """Of a group as it was the night before, and of one that is new."""
    for groups in (each[-1], new):
        for name, members in groups.items():
            if len(members) < 2:
                continue
            lightest = min(members, key=lambda m: (members[m], [-ord(c) for c in m]))
            without = {g: {m: w for m, w in ms.items() if m != lightest} for g, ms in groups.items()}
            assert len(without[name]) == len(members) - 1
            if groups is new:
                assert ids(nights(groups)[0]) == ids(nights(without)[0])
            else:
                done = nights(*each, each[-1], without)
                assert ids(done[-1]) == ids(done[-2])


@QUICK
@given(SEVERAL, st.permutations(MEMBERS))
def test_other_names_for_members_give_the_same_groups_with_ids_that_follow(each, others):
    name = dict(zip(MEMBERS, others, strict=True))
    each = untied(each)
    renamed = [{g: {name[m]: w for m, w in members.items()} for g, members in groups.items()} for groups in each]
    follows: dict[str, str] = {}
    for plain, other in zip(nights(*each), nights(*renamed), strict=True):
        for group, one in ids(plain).items():
            assert follows.setdefault(one, ids(other)[group]) == ids(other)[group]
        assert {(e, follows[i]) for e, i in told(plain)} == told(other)
    assert len(set(follows.values())) == len(follows)


@QUICK
@given(SEVERAL, partitions())
def test_the_same_night_again_gives_the_same_ids(each, last):
    known = nights(*each)[-1].known
    one, two = (carry(OPERATOR, frame(last), known, FIRST + timedelta(days=9)) for _ in range(2))
    pd.testing.assert_frame_equal(one.ids, two.ids)
    pd.testing.assert_frame_equal(one.events, two.events)


def test_ids_of_any_letters_and_length_are_members_like_any_other():
    strange = {"quote'\"": 1, "\U0001f600": 1, "x" * 10_000: 1, "": 1, "\x1f": 1}
    one, two = nights({m: {m: w} for m, w in strange.items()}, {m: {m: w} for m, w in strange.items()})
    assert ids(one) == ids(two)
    assert len(set(ids(one).values())) == 5
