"""The dry run: what it says of good feeds and of bad ones, as a person types it."""

from __future__ import annotations

import os

import pyarrow.parquet as pq
import pytest

from headwater.errors import InputRefusedError
from headwater.feeds import FEEDS
from headwater.landing.validate import validate_feeds
from headwater.synthetic import MarketplaceParams, synthesise

SMALL = {"orders": 1_500, "shops": 40, "suppliers": 40, "guilty": 3, "days": 5, "fake_rate": 0.2}


@pytest.fixture(scope="module")
def headwater(new_prompt):
    """The command line in a process of its own, without a token key: a dry run needs none."""
    environment = {k: v for k, v in os.environ.items() if k != "HEADWATER_TOKEN_KEY"}
    small = ("--set", "session.small_nights=true", "--set", "session.driver_memory_gb=1")
    with new_prompt(environment) as prompt:
        yield lambda *words: prompt.headwater(*words, *small)


def test_validate_shows_what_would_be_rejected_and_how_the_feeds_hang_together(headwater, landing):
    synthesise(landing.root, MarketplaceParams(**SMALL, dirty=0.05))
    done = headwater("validate", "--set", f"paths.landing={landing.root / 'landing'}")
    assert done.returncode == 0, done.stderr
    words = " ".join(done.stdout.split())
    for row in pq.read_table(landing.root / "truth" / "dirty.parquet").to_pylist():
        if row["feed"] in ("orders", "complaints", "addresses", "supplier_links") and row["rule"] != "superseded":
            assert f"{row['rule']} {row['rows']}" in words
    assert "complaints that find their order: " in words
    assert "The feeds were read whole." in words
    assert "orders that name their supplier: " in words
    assert not (landing.root / "lake").exists()


def test_validate_tells_every_fault_of_the_feeds_and_ends_with_code_3(headwater, landing):
    landing.put("orders/a.csv", "order_id,brand,brand\n")
    landing.put("orders/b.csv.gz", b"not gzip")
    landing.put("complaints/a.txt", "what")
    landing.header_only("addresses")
    done = headwater("validate", "--set", f"paths.landing={landing.root / 'landing'}")
    assert done.returncode == 3
    for fault in (
        "a.csv: no column 'seller_id' for seller_id",
        "a.csv: no column 'buyer_id'",
        "a.csv: no column 'ordered_at'",
        "the column 'brand' stands twice",
        "b.csv.gz: the header cannot be read",
        "a.txt: not one of .csv, .parquet, .json",
        "supplier_links: no file under",
    ):
        assert fault in done.stderr
    assert done.stderr.count("\n  - ") == 7
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_sample_is_counted_exactly_and_a_broken_file_is_refused(landing):
    landing.header_only("addresses", "supplier_links")
    rows = [f"O{i},S{i},B{i},2026-11-22,x\n" for i in range(20)]
    landing.put("orders/a.csv", "order_id,seller_id,buyer_id,ordered_at,brand\n" + "".join(rows) + "O20,,,2026,x\n")
    landing.put("complaints/a.csv", "complaint_id,order_id,filed_at\nC1,O3,2026-11-22\nC2,none,2026-11-22\nC3,,\n")
    whole = validate_feeds(landing.spark, landing.config(), None)
    assert {f.name: (f.files, f.read, f.good, f.rules) for f in whole.feeds if f.files} == {
        "orders": (1, 21, 20, {"bad_ordered_at": 1, "missing_buyer_id": 1, "missing_seller_id": 1}),
        "complaints": (1, 3, 2, {"missing_filed_at": 1, "missing_order_id": 1}),
        "addresses": (1, 0, 0, {}),
        "supplier_links": (1, 0, 0, {}),
    }
    assert [f.name for f in whole.feeds] == list(FEEDS)
    assert whole.lines[0] == "The feeds were read whole."
    assert "complaints that find their order: 1 of 2 (50.0%)" in whole.lines
    assert not any("one task" in line for line in whole.lines)
    sample = validate_feeds(landing.spark, landing.config("intake.sample_rows=5"), None)
    assert [(f.name, f.read) for f in sample.feeds][:2] == [("orders", 5), ("complaints", 3)]
    assert "the first rows only (intake.sample_rows: 5 of each group of like files), on both sides" in sample.lines[0]

    # Beyond the sample, too.
    landing.put(
        "orders/b.csv", "order_id,seller_id,buyer_id,ordered_at,brand\n" + "".join(rows) + '1,2,3,2026-11-22,"x\n'
    )
    with pytest.raises(InputRefusedError, match=r"b\.csv: a quote is not closed"):
        validate_feeds(landing.spark, landing.config("intake.sample_rows=5"), None)


def test_the_first_value_that_breaks_a_rule_is_shown_and_nothing_of_buyers(headwater, landing):
    landing.header_only("addresses", "supplier_links")
    landing.put(
        "orders/a.csv",
        "order_id,seller_id,buyer_id,ordered_at,quantity,currency\n"
        "O1,S,B,2026-11-22,1,EUR\n"
        "O2,S,,22.11.2026,0,EUR\n"
        f"O3,S,secret,{'yesterday' * 9},two,EUR\n"
        "O4,S,secret\n",
    )
    landing.put(
        "complaints/a.csv",
        "complaint_id,order_id,filed_at,complainant_id,complainant_kind,text\n"
        "C1,O1,2026-11-22,secret,[red]nobody,secret words\nC2,,2026-11-22,secret,,secret words\n",
    )
    checked = validate_feeds(landing.spark, landing.config(), None)
    assert {f.name: f.examples for f in checked.feeds if f.examples} == {
        "orders": {
            "bad_ordered_at": "22.11.2026",
            "range_quantity": "0",
            "bad_quantity": "two",
            "unreadable_line": "xx,x,xxxxxx",
        },
        "complaints": {"unknown_complainant_kind": "[red]nobody"},
    }
    landing.put("rates/a.csv", f"currency,day,rate\nEUR,{'long ago ' * 9},1\n")
    [rates] = [f for f in validate_feeds(landing.spark, landing.config(), None).feeds if f.name == "rates"]
    assert rates.examples == {"bad_day": "long ago long ago long ago long ago lon…"}
    done = headwater("validate", "--set", f"paths.landing={landing.root / 'landing'}")
    assert "secret" not in done.stdout
    assert "bad_ordered_at 2 (22.11.2026)" in " ".join(done.stdout.split())
    assert "[red]nobody" in done.stdout


def test_each_feed_has_its_form_and_a_file_for_one_task_and_what_stays_out_are_named(landing):
    landing.header_only("addresses", "supplier_links")
    landing.put("orders/a.csv", "order_id,seller_id,buyer_id,ordered_at,colour\nO1,S,B,2026-11-22,red\n")
    landing.put("complaints/a.json", '{"complaint_id":"C1","order_id":"O1","filed_at":"2026-11-22"}\n')
    landing.put("rates/a.csv", "currency,day,rate\nEUR,2026-11-22,1.1\nEUR,2026-11-23,0\n")
    checked = validate_feeds(landing.spark, landing.config("intake.one_task_mb=0"), None)
    forms = {f.name: (f.form, f.read, f.good, f.rules) for f in checked.feeds if f.read}
    assert forms == {
        "orders": ("csv", 1, 1, {}),
        "complaints": ("json", 1, 1, {}),
        "rates": ("csv", 2, 1, {"range_rate": 1}),
    }
    [task] = [line for line in checked.lines if "one task" in line and "orders" in line]
    assert "for a line may end within quotes; intake.multi_line = false reads it by many" in task
    assert any(line.endswith("orders/a.csv: columns that stay out: colour") for line in checked.lines)
