"""Whether the quotes of CSV files close. One that does not takes the rows after it into its value, and nobody would miss them.

A line is read from outside quotes, or from inside a value that began on an earlier line. Expressions over many lines at once tell
where each leads from either, and putting that together tells it of lines in a row: so a file is looked through by many tasks, none
of which knows the lines of the others. A value that spans lines has to end as it should, before a delimiter or the end of its
line: a quote in the midst of text is the beginning of another value, which one that was left open has swallowed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

OUTSIDE, INSIDE, BROKEN = 0, 1, 2
# Where lines lead who comes from outside, and who comes from inside.
Step: TypeAlias = tuple[int, int]
NO_LINE: Step = (OUTSIDE, INSIDE)
# Stands for a delimiter of several bytes; no encoding that keeps ASCII as it is uses it.
FREE_BYTE = b"\xff"

# A file by its number, the start of the piece of it, and a number that rises from line to line.
PLACE = ("seq", "block", "position")
STEPS = pa.schema([(name, pa.int64()) for name in (*PLACE, "outside", "inside")])


def led(delimiter: bytes) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Batches of lines (PLACE and `value`, bytes without the line feed) -> STEPS: where lines in a row of one piece of a file
    lead, at the position of the first."""

    def lead(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in (b for b in batches if b.num_rows):
            codes = leads(batch["value"], delimiter)
            seq, block, position = (batch[name].to_numpy() for name in PLACE)
            apart = (np.diff(seq) != 0) | (np.diff(block) != 0)
            rows = [
                (seq[start], block[start], position[start], *in_a_row(codes[start:end])) for start, end in _runs(apart)
            ]
            yield pa.RecordBatch.from_arrays([pa.array(c, pa.int64()) for c in zip(*rows, strict=True)], schema=STEPS)

    return lead


def left_open(steps: Iterable[Any]) -> dict[int, tuple[int, int]]:
    """The files (`seq`) with a quote that is not closed, or not as it should be, by rows of STEPS; with the block and position of the
    last step that came from outside, from where on `opening` finds the quote."""
    places: dict[int, int] = {}
    since: dict[int, tuple[int, int]] = {}
    for seq, block, position, outside, inside in sorted(steps):
        before = places.get(seq, OUTSIDE)
        if before == OUTSIDE:
            since[seq] = block, position
        places[seq] = (outside, inside, BROKEN)[before]
    return {seq: since[seq] for seq, place in places.items() if place != OUTSIDE}


def opening(lines: pa.Array, delimiter: bytes) -> tuple[int, bool]:
    """Lines in a row, the first of them outside quotes -> the number of the line where the last value begins that goes beyond its
    line, up to where one does not close as it should; and whether one does not."""
    place, began = OUTSIDE, 0
    for number, (line, code) in enumerate(zip(lines.to_pylist(), leads(lines, delimiter).tolist(), strict=True)):
        before, place = place, (*divmod(code, 3), BROKEN)[place]
        if place == BROKEN:
            return began, True
        # A line may close one value and begin the next; a quote within a value is doubled.
        if place == INSIDE and (before == OUTSIDE or b'"' in line.replace(b'""', b"")):
            began = number
    return began, False


def leads(lines: pa.Array, delimiter: bytes = b",") -> np.ndarray:
    """Lines -> where each leads, as 3 x (who comes from outside) + (who comes from inside)."""
    if len(delimiter) > 1:
        lines, delimiter = pc.replace_substring(lines, delimiter, FREE_BYTE), FREE_BYTE
    d = f"\\x{delimiter[0]:02x}"
    text = '(?:[^"]|"")*'
    # What follows a closing quote belongs to its value, as it does for Spark's parser.
    value = f'(?:"{text}"(?:[^"{d}][^{d}]*)?|[^"{d}][^{d}]*)?'
    opens = f'^(?:{value}{d})*"{text}$'
    end = '"[\\x00-\\x20]*'  # Spark's parser passes over blanks after a closing quote
    stays = f'^{text}(?:{end}{d}(?:{value}{d})*"{text})?$'
    closes = f"^{text}{end}(?:{d}|$)"
    opened, still, closed = (
        pc.match_substring_regex(lines, pattern).to_numpy(zero_copy_only=False) for pattern in (opens, stays, closes)
    )
    from_inside = np.where(still, INSIDE, np.where(closed, OUTSIDE, BROKEN))
    return 3 * np.where(opened, INSIDE, OUTSIDE) + from_inside


def in_a_row(codes: np.ndarray) -> Step:
    """Where lines lead one after the other."""
    step = NO_LINE
    for start, end in _runs(np.diff(codes) != 0):
        one = (*divmod(int(codes[start]), 3), BROKEN)
        # Of many lines that lead alike two or three do what all do: then who goes on comes back to where he was.
        for _ in range(min(end - start, 2 + (end - start) % 2)):
            step = one[step[0]], one[step[1]]
    return step


def _runs(apart: np.ndarray) -> Iterator[tuple[int, int]]:
    """Start and end of the runs of rows; `apart` tells of each row but the first whether it begins one."""
    return pairwise([0, *(np.flatnonzero(apart) + 1).tolist(), len(apart) + 1])
