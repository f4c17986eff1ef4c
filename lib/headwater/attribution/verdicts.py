"""What people found out: verdicts of the feed and of the command line, those in force on a night, and those that contradict."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pyspark.sql.functions as F
from pyspark.sql import Column, DataFrame, Window

from headwater.tables.model import VERDICT_CONFLICTS, VERDICTS

# Verdicts about one subject that cannot both hold; each pair in order.
OPPOSITES = (("cleared", "confirmed"), ("cannot_link", "must_link"))
FIELDS = (
    "verdict_id", "subject_kind", "subject_id", "other_id", "verdict", "reliability", "author", "reason", "decided_at",
    "expires_at", "inspected_because", "inspection_probability",
)  # fmt: skip
SUBJECT = ("subject_kind", "subject_id", "other_id")


def verdicts(fed: DataFrame, entered: DataFrame, night: date, reliability: float) -> DataFrame:
    """CLEAN_VERDICTS (current), ENTERED_VERDICTS -> VERDICTS: both together as of the night, each with whether it is in force.

    A pair is the same either way round. The newest verdict of an author about a subject replaces the author's older ones; one that
    has expired, or that opposes another author's, is not in force: contradictions are for people to settle."""
    end = F.lit(datetime.combine(night + timedelta(days=1), time()))
    fields = [F.col(name) for name in FIELDS]
    both = fed.select(*fields, F.lit("feed").alias("origin")).unionByName(
        entered.select(*fields, F.lit("command line").alias("origin"))
    )
    known = _ordered(both.where(F.col("decided_at") < end)).withColumn(
        "reliability", F.coalesce("reliability", F.lit(reliability))
    )
    known = known.withColumn("night", F.lit(night))
    newest = Window.partitionBy("author", *SUBJECT).orderBy(F.desc("decided_at"), F.desc("verdict_id"))
    expired = F.col("expires_at").isNotNull() & (F.col("expires_at") < end)
    told = known.withColumn("_nth", F.row_number().over(newest)).withColumn(
        "_why", F.when(F.col("_nth") > 1, F.lit("replaced")).when(expired, F.lit("expired"))
    )
    live = F.when(F.col("_why").isNull(), F.col("verdict"))
    said = F.collect_set(live).over(Window.partitionBy(*SUBJECT))
    against = F.lit(False)
    for one, other in OPPOSITES:
        both_said = F.array_contains(said, one) & F.array_contains(said, other)
        against |= both_said & F.col("verdict").isin(one, other)
    why = F.when(F.col("_why").isNotNull(), F.col("_why")).when(against, F.lit("contradicted"))
    return VERDICTS.conform(told.withColumn("not_in_force", why).withColumn("in_force", why.isNull()))


def _ordered(rows: DataFrame) -> DataFrame:
    """A pair's ids in order, so that it is one subject whoever names it first."""
    pair = F.col("subject_kind") == "pair"

    def of(pick: Column, otherwise: str) -> Column:
        return F.when(pair & F.col("other_id").isNotNull(), pick).otherwise(F.col(otherwise))

    first, last = F.least("subject_id", "other_id"), F.greatest("subject_id", "other_id")
    return rows.withColumns({"subject_id": of(first, "subject_id"), "other_id": of(last, "other_id")})


def conflicts(of_night: DataFrame) -> DataFrame:
    """VERDICTS -> VERDICT_CONFLICTS: one row a subject that people disagree about."""
    rows = of_night.where("not_in_force = 'contradicted'").groupBy("night", *SUBJECT)
    said = F.array_sort(F.collect_list(F.struct("verdict_id", "verdict", "author")))
    told = rows.agg(said.alias("said"))
    words = F.transform("said", lambda s: F.concat(s["author"], F.lit(" says "), s["verdict"]))
    return VERDICT_CONFLICTS.conform(
        told.select(
            "night",
            *SUBJECT,
            F.transform("said", lambda s: s["verdict_id"]).alias("verdict_ids"),
            F.concat(F.array_join(words, "; "), F.lit("; none counts until one of them is withdrawn")).alias("detail"),
        )
    )
