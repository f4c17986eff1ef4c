"""Who is who: operators and shops, suppliers and places, who is guilty; then their trade (headwater.synthetic.trade)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from headwater.synthetic.columns import Ints, draw, position
from headwater.synthetic.params import MarketplaceParams
from headwater.synthetic.trade import make_edges
from headwater.synthetic.vocabulary import CATEGORIES, CITIES
from headwater.synthetic.world import (
    CENTRE,
    CITY_OF_BLOCK,
    HALL,
    HOME,
    STREAM_ADDRESSES,
    STREAM_IDENTITY,
    STREAM_LARGE,
    STREAM_PEOPLE,
    STREAM_ROLES,
    STREAM_SOURCES,
    STREAM_STALLS,
    SUPPLIER_PLACE,
    WAREHOUSE,
    Places,
    Shops,
    Suppliers,
    World,
    stream,
)


def make_world(params: MarketplaceParams) -> World:
    """Draw the marketplace's people, places and trade; no orders yet."""
    suppliers = _suppliers(params)
    places, home, first_second = _places(params, suppliers)
    moved = np.where(suppliers.second_place >= 0, first_second + np.arange(len(suppliers.source)), -1)
    suppliers = replace(suppliers, place=suppliers.company, second_place=moved)
    shops = _shops(params, places, home)
    return World(params, places, shops, suppliers, make_edges(params, shops, suppliers))


def _suppliers(params: MarketplaceParams) -> Suppliers:
    """Honest and guilty suppliers, one more row for each guilty source that comes back under a new id, one for each alias."""
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
    roles = stream(params, STREAM_ROLES)
    distributor = roles.random(n) < params.distributors
    popularity = popularity * np.where(distributor, 3.0, 1.0)
    steady = np.setdiff1d(np.arange(n), np.r_[moving, returning])
    doubled = np.sort(roles.permutation(steady)[: round(params.double_ids * n)])
    rows = np.r_[np.arange(n), returning, doubled]
    alias = np.arange(len(rows)) >= n + len(returning)
    return Suppliers(
        source=rows,
        company=np.where(alias, rows, np.arange(len(rows))),
        alias=alias,
        guilty=guilty[rows],
        distributor=distributor[rows],
        discounter=discounter[rows],
        category=category[rows],
        price_level=level[rows],
        popularity=popularity[rows],
        unlisted=unlisted[rows],
        returned=(np.arange(len(rows)) >= n) & ~alias,
        place=np.zeros(len(rows), np.int64),
        second_place=np.r_[second, np.full(len(returning) + len(doubled), -1)],
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
    unit = np.where(rng.random(len(kind)) < params.units, rng.integers(1, 40, len(kind)), 0)
    hall = np.full(len(kind), -1)
    first_hall = int(np.flatnonzero(kind == HALL)[0])
    stalls = np.flatnonzero((kind == SUPPLIER_PLACE) & (rng.random(len(kind)) < params.market_halls))
    homes = np.flatnonzero((kind == HOME) & (stream(params, STREAM_STALLS).random(len(kind)) < params.hall_shops))
    stalls = np.r_[stalls, homes]
    hall[stalls] = first_hall + rng.integers(0, params.halls, len(stalls))
    block[stalls], number[stalls] = block[hall[stalls]], number[hall[stalls]]
    unit[stalls] = 101 + position(hall[stalls])
    unit[kind >= WAREHOUSE] = 0
    return Places(kind, block, number, unit, hall), 2 * n + np.arange(shops), n


def _shops(params: MarketplaceParams, places: Places, home: Ints) -> Shops:
    """Shops of Zipf sizes in operators of one to some twenty shops, a few of up to sixty, that share payee, phone and home, with gaps."""
    rng = stream(params, STREAM_PEOPLE)
    n = params.shops
    sizes = np.where(rng.random(n) < params.multi_shop, 1 + np.minimum(rng.geometric(0.35, n), 19), 1)
    large = stream(params, STREAM_LARGE).integers(20, 61, n)
    sizes = np.where(np.arange(n) < params.large_operators, large, sizes)
    operator = rng.permutation(np.repeat(np.arange(n), sizes)[:n])
    _, head, operator = np.unique(operator, return_index=True, return_inverse=True)
    boss = head[operator]  # the operator's first shop, whose values the others share

    def shared(chance: float, draws: np.random.Generator = rng) -> Ints:
        return np.where(draws.random(n) < chance, boss, np.arange(n))

    more = stream(params, STREAM_IDENTITY)
    first = {kind: int(np.flatnonzero(places.kind == kind)[0]) for kind in (WAREHOUSE, CENTRE)}
    weights = np.array([category.weight for category in CATEGORIES], float)
    return Shops(
        operator=operator,
        weight=rng.permutation((np.arange(n) + 11.0) ** -params.size_exponent),
        category=draw(rng, weights, n),
        payee=shared(params.shared_payee),
        phone=shared(params.shared_phone),
        email=shared(params.shared_email, more),
        registration=shared(params.shared_registration, more),
        contact=shared(params.shared_contact, more),
        no_phone=more.random(n) < params.placeholder_phones,
        no_email=more.random(n) < params.placeholder_emails,
        agent=np.where(rng.random(n) < params.agent_phones, rng.integers(0, params.agents, n), -1),
        home=home[shared(params.shared_return)],
        centre=np.where(rng.random(n) < params.return_centres, first[CENTRE] + rng.integers(0, params.centres, n), -1),
        warehouse=first[WAREHOUSE] + draw(rng, 1 / (np.arange(params.warehouses) + 2.0), n),
        drop_shipper=rng.random(n) < params.drop_shippers,
    )
