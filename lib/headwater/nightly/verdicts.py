"""Verdicts in a night: those that it knows, those that it obeys, and what became of the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from headwater.attribution.verdicts import Row, Subject, age, by_words, conflicts, no_meaning, not_in_force, together
from headwater.graph.said import SEPARATOR, comparable
from headwater.places.rules import load_rules
from headwater.store import Lake
from headwater.tables.model import CURRENT, LINKS, MEMBERS, VERDICT_CONFLICTS, VERDICTS
from headwater.tables.ops import ENTERED_VERDICTS, NIGHTS

if TYPE_CHECKING:
    from headwater.nightly.run import Run


def verdicts_in_force(run: Run) -> list[dict[str, Any]]:
    """The rows of VERDICTS that the night obeys."""
    return [row for row in run.lake.rows(VERDICTS, run.night).to_pylist() if row["in_force"]]


def collect_verdicts(run: Run) -> None:
    """CLEAN_VERDICTS and ENTERED_VERDICTS -> VERDICTS, VERDICT_CONFLICTS: before anything that obeys them.

    A published night knows the verdicts that it was published with; one that is entered later, whenever it was decided, counts
    from the next night on, and in this one only if the run refreshes it."""
    fed = run.lake.rows(CURRENT["verdicts"], run.night).to_pylist()
    told = together(fed, _entered(run), run.night, run.config.finding.verdicts.reliability)
    _put(run, told, [by_words(row) for row in told], [True] * len(told))


def verdicts_of_window(run: Run, meant: Callable[[Row], Subject | None]) -> pd.DataFrame:
    """VERDICTS -> VERDICTS, VERDICT_CONFLICTS again, now that the window tells (`meant`) which source each name stands for, and whom
    the night does not know; those that the sources obey or their calibrator learns from, by column.

    A verdict on a source that the window no longer holds moves nothing, and still teaches what such a source was."""
    entered = {row["verdict_id"]: row["recorded_at"] for row in run.lake.rows(ENTERED_VERDICTS).to_pylist()}
    told = run.lake.rows(VERDICTS, run.night).to_pylist()
    told = sorted(({**row, "recorded_at": entered.get(row["verdict_id"])} for row in told), key=age)
    found = _meant(run, told, meant)
    subjects = [subject or by_words(row) for subject, row in zip(found, told, strict=True)]
    if told:
        told = _put(run, told, subjects, [subject is not None for subject in found])
    kept = [row for row in told if row["in_force"] or row["not_in_force"] == "unknown"]
    return pd.DataFrame(kept, columns=VERDICTS.column_names)


def _put(run: Run, told: Sequence[Row], subjects: Sequence[Subject], known: Sequence[bool]) -> list[dict[str, Any]]:
    """Rows of VERDICTS, with whether each is in force; written, with VERDICT_CONFLICTS."""
    why = not_in_force(told, subjects, known, run.night)
    rows = [{**row, "in_force": w is None, "not_in_force": w} for row, w in zip(told, why, strict=True)]
    run.put(VERDICTS, [tuple(row[name] for name in VERDICTS.column_names) for row in rows])
    run.put(VERDICT_CONFLICTS, conflicts(told, subjects, why))
    return rows


def _meant(run: Run, told: Sequence[Row], in_window: Callable[[Row], Subject | None]) -> list[Subject | None]:
    """Whom each verdict is about; None: somebody or something that the night does not know."""
    shops = {side for row in told if row["subject_kind"] == "pair" for side in (row["subject_id"], row["other_id"])}
    shops &= {row["seller_id"] for row in _of_night(run, MEMBERS, "seller_id", shops)}
    params = run.config.places
    rules = load_rules(params.words)
    typed = [row["subject_id"].partition(SEPARATOR) for row in told if row["subject_kind"] == "value"]
    said = {(kind, text): comparable(kind, text, rules, params) for kind, _, text in typed}
    links = _of_night(run, LINKS, "value", set(said.values()))
    values = {(row["type"], row["value"]) for row in links}

    def subject(row: Row) -> Subject | None:
        if no_meaning(row):
            return by_words(row)
        if row["subject_kind"] == "pair":
            return by_words(row) if {row["subject_id"], row["other_id"]} <= shops else None
        if row["subject_kind"] == "value":
            kind, _, text = row["subject_id"].partition(SEPARATOR)
            return by_words(row) if (kind, said[kind, text]) in values else None
        return in_window(row)

    return [subject(row) for row in told]


def _of_night(run: Run, table: Any, column: str, wanted: set[Any]) -> list[dict[str, Any]]:
    """The rows of the night's table that hold one of the wanted."""
    asked = sorted(name for name in wanted if name)
    return run.lake.rows(table, run.night, wanted=[(column, "in", asked)]).to_pylist() if asked else []


def _entered(run: Run) -> list[dict[str, Any]]:
    """ENTERED_VERDICTS that the night may know; a rerun of a published night, those that it knew."""
    rows: list[dict[str, Any]] = run.lake.rows(ENTERED_VERDICTS).to_pylist()
    if run.refresh or not run.lake.rows(NIGHTS, run.night, ["night"]).num_rows:
        return rows
    known = set(known_verdicts(run.lake, run.night).get(run.night, []))
    return [row for row in rows if row["verdict_id"] in known]


def known_verdicts(lake: Lake, night: date | None = None) -> dict[date, list[str]]:
    """The ids of the command line's verdicts that the last run of each night, or of this one, knew."""
    known: dict[date, list[str]] = {}
    if not lake.exists(ENTERED_VERDICTS):
        return known
    wanted = [("origin", "=", "command line")]
    for row in lake.rows(VERDICTS, night, ["night", "verdict_id"], wanted=wanted).to_pylist():
        known.setdefault(row["night"], []).append(row["verdict_id"])
    return known


def verdict_notes(run: Run) -> list[str]:
    """Of what people said: how much of it the night could not obey, and where it is told."""
    of: dict[str | None, int] = {}
    for why in run.lake.rows(VERDICTS, run.night, ["not_in_force"])["not_in_force"].to_pylist():
        of[why] = of.get(why, 0) + 1
    return notes_of(of, run.lake.rows(VERDICT_CONFLICTS, run.night, ["night"]).num_rows)


def notes_of(verdicts: dict[str | None, int], subjects: int) -> list[str]:
    """Sentences on the number of verdicts by why they are not in force, and of subjects that are judged both ways."""
    where = "headwater verdict list tells which."
    notes = []
    if subjects:
        notes.append(
            f"People disagree about {subjects:,} subject{'s' * (subjects != 1)}: no verdict there counts until one is withdrawn; {where}"
        )
    for why, what in (
        ("unknown", "about what the night does not know, and moved nothing"),
        ("meaningless", "without a meaning"),
    ):
        number = verdicts.get(why, 0)
        if number:
            notes.append(f"{number:,} verdict{' is' if number == 1 else 's are'} {what}; {where}")
    return notes
