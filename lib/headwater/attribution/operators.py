"""Operators as subjects: the complaints of their shops against what was expected of them, and what holds them together."""

from __future__ import annotations

from datetime import date

import pyspark.sql.functions as F
from pyspark.sql import Column, DataFrame

from headwater.attribution.shops import fit_mixture, with_lift
from headwater.parameters.attribution import Ranking, Shrinkage
from headwater.tables.published import OPERATORS


def operators(
    members: DataFrame, found: DataFrame, shops: DataFrame, night: date, shrinkage: Shrinkage, ranking: Ranking
) -> DataFrame:
    """MEMBERS, OPERATORS_FOUND, SHOPS -> OPERATORS: an operator's shops summed, shrunk as operators are among each other.

    Fits the mixture of the operators, which collects its squashed cells to the driver."""
    counted = members.join(
        shops.select("seller_id", "complaints", "observed", "expected", "main_source_id"), on="seller_id", how="left"
    )
    # Sums of integers: the order of shops does not matter.
    pico = F.round(F.coalesce("expected", F.lit(0.0)) * 10**12).cast("decimal(38,0)")
    milli = F.round(F.coalesce("observed", F.lit(0.0)) * 1000).cast("bigint")
    sums = counted.groupBy("operator_id").agg(
        F.array_sort(F.collect_list("seller_id")).alias("seller_ids"),
        F.array_sort(F.collect_list(F.when(F.col("core"), F.col("seller_id")))).alias("core"),
        F.sum(F.coalesce("complaints", F.lit(0))).alias("complaints"),
        (F.sum(milli) / 1000).alias("observed"),
        (F.sum(pico).cast("double") / 10**12).alias("expected"),
        F.array_sort(F.collect_set("main_source_id")).alias("sources"),
    )
    subjects = sums.persist()
    mixture = fit_mixture(subjects, shrinkage)
    lifted = with_lift(
        subjects.select("operator_id", "observed", "expected"), mixture, ranking.lower_quantile, ("lift", "lift_low")
    )
    rows = subjects.join(lifted.select("operator_id", "lift_low"), on="operator_id", how="inner")
    rows = rows.join(found.drop("night"), on="operator_id", how="inner")
    return OPERATORS.conform(
        rows.withColumns(
            {
                "night": F.lit(night),
                "observed": F.round("observed", 9),
                "expected": F.round("expected", 9),
                "reasons": F.array_compact(F.array(_alone(), _many(), _bridge(), _cut(), _complaints())),
            }
        )
    )


def _alone() -> Column:
    return F.when(F.col("shops") == 1, F.lit("No identity value that is rare ties it to another shop."))


def _many() -> Column:
    text = F.format_string(
        "%,d shops, %,d of them in the core; the weakest value that is needed is %s.",
        F.col("shops"),
        F.size("core"),
        F.substring("weakest_value", 1, 80),
    )
    return F.when(F.col("shops") > 1, text)


def _bridge() -> Column:
    text = F.format_string(
        "Against: %,d of its shops hang on one value alone (%s).",
        F.col("bridge_shops"),
        F.substring("bridge_value", 1, 80),
    )
    return F.when(F.col("bridges") > 0, text)


def _cut() -> Column:
    return F.when(F.col("oversize"), F.lit("Against: cut out of a component above the guard; look before you act."))


def _complaints() -> Column:
    text = F.format_string(
        "%,d complaints where %.2f were expected; lift with 95 %% certainty at least %.1f.",
        F.col("complaints"),
        F.col("expected"),
        F.col("lift_low"),
    )
    return F.when(F.col("complaints") > 0, text)
