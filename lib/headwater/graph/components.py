"""Connected components: one function, two engines behind it, the same rows from both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from headwater.graph.collect import collected
from headwater.graph.contraction import contracted
from headwater.parameters.components import Graph

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Ids: TypeAlias = "pd.Series[Any] | pa.Array | pa.ChunkedArray | np.ndarray[Any, Any] | Sequence[str]"


@dataclass(frozen=True)
class Components:
    """`labels`: one row per node: `id`, and `component`, the smallest id within it in code-point order. `engine`: in_process or
    distributed."""

    labels: DataFrame
    engine: str


@contextmanager
def components(edges: DataFrame, nodes: DataFrame | None, params: Graph, scratch: str) -> Iterator[Components]:
    """EDGES (src, dst: string ids, undirected, parallels and self-loops allowed) and NODES (id; brings in the isolated ones)
    -> their components, on the driver up to `params.driver_edges` edges, else on the executors.

    To be used with `with`: what is distributed lies below the folder `scratch`, of any store that Spark writes to, until the block
    ends. `edges` is read more than once, so it should be stored rows. Raises ValueError when an id is null, CheckFailedError when
    the scratch files do not hold the rows that were written to them."""
    count = edges.count()
    if count <= params.driver_edges:
        table = labelled(*_collected(edges, nodes, count))
        yield Components(edges.sparkSession.createDataFrame(table), "in_process")
        return
    with contracted(edges, nodes, params, scratch) as labels:
        yield Components(labels, "distributed")


def _collected(edges: DataFrame, nodes: DataFrame | None, count: int) -> tuple[Ids, Ids, Ids]:
    """src, dst and the further nodes as Arrow columns."""
    table = collected(edges.select("src", "dst"), count)
    further = [] if nodes is None else nodes.select("id").toArrow()["id"]
    return table["src"], table["dst"], further


def components_in_process(src: Ids, dst: Ids, nodes: Ids | None = None) -> pd.DataFrame:
    """EDGES (src, dst: string ids, undirected, any number of parallels and self-loops) and optional further `nodes`
    -> one row per node: `id`, `component`, sorted by id; `component` is the smallest id within it, in code-point order.

    `nodes` brings in the isolated ones; ids that edges name need not be listed. The order and the direction of edges do
    not matter. Raises ValueError when src and dst differ in length or an id is null.
    """
    table: pd.DataFrame = labelled(src, dst, [] if nodes is None else nodes).to_pandas()
    return table


def labelled(src: Ids, dst: Ids, nodes: Ids) -> pa.Table:
    """What `components_in_process` returns, as Arrow."""
    ends = [_ids(src), _ids(dst), _ids(nodes)]
    if len(ends[0]) != len(ends[1]):
        raise ValueError(f"src has {len(ends[0])} rows and dst {len(ends[1])}: an edge needs both")
    names = pa.chunked_array(ends, type=pa.large_string())
    if names.null_count:
        raise ValueError(f"{names.null_count} ids of edges or nodes are null: filter them before")
    encoded = names.combine_chunks().dictionary_encode()
    order = pc.sort_indices(encoded.dictionary)  # by UTF-8 bytes, which is the order of code points
    ids = encoded.dictionary.take(order)
    rank = np.empty(len(ids), dtype=np.int64)
    rank[order.to_numpy()] = np.arange(len(ids))
    code = rank[encoded.indices.to_numpy()]  # codes in the order of ids, so that the smallest code is the smallest id
    edges = len(ends[0])
    graph = coo_array((np.ones(edges, dtype=np.int8), (code[:edges], code[edges : 2 * edges])), shape=(len(ids),) * 2)
    count, label = connected_components(graph, directed=False) if len(ids) else (0, np.empty(0, dtype=np.int64))
    smallest = np.full(count, len(ids), dtype=np.int64)
    np.minimum.at(smallest, label, np.arange(len(ids)))
    component = ids.take(pa.array(smallest[label]))
    return pa.table({"id": ids, "component": component})


def _ids(values: Ids) -> pa.Array:
    """Any column of ids as one Arrow string array."""
    if isinstance(values, pa.ChunkedArray):
        return values.cast(pa.large_string()).combine_chunks()  # plain strings end at 2 GiB an array
    array = values if isinstance(values, pa.Array) else pa.array(values, from_pandas=True)
    return array.cast(pa.large_string())
