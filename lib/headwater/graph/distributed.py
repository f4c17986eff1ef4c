"""Operators where the edges do not fit one process: values judged by joins, shops tied batch by batch on the executors.

What makes a value a hub is counted over frames. Then nothing but values that are no hubs ties, so the graph of those falls into
components that know nothing of each other; `operators_of` works on whole components, as many as a task holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import reduce
from itertools import count
from operator import and_, or_

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyspark.sql.functions as F
from pyspark.sql import Column, DataFrame
from pyspark.sql.pandas.types import from_arrow_schema

from headwater.errors import CheckFailedError, listed
from headwater.graph import tell
from headwater.graph.bipartite import KINDS, PAPERS, UNFORGEABLE, bipartite
from headwater.graph.checks import check_edges, check_largest, check_partition, check_ties
from headwater.graph.components import components
from headwater.graph.contraction import Scratch
from headwater.graph.hubs import (
    CLEARED,
    OWN,
    REVIEWED,
    all_strangers,
    is_placeholder,
    one_operators,
    parties_known,
    too_many,
    too_many_papers,
)
from headwater.graph.operators import ABOUT, EDGE, must_links, operators_of
from headwater.graph.said import Said, in_order, unheeded, within
from headwater.graph.verify import faults
from headwater.parameters.components import Graph
from headwater.parameters.graph import Hubs, Operators

VALUE = ["type", "value"]
UNFORGED = [kind.name for kind in KINDS if kind.proof == UNFORGEABLE]
# Edges (seller_id, type, value) -> (seller_id, part): which shops they tie, directly or along others.
Split = Callable[[DataFrame], DataFrame]


@contextmanager
def distributed(
    edges: DataFrame, shops: DataFrame, said: Said, hubs: Hubs, params: Operators, graph: Graph, scratch: str
) -> Iterator[tell.Told]:
    """As `headwater.graph.engines.operators_told`; no edge comes to the driver, what it tells of every shop does."""
    files = Scratch(edges.sparkSession, scratch)
    with ExitStack() as stack:
        stack.callback(files.delete)
        split = _splitter(graph, scratch, stack)
        shops = _stored(files, "shops", shops.select(*ABOUT))
        market = files.rows["shops"]
        known = _known(shops, said)
        words = tell.frame(edges.sparkSession, must_links(said, known))
        given = _stored(files, "given", edges.select(*EDGE).unionByName(words))
        judged = _judged(given, shops, said, market, split, hubs, files)
        usable = given.join(judged.where("not hub").select(*VALUE, "parties"), on=VALUE, how="inner")
        usable = _stored(files, "usable", usable)
        batches = 1 + (files.rows["usable"] + market) // graph.task_edges
        found = _stored(files, "found", _tied(usable, shops, split(usable), batches, market, said, params))
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
            hubs=_stored(files, "hubs", _told_hubs(given, judged, members, said)),
            edges=tying,
            contradictions=in_order(contradictions),
            engine="distributed",
        )


def _stored(files: Scratch, name: str, frame: DataFrame) -> DataFrame:
    return files.write(name, frame, frame.schema)


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


def _part() -> Column:
    """The part of a shop; one that nothing ties is its own."""
    return F.coalesce("part", F.concat(F.lit("s"), "seller_id"))


def _known(shops: DataFrame, said: Said) -> pa.ChunkedArray:
    """Of the shops that people speak of, those that there are."""
    names = sorted({side for p in (*said.must, *said.cannot) for side in (p.one, p.other)})
    named = tell.frame(shops.sparkSession, pa.table({"seller_id": pa.array(names, pa.string())}))
    return shops.join(named, on="seller_id", how="left_semi").select("seller_id").toArrow()["seller_id"]


def _judged(
    given: DataFrame, shops: DataFrame, said: Said, market: int, split: Split, params: Hubs, files: Scratch
) -> DataFrame:
    """EDGES, SHOPS -> (type, value, shops, parties, countries, categories, payees, hub, decided_by, placeholder), one row a value,
    as `judge_values` finds them."""
    spread = _stored(files, "spread", _spread(given, shops))
    rare = given.join(spread.where(F.col("shops") <= params.parties).select(*VALUE), on=VALUE, how="left_semi")
    unforged = F.col("type").isin(*UNFORGED)
    opinion = _opinions(given, said)
    known = spread.join(opinion, on=VALUE, how="left")
    usable = known.where(~is_placeholder(F.col("shops"), F.lit(max(market, 1)), params) & (_said() != REVIEWED))
    of_shops = _stored(files, "together", _together(given, usable, shops))
    pairs = of_shops.where("one_each").withColumn("value", F.to_json(F.array(*PAPERS)))
    rare = rare.unionByName(pairs.select("seller_id", F.lit("papers").alias("type"), "value"))
    kinds = sorted(row["type"] for row in given.where(unforged).select("type").distinct().collect())
    counted = [_paper_parties(given, rare.where(F.col("type") != kind), kind, shops, split) for kind in kinds]
    nothing = given.where("false").select(
        *VALUE, *(F.lit(0).cast("bigint").alias(n) for n in ("parties", "apart", "told"))
    )
    parties = reduce(DataFrame.unionByName, counted, nothing)
    strangers = all_strangers(F.col("apart"), F.col("told"), params)
    one = one_operators(F.col("agree"), F.col("differ"), F.col("shops"), params)
    hub = too_many_papers(F.col("parties"), strangers, one, _wide(params), _said(), params)
    of_papers = spread.where(unforged).join(parties, on=VALUE, how="inner")
    of_papers = of_papers.join(_agreeing(given, usable, of_shops), on=VALUE, how="left").fillna(0, ["agree", "differ"])
    of_papers = _ruled(of_papers, opinion, hub & (F.col("type") != "must_link"))
    of_papers = _stored(files, "papers", of_papers.drop("apart", "told", "agree", "differ"))
    proven = given.join(of_papers.where("not hub").select(*VALUE), on=VALUE, how="left_semi")
    related = split(proven).persist()
    payees = _payees(given, proven, shops, related)
    others = spread.where(~unforged).join(_parties(given.where(~unforged), related), on=VALUE, how="inner")
    others = others.join(payees, on=VALUE, how="left").fillna(0, ["payees"])
    hub = too_many(F.col("parties"), F.col("payees"), _wide(params), _said(), params)
    judged = of_papers.join(payees, on=VALUE, how="left").fillna(0, ["payees"])
    judged = judged.unionByName(_ruled(others, opinion, hub))
    common = is_placeholder(F.col("shops"), F.lit(max(market, 1)), params)
    judged = _stored(files, "judged", judged.withColumn("placeholder", F.col("hub") & common))
    related.unpersist()
    return judged


def _spread(given: DataFrame, shops: DataFrame) -> DataFrame:
    """(type, value, shops, countries, categories)."""
    rows = given.join(shops.select("seller_id", "country", "category"), on="seller_id", how="left")
    return rows.groupBy(*VALUE).agg(
        F.count(F.lit(1)).alias("shops"),
        F.countDistinct("country").alias("countries"),
        F.countDistinct("category").alias("categories"),
    )


def _parties(given: DataFrame, parts: DataFrame) -> DataFrame:
    """(type, value, parties): the parts that the shops of each value are in."""
    rows = given.join(parts, on="seller_id", how="left").withColumn("part", _part())
    return rows.groupBy(*VALUE).agg(F.countDistinct("part").alias("parties"))


def _paper_parties(given: DataFrame, rare: DataFrame, kind: str, shops: DataFrame, split: Split) -> DataFrame:
    """(type, value, parties, apart, told) of the values of a kind of paper: the parts that `rare` values of other kinds make of its
    shops, and those of the shops of which anything else is known."""
    own = [F.col(column) for name, column in OWN.items() if name != kind]
    known = shops.where(reduce(or_, own)).select("seller_id").union(rare.select("seller_id")).distinct()
    rows = given.where(F.col("type") == kind).join(split(rare), on="seller_id", how="left")
    rows = rows.join(known.withColumn("known", F.lit(True)), on="seller_id", how="left")
    part, told = _part(), F.when(F.col("known"), _part())
    return rows.groupBy(*VALUE).agg(
        F.countDistinct(part).alias("parties"), F.countDistinct(told).alias("apart"), F.count("known").alias("told")
    )


def _together(given: DataFrame, usable: DataFrame, shops: DataFrame) -> DataFrame:
    """(seller_id, a column of each of PAPERS, one_each, told), one row a shop of any `usable` paper: whether it gives one of each kind and
    none of its own, and whether it gives any of each."""
    papers = given.where(F.col("type").isin(*PAPERS)).join(usable.select(*VALUE), on=VALUE, how="left_semi")
    of_kind = {kind: F.when(F.col("type") == kind, F.col("value")) for kind in PAPERS}
    counts = [F.count(value).alias(f"shared_{kind}") for kind, value in of_kind.items()]
    rows = papers.groupBy("seller_id").agg(*(F.min(value).alias(kind) for kind, value in of_kind.items()), *counts)
    rows = rows.join(shops.select("seller_id", *(OWN[kind] for kind in PAPERS)), on="seller_id", how="left")
    alone = {kind: F.coalesce(OWN[kind], F.lit(False)) for kind in PAPERS}
    one = [(F.col(f"shared_{kind}") == 1) & ~alone[kind] for kind in PAPERS]
    any_given = [(F.col(f"shared_{kind}") > 0) | alone[kind] for kind in PAPERS]
    one_each, told = reduce(and_, one).alias("one_each"), reduce(and_, any_given).alias("told")
    return rows.select("seller_id", *PAPERS, one_each, told)


def _agreeing(given: DataFrame, usable: DataFrame, of_shops: DataFrame) -> DataFrame:
    """(type, value, agree, differ) of the papers of shops that give both kinds, as `papers_together` counts them."""
    pairs = of_shops.where("one_each").groupBy(*PAPERS).agg(F.count(F.lit(1)).alias("times"))
    each = F.array(*(F.struct(F.lit(kind).alias("type"), F.col(kind).alias("value")) for kind in PAPERS))
    agree = pairs.select(F.inline(each), "times").groupBy(*VALUE).agg(F.max("times").alias("agree"))
    told = given.where(F.col("type").isin(*PAPERS)).join(usable.select(*VALUE), on=VALUE, how="left_semi")
    told = told.join(of_shops.where("told"), on="seller_id", how="left_semi")
    rows = told.groupBy(*VALUE).agg(F.count(F.lit(1)).alias("known")).join(agree, on=VALUE, how="left")
    rows = rows.withColumn("agree", F.coalesce("agree", F.lit(0)))
    return rows.select(*VALUE, "agree", (F.col("known") - F.col("agree")).alias("differ"))


def _payees(given: DataFrame, proven: DataFrame, shops: DataFrame, parts: DataFrame) -> DataFrame:
    """(type, value, payees): parties of each value of which any two are known to differ, as `judge_values` counts them."""
    shared = proven.groupBy("seller_id").agg(
        *(F.bool_or(F.col("type") == kind).alias(f"shared_{kind}") for kind in PAPERS)
    )
    has = {kind: F.coalesce(OWN[kind], F.lit(False)) | F.coalesce(f"shared_{kind}", F.lit(False)) for kind in PAPERS}
    rows = given.join(shops.select("seller_id", *(OWN[kind] for kind in PAPERS)), on="seller_id", how="left")
    rows = rows.join(shared, on="seller_id", how="left").join(parts, on="seller_id", how="left")
    known = [F.countDistinct(F.when(has[kind], _part())) for kind in PAPERS]
    return rows.groupBy(*VALUE).agg(F.greatest(*known).alias("payees"))


def _opinions(given: DataFrame, said: Said) -> DataFrame:
    """(type, value, said): what people say of values; who clears one stands above who lists it."""
    told = {(kind, value): REVIEWED for kind, values in said.hubs.items() for value in values}
    told |= {(kind, value): CLEARED for kind, values in said.no_hubs.items() for value in values}
    rows = [(kind, value, opinion) for (kind, value), opinion in sorted(told.items())]
    return given.sparkSession.createDataFrame(rows, "type string, value string, said int")


def _said() -> Column:
    return F.coalesce("said", F.lit(0))


def _wide(params: Hubs) -> Column:
    return (F.col("countries") >= params.wide_countries) | (F.col("categories") >= params.wide_categories)


def _ruled(spread: DataFrame, opinion: DataFrame, hub: Column) -> DataFrame:
    """The spread with the verdict on each value: `hub`, a rule over its columns and `said`, and who decided."""
    rows = spread.join(opinion, on=VALUE, how="left").withColumn("hub", hub)
    decided = F.when(F.col("hub"), F.when(_said() == REVIEWED, "review").otherwise("degree"))
    return rows.withColumn("decided_by", decided)


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
    rows = rows.select(F.pmod(F.xxhash64(_part()), F.lit(batches)).alias("batch"), *EDGE, "parties")

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
