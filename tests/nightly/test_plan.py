"""What a run of a night would do, told without writing anything."""

import gzip
from datetime import date

import pandas as pd
import pytest

from headwater import config as configuration
from headwater.errors import InputRefusedError
from headwater.nightly.plan import plan_night
from headwater.places.match import match_places
from headwater.places.normalise import parse_addresses
from headwater.places.rules import load_rules
from headwater.report.plan import show_plan

NIGHT = date(2026, 11, 22)
TOWN = "Springfield,62701,US,+1 312 726 {},a"
MANY = ["Burnham", "Burnhan", "Burnhax"]
FEEDS = {
    "orders": ["order_id,seller_id,buyer_id,ordered_at,supplier_id", *(f"o{i},s0,b,2026-11-20,u1" for i in range(30))],
    "complaints": ["complaint_id,order_id,filed_at", "c1,o1,2026-11-21"],
    "addresses": [
        "address_id,seller_id,role,street,city,postcode,country,phone,contact_name",
        *(f"a{i},s{i},return,1 Oak St,{TOWN.format(5678)}" for i in range(8)),
        *(
            f"b{i},s{i},dispatch,7 {name} Road,{TOWN.format(1000 + i)}"
            for i, name in enumerate(["Burnham", "Burnhan", "[red]Bax", "Bax Field", "Oak Hill", "Oak Mill"])
        ),
        *(f"d{i},s{i},dispatch,9 {name} Road,{TOWN.format(2000 + i)}" for i, name in enumerate(MANY)),
        "c,s9,dispatch,n/a,,,,,",
    ],
    "supplier_links": ["seller_id,supplier_id,kind", "s1,u2,invoice", "s2,u2,invoice"],
}


@pytest.fixture
def config(tmp_path):
    for feed, lines in FEEDS.items():
        folder = tmp_path / "landing" / feed
        folder.mkdir(parents=True)
        text = ("\n".join(lines) + "\n").encode()
        if feed == "orders":
            (folder / "a.csv.gz").write_bytes(gzip.compress(text))
        else:
            (folder / "a.csv").write_bytes(text)
    own = [f"paths.landing={tmp_path / 'landing'}", f"paths.lake={tmp_path / 'lake'}", "places.block_cap=2"]
    return configuration.load(overrides=own, environment={})


def test_a_plan_tells_files_keys_worst_keys_and_memory_and_writes_nothing(spark, config, tmp_path, capsys):
    plan = plan_night(spark, config, NIGHT, 3)
    assert {f.name: (f.files, f.rows) for f in plan.feeds if f.files} == {n: (1, len(t) - 1) for n, t in FEEDS.items()}
    assert not any(f.exact for f in plan.feeds if f.files)
    counts = {what.split(",")[0]: n for n, what in plan.counts}
    assert counts["addresses of shops"] == 18
    keys = counts["different typed keys of them and of suppliers and hubs"]
    assert keys == 10, "the shared address once, nine spellings, nothing for n/a"
    assert counts["house numbers and named places"] == 3
    assert counts["pairs of spellings to be compared"] == 1, (
        "Burnham and Burnhan; what the town joined is one in the postcode"
    )
    assert counts["supplier ids"] == 1
    assert counts["blocks of more spellings than places.block_cap"] == 2
    worst = {(w.kind, w.key): (w.count, w.what) for w in plan.worst}
    assert worst["hub candidate: phone", "+13127265678"] == (8, "shops give it")
    town = "spellings: streets of a town"
    assert worst[town, "US 9, springfield, b..."] == (3, "beyond the cap of 2: only equal keys are joined")
    assert worst[town, "US 7, springfield, b..."] == (2, "compared"), "no short word, nor another first letter"
    assert [key for kind, key in worst if kind == town] == ["US 9, springfield, b...", "US 7, springfield, b..."]
    assert worst["house number or name", "7"] == (6, "compared")
    assert worst["seller in the sample of orders", "s0"][0] == worst["supplier in the sample of orders", "u1"][0] == 30
    assert worst["supplier of many shops", "u2"] == (2, "links")
    assert not (tmp_path / "lake").exists()
    show_plan(plan)
    shown = capsys.readouterr().out
    assert "nothing was written" in shown
    assert "about 30" in shown
    assert "hub candidate: phone" in shown


def test_a_plan_foretells_what_the_matcher_does(config):
    """What it calls compared is joined, and what it calls capped is not."""
    rows = [
        dict(zip(FEEDS["addresses"][0].split(","), line.split(","), strict=True)) for line in FEEDS["addresses"][1:]
    ]
    parsed = parse_addresses(pd.DataFrame(rows), load_rules(), config.places)
    found = match_places(parsed, config.places).set_index("address_id")
    assert found.loc["b0", "place_label"] == found.loc["b1", "place_label"] != found.loc["b2", "place_label"]
    assert found.loc["d0":"d2", "place_label"].nunique() == 3
    assert sorted(found.index[found["tier"] == "capped"]) == ["d0", "d1", "d2"]


def test_a_plan_refuses_what_the_intake_would(spark, config, tmp_path):
    (tmp_path / "landing" / "addresses" / "a.csv").write_text("what\n")
    with pytest.raises(InputRefusedError, match="address_id"):
        plan_night(spark, config, NIGHT, 3)
