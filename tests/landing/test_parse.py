"""Texts and typed Parquet columns as values of the contract: what is read, and what is refused rather than guessed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyspark.sql.functions as F
import pytest

from headwater.feeds import COMPLAINTS, ORDERS, RATES, SUPPLIER_LINKS, VERDICTS
from headwater.feeds import Field as FeedField
from headwater.landing import parse
from headwater.landing.formats import parquet_files
from headwater.landing.formats.stored import FeedFile
from headwater.parameters.landing import Feed

# Each text with what is read, as Spark prints it; None: not such a value.
INT = {
    "1": "1",
    "+5": "5",
    "-3": "-3",
    "007": "7",
    "5.": "5",
    "5.00": "5",
    "5.5": None,
    "1e3": None,
    "1,000": None,
    "1 000": None,
    "999999999999999999": "999999999999999999",
    "9999999999999999999": None,
    "٣": None,
    "three": None,
    "NaN": None,
}
DECIMAL = {
    "1": "1.00",
    "19.9": "19.90",
    "19.99": "19.99",
    "19.9900000": "19.99",
    "19.999": None,
    "0.001": None,
    ".5": "0.50",
    "5.": "5.00",
    ".": None,
    "-0.01": "-0.01",
    "+1.20": "1.20",
    "1e3": None,
    "1,5": None,
    "1,234.50": None,
    "$5": None,
    "9999999999999999.99": "9999999999999999.99",
    "10000000000000000": None,
    "00000000000000001": None,
    "NaN": None,
    "12,5x": None,
}
NUMBER = {
    "1": "1.0",
    "0.25": "0.25",
    ".5": "0.5",
    "1.": "1.0",
    "1e-7": "1.0E-7",
    "-2.5E3": "-2500.0",
    "NaN": None,
    "Infinity": None,
    "0x1": None,
    "1,5": None,
    "half": None,
}
# UTC, and the same text where the configured zone is Shanghai (UTC+8) or Berlin (+1, +2 in summer).
TIMESTAMP = {
    "2026-11-22": ("2026-11-22 00:00:00", "2026-11-21 16:00:00", "2026-11-21 23:00:00"),
    "2026-11-22 10:11": ("2026-11-22 10:11:00", "2026-11-22 02:11:00", "2026-11-22 09:11:00"),
    "2026-07-22T10:11:12": ("2026-07-22 10:11:12", "2026-07-22 02:11:12", "2026-07-22 08:11:12"),
    "2026-11-22T10:11:12.123456789": (
        "2026-11-22 10:11:12.123456",
        "2026-11-22 02:11:12.123456",
        "2026-11-22 09:11:12.123456",
    ),
    "2026-02-29": (None, None, None),
    "2028-02-29": ("2028-02-29 00:00:00", "2028-02-28 16:00:00", "2028-02-28 23:00:00"),
    # A text that names its zone keeps it, whatever is configured.
    "2026-11-22T10:11:12Z": ("2026-11-22 10:11:12",) * 3,
    "2026-11-22 10:11:12 UTC": ("2026-11-22 10:11:12",) * 3,
    "2026-11-22T10:11:12+01:00": ("2026-11-22 09:11:12",) * 3,
    "2026-11-22T10:11:12+0100": ("2026-11-22 09:11:12",) * 3,
    "2026-11-22 10:11:12 -05:30": ("2026-11-22 15:41:12",) * 3,
    # Java leaves out seconds that are zero.
    "2026-11-22T10:11-03:00": ("2026-11-22 13:11:00",) * 3,
    "2026-11-22T10:11Z": ("2026-11-22 10:11:00",) * 3,
    "2026-11-22 10:11 UTC": ("2026-11-22 10:11:00",) * 3,
    "0000-01-01": (None,) * 3,
    "0001-01-01T00:00:00": (None,) * 3,
    "9999-12-31": ("9999-12-31 00:00:00", "9999-12-30 16:00:00", "9999-12-30 23:00:00"),
    # Spark by itself reads a year and a time of day as timestamps, the latter as of today.
    "2026": (None,) * 3,
    "2026-11": (None,) * 3,
    "12:30": (None,) * 3,
    "T12:30": (None,) * 3,
    "2026-13-01": (None,) * 3,
    "2026-11-31": (None,) * 3,
    "2026-11-22T24:00:00": (None,) * 3,
    "2026-11-22T23:59:60": (None,) * 3,
    "2026-11-22T10:11+25:00": (None,) * 3,
    "2026-11-22Z": (None,) * 3,
    "22.11.2026": (None,) * 3,
    "11/22/2026": (None,) * 3,
    "1763806272": (None,) * 3,
    "now": (None,) * 3,
    "tomorrow": (None,) * 3,
}
BOOL = {
    **dict.fromkeys(("true", "TRUE", "t", "Yes", "y", "1"), "true"),
    **dict.fromkeys(("false", "False", "f", "NO", "n", "0"), "false"),
    **dict.fromkeys(("perhaps", "2", "on", "ja", "1.0"), None),
}
DATE = {
    "2026-11-22": "2026-11-22",
    "2026-11-22T00:00": "2026-11-22",
    "2026-11-22T00:00:00.000000Z": "2026-11-22",
    "2026-11-22 00:00:00+0000": "2026-11-22",
    # Of which day is it, where the hour says another?
    "2026-11-22T00:00:01": None,
    "2026-11-22T12:00": None,
    "2026-11-22T00:00+08:00": None,
    "2026-02-30": None,
    "0001-01-01": None,
    "22.11.2026": None,
    "2026-11": None,
}
LIST = {
    "S1": "[S1]",
    "S1;S2": "[S1, S2]",
    " S1 ;; S2;": "[S1, S2]",
    ";": "[]",
    '["S1", "S;2 ", null, ""]': "[S1, S;2]",
    "[]": "[]",
    '["S1"': None,
    "[S1]": None,
}
TABLES = [
    ("int", "UTC", INT),
    ("decimal", "UTC", DECIMAL),
    ("number", "UTC", NUMBER),
    ("bool", "UTC", BOOL),
    ("date", "UTC", DATE),
    ("date", "Asia/Shanghai", DATE),
    ("list", "UTC", LIST),
    ("text", "UTC", {"Ünïcode 中文": "Ünïcode 中文"}),
    *(
        ("timestamp", zone, {text: read[i] for text, read in TIMESTAMP.items()})
        for i, zone in enumerate(("UTC", "Asia/Shanghai", "Europe/Berlin"))
    ),
]


@pytest.mark.parametrize(("kind", "zone", "table"), TABLES, ids=[f"{kind} in {zone}" for kind, zone, _ in TABLES])
def test_a_text_is_read_as_its_type_or_not_at_all(spark, kind, zone, table):
    texts = spark.createDataFrame([(text,) for text in table], "text string")
    rows = texts.select("text", parse.read_value(F.col("text"), kind, zone).cast("string")).collect()
    assert dict(map(tuple, rows)) == table


def test_blanks_of_every_script_are_taken_off_and_nothing_else_is(spark):
    blanks = " \t\r\n\v\f\u0085\u00a0\u1680\u2000\u2003\u2007\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
    table = {f"{blank}a{blank}b{blank}{blank}": f"a{blank}b" for blank in blanks}
    table |= dict.fromkeys([*blanks, blanks, ""], None)
    table |= {"a": "a", "\u200da": "\u200da", "-a_": "-a_"}
    texts = spark.createDataFrame([*((text,) for text in table), (None,)], "text string")
    rows = dict(map(tuple, texts.select("text", parse.clean_text(F.col("text"))).collect()))
    assert rows == {**table, None: None}


def judged(spark, feed, name, mapping, texts):
    """The text, value and broken rules that a field has for each text of a file."""
    field = feed.field(name) if isinstance(name, str) else name
    frame = spark.createDataFrame([(text,) for text in texts], "source string")
    frame = frame.select("source", parse.field_text(field, mapping, F.col("source")).alias("text"))
    value = parse.field_value(field, F.col("text"), "UTC")
    frame = frame.select("source", "text", value.alias("value"))
    rules = F.array_compact(F.array(*parse.field_rules(field, F.col("text"), F.col("value")), F.lit(None)))
    return {r["source"]: (r["text"], r["rules"]) for r in frame.withColumn("rules", rules).collect()}


DECIMAL_COMMA = {
    "1.234,56": "1234.56",
    "-1 234 567,8": "-1234567.8",
    "1\u202f234,5": "1234.5",
    "12'345,60": "12345.60",
    "0,5": "0.5",
    "1234,56": "1234.56",
    # Without a comma, or with groups that are none: as ever, and so rejected where it might be misread.
    "1.234": "1.234",
    "19.90": "19.90",
    "1.23,4": "1.23,4",
    "1,234.56": "1,234.56",
    "1,2,3": "1,2,3",
    ",5": ",5",
}


@pytest.mark.parametrize("name", ["unit_price", "quantity"])
def test_a_decimal_comma_is_read_where_the_feed_is_said_to_have_it(spark, name):
    for mapping in (Feed(decimal_mark=","), Feed()):
        as_it_is = mapping.decimal_mark == "." or name == "quantity"
        found = judged(spark, ORDERS, name, mapping, DECIMAL_COMMA)
        assert {text: read for text, (read, _) in found.items()} == {
            text: text if as_it_is else read for text, read in DECIMAL_COMMA.items()
        }
    wrong = {
        text
        for text, (_, rules) in judged(spark, ORDERS, "unit_price", Feed(decimal_mark=","), DECIMAL_COMMA).items()
        if rules
    }
    assert wrong == {"-1 234 567,8", "1.234", "1.23,4", "1,234.56", "1,2,3", ",5"}


def test_times_and_days_are_read_by_the_configured_patterns_first(spark):
    mapping = Feed(time_formats=["dd.MM.yyyy HH:mm", "dd.MM.yyyy", "M/d/yyyy h:mm a", "yyyyMMdd HHmmss XXX"])
    table = {
        "22.11.2026 09:05": "2026-11-22T09:05:00.000000",
        "22.11.2026": "2026-11-22T00:00:00.000000",
        "11/2/2026 1:30 PM": "2026-11-02T13:30:00.000000",
        "20261122 233000 +08:00": "2026-11-22T15:30:00.000000Z",
        "2026-11-22T09:05:00Z": "2026-11-22T09:05:00Z",
    }
    wrong = ["31.02.2026", "22.11.26 09:05", "22.11.2026 09:05:01", "11.22.2026", "soon"]
    found = judged(spark, ORDERS, "ordered_at", mapping, [*table, *wrong])
    assert found == {t: (read, []) for t, read in table.items()} | {t: (t, ["bad_ordered_at"]) for t in wrong}
    # A day is the midnight of its pattern; a time of day would be lost.
    days = judged(spark, RATES, "day", mapping, ["22.11.2026", "22.11.2026 09:05"])
    assert days["22.11.2026"] == ("2026-11-22T00:00:00.000000", [])
    assert days["22.11.2026 09:05"][1] == ["bad_day"]


@pytest.mark.parametrize("pattern", ["dd.MM", "", "%d.%m.%Y", "yyyy-MM-dd''T", "ww YYYY", "HH:mm"])
def test_a_pattern_that_tells_no_day_is_refused(pattern):
    with pytest.raises(ValueError, match="is no pattern with year"):
        Feed(time_formats=[pattern])


def test_an_enumeration_is_mapped_first_and_knows_no_case(spark):
    mapping = Feed(values={"reason_code": {"FAKE": "counterfeit", "Defekt": "Damaged", "no": "perhaps"}})
    texts = ["FAKE", " FAKE\u3000", "fake", "Counterfeit", "OTHER", "Defekt", "no", "perpetual", "", None]
    assert judged(spark, COMPLAINTS, "reason_code", mapping, texts) == {
        "FAKE": ("counterfeit", []),
        " FAKE\u3000": ("counterfeit", []),
        "fake": ("fake", ["unknown_reason_code"]),
        "Counterfeit": ("counterfeit", []),
        "OTHER": ("other", []),
        "Defekt": ("damaged", []),
        "no": ("perhaps", ["unknown_reason_code"]),
        "perpetual": ("perpetual", ["unknown_reason_code"]),
        "": (None, []),
        None: (None, []),
    }


def test_the_configured_default_stands_before_the_contracts(spark):
    texts = ["upheld", " ", None]
    assert judged(spark, COMPLAINTS, "status", Feed(), texts) == {
        "upheld": ("upheld", []),
        " ": ("open", []),
        None: ("open", []),
    }
    configured = Feed(defaults={"status": "Rejected"})
    assert judged(spark, COMPLAINTS, "status", configured, texts) == {
        "upheld": ("upheld", []),
        " ": ("rejected", []),
        None: ("rejected", []),
    }


def test_a_column_that_the_file_lacks_has_its_default_or_is_missing(spark):
    empty = spark.range(1)
    configured = Feed(defaults={"role": "dispatch"})
    role = FeedField("role", "what for", required=True, allowed=("dispatch",))
    rows = empty.select(
        parse.field_text(role, configured, None).alias("configured"), parse.field_text(role, Feed(), None).alias("none")
    ).collect()
    assert [tuple(r) for r in rows] == [("dispatch", None)]
    assert judged(spark, SUPPLIER_LINKS, "kind", Feed(), [None, "Invoice"]) == {
        None: (None, ["missing_kind"]),
        "Invoice": ("invoice", []),
    }


def test_bounds_are_judged_at_their_very_edge(spark):
    texts = ["0", "0.0", "1e-300", "1", "1.0000001", "-1", "x"]
    assert {t: rules for t, (_, rules) in judged(spark, SUPPLIER_LINKS, "confidence", Feed(), texts).items()} == {
        "0": ["range_confidence"],
        "0.0": ["range_confidence"],
        "1e-300": [],
        "1": [],
        "1.0000001": ["range_confidence"],
        "-1": ["range_confidence"],
        "x": ["bad_confidence"],
    }
    texts = ["0.5", "0.5000001", "0.9999999", "1"]
    reliability = {t: rules for t, (_, rules) in judged(spark, VERDICTS, "reliability", Feed(), texts).items()}
    assert reliability == {key: ["range_reliability"] for key in ("0.5", "1")} | {key: [] for key in texts[1:3]}
    assert {t: rules for t, (_, rules) in judged(spark, SUPPLIER_LINKS, "amount", Feed(), ["0", "-0.01"]).items()} == {
        "0": [],
        "-0.01": ["range_amount"],
    }


def as_text_of(spark, path, table, **options):
    """Each column of an Arrow table, written as Parquet, as the texts that the intake makes of it."""
    pq.write_table(table, path, **options)
    seen = parquet_files.inspect(spark, FeedFile("orders", path.as_uri(), "parquet", 0, 0))
    frame = spark.read.parquet(str(path))
    nano = dict(seen.nanoseconds)
    types = {f.name: nano.get(f.name, f.dataType.simpleString()) for f in frame.schema.fields}
    rows = frame.select(*[parse.as_text(F.col(name), kind).alias(name) for name, kind in types.items()]).collect()
    return {name: [r[name] for r in rows] for name in types}


def test_typed_parquet_columns_are_the_texts_that_a_csv_file_would_hold(spark, tmp_path):
    columns = {
        "int32": (pa.array([1, None], pa.int32()), ["1", None]),
        "uint64": (pa.array([2**63, 2], pa.uint64()), ["9223372036854775808", "2"]),
        "id": (pa.array([12345678901234567, None], pa.int64()), ["12345678901234567", None]),
        "price": (pa.array([1.5e8, 19.99]), ["150000000", "19.99"]),
        "large": (pa.array([12345678.9, 1e35]), ["12345678.9000000000", "1.0E35"]),
        "small": (pa.array([1.23456789e-4, float("nan")]), ["1.23456789E-4", "NaN"]),
        "price32": (pa.array([12.1, 1.5e8], pa.float32()), ["12.1", "150000000"]),
        # An integer column is one of doubles as soon as pandas finds no value in a row.
        "pandas": (pa.array([5012345678.0, None]), ["5012345678", None]),
        "pandas32": (pa.array([77, 77.5], pa.float32()), ["77", "77.5"]),
        "edge": (pa.array([2.0**53 - 1, 100.0]), ["9007199254740991", "100"]),
        "decimal4": (pa.array([Decimal("12.5000"), Decimal(0)], pa.decimal128(10, 4)), ["12.5000", "0"]),
        "decimal18": (pa.array([Decimal(0), Decimal(5012345678)], pa.decimal128(38, 18)), ["0", "5012345678"]),
        "bool": (pa.array([True, None]), ["true", None]),
        "day": (pa.array([date(2026, 11, 22), None]), ["2026-11-22", None]),
        "bytes": (pa.array([b"caf\xc3\xa9", b"\xffid"]), ["café", "\ufffdid"]),
        "list": (pa.array([["S1", "S;2"], None]), ['["S1","S;2"]', None]),
        "dictionary": (pa.array(["a", None]).dictionary_encode(), ["a", None]),
    }
    read = as_text_of(spark, tmp_path / "typed.parquet", pa.table({name: c for name, (c, _) in columns.items()}))
    assert read == {name: text for name, (_, text) in columns.items()}


def test_what_a_float_column_holds_is_money_only_if_it_has_cents_at_most(spark):
    frame = spark.createDataFrame([(1.5e8,), (19.99,), (0.1 + 0.2,), (1e-5,), (1e17,), (float("nan"),)], "x double")
    money = parse.read_value(parse.as_text(F.col("x"), "double"), "decimal", "UTC")
    assert [r[0] for r in frame.select(money.cast("string")).collect()] == ["150000000.00", "19.99", *[None] * 4]


@pytest.mark.parametrize("unit", ["ns", "us", "ms"])
def test_a_parquet_time_keeps_its_instant_to_the_microsecond(spark, tmp_path, unit):
    # Nanoseconds are what pandas writes. Random microseconds: a division in floating point goes wrong for some only.
    micros = np.random.default_rng(7).integers(0, 2_000_000_000_000_000, 500)
    micros = micros // 1000 * 1000 if unit == "ms" else micros
    with_zone = pa.array(micros).cast(pa.timestamp("us", "Asia/Shanghai")).cast(pa.timestamp(unit, "Asia/Shanghai"))
    without = pa.array(micros).cast(pa.timestamp("us")).cast(pa.timestamp(unit))
    table = pa.table({"zone": with_zone, "none": without})
    read = as_text_of(spark, tmp_path / "time.parquet", table, version="2.6")
    expected = [datetime.fromtimestamp(0, UTC) + np.timedelta64(int(m), "us").item() for m in micros]
    assert read["zone"] == [f"{t:%Y-%m-%dT%H:%M:%S.%f}Z" for t in expected]
    assert read["none"] == [f"{t:%Y-%m-%dT%H:%M:%S.%f}" for t in expected]


def test_only_a_time_without_zone_is_shifted_by_the_configured_zone(spark, tmp_path):
    noon = pa.array([1_795_348_800_000_000_000])
    table = pa.table({"zone": noon.cast(pa.timestamp("ns", "UTC")), "none": noon.cast(pa.timestamp("ns"))})
    read = as_text_of(spark, tmp_path / "time.parquet", table)
    frame = spark.createDataFrame([(read["zone"][0], read["none"][0])], "zone string, none string")
    values = frame.select(
        *[parse.read_value(F.col(c), "timestamp", "Asia/Shanghai").cast("string") for c in frame.columns]
    )
    assert tuple(values.collect()[0]) == ("2026-11-22 12:00:00", "2026-11-22 04:00:00")
