"""What is true of the subjects of a night: planted, or decided later by people."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import pandas as pd


@dataclass(frozen=True)
class Truth:
    """What is true of the subjects.

    guilty: id (supplier, or place) -> bool; kind: id -> supplier | place; role: id -> role or None; place_of: address -> place.
    operator: seller -> operator; empty where nothing is known (verdicts).
    """

    guilty: dict[str, bool]
    kind: dict[str, str]
    role: dict[str, str] = field(default_factory=dict)
    place_of: dict[str, str] = field(default_factory=dict)
    operator: dict[str, str] = field(default_factory=dict)


def planted_truth(tables: dict[str, pd.DataFrame]) -> Truth:
    """The truth folder of `headwater synthesise`: tables suppliers, places, addresses, operators."""
    suppliers, places = tables["suppliers"], tables["places"]
    ids = [*suppliers["supplier_id"], *places["place_id"]]
    guilty = [*suppliers["guilty"].astype(bool), *places["guilty"].astype(bool)]
    roles = [*suppliers["role"], *places["role"]]
    return Truth(
        guilty=dict(zip(ids, guilty, strict=True)),
        kind=dict(zip(ids, ["supplier"] * len(suppliers) + ["place"] * len(places), strict=True)),
        role={i: r for i, r in zip(ids, roles, strict=True) if isinstance(r, str)},
        place_of=dict(zip(tables["addresses"]["address_id"], tables["addresses"]["place_id"], strict=True)),
        operator=dict(zip(tables["operators"]["seller_id"], tables["operators"]["operator_id"], strict=True)),
    )


def later_verdicts(verdicts: pd.DataFrame, night: date, sources: pd.DataFrame) -> Truth:
    """Verdicts on sources decided after the night: confirmed is guilty, cleared is not; the newest of a source counts."""
    day = pd.to_datetime(verdicts["decided_at"], utc=True).dt.date
    said = verdicts[(day > night) & verdicts["verdict"].isin(["confirmed", "cleared"])]
    said = said[said["subject_kind"].isin(["source", "supplier", "place"])].sort_values(["decided_at", "verdict_id"])
    kinds = dict(zip(sources["source_id"], sources["kind"], strict=True))
    for member_ids, kind in zip(sources["members"], sources["kind"], strict=True):
        kinds |= dict.fromkeys(member_ids, kind)
    guilty = {str(r["subject_id"]): r["verdict"] == "confirmed" for r in said.to_dict("records")}
    return Truth(guilty=guilty, kind={i: kinds.get(i, "supplier") for i in guilty})


def subject_of(source_id: str, kind: str, members: list[str], truth: Truth) -> str | None:
    """The true supplier or place behind a source: the one most of its members are, ties by id; None: the truth does not know it."""
    known = [truth.place_of.get(m, m) for m in members] if kind == "place" else list(members)
    known = [m for m in [source_id, *known] if m in truth.guilty and truth.kind[m] == kind]
    return min(set(known), key=lambda m: (-known.count(m), m)) if known else None
