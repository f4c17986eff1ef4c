"""Verdicts entered at the command line: checked like those of the feed, added to one table, listed as the next night will see them."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwater.attribution.verdicts import conflicts, verdicts
from headwater.config import Config
from headwater.errors import ConfigurationError, InputRefusedError, StorageError, listed
from headwater.feeds import VERDICTS as FEED
from headwater.store import Lake, PublishedReader, append_rows, read_rows
from headwater.tables.model import CURRENT, VERDICT_CONFLICTS, VERDICTS
from headwater.tables.ops import ENTERED_VERDICTS, NIGHTS
from headwater.tables.published import SOURCES

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from headwater.nightly.run import Run

# What a pair may be told, and what anything else may.
OF_PAIRS = ("must_link", "cannot_link", "unsure")
NUMBERS = ("reliability", "inspection_probability")
TIMES = ("decided_at", "expires_at")


def verdicts_in_force(run: Run) -> DataFrame:
    """The verdicts that the night obeys: VERDICTS without those that are replaced, expired or contradicted."""
    return run.lake.read(VERDICTS, run.night).where("in_force")


def collect_verdicts(run: Run) -> None:
    """CLEAN_VERDICTS and ENTERED_VERDICTS -> VERDICTS, VERDICT_CONFLICTS: before anything that obeys them.

    A published night knows the verdicts that it was published with: one that is entered later, whenever it was decided, counts
    from the next night on, and in this one only if the run refreshes it."""
    # Nobody has ever judged anything, as on most first nights: no job says so faster.
    if not (run.lake.exists(CURRENT["verdicts"]) or run.lake.exists(ENTERED_VERDICTS)):
        for table in (VERDICTS, VERDICT_CONFLICTS):
            run.put(table, [])
        return
    fed = run.current("verdicts")
    reliability = run.config.finding.verdicts.reliability
    told = run.gather(VERDICTS, verdicts(fed, _entered(run), run.night, reliability))
    run.gather(VERDICT_CONFLICTS, conflicts(told))


def _entered(run: Run) -> DataFrame:
    """ENTERED_VERDICTS that the night may know; a rerun of a published night, those that it knew."""
    rows = run.lake.read(ENTERED_VERDICTS)
    if run.refresh or not run.lake.rows(NIGHTS, run.night, ["night"]).num_rows:
        return rows
    ids = known_verdicts(run.lake, run.night).get(run.night, [])
    known = run.lake.spark.createDataFrame([(verdict,) for verdict in ids], "verdict_id string")
    return rows.join(known, on="verdict_id", how="left_semi")


def known_verdicts(lake: Lake, night: date | None = None) -> dict[date, list[str]]:
    """The ids of the command line's verdicts that the last run of each night, or of this one, knew."""
    known: dict[date, list[str]] = {}
    if not lake.exists(ENTERED_VERDICTS):
        return known
    wanted = [("origin", "=", "command line")]
    for row in lake.rows(VERDICTS, night, ["night", "verdict_id"], wanted=wanted).to_pylist():
        known.setdefault(row["night"], []).append(row["verdict_id"])
    return known


def add(config: Config, rows: Iterable[dict[str, str | None]]) -> list[str]:
    """Check and append verdicts; their ids. Raises InputRefusedError that names every fault; then none is written."""
    recorded = datetime.now(UTC)
    made, faults = [], []
    for number, row in enumerate(rows, start=1):
        wrong = [f"row {number}: {fault}" for fault in _faults(row)]
        faults += wrong
        if not wrong:
            made.append(_stored(row, recorded))
    if faults:
        raise InputRefusedError("The verdicts were not taken:\n" + listed(faults))
    known = {r["verdict_id"] for r in read_rows(config.paths.lake, ENTERED_VERDICTS)}
    fresh = {r["verdict_id"]: r for r in made if r["verdict_id"] not in known}
    if fresh:
        append_rows(config.paths.lake, ENTERED_VERDICTS, list(fresh.values()))
    return [r["verdict_id"] for r in made]


def doubts(config: Config, subject_kind: str, subject_id: str) -> list[str]:
    """What looks like a slip of whoever entered it: a lake without a night, a source that the newest night does not know."""
    try:
        reader = PublishedReader(config.paths.lake)
    except StorageError:
        return [f"{config.paths.lake} holds no published night; is that the lake you mean (--config FILE)?"]
    if subject_kind == "source" and subject_id not in set(reader.read(SOURCES)["source_id"].to_pylist()):
        return [f"the night of {reader.nights[-1]} has no source {subject_id!r}"]
    return []


def import_file(config: Config, file: Path) -> list[str]:
    """Append the verdicts of a CSV file with the feed's column names; their ids."""
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


def entered(config: Config, night: date | None = None) -> list[dict[str, Any]]:
    """The verdicts of the command line, the newest last; those decided up to `night` if one is given."""
    rows = read_rows(config.paths.lake, ENTERED_VERDICTS)
    rows = [r for r in rows if night is None or r["decided_at"].date() <= night]
    return sorted(rows, key=lambda r: (r["decided_at"], r["verdict_id"]))


def _faults(row: dict[str, str | None]) -> list[str]:
    """What is wrong with one verdict, by the rules of the feed."""
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
    pair = row.get("subject_kind") == "pair"
    if pair != bool(row.get("other_id")):
        faults.append("a pair, and nothing else, has other_id")
    if row.get("verdict") in ("must_link", "cannot_link") and not pair:
        faults.append(f"{row['verdict']} is said of a pair")
    if pair and row.get("verdict") not in (*OF_PAIRS, None):
        faults.append(f"{row['verdict']} is not said of a pair")
    return faults


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


def _stored(row: dict[str, str | None], recorded: datetime) -> dict[str, Any]:
    """The row of ENTERED_VERDICTS; its id is a hash of what it says, so that the same file imported twice adds nothing."""
    values: dict[str, Any] = {f.name: row.get(f.name) for f in FEED.fields}
    for name in NUMBERS:
        values[name] = None if values[name] is None else float(values[name])
    for name in TIMES:
        values[name] = None if values[name] is None else _time(values[name])
    values["decided_at"] = values["decided_at"] or recorded
    said = "\x1f".join(
        "" if values[f.name] is None else str(values[f.name]) for f in FEED.fields if f.name != "verdict_id"
    )
    values["verdict_id"] = values["verdict_id"] or "V" + hashlib.sha256(said.encode()).hexdigest()[:16]
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
