"""Order lines of one chunk of one day: who bought which listing, when, and what the feed says of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from headwater.synthetic.attacks import Attacks
from headwater.synthetic.columns import (
    DAY_SECONDS,
    Bools,
    Floats,
    Ints,
    draw_within,
    id_pool,
    ids,
    money,
    taken,
    times,
)
from headwater.synthetic.listings import Listings
from headwater.synthetic.params import MarketplaceParams
from headwater.synthetic.vocabulary import BRANDS, CATEGORIES, CITIES, CURRENCIES, DESTINATIONS
from headwater.synthetic.world import CITY_OF_BLOCK, STREAM_ORDERS, World, stream

_COUNTRIES = [country for country, _, _ in DESTINATIONS]
_DESTINATION_WEIGHT = np.array([weight for _, weight, _ in DESTINATIONS], float)
BUYERS_PER_ORDER = 0.35  # buyers as a share of order lines; a few buy often, most once


@dataclass(frozen=True)
class OrderLines:
    """One row an order line, in the order of their times. `row` counts all lines of the window from 0."""

    day: int
    row: Ints
    head: Ints  # the row of the order's first line: what its id is made of
    line: Ints
    seconds: Ints  # since 1970
    listing: Ints
    buyer: Ints
    destination: Ints
    attack: Bools  # ordered only to complain
    quantity: Ints
    cents: Ints


def day_sizes(params: MarketplaceParams) -> Ints:
    """Order lines of each day: a weekly rhythm and a slow rise, adding up to `orders` exactly."""
    day = np.arange(params.days)
    shape = (1 + 0.15 * np.sin(2 * np.pi * (day + params.epoch_day) / 7)) * (1 + 0.1 * day / params.days)
    edges = np.round(np.cumsum(shape) / shape.sum() * params.orders).astype(np.int64)
    sizes: Ints = np.diff(np.r_[0, edges])
    return sizes


def order_chunks(world: World, listings: Listings, attacks: Attacks) -> Iterator[OrderLines]:
    """Chunk after chunk of order lines, day after day; at most `chunk_rows` at once. A day's attacks come first."""
    params = world.params
    first_row = 0
    for day, size in enumerate(day_sizes(params).tolist()):
        open_now = (listings.start <= day) & (day < listings.end)
        edges = np.cumsum(listings.weight * open_now)
        for part, begin in enumerate(range(0, size, params.chunk_rows)):
            rows = min(params.chunk_rows, size - begin)
            rng = stream(params, STREAM_ORDERS, day, part)
            today = attacks.on(day) if part == 0 else attacks.on(-1)
            yield _chunk(world, listings, edges, rng, today, day, np.arange(first_row, first_row + rows))
            first_row += rows


def _chunk(
    world: World, listings: Listings, edges: Floats, rng: np.random.Generator, attacks: Attacks, day: int, row: Ints
) -> OrderLines:
    params, size = world.params, len(row)
    further = rng.random(size) < params.extra_lines
    further[0] = False
    order = np.cumsum(~further) - 1
    heads = np.flatnonzero(~further)
    first = draw_within(rng, edges, np.zeros(len(heads), np.int64), np.full(len(heads), len(edges) - 1))
    buyer = (rng.random(len(heads)) ** 2 * max(params.orders * BUYERS_PER_ORDER, 1)).astype(np.int64)
    bought = rng.choice(len(heads), min(len(attacks.day), len(heads)), replace=False)
    first[bought], buyer[bought] = attacks.listing[: len(bought)], attacks.account[: len(bought)]
    attacked = np.zeros(len(heads), bool)
    attacked[bought] = True
    listing = first[order]
    again = np.flatnonzero(further)
    listing[again] = _further(rng, params, listings, edges, listing[again])
    # Half of what a shop sells stays in its country, the rest goes where buyers are.
    shop_city = CITY_OF_BLOCK[world.places.block[world.shops.home[listings.shop[first]]]]
    domestic = _DOMESTIC[shop_city]
    anywhere = rng.choice(len(_COUNTRIES), len(heads), p=_DESTINATION_WEIGHT / _DESTINATION_WEIGHT.sum())
    destination = np.where(rng.random(len(heads)) < 0.5, domestic, anywhere)
    clock = np.sort(rng.integers(0, DAY_SECONDS, len(heads)))
    quantity = np.minimum(rng.geometric(0.85, size), 9)
    discount = np.where(rng.random(size) < 0.15, rng.uniform(0.85, 0.98, size), 1.0)
    return OrderLines(
        day=day,
        row=row,
        head=row[heads][order],
        line=1 + np.arange(size) - heads[order],
        seconds=(params.epoch_day + day) * DAY_SECONDS + clock[order],
        listing=listing,
        buyer=buyer[order],
        destination=destination[order],
        attack=attacked[order] & ~further,
        quantity=quantity,
        cents=np.maximum(np.round(listings.cents[listing] * discount), 1).astype(np.int64),
    )


_DOMESTIC = np.array([_COUNTRIES.index(city.country) for city in CITIES])


def _further(
    rng: np.random.Generator, params: MarketplaceParams, listings: Listings, edges: Floats, beside: Ints
) -> Ints:
    """A further line's listing: mostly of the same shop as the line `beside` it, else any."""
    shop = listings.shop[beside]
    first = np.searchsorted(listings.shop, shop, "left")
    last = np.searchsorted(listings.shop, shop, "right") - 1
    anywhere = rng.random(len(beside)) < params.mixed_orders
    first, last = np.where(anywhere, 0, first), np.where(anywhere, len(edges) - 1, last)
    return draw_within(rng, edges, first, last)


def order_table(world: World, listings: Listings, lines: OrderLines) -> pa.Table:
    """The orders feed, one row an order line, with the gaps that real feeds have."""
    params, size, of = world.params, len(lines.row), lines.listing
    rng = stream(params, STREAM_ORDERS, int(lines.row[0]), 1, 1)
    brand = listings.brand[of] + len(BRANDS) * (rng.random(size) < params.missing)  # some write it in capitals
    unbranded = listings.brand[of] < 0
    address = listings.first_address[of] + (listings.address_count[of] > 1) * (rng.random(size) < 0.4)
    unnamed = rng.random(size) >= listings.named[of]
    refunded = rng.random(size) < 0.006

    def gaps() -> Bools:
        return rng.random(size) < params.missing

    return pa.table(
        {
            "order_id": ids("O", lines.head, 10),
            "line_no": pa.array(lines.line, pa.int32()),
            "seller_id": taken(id_pool("S", params.shops, 6), listings.shop[of]),
            "buyer_id": ids("B", lines.buyer, 9),
            "listing_id": taken(id_pool("L", len(listings.shop), 8), of, gaps()),
            "brand": taken([*BRANDS, *(b.upper() for b in BRANDS)], np.where(unbranded, 0, brand), unbranded | gaps()),
            "category": taken([category.name for category in CATEGORIES], listings.category[of], gaps()),
            "quantity": pa.array(lines.quantity, pa.int32(), mask=gaps() & (lines.quantity == 1)),
            "unit_price": money(lines.cents),
            "currency": taken(list(CURRENCIES), listings.currency[of]),
            "ordered_at": times(lines.seconds),
            "destination": taken(_COUNTRIES, lines.destination, gaps()),
            "dispatch_address_id": taken(
                id_pool("A", int((listings.first_address + listings.address_count).max()), 7),
                address,
                rng.random(size) < params.dispatch_unknown,
            ),
            "supplier_id": taken(id_pool("SUP", len(world.suppliers.source), 5), listings.supplier[of], unnamed),
            "refunded_amount": money(lines.cents * lines.quantity, ~refunded),
            "voided": pa.array(rng.random(size) < 0.002),
        }
    )


def order_truth(world: World, listings: Listings, lines: OrderLines) -> pa.Table:
    """One row an order line: the supplier and the place it truly came from, and if it was a fake; days count from 0."""
    of = lines.listing
    return pa.table(
        {
            "order_id": ids("O", lines.head, 10),
            "line_no": pa.array(lines.line, pa.int32()),
            "supplier_id": taken(id_pool("SUP", len(world.suppliers.source), 5), listings.supplier[of]),
            "source_id": taken(
                id_pool("SRC", world.params.suppliers, 5), world.suppliers.source[listings.supplier[of]]
            ),
            "place_id": taken(id_pool("PL", len(world.places.kind), 7), world.edges.place[listings.edge[of]]),
            "day": pa.array(np.full(len(of), lines.day, np.int32)),
            "fake": pa.array(listings.fake[of]),
        }
    )
