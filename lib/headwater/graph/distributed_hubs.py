"""What makes a value a hub, counted over frames: `headwater.graph.hubs.judge_values` where the edges do not fit one process."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import and_, or_

import pyspark.sql.functions as F
from pyspark.sql import Column, DataFrame

from headwater.graph.bipartite import KINDS, PAPERS, UNFORGEABLE, WEAK
from headwater.graph.contraction import Scratch
from headwater.graph.hubs import (
    CLEARED,
    OWN,
    REVIEWED,
    all_clients,
    all_strangers,
    is_placeholder,
    one_operators,
    too_many,
    too_many_papers,
)
from headwater.graph.said import Said
from headwater.parameters.graph import Hubs

VALUE = ["type", "value"]
WEAK_KINDS = [kind.name for kind in KINDS if kind.proof == WEAK]
PARTIES = ("parties", "apart", "largest", "several", "told", "registered")
UNFORGED = [kind.name for kind in KINDS if kind.proof == UNFORGEABLE]
# Edges (seller_id, type, value) -> (seller_id, part): which shops they tie, directly or along others.
Split = Callable[[DataFrame], DataFrame]


def stored(files: Scratch, name: str, frame: DataFrame) -> DataFrame:
    """The frame from a file, which cuts its lineage."""
    return files.write(name, frame, frame.schema)


def part_of_shop() -> Column:
    """The part of a shop; one that nothing ties is its own."""
    return F.coalesce("part", F.concat(F.lit("s"), "seller_id"))


def judge(
    given: DataFrame, shops: DataFrame, said: Said, market: int, split: Split, params: Hubs, files: Scratch
) -> DataFrame:
    """EDGES, SHOPS -> (type, value, shops, parties, countries, categories, payees, hub, decided_by, placeholder), one row a value,
    as `judge_values` finds them."""
    spread = stored(files, "spread", _spread(given, shops))
    few = spread.where((F.col("shops") <= params.parties) & ~F.col("type").isin(*WEAK_KINDS))
    rare = given.join(few.select(*VALUE), on=VALUE, how="left_semi")
    unforged = F.col("type").isin(*UNFORGED)
    opinion = _opinions(given, said)
    known = spread.join(opinion, on=VALUE, how="left")
    usable = known.where(~is_placeholder(F.col("shops"), F.lit(max(market, 1)), params) & (_said() != REVIEWED))
    papers = given.where(F.col("type").isin(*PAPERS)).join(usable.select(*VALUE), on=VALUE, how="left_semi")
    of_shops = stored(files, "together", _together(papers, shops))
    pairs = of_shops.where("one_each").withColumn("value", F.to_json(F.array(*PAPERS)))
    rare = rare.unionByName(pairs.select("seller_id", F.lit("papers").alias("type"), "value"))
    kinds = sorted(row["type"] for row in given.where(unforged).select("type").distinct().collect())
    counted = [_paper_parties(given, rare.where(F.col("type") != kind), kind, shops, split) for kind in kinds]
    nothing = given.where("false").select(*VALUE, *(F.lit(0).cast("bigint").alias(n) for n in PARTIES))
    parties = reduce(DataFrame.unionByName, counted, nothing)
    apart, largest, several, told, registered = (F.col(name) for name in PARTIES[1:])
    strangers = all_strangers(apart, told, params) | all_clients(apart, largest, several, told, registered, params)
    one = one_operators(F.col("agree"), F.col("differ"), F.col("shops"), params)
    hub = too_many_papers(F.col("parties"), strangers, one, _wide(params), _said(), params)
    of_papers = spread.where(unforged).join(parties, on=VALUE, how="inner")
    of_papers = of_papers.join(_agreeing(papers, of_shops), on=VALUE, how="left").fillna(0, ["agree", "differ"])
    of_papers = _ruled(of_papers, opinion, hub & (F.col("type") != "must_link"))
    of_papers = stored(files, "papers", of_papers.drop(*PARTIES[1:], "agree", "differ"))
    proven = given.join(of_papers.where("not hub").select(*VALUE), on=VALUE, how="left_semi")
    related = split(proven).persist()
    payees = _payees(given, proven, shops, related)
    others = spread.where(~unforged).join(_parties(given.where(~unforged), related), on=VALUE, how="inner")
    others = others.join(payees, on=VALUE, how="left").fillna(0, ["payees"])
    hub = too_many(F.col("parties"), F.col("payees"), _wide(params), F.col("type") == "email", _said(), params)
    judged = of_papers.join(payees, on=VALUE, how="left").fillna(0, ["payees"])
    judged = judged.unionByName(_ruled(others, opinion, hub))
    common = is_placeholder(F.col("shops"), F.lit(max(market, 1)), params)
    judged = stored(files, "judged", judged.withColumn("placeholder", F.col("hub") & common))
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
    rows = given.join(parts, on="seller_id", how="left").withColumn("part", part_of_shop())
    return rows.groupBy(*VALUE).agg(F.countDistinct("part").alias("parties"))


def _paper_parties(given: DataFrame, rare: DataFrame, kind: str, shops: DataFrame, split: Split) -> DataFrame:
    """(type, value, PARTIES) of the values of a kind of paper: the parts that `rare` values of other kinds make of its shops; of the
    shops of which anything else is known the parts, the largest, those of several, and how many they are; the parts with another paper."""
    own = [F.col(column) for name, column in OWN.items() if name != kind]
    known = shops.where(reduce(or_, own)).select("seller_id").union(rare.select("seller_id")).distinct()
    rows = given.where(F.col("type") == kind).join(split(rare), on="seller_id", how="left")
    rows = rows.join(known.withColumn("known", F.lit(True)), on="seller_id", how="left")
    others = [name for name in PAPERS if name != kind]
    papers = shops.where(reduce(or_, (F.col(OWN[name]) for name in others))).select("seller_id")
    papers = papers.union(given.where(F.col("type").isin(*others)).select("seller_id")).distinct()
    rows = rows.join(papers.withColumn("paper", F.lit(True)), on="seller_id", how="left")
    parts = rows.groupBy(*VALUE, part_of_shop().alias("of")).agg(
        F.count("known").alias("known"), F.count("paper").alias("papers")
    )
    counts = (
        F.count(F.lit(1)),
        F.count_if(F.col("known") > 0),
        F.max("known"),
        F.count_if(F.col("known") > 1),
        F.sum("known"),
        F.count_if(F.col("papers") > 0),
    )
    return parts.groupBy(*VALUE).agg(*(counted.alias(name) for counted, name in zip(counts, PARTIES, strict=True)))


def _together(papers: DataFrame, shops: DataFrame) -> DataFrame:
    """(seller_id, a column of each of PAPERS, one_each, told), one row a shop of any of the usable `papers`: whether it gives one of each
    kind and none of its own, and whether it gives any of each."""
    of_kind = {kind: F.when(F.col("type") == kind, F.col("value")) for kind in PAPERS}
    counts = [F.count(value).alias(f"shared_{kind}") for kind, value in of_kind.items()]
    rows = papers.groupBy("seller_id").agg(*(F.min(value).alias(kind) for kind, value in of_kind.items()), *counts)
    rows = rows.join(shops.select("seller_id", *(OWN[kind] for kind in PAPERS)), on="seller_id", how="left")
    alone = {kind: F.coalesce(OWN[kind], F.lit(False)) for kind in PAPERS}
    one = [(F.col(f"shared_{kind}") == 1) & ~alone[kind] for kind in PAPERS]
    any_given = [(F.col(f"shared_{kind}") > 0) | alone[kind] for kind in PAPERS]
    one_each, told = reduce(and_, one).alias("one_each"), reduce(and_, any_given).alias("told")
    return rows.select("seller_id", *PAPERS, one_each, told)


def _agreeing(papers: DataFrame, of_shops: DataFrame) -> DataFrame:
    """(type, value, agree, differ) of the papers of shops that give both kinds, as `papers_together` counts them."""
    pairs = of_shops.where("one_each").groupBy(*PAPERS).agg(F.count(F.lit(1)).alias("times"))
    each = F.array(*(F.struct(F.lit(kind).alias("type"), F.col(kind).alias("value")) for kind in PAPERS))
    agree = pairs.select(F.inline(each), "times").groupBy(*VALUE).agg(F.max("times").alias("agree"))
    told = papers.join(of_shops.where("told"), on="seller_id", how="left_semi")
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
    known = [F.countDistinct(F.when(has[kind], part_of_shop())) for kind in PAPERS]
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
