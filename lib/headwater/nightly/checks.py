"""What must hold before a night is published; each check says what it compared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pyspark.sql.functions as F

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
    sums = (
        lake.read(EVIDENCE, night).groupBy("source_id").agg(F.sum("observed").alias("o"), F.sum("expected").alias("e"))
    )
    both = sums.join(lake.read(SOURCES, night), on="source_id", how="inner")
    apart = F.greatest(F.abs(F.col("o") - F.col("observed")), F.abs(F.col("e") - F.col("expected")))
    sources = one_row(both.agg(F.coalesce(F.max(apart), F.lit(0.0)).alias("worst"), F.count(F.lit(1)).alias("n")))
    checks.append(
        Check(
            "evidence adds up",
            sources["worst"] <= TOLERANCE,
            f"{sources['n']} sources, largest difference {sources['worst']:.1e}",
        )
    )
    return checks


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
