"""The marketplace on disk: complete, the same for the same seed, and true to its parameters."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from headwater.errors import ConfigurationError
from headwater.synthetic import MarketplaceParams, MarketplaceSummary, deliver, synthesise

from .reading import feed, truth


def digests(out: Path) -> dict[str, str]:
    files = [path for path in sorted(out.rglob("*")) if path.is_file() and path.name != "params.json"]
    return {str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("form", ["csv", "csv.gz", "jsonl.gz", "parquet"])
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path, form):
    params = {
        "orders": 3_000,
        "shops": 60,
        "suppliers": 40,
        "guilty": 4,
        "days": 12,
        "format": form,
        "dirty": 0.01,
        "nights": 2,
    }
    one, two, other = tmp_path / "one", tmp_path / "two", tmp_path / "other"
    synthesise(one, MarketplaceParams(**params))
    synthesise(two, MarketplaceParams(**params))
    synthesise(other, MarketplaceParams(**params, seed=8))
    assert digests(one) == digests(two)
    differing = {name for name, digest in digests(one).items() if digests(other).get(name) != digest}
    assert {name.split("/")[1] for name in differing if name.startswith("landing")} >= {
        "orders",
        "complaints",
        "sellers",
    }


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_every_format_holds_the_same_rows(tmp_path, small_out, small_params, form):
    synthesise(tmp_path, MarketplaceParams(**small_params, feeds_extra=True, format=form))
    for folder in sorted((small_out / "landing").iterdir()):
        left, right = feed(folder), feed(tmp_path / "landing" / folder.name)
        keys = [name for name in left.columns if (left[name] != "").any() or name in right.columns]
        left, right = left[keys], right[keys]
        left, right = (frame.sort_values(keys, ignore_index=True) for frame in (left, right))
        pd.testing.assert_frame_equal(left, right)


def test_parquet_orders_lie_in_the_folder_of_their_day(tmp_path, small_params):
    synthesise(tmp_path, MarketplaceParams(**small_params, format="parquet", chunk_rows=100))
    folders = sorted((tmp_path / "landing" / "orders").iterdir())
    assert len(folders) == 40
    assert len(list(folders[0].iterdir())) > 1
    for folder in (folders[0], folders[-1]):
        assert set(feed(folder)["ordered_at"].str[:10]) == {folder.name.removeprefix("dt=")}
    assert folders[-1].name == "dt=2026-11-22"


def test_every_order_line_is_there_once_and_its_truth_with_it(small: MarketplaceSummary):
    orders, true = feed(small.out / "landing" / "orders"), truth(small.out, "orders")
    assert len(orders) == small.orders == 12_000
    assert not orders.duplicated(["order_id", "line_no"]).any()
    assert set(zip(orders.order_id, orders.line_no.astype(int), strict=True)) == set(
        zip(true.order_id, true.line_no, strict=True)
    )
    assert int(true.fake.sum()) == small.fake_orders
    # lines count from 1 without gaps, and an order has one buyer and one time
    by_order = orders.assign(line=orders.line_no.astype(int)).groupby("order_id")
    assert (by_order.line.max() == by_order.size()).all()
    assert (by_order.buyer_id.nunique() == 1).all()
    assert (by_order.ordered_at.nunique() == 1).all()


def test_a_named_supplier_is_the_true_one_and_the_share_of_names_is_as_asked(small_out):
    orders, true = feed(small_out / "landing" / "orders"), truth(small_out, "orders")
    both = orders.assign(line_no=orders.line_no.astype(int)).merge(true, on=["order_id", "line_no"], how="inner")
    named = both[both.supplier_id_x != ""]
    assert (named.supplier_id_x == named.supplier_id_y).all()
    sources = truth(small_out, "sources")
    unlisted = set(sources[sources.unlisted].supplier_id)
    assert not unlisted & set(named.supplier_id_x)
    honest = both[~both.supplier_id_y.isin(unlisted | set(sources[sources.guilty].supplier_id))]
    assert (honest.supplier_id_x != "").mean() == pytest.approx(0.6, abs=0.06)
    assert (orders.dispatch_address_id == "").mean() == pytest.approx(0.1, abs=0.02)


def test_only_guilty_sources_sell_fakes_and_not_only_fakes(small_out):
    true, sources = truth(small_out, "orders"), truth(small_out, "sources").drop_duplicates("supplier_id")
    guilty = true.merge(sources, on="supplier_id", validate="many_to_one").guilty
    assert not true.fake[~guilty].any()
    assert 0.5 < true.fake[guilty].mean() < 1


def test_guilty_shops_keep_honest_goods_as_camouflage(small_out):
    orders, true = feed(small_out / "landing" / "orders"), truth(small_out, "orders")
    true["seller_id"] = orders.assign(line=orders.line_no.astype(int)).merge(
        true, left_on=["order_id", "line"], right_on=["order_id", "line_no"], how="right"
    )["seller_id"]
    sources, operators = truth(small_out, "sources"), truth(small_out, "operators")
    dubious = true[true.seller_id.isin(operators[operators.guilty].seller_id)]
    honest = ~dubious.supplier_id.isin(sources[sources.guilty].supplier_id)
    assert honest.mean() == pytest.approx(0.6, abs=0.1)


def test_dispatch_addresses_are_the_sellers_own_and_of_the_true_place(small_out):
    orders, true = feed(small_out / "landing" / "orders"), truth(small_out, "orders")
    addresses = feed(small_out / "landing" / "addresses").merge(truth(small_out, "addresses"), on="address_id")
    both = orders.assign(line_no=orders.line_no.astype(int)).merge(true, on=["order_id", "line_no"])
    both = both.merge(addresses, left_on="dispatch_address_id", right_on="address_id", suffixes=("", "_written"))
    assert len(both) > 10_000
    assert (both.seller_id == both.seller_id_written).all()
    assert (both.place_id == both.place_id_written).all()
    assert set(both.role) == {"dispatch"}


def test_a_warehouse_is_shared_by_many_unrelated_shops(small_out):
    places, operators = truth(small_out, "places"), truth(small_out, "operators")
    trade = truth(small_out, "trade").merge(places, on="place_id").merge(operators, on="seller_id")
    shared = trade[trade.kind == "3pl"].groupby("place_id").operator_id.nunique()
    assert shared.max() > 15


def test_shops_of_one_operator_share_a_payee_more_often_than_not(small_out):
    sellers = feed(small_out / "landing" / "sellers").merge(truth(small_out, "operators"), on="seller_id")
    crowd = sellers[sellers.groupby("operator_id").seller_id.transform("size") > 2]
    largest = crowd.groupby("operator_id").payee_id.agg(lambda payees: payees.value_counts(normalize=True).iloc[0])
    assert 0.5 < largest.mean() < 1
    assert (sellers[sellers.payee_id != ""].groupby("payee_id").operator_id.nunique() == 1).all()


def test_moved_and_returned_sources_show_two_places_or_two_ids(small_out):
    sources, trade = truth(small_out, "sources"), truth(small_out, "trade")
    assert (sources[sources.moves].groupby("source_id").place_id.nunique() == 2).all()
    assert (sources[sources.re_emerges].groupby("source_id").supplier_id.nunique() == 2).all()
    assert sources.moves.any()
    assert sources.re_emerges.any()
    for _, rows in trade[trade.supplier_id.isin(sources[sources.re_emerges].supplier_id)].groupby("seller_id"):
        old, new = rows.sort_values("start").iloc[[0, -1]].itertuples()
        assert old.end <= new.start or old.supplier_id == new.supplier_id


def test_later_nights_add_up_to_the_same_marketplace(tmp_path, small_out, small_params):
    params = MarketplaceParams(**small_params, nights=3, late=0.2, corrected=0.05, voided=0.05, withdrawn=0.5)
    summary = synthesise(tmp_path, params)
    assert summary.nights == ("2026-11-20", "2026-11-21", "2026-11-22")
    assert min(summary.sent_again.values()) > 0
    first = feed(tmp_path / "landing" / "orders")
    own_days = first.ordered_at.str[:10] <= "2026-11-20"
    assert 0 < (~own_days).sum() < 0.02 * len(first), "rows from the future"
    later = [feed(tmp_path / "arrivals" / night / "orders") for night in summary.nights[1:]]
    assert all(not night.duplicated(["order_id", "line_no"]).any() for night in [first, *later])
    assert (later[0].ordered_at < "2026-11-21").any(), "late rows"
    everything = pd.concat([first, *later], ignore_index=True)
    # the first version of each row is the row of the marketplace that came in one night
    original = everything.drop_duplicates(["order_id", "line_no"]).sort_values(
        ["order_id", "line_no"], ignore_index=True
    )
    whole = feed(small_out / "landing" / "orders").sort_values(["order_id", "line_no"], ignore_index=True)
    pd.testing.assert_frame_equal(original, whole)
    # what is sent again keeps its key and its time
    assert (everything.groupby(["order_id", "line_no"]).ordered_at.nunique() == 1).all()
    again = everything[everything.duplicated(["order_id", "line_no"])]
    assert len(again) == summary.sent_again["corrected"] + summary.sent_again["voided"]


def test_a_delivered_night_joins_the_landing_folder(tmp_path, small_params):
    synthesise(tmp_path, MarketplaceParams(**small_params, nights=2))
    before = len(feed(tmp_path / "landing" / "orders"))
    deliver(tmp_path, "2026-11-22")
    assert len(feed(tmp_path / "landing" / "orders")) > before
    with pytest.raises(ConfigurationError, match="2026-12-01"):
        deliver(tmp_path, "2026-12-01")


def test_a_landing_folder_of_unknown_origin_is_left_alone(tmp_path):
    (tmp_path / "landing").mkdir()
    (tmp_path / "landing" / "precious.csv").write_text("kept")
    with pytest.raises(ConfigurationError, match="unknown origin"):
        synthesise(tmp_path)
    assert (tmp_path / "landing" / "precious.csv").read_text() == "kept"


def test_what_an_earlier_call_wrote_is_replaced(tmp_path, small_params):
    synthesise(tmp_path, MarketplaceParams(**small_params, nights=2))
    synthesise(tmp_path, MarketplaceParams(**small_params, format="parquet"))
    assert not (tmp_path / "arrivals").exists()
    assert not list((tmp_path / "landing" / "orders").glob("*.csv"))


def average_precision(score: pd.Series, guilty: pd.Series) -> float:
    hits = guilty.loc[score.sort_values(ascending=False, kind="stable").index].to_numpy()
    return float((hits * np.cumsum(hits) / np.arange(1, len(hits) + 1)).sum() / hits.sum())


def test_the_demo_can_be_ranked_by_lift_but_hardly_by_counting(tmp_path):
    """Complaints and orders that name a supplier, shrunk by one pseudo-complaint: a poor man's EB05."""
    synthesise(tmp_path)
    orders, complaints = feed(tmp_path / "landing" / "orders"), feed(tmp_path / "landing" / "complaints")
    sources = truth(tmp_path, "sources").drop_duplicates("supplier_id").set_index("supplier_id")
    fakes = complaints[complaints.reason_code == "counterfeit"].drop_duplicates(["order_id", "complainant_id"])
    named = orders[orders.supplier_id != ""].drop_duplicates("order_id").set_index("order_id").supplier_id
    count = named.reindex(fakes.order_id).value_counts().reindex(sources.index).fillna(0)
    volume = named.value_counts().reindex(sources.index).fillna(0)
    expected = volume * count.sum() / volume.sum()
    by_lift = average_precision((count + 0.5) / (expected + 1.0), sources.guilty)
    by_count = average_precision(count, sources.guilty)
    assert 0.45 < by_lift < 0.95
    assert by_count < by_lift - 0.1
