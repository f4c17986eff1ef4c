"""The finding from end to end on arrays: explained, reproducible, and calm where there is nothing to find."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from headwater.attribution.cases import case_bayes_factors, group_cases
from headwater.attribution.cells import Cells
from headwater.attribution.explain import explain
from headwater.attribution.find import find, flow_by_cell, identity
from headwater.attribution.goods import owners
from headwater.attribution.market import Complaints, Flows, Links, Market, Named
from headwater.evaluate.tables import market_of
from headwater.evaluate.worlds import WorldParams, make_world
from headwater.parameters.finding import FindParams, ShareParams

NONE = np.zeros(0, dtype=np.int64)


@pytest.fixture(scope="module")
def planted():
    params = WorldParams(orders=120_000, suppliers=80, shops=400, fake_rate=6e-3, named=0.3, malicious=0.15)
    market, shops = market_of(make_world(params, 21, "bazaar"))
    return market, shops, find(market, shops)


def empty(complaints=0, suppliers=2, places=1):
    """One shop with 1,000 orders, all named, and `complaints` complaints."""
    n = int(suppliers > 0)
    flow = [np.zeros(n, dtype=np.int64)] * 3 + [np.full(n, 0.1), np.full(n, 1000.0), *[np.zeros(n)] * 3]
    rows = (
        [np.zeros(complaints, dtype=np.int64)] * 4
        + [np.arange(complaints)]
        + [np.zeros(complaints, dtype=np.int64)] * 2
    )
    return Market(
        1, places, suppliers, 1, max(complaints, 1), Flows(*flow), Complaints(*rows, np.zeros(complaints)),
        Named(np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64), np.full(n, 1000.0)), Links(NONE, NONE, np.zeros(0)),
    )  # fmt: skip


def test_every_rank_is_explained_to_the_last_nat(planted):
    market, _, found = planted
    top = np.argsort(-found.score, kind="stable")[:15]
    why = explain(found.cells, found.fit, market.complaints.shop, found.flow, top)
    sums = np.bincount(why.source, weights=why.contribution, minlength=market.sources)
    np.testing.assert_allclose(sums[top], found.fit.ln_bf[top], atol=1e-6)


def test_no_source_stands_beyond_even_odds_by_signs_once_the_share_of_the_guilty_is_learnt():
    world = make_world(WorldParams(orders=60_000, suppliers=80, shops=300, fake_rate=1e-2, named=0.3), 1, "guilds")
    found = find(*market_of(world))
    raised = found.fit.prior[found.side > 0]
    assert raised.max() <= 0.5 + 1e-12
    assert (raised > 0.5 - 1e-12).any(), "some stand at their bound"


def test_complaints_are_attributed_once(planted):
    _, _, found = planted
    assert found.fit.attributed.sum() + found.fit.background == pytest.approx(found.weights.sum(), abs=1e-5)


def test_the_same_market_gives_the_same_bytes(planted):
    market, shops, found = planted
    assert find(market, shops).score.tobytes() == found.score.tobytes()


def test_the_order_of_rows_does_not_matter(planted):
    market, shops, found = planted
    rng = np.random.default_rng(0)

    def mixed(table):
        turn = rng.permutation(len(table.__dict__[next(iter(table.__dict__))]))
        return type(table)(**{k: v[turn] for k, v in table.__dict__.items()})

    parts = {name: mixed(getattr(market, name)) for name in ("flows", "complaints", "named", "links")}
    again = find(replace(market, **parts), shops)
    np.testing.assert_allclose(again.score, found.score, atol=1e-5)


def test_twin_sources_are_one_case_and_the_merged_column_has_more_evidence(planted):
    market, _, found = planted
    case = group_cases(flow_by_cell(market, found))
    merged = case_bayes_factors(found.cells, found.fit, case)
    assert (case <= np.arange(len(case))).all()
    assert np.isfinite(merged).all()
    alone = np.bincount(case, minlength=len(case))[case] == 1
    np.testing.assert_array_equal(merged[alone], found.fit.ln_bf[alone])


def test_a_place_of_one_supplier_is_owned_and_a_shared_one_is_not(planted):
    market, _, found = planted
    owner = owners(found.goods, found.inferred.at_place, market, 0.8)
    assert (owner[: market.suppliers] == -1).all()
    f = market.flows
    place = found.exposure_shares[:, market.suppliers : market.early].toarray()
    named = np.bincount(f.place[f.place >= 0], minlength=market.places) > 0
    place[np.ix_(f.place < 0, named)] = (
        0.0  # what may have come from a place that orders name says nothing of its goods
    )
    through = (place * f.expected[:, None]).T @ found.exposure_shares[:, : market.suppliers].toarray()
    share = through / np.maximum(place.T @ f.expected, 1e-300)[:, None]
    owned = owner[market.suppliers :]
    said = np.zeros((market.places, market.suppliers))
    here = (f.place >= 0) & (f.supplier >= 0)
    np.add.at(said, (f.place[here], f.supplier[here]), f.orders[here])
    told = said / (said.sum(axis=1, keepdims=True) + 2.0)
    most = np.maximum(share, told)
    assert (owned >= 0).any()
    assert (most[owned >= 0, owned[owned >= 0]] >= 0.8 - 1e-9).all()
    assert most[owned < 0].max() < 0.8


@pytest.mark.parametrize("complaints", [0, 1, 30])
def test_a_market_of_one_shop_is_no_error(complaints):
    found = find(empty(complaints), np.zeros(1, dtype=np.int64))
    for values in (found.score, found.probability, found.fit.attributed):
        assert np.isfinite(values).all()
    assert found.probability.max() < 0.9 or complaints == 30


@pytest.mark.parametrize(("suppliers", "places"), [(0, 1), (2, 0), (0, 0)])
def test_a_market_without_suppliers_or_places_is_no_error(suppliers, places):
    market = empty(0, suppliers, places)
    if not places:
        flows = market.flows
        market = Market(
            1, 0, suppliers, 1, 1,
            Flows(flows.shop, flows.place - 1, flows.supplier, *[getattr(flows, k) for k in
                  ("expected", "orders", "log_price", "other", "refunded")]),
            market.complaints, market.named, market.links,
        )  # fmt: skip
    assert len(find(market, np.zeros(1, dtype=np.int64)).score) == suppliers + places


def test_a_source_is_believed_no_further_than_that_the_goods_were_its_own():
    shares = sp.csr_matrix([[0.6, 0.0, 1.0], [0.6, 0.0, 0.0], [0.5, 0.0, 0.0]])
    cells = Cells(np.ones(3), shares, np.ones(3), np.zeros(3, dtype=np.int64), 10.0)
    got = identity(cells, np.array([4, 4, 9]))
    assert got == pytest.approx([1 - 0.4 * 0.5, 1.0, 1.0])


def test_shares_made_block_by_block_are_the_same(planted):
    market, shops, found = planted
    small = FindParams(shares=ShareParams(block=1000))
    assert len(market.flows.shop) > 3000
    again = find(market, shops, small)
    assert (again.exposure_shares != found.exposure_shares).nnz == 0
    assert again.score.tobytes() == found.score.tobytes()
