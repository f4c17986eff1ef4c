"""The same night on a real marketplace: `bench/real/olist.py`, in the tests' session; and how its reviews are read."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

from headwater.landing.lexicon import Lexicon

SCRIPTS = Path(__file__).resolve().parents[2] / "bench" / "real"


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


olist, lexicon_olist = _script("olist"), _script("lexicon_olist")
DATA = olist.data_folder()
pytestmark = pytest.mark.skipif(
    not (DATA / "olist").is_dir(), reason=f"no real data: {DATA} holds no olist/ (HEADWATER_DATA names another folder)"
)


@pytest.fixture(scope="module")
def night(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Any]:
    """One run of the script: what it printed, and what it left in the lake."""
    from headwater.store import Lake

    out = tmp_path_factory.mktemp("olist")
    result = CliRunner().invoke(olist.main, ["--data", str(DATA), "--out", str(out)], obj=spark)
    assert result.exit_code == 0, result.output
    return result.output, olist.outcome(Lake(spark, olist.load(out)), olist.NIGHT)


def test_every_row_of_olist_is_accepted_or_rejected(night: tuple[str, Any]) -> None:
    _, found = night
    lines = len(olist.read(DATA, "order_items.csv.gz"))
    low = olist.read(DATA, "order_reviews.csv.gz")["review_score"].isin(olist.LOW).sum()
    sellers = len(olist.read(DATA, "olist_sellers_dataset.csv"))
    read = {file["feed"]: file["read"] for file in found.files}
    assert read == {"orders": lines, "complaints": low, "addresses": sellers, "supplier_links": 0}
    assert all(file["read"] == file["accepted"] + file["rejected"] for file in found.files)


def test_repeated_review_ids_are_rejected_by_name_and_nothing_else_is(night: tuple[str, Any]) -> None:
    _, found = night
    assert set(found.rejects) == {("complaints", "superseded")}
    assert found.rejects[("complaints", "superseded")] == found.funnel["rejected_rows"]


def test_each_complaint_is_counted_unmatched_or_not_counted(night: tuple[str, Any]) -> None:
    _, found = night
    accepted = next(file["accepted"] for file in found.files if file["feed"] == "complaints")
    row = found.funnel
    assert sum(found.unmatched.values()) == row["complaints_unmatched"]
    assert row["complaints"] + row["complaints_not_counted"] + row["complaints_unmatched"] == accepted
    assert sum(shop["complaints"] for shop in found.shops) == row["complaints"]


def test_most_orders_lie_in_the_window(night: tuple[str, Any]) -> None:
    _, found = night
    lines = next(file["accepted"] for file in found.files if file["feed"] == "orders")
    assert 0.99 < found.funnel["orders"] / lines <= 1


def test_expected_complaints_are_near_those_that_came(night: tuple[str, Any]) -> None:
    _, found = night
    expected = sum(shop["expected"] for shop in found.shops)
    assert expected == pytest.approx(found.funnel["complaints"], rel=0.25)


def test_shops_are_ranked_by_eb05_and_a_large_record_beats_one_bad_order(night: tuple[str, Any]) -> None:
    _, found = night
    assert [shop["rank"] for shop in found.shops] == list(range(1, len(found.shops) + 1))
    order = [(-shop["eb05"], -shop["observed"], shop["seller_id"]) for shop in found.shops]
    assert order == sorted(order)
    single = min(shop["rank"] for shop in found.shops if shop["orders"] == 1)
    assert all(shop["complaints"] >= 5 for shop in found.shops[:10])
    assert single > 10


def test_without_supplier_links_and_streets_it_says_that_no_source_can_be_suspected(night: tuple[str, Any]) -> None:
    printed, found = night
    assert found.funnel["sources"] == 0
    assert any("no source can be suspected" in note for note in found.funnel["notes"])
    assert "no source can be suspected" in printed
    assert "Low reviews (one or two stars) stand in for complaints" in printed


def test_the_feeds_hold_the_words_zip_codes_and_newlines_as_typed(tmp_path: Path) -> None:
    olist.prepare(DATA, tmp_path)
    prepared = pd.read_csv(tmp_path / "complaints" / "complaints.csv", dtype=str, keep_default_na=False)
    reviews = olist.read(DATA, "order_reviews.csv.gz")
    low = reviews[reviews["review_score"].isin(olist.LOW)]
    assert prepared["review_comment_message"].tolist() == low["review_comment_message"].tolist()
    assert prepared["review_comment_message"].str.contains("\n").any()
    assert prepared["review_creation_date"].str.match(r"^\d{4}-\d{2}-\d{2} ").all()
    sellers = (tmp_path / "addresses" / "sellers.csv").read_bytes()
    assert sellers == (DATA / "olist" / "olist_sellers_dataset.csv").read_bytes()


def test_the_lexicon_says_counterfeit_of_each_review_that_a_person_read_so_and_of_no_other() -> None:
    """Precision and recall 1 on what was read by hand; borderline reviews count neither way, and of them it says one."""
    reviews = lexicon_olist.judged(DATA, Lexicon.load())
    said, label = reviews["says"], reviews["label"]
    assert len(reviews) == 4209
    assert (label == "counterfeit").sum() == 19
    assert reviews.loc[(label == "counterfeit") & ~said, "review_id"].tolist() == []
    assert reviews.loc[(label == "no") & said, "review_id"].tolist() == []
    assert (said & (label == "borderline")).sum() <= 1


def test_eb05_picks_shops_with_a_record_where_the_raw_rate_picks_tiny_ones() -> None:
    split = olist.time_split(DATA).set_index("picked by")
    assert split.loc["highest EB05", "orders"] > 3 * split.loc["highest raw rate", "orders"]
    assert ((split["low"] < split["rate"]) & (split["rate"] < split["high"])).all()
    pd.testing.assert_frame_equal(split, olist.time_split(DATA).set_index("picked by"))
