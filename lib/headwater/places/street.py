"""Reads one street line: house number, direction, name, type."""

from __future__ import annotations

import re
from itertools import pairwise

from rapidfuzz.distance import OSA

from headwater.places.draft import Draft, Mark
from headwater.places.rules import Rules

NUMBER = r"\d+[a-z]?(?:[-/]\d*[a-z]?\d*)*"
_NUMBER = re.compile(NUMBER)
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)[a-z]?")
_HYPHEN = re.compile(r"(?<=[a-z]{2})-(?=[a-z]{2})")  # 'Champs-Elysees'
_NUMBERED_TYPES = frozenset({"highway", "route", "freeway", "expressway"})
_REPEATS = frozenset({"bis", "ter", "quater", "1/2"})


def is_number(token: str, rules: Rules) -> bool:
    """Whether a token may be a house number: 12, 12b, 12-14, 12/5; not 79th."""
    return _NUMBER.fullmatch(token) is not None and _ORDINAL.fullmatch(token) is None


def read_street(line: str, draft: Draft, rules: Rules) -> str:
    """Fills number, direction, street and type of the draft; returns the words after the street, perhaps a city."""
    tokens = _without_gaps(_HYPHEN.sub(" ", line.replace("&", " ")).split(), rules)
    tokens = _take_leading_number(tokens, draft, rules)
    leading = draft.number is not None
    tokens, tail = _take_type(tokens, draft, rules, leading=leading)
    if not leading:
        tokens, tail = _take_trailing_number(tokens, tail, draft, rules)
    tokens = _take_direction(tokens, draft, rules)
    articles = rules.articles.get(draft.country or "", frozenset())
    tokens = [token for token in tokens if token not in articles] or tokens
    draft.street = " ".join(_word(t, i, rules) for i, t in enumerate(tokens)).strip() or None
    if draft.street is None and draft.street_type is not None:  # 'The Avenue', 'Court'
        draft.street, draft.street_type = draft.street_type, None
    return tail


def _without_gaps(tokens: list[str], rules: Rules) -> list[str]:
    """'Ferguson C ircuit': a street's type with a blank in it; 'Park Way' is none."""
    for place, (one, other) in enumerate(pairwise(tokens)):
        if len(one + other) > 4 and one + other in rules.types and other not in rules.types:
            return [*tokens[:place], one + other, *tokens[place + 2 :]]
    return tokens


def _take_leading_number(tokens: list[str], draft: Draft, rules: Rules) -> list[str]:
    if len(tokens) < 2 or not is_number(tokens[0], rules):
        return tokens
    number, rest = tokens[0], tokens[1:]
    if rest[0] in _REPEATS and len(rest) > 1:
        number, rest = f"{number}-{rest[0]}", rest[1:]
    elif len(rest) > 2 and _is_house_letter(rest[0], rules) and rest[1] not in rules.types:
        number, rest = number + rest[0], rest[1:]
    draft.number = number
    return rest


def _is_house_letter(token: str, rules: Rules) -> bool:
    """The B of '221 B Baker Street'; N, S, E, W are directions, and R and C also begin a Rua or a Calle."""
    return len(token) == 1 and token.isalpha() and token not in rules.directions and token not in rules.prefixes


def _take_type(tokens: list[str], draft: Draft, rules: Rules, *, leading: bool) -> tuple[list[str], str]:
    """The street's type by position: a telling first word, the last word, a weak first word, a word in the middle."""
    if len(tokens) < 2:
        return _split_compound(tokens, draft, rules), ""
    after_direction = 1 if tokens[0] in rules.directions and len(tokens) > 2 else 0
    first = tokens[after_direction]
    strong = first in rules.prefixes and first not in rules.weak_prefixes
    places = [i for i, token in enumerate(tokens) if token in rules.types and i > after_direction]
    if strong and not all(t in rules.types for t in tokens[after_direction + 1 :]):
        draft.street_type = rules.prefixes[first]
        return [*tokens[:after_direction], *tokens[after_direction + 1 :]], ""
    if places:
        return _cut_at_type(tokens, places[-1], draft, rules, leading=leading)
    weak = rules.prefixes.get(first) or rules.types.get(first)
    if weak and first != "st":
        draft.street_type = weak
        return [*tokens[:after_direction], *tokens[after_direction + 1 :]], ""
    return _split_compound(tokens, draft, rules), ""


def _cut_at_type(tokens: list[str], place: int, draft: Draft, rules: Rules, *, leading: bool) -> tuple[list[str], str]:
    """'S Main St E Boston' at 'St': a direction after the type stays, further words are returned as the tail."""
    name, after = tokens[:place], tokens[place + 1 :]
    kind = rules.types[tokens[place]]
    owner = _owner(name, kind, draft, rules)
    if owner and after:
        return [*owner, *after], ""
    letter = bool(after) and len(after[0]) == 1 and after[0].isalpha() and after[0] not in rules.directions
    if letter or (after and kind in _NUMBERED_TYPES):
        return tokens, ""  # 'County Highway 50', 'Old Avenue H': the name goes on after the type
    draft.street_type = kind
    if after and after[0] in rules.directions:
        name, after = [*name, after[0]], after[1:]
    if after and is_number(after[0], rules):
        if leading and draft.country in rules.country_list("numbered_streets"):
            name = [*name, after[0]]
        elif leading:
            draft.doors.append(Mark("unit", after[0]))  # '100 Main St 5'
        else:
            name = [*name, after[0]]  # 'Nathan Road 12': read as a trailing number below
        after = after[1:]
    return name, " ".join(after)


def _owner(name: list[str], kind: str, draft: Draft, rules: Rules) -> list[str]:
    """Who numbers a road ('IL Rt', 'State Highway', 'County Rd') in one form, after what stands before; empty for other streets."""
    table = rules.tables["numbered_roads"]
    if kind not in table["kinds"] or draft.country not in table["countries"]:
        return []
    for place in range(len(name)):
        said = "".join(name[place:])
        owner = rules.road_owners.get(said) or ("state" if said in rules.regions.get(draft.country or "", ()) else None)
        if owner:
            return [*name[:place], owner, table["kinds"][0]]
    return []


def _split_compound(tokens: list[str], draft: Draft, rules: Rules) -> list[str]:
    """'hauptstr' -> 'haupt', street; and a type with one wrong letter at the end: 'lake sreet', 'gartenstrsse'."""
    for place, token in enumerate(tokens):
        for ending, kind in rules.compounds:
            if token.endswith(ending) and len(token) > len(ending) + 2:
                draft.street_type = kind
                return [*tokens[:place], token[: -len(ending)], *tokens[place + 1 :]]
    return _split_misspelt(tokens, draft, rules) if tokens else tokens


def _split_misspelt(tokens: list[str], draft: Draft, rules: Rules) -> list[str]:
    """The last word that is no number and the first one, tried against the types that are long enough to bear a slip."""
    place = max((i for i, token in enumerate(tokens) if token.isalpha()), default=-1)
    if place < 0 or len(tokens[place]) < 4:
        return tokens
    word = tokens[place]
    for form, kind in rules.glued_types.items():
        if word.endswith(form) and len(word) > len(form) + 2:
            draft.street_type = kind
            return [*tokens[:place], word[: -len(form)], *tokens[place + 1 :]]
    for form, kind in rules.long_types.items():
        within = len(form) > 5 or (len(word) == len(form) and word[0] == form[0])
        if place and within and OSA.distance(word, form, score_cutoff=1) == 1:
            draft.street_type = kind
            return [*tokens[:place], *tokens[place + 1 :]]
    first = tokens[0]
    for form, kind in rules.long_prefixes.items():
        if place and first[0] == form[0] and OSA.distance(first, form, score_cutoff=1) == 1:
            draft.street_type = kind
            return tokens[1:]
    for ending, kind in rules.long_compounds:
        for cut in range(max(3, len(word) - len(ending) - 1), len(word) - len(ending) + 2):
            if word[cut] == ending[0] and OSA.distance(word[cut:], ending, score_cutoff=1) == 1:
                draft.street_type = kind
                return [*tokens[:place], word[:cut], *tokens[place + 1 :]]
    return tokens


def _take_trailing_number(tokens: list[str], tail: str, draft: Draft, rules: Rules) -> tuple[list[str], str]:
    """'Calle Mayor 5', 'Hauptstr. 12 b': the last number that leaves a name before it; words after it are the tail."""
    for place in range(len(tokens) - 1, 0, -1):
        if not is_number(tokens[place], rules):
            continue
        number, after = tokens[place], tokens[place + 1 :]
        if after and (after[0] in _REPEATS or (len(after[0]) == 1 and after[0].isalpha())):
            number = f"{number}-{after[0]}" if after[0] in _REPEATS else number + after[0]
            after = after[1:]
        if after and len(after) > 3:
            return tokens, tail
        draft.number = number
        return tokens[:place], " ".join(after) or tail
    return tokens, tail


def _take_direction(tokens: list[str], draft: Draft, rules: Rules) -> list[str]:
    """A point of the compass before or after the name; a name that is nothing else keeps it ('North Ave')."""
    if len(tokens) > 1 and tokens[0] in rules.directions:
        draft.direction = rules.directions[tokens[0]]
        return tokens[1:]
    if len(tokens) > 1 and tokens[-1] in rules.directions:
        draft.direction = rules.directions[tokens[-1]]
        return tokens[:-1]
    if len(tokens) == 1:
        return [rules.directions.get(tokens[0], tokens[0])]
    return tokens


def _word(token: str, place: int, rules: Rules) -> str:
    ordinal = _ORDINAL.fullmatch(token)
    if ordinal:
        return ordinal[1]
    if place and token == "dr":
        return token
    return rules.street_words.get(token, token)
