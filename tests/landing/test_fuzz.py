"""Any bytes for a line give a row or an unreadable line: never an error, never a lost row."""

from __future__ import annotations

import json

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.landing.formats import json_files

# What parsers stumble over: quotes, line ends, null bytes, other encodings, brackets, numbers beyond all bounds.
TROUBLE = (
    b'"', b'""', b",", b"\n", b"\r", b"\r\n", b"\x00", b"#", b"\\", b" ", b"\xef\xbb\xbf", b"\xff\xfe", b"\xc3", b"\xed\xa0\x80",
    b"{", b"}", b"[", b"]", b":", b"'", b"\\ud800", b"\\u0000", b"1e999999999", b"NaN", b"-", b"null", b"\xe2\x80\xa8",
)  # fmt: skip


@st.composite
def mutated(draw, base):
    """The bytes with a few pieces cut out, put in or broken off; now and then other bytes altogether."""
    if draw(st.integers(0, 7)) == 0:
        return draw(st.binary(max_size=200))
    data = bytearray(base)
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        cut = draw(st.sampled_from((0, 0, 1, 3, 1_000)))
        data[at : at + cut] = draw(st.one_of(st.sampled_from(TROUBLE), st.binary(max_size=3)))
    return bytes(data)


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.lists(mutated(b'{"a":"x","b":[1.50,{"c":null}]}'), max_size=8))
def test_any_line_is_a_row_or_itself(lines):
    rows = json_files.reader({"a": "a", "b": "b"})(pa.array(lines, pa.binary())).to_pylist()
    assert len(rows) == len(lines)
    for line, row in zip(lines, rows, strict=True):
        try:
            meant = json.loads(line.decode("utf-8", "replace").removeprefix("\ufeff"))
        except ValueError:
            meant = None
        if row["_line"] is None:
            assert isinstance(meant, dict)
            assert (row["a"] is None) == (meant.get("a") is None)
        else:
            assert (row["a"], row["b"]) == (None, None)
