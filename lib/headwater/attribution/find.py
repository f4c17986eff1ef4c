"""From a window to ranked sources: shares, complaint weights, Bayes factors and the evidence beside complaints, in that order."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from scipy.special import expit, logit

from headwater.attribution import hygiene, shares, side
from headwater.attribution.calibrate import temper
from headwater.attribution.cells import Cells
from headwater.attribution.hygiene import Corroborate
from headwater.attribution.market import PLACE, Cleared, Floats, Ints, Market
from headwater.attribution.spike_slab import Fit, SourceFit, fit
from headwater.attribution.verdict_terms import counts_after_clearing
from headwater.parameters.finding import FindParams


@dataclass(frozen=True)
class Found:
    """Sources in the order of `Market.kind` (suppliers, then places).

    score is the posterior log odds (what ranks), probability what is published of it until verdicts calibrate it (tempered);
    `side` what signs beyond complaints add to the log odds; weights (complaints,) after hygiene; cells and shares as the
    last fit used them.
    """

    fit: SourceFit
    score: Floats
    probability: Floats
    side: Floats
    slopes: Floats
    features: Floats
    weights: Floats
    cells: Cells
    exposure_shares: sp.csr_matrix
    inferred: shares.Inferred


@dataclass(frozen=True)
class _Ground:
    """What does not change between rounds: shares of flows and complaints by source, and the cells with raw complaints."""

    inferred: shares.Inferred
    through: sp.csr_matrix
    cells: Cells
    offset: Floats


def find(market: Market, listing_shop: Ints, params: FindParams | None = None, fit: Fit = fit) -> Found:
    """Ranked sources of a window. `listing_shop` (listings,) is the shop of each listing; `fit` makes every fit of the model.

    Two passes of: weigh complaints, fit sources, and in rounds learn what signs beyond complaints are worth and fit again.
    """
    params = params or FindParams()
    ground = _ground(market, listing_shop, params)
    kind = market.kind
    features = side.standardise(side.signs(market, ground.through, params.side), kind)
    live = (ground.cells.exposure > 0).astype(np.float64)
    weight, extra, slopes = np.ones(len(market.complaints.shop)), np.zeros(len(kind)), np.zeros(0)
    cells, got = ground.cells, None
    for _ in range(params.passes):
        weight = hygiene.weights(market.complaints, _corroborator(market, ground, extra, params, fit), params.hygiene)
        for round_ in range(1 + (params.side.rounds if features.shape[1] else 0)):
            if round_ and got is not None:
                slopes = side.learn_slopes(features, kind, got.posterior, live, params.side)
                extra = side.side_log_odds(features, slopes, got.ln_bf, logit(got.prior) - extra, kind, params.side)
            cells = replace(ground.cells, observed=weight, offset=ground.offset + extra)
            got = fit(cells, params.model)
    got = got or fit(cells, params.model)
    score = logit(got.prior) + got.ln_bf
    if params.doubt_identity:
        sure = identity(cells, market.complaints.shop)
        score = logit(np.clip(sure * expit(score) + (1 - sure) * np.minimum(got.prior, expit(score)), 1e-15, 1 - 1e-15))
    score = np.round(score, params.model.decimals)
    return Found(
        fit=got, score=score, probability=temper(score, params.tempering), side=extra, slopes=slopes, features=features,
        weights=weight, cells=cells, exposure_shares=ground.through, inferred=ground.inferred,
    )  # fmt: skip


def flow_by_shop(market: Market, found: Found) -> sp.csr_matrix:
    """(shops x sources) expected complaints of each shop through each source: what `explain` and the proximity read."""
    flows = market.flows
    rows = sp.csr_matrix(
        (flows.expected, (flows.shop, np.arange(len(flows.shop)))), shape=(market.shops, len(flows.shop))
    )
    flow = (rows @ found.exposure_shares).tocsr()
    whole = np.asarray(flow.sum(axis=0)).ravel()
    kept = np.where(whole > 0, found.cells.exposure / np.maximum(whole, 1e-300), 1.0)  # below 1 for what was cleared
    return (flow @ sp.diags(kept)).tocsr()


def flow_by_cell(market: Market, found: Found) -> sp.csr_matrix:
    """(cells of orders x sources) expected complaints E_c w_cj: what `cases.group_cases` compares."""
    return (sp.diags(market.flows.expected) @ found.exposure_shares).tocsr()


def _ground(market: Market, listing_shop: Ints, params: FindParams) -> _Ground:
    known = shares.learn(market, listing_shop, params.shares)
    f, c = market.flows, market.complaints
    suppliers = shares.supplier_shares(known, f.shop, f.place, f.supplier, None, params.shares)
    through = sp.hstack([suppliers, shares.place_shares(known, f.shop, f.place)]).tocsr()
    listing = c.listing if params.by_listing else None
    suppliers = shares.supplier_shares(known, c.shop, c.place, c.supplier, listing, params.shares)
    at = sp.hstack([suppliers, shares.place_shares(known, c.shop, c.place)]).tocsr()
    exposure = np.asarray(through.T @ f.expected)
    if market.cleared is not None:
        at, exposure = after_clearing(at, exposure, c.filed, market.cleared)
    users = np.concatenate([np.zeros(market.suppliers), np.diff(known.shop_place.tocsc().indptr)])
    alone = np.where(users <= 1, params.lone_place_odds, 0.0)
    offset = np.where(market.kind == PLACE, params.place_odds + alone, 0.0)
    cells = Cells(
        observed=np.ones(len(c.shop)), shares=at, exposure=exposure, kind=market.kind,
        expected_total=float(f.expected.sum()), offset=offset,
        owner=owners(through, f.expected, market, params.owned_from),
    )  # fmt: skip
    return _Ground(known, through, cells, offset)


def after_clearing(at: sp.csr_matrix, exposure: Floats, filed: Ints, cleared: Cleared) -> tuple[sp.csr_matrix, Floats]:
    """Complaint shares and exposure without what a cleared source had drawn until the decision."""
    day = np.full(len(exposure), -1)
    day[cleared.source] = cleared.day
    entry = at.tocoo()
    counts = counts_after_clearing(filed[entry.row], day[entry.col])
    kept = sp.csr_matrix((entry.data[counts], (entry.row[counts], entry.col[counts])), shape=at.shape)
    later = np.ones(len(exposure))
    later[cleared.source] = cleared.later
    return kept, exposure * later


def _corroborator(market: Market, ground: _Ground, extra: Floats, params: FindParams, fit: Fit) -> Corroborate:
    """Fit to some of the complaints -> probability that a source of each complaint's goods is guilty, and its mean over orders."""
    cells, expected = ground.cells, market.flows.expected

    def corroborate(train: Floats) -> tuple[Floats, float]:
        part = float(train.sum()) / max(len(train), 1)
        some = replace(
            cells, observed=train, exposure=cells.exposure * part, expected_total=cells.expected_total * part,
            offset=ground.offset + extra,
        )  # fmt: skip
        posterior = fit(some, params.model).posterior
        chance = np.minimum(ground.through @ posterior, 1.0) @ expected / max(cells.expected_total, 1e-12)
        return np.minimum(cells.shares @ posterior, 1.0), float(chance)

    return corroborate


def owners(through: sp.csr_matrix, expected: Floats, market: Market, owned_from: float) -> Ints:
    """(sources,) the supplier whose goods make up `owned_from` or more of a place's exposure; -1 for suppliers and shared places."""
    none = np.full(market.sources, -1, dtype=np.int64)
    if not (market.suppliers and market.places):
        return none
    supplier, place = through[:, : market.suppliers], through[:, market.suppliers :]
    together = (place.T @ sp.diags(expected) @ supplier).tocsr()
    volume = np.asarray(place.T @ expected).ravel()
    most = together.max(axis=1).toarray().ravel()
    owned = (volume > 0) & (most >= owned_from * volume)
    none[market.suppliers :] = np.where(owned, np.asarray(together.argmax(axis=1)).ravel(), -1)
    return none


def identity(cells: Cells, shop: Ints) -> Floats:
    """(sources,) probability that at least one complaint laid at its door was about its goods; 1 without complaints.

    The inferred shares of one shop's complaints err together (a supplier that the shop never names looks like one that it does), so a
    shop counts once, with its largest share: 1 - prod over shops of (1 - max w_cj). A named order settles it.
    """
    entry = cells.shares.tocoo()
    heard = cells.observed[entry.row] > 0
    sources = cells.shares.shape[1]
    key = shop[entry.row[heard]].astype(np.int64) * sources + entry.col[heard]
    pair, row = np.unique(key, return_inverse=True)
    most = np.zeros(len(pair))
    np.maximum.at(most, row, np.clip(entry.data[heard], 0.0, 1.0))
    doubt = np.bincount(pair % max(sources, 1), weights=np.log1p(-np.minimum(most, 1 - 1e-12)), minlength=sources)
    heard_of = np.bincount(pair % max(sources, 1), minlength=sources) > 0
    return np.where(heard_of, -np.expm1(doubt), 1.0)
