"""Checks of a partition: silent where it holds, and naming the keys where it does not."""

from __future__ import annotations

from typing import Any

import pytest

from headwater.errors import CheckFailedError
from headwater.graph.checks import check_edges, check_largest, check_partition


@pytest.fixture
def frames(spark: Any) -> Any:
    """(labels, nodes, edges) as frames."""

    def build(labels: list, nodes: str = "", edges: list[str] = ()) -> tuple:  # type: ignore[assignment]
        return (
            spark.createDataFrame(labels, "id string, component string"),
            spark.createDataFrame([(n,) for n in nodes], "id string"),
            spark.createDataFrame([(e[0], e[1]) for e in edges], "src string, dst string"),
        )

    return build


def test_a_partition_passes(frames):
    labels, nodes, edges = frames([("a", "a"), ("b", "a"), ("c", "c")], "abc", ["ab", "ba", "cc"])
    check_partition(labels, nodes)
    check_edges(edges, labels)
    check_largest(labels, 2)


@pytest.mark.parametrize(
    ("labels", "named"),
    [
        ([("a", "a"), ("a", "b"), ("b", "b")], "'a': 2 labels"),
        ([("a", "a")], "'b': 0 labels"),
        ([("a", "a"), ("b", None)], "'b': 1 labels, 0 with a group"),
        ([("a", "a"), ("b", "b"), ("c", "c")], "'c': not among the nodes"),
    ],
)
def test_a_node_without_a_group_with_two_or_from_nowhere_is_named(frames, labels, named):
    labels, nodes, _ = frames(labels, "ab")
    with pytest.raises(CheckFailedError, match=named) as told:
        check_partition(labels, nodes)
    assert told.value.exit_code == 4


@pytest.mark.parametrize(("edge", "named"), [("ac", "'a' in 'a', 'c' in 'c'"), ("ax", "'a' in 'a', 'x' in None")])
def test_an_edge_across_groups_or_to_nowhere_is_named(frames, edge, named):
    labels, _, edges = frames([("a", "a"), ("b", "a"), ("c", "c")], edges=["ab", edge])
    with pytest.raises(CheckFailedError, match=named):
        check_edges(edges, labels)


def test_a_group_above_its_guard_is_named_with_its_size(frames):
    labels, _, _ = frames([("a", "a"), ("b", "a"), ("c", "a"), ("d", "d")])
    check_largest(labels, 3)
    with pytest.raises(CheckFailedError, match="more than 2 members:\n  - 'a' has 3"):
        check_largest(labels, 2)


def test_five_keys_are_named_and_no_more(frames):
    labels, _, _ = frames([(c, c) for c in "abcdefg"])
    with pytest.raises(CheckFailedError) as told:
        check_largest(labels, 0)
    assert str(told.value).count("has 1") == 5
