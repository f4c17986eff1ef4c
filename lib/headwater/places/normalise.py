"""ADDRESSES as written -> parsed addresses: one typed, comparable form, and the keys that exact matching stands on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd
import pyarrow as pa

from headwater.parameters.places import PlaceParams
from headwater.places.draft import Draft, Mark
from headwater.places.locality import (
    city_name,
    city_parts,
    country_code,
    fold_umlauts,
    is_placeholder,
    locality,
    native_name,
    postcode_of,
    region_code,
    region_name,
    region_of_postcode,
)
from headwater.places.parse_cjk import cjk_locality, parse_cjk
from headwater.places.parse_latin import parse_latin
from headwater.places.rules import Rules
from headwater.places.text import clean_text, has_cjk, squash

FIELDS = ("text", "street", "city", "region", "postcode", "country")
LEVELS = ("unit", "building", "street", "postcode_area", "city", "country", "none")


class ParsedAddress(NamedTuple):
    """One address in comparable form: lower-case ASCII (country, region and postcode upper case), None where unsaid.

    `district` (county, ward) and `township` are parts of the city. `street` is the name alone ('stony island'); its type
    ('avenue') and direction ('s') stand apart, since people leave them out; but a street of a syllabic name that has no
    direction says so ('-'), for 人民路 and 人民北路 are two streets. `building` is what is numbered between the house and its
    doors, block, entrance, zone, row, gate, each with its kind; `name` a named building, hall or estate. `unit` is flat, stall
    or room with its floor, `unit_kind` what its word says beyond 'unit': home | shop | mailbox; in a street without a number they
    make no unit, but two of them are not one address. The columns `_native` hold Han
    as written, in simplified characters, for two names may have one reading. `level` is the finest thing that is said: unit |
    building | street | postcode_area | city | country | none. `script` (latin | cjk) says whether a slip of one letter may be
    forgiven.
    """

    country: str | None
    region: str | None
    postcode: str | None
    city: str | None
    city_native: str | None
    district: str | None
    township: str | None
    street: str | None
    street_native: str | None
    street_type: str | None
    direction: str | None
    number: str | None
    building: str | None
    name: str | None
    name_native: str | None
    unit: str | None
    unit_kind: str | None
    level: str
    script: str


NOWHERE = ParsedAddress(*(None,) * 17, "none", "latin")
COLUMNS = ParsedAddress._fields
# What tells one house from another; the rest tells its doors.
OF_HOUSE = COLUMNS[: COLUMNS.index("unit")]
OF_DOOR = ("unit", "unit_kind")
HOUSES = ("unit", "building")
STRAIGHT = "-"  # the direction of a street that is not the north, south, east or west one of its name


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
    draft.region = region_name(region, place, rules) or draft.region
    if city:
        _take_city(city, draft, rules)
    if draft.city is None and draft.street is not None:
        draft.city = city_name(params.default_city, place, rules)
    return _finish(draft, rules)


def _take_city(value: str, draft: Draft, rules: Rules) -> None:
    """The city of a field of its own, which wins, with the district or region that is written beside it."""
    beside = None
    if has_cjk(value):
        head = cjk_locality(value, draft.country, rules)
        if head.city is None and head.district is None:
            head.city, beside = city_parts(value, draft.country, rules)
            head.city_native = native_name(value.strip().removesuffix("市"), rules) if head.city else None
        draft.region = draft.region or head.region
    else:
        head = Draft()
        head.city, beside = city_parts(value, draft.country, rules)
    if head.city:
        draft.city, draft.city_native = head.city, head.city_native
    draft.district, draft.township = head.district or draft.district, head.township or draft.township
    region = region_code(beside, draft.country, rules)
    draft.region = draft.region or region
    if beside and region is None and country_code(beside, rules) is None:
        draft.district = draft.district or locality(beside, rules)[1]


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
    _split_entrance(draft, rules)
    number, name = _plain(draft.number), draft.name
    building = _listed(_marks(draft.blocks, rules.tables["parts"]["any_block"]))
    unit, unit_kind = _unit(draft, rules)
    city = draft.city or rules.tables["countries"]["city_states"].get(draft.country or "", "").replace(" ", "") or None
    if draft.country in rules.tables["postcodes"]["none"]:
        draft.postcode = None
    region = draft.region or region_of_postcode(draft.postcode, draft.country, rules)
    district = None if draft.district == (city or "").replace(" ", "") else draft.district  # the city, said twice
    located = any((street, name, draft.name_native))
    house = number or building or name or draft.name_native
    level = _level(located, house, unit, draft.postcode, draft.city or district, draft.country)
    if not located:
        number = building = unit = unit_kind = None
    script = "cjk" if draft.cjk or _is_syllabic(draft.country, city, rules) else "latin"
    kind, direction = (draft.street_type, draft.direction) if street else (None, None)
    if street and script == "cjk":
        direction = direction or STRAIGHT
    return ParsedAddress(
        draft.country,
        region,
        draft.postcode,
        city,
        draft.city_native,
        district,
        draft.township,
        street,
        draft.street_native if street else None,
        kind,
        direction,
        number,
        building,
        name,
        draft.name_native,
        unit,
        unit_kind,
        level,
        script,
    )


def _is_syllabic(country: str | None, city: str | None, rules: Rules) -> bool:
    """Whether names there are romanised syllables; where no country is said, large cities of China tell."""
    if country is None:
        return city is not None and squash(city) in rules.syllabic_cities
    return country in rules.country_list("syllabic")


def _split_entrance(draft: Draft, rules: Rules) -> None:
    """Gives a unit that has rooms to the blocks where it is an entrance: 'Unit 2, Room 501' is 2单元501室 in China."""
    if draft.country in rules.country_list("unit_has_rooms") and {"unit"} < {door.kind for door in draft.doors}:
        draft.blocks = [*draft.blocks, *(Mark("entrance", d.value) for d in draft.doors if d.kind == "unit")]
        draft.doors = [door for door in draft.doors if door.kind != "unit"]


def _split_slash(draft: Draft, rules: Rules) -> None:
    """Gives the half of '5/12' that is a unit in this country to the units."""
    first, slash, second = (draft.number or "").partition("/")
    if slash and first and second:
        if draft.country in rules.country_list("unit_before_slash"):
            draft.doors, draft.number = [*draft.doors, Mark("unit", first)], second
        elif draft.country in rules.country_list("unit_after_slash"):
            draft.doors, draft.number = [*draft.doors, Mark("unit", second)], first


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


def _unit(draft: Draft, rules: Rules) -> tuple[str | None, str | None]:
    """Flat or room with its floor; and its kind, where one door is said by a word that tells what is behind it.

    A room that begins with the floor ('502' on 5) says the floor already."""
    any_door = rules.tables["parts"]["any_door"]
    doors, floor = _marks(draft.doors, any_door), _plain(draft.floor)
    if floor and doors and all(d.value.startswith(floor) and len(d.value) >= len(floor) + 2 for d in doors):
        floor = None
    parts = [Mark("floor", floor)] if floor else []
    if len(doors) != 1:
        return _listed([*parts, *doors]), None
    door = doors[0]
    unit = f"{_listed(parts)}+{door.value}" if parts else door.value
    return unit, None if door.kind in any_door else door.kind


def _marks(marks: list[Mark], alike: list[str]) -> list[Mark]:
    """Different marks in one order. Kinds that are alike become one, the first, unless they number different things."""
    said = {Mark(mark.kind, _plain(mark.value) or "0") for mark in marks}
    if len({mark.value for mark in said if mark.kind in alike}) == 1:
        said = {Mark(alike[0], mark.value) if mark.kind in alike else mark for mark in said}
    return sorted(said)


def _listed(marks: list[Mark]) -> str | None:
    """'building 3+zone a'."""
    return "+".join(f"{mark.kind} {mark.value}" for mark in marks) or None


def exact_key(parsed: ParsedAddress, *, building_only: bool = False) -> str:
    """The typed key of an address: its parts, named by their place, separated and null-marked; not hashed yet.

    Two addresses with one key are the same text but for its form. Names stand without spaces; street type and direction
    are parts of their own. The region counts where no postcode is said. `building_only` leaves the unit out.
    """
    house = [None if name == "region" and parsed.postcode else getattr(parsed, name) for name in OF_HOUSE]
    door = [None if building_only else getattr(parsed, name) for name in OF_DOOR]
    return joined(None if part is None else part.replace(" ", "") for part in (*house, *door))


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
    return hashed(exact_key(parsed, building_only=True)) if parsed.level in HOUSES else None


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
    own = [parse_address(text, None, None, None, None, None, rules, params) for text in params.own_addresses]
    rows = [_row(values, rules, params, own) for values in distinct.itertuples(index=False, name=None)]
    columns = [*COLUMNS, "address_key", "building_key", "unit_key", "reason"]
    parsed = pd.DataFrame(rows, columns=columns, dtype=object)
    codes = pd.MultiIndex.from_frame(distinct).get_indexer(pd.MultiIndex.from_frame(fields))
    result = parsed.take(codes).reset_index(drop=True)
    result.insert(0, "address_id", frame["address_id"].to_numpy())
    return result


def _row(
    values: tuple[str | None, ...], rules: Rules, params: PlaceParams, own: list[ParsedAddress]
) -> tuple[str | None, ...]:
    text, street, city, region, postcode, country = values
    parsed = parse_address(text, street, city, region, postcode, country, rules, params)
    reason = None
    if parsed.level in ("none", "country"):
        reason = _nothing(values[:5])
    whole, house = address_key(parsed), building_key(parsed)
    if any(same_house(parsed, mine) for mine in own):
        return (*NOWHERE, None, None, None, "own_address")
    return (*parsed, whole, house, whole if parsed.level == "unit" else None, reason)


def same_house(one: ParsedAddress, other: ParsedAddress) -> bool:
    """Whether two addresses name one house of one town or postcode, and nothing that both say differs: neither needs to be
    written in full."""
    if one.level not in HOUSES or other.level not in HOUSES:
        return False
    said = {
        name: mine.replace(" ", "") == theirs.replace(" ", "")
        for name in (*OF_HOUSE, *OF_DOOR)
        if (mine := getattr(one, name)) is not None and (theirs := getattr(other, name)) is not None
    }
    street = said.get("street") and said.get("number")
    named = one.street is None and other.street is None and (said.get("name") or said.get("name_native"))
    town = said.get("city") or said.get("postcode")
    return all(said.values()) and bool(town) and bool(street or named)


def _nothing(values: tuple[str | None, ...]) -> str:
    """Why nothing finer than a country could be read."""
    said = [value for value in values if isinstance(value, str) and value.strip()]
    if not said:
        return "missing"
    return "unreadable" if any(len(squash(value)) > 12 for value in said) else "placeholder"
