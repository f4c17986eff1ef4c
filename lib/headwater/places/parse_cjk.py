"""Reads an address written in Han, Kana or Hangul, where suffixes and not spaces part the words, from the large to the small."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from headwater.parameters.places import PlaceParams
from headwater.places.draft import Draft, Mark
from headwater.places.locality import (
    city_name,
    country_code,
    native_name,
    postcode_of,
    region_code,
    region_name,
    simple,
)
from headwater.places.rules import Rules
from headwater.places.text import clean_text, squash

_COUNTRY = re.compile(r"(?:^|(?<=[\d ,]))(中华人民共和国|中国|日本|대한민국|台湾|香港|澳门)(?=.{2})")
_LANE = re.compile(r"(\d+)\s*[弄巷]\s*(?=\d)")
_SUB_FLOOR = re.compile(r"([楼层])\s*之\s*(\d+)")  # 5楼之2
_SUB_HOUSE = re.compile(r"(\d)\s*号\s*之\s*(\d+)")  # 100号之2
_SUB_NUMBER = re.compile(r"(\d+)\s*(?:丁目|番地?|之|の)\s*(?=\d)")
_CHOME = re.compile(r"([一二三四五六七八九十]+)丁目(?=\d)")
_CODE = re.compile(r"([a-z]?-?\d+[a-z0-9]*(?:-[a-z0-9]+)*)号?")
_DIGITS = "一二三四五六七八九"
_GONE = ";"  # stands where a block, a door or the floor was taken out


@dataclass(frozen=True)
class _Patterns:
    """The words of the table as patterns; `doors` and `blocks` by kind, longest words first."""

    doors: Mapping[str, re.Pattern[str]]
    blocks: Mapping[str, re.Pattern[str]]
    floor: re.Pattern[str]
    number: re.Pattern[str]
    street: re.Pattern[str]
    any_street: re.Pattern[str]
    section: re.Pattern[str]
    region: re.Pattern[str]
    capital: re.Pattern[str]
    city: re.Pattern[str]
    known_city: re.Pattern[str]
    area: re.Pattern[str]
    locality: re.Pattern[str]


@lru_cache(maxsize=8)
def _patterns(words: tuple[tuple[str, str], ...]) -> _Patterns:
    cjk = dict(words)
    streets = _longest(cjk["street"])
    a_street = rf"(?:[东南西北中大一二三四五六七八九十\d]{{0,2}}(?:{streets}))"
    code = r"(?<![a-z0-9-])(?:[a-z]?\d+[a-z]?(?:-\d+)*[a-z]?|[a-z])"
    ordinal = rf"(?<![{_DIGITS}十])(?:[{_DIGITS}]?十[{_DIGITS}]?|[〇零{_DIGITS}甲乙丙丁])"  # 十二, but not 二七区
    # A gate or a row of Han digits would be found in the middle of names (三门县).
    of_blocks = {
        kind: rf"第?({code if kind in ('gate', 'row') else f'{code}|{ordinal}'})\s*(?:{_longest(text)})"
        for kind, text in _kinds(cjk, "blocks")
    }
    of_doors = {
        kind: rf"([a-z]?\d+[a-z0-9]*(?:-[a-z0-9]+)*)\s*(?:{_longest(text)})" for kind, text in _kinds(cjk, "doors")
    }
    # A name runs to its first suffix, but over no street, and not where the suffix begins the name of one (中关村南大街).
    name = r"(?:(?!路|街(?!道)|大道|巷|弄|胡同|通り)[^\d,;a-z]){1,10}?"
    bare = _longest("|".join(word for word in cjk["estate"].split("|") if len(word) > 2))  # 科技园, of no name
    kinds = "|".join(f"(?P<{kind}>{_longest(cjk[kind])})" for kind in ("estate", "district", "township"))
    return _Patterns(
        doors={kind: re.compile(text) for kind, text in of_doors.items()},
        blocks={kind: re.compile(text) for kind, text in of_blocks.items()},
        floor=re.compile(
            rf"(b?\d{{1,3}}|地下|[{_DIGITS}十]{{1,3}})\s*(?:{cjk['floor']})|(b?\d{{1,3}})\s*/?\s*f(?![a-z])"
        ),
        number=re.compile(rf"(\d+(?:-\d+)*[a-z]?)\s*(?:{cjk['number']})"),
        street=re.compile(rf"^(.*?)({streets})(?=[\d\s,a-z]|$)"),
        any_street=re.compile(rf"^(.+?)({streets})"),
        section=re.compile(rf"^第?({ordinal}|\d{{1,2}})段"),
        region=re.compile(rf"^({cjk['regions']})|^((?:(?!市)[^\d,;]){{2,7}}?)(?:{cjk['region']})"),
        capital=re.compile(rf"^({cjk['capitals']})"),
        city=re.compile(rf"^([^\d,;区县镇乡村路街道]{{2,6}}?)(?:{cjk['city']})(?!{cjk['no_city']})"),
        known_city=re.compile(rf"^({cjk['cities']})(?=.{{2}})(?!{a_street}|大厦|广场|大楼|城)"),
        area=re.compile(rf"^(?:{cjk['area']})(?=.{{2}})"),
        locality=re.compile(rf"^(?:(?P<bare>{bare})|(?P<name>{name})(?:{kinds}))(?!{a_street})(?P<before_number>\d?)"),
    )


def _longest(words: str) -> str:
    """The alternatives, longest first."""
    return "|".join(sorted(words.split("|"), key=lambda word: (-len(word), word)))


def _kinds(cjk: Mapping[str, str], table: str) -> list[tuple[str, str]]:
    return [(key.partition(" ")[2], text) for key, text in cjk.items() if key.startswith(table + " ")]


def _patterns_of(rules: Rules) -> _Patterns:
    cjk = rules.tables["cjk"]
    flat = {key: text for key, text in cjk.items() if isinstance(text, str)} | {"street": "|".join(cjk["street"])}
    flat |= {f"{table} {kind}": text for table in ("blocks", "doors") for kind, text in cjk[table].items()}
    return _patterns(tuple(flat.items()))


def parse_cjk(text: str, rules: Rules, country: str | None, params: PlaceParams) -> Draft:
    """One text -> its parts: 广东省深圳市福田区华强北路1002号赛格广场3楼3C12室."""
    draft, patterns = Draft(country=country, cjk=True), _patterns_of(rules)
    names: list[str] = []
    rest = _prepared(text, rules, params.max_text)
    draft.country = country or _country_of(rest, rules, patterns) or params.default_country
    rest = _SUB_HOUSE.sub(r"\1-\2号", _SUB_FLOOR.sub(r"\1\2室", _without_strangers(rest, rules, patterns)))
    rest = _CHOME.sub(lambda match: _numeral(match[1], rules) + "丁目", rest)
    rest = _SUB_NUMBER.sub(r"\1-", _LANE.sub(r"\1-", rest))
    rest = _take_marks(_take_postcode(rest, draft, rules), draft, rules, patterns)
    rest = _take_localities(rest, draft, rules, patterns, names)
    _take_street(rest, draft, rules, patterns, names)
    return draft


def cjk_locality(text: str, country: str | None, rules: Rules) -> Draft:
    """A field that names a town, perhaps with its province and district: 广东省深圳市福田区."""
    draft = Draft(country=country, cjk=True)
    rest = _take_localities(_prepared(text, rules, len(text)), draft, rules, _patterns_of(rules), [])
    if draft.city and draft.district is None:
        draft.district = squash(rest) or None
    return draft


def _prepared(text: str, rules: Rules, limit: int) -> str:
    """In simplified characters, without spaces beside them; commas part what punctuation parts."""
    rest = re.sub(r"\s*[,、;|()]\s*", ",", simple(clean_text(text, limit), rules))
    return re.sub(r"(?<=[^\x00-\x7f]) +| +(?=[^\x00-\x7f])", "", rest)


def _without_strangers(text: str, rules: Rules, patterns: _Patterns) -> str:
    """The lines without companies' names, beginning with the one that names a region or city: a person's name may come first."""
    forms = "|".join(rules.tables["legal_forms"]["cjk"])
    lines = [line for line in text.split(",") if not re.search(rf"(?:{forms})$", line)]
    heads = (patterns.capital, patterns.region, patterns.city, patterns.known_city)
    first = next((i for i, line in enumerate(lines) if any(head.match(line) for head in heads)), 0)
    return ",".join(lines[first:] + lines[:first]) or text


def _country_of(text: str, rules: Rules, patterns: _Patterns) -> str | None:
    """A country's name at the start; else Kana and 県 are Japan's, Hangul is Korea's, 省 is China's; Han says nothing."""
    nation = _COUNTRY.search(text[:14])
    if nation:
        return country_code(nation[1], rules)
    if re.search(r"[\u3040-\u30ff]|^.{2,3}県", text) or patterns.capital.match(text):
        return "JP"
    if re.search(r"[\uac00-\ud7a3]", text):
        return "KR"
    return "CN" if re.match(r"^.{2,4}?(?:省|自治区)", text) else None


def _numeral(text: str, rules: Rules) -> str:
    """三 -> 3, 十二 -> 12, 甲 -> a; digits stay."""
    table = rules.tables["cjk"]["numerals"]
    if text == "地下":
        return "b1"
    text = re.sub(r"^十", "一十", text)
    text = re.sub(r"十$", "〇", text).replace("十", "")
    return "".join(str(table.get(char, char)) for char in text)


def _take_postcode(text: str, draft: Draft, rules: Rules) -> str:
    code = re.match(r"^〒?\s*(\d{3}-?\d{4}|\d{5,6})(?!\d)(?!号)", text) or re.search(r"[, ]?(?<!\d)(\d{6})$", text)
    if not code:
        return text
    draft.postcode = postcode_of(code[1], draft.country, rules)
    return (text[: code.start()] + text[code.end() :]).strip(" ,")


def _take_marks(text: str, draft: Draft, rules: Rules, patterns: _Patterns) -> str:
    """Takes blocks, doors and the floor out of the text, in whatever order they stand; a sign stays in each one's place."""
    for kinds, into in ((patterns.blocks, draft.blocks), (patterns.doors, draft.doors)):
        for kind, pattern in kinds.items():
            into.extend(Mark(kind, _numeral(match[1], rules)) for match in pattern.finditer(text))
            text = pattern.sub(_GONE, text)
    floor = patterns.floor.search(text)
    if floor:
        draft.floor = _numeral(floor[1] or floor[2], rules)
        text = f"{text[: floor.start()]}{_GONE}{text[floor.end() :]}"
    return text


def _take_localities(text: str, draft: Draft, rules: Rules, patterns: _Patterns, names: list[str]) -> str:
    """Takes country, province, city, districts and estates off the front; of two cities the smaller counts (金华市义乌市)."""

    def taken(pattern: re.Pattern[str]) -> re.Match[str] | None:
        nonlocal text
        match = pattern.match(text)
        if match:
            text = text[match.end() :].strip(" ,")
        return match

    text = text.strip(" ,")
    taken(_COUNTRY)
    taken(patterns.area)
    home = draft.country or "CN"
    if capital := taken(patterns.capital):
        draft.city = city_name(re.sub("[都府]$", "", capital[1]), draft.country, rules)
    elif region := taken(patterns.region):
        draft.region = region_name(region[1] or region[2], home, rules)
    elif patterns.known_city.match(text[2:]) and region_code(text[:2], home, rules):  # 广东深圳
        draft.region, text = region_code(text[:2], home, rules), text[2:]
    for _ in range(2):
        city = taken(patterns.city) or (None if draft.city else taken(patterns.known_city))
        if city:
            draft.city, draft.city_native = city_name(city[1], home, rules), native_name(city[1], rules)
    for _ in range(6):
        found = patterns.locality.match(text)
        if not found:
            break
        numbered = found["before_number"] and re.search(rf"(?:{rules.tables['cjk']['numbered']})$", found[0][:-1])
        if numbered:
            break  # 歌舞伎町1-4-1, 皇岗村10号
        taken(patterns.locality)
        text = found["before_number"] + text
        level = next((level for level in ("district", "township") if found[level]), "estate")
        if level == "estate" or getattr(draft, level) is not None:
            names.append(found["bare"] or found["name"] + found[level])
        else:
            setattr(draft, level, squash(found["name"]) or None)
    return text


def _take_street(rest: str, draft: Draft, rules: Rules, patterns: _Patterns, names: list[str]) -> None:
    """Street, number and what else stands there: a code without a street is a door, other words name the building."""
    number, head, tail = _number(rest, draft, patterns)
    at_number = _GONE not in head[len(head.rstrip(" ," + _GONE)) :]  # nothing was taken out right before the number
    *before, head = re.split(f"[,{_GONE}]", head.strip(" ," + _GONE))
    street = patterns.street.match(head) or patterns.any_street.match(head)
    if street:
        _set_street(street[1], rules.tables["cjk"]["street"][street[2]], draft, rules)
        after = head[street.end() :]
        if section := patterns.section.match(after):  # 忠孝东路四段
            draft.street = f"{draft.street} {_numeral(section[1], rules)}"
            after = after[section.end() :]
        tail = after + "," + tail
    elif number and at_number and (head or names):
        _set_street(head or names.pop(), None, draft, rules)  # 丸の内1-9-1, 怀德工业区10号
    else:
        tail, number = ",".join((head, number or "", tail)), None  # 商贸城3楼12345号: a stall's number
    draft.number = number
    parts = [part.strip() for part in [*before, *re.split(f"[,{_GONE}]", tail)] if part.strip()]
    codes = [match[1] for match in map(_CODE.fullmatch, parts) if match]
    names += [part for part in parts if not _CODE.fullmatch(part)]
    draft.name_native = "".join(names).replace(" ", "") or None
    draft.doors.extend(Mark("unit", code) for code in codes)


def _number(rest: str, draft: Draft, patterns: _Patterns) -> tuple[str | None, str, str]:
    """House number, what stands before and what after it: one with its word, else one right behind a street's name."""
    number = patterns.number.search(rest)
    if number:
        return number[1], rest[: number.start()], rest[number.end() :]
    plain = re.search(r"(?<=[^\x00-\x7f])\s*(\d+(?:-\d+)*)(?![\d楼层])", rest)
    if plain and (
        patterns.street.match(rest[: plain.start()])
        or draft.country in ("JP", "KR")
        or re.fullmatch(r"\d+-\d+(?:-\d+)?", plain[1])
    ):
        return plain[1], rest[: plain.start()], rest[plain.end() :]
    return None, rest, ""


def _set_street(name: str, kind: str | None, draft: Draft, rules: Rules) -> None:
    """华强北 + 路 -> huaqiang, direction n, road; the same as 'Huaqiang North Road'."""
    directions = rules.tables["cjk"]["directions"]
    name = name.strip(" ,")
    if len(name) > 1 and name[-1] in directions and (kind or draft.country not in ("JP", "KR")):  # not 神南1-2-3
        draft.direction, name = directions[name[-1]], name[:-1]
    numerals = rules.tables["cjk"]["numerals"]
    if len(name) > 1 and name[-1] in "一二三四五六七八九":  # 人民一路, 人民1路
        name = name[:-1] + str(numerals[name[-1]])
    draft.street, draft.street_type = squash(name) or None, kind
    draft.street_native = native_name(name, rules) if draft.street else None
