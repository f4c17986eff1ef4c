"""Any bytes give rows, rejects or a clear refusal: never another error, never a lost row.

Starting Spark's jobs is dear and rows are not, so each example is a landing of many files of every form, taken by one intake."""

from __future__ import annotations

import gzip
import io
import json
import re
import zlib
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from headwater.errors import InputRefusedError
from headwater.feeds import FEEDS
from headwater.landing import clean, files
from headwater.landing.formats import json_files
from headwater.landing.intake import Desk, intake, take_files
from headwater.landing.lexicon import Lexicon
from headwater.store import Lake

NIGHT = date(2026, 11, 22)
HEADER = b"address_id,seller_id,role,text\n"
CSV = b'A1,S1,dispatch,"1 Quay, Unit 2"\nA2,S2,return,"say ""x"""\n\nA3,S3,pickup,"two\nlines"\r\nA4,S4,nowhere,plain\n'
JSON = (
    b'{"brand":"A","safety":true,"reference_price":19.99}\n{"brand":"B","authorised_sellers":["S1"]}\n{"safety":"no"}\n'
)
# What parsers stumble over: quotes, line ends, null bytes, other encodings, brackets, numbers beyond all bounds.
TROUBLE = (
    b'"', b'""', b",", b"\n", b"\r", b"\r\n", b"\x00", b"#", b"\\", b" ", b"\xef\xbb\xbf", b"\xff\xfe", b"\xc3", b"\xed\xa0\x80",
    b"{", b"}", b"[", b"]", b":", b"'", b"\\ud800", b"\\u0000", b"1e999999999", b"NaN", b"-", b"null", b"\xe2\x80\xa8",
)  # fmt: skip


def _parquet() -> bytes:
    out = io.BytesIO()
    table = {"kind": ["phone", "address", None], "value": ["1", "2", "3"], "what": ["agent", "nobody", "3pl"]}
    pq.write_table(pa.table(table), out, store_schema=False)
    return out.getvalue()


@st.composite
def mutated(draw, base):
    """The bytes with a few pieces cut out, put in or broken off; now and then other bytes altogether."""
    if draw(st.integers(0, 7)) == 7:
        return draw(st.binary(max_size=200))
    data = bytearray(base)
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        cut = draw(st.sampled_from((0, 0, 1, 3, 1_000)))
        data[at : at + cut] = draw(st.one_of(st.sampled_from(TROUBLE), st.binary(max_size=3)))
    return bytes(data)


@st.composite
def two_members(draw, base):
    """Gzip in two members, cut anywhere, as tools write that append or compress in pieces; it is whole."""
    at = draw(st.integers(0, len(base)))
    return gzip.compress(base[:at], mtime=0) + gzip.compress(base[at:], mtime=0)


def broken_off(base):
    """Gzip without its end."""
    whole = gzip.compress(base, mtime=0)
    return st.integers(1, len(whole) - 1).map(lambda length: whole[:length])


@st.composite
def flipped(draw, base):
    """Gzip with one to three bits flipped."""
    data = bytearray(gzip.compress(base, mtime=0))
    for bit in draw(st.sets(st.integers(0, 8 * len(data) - 1), min_size=1, max_size=3)):
        data[bit // 8] ^= 1 << bit % 8
    return bytes(data)


def followed(base):
    """Gzip with bytes behind it that belong to nothing."""
    return st.binary(min_size=1, max_size=20).map(lambda rest: gzip.compress(base, mtime=0) + rest)


def zipped(base):
    """Files that are called .gz: sound and damaged ones, and those that are none."""
    text = mutated(base).map(lambda text: gzip.compress(text, mtime=0))
    return st.tuples(
        *[two_members(base)] * 3,
        broken_off(base),
        flipped(base),
        flipped(base),
        followed(base),
        text,
        text,
        mutated(base),
    )


LANDINGS = st.fixed_dictionaries(
    {
        "addresses/{}.csv": st.tuples(*[mutated(CSV).map(HEADER.__add__)] * 25, *[mutated(HEADER + CSV)] * 5),
        "addresses/{}.csv.gz": zipped(HEADER + CSV),
        "brands/{}.json": st.tuples(st.just(JSON), *[mutated(JSON)] * 25),
        "brands/{}.jsonl.gz": zipped(JSON),
        "hubs/{}.parquet": st.tuples(st.just(_parquet()), *[mutated(_parquet())] * 7),
    }
)


def lines_of(data: bytes) -> int | None:
    """How many rows JSON lines are, by counting; an independent reader."""
    text = data.decode("utf-8", "replace")
    return sum(1 for line in re.split("\r\n|\n|\r", text) if line.strip(" \t\ufeff"))


def rows_of_csv(data: bytes) -> int | None:
    """How many rows a CSV file is, where counting lines says it: without quotes, and without blanks for a line."""
    lines = data.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
    if b'"' in data or "\r" in "".join(lines) or any(line and not line.strip() for line in lines):
        return None
    return sum(1 for line in lines[1:] if line)


def rows_of_parquet(data: bytes) -> int | None:
    try:
        return int(pq.ParquetFile(io.BytesIO(data)).metadata.num_rows)
    except (pa.ArrowException, OSError):
        return None


COUNTS = {"addresses": rows_of_csv, "brands": lines_of, "hubs": rows_of_parquet}
SOUND = (HEADER + CSV, JSON)


def unzipped(data: bytes) -> bytes | None:
    """What gzip holds; None if it is damaged."""
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        return None


def rows_in(path: Path, data: bytes) -> int | None:
    """How many rows a file is, by another reader; None where that one cannot tell."""
    text = unzipped(data) if path.suffix == ".gz" else data
    return None if text is None else COUNTS[path.parent.name](text)


def refused_in(landing, config, feed):
    """The files of a feed that are refused, each by its name; whatever else is raised fails the test."""
    found, faults = files.list_feed(landing.spark, config, FEEDS[feed], NIGHT)
    assert faults == []
    refused, left = set(), found
    while left:
        fit, unfit = files.inspect(landing.spark, config, left)
        named = {f.path for f in left if any(f"{f.path}:" in fault for fault in unfit)}
        if not named:
            assert ([f.path for f in fit], unfit) == ([f.path for f in left], [])
            named = _breaks_off(landing, config, feed, fit)
        if not named:
            break
        refused |= named
        left = [f for f in left if f.path not in refused]
    return refused


def _breaks_off(landing, config, feed, fit):
    """The file that cannot be read to its end, if there is one."""
    rows = clean.judge(files.read_files(landing.spark, config, fit), FEEDS[feed], config, lambda buyer: buyer)
    try:
        with files.broken_files_refused(fit):
            rows.count(), rows.select("rules", "raw").write.format("noop").mode("overwrite").save()
    except InputRefusedError as error:
        named = {f.path for f in fit if f.path in str(error)}
        assert named
        return named
    return set()


@settings(
    max_examples=1,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(contents=LANDINGS)
def test_any_bytes_give_rows_rejects_or_a_refusal_and_every_row_is_somewhere(new_landing, contents):
    assume(min(len(set(each)) / len(each) for each in contents.values()) > 0.6)
    landing = new_landing()
    landing.header_only("orders", "complaints", "supplier_links")
    put = {}
    for pattern, each in contents.items():
        for i, data in enumerate(each):
            # A copy of a file is not taken twice.
            if data not in put.values():
                put[landing.put(pattern.format(f"{i:02}"), data)] = data
    config = landing.config()
    for feed in COUNTS:
        for path in refused_in(landing, config, feed):
            name = landing.root / "landing" / feed / path.rpartition("/")[2]
            assert name.suffix != ".gz" or unzipped(put[name]) not in SOUND
            name.unlink()
            del put[name]
    assert [p for p, data in put.items() if p.suffix == ".gz" and unzipped(data) is None] == []
    assert {p.suffix for p in put} == {".csv", ".json", ".gz", ".parquet"}

    lake = Lake(landing.spark, config)
    taken = take_files(lake, config, NIGHT)
    desk = Desk(lake, config, NIGHT, b"a-key-for-tests-0123456789abcdef", Lexicon.load(), lambda written: None)
    read = {path: (rows, good + bad) for _, _, path, rows, good, bad in intake(desk, taken)}
    assert all(rows == ends for rows, ends in read.values())
    by_name = {(p.parent.name, p.name): p for p in put}
    wrong = []
    for file in taken:
        path = by_name.get(tuple(file.path.split("/")[-2:]))
        expected = rows_in(path, put[path]) if path else None
        if expected is not None and read[file.path][0] != expected:
            wrong.append((put[path], read[file.path][0], expected))
    assert wrong == []


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


def test_the_bytes_of_these_tests_are_read_as_meant_when_nothing_is_changed(landing):
    assert lines_of(JSON) == len([json.loads(line) for line in JSON.splitlines()]) == 3
    assert (rows_of_csv(HEADER + CSV), rows_of_csv(HEADER + b"A,S,r,\n\nB,S,r,\n")) == (None, 2)
    assert rows_of_parquet(_parquet()) == 3
