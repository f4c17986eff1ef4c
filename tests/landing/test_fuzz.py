"""Any bytes give rows, rejects or a clear refusal: never another error, never a lost row.

Starting Spark's jobs is dear and rows are not, so an example is two nights of many damaged files of every form, each night taken
by one intake. The bytes are new on each run; a failure prints what repeats it, and HEADWATER_FUZZ_EXAMPLES asks for more of them."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import shutil
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import deltalake
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake.exceptions import DeltaError
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from headwater.errors import InputRefusedError
from headwater.feeds import FEEDS
from headwater.landing import clean, files
from headwater.landing.formats import json_files
from headwater.landing.intake import Desk, intake, take_files
from headwater.landing.lexicon import Lexicon
from headwater.parameters.landing import Feed
from headwater.store import Lake

NIGHT = date(2026, 11, 22)
EXAMPLES = int(os.environ.get("HEADWATER_FUZZ_EXAMPLES", "1"))
# No shrinking: each file of an example is judged by itself, and the failure shows the bytes of those that were wrong.
RANDOM = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=False,
    print_blob=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
# What parsers stumble over: quotes, line ends, null bytes, other encodings, brackets, numbers beyond all bounds.
TROUBLE = (
    b'"', b'""', b'"\n', b'",', b",", b";", b"\n", b"\n\n", b"\r", b"\r\n", b"\x00", b"#", b"\\", b" ", b"\xef\xbb\xbf", b"\xff\xfe",
    b"\xc3", b"\xed\xa0\x80", b"{", b"}", b"[", b"]", b":", b"'", b"\\ud800", b"\\u0000", b"1e999999999", b"NaN", b"-", b"null",
    b"\xe2\x80\xa8", b"\xc2\x85", b"\x1a", b"\x0b",
)  # fmt: skip

ORDERS = b"order_id,seller_id,buyer_id,ordered_at,brand,unit_price,quantity\n"
ORDER_ROWS = (
    b'O1,S1,B1,2026-11-20T10:00:00Z,"Acme, Ltd",19.99,1\nO2,S2,B2,2026-11-20,"say ""x""",1e3,2\n\n'
    b'O3,S3,B3,2026-11-21 10:00:00,"two\nlines",5.00,0\r\nO4,S4,B4,never,plain,1.005,\nO5,S5,,2026-11-23T00:00:00+02:00,"",.5,3\n'
)
COMPLAINTS = b"complaint_id;order_id;filed_at;text\n"
COMPLAINT_ROWS = (
    'C1;O1;2026-11-20T10:00:00Z;"falsch; es ist gefälscht"\nC2;O2;2026-11-20;"„x“ ""y"""\n'
    'C3;;2026-11-21;"Grüße\n\naus Köln"\r\nC4;O4;2026-11-21;\n'
).encode("cp1252")
SELLERS = "seller_id,name,phone\n"
SELLER_ROWS = 'S1,"Laden, Süd",+49 30 1\nS2,"say ""x""",\n\nS3,"two\nlines","1"\r\n,商店,2\n'
LINKS = (
    b'{"seller_id":"S1","supplier_id":"P1","kind":"purchase","units":3,"confidence":0.5}\n'
    b'{"seller_id":"S2","supplier_id":"P2","kind":"declared","amount":1.005}\r\n\n{"seller_id":"S3","kind":"x\\ny"}\n'
)
BRANDS = (
    b'{"brand":"A","safety":true,"reference_price":19.99}\n{"brand":"B","authorised_sellers":["S1"]}\n{"safety":"no"}\n'
)


def _parquet() -> bytes:
    out = io.BytesIO()
    table = {"kind": ["phone", "address", None], "value": ["1", "2", "3"], "what": ["agent", "nobody", "3pl"]}
    pq.write_table(pa.table(table), out, store_schema=False)
    return out.getvalue()


HUBS = _parquet()


# What is read, and how many rows a reader of another make finds.

WIDE = ("utf-16",)  # a line end is more than a byte: read whole, whatever intake.multi_line says
CONTROLS = "".join(map(chr, range(0x21)))  # a line of these alone is empty


def rows_of_csv(data: bytes, multi_line: bool, encoding: str = "utf-8", delimiter: str = ",") -> int:
    """The records of a CSV file without its header, by Python's own reader; or its lines, where no value may hold a line end.

    Python ends a line at a lone carriage return and Headwater does not, so those are blanks here; neither counts an empty line.
    Where a quote is misplaced (`is_regular`) RFC 4180 says nothing; both readers then go on to the next delimiter or line end."""
    text = data.decode(encoding, "replace").removeprefix("\ufeff")
    if not multi_line and encoding not in WIDE:
        return sum(1 for line in re.split("\r\n|\n|\r", text) if line.strip(CONTROLS)) - 1
    return sum(1 for row in _csv(text, delimiter, strict=False) if row) - 1


def is_regular(data: bytes, multi_line: bool, encoding: str = "utf-8", delimiter: str = ",") -> bool:
    """Whether every quote is where RFC 4180 has it, and closed."""
    if multi_line or encoding in WIDE:
        try:
            text = data.decode(encoding, "replace").removeprefix("\ufeff").replace("\r\n", "\n")
            _csv(text, delimiter, strict=True)
        except csv.Error:
            return False
    return True


def _csv(text: str, delimiter: str, strict: bool) -> list[list[str]]:
    lines = io.StringIO(text.replace("\r", " "), newline="")
    return list(csv.reader(lines, delimiter=delimiter, strict=strict))


def rows_of_json(data: bytes, multi_line: bool) -> int:
    """The lines of a file that are not blank."""
    text = data.decode("utf-8", "replace")
    return sum(1 for line in re.split("\r\n|\n|\r", text) if line.strip(" \t\ufeff"))


def rows_of_parquet(data: bytes, multi_line: bool) -> int | None:
    """The rows that Arrow reads; None where it cannot."""
    try:
        return int(pq.read_table(io.BytesIO(data)).num_rows)
    except (pa.ArrowException, OSError):
        return None


PLAIN = Feed()


@dataclass(frozen=True)
class Form:
    """The files of a feed: the beginning that makes each a file of the feed, a whole sound one, and the other reader."""

    suffix: str
    head: bytes
    sound: bytes
    rows: Callable[[bytes, bool], int | None]
    regular: Callable[[bytes, bool], bool] = lambda data, multi_line: True
    mapping: Feed = PLAIN


def _csv_form(suffix: str, head: bytes, rows: bytes, mapping: Feed, encoding: str) -> Form:
    how = {"encoding": encoding, "delimiter": mapping.delimiter}
    return Form(suffix, head, head + rows, partial(rows_of_csv, **how), partial(is_regular, **how), mapping)


FORMS = {
    "orders": _csv_form("csv", ORDERS, ORDER_ROWS, PLAIN, "utf-8"),
    "complaints": _csv_form("csv", COMPLAINTS, COMPLAINT_ROWS, Feed(encoding="windows-1252", delimiter=";"), "cp1252"),
    "sellers": _csv_form("csv", b"", (SELLERS + SELLER_ROWS).encode("utf-16"), Feed(encoding="UTF-16"), "utf-16"),
    "supplier_links": Form("jsonl", b"", LINKS, rows_of_json),
    "brands": Form("json", b"", BRANDS, rows_of_json),
    "hubs": Form("parquet", b"PAR1", HUBS, rows_of_parquet),
}


# Damaged bytes.


@st.composite
def mutated(draw, base, pieces=TROUBLE):
    """The bytes with a few pieces cut out, put in or broken off; now and then other bytes altogether."""
    if draw(st.integers(0, 11)) == 11:
        return draw(st.binary(max_size=200))
    data = bytearray(base)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        cut = draw(st.sampled_from((0, 0, 1, 3, 1_000)))
        data[at : at + cut] = draw(st.one_of(st.sampled_from(pieces), st.binary(max_size=3)))
    return bytes(data)


def rows_damaged(feed):
    """A sound beginning with damaged rows."""
    form = FORMS[feed]
    return mutated(form.sound.removeprefix(form.head)).map(form.head.__add__)


@st.composite
def wide(draw):
    """Text that is damaged before it becomes UTF-16: of damaged pairs of bytes each decoder makes something else."""
    pieces = tuple(piece for piece in TROUBLE if piece.isascii())
    text = draw(mutated(SELLER_ROWS.encode(), pieces)).decode("utf-8", "replace")
    return (SELLERS + text).encode("utf-16")


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


def zipped(feed):
    """Files that are called .gz: sound and damaged ones, and those that are none."""
    base = FORMS[feed].sound
    text = rows_damaged(feed).map(lambda data: gzip.compress(data, mtime=0))
    return st.tuples(
        two_members(base), broken_off(base), flipped(base), followed(base), text, text, text, mutated(base)
    )


def several(strategy, count, *more):
    """So many files, and a few of other kinds."""
    return st.tuples(*[strategy] * count, *more)


def landings(first, second):
    """The files of two nights; a copy is left out, for it is not taken twice."""

    def without_copies(nights):
        seen = set()
        return [{path: [d for d in each if not (d in seen or seen.add(d))] for path, each in n.items()} for n in nights]

    return st.tuples(st.fixed_dictionaries(first), st.fixed_dictionaries(second)).map(without_copies)


LANDINGS = landings(
    first={
        "orders/{}.csv": several(rows_damaged("orders"), 14, *[mutated(FORMS["orders"].sound)] * 3),
        "orders/{}.csv.gz": zipped("orders"),
        "complaints/{}.csv": several(rows_damaged("complaints"), 14),
        "brands/{}.json": several(rows_damaged("brands"), 12, st.just(BRANDS)),
        "brands/{}.jsonl.gz": zipped("brands"),
        "hubs/{}.parquet": several(mutated(HUBS), 4, st.just(HUBS)),
    },
    # On this night no value of a CSV file may hold a line end, but in UTF-16.
    second={
        "orders/{}.csv": several(rows_damaged("orders"), 12),
        "orders/{}.csv.gz": several(two_members(ORDERS + ORDER_ROWS), 1, broken_off(ORDERS + ORDER_ROWS)),
        "complaints/{}.csv": several(rows_damaged("complaints"), 12),
        "sellers/{}.csv": several(wide(), 12),
        "supplier_links/{}.jsonl": several(rows_damaged("supplier_links"), 12, st.just(LINKS)),
        "hubs/{}.parquet": several(mutated(HUBS), 2),
    },
)


def unzipped(data: bytes) -> bytes | None:
    """What gzip holds; None if it is damaged."""
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        return None


def is_plain_gzip(data: bytes) -> bool:
    """Whether it is whole members and nothing else, with none of the format's options: no reader has a reason to refuse it."""
    rest = data
    try:
        while rest:
            member = zlib.decompressobj(wbits=31)
            member.decompress(rest)
            if any(rest[3:4]) or not member.eof:
                return False
            rest = member.unused_data
    except zlib.error:
        return False
    return bool(data)


def must_be_read(path: Path, data: bytes, multi_line: bool) -> bool:
    """Whether nothing is wrong with a file as such, whatever its rows are."""
    form = FORMS[path.parent.name]
    if path.suffix == ".gz":
        content = unzipped(data)
        return content is not None and is_plain_gzip(data) and must_be_read(path.with_suffix(""), content, multi_line)
    if path.suffix == ".parquet":
        return data == form.sound
    return data.startswith(form.head) and form.regular(data, multi_line)


def rows_in(path: Path, data: bytes, multi_line: bool) -> int | None:
    """How many rows a file is, by another reader; None where that one cannot tell."""
    text = unzipped(data) if path.suffix == ".gz" else data
    return None if text is None else FORMS[path.parent.name].rows(text, multi_line)


def refused_in(landing, config, feed, night):
    """The files of a feed that are refused, each by its name; whatever else is raised fails the test."""
    found, faults = files.list_feed(landing.spark, config, FEEDS[feed], night)
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
            rows.select("rules", "raw").write.format("noop").mode("overwrite").save()
    except InputRefusedError as error:
        named = {f.path for f in fit if f"{f.path}:" in str(error)}
        assert named
        return named
    return set()


def a_night(landing, night, contents, multi_line):
    """Put the files, let those go that are refused, take in the others; what was read of each: rows, accepted, rejected."""
    put = {}
    for pattern, each in contents.items():
        for i, data in enumerate(each):
            put[landing.put(pattern.format(f"{night:%d}-{i:02}"), data)] = data
    config = landing.config(f"intake.multi_line={multi_line}".lower(), **{name: f.mapping for name, f in FORMS.items()})
    for feed in sorted({path.parent.name for path in put}):
        for place in refused_in(landing, config, feed, night):
            path = landing.root / "landing" / feed / place.rpartition("/")[2]
            assert not must_be_read(path, put[path], multi_line), f"{path.name} is refused: {put[path]!r}"
            path.unlink()
            del put[path]
    damaged = [(path.name, data) for path, data in put.items() if path.suffix == ".gz" and unzipped(data) is None]
    assert damaged == []
    lake = Lake(landing.spark, config)
    taken = take_files(lake, config, night)
    desk = Desk(lake, config, night, b"a-key-for-tests-0123456789abcdef", Lexicon.load(), lambda written: None)
    counts = {
        landing.root / "landing" / feed / path.rpartition("/")[2]: rest for _, feed, path, *rest in intake(desk, taken)
    }
    assert set(put) <= set(counts)
    assert [path for path, (read, good, bad) in counts.items() if read != good + bad] == []
    expected = {path: rows_in(path, data, multi_line) for path, data in put.items()}
    told = [(str(path), put[path], counts[path][0], rows) for path, rows in expected.items() if rows is not None]
    assert [each for each in told if each[2] != each[3]] == []
    assert len(told) > len(put) / 2
    return counts


@RANDOM
@given(nights=LANDINGS)
def test_any_bytes_give_rows_rejects_or_a_refusal_and_every_row_is_somewhere(new_landing, nights):
    first, second = nights
    assume(sum(map(len, [*first.values(), *second.values()])) > 80)
    landing = new_landing()
    landing.header_only("addresses")
    landing.put("supplier_links/empty.jsonl", "")
    before = a_night(landing, NIGHT, first, multi_line=True)
    after = a_night(landing, NIGHT + timedelta(days=1), second, multi_line=False)
    assert {path.suffix for path in before} == {".csv", ".json", ".jsonl", ".gz", ".parquet"}
    assert not set(before) & set(after)


# A Delta table: its log and its data, damaged after the night that took its first version.


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A table of three versions, two rows each."""
    root = tmp_path_factory.mktemp("delta") / "hubs"
    for version in range(3):
        rows = {"kind": ["phone"] * 2, "value": [f"{version}{i}" for i in range(2)], "what": ["agent", "nobody"]}
        deltalake.write_deltalake(root, pa.table(rows), mode="append")
    return root


def later_log(table):
    return (table / "_delta_log" / f"{1:020d}.json").read_bytes()


@RANDOM
@given(data=st.data())
def test_a_damaged_delta_table_gives_its_rows_or_is_refused_by_its_name(new_landing, table, data):
    landing = new_landing()
    sound = later_log(table)
    damaged = data.draw(st.lists(mutated(sound), min_size=6, max_size=6, unique=True))
    wrong, told = [], []
    for i, log in enumerate([sound, *damaged]):
        root = landing.root / f"table{i}"
        shutil.copytree(table, root)
        (root / "_delta_log" / f"{1:020d}.json").write_bytes(log)
        config = landing.config(hubs=Feed(path=str(root)))
        read, expected = _later_rows(landing, config, root), _rows_of_delta(root)
        told.append(read)
        if read is not None and expected is not None and read != expected - 2:
            wrong.append((log, read, expected - 2))
    assert wrong == []
    assert told[0] == 4


def _later_rows(landing, config, root):
    """The rows that came after version 0; None if the table or a file of it is refused by its name."""
    found, faults = files.list_feed(landing.spark, config, FEEDS["hubs"], NIGHT, 0)
    fit, unfit = files.inspect(landing.spark, config, found)
    if faults or unfit:
        assert all(str(root) in fault for fault in faults + unfit)
        return None
    try:
        with files.broken_files_refused(fit):
            return (
                clean.judge(files.read_files(landing.spark, config, fit), FEEDS["hubs"], config, str).count()
                if fit
                else 0
            )
    except InputRefusedError as error:
        named = str(root) in str(error)
        assert named
        return None


def _rows_of_delta(root):
    """The rows of the table as another reader of Delta has it; None where that one cannot read it."""
    try:
        return deltalake.DeltaTable(root).to_pyarrow_table().num_rows
    except (DeltaError, pa.ArrowException, OSError):
        return None


@settings(max_examples=100 * EXAMPLES, deadline=None, database=None)
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


@pytest.mark.parametrize(
    ("feed", "rows"),
    [("orders", 5), ("complaints", 4), ("sellers", 4), ("supplier_links", 3), ("brands", 3), ("hubs", 3)],
)
def test_the_other_readers_count_what_a_person_counts(feed, rows):
    form = FORMS[feed]
    assert form.rows(form.sound, True) == rows
    assert form.regular(form.sound, True)
    assert must_be_read(Path(feed) / f"a.{form.suffix}", form.sound, True)


def test_the_other_reader_of_csv_knows_lines_quotes_and_blanks():
    said = {
        b"a,b\n1,2\n3,4": (2, 2, True),
        b"a,b\n\n1,2\n \n\r\n": (3, 1, True),
        b'a,b\n1,"x\ny"\n3,4\n': (2, 3, True),
        b'a,b\n1,"x\n2,y\n': (1, 2, False),
        b'a,b\n1,"x" y\n2,z\n': (2, 2, False),
        b"\xef\xbb\xbfa,b\r\n1,2\r3,4\r\n": (1, 2, True),
    }
    for data, counts in said.items():
        assert (rows_of_csv(data, True), rows_of_csv(data, False), is_regular(data, True)) == counts, data


def test_the_oracle_of_gzip_knows_whole_members_from_all_else():
    whole = gzip.compress(b"x", mtime=0)
    assert [is_plain_gzip(data) for data in (whole, whole + whole, whole[:-1], whole + b"\0", b"x", b"")] == [
        True, True, False, False, False, False,
    ]  # fmt: skip
