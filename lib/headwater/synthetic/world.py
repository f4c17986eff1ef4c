"""Who is who: operators and shops, suppliers and places, which shop sells whose goods, and who is guilty.

Everything is a table of numpy columns; a row's number is its identity until it is written as an id.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headwater.synthetic.columns import Bools, Floats, Ints, draw, draw_within, expand, position
from headwater.synthetic.params import MarketplaceParams
from headwater.synthetic.vocabulary import CATEGORIES, CITIES, STREETS

# Each stream of draws has its own number, so that a dial moved in one place leaves the other draws alone.
STREAM_PEOPLE, STREAM_SOURCES, STREAM_EDGES, STREAM_LISTINGS, STREAM_ATTACKS, STREAM_ADDRESSES, STREAM_FEEDS = range(7)
STREAM_ORDERS, STREAM_COMPLAINTS, STREAM_UPDATES, STREAM_DIRTY = range(7, 11)

PLACE_KINDS = ["supplier", "home", "3pl", "market", "returns_centre"]
SUPPLIER_PLACE, HOME, WAREHOUSE, HALL, CENTRE = range(5)

CITY_OF_BLOCK = np.repeat(np.arange(len(CITIES)), [len(STREETS[city.country]) for city in CITIES])


@dataclass(frozen=True)
class Places:
    """One row a physical place; a block is a (city, street) pair, `hall` the market hall it is a stall of, or -1."""

    kind: Ints
    block: Ints
    number: Ints
    unit: Ints  # 0: no unit
    hall: Ints


@dataclass(frozen=True)
class Shops:
    """One row a seller. `payee`, `phone` and `home` hold the row of the shop whose own value is used."""

    operator: Ints
    weight: Floats
    category: Ints
    payee: Ints
    phone: Ints
    agent: Ints  # -1: none
    home: Ints  # a place
    centre: Ints  # a place, or -1: returns go home
    warehouse: Ints  # a place
    drop_shipper: Bools


@dataclass(frozen=True)
class Suppliers:
    """One row a supplier id. Suppliers of one `source` are the same people: a source that re-emerged has two."""

    source: Ints
    guilty: Bools
    category: Ints
    price_level: Floats
    popularity: Floats
    unlisted: Bools
    returned: Bools  # the second id of a source that came back
    place: Ints
    second_place: Ints  # where it moves to in the middle of the window, or -1


@dataclass(frozen=True)
class Edges:
    """One row a (shop, supplier, dispatch place) with the days it lasts: start <= day < end. Sorted by shop."""

    shop: Ints
    supplier: Ints
    place: Ints
    weight: Floats
    start: Ints
    end: Ints


@dataclass(frozen=True)
class World:
    """All of it. `guilty_shop` marks the shops that a guilty source feeds."""

    params: MarketplaceParams
    places: Places
    shops: Shops
    suppliers: Suppliers
    edges: Edges

    @property
    def guilty_shop(self) -> Bools:
        """One flag a shop: does a guilty source feed it at some time of the window?"""
        flags = np.zeros(len(self.shops.weight), bool)
        flags[self.edges.shop[self.suppliers.guilty[self.edges.supplier]]] = True
        return flags


def stream(params: MarketplaceParams, *numbers: int) -> np.random.Generator:
    """The generator of one stream of draws."""
    return np.random.default_rng([params.seed, *numbers])


def make_world(params: MarketplaceParams) -> World:
    """Draw the marketplace's people, places and trade; no orders yet."""
    suppliers = _suppliers(params)
    places, home, first_second = _places(params, suppliers)
    moved = np.where(suppliers.second_place >= 0, first_second + np.arange(len(suppliers.source)), -1)
    suppliers = Suppliers(**{**vars(suppliers), "place": np.arange(len(suppliers.source)), "second_place": moved})
    shops = _shops(params, places, home)
    return World(params, places, shops, suppliers, _edges(params, shops, suppliers))


def _suppliers(params: MarketplaceParams) -> Suppliers:
    """Honest and guilty suppliers, and one more row for each guilty source that comes back under a new id."""
    rng = stream(params, STREAM_SOURCES)
    n = params.suppliers
    guilty = np.zeros(n, bool)
    sinners = rng.choice(n, params.guilty, replace=False)
    guilty[sinners] = True
    cheap_fakes = guilty & (rng.random(n) >= params.full_price_fakes)
    discounter = ~guilty & (rng.random(n) < params.honest_discounters)
    level = np.exp(rng.normal(0, 0.08, n)) * np.where(cheap_fakes | discounter, rng.uniform(0.4, 0.65, n), 1.0)
    weights = np.array([category.weight for category in CATEGORIES], float)
    # The first supplier of each category is there by force: a shop must be able to buy what it sells.
    category = np.r_[np.arange(len(CATEGORIES)), draw(rng, weights, n - len(CATEGORIES))]
    category = rng.permutation(category)
    popularity = rng.permutation((np.arange(n) + 5.0) ** -0.8)
    unlisted = rng.random(n) < params.unlisted
    changes = rng.permutation(sinners)
    moving = np.sort(changes[: round(params.moving * params.guilty)])
    returning = np.sort(changes[::-1][: round(params.re_emerging * params.guilty)])
    returning = returning[~np.isin(returning, moving)]
    second = np.full(n, -1)
    second[moving] = 0  # the place itself is given when places are made
    rows = np.r_[np.arange(n), returning]
    return Suppliers(
        source=rows,
        guilty=guilty[rows],
        category=category[rows],
        price_level=level[rows],
        popularity=popularity[rows],
        unlisted=unlisted[rows],
        returned=np.arange(len(rows)) >= n,
        place=np.zeros(len(rows), np.int64),
        second_place=np.r_[second, np.full(len(returning), -1)],
    )


def _places(params: MarketplaceParams, suppliers: Suppliers) -> tuple[Places, Ints, int]:
    """Places in blocks of rows: suppliers, their second places, shops' homes, warehouses, halls, return centres.

    Returns the places, the home of each shop, and the row of the first second place.
    """
    rng = stream(params, STREAM_ADDRESSES)
    n, shops = len(suppliers.source), params.shops
    counts = [2 * n, shops, params.warehouses, params.halls, params.centres]
    kind = np.repeat(np.arange(5), counts)
    supply = np.array([city.supply for city in CITIES], float)
    demand = np.array([city.demand for city in CITIES], float)
    city = np.where(np.isin(kind, (SUPPLIER_PLACE, HALL)), draw(rng, supply, len(kind)), draw(rng, demand, len(kind)))
    streets = np.bincount(CITY_OF_BLOCK)
    block = (np.cumsum(streets) - streets)[city] + rng.integers(0, 1 << 30, len(kind)) % streets[city]
    # House numbers count up within a street in random order: no two places ever have the same address.
    shuffled = rng.permutation(len(kind))
    number = np.empty(len(kind), np.int64)
    number[shuffled] = 1 + 2 * position(block[shuffled]) + rng.integers(0, 2)
    unit = np.where(rng.random(len(kind)) < 0.3, rng.integers(1, 40, len(kind)), 0)
    hall = np.full(len(kind), -1)
    first_hall = int(np.flatnonzero(kind == HALL)[0])
    stalls = np.flatnonzero((kind == SUPPLIER_PLACE) & (rng.random(len(kind)) < params.market_halls))
    hall[stalls] = first_hall + rng.integers(0, params.halls, len(stalls))
    block[stalls], number[stalls] = block[hall[stalls]], number[hall[stalls]]
    unit[stalls] = 101 + position(hall[stalls])
    unit[kind >= WAREHOUSE] = 0
    return Places(kind, block, number, unit, hall), 2 * n + np.arange(shops), n


def _shops(params: MarketplaceParams, places: Places, home: Ints) -> Shops:
    """Shops of Zipf sizes in operators of one to some twenty shops that share payee, phone and home, with gaps."""
    rng = stream(params, STREAM_PEOPLE)
    n = params.shops
    sizes = np.where(rng.random(n) < params.multi_shop, 1 + np.minimum(rng.geometric(0.35, n), 19), 1)
    operator = rng.permutation(np.repeat(np.arange(n), sizes)[:n])
    _, head, operator = np.unique(operator, return_index=True, return_inverse=True)
    boss = head[operator]  # the operator's first shop, whose values the others share

    def shared(chance: float) -> Ints:
        return np.where(rng.random(n) < chance, boss, np.arange(n))

    first = {kind: int(np.flatnonzero(places.kind == kind)[0]) for kind in (WAREHOUSE, CENTRE)}
    weights = np.array([category.weight for category in CATEGORIES], float)
    return Shops(
        operator=operator,
        weight=rng.permutation((np.arange(n) + 11.0) ** -params.size_exponent),
        category=draw(rng, weights, n),
        payee=shared(params.shared_payee),
        phone=shared(params.shared_phone),
        agent=np.where(rng.random(n) < params.agent_phones, rng.integers(0, params.agents, n), -1),
        home=home[shared(params.shared_return)],
        centre=np.where(rng.random(n) < params.return_centres, first[CENTRE] + rng.integers(0, params.centres, n), -1),
        warehouse=first[WAREHOUSE] + draw(rng, 1 / (np.arange(params.warehouses) + 2.0), n),
        drop_shipper=rng.random(n) < params.drop_shippers,
    )


def _honest_pairs(
    params: MarketplaceParams, rng: np.random.Generator, shops: Shops, suppliers: Suppliers
) -> tuple[Ints, Ints]:
    """(shop, supplier) pairs of honest trade: mostly of the shop's category, popular suppliers first."""
    n = params.shops
    count = 1 + rng.poisson(params.portfolio * np.where(shops.drop_shipper, 5.0, 1.0), n)
    shop = np.repeat(np.arange(n), count)
    weights = np.array([category.weight for category in CATEGORIES], float)
    category = np.where(rng.random(len(shop)) < 0.8, shops.category[shop], draw(rng, weights, len(shop)))
    honest = np.flatnonzero(~suppliers.guilty)
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
    guilty = np.flatnonzero(suppliers.guilty & ~suppliers.returned)
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


def _edges(params: MarketplaceParams, shops: Shops, suppliers: Suppliers) -> Edges:
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
