"""Reads an address in words: any script with spaces, folded to ASCII first."""

from __future__ import annotations

import re

from headwater.parameters.places import PlaceParams
from headwater.places.draft import Draft, Mark
from headwater.places.locality import city_name, city_parts, country_code, locality, postcode_of, region_code
from headwater.places.rules import SHORT_COUNTRIES, Rules
from headwater.places.street import is_number, read_street
from headwater.places.text import squash
from headwater.places.written_out import written_out

_RANGE = re.compile(r"(?<=\d)\s+-\s+(?=\d{1,4}[a-z]?\b(?!-))|(?<=\d)-\s*(?=\d)|(?<=\d)\s*-(?=\d)")
_BREAK = re.compile(r"\s-+\s|--+|[;|()\n]|,")
_CALLE = re.compile(r"\bc/\s*(?=[a-z])")
_MARK = re.compile(r"([a-z]{2,}(?: [a-z]{2,})?) ([a-z]?\d{1,5}[a-z]?)")
_CODE = re.compile(r"[a-z]?\d{1,4}[a-z]?(?: ?[a-z])?")
_ROMAN = {roman: str(i) for i, roman in enumerate(["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"], 1)}
_SLASH = re.compile(r"\b(\d+[a-z]?)\s*/\s*(\d+[a-z]?)\b")


def parse_latin(text: str, rules: Rules, country: str | None, params: PlaceParams, *, line_only: bool) -> Draft:
    """One text -> its parts. A country that the text names counts unless one is given; the default comes last.

    `line_only`: the text is a street line whose locality stands in fields of its own, so that neither postcode nor
    city is looked for in it.
    """
    draft = Draft(country=country)
    rest = _take_parts(written_out(text, rules, country, params), draft, rules)
    rest = rules.number_mark.sub(" ", rest)
    segments = [s for s in (" ".join(s.split()) for s in _BREAK.split(rest)) if s]
    segments = _parted(_without_near(segments, rules), draft.country or params.default_country, rules)
    if not line_only:
        segments = _take_country(segments, draft, rules)
        draft.country = draft.country or params.default_country
        segments = _take_country(_take_postcode(segments, draft, rules), draft, rules)
        segments = _take_region(segments, draft, rules)
    _take_street(segments, draft, rules, line_only=line_only)
    return draft


def _without_near(segments: list[str], rules: Rules) -> list[str]:
    """The lines but for those that only say where to look ('near Hudson St'); 'Bei den Mühren 70' is a street."""
    left = [s for s in segments if s.split()[0] not in rules.near or _street_score(s, rules) >= 2]
    return left or segments


def _parted(segments: list[str], country: str | None, rules: Rules) -> list[str]:
    """'Merchandise Mart 222 W Merchandise Mart Plaza' as two lines, where the house number comes before its street."""
    if country not in rules.tables["postcodes"]["number_first"]:
        return segments
    return [line for segment in segments for line in _before_number(segment.split(), rules)]


def _before_number(tokens: list[str], rules: Rules) -> list[str]:
    place = next((i for i, token in enumerate(tokens) if is_number(token, rules)), 0)
    before, after = tokens[:place], tokens[place + 1 :]
    street = any(token in rules.prefixes or (i and token in rules.types) for i, token in enumerate(before))
    named = len(before) > 1 and not street
    typed = len(after) > 1 and any(token in rules.types for token in after[1:])
    return [" ".join(before), " ".join(tokens[place:])] if named and typed else [" ".join(tokens)]


def _take_parts(text: str, draft: Draft, rules: Rules) -> str:
    """Takes floor, doors, blocks and post box out of the text, in whatever order they stand."""
    text = rules.attention.sub(",", text)
    text = _RANGE.sub("-", _CALLE.sub("calle ", text))

    def take_floor(match: re.Match[str]) -> str:
        named = rules.tables["parts"]["floor_words"]
        word, slash = named.get(match["word"] or ""), named.get(match["slash"] or "", match["slash"])
        roman = _ROMAN.get(match["roman"] or "")
        draft.floor = draft.floor or word or roman or match["before"] or slash or match["after"]
        return ","

    def take_door(match: re.Match[str]) -> str:
        draft.doors.append(Mark(rules.doors[match["word"]] if match["word"] else "hash", match["value"]))
        hashed.append(match["hash"] is not None)
        return ","

    def take_block(match: re.Match[str]) -> str:
        word = match["word"] or match["first"] or match["after_word"]
        draft.blocks.append(Mark(rules.blocks[word], match["value"] or match["before"]))
        return ","

    def take_quarter(match: re.Match[str]) -> str:
        draft.township = draft.township or squash(match[1])
        return ","

    def take_box(match: re.Match[str]) -> str:
        draft.street, draft.number = "po box", match[1]
        return ","

    hashed: list[bool] = []
    text = rules.post_box.sub(take_box, text)
    text = rules.quarter.sub(take_quarter, text)
    text = rules.floor.sub(take_floor, text)
    text = rules.door.sub(take_door, text)
    text = rules.block.sub(take_block, text)
    text = _SLASH.sub(r"\1/\2", text)
    if hashed == [True] and not re.search(r"\d", text):
        return f"{draft.doors.pop().value} {text.strip(' ,')}"  # '# 12 Main St', 'Calle 71 # 21-35': the number, not a unit
    return text


def _has_digit(token: str) -> bool:
    return any(char.isdigit() for char in token)


def _take_country(segments: list[str], draft: Draft, rules: Rules) -> list[str]:
    """Takes a country's name off the end; a country that is already known only loses its own name."""
    if not segments:
        return segments
    tokens = segments[-1].split()
    for size in range(min(5, len(tokens)), 0, -1):
        name = squash(" ".join(tokens[-size:]))
        whole = size == len(tokens)
        code = rules.tail_countries.get(name)
        if whole and (
            rules.countries.get(name) == draft.country or (len(name) == 2 and name not in rules.region_codes)
        ):
            code = rules.countries.get(name)  # ', DE' at the end, where it cannot be Delaware
        if code is None or (whole and len(segments) == 1) or (draft.country not in (None, code)):
            continue
        if not whole and len(segments) == 1 and name not in SHORT_COUNTRIES and not _has_digit(tokens[-size - 1]):
            continue  # '8515 S Stony Island' and '3800 N New England' are streets
        draft.country = code
        return segments[:-1] if whole else [*segments[:-1], " ".join(tokens[:-size])]
    return segments


def _take_postcode(segments: list[str], draft: Draft, rules: Rules) -> list[str]:
    """Takes the last thing that looks like a postcode of the country and is not the house number."""
    table = rules.tables["postcodes"]
    if draft.country in rules.postcodes:
        patterns: list[tuple[str | None, re.Pattern[str]]] = [(draft.country, rules.postcodes[draft.country])]
    elif draft.country is None:
        patterns = [(code, rules.postcodes[code]) for code in table["guessed"]]
        patterns.append((None, re.compile(r"(?<![\w/-])(\d{5}-\d{3,4}|\d{5,6})(?![\w/-])")))
    else:
        return segments
    for country, pattern in patterns:
        for place in range(len(segments) - 1, -1, -1):
            segment = segments[place]
            found = [m for m in pattern.finditer(segment) if not _is_house_number(segments, place, m, draft, rules)]
            if found:
                before, after = segment[: found[-1].start()].strip(), segment[found[-1].end() :].strip()
                draft.postcode = postcode_of(found[-1][1], country, rules)
                draft.before_postcode, draft.after_postcode = before or None, after or None
                return [*segments[:place], *(s for s in (before, after) if s), *segments[place + 1 :]]
    return segments


def _is_house_number(segments: list[str], place: int, match: re.Match[str], draft: Draft, rules: Rules) -> bool:
    """Digits before a street type in the same line, or at the very start of the text, count houses."""
    after = segments[place][match.end() :].split()
    if after and after[-1] in rules.types and not match[1][0].isalpha():
        return True
    if place or match.start() or match[1][0].isalpha():
        return False
    others = segments[place][match.end() :] + " ".join(segments[1:])
    if draft.country is None:  # '10115 Berlin', but not '10115 S Western'
        number_first = len(after) != 1 or len(segments) > 1
    else:
        number_first = draft.country in rules.tables["postcodes"]["number_first"] or len(after) > 3
    return bool(others) and not re.search(r"\d", others) and number_first


def _take_region(segments: list[str], draft: Draft, rules: Rules) -> list[str]:
    """Takes a state or province off the end: a code after other words, or a name in a segment of its own."""
    table = rules.regions.get(draft.country or "")
    if table is None and draft.country is None and draft.postcode is not None and draft.postcode.isdigit():
        table = rules.regions["US"]
    if draft.country is None and len(segments) > 2 and squash(segments[-1]) not in (table or ()):
        draft.region = _region_of_any_country(segments[-1], rules)
        if draft.region:
            return segments[:-1]
    if not segments or table is None:
        return segments
    tokens = segments[-1].split()
    code = table.get("".join(tokens))
    if code and len(segments) > (1 if len(segments[-1]) <= 3 else 2):
        draft.region = code
        return segments[:-1]
    code = table.get(tokens[-1]) if len(tokens) > 1 and len(tokens[-1]) <= 3 else None
    if (
        code
        and (len(tokens) > 2 or len(segments) > 1 or draft.street)
        and tokens[-1] not in rules.types
        and tokens[-1] not in rules.directions
    ):
        draft.region = code
        return [*segments[:-1], " ".join(tokens[:-1])]
    return segments


def _region_of_any_country(segment: str, rules: Rules) -> str | None:
    """The code of a state where a text names no country: 'IL', 'Nuevo León'; None where countries differ."""
    plain = squash(segment)
    codes = {table[plain] for table in rules.regions.values() if plain in table}
    return codes.pop() if len(codes) == 1 else None


def _take_street(segments: list[str], draft: Draft, rules: Rules, *, line_only: bool) -> None:
    """Finds the segment that is the street, reads it, and takes city, parts of it and named buildings from the others."""
    if draft.street is not None or not segments:  # a post box; or nothing is left
        _name_city(segments[-1] if segments else None, draft, rules)
        return
    scores = [_street_score(segment, rules) for segment in segments]
    best = max(range(len(segments)), key=lambda i: (scores[i], -i))
    first = {segment: segment.split()[0] for segment in segments}
    named = [s for s in segments if rules.named_building.search(s) and not is_number(first[s], rules)]
    named = [s for s in named if first[s] not in rules.near]
    within = bool(draft.doors or draft.blocks or draft.floor)
    if (scores[best] == 0 and (named or not line_only)) or (scores[best] == 1 and segments[best] in named and within):
        _take_named(segments, named, draft, rules, line_only=line_only)
        return
    tail = read_street(segments[best], draft, rules)
    if draft.number is None:
        near = [i for i in (best + 1, best - 1) if 0 <= i < len(segments) and is_number(segments[i].split()[0], rules)]
        near = [i for i in near if len(segments[i].split()) <= 2]
        if near:
            draft.number = squash_number(segments[near[0]])
            segments = [s for i, s in enumerate(segments) if i != near[0]]
            best -= near[0] < best
    signed = next((door for door in draft.doors if door.kind == "hash"), None)
    if draft.number is None and signed:
        draft.number = signed.value  # 'Calle 71 # 21-35', 'Calle Roble #71, Local 21'
        draft.doors.remove(signed)
    street = segments[best]
    later = [s for s in segments[best + 1 :] if re.search(r"[a-z]{2}", s)]
    earlier = [s for s in segments[:best] if re.search(r"[a-z]{2}", s)]
    if draft.country in rules.tables["countries"]["city_states"] and not later:
        city = None  # '71 Des Voeux Road Central, Hong Kong'
    else:
        city = None if line_only else _city_segment(tail, street, earlier, later, draft, strong=scores[best] == 3)
    _name_city(city, draft, rules)
    named += [s for s in earlier if s not in named and _street_score(s, rules) == 1]  # 'Rosewood Court, 12 High Street'
    _take_names([s for s in named if s not in (street, city)], draft, rules)
    left = [s for s in segments if s not in (street, city, *named)]
    left = _take_codes(_take_unknown_marks([tail, *left] if tail and tail != city else left, draft), draft)
    _take_localities([s for s in left if s not in earlier and re.search(r"[a-z]{2}", s)], draft, rules)


def _take_named(segments: list[str], named: list[str], draft: Draft, rules: Rules, *, line_only: bool) -> None:
    """A place without a street: 'Booth 12, Yiwu International Trade City, Yiwu'."""
    if not line_only:
        *segments, city = segments
        _name_city(city, draft, rules)
        named = [s for s in named if s in segments]
        if draft.blocks or draft.doors or draft.floor:
            named = named or segments[:1]
    _take_names(named, draft, rules)
    left = _take_codes(_take_unknown_marks([s for s in segments if s not in named], draft), draft)
    _take_localities([s for s in left if re.search(r"[a-z]{2}", s)], draft, rules)


def _city_segment(
    tail: str, street: str, earlier: list[str], later: list[str], draft: Draft, *, strong: bool
) -> str | None:
    """Which words are the city: those beside the postcode, else the last ones, else those behind the street's type."""
    before, after = draft.before_postcode, draft.after_postcode
    if tail and street == before:  # '1 HEPING ROAD DONGGUAN 523000 GUANGDONG'
        return tail
    for words_ in (before, after):  # '1 rue X, Paris 75004, Ile-de-France'; '75004 Paris, Ile-de-France'
        if words_ in later:
            return words_
    if later or tail:
        return later[-1] if later else tail
    return earlier[0] if draft.postcode and earlier and not strong else None


def _name_city(segment: str | None, draft: Draft, rules: Rules) -> None:
    """The city, and what tells it from its namesakes as a part of it: 'Frankfurt an der Oder'."""
    draft.city, telling = city_parts(segment, draft.country, rules)
    if telling:
        _take_localities([telling], draft, rules)


def _take_names(named: list[str], draft: Draft, rules: Rules) -> None:
    """Named buildings, halls and estates, in one order; a street's type ends them in one form."""
    ends = [re.sub(r"(?<= )\w+$", lambda last: rules.types.get(last[0], last[0]), name) for name in named]
    draft.name = " ".join(sorted(set(ends))) or None


def _take_unknown_marks(segments: list[str], draft: Draft) -> list[str]:
    """Lines of a word and a number ('Pavilion 3', 'Gala 12') number something, whatever it is; the others are handed back."""
    marks = {segment: match for segment in segments if (match := _MARK.fullmatch(segment))}
    draft.blocks = [*draft.blocks, *(Mark(match[1], match[2]) for match in marks.values())]
    return [segment for segment in segments if segment not in marks]


def _take_codes(segments: list[str], draft: Draft) -> list[str]:
    """Lines of a short code ('2o b', '4', 'f2') are doors; the others are handed back."""
    codes = [segment for segment in segments if _CODE.fullmatch(segment)]
    draft.doors = [*draft.doors, *(Mark("unit", squash(code)) for code in codes)]
    return [segment for segment in segments if segment not in codes]


def _take_localities(segments: list[str], draft: Draft, rules: Rules) -> None:
    """Lines that name neither street nor city, from the small to the large: a region, a country's name, or parts of the city; a
    third part is a named place. 'Opposite the station' is none of them."""
    for segment in reversed(segments):
        if segment.split()[0] in rules.near:
            continue
        region = region_code(segment, draft.country, rules)
        if region:
            draft.region = draft.region or region
        elif country_code(segment, rules) is None and city_name(segment, draft.country, rules) != draft.city:
            level, name = locality(segment, rules)
            free = next((part for part in (level, "district", "township") if getattr(draft, part) is None), None)
            if free:
                setattr(draft, free, name)
            else:
                draft.name = " ".join(sorted({segment, *([draft.name] if draft.name else [])}))


def squash_number(text: str) -> str:
    """A house number without spaces."""
    return text.replace(" ", "")


def _street_score(segment: str, rules: Rules) -> int:
    """3: number and street type; 2: number and words; 1: a street type alone; 0: neither."""
    tokens = segment.split()
    if not re.search(r"[a-z]", segment) or (len(tokens) <= 2 and is_number("".join(tokens), rules)):
        return 0
    numbered = is_number(tokens[0], rules) or is_number(tokens[-1], rules)
    typed = tokens[-1] in rules.types or any(t in rules.types for t in tokens[1:]) or tokens[0] in rules.prefixes
    typed = typed or any(
        t.endswith(ending) and len(t) > len(ending) + 2 for t in tokens for ending, _ in rules.compounds
    )
    return (3 if typed else 2) if numbered else int(typed and len(tokens) > 1) or int(typed and len(tokens[0]) > 6)
