"""The feeds of who and where, night by night: addresses, supplier_links, sellers, suppliers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headwater.synthetic.addresses import Addresses, phone_numbers, supplier_addresses
from headwater.synthetic.columns import (
    DAY_SECONDS,
    Bools,
    Ints,
    ids,
    joined,
    money,
    plain,
    taken,
    times,
    where,
)
from headwater.synthetic.vocabulary import (
    CITIES,
    COMPANY_FORMS,
    CURRENCIES,
    PLACEHOLDER_EMAILS,
    SHOP_FIRST,
    SHOP_SECOND,
    TRADER_FIRST,
    TRADER_SECOND,
)
from headwater.synthetic.world import (
    CITY_OF_BLOCK,
    STREAM_FEEDS,
    World,
    stream,
)

LINK_KINDS = ["purchase", "invoice", "consignment", "declared"]
DECLARED = 3


def night_index(world: World, day: Ints) -> Ints:
    """The index of the night that a day belongs to; all history falls to the first."""
    params = world.params
    return np.clip(day - (params.days - params.nights), 0, params.nights - 1)


def dimension_feeds(world: World, addresses: Addresses) -> Iterator[tuple[str, int, pa.Table]]:
    """(feed, night index, table) of these feeds; later nights bring what is new or has changed."""
    yield from _addresses(world, addresses)
    yield from _links(world)
    yield from _sellers(world)
    yield from _suppliers(world)


def _due(world: World, salt: int, start: Ints, end: Ints) -> Iterator[tuple[int, Ints, Bools]]:
    """For each night the rows to send: new ones, ended ones and a few that changed; and which of them have ended."""
    params = world.params
    rng = stream(params, STREAM_FEEDS, salt, 99)
    first, last = night_index(world, start), night_index(world, end)
    for night in range(params.nights):
        day = params.days - params.nights + night
        ended = (end < params.days) & (end <= day)
        changed = (first < night) & (rng.random(len(start)) < params.updated)
        rows = np.flatnonzero((first == night) | ((last == night) & ended & (first < night)) | changed)
        if len(rows):
            yield night, rows, ended[rows]


def _day_times(world: World, day: Ints, mask: Bools) -> pa.Array:
    return times((world.params.epoch_day + day) * DAY_SECONDS, mask)


def _addresses(world: World, addresses: Addresses) -> Iterator[tuple[str, int, pa.Table]]:
    rng = stream(world.params, STREAM_FEEDS, 1)
    silent = rng.random(len(addresses.shop)) < 0.2
    for night, rows, ended in _due(world, 1, addresses.start, addresses.end):
        table = addresses.table(world, night).take(pa.array(rows))
        table = table.append_column("first_seen", _day_times(world, addresses.start[rows], silent[rows]))
        yield "addresses", night, table.append_column("last_seen", _day_times(world, addresses.end[rows], ~ended))


def _links(world: World) -> Iterator[tuple[str, int, pa.Table]]:
    """True links as far as they are told, and a few false ones; one row a (seller, supplier, kind)."""
    params, edges, suppliers = world.params, world.edges, world.suppliers
    rng = stream(params, STREAM_FEEDS, 2)
    width = len(suppliers.source)
    pairs, of_edge = np.unique(edges.shop * width + edges.supplier, return_inverse=True)
    flow = edges.weight * (edges.end - edges.start)
    volume = np.bincount(of_edge, flow) * params.orders / flow.sum()
    start = np.full(len(pairs), params.days)
    np.minimum.at(start, of_edge, edges.start)
    end = np.zeros(len(pairs), np.int64)
    np.maximum.at(end, of_edge, edges.end)
    supplier = pairs % width
    chance = params.links_told * np.where(suppliers.guilty[supplier], 1 - params.concealment, 1.0)
    told = np.flatnonzero((rng.random(len(pairs)) < chance) & ~suppliers.unlisted[supplier])
    twice = told[rng.random(len(told)) < 0.1]  # bought and invoiced: two links of one pair
    listed = np.flatnonzero(~suppliers.unlisted & ~suppliers.returned)
    count = round(params.links_false * len(told))
    lies = np.setdiff1d(rng.integers(0, params.shops, count) * width + rng.choice(listed, count), pairs)
    code = np.r_[pairs[told], pairs[twice], lies]
    kind = np.r_[
        rng.choice(4, len(told), p=[0.45, 0.0, 0.15, 0.4]), np.ones(len(twice), int), np.full(len(lies), DECLARED)
    ]
    units = np.r_[volume[told], volume[twice], rng.uniform(1, 50, len(lies))] * rng.uniform(0.7, 1.3, len(code))
    begin = np.r_[start[told], start[twice], np.zeros(len(lies), int)]
    finish = np.r_[end[told], end[twice], np.full(len(lies), params.days)]
    form, confidence = rng.integers(0, len(COMPANY_FORMS), len(code)), rng.integers(50, 101, len(code)) / 100
    cents = np.round(units * 1500).astype(np.int64)
    for night, rows, ended in _due(world, 2, begin, finish):
        shop, of = code[rows] // width, code[rows] % width
        grown = 1 + 0.02 * night
        names = supplier_names(world, of, form[rows])
        table = {
            "seller_id": ids("S", shop, 6),
            "supplier_id": ids("SUP", of, 5),
            "kind": taken(LINK_KINDS, kind[rows]),
            "supplier_name": where(rng.random(len(rows)) < 0.2, pc.utf8_upper(names), names),
            "units": pa.array(np.maximum(np.round(units[rows] * grown), 1).astype(np.int64)),
            "amount": money((cents[rows] * grown).astype(np.int64), kind[rows] == DECLARED),
            "currency": taken(list(CURRENCIES), np.zeros(len(rows), int)),
            "first_seen": _day_times(world, begin[rows], rng.random(len(rows)) < 0.1),
            "last_seen": _day_times(world, finish[rows], ~ended),
            "confidence": pa.array(confidence[rows], mask=rng.random(len(rows)) < 0.3),
        }
        yield "supplier_links", night, pa.table(table)


def supplier_names(world: World, rows: Ints, form: Ints) -> pa.Array:
    """A supplier's name in one of its spellings, one row a supplier; a source that came back has another."""
    n, rows = len(TRADER_FIRST), world.suppliers.company[rows]
    city = CITY_OF_BLOCK[world.places.block[world.suppliers.place[rows]]]
    return joined(
        taken([c.name for c in CITIES], city),
        joined(taken(TRADER_FIRST, rows % n), pc.utf8_lower(taken(TRADER_FIRST, rows // n % n).cast(pa.string()))),
        taken(TRADER_SECOND, (rows + rows // (n * n)) % len(TRADER_SECOND)),
        taken(COMPANY_FORMS, form),
        between=" ",
    )


def _sellers(world: World) -> Iterator[tuple[str, int, pa.Table]]:
    params, shops = world.params, world.shops
    rng = stream(params, STREAM_FEEDS, 3)
    n = params.shops
    age, registered = rng.integers(30, 2500, n), rng.random(n) < params.registered
    chains = stream(params, STREAM_FEEDS, 9)
    together = (chains.random(n) < params.opened_together)[shops.operator]
    age = np.where(together, age[shops.operator] + chains.integers(0, 10, n), age)
    for night, rows, _ in _due(world, 3, np.zeros(n, np.int64), np.full(n, params.days)):
        first, second = rows * 7 % len(SHOP_FIRST), rows // 3 % len(SHOP_SECOND)
        name = joined(taken(SHOP_FIRST, first), taken(SHOP_SECOND, second), ids("", rows % 1000, 3), between=" ")
        no_email = plain(taken(PLACEHOLDER_EMAILS, rows % len(PLACEHOLDER_EMAILS)))
        table = {
            "seller_id": ids("S", rows, 6),
            "name": name,
            "opened_at": times((params.epoch_day - age[rows]) * DAY_SECONDS),
            "closed_at": times(np.zeros(len(rows), np.int64), np.ones(len(rows), bool)),
            "payee_id": ids("PAY", shops.payee[rows], 6, rng.random(len(rows)) < params.missing),
            "phone": phone_numbers(world.places, shops, rows, rng.integers(0, 4, len(rows))),
            "email": where(shops.no_email[rows], no_email, _emails(shops.email[rows])),
            "registration_no": ids("REG", shops.registration[rows] * 31 % 10**7, 8, ~registered[rows]),
        }
        yield "sellers", night, pa.table(table)


def _emails(owner: Ints) -> pa.Array:
    """One address an owner; half of them at one provider, whose domain ties nobody."""
    domain = taken([f"{first}{second}.example".lower() for first in SHOP_FIRST for second in SHOP_SECOND], owner % 256)
    return joined("shop", ids("", owner, 6), "@", where(owner % 2 == 0, domain, pa.scalar("mail.example")))


def _suppliers(world: World) -> Iterator[tuple[str, int, pa.Table]]:
    """Suppliers that are known by name; a second id of a source appears on the day it comes back.

    An alias has the name of its company in another spelling, and either its registration number or its phone, not both."""
    params, suppliers = world.params, world.suppliers
    rng = stream(params, STREAM_FEEDS, 4)
    start = np.full(len(suppliers.source), params.days - 1)
    np.minimum.at(start, world.edges.supplier, world.edges.start)
    start = np.where(suppliers.returned, start, 0)
    known = np.flatnonzero(~suppliers.unlisted)
    form = rng.integers(0, len(COMPANY_FORMS), len(suppliers.source))
    whole = supplier_addresses(world, np.arange(len(suppliers.source)))
    everyone = np.arange(len(suppliers.source))
    by_number = suppliers.company % 2 == 0
    doubled = np.isin(suppliers.company, suppliers.company[suppliers.alias])
    phone = np.where(suppliers.alias & by_number, everyone, suppliers.company)
    silent = np.where(doubled, ~by_number, stream(params, STREAM_FEEDS, 7).random(len(everyone)) < 0.3)
    for night, due, _ in _due(world, 4, start[known], np.full(len(known), params.days)):
        rows = known[due]
        table = {
            "supplier_id": ids("SUP", rows, 5),
            "name": supplier_names(world, rows, form[rows]),
            **{name: column.take(pa.array(rows)) for name, column in whole.items()},
            "phone": joined("+86 571", ids("", 10_000_000 + phone[rows] * 7_919 % 80_000_000, 8)),
            "registration_no": ids("RC", 330_000_000 + suppliers.company[rows] * 101, 9, silent[rows]),
        }
        yield "suppliers", night, pa.table(table)
