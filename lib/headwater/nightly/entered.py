"""Verdicts entered at the command line: checked like those of the feed, and added to one table."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from headwater.attribution.verdicts import FIELDS, Row, by_words, end_of, no_meaning
from headwater.config import Config
from headwater.errors import ConfigurationError, InputRefusedError, listed
from headwater.feeds import VERDICTS as FEED
from headwater.nightly.prospects import newest_night, obeyed
from headwater.store import append_rows, read_rows
from headwater.tables.ops import ENTERED_VERDICTS

NUMBERS = ("reliability", "inspection_probability")
TIMES = ("decided_at", "expires_at")


@dataclass(frozen=True)
class Entered:
    """A verdict as it is stored, whether it is new, and which nights obey it."""

    row: dict[str, Any]
    new: bool
    obeyed: str


def add(config: Config, rows: Iterable[dict[str, str | None]]) -> list[Entered]:
    """Check and append verdicts. Raises InputRefusedError that names every fault; then none is written.

    What an author said last of a subject is not added again in the same words. Without a time a verdict is of the newest published
    night, which is what was looked at: decided at its end, so the next one obeys it, and no rerun of an older one."""
    newest, now = newest_night(config), datetime.now(UTC)
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
            same_id = known.get(row.get("verdict_id") or "")
            made = _stored(row, now + timedelta(microseconds=number), newest)
            if same_id and not row.get("decided_at"):
                made["decided_at"] = same_id["decided_at"]
            there = same_id or last.get(_when_of_whom(made))
            if there and _words(there) == _words(made):
                done.append(Entered(there, False, obeyed(there, newest)))
            elif same_id:
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
