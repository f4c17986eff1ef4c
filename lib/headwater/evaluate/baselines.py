"""What the finding has to beat: nine rankings of sources from the same evidence, and an oracle that no one has.

All read the same `Evidence`: complaint weights by the cap per account (k complaints weigh 1/k each), shares as docs/model.md infers them
from the named orders of a listing, else of its shop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.special import expit, logit

from headwater.attribution import gamma_poisson, hygiene, shares
from headwater.attribution.cells import Cells, entries_of
from headwater.attribution.find import find
from headwater.attribution.market import Floats, Ints, Market, by_group
from headwater.attribution.spike_slab import bayes_factors, fit
from headwater.attribution.sweeps import log_likelihoods
from headwater.evaluate.fraudar import fraudar
from headwater.evaluate.tables import expected_complaints
from headwater.evaluate.worlds import World
from headwater.parameters.finding import (
    SIGNS,
    FindParams,
    HonestParams,
    HygieneParams,
    ShareParams,
    SideParams,
    SpikeSlabParams,
)

PLAIN = ShareParams(use_places=False)
# What one expects of fakes, and no less.
FIRST_SLAB = SpikeSlabParams(grid_points=14, lift_min=1.0, lift_centre=15.0, lift_spread=1.2)


@dataclass(frozen=True)
class Evidence:
    """Complaints and exposure by source and by (shop, source), shared by all baselines.

    cells: weighted complaints and shares; flow (shops x sources, CSR) expected complaints of a shop through a source;
    observed, expected (shops,) of each shop.
    """

    cells: Cells
    flow: sp.csr_matrix
    observed: Floats
    expected: Floats
    shop: Ints


def evidence(market: Market, listing_shop: Ints) -> Evidence:
    """The baselines' common ground."""
    known = shares.learn(market, listing_shop, PLAIN)
    f, c = market.flows, market.complaints
    through = sp.hstack(
        [
            shares.supplier_shares(known, f.shop, f.place, f.supplier, None, PLAIN),
            shares.place_shares(known, f.shop, f.place),
        ]
    ).tocsr()
    at = sp.hstack(
        [
            shares.supplier_shares(known, c.shop, c.place, c.supplier, c.listing, PLAIN),
            shares.place_shares(known, c.shop, c.place),
        ]
    ).tocsr()
    weight = hygiene.default_weights(c, 0.0, HygieneParams())
    total = float(f.expected.sum())
    cells = Cells(weight, at, np.asarray(through.T @ f.expected), market.kind[: market.early], total)
    by_shop = by_group(f.shop, market.shops, f.expected)
    return Evidence(
        cells=cells,
        flow=(by_shop @ through).tocsr(),
        observed=np.bincount(c.shop, weights=weight, minlength=market.shops),
        expected=np.bincount(f.shop, weights=f.expected, minlength=market.shops),
        shop=c.shop,
    )


def _pool(e: Evidence) -> tuple[Floats, Floats]:
    """Complaints and expected complaints of all shops that a source touches, whatever its share."""
    touched = (e.flow > 0).astype(np.float64)
    return np.asarray(touched.T @ e.observed), np.asarray(touched.T @ e.expected)


def _weighted(e: Evidence) -> tuple[Floats, Floats]:
    """Complaints and expected complaints of a source by its shares."""
    return np.asarray(e.cells.shares.T @ e.cells.observed), e.cells.exposure


def _shrunk(observed: Floats, expected: Floats, q: float | None) -> Floats:
    mixture = gamma_poisson.fit(*gamma_poisson.squash(observed, expected))
    return (
        gamma_poisson.ebgm(mixture, observed, expected)
        if q is None
        else gamma_poisson.quantile(mixture, observed, expected, q)
    )


def complaint_count(e: Evidence) -> Floats:
    """Complaints in the source's shops."""
    return _pool(e)[0]


def raw_rate(e: Evidence) -> Floats:
    """Complaints over expected complaints of the source's shops."""
    observed, expected = _pool(e)
    return observed / np.maximum(expected, 1e-9)


def ebgm(e: Evidence) -> Floats:
    """Shrunk rate of the source's shops (DuMouchel 1999)."""
    return _shrunk(*_pool(e), None)


def eb05(e: Evidence) -> Floats:
    """Its 5 % quantile."""
    return _shrunk(*_pool(e), 0.05)


def eb05_weighted(e: Evidence) -> Floats:
    """EB05 of the share-weighted complaints."""
    return _shrunk(*_weighted(e), 0.05)


def _adjacency(e: Evidence) -> sp.csr_matrix:
    """Shops and sources as one undirected graph, weighted by expected complaints."""
    return sp.bmat([[None, e.flow], [e.flow.T, None]]).tocsr()


def _walk(step: sp.csr_matrix, start: Floats, damping: float = 0.85, rounds: int = 60) -> Floats:
    rank = start
    for _ in range(rounds):
        moved = step @ rank
        rank = damping * moved + (1 - damping * moved.sum()) * start
    return rank


def pagerank_ratio(e: Evidence) -> Floats:
    """Personalised PageRank from the shops' complaints over plain PageRank (Haveliwala 2002), for hubs attract both."""
    graph = _adjacency(e)
    degree = np.asarray(graph.sum(axis=0)).ravel()
    step = (graph @ sp.diags(1 / np.maximum(degree, 1e-12))).tocsr()
    n = graph.shape[0]
    start = np.concatenate([e.observed, np.zeros(n - len(e.observed))])
    even = np.full(n, 1.0 / n)
    seed = start / start.sum() if start.sum() > 0 else even
    return (_walk(step, seed) / _walk(step, even))[len(e.observed) :]


def linbp(e: Evidence) -> Floats:
    """b = e + 2h S b on the normalised graph, 2h = .8, shops' prior belief ln EB05 (Gatterbauer et al. 2015, without the echo)."""
    graph = _adjacency(e)
    degree = np.maximum(np.asarray(graph.sum(axis=0)).ravel(), 1e-12)
    scale = sp.diags(1 / np.sqrt(degree))
    step = (scale @ graph @ scale).tocsr()
    own = np.log(np.maximum(_shrunk(e.observed, e.expected, 0.05), 1e-9))
    belief = np.concatenate([own - own.mean(), np.zeros(graph.shape[0] - len(own))])
    out = belief
    for _ in range(60):
        out = belief + 0.8 * (step @ out)
    return out[len(own) :]


def fraudar_sources(e: Evidence) -> Floats:
    """FRAUDAR on complaints between shops and sources."""
    by_shop = by_group(e.shop, len(e.observed), e.cells.observed)
    return fraudar((by_shop @ e.cells.shares).tocsr())


def mean_field_split(e: Evidence, rounds: int = 60) -> Floats:
    """The textbook variational split of each complaint among its sources, same prior: ln odds from what a source is given."""
    params = FIRST_SLAB
    cells, grid = e.cells, params.grid
    odds = logit(params.prior_start)
    phi = np.full(len(cells.exposure), params.prior_start * params.lift_centre)
    ln_bf = np.zeros(len(phi))
    for _ in range(rounds):
        rate = 1.0 + cells.shares @ phi
        given = (1.0 + phi) * np.asarray(
            cells.shares.T @ (cells.observed / rate)
        )  # its own and its share of the background's
        likelihood = np.multiply.outer(given, np.log1p(grid)) - np.multiply.outer(cells.exposure, grid)
        ln_bf, q = bayes_factors(likelihood, params.log_weights)
        phi = 0.5 * phi + 0.5 * expit(odds + ln_bf) * (q @ grid)
    return ln_bf


def one_sweep(e: Evidence) -> Floats:
    """The Bayes factor of each source alone, nobody else explaining anything."""
    params = FIRST_SLAB
    zero = np.zeros(len(e.cells.exposure))
    loglik = log_likelihoods(entries_of(e.cells), np.ones(len(e.cells.observed)), zero, e.cells.exposure, params)
    return bayes_factors(loglik, params.log_weights)[0]


def spike_slab(e: Evidence) -> Floats:
    """docs/model.md step 3 as it stands: capped complaints, listings, no evidence beyond complaints, no places in the inference."""
    got = fit(e.cells, FIRST_SLAB.model_copy(update={"decisive": 0.0}))
    return np.asarray(logit(got.prior) + got.ln_bf)


BASELINES: dict[str, Callable[[Evidence], Floats]] = {
    "complaint count": complaint_count,
    "raw rate": raw_rate,
    "EBGM": ebgm,
    "EB05": eb05,
    "EB05 share-weighted": eb05_weighted,
    "PPR / PageRank": pagerank_ratio,
    "LinBP normalised": linbp,
    "FRAUDAR": fraudar_sources,
    "mean-field split": mean_field_split,
    "Bayes factor, one sweep": one_sweep,
    "spike and slab, plain": spike_slab,
}

_CAP_ONLY = HygieneParams(learn=False)
ABLATIONS: dict[str, FindParams] = {
    "full": FindParams(),
    "- learnt complaint weights": FindParams(hygiene=_CAP_ONLY),
    "- listing grain": FindParams(by_listing=False),
    "- dispatch places": FindParams(shares=PLAIN),
    **{f"- {sign}": FindParams(side=SideParams(use=tuple(s for s in SIGNS if s != sign))) for sign in SIGNS},
    "- all signs beyond complaints": FindParams(side=SideParams(use=())),
    "- wide slab": FindParams(model=FIRST_SLAB),
    "- honest sources differ": FindParams(honest=HonestParams(spreads=(0.0,))),
    "- decisive sources teach alone": FindParams(model=SpikeSlabParams(decisive=0.0)),
    "- goods of suspected suppliers": FindParams(goods_fake=0.0),
    "- owned places": FindParams(owned_from=1.0),
    "- doubt of identity": FindParams(doubt_identity=False),
    "- second pass": FindParams(passes=1),
    "- lower odds of places": FindParams(place_odds=0.0, lone_place_odds=0.0),
    "- late sources": FindParams(late=()),
    "- siblings": FindParams(shares=ShareParams(siblings=(0.0,), sibling_parts=(0.0,))),
    "- declared dispatch addresses": FindParams(shares=ShareParams(declared_places=0.0)),
}


def ablation(market: Market, listing_shop: Ints, name: str) -> Floats:
    """(sources,) score of the finding with one part taken away."""
    return find(market, listing_shop, ABLATIONS[name]).score


def oracle(world: World) -> Floats:
    """(suppliers,) EBGM with the true supplier of every order known and every false complaint removed; not attainable."""
    genuine = world.complaint_order[~world.complaint_false]
    count = world.params.suppliers
    observed = np.bincount(world.supplier[genuine], minlength=count).astype(np.float64)
    expected = np.bincount(world.supplier, weights=expected_complaints(world), minlength=count)
    return _shrunk(observed, expected, None)
