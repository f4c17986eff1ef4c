"""Quotes that are left open take rows with them: whether a file has one, line by line and piece by piece."""

from __future__ import annotations

import gzip
import random
import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.landing.formats.csv_quotes import (
    BROKEN,
    INSIDE,
    OUTSIDE,
    STEPS,
    in_a_row,
    leads,
    led,
    left_open,
    opening,
)
from headwater.parameters.landing import Feed

H = "order_id,seller_id,buyer_id,ordered_at,brand\n"
QUOTE, COMMA = ord('"'), ord(",")


def walk(line: bytes, place: int) -> int:
    """The oracle: where a line leads, character by character."""
    if place == BROKEN:
        return BROKEN
    at, state, spans = 0, "quoted" if place == INSIDE else "start", place == INSIDE
    while at < len(line):
        if state != "quoted":
            begins = state == "start" and line[at] == QUOTE
            state = "quoted" if begins else "start" if line[at] == COMMA else "plain"
            at += 1
        elif line[at] != QUOTE:
            at += 1
        elif line[at + 1 : at + 2] == b'"':
            at += 2
        else:
            rest = line[at + 1 :].lstrip(bytes(range(33)))
            if spans and rest and rest[0] != COMMA:
                return BROKEN
            at, state, spans = at + 1, "plain", False
    return INSIDE if state == "quoted" else OUTSIDE


def pieces_of(length, *bytes_):
    return st.lists(st.sampled_from(bytes_), max_size=length).map(b"".join)


LINES = st.lists(pieces_of(8, b'"', b'"', b",", b"a", b" ", b"\r", b"\x00", b"\xe4"), min_size=1, max_size=12)


@settings(max_examples=500, deadline=None, derandomize=True, database=None)
@given(LINES)
def test_where_a_line_leads_is_what_a_walk_through_it_says(lines):
    codes = leads(pa.array(lines, pa.binary()))
    assert [divmod(code, 3) for code in codes] == [(walk(line, OUTSIDE), walk(line, INSIDE)) for line in lines]
    place = {OUTSIDE: OUTSIDE, INSIDE: INSIDE}
    for line in lines:
        place = {start: walk(line, now) for start, now in place.items()}
    assert in_a_row(codes) == (place[OUTSIDE], place[INSIDE])


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.lists(LINES, min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_files_in_any_pieces_and_batches_are_judged_as_wholes(files, chance):
    rows = []
    for seq, lines in enumerate(files):
        block = 0
        for position, line in enumerate(lines):
            block = position if chance.random() < 0.3 else block
            rows.append((seq, block, position, line))
    batches, start = [], 0
    while start < len(rows):
        end = start + chance.randint(1, 5)
        columns = zip(*rows[start:end], strict=True)
        types = (pa.int64(), pa.int64(), pa.int64(), pa.binary())
        arrays = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
        batches.append(pa.RecordBatch.from_arrays(arrays, ["seq", "block", "position", "value"]))
        start = end
    found = [tuple(row[name] for name in STEPS.names) for b in led(b",")(batches) for row in b.to_pylist()]
    chance.shuffle(found)
    expected = set()
    for seq, lines in enumerate(files):
        place = OUTSIDE
        for line in lines:
            place = walk(line, place)
        expected |= {seq} if place != OUTSIDE else set()
    faulty = left_open(found)
    assert faulty.keys() == expected
    for seq, since in faulty.items():
        # The lines before it are sound, so that what follows may be looked at alone.
        before = [line for s, block, position, line in rows if s == seq and (block, position) < since]
        assert opening_of(before) is None
        assert opening(pa.array(files[seq][len(before) :], pa.binary()), b",")[0] + len(before) == opening_of(
            files[seq]
        )


def opening_of(lines):
    """The number of the line where the value begins that is broken, or open at the end, by a walk; None of sound lines."""
    place, began = OUTSIDE, None
    for number, line in enumerate(lines):
        if place == BROKEN:
            break
        before, place = place, walk(line, place)
        if place == INSIDE and (before == OUTSIDE or line.replace(b'""', b"").count(b'"')):
            began = number
    return began if place != OUTSIDE else None


def test_many_lines_alike_lead_where_each_after_the_other_does():
    chance = random.Random(1)
    for _ in range(2_000):
        codes = np.repeat([chance.randrange(6) for _ in range(3)], [chance.randint(1, 5) for _ in range(3)])
        place = [OUTSIDE, INSIDE]
        for code in codes:
            place = [(*divmod(int(code), 3), BROKEN)[now] for now in place]
        assert in_a_row(codes) == tuple(place)


def test_a_delimiter_of_two_bytes_is_one():
    assert divmod(int(leads(pa.array(['a§"b'.encode()]), "§".encode())[0]), 3)[0] == INSIDE
    assert divmod(int(leads(pa.array([b'a,"b']), "§".encode())[0]), 3)[0] == OUTSIDE


# What takes rows with it, and the same as it was meant.
OPEN = {
    "to the end of the file": ('O1,S,B,T,"x\nO2,S,B,T,y\nO3,S,B,T,z\n', 'O1,S,B,T,"x"\nO2,S,B,T,y\nO3,S,B,T,z\n'),
    "without a last line end": ('O1,S,B,T,"x\nO2,S,B,T,y', 'O1,S,B,T,"x"\nO2,S,B,T,y'),
    "in an earlier column": ('O1,"S,B,T,x\nO2,S,B,T,y\n', 'O1,"S",B,T,x\nO2,S,B,T,y\n'),
    "to the next value's": ('O1,S,B,T,"x\nO2,S,B,T,"y"\nO3,S,B,T,z\n', 'O1,S,B,T,"x"\nO2,S,B,T,"y"\nO3,S,B,T,z\n'),
    "before an empty one": ('O1,S,B,T,"x\nO2,"",B,T,"y"\n', 'O1,S,B,T,"x"\nO2,"",B,T,"y"\n'),
    "after text of several lines": ('O1,S,B,T,"x\ny"\nO2,S,B,T,"z\nO3,S,B,T,\n', 'O1,S,B,T,"x\ny"\nO2,S,B,T,"z"\nO3,S,B,T,\n'),
    "doubled instead of closed": ('O1,S,B,T,"x""\nO2,S,B,T,y\n', 'O1,S,B,T,"x"""\nO2,S,B,T,y\n'),
    "after inches": ('O1,S,B,5",x\nO2,S,B,T,"y\n', 'O1,S,B,5",x\nO2,S,B,T,"y"\n'),
}  # fmt: skip


# In which line of the file, of which the first is the header.
LINE = dict.fromkeys(OPEN, 2) | {"after text of several lines": 4, "after inches": 3}


def opens_in(fault):
    return int(re.search(r"its value begins in line (\d+)", fault)[1])


def named(faults):
    return {re.search(r"([^/]*): a quote is not closed", fault)[1] for fault in faults}


def test_each_file_with_an_open_quote_is_refused_by_its_name_and_the_others_are_not(landing):
    for i, (name, (broken, meant)) in enumerate(OPEN.items()):
        landing.put(f"orders/{i} {name}.csv", H + broken)
        landing.put(f"orders/{i} {name} meant.csv", H + meant)
    landing.put("orders/zipped.csv.gz", gzip.compress((H + OPEN["after inches"][0]).encode()))
    landing.put("orders/sound.csv.gz", gzip.compress((H + OPEN["after inches"][1]).encode()))
    _, faults = landing.listed("orders")
    assert named(faults) == {f"{i}%20{name.replace(' ', '%20')}.csv" for i, name in enumerate(OPEN)} | {"zipped.csv.gz"}
    assert [opens_in(fault) for fault in faults] == [*LINE.values(), LINE["after inches"]]
    # Read line by line a value ends with its line, and nothing is lost.
    assert landing.listed("orders", landing.config("intake.multi_line=false"))[1] == []


@pytest.mark.parametrize("encoding", ["UTF-16", "UTF-32LE", "ISO-8859-1", "GB18030"])
def test_other_encodings_and_delimiters_are_looked_through_too(landing, encoding):
    feed = Feed(encoding=encoding, delimiter="§")
    for name, (broken, meant) in OPEN.items():
        landing.put(f"orders/{name.replace(' ', '-')}.csv", (H + broken).replace(",", "§").encode(encoding))
        landing.put(f"orders/{name.replace(' ', '-')}-meant.csv", (H + meant).replace(",", "§").encode(encoding))
    _, faults = landing.listed("orders", landing.config(orders=feed))
    assert named(faults) == {f"{name.replace(' ', '-')}.csv" for name in OPEN}
    assert [opens_in(fault) for fault in faults] == [LINE[name] for name in sorted(OPEN)]


def test_a_file_is_looked_through_in_pieces(landing):
    rows = [f'O{i},S,B,T,"row {i}\nof ""{"x" * (i % 50)}"""\n' for i in range(3_000)]
    sound = landing.put("orders/sound.csv", H + "".join(rows))
    landing.put("orders/open.csv", H + "".join(rows[:1_500]) + 'O,S,B,T,"x\n' + "".join(rows[1_500:]))
    landing.spark.conf.set("spark.sql.files.maxPartitionBytes", "8k")
    try:
        assert landing.spark.read.text(str(sound)).rdd.getNumPartitions() > 4
        _, faults = landing.listed("orders")
        assert named(faults) == {"open.csv"}
        # After the header, 1,500 rows of two lines each.
        assert "(its value begins in line 3,002)" in faults[0]
    finally:
        landing.spark.conf.unset("spark.sql.files.maxPartitionBytes")
