"""Connected components within one process."""

import os
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.graph.components import components_in_process

REAL_DATA = Path(os.environ.get("HEADWATER_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
IDS = st.text(alphabet="aåb1é\U0001f600", min_size=1, max_size=2)


def components(edges: list[tuple[str, str]], nodes: list[str]) -> dict[str, str]:
    src, dst = [a for a, _ in edges], [b for _, b in edges]
    return components_in_process(src, dst, nodes).set_index("id")["component"].to_dict()


def oracle(edges: list[tuple[str, str]], nodes: list[str]) -> dict[str, str]:
    graph = nx.Graph(edges)
    graph.add_nodes_from(nodes)
    return {node: min(part) for part in nx.connected_components(graph) for node in part}


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(IDS, IDS), max_size=30), st.lists(IDS, max_size=10))
def test_components_are_those_of_networkx(edges: list[tuple[str, str]], nodes: list[str]) -> None:
    assert components(edges, nodes) == oracle(edges, nodes)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(IDS, IDS), min_size=1, max_size=20), st.randoms(use_true_random=False))
def test_order_and_direction_of_edges_do_not_matter(edges: list[tuple[str, str]], random) -> None:
    turned = [(b, a) for a, b in edges]
    random.shuffle(turned)
    assert components(edges, []) == components(turned, [])


def test_an_isolated_node_is_its_own_component() -> None:
    assert components([("b", "c")], ["a", "b"]) == {"a": "a", "b": "b", "c": "b"}


def test_a_self_loop_links_nobody() -> None:
    assert components([("x", "x"), ("y", "z")], []) == {"x": "x", "y": "y", "z": "y"}


def test_the_empty_graph_has_no_rows() -> None:
    assert components_in_process([], []).columns.tolist() == ["id", "component"]
    assert components_in_process([], []).empty


def test_a_long_chain_is_one_component() -> None:
    names = np.array([f"n{i:05d}" for i in range(20_000)])
    shuffled = np.random.default_rng(5).permutation(len(names) - 1)
    got = components_in_process(names[:-1][shuffled], names[1:][shuffled])
    assert got["component"].unique().tolist() == ["n00000"]


def test_rows_are_sorted_by_id_and_arrow_and_pandas_agree() -> None:
    src, dst = pd.Series(["b", "d"], index=[7, 3]), pd.Series(["a", "c"])
    one = components_in_process(src, dst)
    two = components_in_process(pa.chunked_array([["b"], ["d"]]), pa.array(["a", "c"]))
    pd.testing.assert_frame_equal(one, two)
    assert one["id"].tolist() == ["a", "b", "c", "d"]


def test_half_an_edge_is_refused() -> None:
    with pytest.raises(ValueError, match="2 rows and dst 1"):
        components_in_process(["a", "b"], ["c"])
    with pytest.raises(ValueError, match="1 ids of edges or nodes are null"):
        components_in_process(pd.Series(["a", None]), pd.Series(["b", "c"]))


@pytest.mark.parametrize("kind", ["dir", "undir"])
def test_ldbc_validation_graphs_come_out_exactly(kind: str) -> None:
    folder = REAL_DATA / "ldbc" / "wcc"
    if not folder.exists():
        pytest.skip(f"LDBC validation graphs are absent: {folder} (set HEADWATER_DATA)")
    lines = [line.split() for line in (folder / f"{kind}-input").read_text().splitlines()]
    expected = dict(line.split() for line in (folder / f"{kind}-output").read_text().splitlines())
    edges = [(line[0], other) for line in lines for other in line[1:]]
    got = components(edges, [line[0] for line in lines])
    pairs = {(a, b) for a in expected for b in expected if expected[a] == expected[b]}
    assert pairs == {(a, b) for a in got for b in got if got[a] == got[b]}
    assert got == expected
