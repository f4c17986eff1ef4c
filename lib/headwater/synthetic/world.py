"""What a world is made of: streams of draws, places, shops, suppliers, and the trade between them.

Everything is a table of numpy columns; a row's number is its identity until it is written as an id.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headwater.synthetic.columns import Bools, Floats, Ints
from headwater.synthetic.params import MarketplaceParams
from headwater.synthetic.vocabulary import CITIES, STREETS

# Each stream of draws has its own number, so that a dial moved in one place leaves the other draws alone.
STREAM_PEOPLE, STREAM_SOURCES, STREAM_EDGES, STREAM_LISTINGS, STREAM_ATTACKS, STREAM_ADDRESSES, STREAM_FEEDS = range(7)
STREAM_ORDERS, STREAM_COMPLAINTS, STREAM_UPDATES, STREAM_DIRTY = range(7, 11)
STREAM_IDENTITY, STREAM_ROLES, STREAM_STALLS, STREAM_VERDICTS, STREAM_LARGE = range(11, 16)

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
    """One row a seller. `payee` .. `contact` hold the row of the shop whose own value is used."""

    operator: Ints
    weight: Floats
    category: Ints
    payee: Ints
    phone: Ints
    email: Ints
    registration: Ints
    contact: Ints
    agent: Ints  # -1: none
    no_phone: Bools  # a placeholder instead
    no_email: Bools
    home: Ints  # a place
    centre: Ints  # a place, or -1: returns go home
    warehouse: Ints  # a place
    drop_shipper: Bools


@dataclass(frozen=True)
class Suppliers:
    """One row a supplier id. Suppliers of one `source` are the same people: a source that re-emerged has two, and so has
    one with an `alias`; only the alias is the same company on paper, whose first row is `company`."""

    source: Ints
    company: Ints
    alias: Bools
    guilty: Bools
    distributor: Bools
    discounter: Bools
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
