"""Short forms of an address in words, written out so that one reader serves all: N.W., C.so, Ind. Est., 3º B, Unit 5/12."""

from __future__ import annotations

import re
from functools import partial

from headwater.parameters.places import PlaceParams
from headwater.places.rules import SHORT_COUNTRIES, Rules
from headwater.places.text import fold, squash

# '5, 3º B' and '5 3º izq.': a floor after a house number, and what is behind it or on which side.
_FLOOR_SIGN = re.compile(
    r"(?P<before>\d[a-z]?)\s*[,\s-]\s*(?P<floor>\d{1,2})\s?[ºª°]\s*"
    r"(?P<door>[a-z]|izq(?:da|uierda)?|izda|dcha|dch|derecha|esq|dto|dta)?\.?\s*(?=[,(-]|$)",
    re.IGNORECASE,
)
_ORDINAL_SIGN = re.compile(r"^(\D*\d+)[ºª°]")  # 'Calle 5ª'
_SIDE = re.compile(r"(?<=\d)[ ,]+(\d{1,2})\s+(?:t(v|h)|(m)f)\b")
_STAIRS = re.compile(r"(?<=\d) ([a-z]),? (\d+[a-z]?)$")
_IN_BRACKETS = re.compile(r"\(([a-z]{2})\)")
# 'Via Tuscolana n. 136', 'Plaza España, núm. 143': no direction, and the number is the street's.
_NUMBER_SIGN = re.compile(r"[, ]+(?:n|num|nro)\s*(?=\d)")
_NUMBERED_LINE = re.compile(r"(?:^|,)\s*\d+[a-z]? [a-z]")
_F_FLOOR = re.compile(r"(?:(?<=,)|^)\s*(b?\d{1,2})f\s*(?=,|$)")


def written_out(text: str, rules: Rules, country: str | None, params: PlaceParams) -> str:
    """The folded text with its short forms written out: those of any country, and of `country`, else of the one that the text names
    at its end, else of the default one."""
    signed = _ORDINAL_SIGN.sub(r"\1", _FLOOR_SIGN.sub(_floor_and_door, text[: params.max_text]))
    rest = fold(signed, params.max_text, rules.dotted)
    country = country or rules.tail_countries.get(squash(rest.rpartition(",")[2]), params.default_country)
    rest = _IN_BRACKETS.sub(partial(_region_in_brackets, rules, country), rest)
    first = rest.partition(" ")[0]
    if first in rules.prefixes and len(first) > 2:
        rest = _NUMBER_SIGN.sub(" ", rest)
    for place in (None, country) if country in rules.short_forms else (None,):
        pattern, words = rules.short_forms[place]
        rest = pattern.sub(partial(_word, words), rest)
    english = country is None or country in rules.country_list("numbers_in_words")
    if english and not _NUMBERED_LINE.search(rest):
        rest = rules.number_word.sub(partial(_house_number, rules), rest)
    if country in rules.country_list("unit_before_slash"):
        rest = rules.unit_of_number.sub(r"\1, ", rest)
    if country in rules.country_list("sides"):
        rest = _SIDE.sub(r", floor \1, unit \2\3", rest)
    if country in rules.country_list("stairs"):
        rest = _STAIRS.sub(r" \1, flat \2", rest)
    if country in rules.country_list("f_is_floor"):
        rest = _F_FLOOR.sub(r"floor \1", rest)
    return rules.near_within.sub(", ", rules.near_street.sub(r"\1, ", rest))


def _region_in_brackets(rules: Rules, country: str | None, match: re.Match[str]) -> str:
    """'Firenze (FI)' is in a province, and not in Finland; what is the code of a state, or UK, stays."""
    known = match[1] in rules.region_codes or match[1] in SHORT_COUNTRIES
    return match[0] if known and country != "IT" else ""


def _house_number(rules: Rules, match: re.Match[str]) -> str:
    """'One' of 'One Main Street' and 'One World Trade Center' is 1; of 'One Stop Shop' it is not."""
    line = match[2].split()
    house = any(word in rules.types for word in line[1:]) or rules.named_building.search(match[2])
    return f"{rules.tables['parts']['number_words'][match[1]]} " if house else match[0]


def _word(words: dict[str, str], match: re.Match[str]) -> str:
    return words[match[0]]


def _floor_and_door(match: re.Match[str]) -> str:
    door = f", unit {match['door'][0]}" if match["door"] else ""
    return f"{match['before']}, floor {match['floor']}{door}"
