"""The chain of nights: what each night was made of, so that a night knows when one before it was made anew.

A night is made of its files, the verdicts of the command line that it knew, its configuration and program, and the night before
it; the hash of all that is its `inputs`, published with it in ops/nights beside `based_on`, the inputs of the night before it as they
were then. A night is stale when the night before it now has other inputs than those, or is stale itself; a night that is run again as
it was stays the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True)
class Link:
    """One published night of the chain, by its newest publication."""

    night: date
    inputs: str
    based_on: str


def inputs_of(
    files: Iterable[Mapping[str, Any]], configuration: str, based_on: str, verdicts: Iterable[str] = ()
) -> str:
    """The hash of what a night is made of: rows of FILES, the hash of configuration and program, the night before it, the ids of
    the verdicts of the command line that it knew."""
    taken = sorted([f["intake_seq"], f["feed"], f["path"], f["bytes"], f["content"] or f["modified_ms"]] for f in files)
    told = sorted(verdicts)
    return hashlib.sha256(json.dumps([taken, configuration, based_on, *([told] if told else [])]).encode()).hexdigest()


def chain(nights: Iterable[Mapping[str, Any]]) -> list[Link]:
    """Rows of NIGHTS -> the published nights, oldest first."""
    newest = {row["night"]: row for row in sorted(nights, key=lambda row: row["sequence"])}
    return [Link(night, row["inputs"], row["based_on"]) for night, row in sorted(newest.items())]


def stale(links: Iterable[Link]) -> list[date]:
    """The nights to run again, in that order, because a night before them was made anew after them."""
    found: list[date] = []
    before = ""
    for link in links:
        if found or link.based_on != before:
            found.append(link.night)
        before = link.inputs
    return found


def unfinished(
    files: Iterable[Mapping[str, Any]], links: Iterable[Link], verdicts: Mapping[date, Iterable[str]] | None = None
) -> list[date]:
    """The nights, oldest first, whose files (rows of FILES), configuration or known `verdicts` are not those that were published."""
    by_night: dict[date, list[Mapping[str, Any]]] = {}
    for file in files:
        by_night.setdefault(file["night"], []).append(file)
    published = {link.night: link for link in links}
    return sorted(
        night
        for night, taken in by_night.items()
        if night not in published
        or published[night].inputs
        != inputs_of(taken, taken[0]["configuration"], published[night].based_on, (verdicts or {}).get(night, ()))
    )
