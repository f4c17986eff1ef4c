"""What must hold before a night is published; each check says what it compared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pyspark.sql.functions as F
from pyspark.sql import DataFrame

from headwater.exposure.orders import due, latest
from headwater.nightly.funnel import placed_in_window
from headwater.store import one_row
from headwater.tables.clean import CLEAN_COMPLAINTS
from headwater.tables.model import COMPLAINT_EXPOSURE, COMPLAINTS_PLACED, COMPLAINTS_UNMATCHED
from headwater.tables.ops import INTAKE
from headwater.tables.published import EVIDENCE, FUNNEL, SHOPS, SOURCES

if TYPE_CHECKING:
    from headwater.nightly.run import Run

TOLERANCE = 1e-6


@dataclass(frozen=True)
class Check:
    name: str
    passed: bool
    detail: str


def night_checks(run: Run) -> list[Check]:
    """No row lost on the way: files, complaints, orders, and the evidence of each source."""
    lake, night = run.lake, run.night
    checks = [
        Check(
            f"{file.feed} {file.path}",
            file.read == file.accepted + file.rejected,
            f"{file.read} rows read = {file.accepted} accepted + {file.rejected} rejected",
        )
        for file in lake.read(INTAKE, night).orderBy("feed", "path").collect()
    ]
    counted = one_row(lake.read(COMPLAINT_EXPOSURE, night).agg(F.coalesce(F.sum("complaints"), F.lit(0)).alias("n")))[
        "n"
    ]
    shops = one_row(
        lake.read(SHOPS, night).agg(F.sum("complaints").alias("complaints"), F.sum("orders").alias("orders"))
    )
    window = one_row(lake.read(FUNNEL, night))["orders"]
    checks += [
        Check(
            "complaints of the shops",
            shops["complaints"] == counted,
            f"{shops['complaints']} in shops, {counted} counted",
        ),
        Check("orders of the shops", shops["orders"] == window, f"{shops['orders']} in shops, {window} in the window"),
    ]
    checks += [_filed_in_window(run), _sought_tonight(run)]
    return [*checks, evidence_adds_up(lake.read(EVIDENCE, night), lake.read(SOURCES, night))]


def evidence_adds_up(evidence: DataFrame, sources: DataFrame) -> Check:
    """EVIDENCE x SOURCES: rows of the Bayes factor sum up to it, those of prior and doubt too to the log odds that rank."""
    bayes = F.col("adds_to") == "bayes_factor"
    counts = F.col("adds_to") != "none"
    sums = evidence.groupBy("source_id").agg(
        F.sum(F.when(bayes, F.col("contribution")).otherwise(0.0)).alias("bayes"),
        F.sum(F.when(counts, F.col("contribution")).otherwise(0.0)).alias("all"),
        F.count_if(F.col("kind").isin("shop_against", "qualifier")).alias("against"),
    )
    both = sums.join(sources, on="source_id", how="left")
    gap = F.greatest(F.abs(F.col("bayes") - F.col("ln_bayes_factor")), F.abs(F.col("all") - F.col("log_odds")))
    found = one_row(
        both.agg(
            F.coalesce(F.max(gap), F.lit(0.0)).alias("worst"),
            F.count(F.lit(1)).alias("n"),
            F.count_if(F.col("against") == 0).alias("one_sided"),
            F.count_if(F.col("ln_bayes_factor").isNull()).alias("unknown"),
        )
    )
    good = found["worst"] <= TOLERANCE and not found["one_sided"] and not found["unknown"]
    return Check(
        "evidence adds up",
        good,
        f"{found['n']} sources, largest difference {found['worst']:.1e}; {found['one_sided']} without counter-evidence, "
        f"{found['unknown']} unknown",
    )


def _filed_in_window(run: Run) -> Check:
    """Each accepted complaint that was filed in the window has its order or waits for it."""
    first = run.night - timedelta(days=run.config.night.window_days)
    filed = F.col("day").between(F.lit(first + timedelta(days=1)), F.lit(run.night))
    said = latest(run.up_to_now(CLEAN_COMPLAINTS).where(F.col("day") <= F.lit(run.night)), "complaint_id")
    accepted = said.where(filed).count()
    placed = placed_in_window(run).count()
    waiting = run.lake.read(COMPLAINTS_UNMATCHED, run.night).where(filed).count()
    detail = f"{accepted} accepted = {placed} placed + {waiting} waiting"
    return Check("complaints filed in the window", accepted == placed + waiting, detail)


def _sought_tonight(run: Run) -> Check:
    """Each complaint that came tonight or waited until now is placed, or waits on, and not both."""
    lake, night = run.lake, run.night
    waited = run.before(COMPLAINTS_UNMATCHED).where("why <> 'too_old'")
    due_now = due(run.up_to_now(CLEAN_COMPLAINTS), night, run.previous)
    asked = due_now.select("complaint_id").unionByName(waited.select("complaint_id")).distinct()
    told = [lake.read(t, night).select("complaint_id") for t in (COMPLAINTS_PLACED, COMPLAINTS_UNMATCHED)]
    ends = told[0].unionByName(told[1]).groupBy("complaint_id").agg(F.count(F.lit(1)).alias("ends"))
    wrong = asked.join(ends, on="complaint_id", how="left").where("ends is null or ends <> 1").count()
    return Check("complaints sought tonight", wrong == 0, f"{asked.count()} sought, {wrong} not in exactly one place")
