"""Whose goods an order carries when it does not say: shares of each source in cells of orders, from the orders that do say.

Four kinds of knowledge, each learnt from named orders and declared links alone, never from complaints:

- the listing's own named orders, backed by the shop's (Dirichlet-multinomial, concentration learnt by leaving one order out);
- the shop's named orders and declared links, with a mass for suppliers never named there (leaving one listing out);
- its siblings', the other shops of its operator, who may buy together: pseudo-orders learnt by leaving one listing out, or, where no
  order names its supplier, one link;
- the dispatch place: p(place | supplier) turns a shop's mixture into a sharp answer where suppliers ship from places of their own.

The back-off by held-out likelihood is deleted interpolation (Jelinek and Mercer 1980); the escape mass for the unseen is Good's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from headwater.attribution.market import UNKNOWN, Floats, Ints, Market
from headwater.parameters.finding import ShareParams


@dataclass(frozen=True)
class Inferred:
    """What the named orders taught: prior shares of each shop, counts by listing and place, and the chosen weights.

    shop (shops x suppliers, CSR) and unseen (shops,): shares, summing to 1 with the unseen mass.
    listing (listings x suppliers, CSR) named orders; listing_shop (listings,) or -1.
    shop_place (shops x places, CSR) share of the shop's orders that name the place, of those that name one; from_place the same with
    what it declares. ships (places x suppliers, CSR) p(place | supplier); at_place the same of p(supplier | place), not summing to 1.
    """

    shop: sp.csr_matrix
    unseen: Floats
    listing: sp.csr_matrix
    ships: sp.csr_matrix
    at_place: sp.csr_matrix
    place_share: Floats
    shop_place: sp.csr_matrix
    from_place: sp.csr_matrix
    place_named: Floats
    shop_place_named: sp.csr_matrix
    link_weight: float
    sibling_weight: float
    unseen_weight: float
    concentration: float


def learn(market: Market, listing_shop: Ints, params: ShareParams | None = None) -> Inferred:
    """Prior shares by shop, listing and place with their weights, by held-out likelihood of the named orders."""
    params = params or ShareParams()
    flows, named = market.flows, market.named
    known = flows.supplier >= 0
    counts = _matrix(flows.shop[known], flows.supplier[known], flows.orders[known], market.shops, market.suppliers)
    links = _matrix(market.links.shop, market.links.supplier, market.links.weight, market.shops, market.suppliers)
    listing = _matrix(named.listing, named.supplier, named.orders, market.listings, market.suppliers)
    both = known & (flows.place >= 0)
    at = _matrix(flows.place[both], flows.supplier[both], flows.orders[both], market.places, market.suppliers)
    per_supplier = np.asarray(at.sum(axis=0)).ravel()
    per_place = np.asarray(at.sum(axis=1)).ravel()
    placed = flows.place >= 0
    volume = np.bincount(flows.place[placed], weights=flows.orders[placed], minlength=market.places)
    shop_place = _matrix(flows.shop[placed], flows.place[placed], flows.orders[placed], market.shops, market.places)
    placed_and_said = shop_place + params.declared_places * _declared(market)
    own_named = _matrix(flows.shop[both], flows.place[both], flows.orders[both], market.shops, market.places)
    link_weight, unseen_weight = (
        _foretell(listing, listing_shop, counts, links, params.link_weights, params.unseen)
        if listing.nnz
        else (max(params.link_weights), min(params.unseen))
    )
    prior = (counts + link_weight * links).tocsr()
    theirs = siblings(market.party, prior, params.minimum)
    sibling_weight, unseen_weight = (
        _foretell(listing, listing_shop, prior, theirs, params.siblings, params.unseen)
        if listing.nnz
        else _by_links(links, theirs, link_weight, unseen_weight, params)
    )
    prior = (prior + sibling_weight * theirs).tocsr()
    mass = np.asarray(prior.sum(axis=1)).ravel() + unseen_weight
    shop = _scale_rows(prior, 1 / mass)
    concentration = _learn_listing(listing, listing_shop, shop, params)
    return Inferred(
        shop=shop, unseen=unseen_weight / mass, listing=listing,
        ships=(at @ sp.diags(1 / np.maximum(per_supplier, 1.0))).tocsr(),
        at_place=_scale_rows(at, 1 / (per_place + params.place_pseudo)),
        place_share=volume / max(volume.sum(), 1.0),
        shop_place=_scale_rows(shop_place, 1 / np.maximum(np.asarray(shop_place.sum(axis=1)).ravel(), 1.0)),
        from_place=_scale_rows(
            placed_and_said, 1 / np.maximum(np.asarray(placed_and_said.sum(axis=1)).ravel(), params.declared_unknown)
        ),
        place_named=per_place, shop_place_named=own_named, link_weight=link_weight, sibling_weight=sibling_weight,
        unseen_weight=unseen_weight, concentration=concentration,
    )  # fmt: skip


def supplier_shares(
    known: Inferred, shop: Ints, place: Ints, supplier: Ints, listing: Ints | None, params: ShareParams | None = None
) -> sp.csr_matrix:
    """(cells x suppliers) shares of each cell of orders: 1 for a named supplier, else inferred; the rest is unknown.

    `listing` is given for complaints; whole flows have none and use the shop's shares.
    """
    return with_unseen(known, shop, place, supplier, listing, params)[0]


def with_unseen(
    known: Inferred, shop: Ints, place: Ints, supplier: Ints, listing: Ints | None, params: ShareParams | None = None
) -> tuple[sp.csr_matrix, Floats]:
    """`supplier_shares`, and (cells,) the share of suppliers that the shop never names: 0 where the order names one.

    Seen for themselves, those may ship from the shop's own place as the named ones may; the shares of the named ones know nothing of
    that, so that there the two add up to more than 1.
    """
    params = params or ShareParams()
    prior, unseen = known.shop[shop], known.unseen[shop]
    if listing is not None:
        counts = known.listing[listing]
        total = np.asarray(counts.sum(axis=1)).ravel() + known.concentration
        prior = _scale_rows(counts, 1 / total) + _scale_rows(prior, known.concentration / total)
        unseen = unseen * known.concentration / total
    weights, rest, stock = prior.tocsr(), unseen, np.zeros(len(shop))
    if params.use_places and known.ships.shape[0]:
        weights, rest, stock = _with_place(known, weights, unseen, shop, place, params)
    total = np.asarray(weights.sum(axis=1)).ravel() + rest
    weights = _scale_rows(weights, 1 / np.maximum(total, 1e-300))
    is_named = supplier >= 0
    unseen = np.where(is_named, 0.0, (rest + stock) / np.maximum(total + stock, 1e-300))
    weights = _scale_rows(weights, np.where(is_named, 0.0, 1.0))
    weights.data[weights.data < params.minimum] = 0.0
    sure = _matrix(
        np.flatnonzero(is_named), supplier[is_named], np.ones(int(is_named.sum())), len(shop), weights.shape[1]
    )
    out = (weights + sure).tocsr()
    out.eliminate_zeros()
    out.sort_indices()
    return out, unseen


def place_shares(known: Inferred, shop: Ints, place: Ints) -> sp.csr_matrix:
    """(cells x places) 1 for the place that the order names, none for one that came from elsewhere, else as the shop's other orders
    and what it declares."""
    named = place >= 0
    spread = _scale_rows(known.from_place[shop], np.where(place == UNKNOWN, 1.0, 0.0))
    sure = _matrix(np.flatnonzero(named), place[named], np.ones(int(named.sum())), len(shop), spread.shape[1])
    out = (spread + sure).tocsr()
    out.eliminate_zeros()
    out.sort_indices()
    return out


def _with_place(
    known: Inferred, prior: sp.csr_matrix, unseen: Floats, shop: Ints, place: Ints, params: ShareParams
) -> tuple[sp.csr_matrix, Floats, Floats]:
    """Bayes: prior shares times p(place | supplier), the unseen mass going to those who ship from that place; what is left of it, and
    what of it may come from the shop's own stock.

    A place with named orders of other shops is not the shop's own, so known suppliers reach it only by shipping there.
    """
    has = place >= 0
    p = np.where(has, place, 0)
    here = _at(known.shop_place, shop, p)
    others = np.maximum(known.place_named[p] - _at(known.shop_place_named, shop, p), 0.0)
    escape = np.where(has, (1 - params.ships_own) * here / (1.0 + others / params.place_pseudo), 1.0)
    by_place = _scale_rows(known.ships[p], np.where(has, params.ships_own, 0.0))
    likely = prior.multiply(by_place).tocsr() + _scale_rows(prior, escape)
    floor = np.where(has, known.place_share[p], 1.0)
    newcomers = _scale_rows(known.at_place[p], np.where(has, unseen * floor, 0.0))
    told = np.asarray(newcomers.sum(axis=1)).ravel()
    return (likely + newcomers).tocsr(), np.maximum(unseen * floor - told, 0.0), np.where(has, unseen * escape, 0.0)


def _declared(market: Market) -> sp.csr_matrix:
    """(shops x places) 1 where a shop says that it ships from the place."""
    b = market.beside
    nobody = np.zeros(0, dtype=np.int64)
    shop, place = (b.declared_shop, b.declared_place) if b is not None else (nobody, nobody)
    return _matrix(shop, place, np.ones(len(shop)), market.shops, market.places)


def _foretell(
    listing: sp.csr_matrix,
    listing_shop: Ints,
    known: sp.csr_matrix,
    more: sp.csr_matrix,
    weights: tuple[float, ...],
    unseens: tuple[float, ...],
) -> tuple[float, float]:
    """(weight of what `more` is known, pseudo-orders unseen): those of `weights` and `unseens` that are best at foretelling a listing's
    suppliers from what else is `known` of its shop; both (shops x suppliers), `known` with the listing's own orders."""
    rows = listing.tocoo()
    shop = listing_shop[rows.row]
    own = np.asarray(listing.sum(axis=1)).ravel()[rows.row]
    total = np.maximum(np.asarray(known.sum(axis=1)).ravel()[shop] - own, 0)
    count = np.maximum(_at(known, shop, rows.col) - rows.data, 0)
    further, further_total = _at(more, shop, rows.col), np.asarray(more.sum(axis=1)).ravel()[shop]
    best = (-np.inf, 0.0, 0.0)
    for weight in weights:
        for unseen in unseens:
            share = (count + weight * further + unseen / known.shape[1]) / (total + weight * further_total + unseen)
            best = max(best, (float((rows.data / own * np.log(share)).sum()), -weight, -unseen))
    return -best[1], -best[2]


def siblings(party: Ints, prior: sp.csr_matrix, minimum: float) -> sp.csr_matrix:
    """(shops x suppliers) what the other shops of its operator (`party`) know of their suppliers, each by the square root of how much it
    knows; a row sums to 1, or to 0 where no other shop knows any. Suppliers of less than `minimum` of the operator's are passed over."""
    known = np.asarray(prior.sum(axis=1)).ravel()
    spoken = _scale_rows(prior, 1 / np.sqrt(np.maximum(known, 1e-12)))
    shops = np.arange(len(party))
    by_party = _matrix(party, shops, np.ones(len(shops)), int(party.max(initial=-1)) + 1, len(shops))
    whole = (by_party @ spoken).tocsr()
    whole.data[whole.data < minimum * np.repeat(np.asarray(whole.sum(axis=1)).ravel(), np.diff(whole.indptr))] = 0.0
    whole.eliminate_zeros()
    others = (whole[party] - spoken).tocsr()
    others.data[others.data < 1e-9] = 0.0  # what was passed over, and what is left of a shop's own
    others.eliminate_zeros()
    return _scale_rows(others, 1 / np.maximum(np.asarray(others.sum(axis=1)).ravel(), 1e-12))


def _by_links(
    links: sp.csr_matrix, theirs: sp.csr_matrix, link_weight: float, unseen_weight: float, params: ShareParams
) -> tuple[float, float]:
    """(pseudo-orders of a shop's siblings, pseudo-orders unseen) where links are all that is known: one link's worth between the two,
    parted by how often siblings foretell the link of a shop."""
    rows = links.tocoo()
    sibling, has = _at(theirs, rows.row, rows.col), np.diff(theirs.indptr)[rows.row] > 0
    if not has.any():
        return 0.0, unseen_weight
    told = [
        (float(np.log(part * sibling[has] + (1 - part) / links.shape[1]).sum()), -part) for part in params.sibling_parts
    ]
    part = -max(told)[1]
    return part * link_weight, max((1 - part) * link_weight, unseen_weight)


def _learn_listing(listing: sp.csr_matrix, listing_shop: Ints, shop: sp.csr_matrix, params: ShareParams) -> float:
    """Concentration of a listing's supplier around its shop's: best at foretelling one order from the listing's others."""
    rows = listing.tocoo()
    total = np.asarray(listing.sum(axis=1)).ravel()[rows.row]
    several = total > 1
    if not several.any():
        return float(np.median(params.concentrations))
    base = _at(shop, listing_shop[rows.row], rows.col)
    count, total, base = rows.data[several], total[several], np.maximum(base[several], 1e-6)
    scores = [
        (
            float(
                (count / total * np.log((np.maximum(count - 1, 0) + a * base) / (np.maximum(total - 1, 0) + a))).sum()
            ),
            -a,
        )
        for a in params.concentrations
    ]
    return -max(scores)[1]


def _matrix(row: Ints, col: Ints, value: Floats, rows: int, cols: int) -> sp.csr_matrix:
    return sp.csr_matrix((value, (row, col)), shape=(rows, cols), dtype=np.float64)


def _scale_rows(matrix: sp.csr_matrix, factor: Floats) -> sp.csr_matrix:
    out = matrix.tocsr(copy=True)
    out.data = out.data * np.repeat(factor, np.diff(out.indptr))
    return out


def _at(matrix: sp.csr_matrix, row: Ints, col: Ints) -> Floats:
    """One element a pair; copies, for scipy refuses index arrays that it may not mark as read-only (those from Arrow)."""
    return np.asarray(matrix[np.array(row), np.array(col)]).ravel() if len(row) else np.zeros(0)
