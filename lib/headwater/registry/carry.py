"""REGISTRY and IDENTITIES of the night before, groups of tonight -> their ids: one mechanism for places, operators, sources and cases.

How to use it. A stage partitions something tonight: addresses into places, shops into operators, sources into cases. It names its
groups in any way it likes and hands `carry` one row a member:

    groups      group (any label, of tonight only), member (string, in one group only), weight (integer >= 0; 1 without the column)
    previous    what `carry` returned on the latest published night before (`Known`), or Known.nothing() on the first night

and gets `Carried`: the id of each group, the rows of REGISTRY and IDENTITIES to be stored for the next night, and the events.
`headwater.nightly.ids.carry_ids` does the reading and writing around it within a night.

What a member should be: the most lasting name there is (an address key, a seller_id), never a row number; what a weight should
be: how much of the group it is (its orders), for the heavier part of a group that splits keeps the id.

What holds, whatever the groups are:
- an id goes to the group of tonight that has most of the weight of its members, one to one. Members that were there last night
  decide first; those remembered from earlier nights decide among what is left. Ties: more members, the older id, the smaller name;
- no member changes its id without an event that names both ids; every new id has a `born`, every id that ends a `merged` or `dormant`;
- an id that merged away never comes back and resolves to its successor's end (`resolve`), one that is dormant may re-emerge;
- the order of rows and the labels of groups do not matter; a group that loses its lightest member keeps its id, a new one is
  named after its heaviest member, so its id is the same without the lightest;
- ids depend on tonight's groups and the previous night alone: the same night again gives the same ids.

All in one process on arrays: a million members take some ten seconds and 1 GiB.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from headwater.errors import CheckFailedError, listed
from headwater.registry.events import events
from headwater.registry.flows import Flows, Tonight, flows, in_order
from headwater.registry.kinds import Kind

Ints: TypeAlias = "np.ndarray[Any, np.dtype[np.int64]]"

MEMBERS = ("night", "kind", "member", "id", "weight", "last_night")
IDENTITIES = ("night", "kind", "id", "state", "successor", "first_night", "last_night", "members", "weight")
ACTIVE, DORMANT, MERGED = "active", "dormant", "merged"


@dataclass(frozen=True)
class Known:
    """One kind's rows of REGISTRY (`members`) and IDENTITIES (`identities`), of one night."""

    members: pd.DataFrame
    identities: pd.DataFrame

    @staticmethod
    def nothing() -> Known:
        return Known(pd.DataFrame(columns=list(MEMBERS)), pd.DataFrame(columns=list(IDENTITIES)))


@dataclass(frozen=True)
class Carried:
    """`ids`: group, id. `known`: tonight's rows of REGISTRY and IDENTITIES. `events`: rows of CHANGES. All sorted by key."""

    ids: pd.DataFrame
    known: Known
    events: pd.DataFrame


def carry(kind: Kind, groups: pd.DataFrame, previous: Known, night: date) -> Carried:
    """The ids of tonight's groups (see the head of this module).

    Raises CheckFailedError that names members which stand in two groups, are null, or weigh no whole number >= 0."""
    tonight = _tonight(kind, groups)
    before = in_order(previous.identities, "id")
    flow = flows(tonight, previous.members, before)
    carried = _matched(flow, before, len(tonight.founder))
    names = _names(kind, night, tonight.founder, carried, before)
    ended = _ended(flow, carried, len(before))
    identities = _identities(kind, night, tonight, before, carried, names, ended)
    known = Known(_members(kind, night, tonight, previous.members, names, identities), identities)
    ids = pd.DataFrame({"group": tonight.label, "id": names})
    return Carried(ids, known, events(kind, night, flow, before, names, carried, ended))


def resolve(identities: pd.DataFrame, ids: pd.Series[Any]) -> pd.Series[Any]:
    """What each id is called on the night of `identities`: itself, or the end of the chain of its successors; null if unknown."""
    table = in_order(identities, "id")
    end = _ends(table)
    at = pd.Index(table["id"]).get_indexer(pd.Index(ids))
    found = _and(table["id"].to_numpy(dtype=object)[end], None)
    return pd.Series(found[np.where(at < 0, len(end), at)], index=ids.index, dtype=object)


def _and(values: Any, other: object) -> Any:
    """The values and `other` behind them, which an index of -1 takes."""
    return np.array([*values, other], dtype=object)


def _ends(table: pd.DataFrame) -> Ints:
    """Per row of `table` (sorted by id) the row at which its chain of successors ends."""
    to = pd.Index(table["id"]).get_indexer(pd.Index(table["successor"].to_numpy(dtype=object)))
    end = np.where(to < 0, np.arange(len(table)), to)
    while not np.array_equal(further := end[end], end):
        end = further
    return end


def _tonight(kind: Kind, groups: pd.DataFrame) -> Tonight:
    """The groups by number: in the order of their founders, the heaviest members (ties: the smaller name)."""
    members = groups["member"].to_numpy(dtype=object)
    weight = groups["weight"] if "weight" in groups else pd.Series(1, index=groups.index)
    bad = pd.isna(groups["member"]).to_numpy() | pd.isna(groups["group"]).to_numpy()
    bad |= ~((weight >= 0) & (weight % 1 == 0)).fillna(False).to_numpy(dtype=bool)
    bad |= groups.duplicated("member").to_numpy()
    if bad.any():
        rows = zip(members[bad][:5], groups["group"][bad][:5], weight[bad][:5], strict=True)
        raise CheckFailedError(
            f"{kind.name}: {int(bad.sum())} rows whose member stands in two groups, is null, or weighs no whole number >= 0:\n"
            + listed(f"{str(m)[:80]!r} in {str(g)[:80]!r}, weight {w}" for m, g, w in rows)
        )
    order = pc.sort_indices(
        pa.array(members, type=pa.large_string())
    ).to_numpy()  # by UTF-8 bytes: the order of code points
    code, labels = pd.factorize(groups["group"].to_numpy(dtype=object)[order])
    heavy = weight.to_numpy()[order].astype(np.int64)
    by_weight = np.lexsort((np.arange(len(order)), -heavy, code))
    first = by_weight[np.unique(code[by_weight], return_index=True)[1]]  # of each group, its founder
    number = np.argsort(np.argsort(first))
    founder = np.empty(len(labels), dtype=object)
    founder[number] = members[order][first]
    label = np.empty(len(labels), dtype=object)
    label[number] = labels
    return Tonight(members[order], number[code] if len(code) else code.astype(np.int64), heavy, founder, label)


def _matched(flow: Flows, before: pd.DataFrame, groups: int) -> Ints:
    """Per group the row of the id that it carries on, -1 if none: pairs in the order of their overlap, each id and group once."""
    taken = bytearray(len(before))
    carried = np.full(groups, -1, dtype=np.int64)
    for p, q in zip(flow.old.tolist(), flow.new.tolist(), strict=True):
        if carried[q] < 0 and not taken[p]:
            carried[q] = p
            taken[p] = 1
    return carried


def _names(kind: Kind, night: date, founder: Any, carried: Ints, before: pd.DataFrame) -> Any:
    """Per group its id: the carried one, else a hash of kind, first night and founder that no other id of the kind has."""
    names = _and(before["id"], None)[carried]
    known = set(before["id"])
    for q in np.flatnonzero(carried < 0):
        salt = 0
        while (name := _hashed(kind.letter, kind.name, str(night), str(salt), founder[q])) in known:
            salt += 1
        known.add(name)
        names[q] = name
    return names


def _hashed(letter: str, *parts: str) -> str:
    return letter + hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _ended(flow: Flows, carried: Ints, old: int) -> Ints:
    """Per old id the group that it merged into tonight, -1 if none: an id that no group carries, most of whose members are there."""
    into = np.full(old, -1, dtype=np.int64)
    first = np.unique(flow.old, return_index=True)[1]  # the largest flow of each id
    into[flow.old[first]] = flow.new[first]
    into[flow.sleeps] = -1
    into[carried[carried >= 0]] = -1
    return into


def _identities(
    kind: Kind, night: date, tonight: Tonight, before: pd.DataFrame, carried: Ints, names: Any, ended: Ints
) -> pd.DataFrame:
    size = np.bincount(tonight.group, minlength=len(names))
    weight = np.zeros(len(names), dtype=np.int64)
    np.add.at(weight, tonight.group, tonight.weight)
    first = _and(before["first_night"], night)[carried]
    there = pd.DataFrame({"id": names, "state": ACTIVE, "successor": None, "first_night": first, "last_night": night})
    there = there.assign(members=size, weight=weight)
    stays = np.ones(len(before), dtype=bool)
    stays[carried[carried >= 0]] = False
    rest = before.assign(
        state=np.where(before["state"] == MERGED, MERGED, np.where(ended >= 0, MERGED, DORMANT)),
        successor=np.where(ended >= 0, _and(names, None)[ended], before["successor"]),
    )[stays]
    parts = [p for p in (there, rest[there.columns]) if len(p)] or [there]
    table = pd.concat(parts, ignore_index=True).assign(night=night, kind=kind.name)
    return in_order(table, "id")[list(IDENTITIES)].astype({"members": np.int64, "weight": np.int64})


def _members(
    kind: Kind, night: date, tonight: Tonight, previous: pd.DataFrame, names: Any, identities: pd.DataFrame
) -> pd.DataFrame:
    """Tonight's members, and those remembered, by the id that their last one resolves to."""
    there = pd.DataFrame({"member": tonight.member, "id": names[tonight.group], "weight": tonight.weight})
    there = there.assign(last_night=night)
    absent = previous[~previous["member"].isin(pd.Index(tonight.member))]
    absent = absent.assign(id=resolve(identities, absent["id"]))[there.columns]
    table = pd.concat([p for p in (there, absent) if len(p)] or [there], ignore_index=True)
    table = table.assign(night=night, kind=kind.name)
    return in_order(table, "member")[list(MEMBERS)].astype({"weight": np.int64})
