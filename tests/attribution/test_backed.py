"""Nobody is called sure on one operator's word."""

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import logsumexp

from headwater.attribution.backed import believed_without, complaints_alone, evidence_without_best, held_back
from headwater.attribution.beside import Known
from headwater.attribution.cells import Cells, entries_of
from headwater.attribution.find import find
from headwater.attribution.honest import honest_rates
from headwater.attribution.market import Complaints
from headwater.attribution.sweeps import log_likelihoods
from headwater.evaluate.tables import market_of
from headwater.evaluate.worlds import WorldParams, make_world
from headwater.parameters.finding import CalibrationParams, FindParams

from .windows import told_of, window

PARAMS = CalibrationParams()
FLOWS = [{"seller_id": s, "supplier_id": "u"} for s in "ab"] + [
    {"seller_id": s, "supplier_id": "v", "orders": 1000, "expected_pico": 10**11} for s in "abef"
]
ONE = [{"seller_id": "a", "supplier_id": "u"}] * 9
TWO = [{"seller_id": s, "supplier_id": "u"} for s in "aaaaabbbb"]
TOGETHER = Known(members=pd.DataFrame([(s, "op") for s in "ab"], columns=["seller_id", "operator_id"]))


def told(complaints, known=None):
    """Supplier u's row."""
    _, rows, _ = told_of(window(FLOWS, complaints, known=known))
    return next(r for r in rows.to_dict("records") if r["source_key"] == "u")


def test_sure_needs_the_shops_of_two_operators():
    two, one, together = told(TWO), told(ONE), told(TWO, TOGETHER)
    assert two["probability"] >= PARAMS.sure
    assert two["backed"]
    for row in (one, together):
        assert row["ln_bayes_factor"] > 5, "the evidence is as strong"
        assert row["log_odds"] < two["log_odds"] - 1, "and less is made of it"
        assert row["probability"] == PARAMS.alone_most
        assert row["probability_low"] <= PARAMS.alone_most <= row["probability_high"] < 0.99, (
            "what is said of such a probability"
        )
        assert not row["backed"]
        assert any("rests on the shops of one operator" in said for said in row["reasons"])
    assert not any("rests on the shops" in said for said in two["reasons"])


def test_what_is_left_is_the_evidence_of_a_night_without_the_operator_that_says_most():
    gathered = window(FLOWS, TWO)
    found = find(gathered.market, gathered.listing_shop)
    u = list(gathered.ids.suppliers).index("u")
    market, model = gathered.market, FindParams().model.fine
    honest = honest_rates(found.cells, found.fit, model, FindParams().honest)
    parties = market.party[market.complaints.shop]
    assert len(np.unique(parties)) == 2
    expected = []
    for party in np.unique(parties):
        keep, shops = parties != party, np.flatnonzero(market.party != party)
        c = found.cells
        rest = Cells(c.observed[keep], c.shares[keep], c.exposure, c.kind, c.expected_total, c.offset, c.owner, c.late)
        exposure = found.fit.scale * np.asarray(found.flow[shops].sum(axis=0)).ravel()
        slab, rates = (
            log_likelihoods(entries_of(rest), found.fit.explained[keep], found.fit.phibar, exposure, model, effects)[u]
            for effects in (model.grid, honest.effects)
        )
        expected.append(logsumexp(slab + model.log_weights) - max(logsumexp(rates + honest.log_omega), 0.0))
    whole = log_likelihoods(entries_of(found.cells), found.fit.explained, found.fit.phibar, found.fit.exposure, model)
    got = evidence_without_best(market, found.cells, found.fit, found.flow, np.array([u]), whole, honest, model)
    assert got[u] == pytest.approx(min(expected), abs=1e-6)
    assert 0 < found.left[u] < found.odds[u]
    low = found.odds <= 0
    np.testing.assert_array_equal(found.left[low], found.odds[low])


def test_the_more_complaints_the_more_is_believed():
    """Ten shops with ever more complaints each: what one of them adds is much, what nine of them leave is more."""
    shops = [f"s{i}" for i in range(10)]
    own = [{"seller_id": s, "supplier_id": "u"} for s in shops]
    flows = own + [{"seller_id": s, "supplier_id": "v", "orders": 1000, "expected_pico": 10**11} for s in [*shops, "e"]]
    last = 0.0
    for complaints in (1, 3, 10, 30):
        heard = [{"seller_id": s, "supplier_id": "u"} for s in shops for _ in range(complaints)]
        _, rows, evidence = told_of(window(flows, heard))
        u = next(r for r in rows.to_dict("records") if r["source_key"] == "u")
        assert u["backed"]
        assert u["probability"] >= PARAMS.sure
        assert u["log_odds"] > 2 * last
        last = u["log_odds"]
        mine = evidence[evidence["source_id"] == u["source_id"]]
        assert not (mine["evidence_id"] == "qualifier:identity").any(), (
            "named orders leave no doubt whose goods they are"
        )


def test_what_rests_on_one_operator_is_held_back():
    p = np.array([0.999, 0.999, 0.5, 0.98])
    assert held_back(p, np.array([0.2, 0.0, -3.0, -3.0]), PARAMS) == pytest.approx([0.999, 0.75, 0.5, 0.75])
    assert PARAMS.alone_most < 0.9


def test_complaints_alone_are_those_of_a_supplier_without_signs_where_signs_tell():
    side, kind = np.array([0.9, 1.1, -2.0, 0.9]), np.array([0, 0, 0, 1])
    assert complaints_alone(side, np.array([0.0, 0.9]), kind, PARAMS).tolist() == [True, False, True, False]
    for slopes in (np.array([0.05, 0.0]), np.zeros(0)):
        assert not complaints_alone(side, slopes, kind, PARAMS).any()


def test_a_paid_crowd_that_files_one_complaint_each_for_weeks_makes_no_honest_supplier_sure():
    world = make_world(WorldParams(orders=300_000), 5, "bazaar")
    market, listing_shop = market_of(world)
    honest = ~world.guilty & ~world.discounter
    shops_of = [len(np.unique(world.shop[world.supplier == u])) if honest[u] else 0 for u in range(len(honest))]
    framed = int(np.argmax(shops_of))
    chance = np.random.default_rng(1)
    order = chance.choice(np.flatnonzero((world.named == framed) & (world.day < 60)), 60, replace=False)
    c, crowd = market.complaints, market.accounts + np.arange(60)
    paid = Complaints(
        world.shop[order], world.listing[order], world.place[order], world.named[order], crowd, world.day[order],
        chance.integers(60, 88, 60), np.zeros(60),
    )  # fmt: skip
    both = Complaints(*(np.concatenate([getattr(c, f.name), getattr(paid, f.name)]) for f in fields(Complaints)))
    found = find(replace(market, complaints=both, accounts=market.accounts + 60), listing_shop)
    assert found.odds[framed] > 10, "its complaints say guilty"
    assert found.weights[-60:].mean() > 0.5, "and nothing tells them from victims'"
    assert found.alone[framed]
    assert found.probability[framed] == PARAMS.alone_most
    sure = found.probability[: market.suppliers] >= PARAMS.sure
    assert sure.sum() >= 3
    assert world.guilty[sure].all()


def test_a_chance_that_one_operator_is_bought_leaves_what_the_others_say():
    odds, left = np.array([60.0, 60.0, 2.0, -3.0]), np.array([28.0, 0.0, 2.0, -3.0])
    ranked = believed_without(odds, left, 0.1)
    assert ranked[0] == pytest.approx(28 + np.log(10), abs=0.2)
    assert ranked[1] == pytest.approx(np.log(0.95 / 0.05), abs=1e-6), "one in ten times even odds, else sure"
    assert ranked[2:] == pytest.approx(odds[2:])
    assert believed_without(odds, left, 0.0) == pytest.approx(odds)
