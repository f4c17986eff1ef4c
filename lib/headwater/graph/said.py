"""What people said of shops and values: must-link, cannot-link and hub verdicts, and where they contradict each other."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headwater.graph.bipartite import KINDS, NUMBER, PROOF, UNFORGEABLE, Bipartite, Ints
from headwater.parameters.places import PlaceParams
from headwater.places.rules import Rules
from headwater.places.values import DIRECT, clean_value


@dataclass(frozen=True)
class Pair:
    """A person's judgement of two shops."""

    verdict_id: str
    one: str
    other: str


@dataclass(frozen=True)
class Said:
    """What is in force. `hubs`, `no_hubs`: by kind of value, the values that a person called a hub, or cleared of that; `whose`:
    the kind of hub that a (kind of value, value) was said to be."""

    must: tuple[Pair, ...] = ()
    cannot: tuple[Pair, ...] = ()
    hubs: Mapping[str, frozenset[str]] = field(default_factory=dict)
    no_hubs: Mapping[str, frozenset[str]] = field(default_factory=dict)
    whose: Mapping[tuple[str, str], str] = field(default_factory=dict)


SEPARATOR = ":"
OF = ":"  # between a country and a number that it gave


def said(verdicts: list[dict[str, Any]], meant: list[dict[str, str]]) -> Said:
    """Verdicts in force (rows of VERDICTS) and the values that people speak of (type, value, word: hub or cleared, what) -> what they
    say here. Pairs may name their two shops in either order."""
    pairs = [v for v in verdicts if v["subject_kind"] == "pair" or v["other_id"]]
    ordered = sorted(pairs, key=lambda v: str(v["verdict_id"]))

    def of(word: str) -> tuple[Pair, ...]:
        rows = [v for v in ordered if v["verdict"] == word]
        return tuple(
            Pair(str(v["verdict_id"]), *sorted((str(v["subject_id"]), str(v["other_id"] or "")))) for v in rows
        )

    def values(word: str) -> dict[str, frozenset[str]]:
        rows = [row for row in meant if row["word"] == word]
        kinds = {row["type"] for row in rows}
        return {kind: frozenset(row["value"] for row in rows if row["type"] == kind) for kind in kinds}

    whose = {(row["type"], row["value"]): row["what"] for row in meant if row["what"]}
    return Said(of("must_link"), of("cannot_link"), values("hub"), values("cleared"), whose)


def values_said(verdicts: list[dict[str, str | None]], rules: Rules, params: PlaceParams) -> list[dict[str, str]]:
    """Verdicts in force -> those on values (verdict_id, type, value, word): each value in the form in which links have it, however it
    was typed; one that is no value as it was typed.

    A verdict names a value as type:value, as model/links does (`phone:+8613912345678`); `hub` makes it one, `cleared` says that it
    is none, whatever the list says."""
    rows = []
    for v in verdicts:
        if v["subject_kind"] != "value" or v["verdict"] not in ("hub", "cleared"):
            continue
        kind, _, text = str(v["subject_id"]).partition(SEPARATOR)
        value = comparable(kind, text, rules, params)
        rows.append({"verdict_id": str(v["verdict_id"]), "type": kind, "value": value, "word": str(v["verdict"])})
    return rows


def comparable(kind: str, text: str, rules: Rules, params: PlaceParams) -> str:
    """A value as somebody types it, in the form in which links have it."""
    country, mark, number = text.rpartition(OF) if kind.endswith("registration_no") else ("", "", text)
    cleaner = "registration_no" if kind.endswith("registration_no") else kind
    if cleaner not in DIRECT:
        return text.strip()
    value, _ = clean_value(cleaner, number, rules, params)  # type: ignore[arg-type]
    return f"{country.strip().upper()}{mark}{value or number.strip()}"


def unknown_values(said: list[dict[str, str]], known: Container[str]) -> list[dict[str, str]]:
    """What people said of values that no shop gives: whoever typed it may have meant another. `known`: verdicts on values that are."""
    return [
        _row(
            "unknown_value",
            Pair(row["verdict_id"], row["type"], row["value"]),
            f"{row['word']} names {row['type']} {row['value'][:200]}: no shop gives it",
            "not applied",
        )
        for row in said
        if row["verdict_id"] not in known
    ]


def disputed(conflicts: list[dict[str, Any]]) -> list[dict[str, str]]:
    """VERDICT_CONFLICTS -> the pairs that one person ties and another holds apart."""
    return [
        _row(
            "judged_both_ways",
            Pair(row["verdict_ids"][0], row["subject_id"], row["other_id"]),
            row["detail"],
            "neither counts: what the two shops give decides",
        )
        for row in conflicts
        if row["subject_kind"] == "pair"
    ]


def shop_numbers(graph: Bipartite, said: Said) -> dict[str, int]:
    """The number of each shop that a verdict names and that there is."""
    names = sorted({side for p in (*said.must, *said.cannot) for side in (p.one, p.other)})
    found = pc.index_in(pa.array(names, pa.large_string()), graph.sellers).to_pylist()
    return {name: at for name, at in zip(names, found, strict=True) if at is not None}


def within(said: Said, graph: Bipartite) -> Said:
    """What of it is about two shops of this graph."""
    number = shop_numbers(graph, said)
    must, cannot = (
        tuple(p for p in pairs if p.one in number and p.other in number) for pairs in (said.must, said.cannot)
    )
    return Said(must, cannot)


def unheeded(said: Said, known: Container[str]) -> list[dict[str, str]]:
    """What people said that cannot be obeyed, by their words alone; `known`: of the shops that they name, those that there are."""
    rows = []
    for verdict, pairs in (("must_link", said.must), ("cannot_link", said.cannot)):
        for p in pairs:
            unknown = [side for side in (p.one, p.other) if side not in known]
            if unknown:
                rows.append(
                    _row(
                        "unknown_shop",
                        p,
                        f"{verdict} names {' and '.join(unknown)}: no shop has that id",
                        "not applied",
                    )
                )
            elif p.one == p.other:
                rows.append(_row("same_shop", p, f"{verdict} of a shop with itself", "not applied"))
    for kind, values in said.hubs.items():
        for text in sorted(values & said.no_hubs.get(kind, frozenset())):
            pair = Pair(f"{kind} {text}", kind, text)
            rows.append(
                _row(
                    "hub_and_cleared",
                    pair,
                    "one judgement calls it a hub, another clears it",
                    "not a hub: the verdict on the value stands above the list",
                )
            )
    return rows


def contradictions(graph: Bipartite, said: Said, cuts: dict[int, Ints], label: Ints) -> list[dict[str, str]]:
    """Where what people said of two shops cannot all hold, or goes against strong evidence; each with what was done about it.

    `cuts`: for the number of each cannot-link, the edges that were cut for it. Nothing here changes anything: who decides
    reads it."""
    number = shop_numbers(graph, said)
    rows = []
    held = {frozenset((p.one, p.other)): p for p in said.cannot}
    for p in said.must:
        one, other = number.get(p.one), number.get(p.other)
        if one is not None and other is not None and one != other and label[one] != label[other]:
            against = held.get(frozenset((p.one, p.other)))
            why = (
                f"cannot_link {against.verdict_id} says the opposite"
                if against
                else "a cannot_link or the guard cut the way between them"
            )
            rows.append(_row("must_link_not_kept", p, why, "held apart: a false merge accuses the innocent"))
    must = NUMBER["must_link"]
    for i, edges in sorted(cuts.items()):
        value = np.unique(graph.value[edges])
        strong = value[(PROOF[graph.kind[value]] == UNFORGEABLE) & (graph.kind[value] != must)]
        if len(strong):
            named = ", ".join(f"{KINDS[graph.kind[v]].name} {str(graph.values[v])[:80]}" for v in strong[:5].tolist())
            rows.append(
                _row(
                    "cannot_link_against_evidence",
                    said.cannot[i],
                    f"they share {named}",
                    "held apart, as the verdict says",
                )
            )
    return rows


def in_order(rows: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    """Contradictions as the night tells them."""
    return sorted(rows, key=lambda row: (row["kind"], row["verdict_id"]))


def _row(kind: str, pair: Pair, detail: str, outcome: str) -> dict[str, str]:
    return {
        "kind": kind,
        "verdict_id": pair.verdict_id,
        "subject_id": pair.one,
        "other_id": pair.other,
        "detail": detail,
        "outcome": outcome,
    }
