"""What the shops offer: listings with goods, brand and price, and which of them are fakes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headwater.synthetic.addresses import Addresses, make_addresses
from headwater.synthetic.columns import Bools, Floats, Ints, draw
from headwater.synthetic.vocabulary import BRAND_FACTORS, CATEGORIES, CITIES, COUNTRY_CURRENCY, CURRENCIES
from headwater.synthetic.world import CITY_OF_BLOCK, STREAM_LISTINGS, World, stream

_CODES = list(CURRENCIES)
_CITY_CURRENCY = np.array([_CODES.index(COUNTRY_CURRENCY.get(city.country, "EUR")) for city in CITIES])
_MEDIAN = np.array([category.median_usd for category in CATEGORIES])


@dataclass(frozen=True)
class Listings:
    """One row a listing, sorted by shop; a source that moves or comes back gets new ones."""

    edge: Ints
    shop: Ints
    supplier: Ints
    category: Ints
    brand: Ints  # -1: unbranded
    cents: Ints  # price in minor units of the currency
    currency: Ints
    fake: Bools
    weight: Floats
    start: Ints
    end: Ints
    named: Floats  # chance that an order names the supplier
    first_address: Ints
    address_count: Ints


def brand_price_usd() -> Floats:
    """Reference price of each brand in US dollars."""
    prices: Floats = np.repeat(_MEDIAN, len(BRAND_FACTORS)) * np.tile(BRAND_FACTORS, len(CATEGORIES))
    return prices


def make_listings(world: World) -> tuple[Listings, Addresses]:
    """One to several listings for each edge, and the addresses they are sent from."""
    params, rng = world.params, stream(world.params, STREAM_LISTINGS)
    edges, shops, suppliers = world.edges, world.shops, world.suppliers
    addresses, first, count = make_addresses(world)
    edge = np.repeat(np.arange(len(edges.shop)), 1 + rng.poisson(1.5, len(edges.shop)))
    size = len(edge)
    shop, supplier = edges.shop[edge], edges.supplier[edge]
    guilty = suppliers.guilty[supplier]
    fake = guilty & (rng.random(size) < params.fakes)
    category, own_brand = _range_of_goods(world, supplier, rng.integers(0, len(BRAND_FACTORS), size))
    branded = fake | (rng.random(size) < 0.7)
    brand = np.where(branded, category * len(BRAND_FACTORS) + own_brand, -1)
    reference = np.where(branded, brand_price_usd()[brand], 0.6 * _MEDIAN[category])
    spread = np.where(branded, 0.15, 0.5)
    # What is genuine at a guilty source costs what it costs elsewhere: the bait is real.
    level = np.where(guilty & ~fake, 1.0, suppliers.price_level[supplier])
    usd = np.maximum(reference * level * np.exp(rng.normal(0, 1, size) * spread), 0.5)
    currency = _CITY_CURRENCY[CITY_OF_BLOCK[world.places.block[shops.home[shop]]]]
    cents = np.round(usd / np.array(list(CURRENCIES.values()))[currency] * 100).astype(np.int64)
    weight = rng.gamma(1.2, size=size) + 0.05
    weight *= edges.weight[edge] / np.bincount(edge, weight, len(edges.shop))[edge]
    share = params.named_share
    habit = rng.beta(4 * share + 1e-9, 4 * (1 - share) + 1e-9, len(shops.weight))  # shops differ in diligence
    named = habit[shop] * np.where(guilty, 1 - params.concealment, 1.0) * ~suppliers.unlisted[supplier]
    return Listings(
        edge=edge,
        shop=shop,
        supplier=supplier,
        category=category,
        brand=brand,
        cents=cents,
        currency=currency,
        fake=fake,
        weight=weight,
        start=edges.start[edge],
        end=edges.end[edge],
        named=named,
        first_address=first[edge],
        address_count=count[edge],
    ), addresses


def _range_of_goods(world: World, supplier: Ints, brand: Ints) -> tuple[Ints, Ints]:
    """Category and brand within it of each listing: a distributor deals in all, a producer in one category and two brands."""
    suppliers, rng = world.suppliers, stream(world.params, STREAM_LISTINGS, 1)
    weights = np.array([category.weight for category in CATEGORIES], float)
    wide = suppliers.distributor[supplier] & (rng.random(len(supplier)) < 0.6)
    category = np.where(wide, draw(rng, weights, len(supplier)), suppliers.category[supplier])
    made = (suppliers.source[supplier] + brand % 2) % len(BRAND_FACTORS)
    return category, np.where(suppliers.distributor[supplier], brand, made)
