"""Operators where the edges do not fit one process: values judged by joins, shops tied batch by batch on the executors.

What makes a value a hub is counted over frames (`distributed_hubs`). Then nothing but values that are no hubs ties, so the graph of
those falls into components that know nothing of each other; `operators_of` works on whole components, as many as a task holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyspark.sql.functions as F
from pyspark.sql import DataFrame
from pyspark.sql.pandas.types import from_arrow_schema

from headwater.errors import CheckFailedError, listed
from headwater.graph import tell
from headwater.graph.bipartite import bipartite
from headwater.graph.checks import check_edges, check_largest, check_partition, check_ties
from headwater.graph.components import components
from headwater.graph.contraction import Scratch
from headwater.graph.distributed_hubs import VALUE, Split, judge, part_of_shop, stored
from headwater.graph.hubs import parties_known
from headwater.graph.operators import ABOUT, EDGE, must_links, operators_of
from headwater.graph.said import Said, in_order, unheeded, within
from headwater.graph.verify import faults
from headwater.parameters.components import Graph
from headwater.parameters.graph import Hubs, Operators


@contextmanager
def distributed(
    edges: DataFrame, shops: DataFrame, said: Said, hubs: Hubs, params: Operators, graph: Graph, scratch: str
) -> Iterator[tell.Told]:
    """As `headwater.graph.engines.operators_told`; no edge comes to the driver, what it tells of every shop does."""
    files = Scratch(edges.sparkSession, scratch)
    with ExitStack() as stack:
        stack.callback(files.delete)
        split = _splitter(graph, scratch, stack)
        shops = stored(files, "shops", shops.select(*ABOUT))
        market = files.rows["shops"]
        known = _known(shops, said)
        words = tell.frame(edges.sparkSession, must_links(said, known))
        given = stored(files, "given", edges.select(*EDGE).unionByName(words))
        judged = judge(given, shops, said, market, split, hubs, files)
        usable = given.join(judged.where("not hub").select(*VALUE, "parties"), on=VALUE, how="inner")
        usable = stored(files, "usable", usable)
        batches = 1 + (files.rows["usable"] + market) // graph.task_edges
        found = stored(files, "found", _tied(usable, shops, split(usable), batches, market, said, params))
        _refuse([row["fault"] for row in found.where("fault is not null").select("fault").collect()])
        members, shapes, tying, broken = (
            found.where(f"{part} is not null").select(f"{part}.*")
            for part in ("member", "shape", "edge", "contradiction")
        )
        check_partition(members, shops, node="seller_id", group="group")
        check_largest(_unpinned(members, words), params.max_shops, group="group")
        check_ties(tying.where("ties"), members, judged.where("hub"))
        contradictions = [*unheeded(said, set(known.to_pylist())), *(row.asDict() for row in broken.collect())]
        yield tell.Told(
            members=members.toArrow(),
            shapes=shapes.toArrow(),
            hubs=stored(files, "hubs", _told_hubs(given, judged, members, said)),
            edges=tying,
            contradictions=in_order(contradictions),
            engine="distributed",
        )


def _unpinned(members: DataFrame, words: DataFrame) -> DataFrame:
    """MEMBERS of the operators in which no must-link ties anybody: a person may tie more shops than the guard allows."""
    pinned = members.join(words.select("seller_id"), on="seller_id", how="left_semi").select("group")
    return members.join(pinned, on="group", how="left_anti")


def _refuse(told: list[str]) -> None:
    if told:
        raise CheckFailedError("operators do not hold:\n" + listed(sorted(told)))


def _splitter(graph: Graph, scratch: str, stack: ExitStack) -> Split:
    """Components of shops and values by the engine that their number asks for, checked; they stand until the stack closes."""
    number = count()

    def split(edges: DataFrame) -> DataFrame:
        shop, value = F.concat(F.lit("s"), "seller_id"), F.concat(F.lit("v"), "type", F.lit(":"), "value")
        ends = edges.select(shop.alias("src"), value.alias("dst")).persist()
        labels = stack.enter_context(components(ends, None, graph, f"{scratch}/{next(number)}")).labels
        check_edges(ends, labels)
        ends.unpersist()
        return labels.where(F.col("id").startswith("s")).select(
            F.expr("substring(id, 2)").alias("seller_id"), F.col("component").alias("part")
        )

    return split


def _known(shops: DataFrame, said: Said) -> pa.ChunkedArray:
    """Of the shops that people speak of, those that there are."""
    names = sorted({side for p in (*said.must, *said.cannot) for side in (p.one, p.other)})
    named = tell.frame(shops.sparkSession, pa.table({"seller_id": pa.array(names, pa.string())}))
    return shops.join(named, on="seller_id", how="left_semi").select("seller_id").toArrow()["seller_id"]


def _tied(
    usable: DataFrame,
    shops: DataFrame,
    parts: DataFrame,
    batches: int,
    market: int,
    said: Said,
    params: Operators,
) -> DataFrame:
    """EDGES of values that are no hubs, with their parties; every shop, and the part it is in -> (member, shape, edge,
    contradiction, fault), one of them a row."""
    rows = shops.select("seller_id").join(parts, on="seller_id", how="left").join(usable, on="seller_id", how="left")
    rows = rows.select(F.pmod(F.xxhash64(part_of_shop()), F.lit(batches)).alias("batch"), *EDGE, "parties")

    def tie(batch: pa.Table) -> pa.Table:
        return _tied_in(batch, market, said, params)

    nothing = from_arrow_schema(_tied_in(pa.table(_EMPTY), market, Said(), params).schema)
    return rows.groupBy("batch").applyInArrow(tie, nothing)


_EMPTY = {name: pa.array([], pa.string()) for name in EDGE} | {"parties": pa.array([], pa.int64())}
_CONTRADICTION = ("kind", "verdict_id", "subject_id", "other_id", "detail", "outcome")


def _tied_in(batch: pa.Table, market: int, said: Said, params: Operators) -> pa.Table:
    """Whole components (seller_id, type, value, parties; no value for a shop that gives none) -> what `_tied` has of them."""
    given = batch.filter(pc.is_valid(batch["type"]))
    graph = bipartite(given, batch["seller_id"], market)
    of_value = given.select([*VALUE, "parties"]).to_pandas().drop_duplicates(VALUE).set_index(VALUE)["parties"]
    values = pd.MultiIndex.from_arrays(
        [tell.KIND_NAMES.take(pa.array(graph.kind)).to_pylist(), graph.values.to_pylist()]
    )
    parties = of_value.reindex(values).to_numpy(np.int64)
    found = operators_of(graph, parties_known(graph, parties), within(said, graph), params)
    schema = pa.schema([(name, pa.string()) for name in _CONTRADICTION])
    parts = {
        "member": tell.members(found),
        "shape": tell.shapes(found),
        "edge": tell.edges(found),
        "contradiction": pa.Table.from_pylist(found.contradictions, schema),
    }
    faulty = pa.table({"fault": pa.array(faults(found, graph.shops, params), pa.string())})
    rows = [*[_as_rows(name, table) for name, table in parts.items()], faulty]
    # In one piece: Spark loses rows of a table whose columns are cut in different places.
    return pa.concat_tables(rows, promote_options="default").combine_chunks()


def _as_rows(name: str, rows: pa.Table) -> pa.Table:
    """A table as one column of structs."""
    return pa.table({name: rows.to_struct_array()})


def _told_hubs(given: DataFrame, judged: DataFrame, members: DataFrame, said: Said) -> DataFrame:
    """HUB_ROWS of the values that were judged to be hubs."""
    hubs = judged.where("hub")
    rows = given.join(hubs.select(*VALUE), on=VALUE, how="left_semi").join(members, on="seller_id", how="inner")
    joins = rows.groupBy(*VALUE).agg(F.countDistinct("group").alias("would_join"))
    whose = said.whose

    def word(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield from tell.hub_rows(pa.Table.from_batches([batch]), whose).to_batches()

    columns = (
        *VALUE,
        "shops",
        "parties",
        "countries",
        "categories",
        "payees",
        "placeholder",
        "decided_by",
        "would_join",
    )
    return hubs.join(joins, on=VALUE, how="inner").select(*columns).mapInArrow(word, from_arrow_schema(tell.HUB_ROWS))
