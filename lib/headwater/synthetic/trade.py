"""Who sells whose goods, from where and when: honest and guilty trade, sources that move or come back."""

from __future__ import annotations

import numpy as np

from headwater.synthetic.columns import Bools, Ints, draw, draw_within, expand
from headwater.synthetic.params import MarketplaceParams
from headwater.synthetic.vocabulary import CATEGORIES
from headwater.synthetic.world import STREAM_EDGES, STREAM_ROLES, Edges, Shops, Suppliers, stream


def _honest_pairs(
    params: MarketplaceParams, rng: np.random.Generator, shops: Shops, suppliers: Suppliers
) -> tuple[Ints, Ints]:
    """(shop, supplier) pairs of honest trade: mostly of the shop's category, popular suppliers first."""
    n = params.shops
    count = 1 + rng.poisson(params.portfolio * np.where(shops.drop_shipper, 5.0, 1.0), n)
    shop = np.repeat(np.arange(n), count)
    weights = np.array([category.weight for category in CATEGORIES], float)
    category = np.where(rng.random(len(shop)) < 0.8, shops.category[shop], draw(rng, weights, len(shop)))
    honest = np.flatnonzero(~suppliers.guilty & ~suppliers.alias)
    by_category = honest[np.argsort(suppliers.category[honest], kind="stable")]
    kinds = suppliers.category[by_category]
    stocked = np.unique(kinds)  # a category whose only suppliers are guilty falls to its neighbour
    category = stocked[np.minimum(np.searchsorted(stocked, category), len(stocked) - 1)]
    first, last = np.searchsorted(kinds, category, "left"), np.searchsorted(kinds, category, "right") - 1
    chosen = by_category[draw_within(rng, np.cumsum(suppliers.popularity[by_category]), first, last)]
    return _distinct(shop, chosen, len(suppliers.source))


def _guilty_pairs(
    params: MarketplaceParams, rng: np.random.Generator, shops: Shops, suppliers: Suppliers
) -> tuple[Ints, Ints]:
    """(shop, supplier) pairs of guilty trade: a source feeds a few operators, and most shops of each.

    The largest hundredth of the shops stays out: a household name has too much to lose.
    """
    guilty = np.flatnonzero(suppliers.guilty & ~suppliers.returned & ~suppliers.alias)
    supplier = np.repeat(guilty, 1 + rng.poisson(params.operators_per_guilty, len(guilty)))
    size = np.bincount(shops.operator).astype(float)
    np.minimum.at(size, shops.operator[shops.weight > np.quantile(shops.weight, 0.99)], 0.0)
    operator = draw(rng, size, len(supplier))
    members = np.argsort(shops.operator, kind="stable")
    counts = np.bincount(shops.operator)
    starts = np.cumsum(counts) - counts
    shop = members[expand(starts[operator], counts[operator])]
    supplier = np.repeat(supplier, counts[operator])
    kept = (rng.random(len(shop)) < 0.85) | (counts[shops.operator[shop]] == 1)
    return _distinct(shop[kept], supplier[kept], len(suppliers.source))


def _distinct(shop: Ints, supplier: Ints, width: int) -> tuple[Ints, Ints]:
    pairs = np.unique(shop * width + supplier)
    return pairs // width, pairs % width


def make_edges(params: MarketplaceParams, shops: Shops, suppliers: Suppliers) -> Edges:
    """Trade with its weight, its dispatch place and its days; guilty shops keep `camouflage` honest."""
    rng = stream(params, STREAM_EDGES)
    honest, fakes = _honest_pairs(params, rng, shops, suppliers), _guilty_pairs(params, rng, shops, suppliers)
    shop, supplier = np.r_[honest[0], fakes[0]], np.r_[honest[1], fakes[1]]
    weight = rng.gamma(1.5, size=len(shop)) + 0.05
    is_guilty = suppliers.guilty[supplier]
    of_honest = np.bincount(shop, weight * ~is_guilty, params.shops)
    of_guilty = np.bincount(shop, weight * is_guilty, params.shops)
    share = np.where(of_guilty > 0, np.where(of_honest > 0, params.camouflage, 0.0), 1.0)[shop]
    total = np.where(is_guilty, of_guilty[shop], of_honest[shop])
    weight = shops.weight[shop] * np.where(is_guilty, 1 - share, share) * weight / total
    way = rng.random(len(shop))
    direct = (way < params.direct) | shops.drop_shipper[shop]
    third = ~direct & (way < params.direct + params.third_party)
    elsewhere = np.where(third, shops.warehouse[shop], shops.home[shop])
    place = np.where(direct, suppliers.place[supplier], elsewhere)
    other = np.arange(len(suppliers.source))  # the id by which half of the shops know the same company
    other[suppliers.company[suppliers.alias]] = np.flatnonzero(suppliers.alias)
    supplier = np.where(stream(params, STREAM_ROLES, 1).random(len(shop)) < 0.5, other[supplier], supplier)
    edges = Edges(shop, supplier, place, weight, np.zeros(len(shop), np.int64), np.full(len(shop), params.days))
    return _changed(params, rng, suppliers, edges, direct)


def _changed(
    params: MarketplaceParams, rng: np.random.Generator, suppliers: Suppliers, edges: Edges, direct: Bools
) -> Edges:
    """The same trade with sources that move or re-emerge: their edges end, and others begin in their stead."""
    change = rng.integers(params.days // 3, max(params.days * 2 // 3, params.days // 3 + 1), len(suppliers.source))
    pause = min(14, params.days // 6)
    again = np.full(len(suppliers.source), -1)  # the supplier id under which a source comes back
    second_rows = np.flatnonzero(suppliers.returned)
    again[suppliers.source[second_rows]] = second_rows
    moving, returning = suppliers.second_place[edges.supplier] >= 0, again[edges.supplier] >= 0
    end = np.where(moving | returning, change[edges.supplier], edges.end)
    old = np.flatnonzero(moving | returning)
    supplier = np.where(returning[old], again[edges.supplier[old]], edges.supplier[old])
    new_home = np.where(moving[old], suppliers.second_place[edges.supplier[old]], suppliers.place[supplier])
    columns = (
        np.r_[edges.shop, edges.shop[old]],
        np.r_[edges.supplier, supplier],
        np.r_[edges.place, np.where(direct[old], new_home, edges.place[old])],
        np.r_[edges.weight, edges.weight[old]],
        np.r_[edges.start, end[old] + np.where(returning[old], pause, 0)],
        np.r_[end, np.full(len(old), params.days)],
    )
    order = np.lexsort((columns[4], columns[1], columns[0]))
    return Edges(*(column[order] for column in columns))
