"""Shares of sources: as named, by listing, by shop, and what stays unknown."""

from datetime import date

import pytest

from headwater.attribution.flows import Flow, listing_shares, shop_shares, source_exposure
from headwater.parameters.attribution import Shares

NIGHT = date(2026, 11, 22)
DAY = date(2026, 11, 1)
PARAMS = Shares(listing_dominance=0.9, link_orders=1.0, unknown_orders=1.0)
AMOUNTS = "orders bigint, expected_pico bigint, value_minor bigint, first_day date, last_day date"
CELLS = f"type string, seller_id string, source string, {AMOUNTS}"
COMPLAINTS = "type string, seller_id string, listing_id string, source string, complaints bigint, weight_milli bigint"
WEAK = "type string, seller_id string, source string, weight double"
LISTINGS = "type string, seller_id string, listing_id string, source string, orders bigint"


@pytest.fixture
def flow(spark):
    def build(cells=(), complaints=(), weak=(), listings=()):
        return Flow(
            spark.createDataFrame([("supplier", *c, DAY, DAY) for c in cells], CELLS),
            spark.createDataFrame([("supplier", *c) for c in complaints], COMPLAINTS),
            spark.createDataFrame([("supplier", *w) for w in weak], WEAK),
            spark.createDataFrame([("supplier", *row) for row in listings], LISTINGS),
        )

    return build


def by_source(frame) -> dict[tuple[str, str], dict]:
    return {(r["seller_id"], r["source_key"]): r.asDict() for r in frame.collect()}


def test_named_orders_flow_whole_and_the_others_by_shares(flow):
    """Shop s: 6 orders name u, 3 name v, 10 name nobody; one pseudo-order stays unknown."""
    mixed = flow(cells=[("s", "u", 6, 600, 60), ("s", "v", 3, 300, 30), ("s", None, 10, 1000, 100)])
    rows = by_source(source_exposure(mixed, NIGHT, PARAMS))
    assert rows[("s", "u")]["orders"] == pytest.approx(6 + 10 * 6 / 10, abs=1e-6)
    assert rows[("s", "u")]["named_orders"] == 6
    assert rows[("s", "v")]["expected"] * 1e12 == pytest.approx(300 + 300, abs=1)
    assert rows[("s", "u")]["orders"] + rows[("s", "v")]["orders"] == pytest.approx(18, abs=1e-6)


def test_a_declared_link_alone_carries_half_of_what_nobody_names(flow):
    rows = by_source(source_exposure(flow(cells=[("s", None, 10, 1000, 0)], weak=[("s", "u", 1.0)]), NIGHT, PARAMS))
    assert rows[("s", "u")]["orders"] == pytest.approx(5)


def test_the_unknown_goes_to_nobody(flow):
    only_unknown = flow(cells=[("s", None, 10, 1000, 0)], complaints=[("s", "l", None, 2, 2000)])
    assert source_exposure(only_unknown, NIGHT, PARAMS).count() == 0


def test_a_complaint_goes_where_its_order_says_then_its_listing_then_its_shop(flow):
    mixed = flow(
        cells=[("s", "u", 5, 0, 0), ("s", "v", 4, 0, 0)],
        complaints=[("s", "l1", "v", 1, 1000), ("s", "l1", None, 1, 1000), ("s", "l2", None, 1, 500)],
        listings=[("s", "l1", "u", 10), ("s", "l2", "u", 5), ("s", "l2", "v", 5)],
    )
    rows = by_source(source_exposure(mixed, NIGHT, PARAMS))
    # l1 is u's alone; l2 has no dominant supplier, so the shop's shares serve: 5 and 4 of 9 and one unknown.
    assert rows[("s", "u")]["complaints"] == pytest.approx(1 + 0.5, abs=1e-6)
    assert rows[("s", "v")]["complaints"] == pytest.approx(1 + 0.4, abs=1e-6)
    assert rows[("s", "u")]["observed"] == pytest.approx(1 + 0.25, abs=1e-6)


def test_an_observed_zero_stays_zero(flow):
    """A corrected line took u's orders back: nothing is inferred for it."""
    rows = shop_shares(flow(cells=[("s", "u", 0, 0, 0), ("s", "v", 2, 0, 0)]), PARAMS).collect()
    assert [(r["source"], round(r["share"], 6)) for r in rows] == [("v", round(2 / 3, 6))]


def test_types_do_not_mix(flow):
    def renamed(frame, name):
        return frame.drop("type").selectExpr(f"'{name}' as type", "*")

    one = flow(cells=[("s", "u", 1, 0, 0)])
    both = one | Flow(*[renamed(f, "dispatch") for f in (one.cells, one.complaints, one.weak, one.listings)])
    rows = source_exposure(both, NIGHT, PARAMS).collect()
    assert {(r["type"], r["source_key"]) for r in rows} == {("supplier", "u"), ("dispatch", "u")}
    assert len({r["source_id"] for r in rows}) == 2


def test_a_dominated_listing_keeps_all_its_suppliers_and_a_mixed_one_has_none(flow):
    listings = flow(
        listings=[("s", "a", "u", 19), ("s", "a", "v", 1), ("s", "b", "u", 8), ("s", "b", "v", 2), ("s", "c", "u", -1)]
    ).listings
    shares = {(r["listing_id"], r["source"]): r["share"] for r in listing_shares(listings, PARAMS).collect()}
    assert shares == {("a", "u"): pytest.approx(0.95), ("a", "v"): pytest.approx(0.05)}
