"""Country, region, city and postcode as fields: each to one form, or to nothing."""

from __future__ import annotations

import re

from headwater.places.rules import Rules
from headwater.places.text import clean_text, fold, has_cjk, has_han, squash, words

_UMLAUT = re.compile(r"([aou])e+")
_ZIP4 = re.compile(r"\d{5}-\d{4}")
_DECIMAL = re.compile(r"^(\d+)\.0+$")


def is_placeholder(value: str, rules: Rules) -> bool:
    """Whether a text says that there is nothing: 'n/a', '-', 'none', '???', '0'."""
    plain = squash(value)
    if not plain:
        return True
    return clean_text(value) in rules.native_placeholders if has_cjk(value) else plain in rules.placeholders


def country_code(value: str | None, rules: Rules) -> str | None:
    """A country's name in any of some forty languages, alpha-2 or alpha-3 code -> alpha-2, or None."""
    return rules.countries.get(squash(value)) if value else None


def region_code(value: str | None, country: str | None, rules: Rules) -> str | None:
    """A state or province by name or code -> its code; None where the country has no table or the name is not in it."""
    if not value or country not in rules.regions:
        return None
    name = clean_text(value)
    table = rules.regions[country]
    if has_cjk(name):
        name = re.sub(rf"(?:{rules.tables['cjk']['region']})$", "", simple(name, rules))
    plain = re.sub(r"(?:sheng|province|state)$", "", squash(name))
    return table.get(name) or table.get(plain) or table.get(squash(name))


def region_name(value: str | None, country: str | None, rules: Rules) -> str | None:
    """A state or province: its code, or its name where the country has no table; None for what is none of the country's.

    Without a country, the code that all tables give it, else the name."""
    if not value or country in rules.regions:
        return region_code(value, country, rules)
    codes = {region_code(value, code, rules) for code in rules.regions} - {None} if country is None else set()
    plain = squash(value)
    named = plain if plain and plain not in rules.placeholders and plain not in rules.tail_countries else ""
    return codes.pop() if len(codes) == 1 else named.upper() or None


def region_of_postcode(postcode: str | None, country: str | None, rules: Rules) -> str | None:
    """The region a postcode is in, where its first characters tell."""
    table = rules.postcode_regions.get(country or "")
    if not table or not postcode:
        return None
    return table.get(postcode[: len(next(iter(table)))])


def postcode_of(value: str | None, country: str | None, rules: Rules) -> str | None:
    """A postcode in upper case without spaces, with the leading zeros of its country that a spreadsheet ate.

    None where the country has no postcodes or where the value has not its shape. Without a country the letters and
    digits stay as they are.
    """
    if not value:
        return None
    table = rules.tables["postcodes"]
    text = (
        _DECIMAL.sub(r"\1", fold(value).strip()) if not _DECIMAL.match(value.strip()) else value.strip().split(".")[0]
    )
    plain = squash(text)
    if not plain or set(plain) == {"0"} or not any(c.isdigit() for c in plain) or country in table["none"]:
        return None
    if country in table["digits"]:
        digits = re.sub(r"^[a-z]{1,2}(?=\d)", "", plain)
        if not digits.isdigit():
            return None
        room = (n for n in table["digits"][country] if 0 <= n - len(digits) <= table["lost_zeros"])
        length = next(room, None)
        return digits.zfill(length)[: table["keep"].get(country)] if length else None
    if country in table["letters"]:
        return plain.upper() if re.fullmatch(table["letters"][country], plain) else None
    if _ZIP4.fullmatch(text):
        return plain[:5]
    return plain.upper() if len(plain) <= 10 else None


def city_name(value: str | None, country: str | None, rules: Rules) -> str | None:
    """A city's canonical name in ASCII words; None for an e-mail address, a number or a placeholder.

    'sp / sp', 'sao paulo - SP', 'Sao Paulo, Brasil': the first part counts. 'Shenzhen City' is 'shenzhen'.
    """
    return city_parts(value, country, rules)[0]


def city_parts(value: str | None, country: str | None, rules: Rules) -> tuple[str | None, str | None]:
    """`city_name`, and the words that tell the town from its namesakes or None: 'Frankfurt (Oder)', 'Frankfurt am Main'."""
    if not value or "@" in value:
        return None, None
    text = clean_text(value)
    if has_cjk(text):
        text = re.sub(rf"(?:{rules.tables['cjk']['city']})$", "", text)
    parts = [part for part in map(words, re.split(r"[/\\,;|()]|\s-\s", text)) if part and not part.isdigit()]
    tokens = [token for token in (parts[0] if parts else "").split() if not token.isdigit()]
    table = rules.tables["city_words"]
    while len(tokens) > 1 and tokens[-1] in table["suffixes"] and country in table["countries"]:
        tokens.pop()
    if len(tokens) > 1:
        tokens[0] = table["compass"].get(tokens[0], tokens[0])
    name = fold_umlauts(" ".join(_city_word(token, rules) for token in tokens), country, rules)
    beside = rules.beside[country].match(name) if country in rules.beside else None
    name, telling = (beside[1], beside[2]) if beside else (name, parts[1] if len(parts) > 1 else None)
    plain = name.replace(" ", "")
    if plain in rules.cities:
        return rules.cities[plain], telling
    return (name, telling) if len(plain) > 1 and plain not in rules.placeholders else (None, None)


def native_name(value: str | None, rules: Rules) -> str | None:
    """A name in Han, in simplified characters; None where it has none. Two names may have one reading."""
    text = simple(clean_text(value), rules) if value else ""
    return text if has_han(text) else None


def simple(text: str, rules: Rules) -> str:
    """Traditional characters as simplified ones."""
    return text if text.isascii() else text.translate(rules.simplified)


def locality(words_: str, rules: Rules) -> tuple[str, str]:
    """Words that name a part of a town -> its level (district where no word says) and its name without spaces."""
    tokens = words_.split()
    for place in (-1, 0):
        level = rules.localities.get(tokens[place])
        if level and len(tokens) > 1:
            return level, "".join(tokens[:-1] if place else tokens[1:])
    return "district", "".join(tokens)


def _city_word(token: str, rules: Rules) -> str:
    word = rules.street_words.get(token, token)
    return word if word in ("saint", "mount", "fort") else token


def fold_umlauts(name: str, country: str | None, rules: Rules) -> str:
    """'Mueller' as 'Muller' where ae, oe and ue stand for umlauts, since anyascii reads 'ü' as 'u'."""
    return _UMLAUT.sub(r"\1", name) if country in rules.country_list("umlauts") else name
