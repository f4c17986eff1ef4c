"""Sources, first by share-weighted EB05: all orders and complaints that flow through a supplier or place, shrunk as for shops."""

from __future__ import annotations

from datetime import date
from functools import reduce

import pyspark.sql.functions as F
from pyspark.sql import Column, DataFrame, Window

from headwater.attribution.expected import PICO
from headwater.attribution.flows import SHARE_SCALE, Flow
from headwater.attribution.shops import fit_mixture, with_lift
from headwater.parameters.attribution import Ranking, Shares, Shrinkage
from headwater.tables.model import CELL
from headwater.tables.published import EVIDENCE, SOURCES

TYPES = ("supplier", "dispatch", "return")


def supplier_flow(
    cells: DataFrame, complaints: DataFrame, links: DataFrame, listings: DataFrame, params: Shares
) -> Flow:
    """CELL_EXPECTED, COMPLAINT_EXPOSURE, SUPPLIER_LINKS (current), LISTING_SUPPLIERS (window) -> the flow through suppliers."""
    weight = F.coalesce("confidence", F.lit(1.0)) * params.link_orders
    return Flow(
        _typed("supplier", cells, F.col("supplier_id")),
        _typed("supplier", complaints, F.col("supplier_id")),
        _typed("supplier", links.select("seller_id", "supplier_id", weight.alias("weight")), F.col("supplier_id")),
        _typed("supplier", listings.select("seller_id", "listing_id", "supplier_id", "orders"), F.col("supplier_id")),
    )


def dispatch_flow(cells: DataFrame, complaints: DataFrame, places: DataFrame, params: Shares) -> Flow:
    """CELL_EXPECTED, COMPLAINT_EXPOSURE, PLACES -> the flow through dispatch places; `named_sources` drops the areas."""
    of = F.broadcast(places.select(F.col("address_id").alias("dispatch_address_id"), "place_id"))
    # An id without its address row is a place of its own that nobody can find: it takes its orders along, to nobody.
    found = F.coalesce("place_id", F.concat(F.lit("?"), F.col("dispatch_address_id")))
    known = places.where(F.col("role").isin("dispatch", "pickup"))
    weak = known.select("seller_id", "place_id", F.lit(params.link_orders).alias("weight"))
    return Flow(
        _typed("dispatch", cells.join(of, on="dispatch_address_id", how="left"), found),
        _typed("dispatch", complaints.join(of, on="dispatch_address_id", how="left"), found),
        _typed("dispatch", weak, F.col("place_id")),
        _no_listings(complaints),
    )


def return_flow(cells: DataFrame, complaints: DataFrame, places: DataFrame) -> Flow:
    """CELL_EXPECTED, COMPLAINT_EXPOSURE, PLACES -> the flow through return places: no order names one, so a shop's addresses share."""
    nothing = F.lit(None).cast("string")
    weak = places.where(F.col("role") == "return").select("seller_id", "place_id", F.lit(1.0).alias("weight"))
    return Flow(
        _typed("return", cells, nothing),
        _typed("return", complaints, nothing),
        _typed("return", weak, F.col("place_id")),
        _no_listings(complaints),
    )


def _typed(type_name: str, rows: DataFrame, source: Column) -> DataFrame:
    """Rows with their `type` and `source` in place of the ids as written."""
    typed = rows.withColumns({"type": F.lit(type_name), "source": source})
    return typed.drop("supplier_id", "dispatch_address_id", "place_id")


def _no_listings(complaints: DataFrame) -> DataFrame:
    """No listing says through which place its orders go."""
    rows = complaints.where(F.lit(False)).withColumns({"type": F.lit(""), "source": F.lit("")})
    return rows.select("type", "seller_id", "listing_id", "source", F.lit(0).cast("bigint").alias("orders"))


def named_sources(exposure: DataFrame, links: DataFrame, places: DataFrame) -> DataFrame:
    """SOURCE_EXPOSURE's sources -> (source_id, type, source_key, name, country, city, members): those that may be a source.

    A supplier may always be one; of places only those at street level."""
    sources = exposure.select("source_id", "type", "source_key").distinct()
    names = links.groupBy(F.col("supplier_id").alias("source_key")).agg(F.mode("supplier_name", True).alias("name"))
    nothing = F.lit(None).cast("string")
    suppliers = sources.where("type = 'supplier'").join(names, on="source_key", how="left")
    suppliers = suppliers.select(
        "source_id",
        "type",
        "source_key",
        "name",
        nothing.alias("country"),
        nothing.alias("city"),
        F.array("source_key").alias("members"),
    )
    streets = (
        places.where("may_be_source")
        .groupBy(F.col("place_id").alias("source_key"))
        .agg(
            F.mode("name", True).alias("name"),
            F.mode("country", True).alias("country"),
            F.mode("city", True).alias("city"),
            F.array_sort(F.collect_set("address_id")).alias("members"),
        )
    )
    located = sources.where("type <> 'supplier'").join(streets, on="source_key", how="inner")
    return suppliers.unionByName(located)


def source_sums(exposure: DataFrame, named: DataFrame) -> DataFrame:
    """SOURCE_EXPOSURE of sources that may be one -> one row a source with exact sums."""
    sums = exposure.groupBy("source_id").agg(
        _exact_sum("orders", SHARE_SCALE),
        F.sum("named_orders").alias("named_orders"),
        F.sum(F.col("value_minor").cast("bigint")).alias("value_minor"),
        _exact_sum("expected", PICO),
        _exact_sum("complaints", SHARE_SCALE),
        _exact_sum("observed", SHARE_SCALE * 1000),
        F.count_if((F.col("orders") > 0) | (F.col("complaints") > 0)).alias("shops"),
        F.min("first_day").alias("first_seen"),
        F.max("last_day").alias("last_seen"),
    )
    return sums.join(named, on="source_id", how="inner")


def scored_sources(sums: DataFrame, shrinkage: Shrinkage, params: Ranking) -> DataFrame:
    """SOURCE_SUMS -> those with complaints, with lift, lift_low and suspicion_rank.

    One mixture a type, fitted on all its sources, also those without complaints; acts: collects the squashed cells."""
    parts = []
    for type_name in TYPES:
        mine = sums.where(F.col("type") == type_name)
        mixture = fit_mixture(mine, shrinkage)
        parts.append(with_lift(mine.where("complaints > 0"), mixture, params.lower_quantile, ("lift", "lift_low")))
    order = Window.orderBy(F.desc("lift_low"), F.desc("observed"), "source_id")
    return reduce(DataFrame.unionByName, parts).withColumn("rank", F.row_number().over(order).cast("bigint"))


def evidence(exposure: DataFrame, scored: DataFrame, night: date, params: Ranking) -> DataFrame:
    """SOURCE_EXPOSURE of the top ranks -> EVIDENCE: the shops with the largest excess for and against, the rest as one row each."""
    top = scored.where(F.col("rank") <= params.evidence_sources).select("source_id")
    rows = exposure.join(F.broadcast(top), on="source_id", how="inner").where("expected > 0 or complaints > 0")
    excess = F.col("observed") - F.col("expected")
    kind = F.when(excess > 0, F.lit("shop_for")).otherwise(F.lit("shop_against"))
    rows = rows.withColumn("kind", kind)
    order = Window.partitionBy("source_id", "kind").orderBy(F.desc(F.abs(excess)), "seller_id")
    subject = F.when(F.row_number().over(order) <= params.evidence_shops, F.col("seller_id"))
    sums = (
        rows.withColumn("subject_id", subject)
        .groupBy("source_id", "kind", "subject_id")
        .agg(
            _exact_sum("observed", SHARE_SCALE * 1000),
            _exact_sum("expected", PICO),
            _exact_sum("orders", SHARE_SCALE),
            F.count(F.lit(1)).alias("shops"),
        )
    )
    return EVIDENCE.conform(
        sums.select(
            F.lit(night).alias("night"),
            "source_id",
            F.concat_ws(":", "kind", F.coalesce("subject_id", F.lit("others"))).alias("evidence_id"),
            "kind",
            "subject_id",
            F.lit(None).cast("double").alias("contribution"),
            F.lit("none").alias("adds_to"),
            "observed",
            "expected",
            "shops",
            _detail().alias("detail"),
        )
    )


def _detail() -> Column:
    who = F.when(F.col("subject_id").isNotNull(), F.concat(F.lit("shop "), F.col("subject_id")))
    who = who.otherwise(F.format_string("%d further shops", "shops"))
    said = F.format_string(
        "%.1f complaints where %.2f were expected from %.0f orders through this source",
        "observed",
        "expected",
        "orders",
    )
    return F.concat(who, F.lit(": "), said)


def reasons(scored: DataFrame, evidence_rows: DataFrame) -> DataFrame:
    """(source_id, reasons): sentences for and against each source, those of the evidence after the sum."""
    best = Window.partitionBy("source_id", "kind").orderBy(
        F.desc(F.abs(F.col("observed") - F.col("expected"))), "evidence_id"
    )
    shown = evidence_rows.where("subject_id is not null").withColumn("_n", F.row_number().over(best)).where("_n <= 3")
    words = F.format_string("%s %.1f against %.2f", "subject_id", "observed", "expected")
    told = shown.groupBy("source_id", "kind").agg(
        F.transform(F.array_sort(F.collect_list(F.struct("_n", words.alias("words")))), lambda w: w["words"]).alias(
            "words"
        )
    )
    per_kind = told.groupBy("source_id").pivot("kind", ["shop_for", "shop_against"]).agg(F.first("words"))
    with_words = scored.join(per_kind, on="source_id", how="left")
    total = F.format_string(
        "%.1f complaints in %d shops where %.2f were expected; with 95 %% certainty at least %.1f times the expected",
        "observed",
        "shops",
        "expected",
        "lift_low",
    )
    inferred = F.format_string("%d of its %.0f orders name it, the others are inferred", "named_orders", "orders")
    return with_words.select(
        "source_id",
        F.array_compact(
            F.array(
                total,
                F.when(F.size("shop_for") > 0, F.concat(F.lit("For: "), F.array_join("shop_for", ", "))),
                F.when(F.size("shop_against") > 0, F.concat(F.lit("Against: "), F.array_join("shop_against", ", "))),
                F.when(F.col("named_orders") < F.col("orders") - 0.5, inferred),
            )
        ).alias("reasons"),
    )


def sources(scored: DataFrame, said: DataFrame, night: date) -> DataFrame:
    """SCORED sources and their reasons -> SOURCES."""
    rows = scored.join(said, on="source_id", how="left")
    nothing = F.lit(None).cast("double")
    columns = {
        "night": F.lit(night),
        "kind": F.when(F.col("type") == "supplier", F.lit("supplier")).otherwise(F.lit("place")),
        "probability": nothing,
        "ln_bayes_factor": nothing,
        "suspicion_rank": F.col("rank"),
        "value": (F.col("value_minor") / 100).cast("decimal(18,2)"),
    }
    return SOURCES.conform(rows.withColumns(columns))


def _exact_sum(name: str, scale: int) -> Column:
    """A sum of doubles that were made from integers of 1/scale: the same in any order."""
    return (F.sum(F.round(F.col(name) * scale).cast("bigint")) / scale).alias(name)


def cell_complaints(complaint_exposure: DataFrame) -> DataFrame:
    """COMPLAINT_EXPOSURE -> (cell, listing_id): complaints, weight_milli over all days and strata."""
    keys = [*(c.name for c in CELL), "listing_id"]
    return complaint_exposure.groupBy(*keys).agg(
        F.sum("complaints").alias("complaints"), F.sum("weight_milli").alias("weight_milli")
    )
