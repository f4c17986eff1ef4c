"""Reads an address written in Han, Kana or Hangul, where suffixes and not spaces part the words."""

from __future__ import annotations

import re
from functools import lru_cache

from headwater.parameters.places import PlaceParams
from headwater.places.draft import Draft
from headwater.places.locality import city_name, country_code, postcode_of, region_code
from headwater.places.rules import Rules
from headwater.places.text import clean_text, squash

_COUNTRY = re.compile(r"(?:^|(?<=[\d ,]))(中华人民共和国|中國|中国|日本|대한민국|台湾|台灣|香港|澳门|澳門)(?=.{2})")
_LANE = re.compile(r"(\d+)\s*[弄巷]\s*(?=\d)")
_SUB_NUMBER = re.compile(r"(\d+)\s*(?:丁目|番地?|之|の)\s*(?=\d)")
_CODE = re.compile(r"[a-z]?-?\d+[a-z0-9]*(?:-[a-z0-9]+)*")


@lru_cache(maxsize=8)
def _patterns(number: str, room: str, floor: str, building: str, street: str) -> dict[str, re.Pattern[str]]:
    value = r"([a-z]?\d+[a-z]?(?:-\d+)*[a-z]?|[a-z]|[〇零一二三四五六七八九十甲乙丙丁]{1,3})"
    return {
        "room": re.compile(rf"([a-z]?\d+[a-z0-9]*(?:-[a-z0-9]+)*)\s*(?:{room})"),
        "floor": re.compile(
            rf"(b?\d{{1,3}}|地下|[一二三四五六七八九十]{{1,3}})\s*(?:{floor})|(b?\d{{1,3}})\s*/?\s*f(?![a-z])"
        ),
        "building": re.compile(rf"{value}\s*(?:{building})"),
        "number": re.compile(rf"(\d+(?:-\d+)*[a-z]?)\s*(?:{number})"),
        "street": re.compile(rf"^(.*?)({street})(?=[\d\s,a-z]|$)"),
        "any_street": re.compile(rf"^(.+?)({street})"),
    }


def _numeral(text: str, rules: Rules) -> str:
    """三 -> 3, 十二 -> 12, 甲 -> a; digits stay."""
    table = rules.tables["cjk"]["numerals"]
    if text == "地下":
        return "b1"
    text = re.sub(r"^十", "一十", text)
    text = re.sub(r"十$", "〇", text).replace("十", "")
    return "".join(str(table.get(char, char)) for char in text)


def parse_cjk(text: str, rules: Rules, country: str | None, params: PlaceParams) -> Draft:
    """One text -> its parts: 广东省深圳市福田区华强北路1002号赛格广场3楼3C12室."""
    cjk = rules.tables["cjk"]
    streets = "|".join(re.escape(s) for s in sorted(cjk["street"], key=lambda s: (-len(s), s)))
    patterns = _patterns(cjk["number"], cjk["room"], cjk["floor"], cjk["building"], streets)
    draft = Draft(country=country, cjk=True)
    rest = re.sub(r"\s*[,、;|]\s*", ",", clean_text(text, params.max_text))
    rest = re.sub(r"(?<=[^\x00-\x7f]) +| +(?=[^\x00-\x7f])", "", rest)
    draft.country = country or _country_of(rest, rules) or params.default_country
    rest = _take_head(rest, draft, rules)
    rest = _SUB_NUMBER.sub(r"\1-", _LANE.sub(r"\1-", rest))
    for name, into in (("building", draft.buildings), ("room", draft.units)):
        into.extend(_numeral(match[1], rules) for match in patterns[name].finditer(rest))
        rest = patterns[name].sub(",", rest)
    floor = patterns["floor"].search(rest)
    if floor:
        draft.floor = _numeral(floor[1] or floor[2], rules)
        rest = f"{rest[: floor.start()]},{rest[floor.end() :]}"
    _take_street(rest, draft, rules, patterns)
    return draft


def _country_of(text: str, rules: Rules) -> str | None:
    """A country's name at the start; else Kana and 県 are Japan's, Hangul is Korea's, 省 is China's; Han says nothing."""
    nation = _COUNTRY.search(text[:14])
    if nation:
        return country_code(nation[1], rules)
    if re.search(r"[぀-ヿ]|^.{2,3}[都府県]", text):
        return "JP"
    if re.search(r"[가-힯]", text):
        return "KR"
    return "CN" if re.match(r"^.{2,4}?(?:省|自治区)", text) else None


def _take_head(text: str, draft: Draft, rules: Rules) -> str:
    """Takes postcode, country, province, city and districts off the front."""
    cjk = rules.tables["cjk"]
    code = re.match(r"^〒?\s*(\d{3}-?\d{4}|\d{5,6})(?!\d)(?!号)", text) or re.search(r",?(\d{6})$", text)
    if code:
        draft.postcode = postcode_of(code[1], draft.country, rules)
        text = (text[: code.start()] + text[code.end() :]).strip(" ,")
    nation = _COUNTRY.match(text)
    if nation:
        text = text[nation.end() :].strip(" ,")
    area = re.match(rf"^(?:{cjk['area']})(?=.{{2}})", text)
    text = text[area.end() :].strip(" ,") if area else text
    region = re.match(rf"^([^\d,]{{2,5}}?)(?:{cjk['region']})", text)
    if region:
        draft.region = region_code(region[1], draft.country or "CN", rules)
        draft.city = city_name(region[1], draft.country, rules) if draft.region is None else None
        text = text[region.end() :].strip(" ,")
    city = re.match(rf"^([^\d,]{{2,6}}?)(?:{cjk['city']})(?![场場])", text)
    if city:
        draft.city = city_name(city[1], draft.country or "CN", rules)
        text = text[city.end() :].strip(" ,")
    starts = "|".join(re.escape(s) for s in cjk["street"])
    for _ in range(4):
        district = re.match(rf"^[^\d,]{{1,6}}?(?:{cjk['district']})(?!{starts})", text)
        if not district:
            break
        text = text[district.end() :].strip(" ,")
    return text


def _take_street(rest: str, draft: Draft, rules: Rules, patterns: dict[str, re.Pattern[str]]) -> None:
    """Street, number and what follows: a stall's code is a unit, other words name the building."""
    number = patterns["number"].search(rest)
    if number:
        draft.number, head, tail = number[1], rest[: number.start()], rest[number.end() :]
    else:
        plain = re.search(r"(?<=[^\x00-\x7f])\s*(\d+(?:-\d+)*)(?![\d楼层])", rest)
        known = (
            plain
            if plain and (patterns["street"].match(rest[: plain.start()]) or draft.country in ("JP", "KR"))
            else None
        )
        draft.number = known[1] if known else None
        head, tail = (rest[: known.start()], rest[known.end() :]) if known else (rest, "")
    head = head.strip(" ,").split(",")[-1]
    street = patterns["street"].match(head) or patterns["any_street"].match(head)
    if street:
        _set_street(street[1], rules.tables["cjk"]["street"][street[2]], draft, rules)
        tail = head[street.end() :] + "," + tail
    elif draft.number is not None:
        _set_street(head, None, draft, rules)
    else:
        tail = head + "," + tail
    parts = [part.strip() for part in tail.split(",") if part.strip()]
    names = [part for part in parts if not _CODE.fullmatch(part)]
    draft.named_building = squash(names[0]) if names else None
    if not draft.units:
        draft.units.extend(part for part in parts if _CODE.fullmatch(part))


def _set_street(name: str, kind: str | None, draft: Draft, rules: Rules) -> None:
    """华强北 + 路 -> huaqiang, direction n, road; the same as 'Huaqiang North Road'."""
    directions = rules.tables["cjk"]["directions"]
    name = name.strip(" ,")
    if len(name) > 1 and name[-1] in directions:
        draft.direction, name = directions[name[-1]], name[:-1]
    numerals = rules.tables["cjk"]["numerals"]
    if len(name) > 1 and name[-1] in "一二三四五六七八九":  # 人民一路, 人民1路
        name = name[:-1] + str(numerals[name[-1]])
    draft.street, draft.street_type = squash(name) or None, kind
