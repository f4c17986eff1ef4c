"""Operators as subjects: their shops summed, and what is said of them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from headwater.attribution.operators import operators
from headwater.parameters.attribution import Ranking, Shrinkage
from headwater.tables.model import MEMBERS, OPERATORS_FOUND
from headwater.tables.published import SHOPS

NIGHT = date(2026, 11, 22)
MEMBER = {"night": NIGHT, "core": True, "orders": 1}
FOUND = {"night": NIGHT, "shops": 1, "bridges": 0, "bridge_shops": 0, "oversize": False}
SHOP = {
    "night": NIGHT,
    "operator_id": "O1",
    "orders": 100,
    "complaints": 0,
    "observed": 0.0,
    "expected": 0.5,
    "rank": 1,
}


@pytest.fixture(scope="module")
def found(spark: Any) -> dict[str, dict[str, Any]]:
    def frame(table: Any, base: dict[str, Any], *rows: dict[str, Any]) -> Any:
        return spark.createDataFrame(
            [tuple({**base, **r}.get(n) for n in table.column_names) for r in rows], table.schema()
        )

    members = frame(
        MEMBERS,
        MEMBER,
        {"seller_id": "b", "operator_id": "O1"},
        {"seller_id": "a", "operator_id": "O1", "core": False},
        {"seller_id": "c", "operator_id": "O2"},
    )
    shapes = frame(
        OPERATORS_FOUND,
        FOUND,
        {"operator_id": "O1", "shops": 2, "weakest_link": 6.0, "weakest_value": "phone 1", "density": 1.0, "bridges": 1,
         "bridge_value": "phone 1", "bridge_shops": 1, "oversize": True},
        {"operator_id": "O2"},
    )  # fmt: skip
    shops = frame(
        SHOPS,
        SHOP,
        {"seller_id": "a", "complaints": 6, "observed": 5.5, "main_source_id": "S1"},
        {"seller_id": "b", "complaints": 2, "observed": 2.0, "main_source_id": "S1"},
    )
    rows = operators(members, shapes, shops, NIGHT, Shrinkage(), Ranking()).collect()
    return {r["operator_id"]: r.asDict() for r in rows}


def test_an_operator_sums_its_shops_and_is_shrunk_as_one(found: Any) -> None:
    row = found["O1"]
    assert (row["complaints"], row["observed"], row["expected"]) == (8, 7.5, 1.0)
    assert row["seller_ids"] == ["a", "b"]
    assert row["core"] == ["b"]
    assert row["sources"] == ["S1"]
    assert 0 < row["lift_low"] < 7.5


def test_an_operator_whose_shops_sold_nothing_is_there_with_nothing_expected(found: Any) -> None:
    row = found["O2"]
    assert (row["complaints"], row["expected"], row["sources"]) == (0, 0.0, [])


def test_the_reasons_speak_against_a_bridge_and_a_cut(found: Any) -> None:
    told = " ".join(found["O1"]["reasons"])
    assert "hang on one value alone (phone 1)" in told
    assert "above the guard" in told
    assert found["O2"]["reasons"] == ["No identity value that is rare ties it to another shop."]
