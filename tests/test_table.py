"""A table's declaration, and frames that do or do not conform to it."""

from __future__ import annotations

import pytest

from headwater.errors import CheckFailedError
from headwater.table import Column, Table

COLUMNS = (
    Column("night", "date", "the night", required=True),
    Column("id", "string", "the id", required=True),
    Column("orders", "bigint", "order lines"),
    Column("brands", "array<string>", "brands"),
)
TOY = Table("model", "toy", "a toy", ("night", "id"), COLUMNS)


def test_a_frame_that_conforms_keeps_the_declared_columns_in_their_order(spark):
    frame = spark.createDataFrame([], "more int, brands array<string>, orders bigint, id string, night date")
    assert TOY.conform(frame).columns == ["night", "id", "orders", "brands"]


def test_every_missing_repeated_and_mistyped_column_is_told_at_once(spark):
    frame = spark.createDataFrame([], "night timestamp, orders int, brands array<int>, x int")
    twice = frame.select("*", frame["orders"])
    with pytest.raises(CheckFailedError) as caught:
        TOY.conform(twice)
    assert str(caught.value).splitlines() == [
        "model/toy does not fit its declaration:",
        "  - column id is missing",
        "  - column orders stands twice",
        "  - column night is timestamp, declared date",
        "  - column orders is int, declared bigint",
        "  - column brands is array<int>, declared array<string>",
    ]


@pytest.mark.parametrize(
    ("key", "partitions", "columns", "wrong"),
    [
        (("night", "idd"), ("night",), COLUMNS, "idd"),
        (("night", "id"), ("day",), COLUMNS, "day"),
        (("night", "id"), ("night",), (*COLUMNS, COLUMNS[1]), "id"),
    ],
)
def test_a_table_whose_key_or_partition_is_undeclared_or_column_repeated_cannot_be_made(
    key, partitions, columns, wrong
):
    with pytest.raises(ValueError, match=f"model/toy.*'{wrong}'"):
        Table("model", "toy", "a toy", key, columns, partitions)
