"""Which files only repeat what their feed has told."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from headwater.landing.copies import Told

NIGHT = date(2026, 11, 22)


def new_of(feed, *nights):
    """Which files of (path, content, time) each night takes of all that are there; a file of the same path replaces the one before."""
    records, there, taken = [], {}, []
    for n, files in enumerate(nights):
        there |= {path: (content, time) for path, content, time in files}
        told, mine = Told(records), []
        for path, (content, time) in sorted(there.items(), key=lambda f: f[1][1]):
            seen = any((r["path"], r["modified_ms"]) == (path, time) for r in records)
            if not seen and not told.knows(feed, path, content, time):
                told.add(feed, path, content, time)
                mine.append({"path": path, "content": content, "modified_ms": time})
        common = {"feed": feed, "night": NIGHT + timedelta(days=n)}
        records += [common | {"intake_seq": len(records) + i} | file for i, file in enumerate(mine)]
        taken.append([file["path"] for file in mine])
    return taken


@pytest.mark.parametrize("feed", ["orders", "complaints"])
def test_what_an_event_told_once_is_told_for_good(feed):
    nights = [[("1", "A", 1)], [("2", "B", 2)], [("3", "A", 3)], [("2", "A", 4)], [("1", "B", 5), ("4", "C", 6)]]
    assert new_of(feed, *nights) == [["1"], ["2"], [], [], ["4"]]


DIMENSIONS = {
    "there and back": ([[("1", "A", 1)], [("2", "B", 2)], [("3", "A", 3)]], [["1"], ["2"], ["3"]]),
    "under one name": ([[("1", "A", 1)], [("1", "B", 2)], [("1", "A", 3)]], [["1"], ["1"], ["1"]]),
    "in one night": ([[("1", "A", 1), ("2", "B", 2), ("3", "A", 3)]], [["1", "2"]]),
    "touched": ([[("1", "A", 1)], [("2", "B", 2)], [("1", "A", 3)], [("1", "A", 4)]], [["1"], ["2"], [], []]),
    "a copy of what stands": ([[("1", "A", 1)], [("2", "A", 2)], [("3", "B", 3)], []], [["1"], [], ["3"], []]),
    "an older file that comes late": ([[("1", "A", 1)], [("2", "B", 5)], [("3", "A", 3)]], [["1"], ["2"], []]),
    "back in the night of the change": ([[("1", "A", 1)], [("2", "B", 2), ("3", "A", 3)]], [["1"], ["2", "3"]]),
    # The part that did not change is told once more, which changes nothing.
    "one part of two": (
        [[("1a", "A", 1), ("1b", "X", 1)], [("2a", "B", 2), ("2b", "X", 2)], [("3a", "A", 3), ("3b", "X", 3)]],
        [["1a", "1b"], ["2a", "2b"], ["3a", "3b"]],
    ),
}


@pytest.mark.parametrize(("nights", "taken"), DIMENSIONS.values(), ids=DIMENSIONS)
def test_a_dimension_tells_what_an_older_file_told_once_it_is_news_again(nights, taken):
    assert new_of("brands", *nights) == taken


def test_a_feed_knows_nothing_of_another():
    told = Told([{"feed": "brands", "path": "1", "content": "A", "modified_ms": 1, "night": NIGHT, "intake_seq": 1}])
    assert told.knows("brands", "2", "A", 2)
    assert not told.knows("hubs", "2", "A", 2)
