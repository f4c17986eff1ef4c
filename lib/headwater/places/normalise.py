"""ADDRESSES as written -> parsed addresses: one typed, comparable form, and the keys that exact matching stands on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd
import pyarrow as pa

from headwater.parameters.places import PlaceParams
from headwater.places.draft import Draft
from headwater.places.locality import city_name, country_code, fold_umlauts, is_placeholder, postcode_of, region_code
from headwater.places.parse_cjk import parse_cjk
from headwater.places.parse_latin import parse_latin
from headwater.places.rules import Rules
from headwater.places.text import clean_text, has_cjk, squash

FIELDS = ("text", "street", "city", "region", "postcode", "country")
LEVELS = ("unit", "building", "street", "postcode_area", "city", "country", "none")


class ParsedAddress(NamedTuple):
    """One address in comparable form: lower-case ASCII (country, region and postcode upper case), None where unsaid.

    `street` is the name alone ('stony island'); its type ('avenue') and direction ('s') stand apart, since people leave
    them out. `building` is a block or tower within the number, or a named building where there is no number. `unit` is
    flat, suite, stall or room with its floor. `level` is the finest thing that is said: unit | building | street |
    postcode_area | city | country | none. `script` (latin | cjk) says whether a slip of one letter may be forgiven.
    """

    country: str | None
    region: str | None
    postcode: str | None
    city: str | None
    street: str | None
    street_type: str | None
    direction: str | None
    number: str | None
    building: str | None
    unit: str | None
    level: str
    script: str


NOWHERE = ParsedAddress(*(None,) * 10, "none", "latin")
COLUMNS = ParsedAddress._fields


def parse_address(
    text: str | None,
    street: str | None,
    city: str | None,
    region: str | None,
    postcode: str | None,
    country: str | None,
    rules: Rules,
    params: PlaceParams,
) -> ParsedAddress:
    """One address as typed -> its parts. Fields win over `text`, which fills what they leave open. Never raises.

    The order within a line does not matter for units, floors and buildings; a house number may stand before or after
    the street. A placeholder ('n/a', '-', '0') counts as not said.
    """
    namibia = isinstance(country, str) and country.strip() == "NA"  # the one code that is also a placeholder
    said = [_said(value, rules, params) for value in (text, street, city, region, postcode, country)]
    text, street, city, region, postcode, country = said
    code = "NA" if namibia else country_code(country, rules)
    draft = _read(street, rules, code, params, line_only=True) if street else Draft(country=code)
    if text:
        draft.fill(_read(text, rules, code, params, line_only=False))
    place = draft.country = draft.country or (params.default_country if country is None else None)
    draft.postcode = postcode_of(postcode, place, rules) or draft.postcode
    draft.region = region_code(region, place, rules) or draft.region
    draft.city = city_name(city, place, rules) or draft.city
    if draft.city is None and draft.street is not None:
        draft.city = city_name(params.default_city, place, rules)
    return _finish(draft, rules)


def _said(value: str | None, rules: Rules, params: PlaceParams) -> str | None:
    """The field's text, or None for nothing, a float's NaN and a placeholder."""
    if not isinstance(value, str):
        return None
    value = value[: params.max_text]
    return None if is_placeholder(value, rules) else value


def _read(text: str, rules: Rules, country: str | None, params: PlaceParams, *, line_only: bool) -> Draft:
    if has_cjk(clean_text(text, params.max_text)):
        return parse_cjk(text, rules, country, params)
    return parse_latin(text, rules, country, params, line_only=line_only)


def _finish(draft: Draft, rules: Rules) -> ParsedAddress:
    """Composes building and unit, and names the level."""
    street = fold_umlauts(draft.street, draft.country, rules) if draft.street else None
    _split_slash(draft, rules)
    number = _plain(draft.number)
    buildings = sorted({_plain(b) or "0" for b in draft.buildings})
    if number is None and draft.named_building:
        buildings.append(draft.named_building)
    building = "-".join(buildings) or None
    unit = _unit(draft)
    city = draft.city or rules.tables["countries"]["city_states"].get(draft.country or "", "").replace(" ", "") or None
    if draft.country in rules.tables["postcodes"]["none"]:
        draft.postcode = None
    located = street is not None or draft.named_building is not None
    if located and number is None and building is None:
        unit = None  # a flat in a street without a number is nowhere in particular
    level = _level(located, number or building, unit, draft.postcode, draft.city, draft.country)
    if not located:
        street = number = building = unit = None
    script = "cjk" if draft.cjk or draft.country in rules.country_list("syllabic") else "latin"
    kind, direction = (draft.street_type, draft.direction) if street else (None, None)
    return ParsedAddress(
        draft.country,
        draft.region,
        draft.postcode,
        city,
        street,
        kind,
        direction,
        number,
        building,
        unit,
        level,
        script,
    )


def _split_slash(draft: Draft, rules: Rules) -> None:
    """Gives the half of '5/12' that is a unit in this country to the units."""
    first, slash, second = (draft.number or "").partition("/")
    if slash and first and second:
        if draft.country in rules.country_list("unit_before_slash"):
            draft.units, draft.number = [*draft.units, first], second
        elif draft.country in rules.country_list("unit_after_slash"):
            draft.units, draft.number = [*draft.units, second], first


def _level(
    located: bool, house: str | None, unit: str | None, postcode: str | None, city: str | None, country: str | None
) -> str:
    """The finest thing that is said."""
    if located:
        return "unit" if unit and house else "building" if house else "street"
    return "postcode_area" if postcode else "city" if city else "country" if country else "none"


def _plain(value: str | None) -> str | None:
    """A number or a mark without leading zeros, spaces and outer dashes: '05-012b' -> '5-12b'."""
    if value is None:
        return None
    parts = [part.lstrip("0") or "0" for part in value.replace(" ", "").split("-") if part]
    return "-".join(parts) or None


def _unit(draft: Draft) -> str | None:
    """Flat or room with its floor. A room number that begins with the floor ('502' on 5) says the floor already."""
    rooms = sorted({room for room in map(_plain, draft.units) if room})
    floor = _plain(draft.floor)
    if floor and rooms and all(room.startswith(floor) and len(room) >= len(floor) + 2 for room in rooms):
        floor = None
    return "-".join([f"{floor}f", *rooms] if floor else rooms) or None


def exact_key(parsed: ParsedAddress, *, building_only: bool = False) -> str:
    """The typed key of an address: its parts, named by their place, separated and null-marked; not hashed yet.

    Two addresses with one key are the same text but for its form. City and street stand without spaces; street type
    and direction are parts of their own. `building_only` leaves the unit out.
    """
    parts = [
        parsed.country,
        parsed.region if parsed.postcode is None else None,
        parsed.postcode,
        parsed.city,
        parsed.street,
        parsed.street_type,
        parsed.direction,
        parsed.number,
        parsed.building,
        None if building_only else parsed.unit,
    ]
    return joined(None if part is None else part.replace(" ", "") for part in parts)


def joined(parts: Iterable[str | None]) -> str:
    """Parts separated by U+001F, None as U+0000: different rows never give one string."""
    return "\x1f".join("\x00" if part is None else part for part in parts)


def hashed(key: str) -> str:
    """The first 128 bits of SHA-256 in hexadecimal."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def address_key(parsed: ParsedAddress) -> str | None:
    """The hash of the full typed key; None at level none."""
    return None if parsed.level == "none" else hashed(exact_key(parsed))


def building_key(parsed: ParsedAddress) -> str | None:
    """The hash of the key without the unit; None where neither number nor building is known: the same building."""
    return hashed(exact_key(parsed, building_only=True)) if parsed.level in ("unit", "building") else None


def unit_key(parsed: ParsedAddress) -> str | None:
    """The hash of the key with its unit; None where no unit is said: a stronger fact than the building."""
    return hashed(exact_key(parsed)) if parsed.level == "unit" else None


def parse_addresses(
    addresses: pd.DataFrame | pa.RecordBatch | pa.Table, rules: Rules, params: PlaceParams
) -> pd.DataFrame:
    """ADDRESSES -> one row per input row, in order: `address_id`, ParsedAddress, three keys and `reason`.

    Takes any of text, street, city, region, postcode, country; absent columns count as null. Each distinct value is
    parsed once, so hand over batches of distinct values where you can. `address_key`, `building_key`, `unit_key` are
    null where they do not apply. `reason` tells why an address is at level none: missing | placeholder | unreadable |
    own_address (the marketplace's, from the parameters); null otherwise.
    """
    frame = addresses if isinstance(addresses, pd.DataFrame) else addresses.to_pandas()
    fields = pd.DataFrame({name: frame.get(name) for name in FIELDS}, index=frame.index)
    fields = fields.astype(object).where(fields.notna(), None)
    distinct = fields.drop_duplicates()
    own = {
        building_key(parse_address(text, None, None, None, None, None, rules, params)) for text in params.own_addresses
    } - {None}
    rows = [_row(values, rules, params, own) for values in distinct.itertuples(index=False, name=None)]
    columns = [*COLUMNS, "address_key", "building_key", "unit_key", "reason"]
    parsed = pd.DataFrame(rows, columns=columns, dtype=object)
    codes = pd.MultiIndex.from_frame(distinct).get_indexer(pd.MultiIndex.from_frame(fields))
    result = parsed.take(codes).reset_index(drop=True)
    result.insert(0, "address_id", frame["address_id"].to_numpy())
    return result


def _row(
    values: tuple[str | None, ...], rules: Rules, params: PlaceParams, own: set[str | None]
) -> tuple[str | None, ...]:
    text, street, city, region, postcode, country = values
    parsed = parse_address(text, street, city, region, postcode, country, rules, params)
    reason = None
    if parsed.level in ("none", "country"):
        reason = _nothing(values[:5])
    whole, house = address_key(parsed), building_key(parsed)
    if house is not None and house in own:
        return (*NOWHERE, None, None, None, "own_address")
    return (*parsed, whole, house, whole if parsed.level == "unit" else None, reason)


def _nothing(values: tuple[str | None, ...]) -> str:
    """Why nothing finer than a country could be read."""
    said = [value for value in values if isinstance(value, str) and value.strip()]
    if not said:
        return "missing"
    return "unreadable" if any(len(squash(value)) > 12 for value in said) else "placeholder"
