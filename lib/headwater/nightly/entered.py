"""Verdicts entered at the command line: checked like those of the feed, added to one table, and told with what becomes of them."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from headwater.attribution.verdicts import (
    FIELDS,
    Row,
    age,
    by_words,
    conflicts,
    end_of,
    no_meaning,
    not_in_force,
    together,
)
from headwater.config import Config
from headwater.errors import ConfigurationError, InputRefusedError, StorageError, listed
from headwater.feeds import VERDICTS as FEED
from headwater.store import PublishedReader, append_rows, read_rows
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

NUMBERS = ("reliability", "inspection_probability")
TIMES = ("decided_at", "expires_at")


@dataclass(frozen=True)
class Entered:
    """A verdict as it is stored, whether it is new, and which nights obey it."""

    row: dict[str, Any]
    new: bool
    obeyed: str


@dataclass(frozen=True)
class Listing:
    """Verdicts, each with its `standing` on the night (None: no night is published), and who is judged both ways there."""

    night: date | None
    rows: list[dict[str, Any]]
    conflicts: list[dict[str, Any]]


def add(config: Config, rows: Iterable[dict[str, str | None]]) -> list[Entered]:
    """Check and append verdicts. Raises InputRefusedError that names every fault; then none is written.

    What an author said last of a subject is not added again in the same words. Without a time a verdict is of the newest published
    night, which is what was looked at: decided at its end, so the next one obeys it, and no rerun of an older one."""
    newest, now = _newest(config), datetime.now(UTC)
    stored = sorted(
        read_rows(config.paths.lake, ENTERED_VERDICTS), key=lambda row: (row["recorded_at"], row["verdict_id"])
    )
    known = {row["verdict_id"]: row for row in stored}
    last = {_when_of_whom(row): row for row in stored}
    faults, done = [], []
    for number, row in enumerate(rows, start=1):
        wrong = _faults(row)
        if not wrong:
            # One after the other, so that of two on one subject the later row of a file counts.
            made = _stored(row, now + timedelta(microseconds=number), newest)
            there = known.get(row.get("verdict_id") or "", last.get(_when_of_whom(made)))
            if there and _words(there) == _words(made):
                done.append(Entered(there, False, obeyed(there, newest)))
            elif row.get("verdict_id") in known:
                wrong = [f"verdict_id {row['verdict_id']!r} is there already and says something else"]
            else:
                made["verdict_id"] = row.get("verdict_id") or _id(made, known)
                known[made["verdict_id"]] = last[_when_of_whom(made)] = made
                done.append(Entered(made, True, obeyed(made, newest)))
        faults += [f"row {number}: {fault}" for fault in wrong]
    if faults:
        raise InputRefusedError("The verdicts were not taken:\n" + listed(faults))
    fresh = [entered.row for entered in done if entered.new]
    if fresh:
        append_rows(config.paths.lake, ENTERED_VERDICTS, fresh)
    return done


def import_file(config: Config, file: Path) -> list[Entered]:
    """`add` the verdicts of a CSV file with the feed's column names."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            known = {f.name for f in FEED.fields}
            missing = {"subject_kind", "subject_id", "verdict", "author"} - set(reader.fieldnames or [])
            if missing:
                raise InputRefusedError(f"{file}: columns are missing: {', '.join(sorted(missing))}")
            rows = [{k: v or None for k, v in row.items() if k in known} for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputRefusedError(f"{file} cannot be read: {error}") from error
    return add(config, rows)


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
    newest = _newest(config)
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
    """Who of those that say the opposite of `rows`, of the same subject by the same words or as the same supplier."""
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
    newest = _newest(config)
    rows, opposed = [], []
    if newest is not None:
        reader = PublishedReader(config.paths.lake)
        reader.publication(night or newest)  # says which nights there are
        rows = reader.model(VERDICTS, night or newest).to_pylist()
        opposed = reader.model(VERDICT_CONFLICTS, night or newest).to_pylist()
    told = [{**row, "standing": row["not_in_force"] or "in force", "recorded_at": None} for row in rows]
    if night is None or newest is None:
        known = {row["verdict_id"] for row in rows}
        entered = read_rows(config.paths.lake, ENTERED_VERDICTS)
        fed = read_rows(config.paths.lake, CURRENT["verdicts"], night=newest) if newest else []
        both = [{**row, "origin": "command line"} for row in entered]
        both += [{**row, "origin": "feed", "recorded_at": None} for row in fed]
        told += [{**row, "standing": obeyed(row, newest)} for row in both if row["verdict_id"] not in known]
    return Listing(night or newest, sorted(told, key=age), opposed)


def _newest(config: Config) -> date | None:
    """The newest published night; None before the first."""
    try:
        return PublishedReader(config.paths.lake).nights[-1]
    except StorageError:
        return None


def _when_of_whom(row: Row) -> tuple[Any, ...]:
    """What an author says of a subject at one time is what was entered last."""
    return row["author"], by_words(row), row["decided_at"]


def _words(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in FIELDS if name != "verdict_id")


def _id(row: Row, known: Iterable[str]) -> str:
    """A hash of what a verdict says; of one that is said again after another word, also of when."""

    def hashed(*more: Any) -> str:
        said = "\x1f".join("" if value is None else str(value) for value in (*_words(row), *more))
        return "V" + hashlib.sha256(said.encode()).hexdigest()[:16]

    return hashed() if hashed() not in known else hashed(row["recorded_at"])


def _faults(row: dict[str, str | None]) -> list[str]:
    """What is wrong with one verdict, by the rules of the feed and by what verdicts mean."""
    faults = []
    for field in FEED.fields:
        value = row.get(field.name)
        if value is None:
            if field.required and field.name not in ("verdict_id", "decided_at"):
                faults.append(f"{field.name} is missing")
            continue
        if field.allowed and value not in field.allowed:
            faults.append(f"{field.name} {value!r} is none of {', '.join(field.allowed)}")
        faults += _number_fault(field, value) if field.name in NUMBERS else []
        if field.name in TIMES:
            faults += _time_fault(field.name, value)
    if faults:
        return faults
    senseless = no_meaning({name: row.get(name) for name in FIELDS})
    return [senseless] if senseless else []


def _number_fault(field: Any, value: str) -> list[str]:
    try:
        number = float(value)
    except ValueError:
        return [f"{field.name} {value!r} is no number"]
    low = number <= field.low if field.open_low else number < field.low
    high = number >= field.high if field.open_high else number > field.high
    return [f"{field.name} {value} lies outside {field.low} to {field.high}"] if low or high or number != number else []


def _time_fault(name: str, value: str) -> list[str]:
    try:
        _time(value)
    except ValueError:
        return [f"{name} {value!r} is no time; write it as 2026-11-22 or 2026-11-22T14:00"]
    return []


def _time(text: str) -> datetime:
    """A time as typed; without a zone it is UTC."""
    when = datetime.fromisoformat(text)
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)


def _stored(row: dict[str, str | None], recorded: datetime, newest: date | None) -> dict[str, Any]:
    """The row of ENTERED_VERDICTS, still without an id of its own."""
    values: dict[str, Any] = {f.name: row.get(f.name) for f in FEED.fields}
    for name in NUMBERS:
        values[name] = None if values[name] is None else float(values[name])
    for name in TIMES:
        values[name] = None if values[name] is None else _time(values[name])
    values["decided_at"] = values["decided_at"] or (end_of(newest) if newest else recorded)
    return values | {"recorded_at": recorded}


def parse_subject(text: str) -> tuple[str, str, str | None]:
    """`kind:id`, or `pair:id,id`, as typed at the command line."""
    kind, colon, name = text.partition(":")
    if not colon or not name:
        raise ConfigurationError(f"{text!r} is no subject; write it as source:S0123, seller:ID, pair:ID,ID, ...")
    if kind != "pair":
        return kind, name, None
    one, comma, other = name.partition(",")
    if not comma or not one or not other:
        raise ConfigurationError(f"{text!r}: a pair has two ids, pair:ID,ID")
    return kind, one, other
