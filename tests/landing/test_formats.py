"""The forms that a feed may have beside CSV and Parquet: JSON lines and Delta tables, and what each of them tells."""

from __future__ import annotations

import gzip
import json
from datetime import date, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from headwater.errors import InputRefusedError
from headwater.landing import files
from headwater.landing.formats import json_files
from headwater.landing.formats.stored import unknown_columns
from headwater.landing.intake import take_files
from headwater.parameters.landing import Feed
from headwater.store import Lake

NIGHT = date(2026, 11, 22)

ROW = {"order_id": "O1", "seller_id": "S", "buyer_id": "B", "ordered_at": "2026-11-22"}


def lines(*rows):
    return "".join(
        (row if isinstance(row, str) else json.dumps({**ROW, **row}, ensure_ascii=False)) + "\n" for row in rows
    )


def brands(rows):
    """(order, brand) of each row; a line that could not be parsed stands for itself."""
    return [(r["order_id"], r["brand"]) if r["_line"] is None else r["_line"] for r in rows]


LINES = [
    ('{"a":"x"}', {"a": "x"}),
    (' {"a" : "x" } \r', {"a": "x"}),
    ('\ufeff{"a":"x"}', {"a": "x"}),
    ('{"a":"1.50"}', {"a": "1.50"}),
    # Digits stay what they are: a double would make 20 of the second.
    ('{"a":1.50}', {"a": "1.50"}),
    ('{"a":19.99999999999999999}', {"a": "19.99999999999999999"}),
    ('{"a":12345678901234567890123}', {"a": "12345678901234567890123"}),
    ('{"a":1.5E8}', {"a": "150000000"}),
    ('{"a":1e-3}', {"a": "0.001"}),
    # An id whose column was of doubles at its writer's.
    ('{"a":77.0,"b":0.00}', {"a": "77", "b": "0"}),
    ('{"a":-0.50,"b":"77.0"}', {"a": "-0.50", "b": "77.0"}),
    ('{"a":5.012345678E9}', {"a": "5012345678"}),
    ('{"a":1e999999999}', {"a": "1e999999999"}),
    ('{"a":true,"b":null}', {"a": "true"}),
    ('{"a":["x","y;z"]}', {"a": '["x", "y;z"]'}),
    ('{"a":{"c":[1,2.0]}}', {"a": '{"c": ["1", "2"]}'}),
    ('{"a":"中\\u4e2d\\u0000"}', {"a": "中中\0"}),
    ('{"a":"\\ud800"}', {"a": "?"}),
    ("{}", {}),
    # None of these is one object.
    *(
        (line, None)
        for line in ('{"a":1', '{"a":1}{"a":2}', '{"a":1},', '{"a":1} x', "[]", '[{"a":1}]', "null", '"x"', "1")
    ),
    *((line, None) for line in ("{'a':1}", '{"a":NaN}', '{"a":01}', '{"a":1,"a":2}', '{"a":"x\ty"}', "[" * 100_000)),
]


def test_a_line_is_one_json_object_or_it_is_unreadable():
    read = json_files.reader({"a": "a", "b": "b"})
    rows = read(pa.array([line.encode() for line, _ in LINES], pa.binary())).to_pylist()
    got = [None if r["_line"] is not None else {k: r[k] for k in "ab" if r[k] is not None} for r in rows]
    assert got == [expected for _, expected in LINES]
    assert [r["_line"] for r in rows if r["_line"] is not None] == [
        line for line, expected in LINES if expected is None
    ]
    assert {r["_inexact"] for r in rows} == {None}


def test_a_json_number_that_was_a_double_too_large_for_its_digits_is_marked():
    read = json_files.reader({"a": "a", "b": "x"})
    numbers = [
        "9007199254740991.0",
        "9007199254740992.0",
        "-1.2345678901234567E18",
        "12345678901234567890",
        '"1E30"',
        "1e30",
    ]
    rows = read(pa.array([f'{{"a":{n},"x":{n},"c":1E30}}'.encode() for n in numbers], pa.binary())).to_pylist()
    assert [(r["a"], r["_inexact"]) for r in rows] == [
        ("9007199254740991", None),
        ("9007199254740992", ["a", "b"]),
        ("-1234567890123456700", ["a", "b"]),
        ("12345678901234567890", None),
        ("1E30", None),
        ("1" + "0" * 30, ["a", "b"]),
    ]


def test_json_lines_are_read_by_name_in_any_of_their_files(landing):
    landing.put("orders/a.json", lines({"brand": "x", "colour": "red"}, "", "   ", {"order_id": "O2"}, '{"order_id":'))
    landing.put("orders/b.jsonl", "\ufeff" + lines({"order_id": "O3", "quantity": 2}).replace("\n", "\r\n"))
    landing.put(
        "orders/dt=2026-11-22/c.ndjson.gz", gzip.compress(lines({"order_id": 4, "unit_price": 19.999}).encode())
    )
    landing.put("orders/d.json.gz", gzip.compress(b"\xff\xfe" + lines({"order_id": "O5"}).encode()))
    read = landing.read("orders")
    # By path: a, b, d, then the folder.
    assert brands(read) == [("O1", "x"), ("O2", None), '{"order_id":', ("O3", None), read[4]["_line"], ("4", None)]
    assert "O5" in read[4]["_line"]
    assert [(r["quantity"], r["unit_price"]) for r in read][3::2] == [("2", None), (None, "19.999")]
    found, _ = landing.listed("orders")
    assert [unknown_columns(f, Feed()) for f in found] == [["colour"], [], [], []]


def test_a_column_that_no_line_has_is_a_fault_and_one_that_a_line_lacks_is_not(landing):
    landing.put("orders/a.json", '{"order_id":"O1","seller_id":"S"}\n')
    landing.put("orders/b.json", '{"buyer_id":"B"}\nnot JSON\n')
    [fault] = landing.listed("orders")[1]
    assert "b.json" not in fault
    assert "a.json and the 1 files like it: no column 'ordered_at' for ordered_at" in fault
    landing.put("orders/c.json", '{"when":"2026-11-22"}\n')
    read = landing.read("orders", landing.config(orders=Feed(rename={"ordered_at": "when"})))
    assert [(r["buyer_id"], r["ordered_at"]) for r in read if r["_line"] is None] == [
        (None, None),
        ("B", None),
        (None, "2026-11-22"),
    ]


def test_a_json_file_that_breaks_off_is_refused_by_its_name(landing):
    whole = gzip.compress("".join(lines({"order_id": f"O{i * 104729}"}) for i in range(5_000)).encode())
    landing.put("orders/a.json.gz", whole[: len(whole) // 2])
    [fault] = landing.listed("orders")[1]
    assert "orders/a.json.gz: cannot be read to its end" in fault


class DeltaFeed:
    """A feed that is a Delta table, changed commit by commit."""

    def __init__(self, landing, feed="orders", **options):
        self.landing, self.root, self.options = landing, landing.root / "landing" / feed, options

    def append(self, *orders, mode="append", partition=None):
        rows = [(o, "S", "B", "2026-11-22", b, Decimal("1.5")) for o, b in orders]
        columns = "order_id string, seller_id string, buyer_id string, ordered_at string, brand string, unit_price decimal(5,2)"
        writer = self.landing.spark.createDataFrame(rows, columns).coalesce(1).write.format("delta").mode(mode)
        writer = writer.partitionBy(partition) if partition else writer
        writer.options(**self.options).save(str(self.root))

    def sql(self, statement):
        self.landing.spark.sql(statement.format(t=f"delta.`{self.root}`")).collect()


def taken_rows(landing, night):
    """What a night takes of the orders: (its files' notes, its rows)."""
    config = landing.config()
    orders = [f for f in take_files(Lake(landing.spark, config), config, night) if f.feed == "orders"]
    rows = files.read_files(landing.spark, config, orders).collect() if orders else []
    return [f.note for f in orders if f.note], sorted(brands(rows))


def test_a_delta_table_gives_each_night_what_its_commits_added(landing):
    landing.header_only("complaints", "addresses", "supplier_links")
    table = DeltaFeed(landing)
    table.append(("O1", "a b/ü"), ("O2", "y"), partition="brand")
    first = [], [("O1", "a b/ü"), ("O2", "y")]
    assert taken_rows(landing, NIGHT) == first

    # What is written anew without a change brings nothing; what was added and rewritten since then is not lost.
    table.append(("O3", "y"))
    table.append(("O4", None))
    table.sql("OPTIMIZE {t}")
    assert taken_rows(landing, NIGHT + timedelta(1)) == ([], [("O3", "y"), ("O4", None)])

    table.sql("DELETE FROM {t} WHERE order_id = 'O1'")
    table.append(("O5", "z"), mode="overwrite")
    notes, rows = taken_rows(landing, NIGHT + timedelta(2))
    assert rows == [("O5", "z")]
    assert [n.partition(" took")[0] for n in notes] == ["DELETE", "WRITE"]
    assert "1 rows deleted" in notes[0]
    # A night keeps what it took, whatever the table holds now.
    assert taken_rows(landing, NIGHT) == first


def test_a_delta_table_with_deletion_vectors_and_renamed_columns_is_read_as_it_stands(landing):
    landing.header_only("complaints", "addresses", "supplier_links")
    table = DeltaFeed(landing)
    table.append(("O1", "x"), ("O2", "y"))
    table.sql(
        "ALTER TABLE {t} SET TBLPROPERTIES ('delta.enableDeletionVectors' = 'true', 'delta.columnMapping.mode' = 'name',"
        " 'delta.minReaderVersion' = '3', 'delta.minWriterVersion' = '7')"
    )
    table.sql("ALTER TABLE {t} RENAME COLUMN brand TO marque")
    table.sql("DELETE FROM {t} WHERE order_id = 'O1'")
    config = landing.config(orders=Feed(rename={"brand": "marque"}))
    assert brands(landing.read("orders", config)) == [("O2", "y")]


def test_a_delta_table_whose_log_is_shorter_than_the_time_between_nights_is_refused(landing):
    table = DeltaFeed(landing)
    table.append(("O1", "x"))
    table.sql("ALTER TABLE {t} SET TBLPROPERTIES ('delta.checkpointInterval' = '2')")
    table.append(("O2", "x"))
    for version in (0, 1):
        (table.root / "_delta_log" / f"{version:020d}.json").unlink()
    found, faults = files.list_feed(landing.spark, landing.config(), files.FEEDS["orders"], NIGHT, 0)
    assert found == []
    assert "has lost version 1, which was not taken" in faults[0]
    # A log that Delta itself cannot follow is no traceback either.
    for file in (table.root / "_delta_log").glob("*checkpoint*"):
        file.unlink()
    assert "cannot be read as a Delta table" in landing.listed("orders")[1][0]


def test_a_feed_may_be_a_table_of_the_catalog_if_it_is_delta(landing, spark):
    for name, form in (("fed", "delta"), ("fed_csv", "csv")):
        spark.sql(f"CREATE TABLE default.{name} USING {form} LOCATION '{landing.root / name}' AS SELECT 'O1' AS order_id,"
                  " 'S' AS seller_id, 'B' AS buyer_id, '2026-11-22' AS ordered_at, 'x' AS brand")  # fmt: skip
    try:
        assert brands(landing.read("orders", landing.config(orders=Feed(path="default.fed")))) == [("O1", "x")]
        faults = landing.listed("orders", landing.config(orders=Feed(path="default.fed_csv")))[1]
        assert ["only Delta is read" in fault for fault in faults] == [True]
        assert landing.listed("orders", landing.config(orders=Feed(path="default.none"))) == ([], [])
    finally:
        spark.sql("DROP TABLE default.fed")
        spark.sql("DROP TABLE default.fed_csv")


@pytest.mark.parametrize("name", ["a.csv", "a.json"])
def test_one_feed_has_one_form(landing, name):
    landing.put("orders/a.parquet", b"")
    landing.put(f"orders/{name}", "")
    assert any("files of several formats" in fault for fault in landing.listed("orders")[1])
    with pytest.raises(InputRefusedError):
        files.refuse(landing.listed("orders")[1])
