"""What becomes of verdicts that people enter: which night obeys them, what may keep it from doing so, and all of them listed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from headwater.attribution.verdicts import Row, age, by_words, conflicts, end_of, not_in_force, together
from headwater.config import Config
from headwater.errors import StorageError
from headwater.store import PublishedReader, read_rows
from headwater.tables.model import (
    COMPLAINTS_COUNTED,
    CURRENT,
    LINKS,
    LISTING_SUPPLIERS,
    MEMBERS,
    PLACES,
    SUPPLIERS,
    VERDICT_CONFLICTS,
    VERDICTS,
)
from headwater.tables.ops import ENTERED_VERDICTS
from headwater.tables.published import SOURCES


@dataclass(frozen=True)
class Listing:
    """Verdicts, each with its `standing` on the night (None: no night is published), and who is judged both ways there."""

    night: date | None
    rows: list[dict[str, Any]]
    conflicts: list[dict[str, Any]]


def obeyed(verdict: Row, newest: date | None) -> str:
    """Which nights obey a verdict that is entered after the `newest` published one (None: before the first)."""
    decided, expires = verdict["decided_at"], verdict["expires_at"]
    coming = newest + timedelta(days=1) if newest else date.min
    first = max(coming, decided.date())
    if expires is not None and expires < end_of(first):
        return f"obeyed by no new night, for it expires before the end of {first}"
    if newest is None or first > coming:
        return f"obeyed from the night of {first} on"
    again = f"; by {newest} too if that is run again with --refresh" if decided < end_of(newest) else ""
    return f"obeyed from the next night on (after {newest}){again}"


def doubts(config: Config, rows: Sequence[Row]) -> list[str]:
    """What looks like a slip of whoever entered them, or will keep them from being obeyed: a lake without a night, somebody whom the
    newest night does not know, somebody else who says the opposite."""
    newest = newest_night(config)
    if newest is None:
        return [f"{config.paths.lake} holds no published night; is that the lake you mean (--config FILE)?"]
    reader = PublishedReader(config.paths.lake)
    try:
        return _unknown(reader, newest, rows) + _opposed(config, reader, newest, rows)
    except StorageError as error:
        return [f"whether the night of {newest} knows them cannot be told: {error}"]


def _unknown(reader: PublishedReader, night: date, rows: Sequence[Row]) -> list[str]:
    """Whom the night does not know, by kind of subject."""
    asked: dict[str, set[str]] = {}
    for row in rows:
        kind = "seller" if row["subject_kind"] == "pair" else row["subject_kind"]
        asked.setdefault(kind, set()).update(name for name in (row["subject_id"], row["other_id"]) if name)

    def held(kind: str, names: list[str]) -> set[str]:
        if kind == "source":
            return set(reader.read(SOURCES, night, source_id=names)["source_id"].to_pylist())
        if kind == "supplier":
            return set(reader.model(SUPPLIERS, night, supplier_id=names)["supplier_id"].to_pylist())
        if kind == "seller":
            return set(reader.model(MEMBERS, night, seller_id=names)["seller_id"].to_pylist())
        if kind == "listing":
            named = reader.model(LISTING_SUPPLIERS, None, listing_id=names)["listing_id"].to_pylist()
            return {*named, *reader.model(COMPLAINTS_COUNTED, night, listing_id=names)["listing_id"].to_pylist()}
        if kind == "place":
            columns = ("address_id", "place_id", "building_key")
            rows = [(c, row) for c in columns for row in reader.model(PLACES, night, **{c: names}).to_pylist()]
            return {row[column] for column, row in rows if row["may_be_source"]}
        links = reader.model(LINKS, night, value=[name.partition(":")[2] for name in names]).to_pylist()
        return {f"{row['type']}:{row['value']}" for row in links}

    told = []
    for kind, names in sorted(asked.items()):
        what = "place that may be a source" if kind == "place" else kind
        told += [f"the night of {night} knows no {what} {name!r}" for name in sorted(names - held(kind, sorted(names)))]
    return told


def _opposed(config: Config, reader: PublishedReader, newest: date, rows: Sequence[Row]) -> list[str]:
    """Who says the opposite of `rows`: of the same subject by the same words, or as the same supplier."""
    night = max([newest + timedelta(days=1), *(row["decided_at"].date() for row in rows)])
    fed = [row for row in reader.model(VERDICTS, newest).to_pylist() if row["origin"] == "feed"]
    entered = read_rows(config.paths.lake, ENTERED_VERDICTS)
    told = together(fed, entered, night, config.finding.verdicts.reliability)
    subjects = [by_words(row) for row in told]
    why = not_in_force(told, subjects, [True] * len(told), night)
    mine = {row["verdict_id"] for row in rows}
    return [
        f"{kind}:{name}: {detail}"
        for _, kind, name, _, ids, detail in conflicts(told, subjects, why)
        if mine & set(ids)
    ]


def listing(config: Config, night: date | None = None) -> Listing:
    """The verdicts that the night (default: the newest) knows, of feed and command line; beside the newest, those that wait."""
    newest = newest_night(config)
    rows, opposed = [], []
    if newest is not None:
        reader = PublishedReader(config.paths.lake)
        reader.publication(night or newest)  # says which nights there are
        rows = reader.model(VERDICTS, night or newest).to_pylist()
        opposed = reader.model(VERDICT_CONFLICTS, night or newest).to_pylist()
    entered = read_rows(config.paths.lake, ENTERED_VERDICTS)
    recorded = {row["verdict_id"]: row["recorded_at"] for row in entered}
    told = [
        {**row, "standing": row["not_in_force"] or "in force", "recorded_at": recorded.get(row["verdict_id"])}
        for row in rows
    ]
    if night is None or newest is None:
        known = {row["verdict_id"] for row in rows}
        fed = read_rows(config.paths.lake, CURRENT["verdicts"], night=newest) if newest else []
        both = [{**row, "origin": "command line"} for row in entered]
        both += [{**row, "origin": "feed", "recorded_at": None} for row in fed]
        told += [{**row, "standing": obeyed(row, newest)} for row in both if row["verdict_id"] not in known]
    return Listing(night or newest, sorted(told, key=age), opposed)


def newest_night(config: Config) -> date | None:
    """The newest published night; None before the first."""
    try:
        return PublishedReader(config.paths.lake).nights[-1]
    except StorageError:
        return None
