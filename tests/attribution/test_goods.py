"""What a supplier's guilt says of the places that send its goods."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.special import expit, logit

from headwater.attribution.find import find
from headwater.attribution.goods import goods_of_places, guilt_by_goods, owners, whose_goods_are_said
from headwater.attribution.market import PLACE, Cleared, Complaints, Flows, Links, Market, Named
from headwater.attribution.shares import learn
from headwater.evaluate.tables import market_of
from headwater.evaluate.worlds import WorldParams, make_world
from headwater.parameters.finding import FindParams, ShareParams

from .windows import window

NONE = np.zeros(0, dtype=np.int64)
GOODS = sp.csr_matrix([[0.8, 0.2], [0.0, 0.5], [0.0, 0.0]])


def market(expected=(1.0, 1.0), cleared=None):
    """Two suppliers, three places; a flow a number of `expected`."""
    n = len(expected)
    zero = np.zeros(n)
    flows = Flows(np.zeros(n, int), np.zeros(n, int), np.zeros(n, int), np.array(expected), *[zero] * 4)
    none = Complaints(NONE, NONE, NONE, NONE, NONE, NONE, NONE, np.zeros(0))
    return Market(
        1, 3, 2, 1, 0, flows, none, Named(NONE, NONE, np.zeros(0)), Links(NONE, NONE, np.zeros(0)), cleared=cleared
    )


def test_the_goods_of_a_place_are_shares_of_what_is_expected_through_it():
    through = sp.csr_matrix([[1.0, 0.0, 1.0, 0.0, 0.0], [0.5, 0.25, 0.5, 0.5, 0.0]])
    got = goods_of_places(market((3.0, 2.0)), through).toarray()
    # Place 0: 3 and 2 x .5 expected, of which 3 x 1 and 2 x .5 x .5 are the first supplier's.
    assert got == pytest.approx(np.array([[3.5 / 4, 0.25 / 4], [0.5, 0.25], [0.0, 0.0]]))
    assert owners(sp.csr_matrix(got), sp.csr_matrix((3, 2)), market(), 0.8).tolist() == [-1, -1, 0, -1, -1]


@pytest.mark.parametrize(("orders", "owner"), [((8.0, 0.0), 1), ((7.0, 0.0), -1), ((20.0, 6.0), -1), ((40.0, 6.0), 1)])
def test_a_place_is_its_suppliers_if_the_orders_that_say_whose_they_are_say_so(orders, owner):
    """Though what the others leave unsaid is shared out among all that their shops sell."""
    said = market((1.0, 1.0))
    flows = replace(said.flows, supplier=np.array([1, 0]), place=np.array([2, 2]), orders=np.array(orders))
    told = learn(replace(said, flows=flows), np.zeros(1, int), ShareParams(place_pseudo=2.0)).at_place
    unsaid = sp.csr_matrix([[0.0, 0.0], [0.0, 0.0], [0.5, 0.5]])
    assert owners(unsaid, told, said, 0.8).tolist() == [-1, -1, -1, -1, owner]


def test_a_place_sends_fakes_of_its_own_or_those_of_its_suppliers():
    score = np.array([4.0, -1.0, -3.0, 0.5, 2.0])
    added = guilt_by_goods(score, GOODS, market(), 0.9)
    p = expit(score)
    by_hand = [1 - (1 - p[2]) * (1 - 0.9 * (0.8 * p[0] + 0.2 * p[1])), 1 - (1 - p[3]) * (1 - 0.9 * 0.5 * p[1])]
    assert expit(score + added)[2:4] == pytest.approx(by_hand)
    assert added[[0, 1, 4]].tolist() == [0, 0, 0]


@pytest.mark.parametrize("said", [True, False])
def test_what_is_inferred_of_goods_by_shops_alone_makes_no_place_sure(said):
    """Supplier u is guilty by shops a and b; all goods of c are u's, and what c sends from p nobody complained about."""
    flows = [{"seller_id": s, "supplier_id": "u"} for s in "abc"] + [{"seller_id": "c", "place": "p"}]
    flows += [{"seller_id": s, "supplier_id": "v", "orders": 9000, "expected_pico": 10**12} for s in "abef"]
    flows += [{"seller_id": "c", "place": "p", "supplier_id": "u", "orders": 1, "expected_pico": 10**8}] if said else []
    gathered = window(flows, [{"seller_id": s, "supplier_id": "u"} for s in "aaaaabbbbb"], named=[("c", "l", "u", 100)])
    found = find(gathered.market, gathered.listing_shop)
    place = gathered.market.first(PLACE)
    assert found.left[place] < 0 < found.odds[place]
    assert whose_goods_are_said(found.inferred.at_place, gathered.market)[place] == said
    assert (found.probability[place] > FindParams().calibration.alone_most) == said


@pytest.mark.parametrize("size", [1.0, 50.0, 2000.0])
def test_it_never_lowers_and_stays_finite(size):
    rng = np.random.default_rng(3)
    for score in rng.normal(0, size, (20, 5)):
        added = guilt_by_goods(score, GOODS, market(), 0.95)
        assert np.isfinite(added).all()
        assert (added >= 0).all()
    assert not guilt_by_goods(np.full(5, -2000.0), GOODS, market(), 0.95).any()


def test_a_cleared_place_is_not_raised():
    cleared = Cleared(np.array([2]), np.array([5]), np.array([0.5]))
    added = guilt_by_goods(np.array([4.0, 4.0, -3.0, -3.0, -3.0]), GOODS, market(cleared=cleared), 0.95)
    assert added[2] == 0
    assert added[3] > 0


def test_places_of_guilty_suppliers_are_found_and_suppliers_are_as_without():
    world = make_world(WorldParams(orders=150_000, suppliers=80, shops=400, fake_rate=6e-3, named=0.5), 4, "bazaar")
    windows, shops = market_of(world)
    got = find(windows, shops)
    alone = find(windows, shops, FindParams(goods_fake=0.0))
    is_place = windows.kind == PLACE
    np.testing.assert_array_equal(got.odds[~is_place], alone.odds[~is_place])
    used = np.bincount(world.place[world.place >= 0], minlength=world.places) > 0
    guilty = world.guilty_places[used]

    def first(found):
        """Guilty ones among the first as many places as are guilty."""
        order = np.argsort(-found.score[is_place][used], kind="stable")
        return guilty[order[: guilty.sum()]].mean()

    assert first(got) > first(alone) + 0.2
    assert got.odds[is_place] == pytest.approx((alone.odds + got.by_goods)[is_place])
    believed = expit(got.odds[is_place][used])
    assert believed[guilty].mean() > 3 * believed[~guilty].mean()


def test_only_the_chance_of_fakes_bounds_what_goods_can_say():
    added = guilt_by_goods(np.array([60.0, 60.0, -60.0, -60.0, -60.0]), GOODS, market(), 0.95)
    assert (added - 60)[2] == pytest.approx(logit(0.95), abs=1e-6)
    assert FindParams().goods_fake == 0.95
