"""The tables of places.toml beside this module, compiled once into look-ups and patterns. Picklable, so executors get it by value."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from phonenumbers.geodata.locale import LOCALE_DATA

from headwater.errors import ConfigurationError
from headwater.places.text import has_cjk, squash, words

# Short names that mean a country wherever they stand at the end of a text.
SHORT_COUNTRIES = frozenset({"us", "usa", "uk", "uae", "prc"})

# Tables whose entries are asked for by name; of the others a site may have what it likes.
_NAMED_ENTRIES = {
    "parts",
    "short_forms",
    "articles",
    "glued_types",
    "numbered_roads",
    "cjk",
    "postcodes",
    "countries",
    "city_words",
    "placeholders",
    "persons",
    "legal_forms",
}
_PREFIXES = re.compile(r"(\d+|[A-Z](?=[A-Z]{2}$))(?:-(\d+))?([A-Z]{2,3})")
_VALUE = r"(?P<value>[a-z]{0,2}-?\d[a-z0-9]*(?:-[a-z0-9]+|/\d+[a-z]?)*|[a-z])\b"


def _inverse(table: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """{canonical: [forms]} -> {form: canonical}; the canonical name is a form of itself."""
    return {form: name for name, forms in table.items() for form in (name, *forms)}


def _any(forms: Iterable[str]) -> str:
    """A pattern of any of the forms, longest first so that 'po box' is not read as 'po'."""
    return "|".join(re.escape(form) for form in sorted(set(forms), key=lambda form: (-len(form), form)))


@dataclass(frozen=True)
class Rules:
    """The tables as read, and what is derived from them. Make one by `load_rules`."""

    tables: Mapping[str, Any]

    @cached_property
    def types(self) -> dict[str, str]:
        """Street type as a last word -> its canonical name."""
        return _inverse(self.tables["street_types"])

    @cached_property
    def prefixes(self) -> dict[str, str]:
        """Street type as a first word -> its canonical name."""
        return {form: name for name, forms in self.tables["street_prefixes"].items() for form in forms}

    @cached_property
    def weak_prefixes(self) -> frozenset[str]:
        """First words that are a type only where the last word is none."""
        return frozenset(self.tables["weak_prefixes"]["words"])

    @cached_property
    def compounds(self) -> list[tuple[str, str]]:
        """(ending, canonical type) of street names in one word, longest ending first."""
        endings: dict[str, str] = self.tables["street_compounds"]["endings"]
        return sorted(endings.items(), key=lambda item: (-len(item[0]), item[0]))

    @cached_property
    def road_owners(self) -> dict[str, str]:
        """Who numbers a road, as written without spaces -> us, state, county, interstate."""
        return _inverse(self.tables["numbered_roads"]["owners"])

    @cached_property
    def street_words(self) -> dict[str, str]:
        """Abbreviation within a street's name -> the word."""
        return _inverse(self.tables["street_words"])

    @cached_property
    def articles(self) -> dict[str, frozenset[str]]:
        """Country -> words that people leave out of the names of its streets."""
        return dict.fromkeys(self.tables["articles"]["countries"], frozenset(self.tables["articles"]["words"]))

    @cached_property
    def directions(self) -> dict[str, str]:
        """Point of the compass as a word -> n, s, e, w, ne, ..."""
        return _inverse(self.tables["directions"])

    @cached_property
    def doors(self) -> dict[str, str]:
        """Word of a door -> its kind: flat -> home."""
        return {form: kind for kind, forms in self.tables["doors"].items() for form in forms}

    @cached_property
    def blocks(self) -> dict[str, str]:
        """Word of what is larger than a door -> its kind: bldg -> building."""
        return {form: kind for kind, forms in self.tables["blocks"].items() for form in forms}

    @cached_property
    def door(self) -> re.Pattern[str]:
        """Flat, suite, room, '#': the word in group `word` or `hash`, the value in group `value`."""
        word = rf"\b(?P<word>{_any(self.doors)})(?:\b|(?=\d))"  # 'RM1304' too
        return re.compile(rf"(?:{word}|(?P<hash>\#))[\s:]*(?:no\b|nr\b|\#)?\s*{_VALUE}")

    @cached_property
    def floor(self) -> re.Pattern[str]:
        """'3rd floor', '3/F', 'first floor', 'floor 3': the value in group `before`, `slash`, `word` or `after`."""
        parts = self.tables["parts"]
        floors, after_number, types = _any(parts["floor"]), _any(parts["floor_after"]), _any(self.types)
        named = _any(parts["floor_words"])
        return re.compile(
            rf"(?<![\w/-])(?P<before>\d{{1,3}})\s*(?:st|nd|rd|th|er|eme|e|o|a)?\s*"
            rf"(?:(?:{after_number})\b|(?:{floors})\b(?!\s+(?:{types})\b)(?![\s:]*\d))"
            rf"|\b(?P<roman>i{{1,3}}|iv|vi{{0,3}}|ix|x)\s+(?:{after_number}|{floors})\b"
            rf"|\b(?P<slash>\d{{1,3}}|g|ug|b\d?)\s*/\s*f\b"
            rf"|\b(?P<word>{named})\s+(?:{floors})\b"
            rf"|\b(?:{floors})[\s:]*(?:no\b|nr\b|\#)?\s*(?P<after>b?\d{{1,3}})\b"
        )

    @cached_property
    def block(self) -> re.Pattern[str]:
        """Building, tower, zone, row with its number or letter: `word` and `value`, or `before` and `after_word`; `start` is a
        line's start that the match took with it."""
        parts = self.tables["parts"]
        first = {word for word in self.blocks if word in parts["line_first"]}
        number = r"\s*(?:no\b|nr\b|\#)?\s*"
        anywhere, at_start = _any(set(self.blocks) - first), _any(first)
        return re.compile(
            rf"(?:\b(?P<word>{anywhere})\b|(?P<start>^\s*|,\s*)(?P<first>{at_start})\b){number}{_VALUE}"
            rf"|\b(?P<before>[a-z]\d{{0,2}}|\d{{1,2}}(?=st|nd|rd|th))(?:st|nd|rd|th)?\s+(?P<after_word>{_any(parts['value_first'])})\b"
            rf"(?!\s*\d)(?!\s+(?:{_any(self.types)})\b)"
        )

    @cached_property
    def dotted(self) -> re.Pattern[str]:
        """N.W., C.so, W/H, pr-t: letters with dots, strokes or hyphens within that are one word."""
        forms = (re.escape(form).replace(r"\.", r"\.\s?") for form in self.tables["short_forms"]["dotted"])
        return re.compile(rf"(?<![\w.])(?:{'|'.join(forms)})\b\.?")

    @cached_property
    def short_forms(self) -> dict[str | None, tuple[re.Pattern[str], dict[str, str]]]:
        """Country (None: any) -> pattern of the short forms in folded text, and the words for which they stand."""
        tables: dict[str | None, dict[str, str]] = {None: self.tables["short_forms"]["anywhere"]}
        tables |= self.tables["short_forms"]["countries"]
        return {country: (_short_forms(words), words) for country, words in tables.items()}

    @cached_property
    def near_within(self) -> re.Pattern[str]:
        """The blank before what only says where to look."""
        return re.compile(rf"(?<=\w) (?=(?:{_any(self.tables['parts']['near_within'])}) )")

    @cached_property
    def near_street(self) -> re.Pattern[str]:
        """The type of a street (group 1) before what only says at which corner."""
        return re.compile(rf"\b({_any(self.types)}) (?=(?:{_any(self.tables['parts']['near_street'])}) [a-z0-9])")

    @cached_property
    def number_word(self) -> re.Pattern[str]:
        """A house number in words (group 1) at the start of a line, with the rest of the line."""
        return re.compile(rf"(?:^|(?<=,))\s*({_any(self.tables['parts']['number_words'])}) (?=([^,]*))")

    @cached_property
    def quarter(self) -> re.Pattern[str]:
        """'Ataturk Mah.' at the start of a line: its name in group 1."""
        return re.compile(rf"(?:^|(?<=,))\s*([a-z][a-z ]{{1,30}}?) (?:{_any(self.tables['parts']['quarter'])})\b")

    @cached_property
    def unit_of_number(self) -> re.Pattern[str]:
        """'Unit 5/12': the word and the number of a door before a slash, and the house number after it."""
        return re.compile(rf"\b((?:{_any(self.doors)}) \d+[a-z]?)\s*/\s*(?=\d)")

    @cached_property
    def number_mark(self) -> re.Pattern[str]:
        """'No.', 'Nr.', 'dom' before a number."""
        return re.compile(rf"\b(?:{_any(self.tables['parts']['number'])})\b[\s:]*(?=\d)|\bs/n\b")

    @cached_property
    def post_box(self) -> re.Pattern[str]:
        """A post box with its number in group 1."""
        return re.compile(rf"\b(?:{_any(self.tables['parts']['post_box'])})\b\s*#?\s*(\d+)\b")

    @cached_property
    def attention(self) -> re.Pattern[str]:
        """'c/o somebody' up to the next comma."""
        return re.compile(rf"(?:^|(?<=[\s,]))(?:{_any(self.tables['parts']['attention'])})\b[^,]*")

    @cached_property
    def named_building(self) -> re.Pattern[str]:
        """A word that makes a line the name of a building."""
        return re.compile(rf"\b(?:{_any(self.tables['parts']['named_building'])})\b")

    @cached_property
    def countries(self) -> dict[str, str]:
        """Squashed name, alpha-2 or alpha-3 -> alpha-2: phonenumbers' locale data and the table's aliases.

        A name that two countries have in some language is dropped: better unknown than wrong.
        """
        seen: dict[str, set[str]] = {}
        for code, names in LOCALE_DATA.items():
            for name in names.values():
                if not name.startswith("*"):
                    seen.setdefault(squash(name), set()).add(code)
        found = {name: codes.pop() for name, codes in seen.items() if name and len(codes) == 1}
        found |= {code.lower(): code for code in LOCALE_DATA if len(code) == 2 and code.isalpha()}
        pairs = (pair.split(":") for pair in self.tables["countries"]["alpha3"].split())
        found |= dict(pairs)
        aliases = self.tables["countries"]["aliases"]
        return found | {squash(name): code for code, names in aliases.items() for name in names}

    @cached_property
    def tail_countries(self) -> dict[str, str]:
        """Names that mean a country also at the end of a text: no alpha-2 code (CA, DE, IN), no city or state."""
        barred = {squash(name) for name in self.tables["countries"]["ambiguous"]}
        return {k: v for k, v in self.countries.items() if k not in barred and (len(k) > 3 or k in SHORT_COUNTRIES)}

    @cached_property
    def cities(self) -> dict[str, str]:
        """Squashed spelling of a city -> canonical name without spaces."""
        return {squash(form): name for form, name in _inverse(self.tables["cities"]).items()}

    @cached_property
    def regions(self) -> dict[str, dict[str, str]]:
        """Country -> {squashed name or code, or the name in Han where its reading is another region's too: code}."""
        return {
            country: {form if has_cjk(form) else squash(form): code for form, code in _inverse(table).items()}
            for country, table in self.tables["regions"].items()
        }

    @cached_property
    def postcode_regions(self) -> dict[str, dict[str, str]]:
        """Country -> {first characters of a postcode: code of the region it is in}."""
        return {
            country: dict(pair for part in text.split() for pair in _postcode_prefixes(part))
            for country, text in self.tables["postcodes"]["regions"].items()
        }

    @cached_property
    def near(self) -> frozenset[str]:
        """First words of what only says where to look: 'opposite the station'."""
        return frozenset(self.tables["parts"]["near"])

    @cached_property
    def localities(self) -> dict[str, str]:
        """Word of a part of a town -> its level: district or township."""
        return {word: level for level, forms in self.tables["localities"].items() for word in forms}

    @cached_property
    def beside(self) -> dict[str, re.Pattern[str]]:
        """Country -> pattern of a town's name (group 1) with what tells it from its namesakes (group 2)."""
        table = self.tables["city_words"]["beside"]
        return {country: re.compile(rf"^(.{{3,}}?) (?:{_any(forms)}) (.+)$") for country, forms in table.items()}

    @cached_property
    def syllabic_cities(self) -> frozenset[str]:
        """Readings of the cities of [cjk], canonical."""
        readings = map(squash, self.tables["cjk"]["cities"].split("|"))
        return frozenset(self.cities.get(reading, reading) for reading in readings)

    @cached_property
    def simplified(self) -> dict[int, str]:
        """Traditional character -> the simplified one, for str.translate."""
        return {ord(pair[0]): pair[1] for pair in self.tables["cjk"]["simplified"]}

    @cached_property
    def region_codes(self) -> frozenset[str]:
        """Two-letter codes of states and provinces anywhere, which a text may mean instead of a country."""
        return frozenset(code.lower() for table in self.tables["regions"].values() for code in table)

    @cached_property
    def long_types(self) -> dict[str, str]:
        """Street types long enough that one wrong letter still tells them, as last words; of five letters only one within the word."""
        return {form: name for form, name in self.types.items() if len(form) >= 5}

    @cached_property
    def long_prefixes(self) -> dict[str, str]:
        """The same as first words; shorter ones are a letter from another word ('camino', 'casino')."""
        return {form: name for form, name in self.prefixes.items() if len(form) >= 7}

    @cached_property
    def glued_types(self) -> dict[str, str]:
        """Street types that a word may end in without being a compound -> canonical."""
        return {word: self.types.get(word, word) for word in self.tables["glued_types"]["words"]}

    @cached_property
    def long_compounds(self) -> list[tuple[str, str]]:
        """The same for endings of a word."""
        return [(ending, kind) for ending, kind in self.compounds if len(ending) >= 6]

    @cached_property
    def postcodes(self) -> dict[str, re.Pattern[str]]:
        """Country -> pattern of its postcode within a folded text."""
        shapes = {5: r"\d{5}", 7: r"\d{7}|\d{4}-\d{3}|\d{3}-\d{4}", 8: r"\d{5}-?\d{3}", 9: r"\d{5}-\d{4}"}
        table = self.tables["postcodes"]
        found = {}
        for country, lengths in table["digits"].items():
            options = [shapes.get(n, rf"\d{{{n}}}") for n in sorted(lengths, reverse=True)]
            if country == "PL":
                options.append(r"\d{2}-\d{3}")
            if country in table["spaced"]:
                options.append(r"\d{3} \d{2}")
            found[country] = re.compile(rf"(?<![\w/-])(?:[a-z]{{1,2}}-)?({'|'.join(options)})(?![\w/-])")
        letters = {c: re.compile(rf"(?<![\w/-])({p})(?![\w/-])") for c, p in table["letters"].items()}
        return found | letters

    @cached_property
    def placeholders(self) -> frozenset[str]:
        """Squashed texts that say 'nothing here'."""
        return frozenset(squash(text) for text in self.tables["placeholders"]["text"])

    @cached_property
    def native_placeholders(self) -> frozenset[str]:
        """The same in scripts whose reading could be a name ('无' reads 'Wu')."""
        return frozenset(self.tables["placeholders"]["native"])

    @cached_property
    def offices(self) -> frozenset[str]:
        """Squashed words that name an office and no person ('customer service')."""
        return frozenset(squash(text) for text in self.tables["persons"]["offices"])

    @cached_property
    def titles(self) -> frozenset[str]:
        """Words before or after a person's name that are no part of it."""
        return frozenset(self.tables["persons"]["titles"])

    @cached_property
    def legal_suffixes(self) -> list[tuple[str, ...]]:
        """Legal forms at the end of a name as words, longest first."""
        return _phrases(self.tables["legal_forms"]["suffixes"])

    @cached_property
    def legal_prefixes(self) -> list[tuple[str, ...]]:
        """Legal forms at the start of a name as words, longest first."""
        return _phrases(self.tables["legal_forms"]["prefixes"])

    def country_list(self, name: str) -> frozenset[str]:
        """A list of countries under [countries], such as `umlauts`."""
        return frozenset(self.tables["countries"][name])


def _short_forms(words: Mapping[str, str]) -> re.Pattern[str]:
    letters = _any(word for word in words if len(word) == 1)
    longer = _any(word for word in words if len(word) > 1)
    either = [rf"(?:{letters})(?=[\s:]*\d)"] if letters else []
    return re.compile(rf"\b(?:{'|'.join([*either, longer] if longer else either)})\b")


def _postcode_prefixes(part: str) -> Iterator[tuple[str, str]]:
    """'010-027MA' -> each of the prefixes with MA; 'ANL' -> A with NL."""
    match = _PREFIXES.fullmatch(part)
    if match is None:
        raise ConfigurationError(f"places: postcodes.regions: {part!r} is no range of first characters and a region")
    first, last, code = match[1], match[2] or match[1], match[3]
    if first.isdigit():
        yield from ((f"{number:0{len(first)}d}", code) for number in range(int(first), int(last) + 1))
    else:
        yield first, code


def _phrases(forms: Iterable[str]) -> list[tuple[str, ...]]:
    return sorted({tuple(words(form).split()) for form in forms}, key=lambda form: (-len(form), form))


def load_rules(path: str | Path | None = None) -> Rules:
    """The tables at `path`, or those in the package.

    Raises ConfigurationError when the file cannot be read, is no TOML or lacks what the package's own has and code asks for."""
    shipped = _read(resources.files(__package__) / "places.toml")
    tables = _read(Path(path)) if path else shipped
    missing = [name for name in shipped if name not in tables]
    there = _NAMED_ENTRIES & tables.keys()
    missing += [f"{name}.{key}" for name in sorted(there) for key in shipped[name] if key not in tables[name]]
    if missing:
        raise ConfigurationError(f"places.words: {path} lacks {', '.join(missing)}")
    return Rules(tables)


def _read(path: Path | Traversable) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot read the tables of places: {error}") from error
