"""Late sources: they take nothing from suppliers and places, and have what those leave; evidence and complaints still add up."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from headwater.attribution.cells import Cells
from headwater.attribution.explain import QUALIFIER, explain
from headwater.attribution.find import find
from headwater.attribution.late import fit_late, parts
from headwater.attribution.market import BUILDING, LATENT, PLACE
from headwater.attribution.spike_slab import fit
from headwater.evaluate.tables import market_of
from headwater.evaluate.worlds import WorldParams, make_world
from headwater.parameters.finding import FindParams, SpikeSlabParams

MODEL = SpikeSlabParams()


def pair(first_exposure: float, late_exposure: float, complaints: float = 6.0) -> tuple[Cells, Cells]:
    """Complaints whose goods may be one supplier's, and one building's that holds his place: cells without and with the building."""
    shares = sp.csr_matrix([[1.0, 1.0]])
    cells = Cells(
        np.array([complaints]), shares, np.array([first_exposure, late_exposure]), np.array([0, BUILDING]), 60.0,
        late=np.array([False, True]),
    )  # fmt: skip
    return replace(cells, shares=shares[:, :1], exposure=cells.exposure[:1], kind=cells.kind[:1], late=None), cells


def test_what_a_supplier_explains_speaks_for_no_late_source():
    first, cells = pair(0.4, 0.4)
    got = fit_late(cells, fit(first, MODEL), MODEL)
    assert got.posterior[0] > 0.9
    assert got.posterior[1] < 0.1


def test_a_late_source_has_what_the_others_cannot_explain():
    first, cells = pair(30.0, 0.4)
    got = fit_late(cells, fit(first, MODEL), MODEL)
    assert got.posterior[0] < 0.05
    assert got.posterior[1] > 0.9


def test_complaints_attributed_and_background_add_up():
    first, cells = pair(1.0, 0.5)
    got = fit_late(cells, fit(first, MODEL), MODEL)
    assert got.attributed.sum() + got.background == pytest.approx(6.0, abs=1e-6)
    np.testing.assert_allclose(cells.observed @ parts(cells, got), got.attributed, atol=1e-8)


@pytest.fixture(scope="module")
def concealed():
    params = WorldParams(orders=40_000, suppliers=60, shops=300, named=0.5, hidden=0.5, fake_rate=1e-2)
    world = make_world(params, 3, "guilds")
    market, shops = market_of(world)
    return market, shops, find(market, shops)


def test_late_sources_move_no_supplier_and_no_place(concealed):
    market, shops, found = concealed
    early = market.early
    before = find(market, shops, FindParams(late=()))
    assert not before.cells.exposure[early:].any()
    assert found.cells.exposure[early:].any()
    for name in ("score", "side", "probability"):
        np.testing.assert_allclose(getattr(found, name)[:early], getattr(before, name)[:early], rtol=0, atol=1e-9)
    for name in ("ln_bf", "posterior", "phibar", "attributed"):
        np.testing.assert_allclose(
            getattr(found.fit, name)[:early], getattr(before.fit, name)[:early], rtol=0, atol=1e-9
        )
    np.testing.assert_allclose(found.weights, before.weights, rtol=0, atol=1e-9)


def test_the_evidence_of_late_sources_adds_up_to_their_bayes_factor(concealed):
    market, _, found = concealed
    top = np.argsort(-found.score[market.early :])[:20] + market.early
    chosen = np.concatenate([top, np.argsort(-found.score[: market.early])[:20]])
    why = explain(found.cells, found.fit, market.complaints.shop, found.flow, chosen, MODEL.fine)
    total = np.bincount(why.source, weights=why.contribution, minlength=market.sources)
    np.testing.assert_allclose(total[chosen], found.fit.ln_bf[chosen], atol=1e-6)
    assert (why.contribution[why.kind == QUALIFIER] <= 1e-6).all()  # the divergence is never negative
    assert np.isfinite(why.ln_bf_without).all()


def test_everything_attributed_adds_up_and_nothing_is_nan(concealed):
    market, _, found = concealed
    assert found.fit.attributed.sum() + found.fit.background == pytest.approx(found.weights.sum(), abs=1e-5)
    for values in (found.score, found.probability, found.fit.ln_bf, found.fit.prior):
        assert len(values) == market.sources
        assert np.isfinite(values).all()


def test_types_that_are_not_in_use_have_no_exposure(concealed):
    market, shops, _ = concealed
    found = find(market, shops, FindParams(late=("latent",)))
    assert (found.cells.exposure[(market.kind > PLACE) & (market.kind < LATENT)] == 0).all()
    assert (found.cells.exposure[market.kind == LATENT] > 0).any()
