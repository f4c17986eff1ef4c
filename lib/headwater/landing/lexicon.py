"""Does a complaint's text say that the goods are counterfeit? Phrases, negation and near-misses in fourteen languages.

The phrases stand in `lexicon.toml` beside this module, and only there: as package data it is found from a checkout, an
installed wheel and the zip that `spark-submit --py-files` ships, which conf/ is not. A site with its own words passes
the path of its own file.

Texts are folded so that spelling variants meet (NFKC, case, accents, Arabic and Turkish letters, traditional Chinese),
then read by regular expressions over the whole array in RE2 (Cox 2010, "Regular Expression Matching in the Wild"),
which takes time linear in the text whatever the text is. Only the first 4,000 characters of a text are read.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from headwater.errors import ConfigurationError, listed

READ_CHARACTERS = 4_000
"""Characters of a text that are read: what a complaint is about stands at its start, and a night's cost is bounded."""

_BATCH = 8_192  # texts folded as one string: at most 130 MB of it
_SEPARATOR = "\ue000"  # private use; no clipped text holds it
_IDEOGRAPHS = "\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"

# Accents, Arabic vowels and tatweel, soft hyphens, zero-width and direction marks. Not the Japanese voicing marks.
_MARKS = re.compile(
    "[\u0300-\u036f\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
_LAYOUT = (  # in this order; a word ends up as " word ", a clause ends at " . ", ideographs stand without spaces
    (re.compile(r"[.,;:!?()\[\]{}|\u3001\u3002\u2014\u2026\u00bf\u00a1\u061f\u060c\u061b]+| [-\u2013] "), " . "),
    (re.compile(rf"[^\w.{_SEPARATOR}]+|_"), " "),
    (re.compile(f"(?<=[{_IDEOGRAPHS}]) +(?=[{_IDEOGRAPHS}])"), ""),
    (re.compile(f"(?<=[{_IDEOGRAPHS}])(?=[^ {_IDEOGRAPHS}])|(?<=[^ {_IDEOGRAPHS}])(?=[{_IDEOGRAPHS}])"), " "),
    (re.compile(_SEPARATOR), f" {_SEPARATOR} "),
    (re.compile(" +"), "  "),
    (re.compile(f"(?<=[{_IDEOGRAPHS}]) +| +(?=[{_IDEOGRAPHS}])"), " "),
)

_ANY_WORD = " [^ .]+ "
_GAP = "[^.]{0,40}"
_CLAUSE_ENDS = r"(?: \. )*"
_CUT = " .. "  # what is cut out leaves what no phrase crosses, not even one that may cross a clause's end
_LETTERS = "[^ .]*"
# "and", "so", "with", "like", "for", "the" are written onto the Arabic word that follows.
_ARABIC_PREFIX = "[وف]?(?:ال|لل|بال|كال|[بكل])?"
_ARABIC_WORD = re.compile("(?<= )(?=[\u0620-\u064a])")
_SYNTAX = re.compile(r"[^\w\s'()|*{}.,-]")
_Section = TypeVar("_Section", bound=BaseModel)
_INNERMOST = re.compile(r"\(([^()]*)\)")
_SET = re.compile(r"\{(\w+)\}")


class Language(BaseModel):
    """The phrases of one language, as a section of the lexicon states them; the file's head explains the notation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    window: int = Field(ge=0, le=6, description="words of `between`, at most, from a negator or doubt to its phrase")
    fake: list[str] = Field(min_length=1, description="say counterfeit, unless a negator turns them round")
    genuine: list[str] = Field(min_length=1, description="say counterfeit when a negator turns them round")
    negators_before: list[str] = Field(description="turn round the phrase that follows")
    negators_after: list[str] = Field(description="turn round the phrase that went before")
    doubts_before: list[str] = Field([], description="turn round the genuine phrase that follows, and no fake one")
    doubts_after: list[str] = Field([], description="turn round the genuine phrase that went before, and no fake one")
    corrections: list[str] = Field(
        [], description="lead over to a genuine phrase, which takes back the fake one before them"
    )
    between: list[str] = Field(description="words that may stand between a negator or doubt and its phrase")
    idioms: list[str] = Field(description="say counterfeit whatever else stands there")
    near_misses: list[str] = Field(description="words that mean something else there; cut out before anything is read")
    words: dict[str, list[str]] = Field(default_factory=dict, description="named sets, written {name} in a phrase")


class Characters(BaseModel):
    """Letters that are read as one, whatever the language."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pairs: list[Annotated[str, Field(pattern=r"^..$")]] = Field(
        default_factory=list, description="two letters each: the first is read as the second"
    )


@dataclass(frozen=True)
class Lexicon:
    """Compiled lexicon: patterns in RE2's syntax over folded text. Small and picklable, so Spark may ship it.

    What is searched for at once stands in several patterns: as one it outgrows RE2's automaton and runs 50 times slower.
    """

    idioms: str
    near_misses: tuple[str, ...]  # one a language
    denied: tuple[str, ...]  # by a negator, by a correction
    says: tuple[str, ...]  # fake, not genuine, genuine not
    letters: Mapping[int, str]
    digest: str  # SHA-256 of the file as read: what a night's record states

    @classmethod
    def load(cls, path: str | Path | None = None) -> Lexicon:
        """The lexicon at `path`, or the one in the package.

        Raises ConfigurationError that lists every fault of the file: unreadable, not TOML, unknown key, bad phrase.
        """
        where = path or "the package's lexicon.toml"
        source = Path(path) if path else resources.files(__package__).joinpath("lexicon.toml")
        try:
            raw = source.read_bytes()
            sections = tomllib.loads(raw.decode("utf-8"))
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"lexicon: cannot read {where}: {error}") from error
        faults: list[str] = [] if sections.keys() - {"characters"} else ["no language"]
        characters = _valid(Characters, "characters", sections.pop("characters", {}), faults)
        languages = {name: _valid(Language, name, section, faults) for name, section in sections.items()}
        if faults:
            raise ConfigurationError(f"lexicon {where}:\n{listed(faults)}")
        letters = {ord(pair[0]): pair[1] for pair in characters.pairs}
        patterns = _patterns(languages, letters, str(where))
        return cls(**patterns, letters=letters, digest=hashlib.sha256(raw).hexdigest())

    def is_counterfeit(self, texts: pa.Array | pa.ChunkedArray | Sequence[str | None]) -> pa.BooleanArray:
        """True where the text says that the goods are counterfeit; one value a text, in order; null and empty: False.

        Reads the first 4,000 characters of a text, in time linear in them. Give distinct texts: nothing is remembered.
        """
        array = texts if isinstance(texts, pa.Array | pa.ChunkedArray) else pa.array(texts, pa.string())
        answers = [self._says(self._folded(array.slice(at, _BATCH))) for at in range(0, len(array), _BATCH)]
        return pa.concat_arrays(answers) if answers else pa.array([], pa.bool_())

    def explain(self, text: str | None) -> str:
        """Why the text counts or not, in a sentence that quotes the words that decided, folded as they were read."""
        folded = self._folded(pa.array([text], pa.string()))
        if idiom := _first(folded, [self.idioms]):
            return f"counterfeit: {idiom!r}"
        to_the_point = _without(folded, self.near_misses)
        if phrase := _first(_without(to_the_point, self.denied), self.says):
            return f"counterfeit: {phrase!r}"
        if denied := _first(to_the_point, self.denied):
            return f"not counterfeit: denied by {denied!r}"
        if near_miss := _first(folded, self.near_misses):
            return f"not counterfeit: {near_miss!r} does not say it"
        return "not counterfeit: no phrase of the lexicon"

    def _folded(self, texts: pa.Array | pa.ChunkedArray) -> pa.StringArray:
        clipped = pc.utf8_slice_codeunits(texts, 0, READ_CHARACTERS)
        clipped = pc.utf8_slice_codeunits(pc.utf8_normalize(clipped, "NFKC"), 0, READ_CHARACTERS)  # one may become 18
        clipped = pc.replace_substring(clipped, _SEPARATOR, " ")
        blob = _SEPARATOR.join(pc.fill_null(clipped, "").to_pylist())
        return pa.array(_fold(blob, self.letters).split(_SEPARATOR)[: len(texts)], pa.large_string())

    def _says(self, folded: pa.StringArray) -> pa.BooleanArray:
        # No phrase can arise by what is cut out: texts without a phrase are done.
        outright = _found(folded, [self.idioms])
        candidates = np.flatnonzero(_found(folded, self.says) & ~outright)
        left = _without(folded.take(pa.array(candidates)), [*self.near_misses, *self.denied])
        outright[candidates] = _found(left, self.says)
        return pa.array(outright)


def _valid(model: type[_Section], name: str, section: object, faults: list[str]) -> _Section:
    """The section as its model; its faults, if any, are added to `faults` and an unchecked section stands for it."""
    try:
        return model.model_validate(section)
    except ValidationError as error:
        faults += [f"{'.'.join(map(str, [name, *fault['loc']]))}: {fault['msg']}" for fault in error.errors()]
        return model.model_construct()


def _found(folded: pa.StringArray, patterns: Iterable[str]) -> NDArray[np.bool_]:
    # Not match_substring_regex: it asks RE2 for another automaton, which is 50 times slower on patterns as large.
    starts: list[NDArray[np.int32]] = [np.asarray(pc.find_substring_regex(folded, pattern)) for pattern in patterns]
    return np.asarray(np.max(starts, axis=0) >= 0)


def _without(folded: pa.StringArray, patterns: Iterable[str]) -> pa.StringArray:
    for pattern in patterns:
        folded = pc.replace_substring_regex(folded, pattern, _CUT)
    return folded


def _first(folded: pa.StringArray, patterns: Iterable[str]) -> str:
    for pattern in patterns:
        if found := pc.extract_regex(folded, f"(?P<words>{pattern})")[0].as_py():
            return " ".join(found["words"].split())
    return ""


def _fold(blob: str, letters: Mapping[int, str]) -> str:
    """One string, many texts: every step is a single pass in C, and the separator keeps the texts apart."""
    blob = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", blob).casefold())
    blob = unicodedata.normalize("NFC", _MARKS.sub("", blob)).translate(letters)
    for pattern, written in _LAYOUT:
        blob = pattern.sub(written, blob)
    return f" {blob} "


def _patterns(languages: Mapping[str, Language], letters: Mapping[int, str], where: str) -> dict[str, Any]:
    """The lexicon's patterns by field. All languages read every text, so a negator of any may turn round a phrase of any."""
    faults: list[str] = []

    def alternatives(name: str, phrases: Sequence[str]) -> list[str]:
        made = []
        for phrase in phrases:
            try:
                made.append(_phrase_pattern(phrase, languages[name].words, letters))
            except ValueError as error:
                faults.append(f"{name}: {phrase!r} {error}")
        return sorted(set(made), key=lambda pattern: (-len(pattern), pattern))  # the longer reading first

    def pooled(field: str) -> str:
        return _any([p for name, language in languages.items() for p in alternatives(name, getattr(language, field))])

    between = {n: f"{_any(alternatives(n, x.between))}{{0,{x.window}}}" for n, x in languages.items()}

    def before(field: str) -> list[str]:
        return [
            _any(alternatives(n, getattr(x, field))) + between[n] for n, x in languages.items() if getattr(x, field)
        ]

    def after(field: str) -> list[str]:
        return [
            between[n] + _any(alternatives(n, getattr(x, field))) for n, x in languages.items() if getattr(x, field)
        ]

    fake, genuine = pooled("fake"), pooled("genuine")
    negated, negating = before("negators_before"), after("negators_after")
    doubted, doubting = before("doubts_before"), after("doubts_after")
    patterns = {
        "idioms": pooled("idioms"),
        "near_misses": tuple(_any(alternatives(n, x.near_misses)) for n, x in languages.items() if x.near_misses),
        "denied": (
            f"{_any(negated)}{fake}|{fake}{_any(negating)}",
            f"{fake}{_GAP}{_CLAUSE_ENDS}{pooled('corrections')}{genuine}",
        ),
        "says": (fake, f"{_any(negated + doubted)}{genuine}", f"{genuine}{_any(negating + doubting)}"),
    }
    if faults:
        raise ConfigurationError(f"lexicon {where}:\n{listed(faults)}")
    return patterns


def _any(patterns: Sequence[str]) -> str:
    return f"(?:{'|'.join(patterns)})" if patterns else "[^\\x00-\\x{10FFFF}]"  # of nothing: what matches nothing


def _phrase_pattern(phrase: str, words: Mapping[str, Sequence[str]], letters: Mapping[int, str]) -> str:
    """A phrase in the lexicon's notation as a regular expression over folded text; ValueError if it is none."""
    unknown = [name for name in _SET.findall(phrase) if name not in words]
    if unknown:
        raise ValueError(f"names the unknown set {unknown[0]!r}")
    written = _SET.sub(lambda found: f"({'|'.join(words[found[1]])})", phrase)
    if _SYNTAX.search(written) or written.count("(") != written.count(")"):
        raise ValueError("holds punctuation, which no clause holds, or an open bracket")
    pattern = "".join(_part_pattern(part, letters) for part in _parts(written))
    if re.match(pattern, "") or not re.sub(r"\W|_", "", written):
        raise ValueError("says nothing of its own")
    return pattern


def _parts(phrase: str) -> Iterator[str]:
    """The phrase cut at the spaces that stand outside all brackets."""
    depth, start = 0, 0
    for at, letter in enumerate(f"{phrase} "):
        depth += (letter == "(") - (letter == ")")
        if letter == " " and depth == 0:
            if phrase[start:at]:
                yield phrase[start:at]
            start = at + 1


def _part_pattern(part: str, letters: Mapping[int, str]) -> str:
    if part == "...":
        return _GAP
    if part == "_":
        return _ANY_WORD
    if part == ",":
        return _CLAUSE_ENDS
    return f"(?:{'|'.join(dict.fromkeys(_words_pattern(written, letters) for written in _spelled_out(part)))})"


def _spelled_out(part: str) -> Iterator[str]:
    """Every way to choose one of each bracket's alternatives, in the order written; brackets may hold brackets."""
    group = _INNERMOST.search(part)
    if not group:
        yield part
        return
    for choice in group[1].split("|"):
        yield from _spelled_out(part[: group.start()] + choice + part[group.end() :])


def _words_pattern(written: str, letters: Mapping[int, str]) -> str:
    """Words without choices: each keeps its own two spaces, so that it is met whole; ideographs are met anywhere."""
    made = ""
    for word in written.split():
        folded = _fold(word.strip("*"), letters).strip()
        if "." in folded:
            raise ValueError("holds punctuation, which no clause holds")
        opening = "" if re.match(f"[{_IDEOGRAPHS}]", folded) else " "
        closing = "" if re.search(f"[{_IDEOGRAPHS}]$", folded) else " "
        opened = opening + (_LETTERS if opening and word.startswith("*") else "")
        closed = (_LETTERS if closing and word.endswith("*") else "") + closing
        made += _ARABIC_WORD.sub(_ARABIC_PREFIX, opened + folded + closed)
    return made
