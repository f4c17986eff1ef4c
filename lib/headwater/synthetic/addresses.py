"""Addresses as sellers write them: in fields, in one line, abbreviated, misspelt, in Chinese, or as a city alone."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headwater.synthetic.columns import Bools, Ints, cleared, ids, joined, plain, taken, where
from headwater.synthetic.params import MarketplaceParams
from headwater.synthetic.vocabulary import (
    ABBREVIATIONS,
    AGENTS_FIRST,
    CITIES,
    DIALLING,
    FIRST_NAMES,
    LAST_NAMES,
    NUMBER_FIRST,
    PLACEHOLDER_PHONES,
    STREETS,
)
from headwater.synthetic.world import CITY_OF_BLOCK, HALL, STREAM_ADDRESSES, WAREHOUSE, Places, Shops, World, stream

ROLES = ["dispatch", "return", "registered", "pickup"]
DISPATCH, RETURN, REGISTERED, PICKUP = range(4)
FIELDS, SHORT_FIELDS, MISSPELT, ONE_LINE, CAPITALS, NATIVE, CITY_ONLY = range(7)
PRECISIONS = ["unit", "building", "street", "city"]
_HALL_NAMES = ["International Trade Market", "Grand Bazaar Trade Centre", "Huimin Wholesale Hall"]
_HALL_NATIVE = ["国际商贸城", "大巴扎商贸中心", "惠民批发市场"]


def _plain_letters(text: str) -> str:
    return (
        "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
        .replace("ł", "l")
        .replace("ß", "ss")
    )


def _short(text: str) -> str:
    for word, abbreviation in ABBREVIATIONS:
        text = text.replace(word, abbreviation)
    return text


# The pools of words by block (a street of a city) and by city; rows take from them.
_BLOCKS = [(city, street) for city in CITIES for street in STREETS[city.country]]
_STREET = pa.array([street for _, (street, _) in _BLOCKS])
_STREET_SHORT = pa.array([_plain_letters(_short(street)) for _, (street, _) in _BLOCKS])
_STREET_NATIVE = pa.array([native for _, (_, native) in _BLOCKS])
_NUMBER_FIRST = np.array([city.country in NUMBER_FIRST for city, _ in _BLOCKS])
_IN_CHINA = np.array([city.country == "CN" for city, _ in _BLOCKS])


def _postcode(city: Any, street: int) -> str:
    length = {"CN": 6, "GB": 5, "PL": 6, "NL": 4}.get(city.country, 5)
    if city.country == "GB":
        return f"{city.postcode} {street + 1}AB"
    body = city.postcode + str(street % 10).zfill(max(length - len(city.postcode), 1))
    return f"{body} KT" if city.country == "NL" else body


_POSTCODE = pa.array([_postcode(city, i) for city in CITIES for i in range(len(STREETS[city.country]))])


@dataclass(frozen=True)
class Addresses:
    """One row an address as a seller wrote it (its number is its id), and which place it truly is."""

    shop: Ints
    place: Ints
    role: Ints
    style: Ints
    silent: Bools  # the unit is left out
    start: Ints  # first day it may be seen
    end: Ints
    precision: Ints

    def table(self, world: World, night: int = 0) -> pa.Table:
        """The addresses feed as of a night, one row an address; contacts and phones are written anew each night. Who sends from a
        warehouse gives the phone of the warehouse there."""
        written = written_places(world, self.place, self.style, self.silent, 0)
        shops, rng = world.shops, stream(world.params, STREAM_ADDRESSES, 2, night)
        number = np.arange(len(self.shop))
        form = rng.integers(0, 4, len(number))
        phones = where(
            (self.role == DISPATCH) & (world.places.kind[self.place] == WAREHOUSE),
            warehouse_phones(world.places, shops, self.place, form),
            phone_numbers(world.places, shops, self.shop, form),
        )
        contact = shops.contact[self.shop] * 7 + 3
        names = joined(
            taken(FIRST_NAMES, contact % len(FIRST_NAMES)),
            taken(LAST_NAMES, contact // 3 % len(LAST_NAMES)),
            between=" ",
        )
        return pa.table(
            {
                "address_id": ids("A", number, 7),
                "seller_id": ids("S", self.shop, 6),
                "role": taken(ROLES, self.role),
                **written,
                "contact_name": cleared(names, rng.random(len(number)) < 0.3),
                "phone": cleared(phones, rng.random(len(number)) < 0.2),
            }
        )


def make_addresses(world: World) -> tuple[Addresses, Ints, Ints]:
    """Every address that the shops' trade and papers need, and for each edge its first address and how many it has.

    A quarter of the dispatch addresses are written twice, differently: the two are one place.
    """
    params, rng = world.params, stream(world.params, STREAM_ADDRESSES, 1)
    edges, shops = world.edges, world.shops
    n = params.shops
    everyone = np.arange(n)
    width = len(world.places.kind)
    trade, of_edge = np.unique(edges.shop * width + edges.place, return_inverse=True)
    start = np.full(len(trade), params.days)
    np.minimum.at(start, of_edge, edges.start)
    end = np.zeros(len(trade), np.int64)
    np.maximum.at(end, of_edge, edges.end)
    back = np.where(shops.centre >= 0, shops.centre, shops.home)
    pickup = np.flatnonzero(rng.random(n) < 0.1)
    shop = np.r_[trade // width, everyone, everyone, pickup]
    place = np.r_[trade % width, back, shops.home, shops.home[pickup]]
    role = np.repeat([DISPATCH, RETURN, REGISTERED, PICKUP], [len(trade), n, n, len(pickup)])
    start, end = (
        np.r_[start, np.zeros(len(shop) - len(trade), int)],
        np.r_[end, np.full(len(shop) - len(trade), params.days)],
    )
    copies = np.where((role == DISPATCH) & (rng.random(len(shop)) < 0.25), 2, 1)
    rows = np.repeat(np.arange(len(shop)), copies)
    style = _styles(params, rng, world.places, place[rows])
    has_unit = world.places.unit[place[rows]] > 0
    told = np.where(has_unit & (rng.random(len(rows)) < 0.9), 0, 1)  # a tenth forgets the unit
    precision = np.where(style == CITY_ONLY, 3, np.where(has_unit, told, 2))
    first = np.cumsum(copies) - copies
    silent = precision == 1
    addresses = Addresses(shop[rows], place[rows], role[rows], style, silent, start[rows], end[rows], precision)
    return addresses, first[of_edge], copies[of_edge]


def _styles(params: MarketplaceParams, rng: np.random.Generator, places: Places, place: Ints) -> Ints:
    size = len(place)
    lot = rng.random(size)
    messy = np.array([SHORT_FIELDS, ONE_LINE, CAPITALS])[rng.integers(0, 3, size)]
    style = np.select(
        [lot < params.messy_addresses, lot < params.messy_addresses + params.misspelt], [messy, MISSPELT], FIELDS
    )
    native = _IN_CHINA[places.block[place]] & (rng.random(size) < params.native_script)
    style = np.where(native, NATIVE, style)
    return np.where(rng.random(size) < params.city_only, CITY_ONLY, style)


def written_places(world: World, place: Ints, style: Ints, silent: Bools, salt: int) -> dict[str, pa.Array]:
    """The columns text, street, city, region, postcode, country of places, one row each, in its style of writing."""
    places, rng = world.places, stream(world.params, STREAM_ADDRESSES, 3, salt + 1)
    block, size = places.block[place], len(place)
    city = CITY_OF_BLOCK[block]
    street = _street_lines(places, place, taken(_STREET, block), silent)
    short = _street_lines(places, place, taken(_STREET_SHORT, block), silent)
    towns, regions = [taken([getattr(c, key) for c in CITIES], city) for key in ("name", "region")]
    countries, codes = taken([c.country for c in CITIES], city), taken(_POSTCODE, block)
    misspelt = _misspelt(street, rng.integers(2, 8, size), rng.random(size) < 0.5)
    fields = np.isin(style, (FIELDS, SHORT_FIELDS, MISSPELT))
    one_line = joined(short, joined(codes, towns, between=" "), countries, between=", ")
    native = _native_lines(places, place, silent)
    lines = pc.choose(
        pa.array(np.select([style == ONE_LINE, style == CAPITALS, style == NATIVE], [0, 1, 2], 3)),
        one_line,
        pc.utf8_upper(joined(street, towns, codes, regions, between=" ")),
        native,
        joined(towns, countries, between=", "),
    )
    streets = pc.choose(
        pa.array(np.select([style == SHORT_FIELDS, style == MISSPELT], [1, 2], 0)), street, short, misspelt
    )
    return {
        "text": cleared(lines, fields),
        "street": cleared(streets, ~fields),
        "city": cleared(towns, ~fields & (style != CITY_ONLY)),
        "region": cleared(regions, ~fields | (rng.random(size) < world.params.missing)),
        "postcode": cleared(codes, ~fields | (rng.random(size) < world.params.missing)),
        "country": cleared(countries, rng.random(size) < world.params.missing),
    }


def _street_lines(places: Places, place: Ints, street: pa.Array, silent: Bools) -> pa.Array:
    """Street, number and unit in the order of the country; stalls are named with their hall."""
    number = pa.array(places.number[place]).cast(pa.string())
    first = _NUMBER_FIRST[places.block[place]]
    line = where(first, joined(number, street, between=" "), joined(street, number, between=" "))
    unit, hall = pa.array(places.unit[place]).cast(pa.string()), places.hall[place]
    name = taken(_HALL_NAMES, hall % len(_HALL_NAMES))
    line = where((hall >= 0) | (places.kind[place] == HALL), joined(name, line, between=", "), line)
    said = (places.unit[place] > 0) & ~silent
    word = taken(["Unit ", "Stall "], (hall >= 0).astype(int))
    return where(said, joined(line, joined(word, unit), between=", "), line)


def _native_lines(places: Places, place: Ints, silent: Bools) -> pa.Array:
    """A Chinese address from the province down to the unit, without spaces."""
    block = places.block[place]
    city, hall = CITY_OF_BLOCK[block], places.hall[place]
    line = joined(
        taken([c.native_region for c in CITIES], city),
        taken([c.native for c in CITIES], city),
        taken(_STREET_NATIVE, block),
        pa.array(places.number[place]).cast(pa.string()),
        "号",
    )
    line = where((hall >= 0) | (places.kind[place] == HALL), joined(line, taken(_HALL_NATIVE, hall % 3)), line)
    said = (places.unit[place] > 0) & ~silent
    return where(said, joined(line, pa.array(places.unit[place]).cast(pa.string()), "室"), line)


def _misspelt(text: pa.Array, at: Ints, doubled: Bools) -> pa.Array:
    """One letter left out or doubled at a position; the digits at the front of a line are kept by starting later."""
    at = at + 3  # past a house number of three digits
    out = text
    for position in np.unique(at):  # a handful of positions, not rows
        head = pc.utf8_slice_codeunits(text, 0, int(position))
        letter = pc.utf8_slice_codeunits(text, int(position), int(position) + 1)
        tail = pc.utf8_slice_codeunits(text, int(position) + 1)
        is_letter = np.asarray(pc.fill_null(pc.utf8_is_alpha(letter), False))
        twice = joined(head, letter, letter, tail)
        wrong = where(doubled, twice, joined(head, tail))
        out = where((at == position) & is_letter, wrong, out)
    return out


def agent_lines(agent: Ints) -> Ints:
    """The national (Chinese) phone number of each registration agent."""
    return AGENTS_FIRST + agent * 1_111


def phone_numbers(places: Places, shops: Shops, shop: Ints, form: Ints) -> pa.Array:
    """The phone a shop gives, one row a shop, in one of four ways of writing it (0: international, no spaces), or a placeholder."""
    owner = shops.phone[shop]
    # An agent's own lines are numbered apart from the shops' and written without regard to the shop's country.
    agent = shops.agent[shop]
    country = np.where(agent >= 0, 0, CITY_OF_BLOCK[places.block[shops.home[owner]]])
    line = np.where(agent >= 0, agent_lines(agent), _lines(country, owner))
    written = _written_phones(country, line, form)
    return where(shops.no_phone[shop], plain(taken(PLACEHOLDER_PHONES, shop % len(PLACEHOLDER_PHONES))), written)


def warehouse_phones(places: Places, shops: Shops, place: Ints, form: Ints) -> pa.Array:
    """The phone of the house itself, one row a place: numbered behind those of the shops."""
    city = CITY_OF_BLOCK[places.block[place]]
    return _written_phones(city, _lines(city, len(shops.weight) + place), form)


def _lines(city: Ints, owner: Ints) -> Ints:
    """The national number of an owner in the country of a city."""
    _, first, size = zip(*(DIALLING[c.country] for c in CITIES), strict=True)
    line: Ints = np.array(first)[city] + (130_000_000 + owner * 7_919) % np.array(size)[city]
    return line


def _written_phones(city: Ints, line: Ints, form: Ints) -> pa.Array:
    code = taken([DIALLING[c.country][0] for c in CITIES], city)
    digits = pc.cast(pa.array(line), pa.string())
    parts = [pc.utf8_slice_codeunits(digits, start, stop) for start, stop in ((0, 3), (3, 6), (6, None))]
    return pc.choose(
        pa.array(form),
        joined("+", code, digits),
        joined("+", code, " ", joined(*parts, between=" ")),
        joined("00", code, "-", joined(*parts, between="-")),
        joined("(", code, ") ", digits),
    )


def supplier_addresses(world: World, rows: Ints) -> dict[str, pa.Array]:
    """The address columns of suppliers' own papers, one row a supplier; messy like the sellers'."""
    rng = stream(world.params, STREAM_ADDRESSES, 4)
    place = world.suppliers.place[rows]
    return written_places(world, place, _styles(world.params, rng, world.places, place), np.zeros(len(rows), bool), -1)
