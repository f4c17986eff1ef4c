"""Honest sources differ: how much is learnt from the night, and what stands out no more than that is not sure to be guilty."""

import numpy as np
import pytest
import scipy.sparse as sp

from headwater.attribution.cells import Cells
from headwater.attribution.find import find
from headwater.attribution.honest import honest_rates
from headwater.attribution.spike_slab import fit, refined
from headwater.evaluate.metrics import average_precision
from headwater.evaluate.tables import market_of
from headwater.evaluate.worlds import WorldParams, make_world
from headwater.parameters.finding import FindParams, HonestParams, SpikeSlabParams

MODEL, PARAMS = SpikeSlabParams(), HonestParams()
ALIKE = FindParams(honest=HonestParams(spreads=(0.0,)))


def suppliers(spread, seed=1, n=300, expected=5.0):
    """A cell a supplier, all honest: what each drew, at a rate of its own."""
    rng = np.random.default_rng(seed)
    rate = np.exp(rng.normal(-(spread**2) / 2, spread, n))
    drew = rng.poisson(expected * rate).astype(np.float64)
    return Cells(drew, sp.identity(n, format="csr"), np.full(n, expected), np.zeros(n, dtype=np.int64), expected * n)


def learnt(cells):
    got = honest_rates(cells, fit(cells), MODEL, PARAMS)
    rates, chance = 1 + got.effects, np.exp(got.log_omega)
    assert chance.sum() == pytest.approx(1.0)
    mean = chance @ np.log(rates)
    return float(np.sqrt(chance @ (np.log(rates) - mean) ** 2)), got


@pytest.mark.parametrize("spread", [0.0, 0.5, 1.0])
def test_how_much_honest_suppliers_differ_is_learnt(spread):
    """A little less than they do: the loudest of them may as well be guilty."""
    found, _ = learnt(suppliers(spread))
    assert 0.7 * spread <= found <= spread + 0.2


def test_nothing_stands_for_the_honest_where_all_draw_the_common_rate():
    _, got = learnt(suppliers(0.0))
    assert got.speaks.max() < 0.5


def test_what_stands_out_as_others_do_is_no_longer_sure():
    cells = suppliers(1.0)
    _, got = learnt(cells)
    loud = np.flatnonzero(cells.observed >= 15)
    plain = fit(cells).ln_bf[loud]
    assert plain.min() > 1
    assert (got.speaks[loud] > 0.7 * plain).all(), "three times what is expected is little here"


def test_without_complaints_the_prior_stands_and_nothing_is_said():
    n = 5
    cells = Cells(np.zeros(0), sp.csr_matrix((0, n)), np.zeros(n), np.zeros(n, dtype=np.int64), 0.0)
    _, got = learnt(cells)
    np.testing.assert_allclose(got.speaks, 0.0, atol=1e-12)


@pytest.mark.parametrize("family", ["bazaar", "guilds"])
def test_honest_suppliers_of_many_complaints_are_not_called_sure(family):
    params = WorldParams(named=0.15, camouflage=0.4, uneven=0.8, base_rate=1e-3, fake_rate=2e-2, orders=300_000)
    wrong, before = 0, 0
    for seed in (3, 4):
        world = make_world(params, seed, family)
        count, truth = params.suppliers, world.guilty
        market, listing_shop = market_of(world)
        with_, without = find(market, listing_shop), find(market, listing_shop, ALIKE)
        wrong += int((with_.probability[:count] >= 0.99)[~truth].sum())
        before += int((without.probability[:count] >= 0.99)[~truth].sum())
        assert (with_.probability[:count] >= 0.99)[truth].sum() >= 5
        scores = [average_precision(f.score[:count], truth) for f in (with_, without)]
        assert scores[0] >= scores[1] - 0.01
    assert wrong <= before
    assert wrong <= 1


@pytest.mark.parametrize("rate", [4.0, 5.0, 6.5, 8.0, 10.0])
def test_a_source_of_hundreds_of_complaints_is_guilty_whatever_lies_between_the_effect_sizes_of_a_sweep(rate):
    cells = suppliers(0.25, n=100, expected=100.0)
    cells.observed[0] = 100 * rate
    fine = MODEL.fine
    got, _ = refined(cells, fit(cells), fine)
    honest = honest_rates(cells, got, fine, PARAMS)
    assert got.ln_bf[0] - honest.speaks[0] > 7
