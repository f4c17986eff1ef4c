"""What the night says by itself that it cannot know."""

import pytest

from headwater.nightly.funnel import _notes
from headwater.nightly.verdicts import notes_of

CALM = {
    "orders": 100_000, "complaints": 12, "naming": 500, "unpriced": 0, "streets": 9, "capped": 0, "sources": 7,
    "currency": "EUR", "usual": 1.16e-4,
}  # fmt: skip


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({}, None),
        ({"unpriced": 100_000}, "100,000 of 100,000 orders have no value in EUR"),
        ({"unpriced": 900}, None),
        ({"complaints": 120}, "10 times as common as strata.root_rate says"),
        ({"naming": 0}, "No order names its supplier"),
        ({"sources": 0}, "no source can be suspected"),
        ({"capped": 3}, "3 addresses stand in blocks larger than places.block_cap"),
        ({"orders": 0, "complaints": 0}, "No order lies in the window"),
    ],
)
def test_a_note_is_made_of_what_is_missing(said, words):
    notes = _notes(**(CALM | said))
    assert notes == [] if words is None else any(words in note for note in notes)


def test_verdicts_that_could_not_be_obeyed_are_counted_and_the_others_are_not():
    assert notes_of({None: 5, "replaced": 2, "expired": 1}, 0) == []
    said = notes_of({"unknown": 1, "meaningless": 2, "contradicted": 4}, 2)
    assert [note.partition(":")[0].partition(",")[0].partition(";")[0] for note in said] == [
        "People disagree about 2 subjects",
        "1 verdict is about what the night does not know",
        "2 verdicts are without a meaning",
    ]
    assert all("headwater verdict list" in note for note in said)
