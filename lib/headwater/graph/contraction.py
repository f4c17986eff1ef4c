"""Connected components on the executors: the graph is contracted in rounds until one process can take it.

Randomised contraction (Bögeholz, Brand and Todor 2020, "In-database connected component analysis", section IV) over hashed ids, made
for few shuffles: a round splits the edges over tasks, each task finds the components of its edges by compiled code, and every node is
replaced by one of the roots that tasks found for it; an edge between two of a node's roots keeps them together. That is right for any
split; the one used brings each edge to the end that comes last in a random order of this round, which leaves at most half of the nodes
of a chain and far fewer of anything denser. Two shuffles a round, of no more rows than twice the edges.

The state of a round lies in Parquet files and is counted when it is read back: a plan grows by no round. A task holds `task_edges` edges at
a time, so that a hub of any degree costs time, not memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyspark.sql.functions as F
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from headwater.errors import CheckFailedError
from headwater.parameters.components import Graph

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame
    from pyspark.sql.types import StructType

Longs: TypeAlias = "np.ndarray[Any, np.dtype[np.int64]]"
EDGE = "a long, b long"
SEEDS = 8  # of the hash of ids; a second is needed once in a million graphs of ten million ids


@contextmanager
def contracted(edges: DataFrame, nodes: DataFrame | None, params: Graph, scratch: str) -> Iterator[DataFrame]:
    """EDGES (src, dst), NODES (id) -> (id, component); see `headwater.graph.components.components`."""
    files = Scratch(edges.sparkSession, scratch)
    try:
        names, seed = _names(edges, nodes, files)
        coded = edges.select(_name("src", seed).alias("a"), _name("dst", seed).alias("b")).where("a <> b")
        # The hash is random, so its order is as good as any.
        state = files.write("edges", coded.select(F.greatest("a", "b").alias("a"), F.least("a", "b").alias("b")), EDGE)
        yield _labelled(names, _rounds(state, params, files), files)
    finally:
        files.delete()


class Scratch:
    """A folder for the state between rounds; what is read back is counted."""

    def __init__(self, spark: Any, folder: str) -> None:
        self.spark = spark
        self.folder = folder.rstrip("/")
        self.rows: dict[str, int] = {}

    def write(self, name: str, frame: DataFrame, ddl: str | StructType) -> DataFrame:
        """Store the frame as `name`; the stored rows, which know nothing of what they were made from. Raises CheckFailedError if
        they are not as many as were written."""
        from pyspark.sql import Observation

        seen = Observation()
        path = f"{self.folder}/{name}"
        frame.observe(seen, F.count(F.lit(1)).alias("rows")).write.mode("overwrite").parquet(path)
        stored: DataFrame = self.spark.read.schema(ddl).parquet(path)
        self.rows[name] = stored.count()
        if self.rows[name] != seen.get["rows"]:
            raise CheckFailedError(f"{path}: {self.rows[name]} rows are stored, {seen.get['rows']} were written")
        return stored

    def delete(self) -> None:
        place = self.spark._jvm.org.apache.hadoop.fs.Path(self.folder)
        place.getFileSystem(self.spark._jsc.hadoopConfiguration()).delete(place, True)


def _name(column: str, seed: int) -> Column:
    return F.xxhash64(F.col(column), F.lit(seed))


def _names(edges: DataFrame, nodes: DataFrame | None, files: Scratch) -> tuple[DataFrame, int]:
    """(name long, id) of every node and the seed of the hash under which no two ids have one name. Raises ValueError for null ids."""
    ids = edges.select(F.explode(F.array("src", "dst")).alias("id"))
    ids = ids if nodes is None else ids.unionByName(nodes.select("id"))
    for seed in range(SEEDS):
        per_name = ids.groupBy(_name("id", seed).alias("name")).agg(
            F.min("id").alias("id"), F.max("id").alias("other"), F.bool_or(F.col("id").isNull()).alias("lost")
        )
        stored = files.write("names", per_name, "name long, id string, other string, lost boolean")
        bad = stored.agg(
            F.bool_or("lost").alias("lost"), F.bool_or(F.col("id") != F.col("other")).alias("collide")
        ).collect()[0]
        if bad["lost"]:
            raise ValueError("ids of edges or nodes are null: filter them before")
        if not bad["collide"]:
            return stored.select("name", "id"), seed
    raise CheckFailedError(f"two ids have one hash under each of {SEEDS} seeds")


def _rounds(state: DataFrame, params: Graph, files: Scratch) -> list[DataFrame]:
    """Per round (a, b): the node that was replaced, and what by; the last one leads to one node a component."""
    replaced = []
    count, number = files.rows["edges"], 0
    while count:
        if number and count <= params.driver_edges:
            replaced.append(_on_driver(state))
            break
        number += 1
        name = f"round_{number}"
        done = files.write(name, _round(state, count, number, params), f"edge boolean, {EDGE}")
        replaced.append(done.where(~F.col("edge")).select("a", "b"))
        state = done.where("edge").select("a", "b")
        count = state.count()
    return replaced


def _round(state: DataFrame, count: int, number: int, params: Graph) -> DataFrame:
    """(a, b) edges, a behind b in the order of this round -> (edge, a, b): what replaces a node, and the edges of the next round."""
    tasks = 1 + count // params.task_edges

    def find(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for a, b in _chunks(batches, params.task_edges):
            yield _batch(*local_roots(a, b, number))

    def settle(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for a, b in _chunks(batches, None):
            node, root, one, two = settled(a, b, number)
            edge = np.concatenate([np.zeros(len(node), dtype=bool), np.ones(len(one), dtype=bool)])
            yield _batch(np.concatenate([node, one]), np.concatenate([root, two]), edge)

    roots = state.repartition(tasks, "a").mapInArrow(find, EDGE)
    return roots.repartition(tasks, "a").mapInArrow(settle, f"edge boolean, {EDGE}")


def _chunks(batches: Iterator[pa.RecordBatch], size: int | None) -> Iterator[tuple[Longs, Longs]]:
    """The two columns of the batches, `size` rows or a little more at a time; all at once without a size."""
    held, rows = [], 0
    for batch in batches:
        held.append(batch)
        rows += batch.num_rows
        if size is not None and rows >= size:
            yield _columns(held)
            held, rows = [], 0
    if rows:
        yield _columns(held)


def _columns(batches: list[pa.RecordBatch]) -> tuple[Longs, Longs]:
    table = pa.Table.from_batches(batches)
    return table.column(0).to_numpy(), table.column(1).to_numpy()


def _batch(a: Longs, b: Longs, edge: Any = None) -> pa.RecordBatch:
    columns = {"a": pa.array(a), "b": pa.array(b)}
    return pa.RecordBatch.from_pydict(columns if edge is None else {"edge": pa.array(edge), **columns})


def mixed(names: Longs, seed: int) -> Any:
    """A random order of names: a bijection of 64 bits for each seed (the finaliser of SplitMix64, Steele et al. 2014)."""
    with np.errstate(over="ignore"):
        x = names.view(np.uint64) + np.uint64(0x9E3779B97F4A7C15) * np.uint64(2 * seed + 1)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def local_roots(a: Longs, b: Longs, seed: int) -> tuple[Longs, Longs]:
    """Edges (a, b) -> every node in them, and the first node of its component in the order of the seed."""
    code, node = pd.factorize(np.concatenate([a, b]))
    graph = coo_array((np.ones(len(a), dtype=np.int8), (code[: len(a)], code[len(a) :])), shape=(len(node),) * 2)
    count, label = connected_components(graph, directed=False)
    order = mixed(node, seed)
    first = np.full(count, np.iinfo(np.uint64).max, dtype=np.uint64)
    np.minimum.at(first, label, order)
    heads = np.flatnonzero(first[label] == order)
    root = np.empty(count, dtype=np.int64)
    root[label[heads]] = node[heads]
    return node, root[label]


def settled(node: Longs, root: Longs, seed: int) -> tuple[Longs, Longs, Longs, Longs]:
    """All roots of each node -> the nodes, the root that replaces each, and the edges between that and its further roots."""
    order = np.lexsort((mixed(root, seed), node))
    node, root = node[order], root[order]
    begins = np.append(True, node[1:] != node[:-1])
    chosen = root[begins][np.cumsum(begins) - 1]
    apart = ~begins & (root != chosen)
    one, two = chosen[apart], root[apart]
    behind = mixed(one, seed + 1) > mixed(two, seed + 1)
    edges = pd.DataFrame({"a": np.where(behind, one, two), "b": np.where(behind, two, one)}).drop_duplicates()
    return node[begins], root[begins], edges["a"].to_numpy(), edges["b"].to_numpy()


def _on_driver(state: DataFrame) -> DataFrame:
    table = state.toArrow()
    node, root = local_roots(table["a"].to_numpy(), table["b"].to_numpy(), 0)
    return state.sparkSession.createDataFrame(pa.table({"a": node, "b": root}))


def _labelled(names: DataFrame, replaced: list[DataFrame], files: Scratch) -> DataFrame:
    """(name, id), what replaced the names round by round -> (id, component)."""
    found = names.select("id", "name", F.col("name").alias("root"))
    for step in replaced:
        to = step.select(F.col("a").alias("root"), F.col("b").alias("next"))
        found = found.join(to, on="root", how="left").select("id", "name", F.coalesce("next", "root").alias("root"))
    found = files.write("roots", found.select("id", "root"), "id string, root long")
    if files.rows["roots"] != files.rows["names"]:
        raise CheckFailedError(f"{files.rows['roots']} nodes have a root, there are {files.rows['names']}")
    smallest = found.groupBy("root").agg(F.min("id").alias("component"))
    return found.join(smallest, on="root", how="inner").select("id", "component")
