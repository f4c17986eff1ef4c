"""Why two shops are one operator, or are not, in words; read without Spark from planted tables."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner
from deltalake import write_deltalake

from headwater.cli import main
from headwater.report import who
from headwater.store import arrow
from headwater.table import Table
from headwater.tables.model import CONTRADICTIONS, HUBS, LINKS, MEMBERS, PLACES, VERDICTS
from headwater.tables.ops import NIGHTS
from headwater.tables.published import OPERATORS

NIGHT = date(2026, 11, 22)
ZERO: dict[str, Any] = {
    "string": "",
    "bigint": 1,
    "int": 1,
    "double": 1.0,
    "boolean": False,
    "date": NIGHT,
    "timestamp": datetime(2026, 11, 1, tzinfo=UTC),
    "array<string>": [],
}


def plant(root: Path, table: Table, *rows: dict[str, Any]) -> None:
    """Rows of a table, each with a value of its type where it names none."""
    filled = [{c.name: row.get(c.name, ZERO[c.type]) for c in table.columns} for row in rows]
    write_deltalake(root / table.layer / table.name, pa.Table.from_pylist(filled, arrow.schema(table)), mode="append")


def link(shop: str, kind: str, value: str, **more: Any) -> dict[str, Any]:
    row = {
        "seller_id": shop,
        "type": kind,
        "value": value,
        "shown": value,
        "class": "identity",
        "ties": True,
        "reason": None,
    }
    return row | {"refs": [f"sellers:{shop}@2026-11-22:3"], "rarity": 6.0, "shops": 2} | more


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shops a - b - c of one operator, d of another; a, d share a warehouse and an agent's phone; m - n tied by a person, n - o by a
    phone."""
    root = tmp_path_factory.mktemp("who") / "lake"
    hub = {"class": "relationship", "ties": False, "reason": "12 shops give it, in 12 parties", "shops": 12}
    used = {"class": "relationship", "ties": False, "shops": 40}
    plant(
        root, LINKS,
        link("a", "phone", "+491"), link("b", "phone", "+491"), link("b", "payee_id", "P[1]"), link("c", "payee_id", "P[1]"),
        *(link(s, "phone", "+86agent", **hub) for s in "ad"), *(link(s, "dispatch", "W", **used) for s in "ad"),
        *(link(s, "phone", "+493") for s in "no"),
    )  # fmt: skip
    of = {"O1": "abc", "O2": "de", "O3": "mno"}
    plant(root, MEMBERS, *({"seller_id": s, "operator_id": o} for o, shops in of.items() for s in shops))
    pair = {"subject_kind": "pair", "author": "ann", "in_force": True, "other_id": "n", "subject_id": "m"}
    plant(
        root,
        VERDICTS,
        pair | {"verdict_id": "V7", "verdict": "must_link", "reason": "one [desk]"},
        pair | {"verdict_id": "V8", "verdict": "must_link", "subject_id": "a", "other_id": "c", "in_force": False},
        pair | {"verdict_id": "V9", "verdict": "cannot_link", "subject_id": "b", "other_id": "d", "reason": None},
    )
    shared = {
        "weakest_link": 6.0,
        "weakest_value": "phone +491",
        "reasons": ["3 shops."],
        "bridge_shops": 1,
        "core": ["b", "c"],
    }
    plant(
        root,
        OPERATORS,
        {"operator_id": "O1", "shops": 3, "seller_ids": ["a", "b", "c"], **shared},
        {"operator_id": "O2", "shops": 1, "seller_ids": ["d"]},
        {"operator_id": "O3", "shops": 3, "seller_ids": ["m", "n", "o"], **shared},
    )
    plant(
        root,
        HUBS,
        {"type": "phone", "value": "+86agent", "kind": "agent", "reason": "12 shops", "demoted": 12},
        {"type": "dispatch", "value": "W", "kind": "3pl", "reason": "40 shops", "demoted": 0},
    )
    plant(
        root,
        CONTRADICTIONS,
        {
            "kind": "must_link_not_kept",
            "verdict_id": "V1",
            "subject_id": "a",
            "other_id": "d",
            "detail": "V2 says the opposite",
            "outcome": "held apart",
        },
    )
    plant(
        root,
        PLACES,
        {"place_id": "W", "address_id": "A1", "seller_id": "a", "name": "1 Dock Road", "level": "building"},
    )
    plant(root, NIGHTS, {"table": OPERATORS.full_name, "version": 0, "sequence": 1, "rows": 3})
    return root


def show(lake: Path, *words: str) -> str:
    result = CliRunner().invoke(main, ["show", *words, "--set", f"paths.lake={lake}"])
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def test_two_shops_of_one_operator_are_told_by_the_values_between_them_with_their_rows(lake: Path) -> None:
    told = show(lake, "shop", "a", "--with", "c")
    assert "suspected to be one operator (O1)" in told
    assert told.index("a and b give the same phone: +491") < told.index("b and c give the same payee_id: P[1]")
    assert "a: sellers:a@2026-11-22:3" in told


def test_what_a_person_ties_is_told_beside_what_values_tie(lake: Path) -> None:
    told = show(lake, "shop", "m", "--with", "o")
    assert "m and n are one because a person says so: V7 by ann (one [desk])" in told
    assert told.index("V7") < told.index("n and o give the same phone: +493")
    assert "V8" not in show(lake, "shop", "a", "--with", "c"), "it is not in force"
    assert "must_link V7 by ann (one [desk]): 2 of its shops (m, n)" in show(lake, "operator", "O3")


def test_whom_a_person_holds_apart_is_told(lake: Path) -> None:
    assert "A person holds them apart: V9 by ann" in show(lake, "shop", "b", "--with", "d")


def test_two_strangers_are_told_why_what_they_share_ties_nobody(lake: Path) -> None:
    told = show(lake, "shop", "a", "--with", "d")
    assert "a and d are not one operator" in told
    assert "phone +86agent (12 shops). 12 shops give it, in 12 parties" in told
    assert "dispatch W (40 shops). They share it and nothing more follows" in told
    assert "contradiction V1: V2 says the opposite; held apart" in told


def test_two_shops_that_share_nothing_are_told_so(lake: Path) -> None:
    assert "No feed gives a value" in show(lake, "shop", "b", "--with", "d")


def test_an_operator_is_told_with_what_it_hangs_on(lake: Path) -> None:
    told = show(lake, "operator", "O1")
    assert "payee_id P[1]: 2 of its shops (b, c)" in told
    assert "Hangs on: payee_id P[1], phone +491" in told


def test_the_nights_operators_name_the_largest_those_on_one_value_and_the_values_that_link_most(lake: Path) -> None:
    told = show(lake, "operators")
    assert "3, 2 of them with several shops" in told
    assert "Held by one value" in told
    assert "phone +491: 2 shops" in told
    assert "agent: phone" in told


def test_a_place_is_told_by_who_uses_it(lake: Path) -> None:
    told = show(lake, "place", "W")
    assert "1 Dock Road" in told
    assert "dispatch: 2 shops" in told
    assert "3pl: 40 shops; it ties nobody" in told


@pytest.mark.parametrize(
    "words", [["operator", "no"], ["place", "no"], ["shop", "a", "--with", "no"], ["night", "--with", "a"]]
)
def test_what_is_not_there_is_an_error_of_use(lake: Path, words: list[str]) -> None:
    assert CliRunner().invoke(main, ["show", *words, "--set", f"paths.lake={lake}"]).exit_code == 2


def test_a_run_tells_where_shops_may_be_linked_too_far() -> None:
    row = {"operator_id": "O1", "shops": 9, "bridge_shops": 0, "bridge_value": None, "oversize": False}
    rows = [
        row,
        row | {"operator_id": "O2", "shops": 7, "bridge_shops": 3, "bridge_value": "phone +49\n[1]"},
        row | {"operator_id": "O3", "shops": 8, "bridge_shops": 1, "bridge_value": "email x"},
        *({**row, "operator_id": f"O{i}", "shops": 1, "oversize": True} for i in range(4, 7)),
    ]
    values = [{"type": "payee_id", "value": "P", "shops": 9}]
    assert who.far_linked(pa.Table.from_pylist(rows), values, 2) == [
        "3 operators of several shops, the largest: O1 (9 shops), O3 (8 shops)",
        "operators held by one value: O2 (3 of 7 shops by phone +49 [1]), O3 (1 of 8 shops by email x)",
        "values that link most: payee_id P (9 shops)",
        "operators cut out of a component above the guard: 3",
    ]
    assert (
        who.far_linked(pa.Table.from_pylist(rows[3:5]), [], 2)[0] == "0 operators of several shops, the largest: none"
    )
