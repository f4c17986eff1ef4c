"""Files as marketplaces write them: what is read from each, what is refused, and that every fault is told at once."""

from __future__ import annotations

import gzip
import re
from datetime import date, time
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headwater.errors import InputRefusedError
from headwater.landing import files
from headwater.landing.formats.stored import unknown_columns
from headwater.parameters.landing import Feed

NIGHT = date(2026, 11, 22)
H = "order_id,seller_id,buyer_id,ordered_at,brand"


def brands(rows):
    """(order, brand) of each row; a line that could not be parsed stands for itself."""
    return [(r["order_id"], r["brand"]) if r["_line"] is None else r["_line"] for r in rows]


def test_one_csv_file_is_read_as_it_was_meant(landing):
    lines = [
        (b'O1,S,B,T,"a ""quoted"" word"\n', ("O1", 'a "quoted" word')),
        (b'O2,S,B,T,"two\nlines"\n', ("O2", "two\nlines")),
        (b'O3,S,B,T,"two\r\nlines"\n', ("O3", "two\r\nlines")),
        (b'O4,S,B,T,5" screen\n', ("O4", '5" screen')),
        (b'O5,S,B,T,"back\\slash\\"\n', ("O5", "back\\slash\\")),
        (b'O6,S,B,T,"a,b"\n', ("O6", "a,b")),
        (b'O7,S,B,T,"x" y\n', ("O7", '"x" y')),
        (b"#O8,S,B,T,\n", ("#O8", None)),
        (b"O9,S,B,T,\xff\xfe\n", ("O9", "\ufffd\ufffd")),
        (b"\n", None),
        (b",,,,\n", (None, None)),
        (b"O10,S\n", "O10,S"),
        (b"O11,S,B,T,x,more\n", "O11,S,B,T,x,more"),
        ("O12,S,B,T,中文 Ünï".encode(), ("O12", "中文 Ünï")),
    ]
    landing.put("orders/a.csv", f"\ufeff{H}\n".encode() + b"".join(line for line, _ in lines))
    assert brands(landing.read("orders")) == [row for _, row in lines if row is not None]


@pytest.mark.parametrize("multi_line", [True, False])
def test_lines_end_as_they_like_even_within_one_file(landing, multi_line):
    lines = ["O1,S,B,T,x", 'O2,S,B,T,"y"', "O3,S,B,T,z", "O4,S,B,T,x"]
    ends = {"lf": "\n\n\n\n", "crlf": ["\r\n"] * 4, "crlf first": ["\r\n", "\n", "\n", "\r\n"], "lf first": "\n\r\n\n"}
    ends["lf first"] = ["\n", "\r\n", "\r\n", "\n"]
    for name, each in ends.items():
        rows = "".join(line + end for line, end in zip(lines, each, strict=True))
        landing.put(f"orders/{name}.csv", H + each[0] + rows)
    landing.put("orders/no last end.csv", H + "\n" + "\n".join(lines))
    read = landing.read("orders", landing.config(f"intake.multi_line={str(multi_line).lower()}"))
    # A carriage return that is left at the end is a blank for the parser.
    assert [(r["_seq"], r["order_id"], r["brand"].rstrip("\r"), r["_line"]) for r in read] == [
        (seq, f"O{i}", "xyzx"[i - 1], None) for seq in range(1, 6) for i in range(1, 5)
    ]


def test_gzip_delimiter_and_encoding_are_as_configured(new_landing):
    text = "order_id;seller_id;buyer_id;ordered_at;brand\nO1;S;B;T;é,è\n"
    cases = [
        (gzip.compress(text.encode()), "a.csv.gz", Feed(delimiter=";")),
        # Two members in one file are one file, wherever they are cut.
        *(
            (gzip.compress(text[:at].encode()) + gzip.compress(text[at:].encode()), "a.csv.gz", Feed(delimiter=";"))
            for at in (0, 12, 50)
        ),
        (text.replace(";", "\t").encode("iso-8859-1"), "a.csv", Feed(delimiter="\t", encoding="ISO-8859-1")),
        (text.encode("utf-16"), "a.csv", Feed(delimiter=";", encoding="UTF-16")),
    ]
    for content, name, feed in cases:
        landing = new_landing()
        landing.put(f"orders/{name}", content)
        assert brands(landing.read("orders", landing.config(orders=feed))) == [("O1", "é,è")]
    # A wide encoding has no single byte for a line end: it is read whole, whatever multi_line says.
    assert brands(landing.read("orders", landing.config("intake.multi_line=false", orders=feed))) == [("O1", "é,è")]


def test_columns_are_found_by_name_in_each_file_and_unknown_ones_are_told(landing):
    landing.put("orders/a.csv", ' order_id , seller_id,buyer_id,"ordered_at",brand\nO1,S1,B1,T1,x\n')
    landing.put("orders/b.csv", "seller_id,colour,order_id,ordered_at,buyer_id,Brand\nS2,red,O2,T2,B2,y\n")
    landing.put("orders/c.csv", H + ",quantity\nO3,S3,B3,T3,z,3\n")
    landing.put("orders/d.csv", H + "\nO4,S4,B4,T4,z\n")
    found, _ = landing.listed("orders")
    assert [unknown_columns(f, Feed()) for f in found] == [[], ["Brand", "colour"], [], []]
    read = landing.read("orders")
    names = ("order_id", "seller_id", "buyer_id", "ordered_at", "brand", "quantity")
    assert [tuple(r[n] for n in names) for r in read] == [
        ("O1", "S1", "B1", "T1", "x", None),
        ("O2", "S2", "B2", "T2", None, None),
        ("O3", "S3", "B3", "T3", "z", "3"),
        ("O4", "S4", "B4", "T4", "z", None),
    ]


def test_renamed_columns_stand_for_those_of_the_contract(landing):
    landing.put("orders/a.csv", "Bestell-Nr.,Händler,brand,buyer_id,wann\nO1,S1,x,B1,T1\n")
    feed = Feed(rename={"order_id": "Bestell-Nr.", "seller_id": "Händler", "ordered_at": "wann"})
    [row] = landing.read("orders", landing.config(orders=feed))
    assert (row["order_id"], row["seller_id"], row["ordered_at"]) == ("O1", "S1", "T1")


def test_a_path_may_hold_any_character(landing):
    names = ["a b/100%25 [x]{y}(z).csv", "*?+#&;=@.csv", "ü中.csv", "back\\slash.csv", "dt=2026-11-22/p.csv"]
    for i, name in enumerate(names):
        landing.put(f"orders/{name}", f"{H}\nO{i},S,B,T,x\n")
    assert sorted(r["order_id"] for r in landing.read("orders")) == [f"O{i}" for i in range(len(names))]
    assert all(r["_seq"] is not None for r in landing.read("orders"))


def test_only_the_feeds_own_files_up_to_the_night_are_listed(landing):
    for path in ("a.csv", "dt=2026-11-21/b.csv", "dt=2026-11-22/c.csv", "sub/d.csv"):
        landing.put(f"orders/{path}", H + "\n")
    for path in (
        "dt=2026-11-23/late.csv",
        "_SUCCESS",
        ".a.csv.crc",
        "_temporary/e.csv",
        ".hidden/f.csv",
        "dt=2027-01-01/g",
    ):
        landing.put(f"orders/{path}", "whatever")
    found, faults = landing.listed("orders")
    assert [f.path.rpartition("/orders/")[2] for f in found] == [
        "a.csv",
        "dt=2026-11-21/b.csv",
        "dt=2026-11-22/c.csv",
        "sub/d.csv",
    ]
    assert faults == []


def test_a_landing_folder_may_itself_stand_under_a_day(spark, new_landing, tmp_path):
    landing = new_landing()
    landing.root = tmp_path / "dt=2030-01-01"
    landing.put("orders/a.csv", H + "\n")
    assert len(landing.listed("orders")[0]) == 1


def test_every_fault_of_every_file_is_told_at_once(landing):
    landing.put("orders/a.csv", "order_id,brand,brand\n")
    landing.put("orders/b.csv", "")
    landing.put("orders/c.csv.gz", b"not gzip")
    landing.put("orders/d.parquet", b"not Parquet")
    landing.put("orders/e.xlsx", b"PK")
    landing.put("orders/e 10:11.csv", H + "\n")
    landing.put("orders/f.csv", H.replace(",", "\t") + "\n")
    landing.put("orders/g.csv", H + "\rO1,S,B,T,x\r")
    landing.put("complaints/a.csv", "complaint_id,order_id,text\n")
    config = landing.config(complaints=Feed(rename={"filed_at": "when"}))
    found, faults = files.list_feeds(landing.spark, config, NIGHT)
    _, unfit = files.inspect(landing.spark, config, found)
    told = [re.sub(r"file:\S*/landing/", "", fault) for fault in faults + unfit]
    expected = [
        "orders: orders/e.xlsx: not one of .csv, .parquet, .json, .jsonl, .ndjson, .csv.gz, .json.gz, .jsonl.gz, .ndjson.gz",
        "orders: orders/e%2010:11.csv: Hadoop opens no name with a colon",
        "files of several formats; one format a feed",
        "addresses: no file under",
        "supplier_links: no file under",
        "orders: orders/a.csv: no column 'seller_id' for seller_id; rename one in [feeds.orders.rename]",
        "orders: orders/a.csv: no column 'buyer_id'",
        "orders: orders/a.csv: no column 'ordered_at'",
        "orders: orders/a.csv: the column 'brand' stands twice in the header",
        "orders: orders/b.csv: no header line; a feed without rows still has one",
        "orders: orders/c.csv.gz: the header cannot be read",
        "orders: orders/d.parquet: not a readable Parquet file",
        "orders: orders/f.csv: no column 'order_id'",
        "orders: orders/g.csv: lines end in a lone carriage return",
        "complaints: complaints/a.csv: no column 'when' for filed_at",
    ]
    missing = [e for e in expected if not any(e in fault for fault in told)]
    assert missing == []
    assert len(told) == len(expected) + 3  # the other three columns of f.csv
    with pytest.raises(InputRefusedError) as refused:
        files.refuse(faults + unfit)
    assert str(refused.value).count("\n  - ") == len(told)


def test_a_required_column_may_come_from_the_configuration(landing):
    landing.put("addresses/a.csv", "address_id,seller_id\nA1,S1\n")
    assert landing.listed("addresses", landing.config(addresses=Feed(defaults={"role": "dispatch"})))[1] == []
    assert len(landing.listed("addresses")[1]) == 1


def test_a_feed_with_a_header_alone_has_no_rows(landing):
    landing.header_only("orders")
    landing.put("complaints/a.csv.gz", gzip.compress(b"complaint_id,order_id,filed_at"))
    assert landing.read("orders") == []
    assert landing.read("complaints") == []


def test_parquet_and_its_unknown_columns_are_read_by_name(landing):
    table = pa.table(
        {
            "Seller": ["S1"],
            "order_id": pa.array([17]),
            "buyer_id": ["B1"],
            "ordered_at": pa.array([1_795_348_800_000_000_000]).cast(pa.timestamp("ns", "UTC")),
            "tags": [["a", "b"]],
        }
    )
    (landing.root / "landing/orders/dt=2026-11-22").mkdir(parents=True)
    pq.write_table(table, landing.root / "landing/orders/dt=2026-11-22/p q.parquet")
    config = landing.config(orders=Feed(rename={"seller_id": "Seller"}))
    [row] = landing.read("orders", config)
    assert row["order_id"], row["seller_id"] == ("17", "S1")
    assert row["ordered_at"] == "2026-11-22T12:00:00.000000Z"
    assert unknown_columns(landing.listed("orders", config)[0][0], config.feed("orders")) == ["tags"]


def test_a_column_may_change_its_type_between_files_and_keeps_every_digit(landing):
    plain = {name: ["x"] for name in H.split(",")}
    columns = [
        {"quantity": pa.array([2]), "unit_price": pa.array([Decimal("19.9999")], pa.decimal128(10, 4))},
        {"quantity": ["three"], "unit_price": pa.array([19.5])},
        {"unit_price": pa.array([7], pa.int32())},
    ]
    for i, typed in enumerate(columns):
        landing.put(f"orders/{i}.parquet", b"")
        pq.write_table(pa.table(plain | typed), landing.root / f"landing/orders/{i}.parquet")
    read = landing.read("orders")
    assert [(r["quantity"], r["unit_price"]) for r in read] == [("2", "19.9999"), ("three", "19.5"), (None, "7")]


def test_a_parquet_type_that_spark_cannot_read_refuses_its_file_by_name(landing):
    columns = {name: ["x"] for name in H.split(",")} | {"at": [time(1, 2)]}
    landing.put("orders/a.parquet", b"")
    pq.write_table(pa.table(columns), landing.root / "landing/orders/a.parquet")
    with pytest.raises(InputRefusedError, match=r"a\.parquet or one like it: Spark cannot read it: .*TIME"):
        landing.read("orders")


def test_a_file_that_breaks_off_is_refused_by_its_name(landing):
    rows = "".join(f"O{i},S{i * 7919},B{i * 104729},T,x\n" for i in range(20_000))
    whole = gzip.compress(f"{H}\n{rows}".encode())
    landing.put("orders/a b.csv.gz", whole[: len(whole) // 2])
    landing.put("orders/good.csv.gz", whole)
    [fault] = landing.listed("orders")[1]
    assert "a%20b.csv.gz: cannot be read to its end" in fault
    assert_refused(landing, "a%20b.csv.gz", landing.config("intake.multi_line=false"))


def test_a_value_without_end_refuses_its_file(landing):
    landing.put("orders/a.csv", f'{H}\nO1,S,B,T,"' + "x\n" * 600_000 + '"\n')
    assert_refused(landing, "a.csv", landing.config())


def assert_refused(landing, name, config):
    found, faults = landing.listed("orders", config)
    assert faults == []
    with (
        pytest.raises(InputRefusedError, match=f"{re.escape(name)}: cannot be read to its end"),
        files.broken_files_refused(found),
    ):
        files.read_files(landing.spark, config, found).collect()


def test_any_other_error_stays_what_it_is(landing):
    from pyspark.errors import PySparkException

    with pytest.raises(PySparkException, match="DIVIDE_BY_ZERO"), files.broken_files_refused([]):
        landing.spark.sql("select 1 / id from range(2)").collect()
