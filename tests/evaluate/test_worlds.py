"""Planted marketplaces are what their parameters say, and the finding ranks them better than its peers."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.special import expit

from headwater.attribution.find import find
from headwater.attribution.market import PLACE
from headwater.evaluate.baselines import BASELINES, evidence, oracle
from headwater.evaluate.fraudar import fraudar
from headwater.evaluate.metrics import average_precision
from headwater.evaluate.tables import expected_complaints, market_of, peer_log_price
from headwater.evaluate.worlds import DIFFICULTIES, FAMILIES, WorldParams, make_world
from headwater.evaluate.worth import late_grades
from headwater.parameters.finding import FindParams, HygieneParams

SMALL = WorldParams(orders=60_000, suppliers=60, shops=300, fake_rate=8e-3, base_rate=3e-4, named=0.3, malicious=0.2)


@pytest.fixture(scope="module", params=sorted(FAMILIES))
def world(request):
    return make_world(SMALL, 3, request.param)


def test_the_same_seed_is_the_same_world_and_another_is_not(world):
    family = next(f for f in FAMILIES if np.array_equal(make_world(SMALL, 3, f).price, world.price))
    assert not np.array_equal(make_world(SMALL, 4, family).price, world.price)


def test_only_guilty_suppliers_sell_fakes(world):
    assert world.fake.any()
    assert world.guilty[world.supplier[world.fake]].all()
    assert not (world.guilty & world.discounter).any()


def test_false_complaints_have_their_share_and_hit_shops_without_fakes(world):
    assert world.complaint_false.mean() == pytest.approx(0.2, abs=0.03)
    hit = np.unique(world.shop[world.complaint_order[world.complaint_false]])
    assert not world.fake[np.isin(world.shop, hit)].any()


def test_a_complaint_is_filed_within_the_window_and_never_before_its_order(world):
    assert (world.complaint_filed >= world.day[world.complaint_order]).all()
    assert world.complaint_filed.max() < SMALL.days


def test_named_suppliers_are_the_true_ones(world):
    said = world.named >= 0
    assert (world.named[said] == world.supplier[said]).all()
    assert 0.1 < said.mean() < 0.5


def test_the_tables_lose_no_order_and_no_complaint(world):
    market, _ = market_of(world)
    assert market.flows.orders.sum() == SMALL.orders
    assert len(market.complaints.shop) == len(world.complaint_order)
    assert market.named.orders.sum() == (world.named >= 0).sum()
    assert market.flows.expected.sum() == pytest.approx(expected_complaints(world).sum())


def test_expected_complaints_are_about_as_many_as_were_filed(world):
    assert expected_complaints(world).sum() == pytest.approx(len(world.complaint_order), rel=0.5)


def test_peers_prices_are_centred(world):
    assert abs(np.median(peer_log_price(world))) < 0.05


def test_every_baseline_ranks_every_source_without_nan(world):
    ground = evidence(*market_of(world))
    for name, rank in BASELINES.items():
        score = rank(ground)
        assert score.shape == ground.cells.exposure.shape, name
        assert np.isfinite(score).all(), name
    assert np.isfinite(oracle(world)).all()


def test_the_finding_is_ahead_of_its_peers_when_everything_is_hard():
    world = make_world(DIFFICULTIES["hard"], 7, "guilds")
    market, shops = market_of(world)
    ours = average_precision(find(market, shops).score[: market.suppliers], world.guilty)
    ground = evidence(market, shops)
    peers = {
        name: average_precision(rank(ground)[: market.suppliers], world.guilty) for name, rank in BASELINES.items()
    }
    assert ours > max(peers.values()) + 0.05, peers


def test_no_honest_discounter_is_accused():
    world = make_world(DIFFICULTIES["clean"], 11, "bazaar")
    found = find(*market_of(world))
    assert world.discounter.sum() > 5
    assert found.probability[: len(world.discounter)][world.discounter].max() < 0.9


def test_paid_complaints_lose_their_weight_and_collectors_keep_theirs():
    world = make_world(DIFFICULTIES["malicious"], 5, "bazaar")
    market, shops = market_of(world)
    found = find(market, shops)
    heavy = np.bincount(world.complaint_account)[world.complaint_account] > 1
    assert found.weights[world.complaint_false].mean() < 0.1
    assert found.weights[heavy & ~world.complaint_false].mean() > 0.6
    capped = find(market, shops, FindParams(hygiene=HygieneParams(learn=False)))
    assert capped.weights[heavy & ~world.complaint_false].mean() < 0.5


def test_places_are_named_for_themselves_only_where_no_supplier_explains_as_much():
    world = make_world(DIFFICULTIES["clean"], 2, "guilds")
    market, shops = market_of(world)
    found = find(market, shops)
    is_place = market.kind == PLACE
    own = expit(found.odds - found.by_goods)[is_place]
    assert (own >= 0.9).sum() <= world.guilty_places.sum()
    assert not ((own >= 0.9) & ~world.guilty_places).any()
    told = found.probability[is_place] >= 0.85
    assert told.sum() >= 20
    assert world.guilty_places[told].mean() > 0.8


def test_fraudar_finds_the_dense_block_and_not_the_camouflage():
    rng = np.random.default_rng(0)
    edges = sp.random(300, 200, 0.02, random_state=1).toarray() > 0
    edges[:20, :10] |= rng.random((20, 10)) < 0.9
    edges[:20, 150:160] |= rng.random((20, 10)) < 0.4  # camouflage: popular honest columns
    edges[:, 150:160] |= rng.random((300, 10)) < 0.4
    score = fraudar(sp.csr_matrix(edges.astype(float)))
    assert score[:10].min() > np.quantile(score[10:150], 0.95)
    assert fraudar(sp.csr_matrix((3, 4))).tolist() == [0.0] * 4


HIDDEN = SMALL.model_copy(update={"hidden": 0.5, "named": 0.6})


@pytest.fixture(scope="module", params=sorted(FAMILIES))
def concealed(request):
    return make_world(HIDDEN, 3, request.param)


def test_nobody_names_a_hidden_supplier_and_no_place_is_its_own(concealed):
    assert 0 < concealed.hidden.sum() <= concealed.guilty.sum()
    assert not concealed.hidden[concealed.named[concealed.named >= 0]].any()
    assert not concealed.hidden[concealed.link_supplier].any()


def test_concealing_a_supplier_changes_no_order_but_where_it_leaves_from(concealed):
    worlds = [make_world(HIDDEN.model_copy(update={"hidden": 0.0}), 3, f) for f in FAMILIES]
    plain = next(w for w in worlds if np.array_equal(w.shop, concealed.shop))
    for name in ("shop", "supplier", "price", "fake", "complaint_order"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(concealed, name))
    named = ~concealed.hidden[concealed.supplier]
    np.testing.assert_array_equal(plain.place[named], concealed.place[named])


def test_the_facts_beside_orders_are_whole(concealed):
    b = concealed.beside
    assert len(b.building) == concealed.places
    assert len(b.operator) == concealed.shops
    assert len(concealed.guilty_late) == b.buildings + b.returns + b.operators
    assert np.bincount(b.operator[b.operator >= 0]).min() >= 2
    assert np.bincount(b.return_place, minlength=b.returns).min() >= 2
    assert np.bincount(b.return_shop, weights=b.return_part).max() <= 1 + 1e-12


def test_late_sources_are_graded_against_what_could_be_said_without_them(concealed):
    market, shops = market_of(concealed)
    got = late_grades(concealed, market, find(market, shops))
    assert "latent" in got
    for grades in got.values():
        assert all(np.isfinite(v) for v in grades.values())
        assert grades["right"] <= grades["said"] <= grades["sources"]


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_crowds_complain_once_each_about_honest_suppliers_and_change_nothing_else(family):
    params = WorldParams(orders=100_000, crowds=3, crowd=7)
    plain, crowded = make_world(WorldParams(orders=100_000), 3, family), make_world(params, 3, family)
    bad = crowded.complaint_false
    assert bad.sum() == 21
    of = crowded.supplier[crowded.complaint_order[bad]]
    assert np.bincount(of)[np.unique(of)].tolist() == [7, 7, 7]
    assert not crowded.guilty[of].any()
    account = crowded.complaint_account[bad]
    assert len(np.unique(account)) == 21
    assert not np.isin(account, crowded.complaint_account[~bad]).any()
    assert (crowded.complaint_filed[bad] > crowded.day[crowded.complaint_order[bad]]).all()
    np.testing.assert_array_equal(crowded.complaint_order[~bad], plain.complaint_order)
    assert len(np.unique(crowded.complaint_order)) == len(crowded.complaint_order), "one complaint an order line"


def test_uneven_suppliers_differ_and_keep_the_mean():
    worlds = [make_world(WorldParams(uneven=u, base_rate=5e-3), 4, "bazaar") for u in (0.0, 0.8)]
    spreads = []
    for world in worlds:
        honest = ~world.fake[world.complaint_order]
        drew = np.bincount(world.supplier[world.complaint_order[honest]], minlength=240)
        sold = np.bincount(world.supplier[~world.fake], minlength=240)
        large = sold > 1000
        spreads.append(np.std(np.log((drew[large] + 0.5) / sold[large])))
    assert spreads[1] > spreads[0] + 0.4
    counts = [len(w.complaint_order) for w in worlds]
    assert counts[1] == pytest.approx(counts[0], rel=0.25)
