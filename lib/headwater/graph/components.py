"""Connected components within one process: compiled code over factorised ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Ids: TypeAlias = "pd.Series[Any] | pa.Array | pa.ChunkedArray | np.ndarray[Any, Any] | Sequence[str]"


def components_in_process(src: Ids, dst: Ids, nodes: Ids | None = None) -> pd.DataFrame:
    """EDGES (src, dst: string ids, undirected, any number of parallels and self-loops) and optional further `nodes`
    -> one row per node: `id`, `component`, sorted by id; `component` is the smallest id within it, in code-point order.

    `nodes` brings in the isolated ones; ids that edges name need not be listed. The order and the direction of edges do
    not matter. Raises ValueError when src and dst differ in length or
    an id is null.
    """
    ends = [_ids(src), _ids(dst), _ids(nodes if nodes is not None else [])]
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
    table: pd.DataFrame = pa.table({"id": ids, "component": component}).to_pandas()
    return table


def _ids(values: Ids) -> pa.Array:
    """Any column of ids as one Arrow string array."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    array = values if isinstance(values, pa.Array) else pa.array(values, from_pandas=True)
    return array.cast(pa.large_string())
