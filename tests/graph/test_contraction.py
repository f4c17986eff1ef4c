"""The two engines of components: the same rows from both, on any graph, and what makes the distributed one right."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.errors import CheckFailedError
from headwater.graph import contraction
from headwater.graph.components import components, components_in_process
from headwater.parameters.components import Graph

REAL_DATA = Path(os.environ.get("HEADWATER_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
# So few edges a task that a graph of hundreds of edges takes several tasks and rounds, and none of them on the driver.
FINE = Graph(driver_edges=0, task_edges=150)
LONGS = st.integers(-(2**63), 2**63 - 1)


@pytest.fixture
def found(spark: Any, tmp_path: Path) -> Any:
    """(edges, nodes, params) -> id -> component by the engine that the parameters choose; the scratch folder must be gone after it."""

    def find(edges: Any, nodes: Any = (), params: Graph = FINE) -> dict[str, str]:
        src, dst = ([*column] for column in zip(*edges, strict=True)) if len(edges) else ([], [])
        table = pa.table({"src": pa.array(src, pa.string()), "dst": pa.array(dst, pa.string())})
        frame = spark.createDataFrame(table)
        further = spark.createDataFrame(pa.table({"id": pa.array(list(nodes), pa.string())}))
        with components(frame, further, params, str(tmp_path / "scratch")) as result:
            assert result.engine == ("in_process" if len(edges) <= params.driver_edges else "distributed")
            labels = result.labels.toPandas()
        assert not (tmp_path / "scratch").exists()
        assert labels["id"].is_unique
        return dict(zip(labels["id"], labels["component"], strict=True))

    return find


def oracle(edges: Any, nodes: Any = ()) -> dict[str, str]:
    graph = nx.Graph(list(edges))
    graph.add_nodes_from(nodes)
    return {node: min(part) for part in nx.connected_components(graph) for node in part}


def in_process(edges: Any, nodes: Any = ()) -> dict[str, str]:
    labels = components_in_process([a for a, _ in edges], [b for _, b in edges], list(nodes))
    return dict(zip(labels["id"], labels["component"], strict=True))


# --- the parts of a round ---


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(LONGS, LONGS), min_size=1, max_size=20), st.integers(0, 5), st.integers(1, 4))
def test_a_round_keeps_what_is_connected_connected_and_nothing_else(edges, seed, tasks):
    """However the edges are split over tasks: two nodes are connected if and only if what replaced them is."""
    parts = [edges[i::tasks] for i in range(tasks)]
    found = [contraction.local_roots(*np.array(part, dtype=np.int64).T, seed) for part in parts if part]
    node, root, a, b = contraction.settled(*(np.concatenate(column) for column in zip(*found, strict=True)), seed)
    replaced = dict(zip(node.tolist(), root.tolist(), strict=True))
    assert set(replaced) == {end for edge in edges for end in edge}
    before = oracle([(x, y) for x, y in edges])
    after = oracle(zip(a.tolist(), b.tolist(), strict=True), replaced.values())
    for x in replaced:
        for y in replaced:
            assert (before[x] == before[y]) == (after[replaced[x]] == after[replaced[y]])
    assert len(a) <= len(edges)
    assert all(x != y for x, y in zip(a, b, strict=True))


@settings(max_examples=100, deadline=None)
@given(st.sets(LONGS, max_size=20), st.integers(0, 9))
def test_the_order_of_a_round_has_no_ties(names, seed):
    order = contraction.mixed(np.array(sorted(names), dtype=np.int64), seed)
    assert len(set(order.tolist())) == len(names)


def test_a_long_chain_shrinks_by_half_a_round_whatever_its_names():
    """In the order of the names a chain would shrink by one node a round; in a random order it halves."""
    names, count, rounds = np.arange(1 << 14, dtype=np.int64), 1 << 14, 0
    later = contraction.mixed(names[1:], 1) > contraction.mixed(names[:-1], 1)
    a, b = np.where(later, names[1:], names[:-1]), np.where(later, names[:-1], names[1:])
    while len(a):
        rounds += 1
        task = contraction.mixed(a, 99) % np.uint64(1 + len(a) // 16)
        order = np.argsort(task, kind="stable")
        parts = np.split(order, np.flatnonzero(np.diff(task[order])) + 1)
        found = [contraction.local_roots(a[part], b[part], rounds) for part in parts]
        _node, _root, a, b = contraction.settled(*(np.concatenate(c) for c in zip(*found, strict=True)), rounds)
        assert len(a) < 0.6 * count
        count = len(a)
    assert rounds < 20


# --- whole graphs ---

TEXTS = st.text(alphabet="aåb1é\"'\U0001f600", min_size=1, max_size=2)
GRAPHS = st.tuples(st.lists(st.tuples(TEXTS, TEXTS), max_size=12), st.lists(TEXTS, max_size=4))


@settings(max_examples=1, deadline=None)
@given(graphs=st.lists(GRAPHS, min_size=150, max_size=200))
def test_random_graphs_come_out_alike_from_both_engines_and_networkx(graphs, spark, tmp_path_factory):
    """Hundreds of graphs side by side in one frame: a prefix keeps them apart."""
    edges = [(f"{i}-{a}", f"{i}-{b}") for i, (pairs, _) in enumerate(graphs) for a, b in pairs]
    nodes = [f"{i}-{n}" for i, (_, more) in enumerate(graphs) for n in more]
    frame = spark.createDataFrame(edges, "src string, dst string")
    further = spark.createDataFrame([(n,) for n in nodes], "id string")
    with components(frame, further, FINE, str(tmp_path_factory.mktemp("scratch"))) as result:
        distributed = {r["id"]: r["component"] for r in result.labels.collect()}
    assert distributed == in_process(edges, nodes) == oracle(edges, nodes)


def test_chains_stars_loops_parallels_isolated_nodes_and_strange_ids_in_one_graph(found):
    strange = ["quote'\"", "\U0001f600", "x" * 10_000, "", "NULL", "a\nb"]
    edges = [(f"chain{i:04d}", f"chain{i + 1:04d}") for i in range(300)]
    edges += [("star", f"ray{i}") for i in range(300)]
    edges += [("loop", "loop"), ("p", "q"), ("q", "p"), ("p", "q"), *itertools.pairwise(strange)]
    nodes = ["alone", "p", "p"]
    got = found(edges, nodes)
    assert got == oracle(edges, nodes)
    assert got["star"] == "ray0"
    assert got["alone"] == "alone"
    assert {got[s] for s in strange} == {""}


@pytest.mark.parametrize("params", [FINE, Graph()], ids=["distributed", "in process"])
def test_the_empty_graph_has_no_rows(found, params):
    assert found([], [], params) == {}


def test_loops_alone_are_isolated_nodes(found):
    assert found([("a", "a"), ("b", "b")], ["c"], FINE) == {"a": "a", "b": "b", "c": "c"}


def test_below_the_limit_the_driver_does_it_and_what_is_contracted_is_handed_to_it(found):
    edges = [(f"n{i:03d}", f"n{i + 1:03d}") for i in range(200)]
    for driver_edges in (200, 120, 0):  # the whole graph; what a round or two leave of it; nothing
        assert set(found(edges, (), Graph(driver_edges=driver_edges, task_edges=60)).values()) == {"n000"}


@pytest.mark.slow
def test_a_chain_of_a_hundred_thousand_and_a_star_of_a_million_come_out_of_both_engines(spark, tmp_path):
    chain, star = 100_000, 1_000_000
    src = np.concatenate([np.arange(chain - 1), np.full(star, chain)])
    dst = np.concatenate([np.arange(1, chain), np.arange(chain + 1, chain + 1 + star)])
    shuffled = np.random.default_rng(3).permutation(len(src))
    names = np.char.add("n", np.arange(chain + star + 1).astype(str))
    table = pa.table({"src": names[src[shuffled]], "dst": names[dst[shuffled]]})
    expected = components_in_process(table["src"], table["dst"])
    assert set(expected["component"]) == {"n0", "n100000"}
    with components(
        spark.createDataFrame(table), None, Graph(driver_edges=0, task_edges=100_000), str(tmp_path)
    ) as result:
        got = result.labels.toPandas().sort_values("id", ignore_index=True)
    pd.testing.assert_frame_equal(got, expected)


@pytest.mark.parametrize("kind", ["dir", "undir"])
def test_ldbc_validation_graphs_come_out_exactly_from_the_executors(found, kind):
    folder = REAL_DATA / "ldbc" / "wcc"
    if not folder.exists():
        pytest.skip(f"LDBC validation graphs are absent: {folder} (set HEADWATER_DATA)")
    lines = [line.split() for line in (folder / f"{kind}-input").read_text().splitlines()]
    expected = dict(line.split() for line in (folder / f"{kind}-output").read_text().splitlines())
    edges = [(line[0], other) for line in lines for other in line[1:]]
    assert found(edges, [line[0] for line in lines], Graph(driver_edges=0, task_edges=2)) == expected


# --- what must not pass unseen ---


@pytest.mark.parametrize("params", [FINE, Graph()], ids=["distributed", "in process"])
def test_half_an_edge_is_refused_by_both_engines(found, params):
    with pytest.raises(ValueError, match="null"):
        found([("a", None), ("b", "c")], [], params)


def test_two_ids_of_one_hash_are_seen_and_hashed_anew(found, monkeypatch):
    import pyspark.sql.functions as F

    asked = []

    def colliding(column: str, seed: int) -> Any:
        asked.append(seed)
        return F.length(column).cast("long") if seed == 0 else F.xxhash64(F.col(column), F.lit(seed))

    monkeypatch.setattr(contraction, "_name", colliding)
    assert found([("a", "b"), ("c", "dd")]) == {"a": "a", "b": "a", "c": "c", "dd": "c"}
    assert set(asked) == {0, 1}


def test_rows_that_are_lost_between_rounds_stop_the_run(spark, tmp_path):
    """Files that go while they are written, as on a disk that is full or a store that lies."""
    files = contraction.Scratch(spark, str(tmp_path))
    read = files.spark.read

    class Losing:
        def __getattr__(self, name: str) -> Any:
            return getattr(read, name)

        def schema(self, ddl: str) -> Any:
            for file in (tmp_path / "x").glob("part-*.parquet"):
                file.unlink()
            return read.schema(ddl)

    class Session:
        read = Losing()

    files.spark = Session()
    with pytest.raises(CheckFailedError, match="x: 0 rows are stored, 5 were written"):
        files.write("x", spark.range(5).toDF("a"), "a long")
