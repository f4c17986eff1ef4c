"""From a window to ranked sources: shares, complaint weights, Bayes factors and the evidence beside complaints, in that order."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from scipy.special import expit, logit

from headwater.attribution import hygiene, shares, side
from headwater.attribution.backed import believed_without, complaints_alone, either, evidence_without_best, held_back
from headwater.attribution.calibrate import temper
from headwater.attribution.cells import Cells
from headwater.attribution.goods import goods_of_places, guilt_by_goods, owners, whose_goods_are_said
from headwater.attribution.honest import honest_rates
from headwater.attribution.hygiene import Corroborate
from headwater.attribution.late import fit_late
from headwater.attribution.late_shares import late_shares, sources_of_their_own
from headwater.attribution.market import PLACE, Bools, Cleared, Floats, Ints, Market, by_group
from headwater.attribution.spike_slab import Fit, SourceFit, fit, refined
from headwater.attribution.verdict_terms import counts_after_clearing
from headwater.parameters.finding import FindParams


@dataclass(frozen=True)
class Found:
    """Sources in the order of `Market.kind` (suppliers and places, then the late ones).

    honest is what speaks for an honest source of a rate of its own, against the fit's Bayes factor (`attribution/honest.py`); odds the
    posterior log odds after it, score what ranks: the same with a chance that the operator that says most was bought against or sells
    fakes of his own (`believed_without`). probability what is published of it until verdicts calibrate it (tempered), `left` the
    own log odds without the operator that says most, even odds at most where complaints are `alone` (both in `backed`). `side` is what
    signs beyond complaints add to the log odds; `goods` (places x suppliers) whose goods leave which place, `by_goods` what the guilt
    of suppliers adds to the log odds of places by them, and `goods_said` the same where orders say whose goods leave the place.
    weights (complaints,) after hygiene; cells and shares as the last fit used them; flow (shops x sources) the complaints expected of
    each shop through each source, its column sums are `cells.exposure`. anew: the sources that start anew since a person cleared them,
    or whose goods they are.
    """

    fit: SourceFit
    honest: Floats
    odds: Floats
    score: Floats
    probability: Floats
    left: Floats
    alone: Bools
    side: Floats
    goods: sp.csr_matrix
    by_goods: Floats
    goods_said: Floats
    slopes: Floats
    features: Floats
    weights: Floats
    cells: Cells
    flow: sp.csr_matrix
    exposure_shares: sp.csr_matrix
    inferred: shares.Inferred
    anew: Cleared | None


@dataclass(frozen=True)
class _Ground:
    """What does not change between rounds: shares of flows and complaints by source, whose goods leave which place and who owns which,
    and the cells with raw complaints; of all sources, and (`early`) of those that explain first; what people found of the goods of each
    complaint."""

    inferred: shares.Inferred
    through: sp.csr_matrix
    goods: sp.csr_matrix
    owner: Ints
    cells: Cells
    early: Cells
    offset: Floats
    anew: Cleared | None
    verified: Floats


def find(market: Market, listing_shop: Ints, params: FindParams | None = None, fit: Fit = fit) -> Found:
    """Ranked sources of a window. `listing_shop` (listings,) is the shop of each listing; `fit` makes every fit of the model.

    Two passes of: weigh complaints, fit sources, and in rounds learn what signs beyond complaints are worth and fit again.
    """
    params = params or FindParams()
    ground = _ground(market, listing_shop, params)
    kind, early = market.kind, market.early
    features = side.standardise(side.signs(market, ground.through, ground.owner, params.side), kind)
    live = (ground.early.exposure > 0).astype(np.float64)
    weight, extra, slopes = np.ones(len(market.complaints.shop)), np.zeros(early), np.zeros(0)
    due = np.bincount(market.flows.shop, weights=market.flows.expected, minlength=market.shops)[market.complaints.shop]
    offset = ground.offset[:early]
    cells, got = ground.early, None
    for _ in range(params.passes):
        corroborate = _corroborator(market, ground, extra, params, fit)
        weight = hygiene.weights(market.complaints, corroborate, due, ground.verified, params.hygiene)
        for round_ in range(1 + (params.side.rounds if features.shape[1] else 0)):
            if round_ and got is not None:
                slopes = side.learn_slopes(features[:early], kind[:early], got.posterior, live, params.side)
                extra = side.side_log_odds(features[:early], slopes, got.ln_bf, logit(got.prior) - extra, params.side)
            cells = replace(ground.early, observed=weight, offset=offset + extra)
            got = fit(cells, params.model)
    got = got or fit(cells, params.model)
    cells = replace(ground.cells, observed=weight, offset=ground.offset)
    if market.sources > early:
        got, extra = _late(cells, ground.offset, got, features, slopes, extra, params)
    fine = params.model.fine
    got, loglik = refined(cells, got, fine)
    got, extra = _never_beyond_even_odds(got, extra, params)
    sure = identity(cells, market.complaints.shop) if params.doubt_identity else np.ones(market.sources)
    honest = honest_rates(cells, got, fine, params.honest)
    odds = np.round(doubted(got.ln_bf - honest.speaks, got.prior, sure), params.model.decimals)
    by_goods = np.round(guilt_by_goods(odds, ground.goods, market, params.goods_fake), params.model.decimals)
    odds = np.round(odds + by_goods, params.model.decimals)
    flow = _flow_by_shop(market, ground.through, cells)
    least = evidence_without_best(market, cells, got, flow, np.flatnonzero(odds > 0), loglik, honest, fine)
    left = np.round(doubted(least, got.prior, sure), params.model.decimals)
    alone = complaints_alone(extra, slopes, kind, params.calibration)
    left = np.where(alone, np.minimum(left, 0.0), left)
    goods_said = np.where(whose_goods_are_said(ground.inferred.at_place, market), by_goods, 0.0)
    probability = held_back(temper(odds, params.tempering), left + goods_said, params.calibration)
    score = np.round(believed_without(odds, left + goods_said, params.operator_alone), params.model.decimals)
    return Found(
        fit=got, honest=np.round(honest.speaks, params.model.decimals), odds=odds, score=score, probability=probability, left=left,
        alone=alone, side=extra, goods=ground.goods, by_goods=by_goods, goods_said=goods_said, slopes=slopes, features=features,
        weights=weight, cells=cells, flow=flow, exposure_shares=ground.through, inferred=ground.inferred, anew=ground.anew,
    )  # fmt: skip


def _flow_by_shop(market: Market, through: sp.csr_matrix, cells: Cells) -> sp.csr_matrix:
    """(shops x sources) expected complaints of each shop through each source; after clearing, what counts of them."""
    flow = (by_group(market.flows.shop, market.shops, market.flows.expected) @ through).tocsr()
    whole = np.asarray(flow.sum(axis=0)).ravel()
    kept = np.where(whole > 0, cells.exposure / np.maximum(whole, 1e-300), 1.0)  # below 1 for what was cleared
    return (flow @ sp.diags(kept)).tocsr()


def flow_by_cell(market: Market, found: Found) -> sp.csr_matrix:
    """(cells of orders x sources) expected complaints E_c w_cj: what `cases.group_cases` compares."""
    return (sp.diags(market.flows.expected) @ found.exposure_shares).tocsr()


def _never_beyond_even_odds(got: SourceFit, extra: Floats, params: FindParams) -> tuple[SourceFit, Floats]:
    """The fit and what signs add to each source's log odds, within their bound: the share of guilty sources, which was learnt after the
    signs were bounded by it, may have risen since."""
    base = logit(got.prior) - extra
    bounded = side.to_even_odds(extra, base)
    prior = np.where(bounded == extra, got.prior, expit(base + bounded))
    posterior = np.round(expit(logit(prior) + got.ln_bf), params.model.decimals)
    return replace(got, prior=prior, posterior=posterior), bounded


def _late(
    cells: Cells, offset: Floats, first: SourceFit, features: Floats, slopes: Floats, extra: Floats, params: FindParams
) -> tuple[SourceFit, Floats]:
    """The fit of all sources beside the `first` one, and what the signs add to each: worth what they are among the others."""
    early = len(first.ln_bf)
    none = np.zeros(len(cells.kind) - early)
    got, late = fit_late(cells, first, params.model), none
    for _ in range(2 if len(slopes) else 0):  # whether signs may raise a source depends on what its complaints say
        base = logit(got.prior[early:]) - late
        late = side.side_log_odds(features[early:], slopes, got.ln_bf[early:], base, params.side)
        cells = replace(cells, offset=offset + np.concatenate([np.zeros(early), late]))
        got = fit_late(cells, first, params.model)
    return got, np.concatenate([extra, late])


def _ground(market: Market, listing_shop: Ints, params: FindParams) -> _Ground:
    known = shares.learn(market, listing_shop, params.shares)
    f, c = market.flows, market.complaints
    through = shares_of(known, market, f.shop, f.place, f.supplier, None, params)
    listing = c.listing if params.by_listing else None
    at = shares_of(known, market, c.shop, c.place, c.supplier, listing, params)
    kind, early = market.kind, market.early
    if market.beside is not None:
        place = through[:, market.suppliers : early]
        own = sources_of_their_own(market, through[:, early:], place, params)
        kept = sp.diags(np.concatenate([np.ones(early), own]))
        through, at = (through @ kept).tocsr(), (at @ kept).tocsr()
        through.eliminate_zeros()
        at.eliminate_zeros()
    exposure = np.asarray(through.T @ f.expected)
    anew, verified = None, _verified(at, market)
    if market.cleared is not None:
        anew = with_their_goods(market.cleared, market, through, params.owned_from)
        at, exposure = after_clearing(at, exposure, c.filed, anew)
    named, said = (np.diff(m.tocsc().indptr) for m in (known.shop_place, known.from_place))
    users = np.concatenate([np.zeros(market.suppliers), np.where(named > 0, named, said)])
    odds = np.array([0.0, params.place_odds, params.building_odds, params.return_odds, params.latent_odds])
    offset = odds[kind]
    offset[:early] += np.where((kind[:early] == PLACE) & (users <= 1), params.lone_place_odds, 0.0)
    goods = goods_of_places(market, through)
    owner = np.full(market.sources, -1, dtype=np.int64)
    owner[:early] = whose = owners(goods, known.at_place, market, params.owned_from)
    cells = Cells(
        observed=np.ones(len(c.shop)), shares=at, exposure=exposure, kind=kind, expected_total=float(f.expected.sum()),
        offset=offset, owner=owner, late=kind > PLACE if market.sources > early else None,
    )  # fmt: skip
    first = replace(
        cells, shares=at[:, :early], exposure=exposure[:early], kind=kind[:early], offset=offset[:early],
        owner=owner[:early], late=None,
    )  # fmt: skip
    return _Ground(known, through, goods, whose, cells, first, offset, anew, verified)


def _verified(at: sp.csr_matrix, market: Market) -> Floats:
    """(complaints,) 1 where its goods are rather a confirmed source's than not, 0 where a cleared one's, NaN where nobody judged them."""
    confirmed = np.zeros(market.sources)
    confirmed[[] if market.confirmed is None else market.confirmed] = 1.0
    cleared = np.zeros(market.sources)
    if market.cleared is not None:
        cleared[market.cleared.source] = 1.0
    guilty, not_so = at @ confirmed > 0.5, at @ cleared > 0.5
    return np.where(guilty, 1.0, np.where(not_so, 0.0, np.nan))


def shares_of(
    known: shares.Inferred,
    market: Market,
    shop: Ints,
    place: Ints,
    supplier: Ints,
    listing: Ints | None,
    params: FindParams,
) -> sp.csr_matrix:
    """(cells x sources) what of each cell of orders flows through each source."""
    blocks = []
    # Block by block, for on the way each cell has all suppliers that its shop ever had.
    for start in range(0, max(len(shop), 1), params.shares.block):
        part = slice(start, start + params.shares.block)
        of = None if listing is None else listing[part]
        suppliers, unseen = shares.with_unseen(known, shop[part], place[part], supplier[part], of, params.shares)
        places = shares.place_shares(known, shop[part], place[part])
        parts = [suppliers, places]
        if market.beside is not None:
            parts.append(late_shares(market.beside, shop[part], places, unseen))
        blocks.append(sp.hstack(parts, format="csr"))
    return sp.vstack(blocks, format="csr")


def with_their_goods(cleared: Cleared, market: Market, through: sp.csr_matrix, owned_from: float) -> Cleared:
    """Cleared sources, and the places, buildings, return places and unknown supply of which `owned_from` or more is a cleared one's
    goods: else the complaints that were found to be no fault of a supplier would accuse its own warehouse."""
    flow = sp.diags(market.flows.expected) @ through
    other = np.setdiff1d(np.flatnonzero(market.kind >= PLACE), cleared.source)
    common = (through[:, other].T @ flow[:, cleared.source]).tocoo()
    whole = np.asarray(flow[:, other].sum(axis=0)).ravel()
    theirs = common.data >= owned_from * whole[common.row]
    row, of = common.row[theirs], common.col[theirs]
    last = np.lexsort((-cleared.day[of], row))
    row, first = np.unique(row[last], return_index=True)
    of = of[last][first]
    return Cleared(
        np.concatenate([cleared.source, other[row]]),
        np.concatenate([cleared.day, cleared.day[of]]),
        np.concatenate([cleared.later, cleared.later[of]]),
    )


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
    cells, expected = ground.early, market.flows.expected
    through, offset = ground.through[:, : market.early], ground.offset[: market.early]

    def corroborate(train: Floats) -> tuple[Floats, float]:
        part = float(train.sum()) / max(len(train), 1)
        some = replace(
            cells, observed=train, exposure=cells.exposure * part, expected_total=cells.expected_total * part,
            offset=offset + extra,
        )  # fmt: skip
        posterior = fit(some, params.model).posterior
        chance = np.minimum(through @ posterior, 1.0) @ expected / max(cells.expected_total, 1e-12)
        return np.minimum(cells.shares @ posterior, 1.0), float(chance)

    return corroborate


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
    with np.errstate(divide="ignore"):  # a named order leaves no doubt at all
        doubt = np.bincount(pair % max(sources, 1), weights=np.log1p(-most), minlength=sources)
    heard_of = np.bincount(pair % max(sources, 1), minlength=sources) > 0
    return np.where(heard_of, -np.expm1(doubt), 1.0)


def doubted(ln_bf: Floats, prior: Floats, sure: Floats) -> Floats:
    """(sources,) log odds of guilt: by the evidence if it is the source's own (with probability `sure`), else at most the prior's.

    On logarithms, so that evidence of hundreds of natural log units keeps its size and its order."""
    own = logit(prior) + ln_bf
    other = np.minimum(own, logit(prior))
    with np.errstate(divide="ignore"):
        yes, no = np.log(sure), np.log1p(-sure)
    return either(yes, own, no, other)
