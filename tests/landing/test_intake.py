"""A night's intake: which files it takes, where every row goes, and that nothing of a buyer stays."""

from __future__ import annotations

import gzip
import json
import os
import re
from contextlib import suppress
from datetime import date, timedelta

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyspark.sql.functions as F
import pytest

from headwater.errors import InputRefusedError
from headwater.feeds import FEEDS
from headwater.landing.clean import judge
from headwater.landing.files import read_files
from headwater.landing.intake import Desk, intake, take_files
from headwater.landing.lexicon import Lexicon
from headwater.landing.parse import field_rules
from headwater.nightly.run import run_night
from headwater.store import Lake
from headwater.synthetic import MarketplaceParams, synthesise
from headwater.synthetic.dirty import feed_rules
from headwater.tables.clean import CLEAN, CLEAN_COMPLAINTS, CLEAN_ORDERS, REJECTS
from headwater.tables.ops import FILES, NIGHTS
from headwater.tokens import tokenise

NIGHT = date(2026, 11, 22)
KEY = b"a-key-for-tests-0123456789abcdef"
SMALL = {"orders": 3_000, "shops": 40, "suppliers": 40, "guilty": 3, "days": 6, "dirty": 0.05, "fake_rate": 0.2}
H = "order_id,seller_id,buyer_id,ordered_at,brand,quantity\n"


def take_in(landing, config, night=NIGHT):
    """Run the intake alone; the counts a file, as (feed, path in its folder) -> (read, accepted, rejected)."""
    lake = Lake(landing.spark, config)
    taken = take_files(lake, config, night)
    counts = intake(Desk(lake, config, night, KEY, Lexicon.load(), lambda written: None), taken)
    return lake, {(feed, path.partition(f"/{feed}/")[2]): tuple(rows) for _, feed, path, *rows in counts}


def rejects_of(lake, feed, night=NIGHT):
    rows = lake.read(REJECTS, night).where(F.col("feed") == feed).collect()
    return sorted((r["intake_seq"], r["row"], tuple(r["rules"]), r["raw"]) for r in rows)


def market(landing, **params):
    return synthesise(landing.root, MarketplaceParams(**{**SMALL, **params}))


def planted(root):
    """feed -> rule -> the bad rows that were planted."""
    rows = pq.read_table(root / "truth" / "dirty.parquet").to_pylist()
    return {feed: {r["rule"]: r["rows"] for r in rows if r["feed"] == feed} for feed in FEEDS}


def found_by_rule(lake):
    rules = lake.read(REJECTS, NIGHT).select("feed", F.explode("rules").alias("rule"))
    rows = rules.groupBy("feed", "rule").count().collect()
    return {feed: {r["rule"]: r["count"] for r in rows if r["feed"] == feed} for feed in FEEDS}


@pytest.mark.parametrize("form", ["csv", "jsonl.gz"])
def test_every_planted_bad_row_of_a_marketplace_is_found_and_no_other(landing, form):
    summary = market(landing, feeds_extra=True, verdicts=30, format=form)
    lake, counts = take_in(landing, landing.config())
    assert found_by_rule(lake) == planted(landing.root)
    assert {feed: count[0] for (feed, _), count in counts.items()} == dict(summary.rows)
    assert all(read == accepted + rejected for read, accepted, rejected in counts.values())
    assert lake.read(CLEAN_ORDERS).count() == SMALL["orders"]
    assert_nothing_of_buyers(lake, landing.root)


def assert_nothing_of_buyers(lake, root):
    """Tokens stand where buyers stood, in the clean tables and in the raw content of rejects; their texts stand nowhere."""
    orders, complaints = (feed_texts(root / "landing" / feed) for feed in ("orders", "complaints"))
    buyers = set(orders["buyer_id"].dropna()) | set(complaints["complainant_id"].dropna())
    texts = {text for text in complaints["text"].dropna() if len(text) > 5}
    assert min(len(buyers), len(texts)) > 10
    for table in (CLEAN_ORDERS, CLEAN_COMPLAINTS):
        assert not {"text", "complainant_id", "buyer_id"} & set(lake.read(table).columns)

    rows = [row for t in (CLEAN_ORDERS, CLEAN_COMPLAINTS, REJECTS) for row in lake.read(t).toArrow().to_pylist()]
    words = {word for row in rows for value in row.values() for word in re.findall(r"\w+", str(value))}
    raw = [row["raw"] for row in rows if row.get("raw")]
    assert {"counterfeit", "unreadable_line"} <= words  # this search does find words
    assert not buyers & words
    assert not [text for text in texts if any(text in content for content in raw)]

    tokens = set(tokenise(pa.array(sorted(buyers)), KEY).to_pylist())
    held = {row["buyer_token"] for row in rows if row.get("buyer_token")}
    assert len(held) > 20
    assert held <= tokens
    assert {json.loads(content).get("buyer_id") for content in raw} & tokens


def feed_texts(folder):
    """The rows of a feed that can be read."""
    frames = [pd.read_csv(path, dtype=str, on_bad_lines="skip") for path in folder.rglob("*.csv")]
    objects = []
    for path in folder.rglob("*.jsonl.gz"):
        for line in gzip.decompress(path.read_bytes()).splitlines():
            with suppress(ValueError):
                objects.append(json.loads(line))
    return pd.concat([*frames, pd.DataFrame(objects, dtype=object)])


def test_every_planted_bad_row_of_a_parquet_marketplace_is_found_and_no_other(landing):
    """Read and judged alone: what follows is the same for every format."""
    market(landing, format="parquet", days=3, orders=1_000, feeds_extra=True, verdicts=30)
    config = landing.config()
    expected = planted(landing.root)
    for name, feed in FEEDS.items():
        found, faults = landing.listed(name)
        assert faults == []
        judged = judge(read_files(landing.spark, config, found), feed, config, lambda buyer: buyer)
        rows = judged.select(F.explode_outer("rules").alias("rule")).groupBy("rule").count().collect()
        counts = {r["rule"]: r["count"] for r in rows}
        if name == "orders":
            assert len(found) == 3  # a file a day
            assert counts[None] == 1_000 + expected[name]["superseded"]
        assert {r: n for r, n in counts.items() if r} == {r: n for r, n in expected[name].items() if r != "superseded"}


def test_the_rules_that_are_planted_are_those_that_the_intake_knows(spark):
    """A field whose rule nobody plants would go unproven."""
    for name, feed in FEEDS.items():
        rules = [rule for f in feed.fields for rule in field_rules(f, F.col(f.name), F.col(f.name))]
        known = {word for rule in rules for word in re.findall(r"\b(?:missing|bad|unknown|range)_\w+", str(rule))}
        assert known == {rule.name for rule in feed_rules(feed)}, name


def test_each_row_ends_once_in_one_place_and_the_later_row_of_a_key_wins(landing):
    landing.header_only("supplier_links")
    line = "{},S1,B1,2026-11-2{}T10:00:00Z,{},1\n"
    landing.put("orders/z-first.csv", H + line.format("O1", 2, "first") + line.format("O1", 2, "second"))
    landing.put("orders/a-second.csv", H + line.format("O1", 2, "third") + line.format("O1", 1, "another day"))
    landing.put(
        "orders/m-third.csv",
        H
        + "O1,S1,B1,2026-11-22T10:00:00Z,supersedes nothing,0\n"
        + ",S1,B1,22.11.2026,x,0\n"
        + "O3,S1\n"
        + '"O4",S1,\u3000B1 ,2026-11-22T10:00:00Z,"two\nlines",-1\n'
        + "O5,,,,,\n",
    )
    landing.put(
        "complaints/a.csv",
        "complaint_id,order_id,filed_at,text,status\n"
        "C1,O1,2026-11-22,this is a fake,open\nC1,O1,2026-11-23,secret words,withdrawn\nC2,O1,2026-11-23,it is fake,\n",
    )
    landing.put("addresses/a.csv", b"address_id,seller_id,role\nA1,S1,Dispatch\nA1,S1,perpetual\n")
    config = landing.config()
    lake, counts = take_in(landing, config)
    assert counts == {
        ("supplier_links", "empty.csv"): (0, 0, 0),
        ("orders", "z-first.csv"): (2, 0, 2),
        ("orders", "a-second.csv"): (2, 2, 0),
        ("orders", "m-third.csv"): (5, 0, 5),
        ("complaints", "a.csv"): (3, 2, 1),
        ("addresses", "a.csv"): (2, 1, 1),
    }
    kept = lake.read(CLEAN_ORDERS).orderBy("day").select("day", "brand").collect()
    assert [tuple(r) for r in kept] == [(date(2026, 11, 21), "another day"), (date(2026, 11, 22), "third")]
    rejects = rejects_of(lake, "orders")
    assert [(seq, row, rules) for seq, row, rules, _ in rejects] == [
        (2, 0, ("superseded",)),
        (2, 1, ("superseded",)),
        (4, 0, ("range_quantity",)),
        (4, 1, ("bad_ordered_at", "missing_order_id", "range_quantity")),
        (4, 2, ("unreadable_line",)),
        (4, 3, ("range_quantity",)),
        (4, 4, ("missing_buyer_id", "missing_ordered_at", "missing_seller_id")),
    ]
    token = tokenise(pa.array(["B1"]), KEY)[0].as_py()
    raw = [json.loads(content) for *_, content in rejects]
    assert raw[3] == {"seller_id": "S1", "buyer_id": token, "brand": "x", "quantity": "0", "ordered_at": "22.11.2026"}
    assert raw[4] == {"line": "xx,xx"}
    # Blanks around an id do not make another buyer of it.
    assert (raw[5]["buyer_id"], raw[5]["brand"]) == (token, "two\nlines")

    complaints = lake.read(CLEAN_COMPLAINTS).orderBy("complaint_id").select("complaint_id", "status", "counterfeit")
    assert [tuple(r) for r in complaints.collect()] == [("C1", "withdrawn", False), ("C2", "open", True)]
    [(_, row, rules, content)] = rejects_of(lake, "complaints")
    assert (row, rules, json.loads(content)["complaint_id"]) == (0, ("superseded",), "C1")
    assert "fake" not in content

    # The same night again, with a file more in the landing: the same rows.
    landing.put("orders/later.csv", H + line.format("O9", 2, "later"))
    again, recounted = take_in(landing, config)
    assert recounted == counts
    assert rejects_of(again, "orders") == rejects
    assert again.read(CLEAN_ORDERS).count() == 2


def test_an_id_that_was_a_number_is_its_digits_in_every_form_and_one_that_lost_some_is_none(landing):
    """pandas makes doubles of a column of integers in which one is missing."""
    landing.header_only("supplier_links")
    ids = [5_012_345_678, 77, None, 2**53 + 1, 2**53 - 1]
    plain = {"seller_id": ["S1"] * 5, "buyer_id": ["B1"] * 5, "ordered_at": ["2026-11-22"] * 5}
    numbers = {
        "order_id": [1, 2, 3, 4, 5],
        "listing_id": ids,
        "quantity": [1, None, 1, 1, 2**53],
        "unit_price": [10, 2.5, None, 0, 1],
    }
    landing.put("orders/a.parquet", b"")
    pd.DataFrame(plain | numbers).to_parquet(landing.root / "landing/orders/a.parquet")
    complaint = (
        '{{"complaint_id":"C{0}","order_id":{0}.0,"filed_at":"2026-11-22","line_no":1.0,"complainant_id":{1}}}\n'
    )
    landing.put("complaints/a.json", complaint.format(1, "77.0") + complaint.format(2, "1.2345678901234567E18"))
    landing.put("addresses/a.csv", "address_id,seller_id,role\n")
    lake, _ = take_in(landing, landing.config())
    kept = lake.read(CLEAN_ORDERS, NIGHT).orderBy("order_id").select("order_id", "listing_id", "quantity", "unit_price")
    assert [tuple(map(str, row)) for row in kept.collect()] == [
        ("1", "5012345678", "1", "10.00"),
        ("2", "77", "1", "2.50"),
        ("3", "None", "1", "None"),
    ]
    assert [rules for *_, rules, _ in rejects_of(lake, "orders")] == [("bad_listing_id",), ("bad_quantity",)]
    [complaint] = lake.read(CLEAN_COMPLAINTS, NIGHT).collect()
    assert (complaint["order_id"], complaint["line_no"]) == ("1", 1)
    assert complaint["complainant_token"] == tokenise(pa.array(["77"]), KEY)[0].as_py()
    assert [rules for *_, rules, _ in rejects_of(lake, "complaints")] == [("bad_complainant_id",)]


@pytest.fixture
def small_splits(spark):
    """Files are read in splits of a few kilobytes, as a cluster reads large ones."""
    spark.conf.set("spark.sql.files.maxPartitionBytes", "8k")
    yield
    spark.conf.unset("spark.sql.files.maxPartitionBytes")


def test_the_row_of_a_reject_is_its_row_in_the_file_however_the_file_is_read(landing, small_splits):
    landing.header_only("complaints", "supplier_links")
    rows, bad = 2_000, {0, 7, 8, 512, 1_024, 1_999}
    lines = [f"O{i},S1,B{i},2026-11-22T10:00:00Z,row {i},{0 if i in bad else 1}\n" for i in range(rows)]
    file = landing.put("orders/a.csv", H + "".join(lines))
    addresses = {
        "address_id": [f"A{i}" for i in range(rows)],
        "seller_id": ["S1"] * rows,
        "role": ["nowhere" if i in bad else "dispatch" for i in range(rows)],
        "text": [f"row {i}" for i in range(rows)],
    }
    landing.put("addresses/a.parquet", b"")
    path = landing.root / "landing/addresses/a.parquet"
    pq.write_table(pa.table(addresses), path, row_group_size=500, use_dictionary=False, compression="none")
    pieces = landing.spark.read.text(str(file)).rdd.getNumPartitions()
    assert min(pieces, path.stat().st_size // 8_192) >= 4  # both files are in fact read in pieces

    lake, counts = take_in(landing, landing.config("intake.multi_line=false", "intake.cache_below_mb=0"))
    for feed, name in (("orders", "a.csv"), ("addresses", "a.parquet")):
        assert counts[feed, name] == (rows, rows - len(bad), len(bad))
        rejects = rejects_of(lake, feed)
        assert {row for _, row, _, _ in rejects} == bad
        assert [raw for _, row, _, raw in rejects if f'"row {row}"' not in raw] == []


def test_a_file_is_taken_once_and_a_copy_of_it_never(landing):
    landing.header_only("complaints", "addresses", "supplier_links")
    row = "O1,S1,B1,2026-11-22T10:00:00Z,x,1\n"
    first = landing.put("orders/a.csv", H + row)
    landing.put("orders/copy at once.csv", H + row)
    config = landing.config()
    lake = Lake(landing.spark, config)
    taken = take_files(lake, config, NIGHT)
    assert [(f.path.rpartition("/")[2], f.intake_seq) for f in taken if f.feed == "orders"] == [("a.csv", 4)]

    # What comes later waits for a later night; the same night takes the same files.
    landing.put("orders/late.csv", H + row.replace("O1", "O2"))
    landing.put("orders/later copy.csv", H + row)
    landing.put("orders/unknown.txt", "none of this night's business")
    assert take_files(lake, config, NIGHT) == sorted(taken, key=lambda f: f.intake_seq)
    next_night = NIGHT + timedelta(days=1)
    with pytest.raises(InputRefusedError, match=r"unknown\.txt: not one of"):
        take_files(lake, config, next_night)
    (landing.root / "landing/orders/unknown.txt").unlink()
    later = take_files(lake, config, next_night)
    assert [(f.path.rpartition("/")[2], f.intake_seq) for f in later] == [("late.csv", 5)]

    # Touched is not changed; changed or gone is refused.
    os.utime(first, (1, 1))
    assert len(take_files(lake, config, NIGHT)) == len(taken)
    first.write_text(H + row.replace("x", "y"))
    (landing.root / "landing/addresses/empty.csv").unlink()
    with pytest.raises(InputRefusedError, match=r"(?s)addresses/empty\.csv is gone.*orders/a\.csv has changed"):
        take_files(lake, config, NIGHT)


def test_a_dimension_that_goes_there_and_back_ends_where_it_came_from(landing):
    """Whole snapshots night after night, under names of their own or under one: the third file is no copy of the first."""
    landing.header_only("complaints", "addresses", "supplier_links", "orders")
    safe, unsafe = "brand,safety\nAcme,no\n", "brand,safety\nAcme,yes\n"
    config = landing.config()
    lake = Lake(landing.spark, config)

    def taken(night):
        return [f.path.rpartition("/landing/")[2] for f in take_files(lake, config, NIGHT + timedelta(days=night))]

    landing.put("brands/1.csv", safe)
    landing.put("hubs/hubs.csv", "kind,value\nphone,1\n")
    assert taken(0)[-2:] == ["brands/1.csv", "hubs/hubs.csv"]
    landing.put("brands/2.csv", unsafe)
    landing.put("hubs/hubs.csv", "kind,value\nphone,2\n")
    assert taken(1) == ["brands/2.csv", "hubs/hubs.csv"]
    landing.put("brands/1.csv", safe)  # touched
    landing.put("brands/2 copy.csv", unsafe)
    assert taken(2) == []
    landing.put("brands/3.csv", safe)
    landing.put("hubs/hubs.csv", "kind,value\nphone,1\n")
    assert taken(3) == ["brands/3.csv", "hubs/hubs.csv"]
    # An event is told once for good.
    landing.put("orders/1.csv", H + "O1,S1,B1,2026-11-22T10:00:00Z,x,1\n")
    assert taken(4) == ["orders/1.csv"]
    landing.put("orders/2.csv", H + "O2,S1,B1,2026-11-22T10:00:00Z,x,1\n")
    landing.put("orders/1 again.csv", H + "O1,S1,B1,2026-11-22T10:00:00Z,x,1\n")
    assert taken(5) == ["orders/2.csv"]
    landing.put("orders/1 once more.csv", H + "O1,S1,B1,2026-11-22T10:00:00Z,x,1\n")
    assert taken(6) == []


def test_missing_feeds_and_unfit_files_are_refused_together_and_nothing_is_taken(landing):
    landing.header_only("complaints")
    landing.put("orders/a.csv", "order_id\n")
    config = landing.config()
    lake = Lake(landing.spark, config)
    with pytest.raises(
        InputRefusedError, match=r"(?s)addresses: no file.*a\.csv: no column 'buyer_id'.*supplier_links"
    ):
        take_files(lake, config, NIGHT)
    assert not lake.exists(FILES)


def test_a_night_with_a_broken_file_is_refused_whole_and_can_be_run_with_the_repaired_one(landing):
    market(landing, dirty=0.0, orders=600, days=3)
    path = next((landing.root / "landing/orders").iterdir())
    whole = path.read_bytes()
    path.unlink()
    zipped = gzip.compress(whole + b"".join(b"O%d,%s" % (i, os.urandom(200).hex().encode()) for i in range(2_000)))
    broken = landing.put("orders/a.csv.gz", zipped[: len(zipped) // 2])
    config = landing.config()
    with pytest.raises(InputRefusedError, match=r"orders/a\.csv\.gz: cannot be read to its end"):
        run_night(landing.spark, config, NIGHT, lambda written: None)
    lake = Lake(landing.spark, config)
    assert not lake.exists(NIGHTS)
    assert [lake.read(table).count() for table in (*CLEAN.values(), REJECTS, FILES)] == [0] * (len(CLEAN) + 2)

    broken.write_bytes(gzip.compress(whole))
    assert len(take_files(lake, config, NIGHT)) == 7


def test_a_dimension_is_what_was_said_last_and_an_order_is_worth_what_its_day_and_night_knew(landing):
    landing.header_only("complaints", "supplier_links")
    landing.put("addresses/a.csv", "address_id,seller_id,role\nA1,S1,dispatch\nA1,S1,return\n")
    landing.put("brands/a.csv", 'brand,authorised_sellers,safety\nAcme,"S1; S2",yes\nAcme,,\n')
    landing.put("hubs/a.csv", "kind,value,what\nphone,123,agent\nphone,124,AGENT\nphone,125,nobody\n")
    landing.put(
        "rates/a.csv",
        "currency,day,rate\nEUR,2026-11-20,1.1\nEUR,2026-11-22,1.2\nEUR,2026-11-22,1.3\nUSD,2026-11-01,5\n",
    )
    header = "order_id,seller_id,buyer_id,ordered_at,unit_price,currency\n"
    days = (
        ("O1", 19, "EUR"),
        ("O2", 21, "EUR"),
        ("O3", 22, "eur"),
        ("O4", 22, "USD"),
        ("O5", 22, "GBP"),
        ("O6", 22, "CHF"),
    )
    rows = "".join(f"{order},S1,B1,2026-11-{day},10,{currency}\n" for order, day, currency in days)
    landing.put("orders/a.csv", header + rows)
    config = landing.config("money.rates.EUR=1.05", "money.rates.GBP=2")
    lake, counts = take_in(landing, config)
    assert counts["rates", "a.csv"] == (4, 3, 1)
    assert counts["brands", "a.csv"] == (2, 1, 1)
    assert [r[2] for feed in ("addresses", "brands", "rates") for r in rejects_of(lake, feed)] == [("superseded",)] * 3
    assert [r[2] for r in rejects_of(lake, "hubs")] == [("unknown_what",)]
    assert [r["role"] for r in lake.read(CLEAN["addresses"]).collect()] == ["return"]
    values = {"O1": 1050, "O2": 1100, "O3": 1300, "O4": 1000, "O5": 2000, "O6": None}
    assert {r["order_id"]: r["value_minor"] for r in lake.read(CLEAN_ORDERS, NIGHT).collect()} == values

    # A later night corrects a rate: its own orders are worth that, those of the earlier night are what they were.
    landing.put("rates/b.csv", "currency,day,rate\nEUR,2026-11-22,1.4\n")
    landing.put("orders/b.csv", header + "O7,S1,B1,2026-11-23,10,EUR\n")
    later = NIGHT + timedelta(days=1)
    take_in(landing, config, later)
    assert [r["value_minor"] for r in lake.read(CLEAN_ORDERS, later).collect()] == [1400]
    take_in(landing, config)
    assert {r["order_id"]: r["value_minor"] for r in lake.read(CLEAN_ORDERS, NIGHT).collect()} == values
