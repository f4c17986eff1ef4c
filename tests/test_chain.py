"""The chain of nights: a night is stale when one before it was made anew, and unfinished when it took what was not published."""

from __future__ import annotations

from datetime import date, timedelta

from headwater.chain import Link, chain, inputs_of, stale, unfinished

FIRST = date(2026, 11, 20)
FILE = {
    "feed": "orders",
    "path": "a",
    "intake_seq": 1,
    "bytes": 3,
    "content": "x",
    "modified_ms": 5,
    "configuration": "c",
}
OTHER = FILE | {"path": "b", "intake_seq": 2}


def day(number):
    return FIRST + timedelta(days=number)


def published(*nights):
    """(night, inputs, based on) in the order of publication, as rows of NIGHTS, two tables each."""
    return [
        {"sequence": n, "night": day(night), "inputs": inputs, "based_on": based_on, "table": table}
        for n, (night, inputs, based_on) in enumerate(nights)
        for table in ("published/shops", "published/sources")
    ]


def test_nights_in_sequence_are_not_stale_and_running_one_again_as_it_was_makes_none_stale():
    nights = [(0, "a", ""), (1, "b", "a"), (2, "c", "b")]
    assert chain(published(*nights)) == [Link(day(n), inputs, based_on) for n, inputs, based_on in nights]
    assert stale(chain(published(*nights))) == []
    assert stale(chain(published(*nights, (0, "a", ""), (1, "b", "a")))) == []


def test_all_nights_after_one_that_was_made_anew_are_stale_until_each_is_run_again_in_order():
    nights = [(0, "a", ""), (1, "b", "a"), (2, "c", "b"), (0, "A", "")]
    assert stale(chain(published(*nights))) == [day(1), day(2)]
    nights.append((1, "B", "A"))
    assert stale(chain(published(*nights))) == [day(2)]
    nights.append((2, "C", "B"))
    assert stale(chain(published(*nights))) == []


def test_a_night_between_two_that_were_run_or_before_all_makes_the_later_ones_stale():
    assert stale(chain(published((0, "a", ""), (2, "c", "a"), (1, "b", "a")))) == [day(2)]
    assert stale(chain(published((1, "b", ""), (0, "a", "")))) == [day(1)]


def test_the_inputs_are_the_content_and_order_of_files_the_configuration_and_the_night_before():
    base = inputs_of([FILE, OTHER], "c", "")
    assert inputs_of([OTHER, FILE], "c", "") == base
    # A copy put back with a new time is the same file; without a checksum the time tells.
    assert inputs_of([FILE | {"modified_ms": 9}, OTHER], "c", "") == base
    without = [f | {"content": None} for f in (FILE, OTHER)]
    assert inputs_of(without, "c", "") != inputs_of([f | {"modified_ms": 9} for f in without], "c", "")
    different = [
        inputs_of([FILE], "c", ""),
        inputs_of([FILE | {"content": "y"}, OTHER], "c", ""),
        inputs_of([FILE | {"intake_seq": 3}, OTHER], "c", ""),
        inputs_of([FILE, OTHER], "d", ""),
        inputs_of([FILE, OTHER], "c", "before"),
    ]
    assert len({base, *different}) == 6


def test_a_night_that_took_files_or_another_configuration_and_was_not_published_is_unfinished():
    files = [{"night": FIRST} | FILE, {"night": FIRST} | OTHER]
    links = [Link(FIRST, inputs_of(files, "c", ""), "")]
    assert unfinished(files, links) == []
    assert unfinished(files, []) == [FIRST]
    assert unfinished([*files, {"night": FIRST} | FILE | {"intake_seq": 3}], links) == [FIRST]
    assert unfinished([f | {"configuration": "other"} for f in files], links) == [FIRST]
    assert unfinished([*files, {"night": day(1)} | FILE], links) == [day(1)]


def test_the_verdicts_that_a_night_knew_are_part_of_what_it_was_made_of():
    base, told = inputs_of([FILE], "c", ""), inputs_of([FILE], "c", "", ["v1", "v2"])
    assert inputs_of([FILE], "c", "", []) == base != told
    assert inputs_of([FILE], "c", "", ["v2", "v1"]) == told
    files, links = [FILE | {"night": day(0)}], [Link(day(0), told, "")]
    assert unfinished(files, links, {day(0): ["v1", "v2"]}) == []
    assert unfinished(files, links, {day(0): ["v1", "v2", "v3"]}) == [day(0)]
    assert unfinished(files, links) == [day(0)]
