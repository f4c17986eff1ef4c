"""Text as people type it, made comparable: Unicode forms, case, spacing and scripts."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from anyascii import anyascii

# Symbols, emoji, private use, unassigned and lone surrogates say nothing about a place; format characters (zero-width
# joiners, direction marks) are invisible, so they go without leaving a gap.
_TO_SPACE = frozenset({"Cc", "Zs", "Zl", "Zp", "So", "Sk", "Co", "Cn", "Cs"})
_TO_NOTHING = frozenset({"Cf"})
_LINES = re.compile(r"\s*[\r\n\v\f]+\s*")
_SPACES = re.compile(r"\s+")
_NOT_WORD = re.compile(r"[^a-z0-9]+")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")  # what NFKC leaves of it
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3]")


def _visible(char: str) -> str:
    if char.isascii():
        return char if char.isprintable() or char == "\n" else " "
    category = unicodedata.category(char)
    return "" if category in _TO_NOTHING else " " if category in _TO_SPACE else char


def clean_text(value: str, limit: int = 400) -> str:
    """One field in compatibility form (NFKC: full-width digits become ASCII), lower case, single-spaced, script kept.

    Only the first `limit` characters are read; line breaks become commas, for they part the lines of an address.
    Idempotent.
    """
    text = value[:limit]
    if not text.isascii():
        text = "".join(map(_visible, unicodedata.normalize("NFKC", text)))
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    text = _LINES.sub(", ", text.casefold().strip())
    if not text.isprintable():
        text = "".join(map(_visible, text))
    # Compatibility forms can be eighteen times longer than what they stand for.
    return _SPACES.sub(" ", text)[:limit].strip(" ,")


def fold(value: str, limit: int = 400, together: re.Pattern[str] | None = None) -> str:
    """`clean_text` in lower-case ASCII (transliterated by anyascii), without apostrophes and dots; what fits `together` is one word
    ('N.W.'). Idempotent."""
    text = clean_text(value, limit)
    if not text.isascii():
        text = clean_text(anyascii(text), limit)
    if together:
        text = together.sub(lambda match: re.sub("[^a-z]", "", match[0]), text)
    text = text.replace("'", "").replace("`", "").replace(".", " ").replace('"', " ")
    return _SPACES.sub(" ", text).strip(" ,")


def words(value: str) -> str:
    """`fold` with letters and digits only, words parted by one space: for names, cities and streets."""
    return _NOT_WORD.sub(" ", fold(value)).strip()


@lru_cache(maxsize=1 << 16)  # cities, countries and words come again and again
def squash(value: str) -> str:
    """`fold` with letters and digits only and no spaces, so that 'Lake Shore' is 'Lakeshore'."""
    return _NOT_WORD.sub("", fold(value))


def has_cjk(value: str) -> bool:
    """Whether Han, Kana or Hangul stands in the text: it is then read without spaces between words."""
    return _CJK.search(value) is not None


def has_han(value: str) -> bool:
    """Whether Han stands in the text: several of its names may have one reading."""
    return _HAN.search(value) is not None
