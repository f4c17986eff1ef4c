"""What happened to ids between two nights, in rows and in words."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from headwater.registry.flows import Flows, in_order
from headwater.registry.kinds import Kind

Ints: TypeAlias = "np.ndarray[Any, np.dtype[np.int64]]"
COLUMNS = ("night", "event_id", "event", "subject_kind", "subject_id", "from_ids", "to_ids", "detail")
Event: TypeAlias = tuple[str, str, list[str], list[str], str]
NAMED = 3  # ids that a sentence names; the lists hold all


def events(
    kind: Kind, night: date, flow: Flows, before: pd.DataFrame, names: Any, carried: Ints, ended: Ints
) -> pd.DataFrame:
    """One row an event, sorted by event_id; at most one of a name and id a night.

    born: a new id (`from_ids`: where its members were before). grown, shrunk: members came, left or are absent. split: members
    went to new ids; moved: to ids that were there before. merged: nobody carries the id, its members are elsewhere (`to_ids`, its
    successor first). dormant: most of its members are absent. re_emerged: it was dormant."""
    olds = before["id"].tolist()
    keeps = np.full(len(olds), -1, dtype=np.int64)  # the group that carries an id
    keeps[carried[carried >= 0]] = np.flatnonzero(carried >= 0)
    went: dict[int, list[tuple[int, int]]] = defaultdict(list)
    came: dict[int, list[str]] = defaultdict(list)
    apart = keeps[flow.old] != flow.new
    for p, q, moved in zip(flow.old[apart].tolist(), flow.new[apart].tolist(), flow.moved[apart].tolist(), strict=True):
        went[p].append((q, moved))
        came[q].append(olds[p])
    rows = [
        *_born(kind, flow, names, carried, came),
        *_carried(kind, flow, before, olds, carried),
        *_departed(kind, names, carried, olds, keeps, ended, went),
        *_dormant(kind, flow, before, olds, keeps, ended),
    ]
    table = pd.DataFrame(rows, columns=["event", "subject_id", "from_ids", "to_ids", "detail"])
    table["event_id"] = [_event_id(kind, e, s) for e, s in zip(table["event"], table["subject_id"], strict=True)]
    table = table.assign(night=night, subject_kind=kind.name)[list(COLUMNS)]
    return in_order(table, "event_id")


def _event_id(kind: Kind, event: str, subject: str) -> str:
    return "E" + hashlib.sha256(f"{kind.name}\x1f{event}\x1f{subject}".encode()).hexdigest()[:16]


def _born(kind: Kind, flow: Flows, names: Any, carried: Ints, came: dict[int, list[str]]) -> Iterator[Event]:
    for q in np.flatnonzero(carried < 0).tolist():
        detail = f"New, with {kind.count(int(flow.size[q]))}"
        known = int(flow.known[q])
        detail += f"; {known:,} of them known before, from {_some(came[q])}." if known else ", none known before."
        yield "born", names[q], sorted(came[q]), [names[q]], detail


def _carried(kind: Kind, flow: Flows, before: pd.DataFrame, olds: list[str], carried: Ints) -> Iterator[Event]:
    """Ids that go on: dormant ones that are back, and others whose members are not quite last night's."""
    state, last = before["state"].tolist(), before["last_night"].tolist()
    stayed = np.zeros(len(carried), dtype=np.int64)
    own = carried[flow.new] == flow.old
    stayed[flow.new[own]] = flow.stayed[own]
    for q in np.flatnonzero(carried >= 0).tolist():
        p, now = int(carried[q]), int(flow.size[q])
        name = olds[p]
        if state[p] != "active":
            yield "re_emerged", name, [name], [name], f"Back with {kind.count(now)}, last there on {last[p]}."
            continue
        joined, left = now - int(stayed[q]), int(flow.live[p] - stayed[q])
        if joined:
            yield "grown", name, [name], [name], f"{kind.count(joined)} came: {kind.count(now)} now."
        if left:
            yield "shrunk", name, [name], [name], f"{kind.count(left)} left or not there: {kind.count(now)} now."


def _departed(
    kind: Kind,
    names: Any,
    carried: Ints,
    olds: list[str],
    keeps: Ints,
    ended: Ints,
    went: dict[int, list[tuple[int, int]]],
) -> Iterator[Event]:
    """Members that are with another id tonight, by the id that they had."""
    for p, parts in went.items():
        name = olds[p]
        if ended[p] >= 0:
            told = f"Its {kind.count(sum(n for _q, n in parts))} are with {_some([names[q] for q, _n in parts])}."
            yield "merged", name, [name], [names[q] for q, _n in parts], told
            continue
        for event, old in (("split", False), ("moved", True)):
            there = [(names[q], n) for q, n in parts if (carried[q] >= 0) == old]
            if there:
                to = sorted(q for q, _n in there)
                told = f"{kind.count(sum(n for _q, n in there))} of it went to {'' if old else 'new '}{_some(to)}."
                stays = [name] if event == "split" and keeps[p] >= 0 else []
                yield event, name, [name], [*stays, *to], told


def _dormant(
    kind: Kind, flow: Flows, before: pd.DataFrame, olds: list[str], keeps: Ints, ended: Ints
) -> Iterator[Event]:
    active = (before["state"] == "active").to_numpy(dtype=bool)
    for p in np.flatnonzero(active & (keeps < 0) & (ended < 0)).tolist():
        absent = kind.count(int(flow.absent[p]))
        yield "dormant", olds[p], [olds[p]], [], f"{absent} of last night's {int(flow.live[p]):,} not there."


def _some(ids: Sequence[str]) -> str:
    rest = len(ids) - NAMED
    return ", ".join(ids[:NAMED]) + (f" and {rest:,} more" if rest > 0 else "")
