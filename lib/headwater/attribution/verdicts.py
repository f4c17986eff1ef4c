"""What people found out: verdicts of the feed and of the command line, which of them are in force on a night, and those that oppose
each other. Few rows, as people write them: lists of rows as the tables hold them, by column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeAlias

from headwater.attribution.market import SUPPLIER, TYPES
from headwater.attribution.told import source_id
from headwater.graph.bipartite import IDENTITY

Row: TypeAlias = Mapping[str, Any]
Subject: TypeAlias = tuple[str, str, str | None]  # as VERDICT_CONFLICTS names it: kind, id, the other of a pair

OF_SOURCES = ("source", "supplier", "place")
OF_PURCHASES = ("seller", "listing")
FOUND = ("confirmed", "cleared", "unsure")
# What may be said of whom; anything else means nothing.
MEANT = {
    **dict.fromkeys((*OF_SOURCES, *OF_PURCHASES), FOUND),
    "pair": ("must_link", "cannot_link", "unsure"),
    "value": ("hub", "cleared", "unsure"),
}
VALUES = tuple(kind.name for kind in IDENTITY)
# Verdicts about one subject that cannot both hold; each pair in order.
OPPOSITES = (("cleared", "confirmed"), ("cannot_link", "must_link"), ("cleared", "hub"))
FIELDS = (
    "verdict_id", "subject_kind", "subject_id", "other_id", "verdict", "reliability", "author", "reason", "decided_at",
    "expires_at", "inspected_because", "inspection_probability",
)  # fmt: skip
EVER = datetime(1, 1, 1, tzinfo=UTC)


def end_of(night: date) -> datetime:
    """A night is all that happened before the next day, UTC."""
    return datetime.combine(night + timedelta(days=1), time(), UTC)


def heard_until(decided: datetime) -> date:
    """The last day of which whoever decided knew anything: decided at midnight, that is the day before."""
    return (decided - timedelta(microseconds=1)).date()


def no_meaning(verdict: Row) -> str | None:
    """Why nothing can follow from such a verdict, whatever it is about; None if something can."""
    kind, word, pair = verdict["subject_kind"], verdict["verdict"], verdict["subject_kind"] == "pair"
    if kind == "operator":
        return "nothing follows from a verdict on an operator; say must_link or cannot_link of a pair of its shops"
    if word not in MEANT[kind]:
        return f"{word} is not said of a {kind}; of that one says {', '.join(MEANT[kind])}"
    if pair != bool(verdict["other_id"]):
        return "a pair, and nothing else, has other_id"
    if kind == "value" and verdict["subject_id"].partition(":")[0] not in VALUES:
        return f"a value is written with its type, value:phone:+8613912345678; the types are {', '.join(VALUES)}"
    return None


def together(fed: Iterable[Row], entered: Iterable[Row], night: date, reliability: float) -> list[dict[str, Any]]:
    """CLEAN_VERDICTS (current), ENTERED_VERDICTS -> rows of VERDICTS without whether they are in force: those decided by the end of
    the night, in the order of decision, those decided at once in the order of entering; `recorded_at` tells that of the command line.

    A pair is the same either way round. An id that both know (a file that was landed and imported, two writers at once) is one
    verdict, the one that was decided last."""
    both = [{**row, "origin": "feed", "recorded_at": None} for row in fed]
    both += [{**row, "origin": "command line"} for row in entered]
    of: dict[str, dict[str, Any]] = {}
    for row in sorted(both, key=age):
        if row["decided_at"] < end_of(night):
            of[row["verdict_id"]] = {name: row[name] for name in (*FIELDS, "origin", "recorded_at")} | {"night": night}
    for row in of.values():
        row["reliability"] = reliability if row["reliability"] is None else row["reliability"]
        if row["subject_kind"] == "pair" and row["other_id"]:
            row["subject_id"], row["other_id"] = sorted((row["subject_id"], row["other_id"]))
    return sorted(of.values(), key=age)


def age(verdict: Row) -> tuple[datetime, datetime, str]:
    """By what the verdicts of an author on one subject replace each other: when it was decided, then when it was entered."""
    return verdict["decided_at"], verdict["recorded_at"] or EVER, verdict["verdict_id"]


def by_words(verdict: Row) -> Subject:
    """Whom a verdict is about, by its words alone: a supplier is the source that it is, whatever the window holds."""
    if verdict["subject_kind"] == "supplier":
        return "source", source_id(TYPES[SUPPLIER], verdict["subject_id"]), None
    return verdict["subject_kind"], verdict["subject_id"], verdict["other_id"]


def not_in_force(
    told: Sequence[Row], subjects: Sequence[Subject], known: Sequence[bool], night: date
) -> list[str | None]:
    """Why each verdict of `together` is not in force on the night; None if it is.

    `subjects`: whom each is about, one name for all that mean the same; `known`: whether the night holds it. The newest verdict of an
    author on a subject replaces the author's older ones, and does not give way to them when it expires. Of those that then oppose
    each other none is in force: contradictions are for people to settle."""
    why = ["meaningless" if no_meaning(row) else None for row in told]
    newest = {(row["author"], subjects[i]): i for i, row in enumerate(told) if not why[i]}
    said: dict[Subject, set[str]] = {}
    for i, row in enumerate(told):
        if why[i]:
            continue
        if newest[row["author"], subjects[i]] != i:
            why[i] = "replaced"
        elif row["expires_at"] is not None and row["expires_at"] < end_of(night):
            why[i] = "expired"
        else:
            said.setdefault(subjects[i], set()).add(row["verdict"])
    for i, row in enumerate(told):
        both = [pair for pair in OPPOSITES if row["verdict"] in pair and {*pair} <= said.get(subjects[i], set())]
        if not why[i] and (both or not known[i]):
            why[i] = "contradicted" if both else "unknown"
    return why


def conflicts(told: Sequence[Row], subjects: Sequence[Subject], why: Sequence[str | None]) -> list[tuple[Any, ...]]:
    """Rows of VERDICT_CONFLICTS: one a subject that people disagree about, with who calls it what."""
    of: dict[Subject, list[Row]] = {}
    for row, subject, reason in zip(told, subjects, why, strict=True):
        if reason == "contradicted":
            of.setdefault(subject, []).append(row)
    out = []
    for subject, rows in of.items():
        rows = sorted(rows, key=lambda row: row["verdict_id"])
        words = [f"{r['author']} says {r['verdict']}" + _called(r, subject) for r in rows]
        detail = "; ".join([*words, "none counts until one of them is withdrawn"])
        out.append((rows[0]["night"], *subject, [r["verdict_id"] for r in rows], detail))
    return out


def _called(verdict: Row, subject: Subject) -> str:
    """How a verdict names its subject, where that is another name."""
    kind, name = verdict["subject_kind"], verdict["subject_id"]
    return "" if (kind, name) == subject[:2] else f" of {kind} {name}"
