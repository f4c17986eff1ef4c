"""Whose goods an unnamed order carries: certain where the order says so, sharper with listing and place, never invented."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from headwater.attribution.market import Beside, Complaints, Flows, Links, Market, Named
from headwater.attribution.shares import learn, place_shares, siblings, supplier_shares
from headwater.parameters.finding import ShareParams

NONE = np.zeros(0, dtype=np.int64)


def ints(*values):
    return np.array(values, dtype=np.int64)


def market(flows, named=(), links=(), shops=3, places=4, suppliers=3, listings=6):
    """flows (shop, place, supplier, orders); named (listing, supplier, orders); links (shop, supplier, weight)."""
    f = np.array(flows, dtype=float).reshape(-1, 4)
    n, k = np.array(named, dtype=float).reshape(-1, 3), np.array(links, dtype=float).reshape(-1, 3)
    zero, empty = np.zeros(len(f)), Complaints(*([NONE] * 7), np.zeros(0))
    shop, place, supplier = (f[:, i].astype(np.int64) for i in range(3))
    return Market(
        shops, places, suppliers, listings, 1,
        Flows(shop, place, supplier, f[:, 3] * 1e-4, f[:, 3], zero, zero, zero), empty,
        Named(n[:, 0].astype(np.int64), n[:, 1].astype(np.int64), n[:, 2]),
        Links(k[:, 0].astype(np.int64), k[:, 1].astype(np.int64), k[:, 2]),
    )  # fmt: skip


LISTING_SHOP = ints(0, 0, 0, 1, 1, 2)


def test_a_named_order_is_its_suppliers_alone():
    known = learn(market([(0, 0, 1, 50), (0, 0, 2, 50)]), LISTING_SHOP)
    assert supplier_shares(known, ints(0), ints(0), ints(2), None).toarray().tolist() == [[0.0, 0.0, 1.0]]


def test_an_unnamed_order_follows_its_shops_named_ones_and_keeps_some_unknown():
    known = learn(market([(0, -1, 0, 60), (0, -1, 1, 20)]), LISTING_SHOP)
    got = supplier_shares(known, ints(0), ints(-1), ints(-1), None).toarray()[0]
    assert got[0] == pytest.approx(3 * got[1])
    assert 0.5 < got.sum() < 1


def test_a_shop_that_never_names_has_no_supplier():
    known = learn(market([(0, -1, 0, 60)]), LISTING_SHOP)
    assert supplier_shares(known, ints(2), ints(-1), ints(-1), None).nnz == 0


def test_a_declared_link_counts_where_nothing_is_named():
    named = [(0, 0, 5), (1, 0, 6), (3, 1, 4), (4, 1, 5)]
    known = learn(market([(0, -1, 0, 11), (1, -1, 1, 9)], named, [(0, 0, 1.0), (1, 1, 1.0), (2, 2, 1.0)]), LISTING_SHOP)
    got = supplier_shares(known, ints(2), ints(-1), ints(-1), None).toarray()[0]
    assert got[2] > 0.3
    assert got[:2].sum() == 0


def run_by(market, *operator):
    """The market with the operator of each shop, -1: none."""
    some = max(operator) + 1
    nowhere = np.full(market.places, -1)
    return replace(market, beside=Beside(0, 0, some, nowhere, NONE, NONE, np.zeros(0), ints(*operator), NONE, NONE))


def test_what_a_shop_never_names_is_what_its_siblings_name_where_operators_buy_together():
    """Shops 0 and 1, 2 and 3 sell the same; 4 names nobody, and 5, its sibling, supplier 5 alone."""
    orders = [(s, -1, u, 9) for s, u in enumerate((0, 0, 1, 1, -1, 5))] + [(s, -1, u, 3) for s, u in ((0, 2), (1, 2))]
    named = [(s, u, 9) for s, u in enumerate((0, 0, 1, 1)) if u >= 0] + [(5, 5, 9), (6, 2, 3), (7, 2, 3)]
    shops = ints(0, 1, 2, 3, 4, 5, 0, 1)
    alone = market(orders, named, shops=6, suppliers=40, listings=8)
    known, before = learn(run_by(alone, 0, 0, 1, 1, 2, 2), shops), learn(alone, shops)
    assert known.sibling_weight > before.sibling_weight == 0
    told, untold = (supplier_shares(k, ints(4), ints(-1), ints(-1), None).toarray()[0] for k in (known, before))
    assert untold.sum() == 0
    assert told[5] > 0.5
    assert told[:5].sum() == 0


def test_siblings_who_buy_apart_tell_nothing():
    orders = [(s, -1, u, 9) for s, u in ((0, 0), (1, 1), (2, 2), (3, 3))]
    named = [(s, u, 9) for s, u in ((0, 0), (1, 1), (2, 2), (3, 3))]
    apart = market(orders, named, shops=5, suppliers=5, listings=4)
    known = learn(run_by(apart, 0, 0, 1, 1, 0), ints(0, 1, 2, 3))
    assert known.sibling_weight == 0


def test_where_no_order_names_its_supplier_siblings_links_tell():
    links = [(0, 0, 1), (1, 0, 1), (2, 1, 1), (3, 1, 1), (4, 2, 1)]
    silent = market([(s, -1, -1, 9) for s in range(6)], (), links, shops=6, suppliers=40)
    known = learn(run_by(silent, 0, 0, 1, 1, 2, 2), LISTING_SHOP)
    got = supplier_shares(known, ints(5), ints(-1), ints(-1), None).toarray()[0]
    assert got[2] > 0.5
    assert learn(silent, LISTING_SHOP).sibling_weight == 0


def test_siblings_are_the_others_of_an_operator_each_by_the_root_of_what_it_knows():
    prior = sp.csr_matrix([[4.0, 0, 0], [0, 1.0, 0], [0, 0, 9.0], [0, 0, 5.0]])
    got = siblings(ints(0, 0, 0, 1), prior, 0.0).toarray()
    assert got == pytest.approx(np.array([[0, 1 / 4, 3 / 4], [2 / 5, 0, 3 / 5], [2 / 3, 1 / 3, 0], [0, 0, 0]]))
    assert siblings(ints(0, 0, 0, 1), prior, 0.2).toarray()[0] == pytest.approx([0, 0, 1])


def test_a_listings_own_orders_outweigh_its_shops():
    named = [(0, 0, 9), (1, 1, 9), (2, 0, 9), (3, 0, 9), (4, 1, 9)]
    known = learn(market([(0, -1, 0, 18), (0, -1, 1, 9), (1, -1, 0, 9), (1, -1, 1, 9)], named), LISTING_SHOP)
    by_shop = supplier_shares(known, ints(0), ints(-1), ints(-1), None).toarray()[0]
    by_listing = supplier_shares(known, ints(0), ints(-1), ints(-1), ints(1)).toarray()[0]
    assert by_shop[0] > by_shop[1]
    assert by_listing[1] > 0.9


def test_the_dispatch_place_tells_the_supplier_that_ships_from_it():
    flows = [(0, 0, 0, 40), (0, 1, 1, 40), (1, 0, 0, 40), (1, 1, 1, 40), (0, 0, -1, 100)]
    known = learn(market(flows), LISTING_SHOP)
    with_place = supplier_shares(known, ints(0), ints(1), ints(-1), None).toarray()[0]
    without = supplier_shares(known, ints(0), ints(1), ints(-1), None, ShareParams(use_places=False)).toarray()[0]
    assert with_place[1] > 0.8
    assert without[1] < 0.6


def test_a_supplier_unseen_in_the_shop_is_found_by_its_place():
    flows = [(1, 3, 2, 200), (2, 3, 2, 200), (0, 0, 0, 20), (0, 3, -1, 50)]
    known = learn(market(flows), LISTING_SHOP)
    got = supplier_shares(known, ints(0), ints(3), ints(-1), None).toarray()[0]
    assert got[2] > got[0]


def test_shares_never_sum_above_one_or_below_zero():
    rng = np.random.default_rng(0)
    flows = np.column_stack(
        [rng.integers(0, 3, 80), rng.integers(-1, 4, 80), rng.integers(-1, 3, 80), rng.integers(1, 50, 80)]
    )
    named = np.column_stack([rng.integers(0, 6, 12), rng.integers(0, 3, 12), rng.integers(1, 9, 12)])
    known = learn(market(flows, named), LISTING_SHOP)
    shop, place, supplier = flows[:, 0], flows[:, 1], flows[:, 2]
    for listing in (None, rng.integers(0, 6, 80)):
        total = np.asarray(supplier_shares(known, shop, place, supplier, listing).sum(axis=1)).ravel()
        assert (total <= 1 + 1e-9).all()
    spread = np.asarray(place_shares(known, shop, place).sum(axis=1)).ravel()
    assert (spread <= 1 + 1e-9).all()


def test_nothing_named_at_all_is_no_error():
    known = learn(market([(0, 0, -1, 10)]), LISTING_SHOP)
    assert supplier_shares(known, ints(0), ints(0), ints(-1), ints(2)).nnz == 0
    assert place_shares(known, ints(0), ints(-1)).toarray()[0].tolist() == [1.0, 0.0, 0.0, 0.0]


def test_arrays_that_may_not_be_written_to_are_read():
    flows = market([(0, 0, 0, 40), (1, 1, -1, 10)])
    shop, place = flows.flows.shop, flows.flows.place
    shop.setflags(write=False)
    place.setflags(write=False)
    known = learn(flows, LISTING_SHOP)
    assert supplier_shares(known, shop, place, flows.flows.supplier, None).shape == (2, 3)
