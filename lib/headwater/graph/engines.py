"""Operators by the engine that the number of edges asks for; nobody can tell from the result which one it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
from pyspark.sql import DataFrame

from headwater.graph import tell
from headwater.graph.collect import collected
from headwater.graph.distributed import distributed
from headwater.graph.operators import EDGE, find_operators
from headwater.graph.said import Said
from headwater.graph.verify import verify
from headwater.parameters.components import Graph
from headwater.parameters.graph import Hubs, Operators


@contextmanager
def operators_told(
    edges: DataFrame, shops: pa.Table, said: Said, hubs: Hubs, params: Operators, graph: Graph, scratch: str
) -> Iterator[tell.Told]:
    """EDGES (seller_id, type, value: identity values that two shops or more give), SHOPS (ABOUT; all of them), what
    people `said` -> operators: on the driver up to `graph.driver_edges` edges, else on the executors.

    To be used with `with`: what is distributed lies below the folder `scratch`, of any store that Spark writes to, until the
    block ends. The edges are read more than once, so they should be stored rows. Raises CheckFailedError when a shop is not
    in exactly one operator, ends of an edge that ties are in two, or an operator is above the guard."""
    count = edges.count()
    if count > graph.driver_edges:
        with distributed(edges, tell.frame(edges.sparkSession, shops), said, hubs, params, graph, scratch) as told:
            yield told
        return
    found = find_operators(collected(edges.select(*EDGE), count), shops, said, hubs, params)
    verify(found, shops.num_rows, params)
    yield tell.Told(
        members=tell.members(found),
        shapes=tell.shapes(found),
        hubs=tell.frame(edges.sparkSession, tell.hubs(found)),
        edges=tell.frame(edges.sparkSession, tell.edges(found)),
        contradictions=found.contradictions,
        engine="in_process",
    )
