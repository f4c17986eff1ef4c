"""What must hold before a night is published; each check says what it compared."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pandas as pd
import pyspark.sql.functions as F

from headwater.exposure.complaints import SOUGHT_NO_MORE
from headwater.nightly.funnel import placed_in_window
from headwater.nightly.stages.exposure import complaints_said
from headwater.store import arrow
from headwater.table import Table
from headwater.tables.model import COMPLAINT_EXPOSURE, COMPLAINTS_PLACED, COMPLAINTS_UNMATCHED
from headwater.tables.ops import INTAKE
from headwater.tables.published import EVIDENCE, FUNNEL, SHOPS, SOURCES

if TYPE_CHECKING:
    from headwater.nightly.run import Run

TOLERANCE = 1e-6
ACCUSED = 0.05  # natural log units, the least that a sentence tells; what takes from less may round to nothing


@dataclass(frozen=True)
class Check:
    name: str
    passed: bool
    detail: str


def night_checks(run: Run) -> list[Check]:
    """No row lost on the way: files, complaints, orders, and the evidence of each source."""
    files = arrow.sort(INTAKE, run.lake.rows(INTAKE, run.night)).to_pylist()
    checks = [
        Check(
            f"{file['feed']} {file['path']}",
            file["read"] == file["accepted"] + file["rejected"],
            f"{file['read']} rows read = {file['accepted']} accepted + {file['rejected']} rejected",
        )
        for file in files
    ]
    counted = _rows(run, COMPLAINT_EXPOSURE, ["complaints"])["complaints"].sum()
    shops = _rows(run, SHOPS, ["complaints", "orders"]).sum()
    window = _rows(run, FUNNEL, ["orders"])["orders"].sum()
    checks += [
        Check(
            "complaints of the shops",
            bool(shops["complaints"] == counted),
            f"{shops['complaints']} in shops, {counted} counted",
        ),
        Check(
            "orders of the shops",
            bool(shops["orders"] == window),
            f"{shops['orders']} in shops, {window} in the window",
        ),
    ]
    checks += [_filed_in_window(run), _sought_tonight(run)]
    evidence = _rows(run, EVIDENCE, ["source_id", "kind", "signal", "adds_to", "contribution"])
    sources = _rows(run, SOURCES, ["source_id", "ln_bayes_factor", "log_odds"])
    return [*checks, evidence_adds_up(evidence, sources), evidence_has_two_sides(evidence)]


def _rows(run: Run, table: Table, columns: list[str] | None = None) -> pd.DataFrame:
    rows: pd.DataFrame = run.lake.rows(table, run.night, columns).to_pandas()
    return rows


def evidence_adds_up(evidence: pd.DataFrame, sources: pd.DataFrame) -> Check:
    """EVIDENCE x SOURCES: rows of the Bayes factor sum up to it, those of prior and doubt too to the log odds that rank."""
    parts = pd.DataFrame(
        {
            "bayes": evidence["contribution"].where(evidence["adds_to"] == "bayes_factor", 0.0),
            "all": evidence["contribution"].where(evidence["adds_to"] != "none", 0.0),
        }
    )
    both = parts.groupby(evidence["source_id"]).sum().join(sources.set_index("source_id"), how="left")
    gaps = pd.concat([(both["bayes"] - both["ln_bayes_factor"]).abs(), (both["all"] - both["log_odds"]).abs()])
    worst = float(gaps.max()) if gaps.notna().any() else 0.0
    unknown = int(both["ln_bayes_factor"].isna().sum())
    return Check(
        "evidence adds up",
        worst <= TOLERANCE and not unknown,
        f"{len(both)} sources, largest difference {worst:.1e}; {unknown} unknown",
    )


def evidence_has_two_sides(evidence: pd.DataFrame) -> Check:
    """EVIDENCE: each source that shops accuse has a row against it, or one that takes from it for what is unknown.

    The prior is no such row: it is the same for all sources of a type."""
    mine = evidence[evidence["signal"].fillna("") != "prior"]
    accused = mine[mine["kind"] == "shop_for"].groupby("source_id")["contribution"].sum()
    accused = accused[accused >= ACCUSED]
    one_sided = sorted(set(accused.index) - set(mine.loc[mine["contribution"] < 0, "source_id"]))
    some = f": {', '.join(one_sided[:5])}" if one_sided else ""
    detail = f"{len(accused)} sources that shops accuse, {len(one_sided)} of them without a row against{some}"
    return Check("evidence has two sides", not one_sided, detail)


def _filed_in_window(run: Run) -> Check:
    """Each accepted complaint that was filed in the window has its order or waits for it."""
    first = run.night - timedelta(days=run.config.night.window_days)
    accepted = complaints_said(run, first).where(F.col("day") > F.lit(first)).count()
    placed = placed_in_window(run)
    days = _rows(run, COMPLAINTS_UNMATCHED, ["day"])["day"]
    waiting = int(((days > first) & (days <= run.night)).sum())
    detail = f"{accepted} accepted = {placed} placed + {waiting} waiting"
    return Check("complaints filed in the window", accepted == placed + waiting, detail)


def _sought_tonight(run: Run) -> Check:
    """Each complaint that came tonight or waited until now is placed, or waits on, and not both."""
    due_now = complaints_said(run, run.previous).select("complaint_id").toArrow()
    asked = set(due_now["complaint_id"].to_pylist())
    if run.previous:
        waited = run.lake.rows(COMPLAINTS_UNMATCHED, run.previous, ["complaint_id", "why"]).to_pylist()
        asked |= {row["complaint_id"] for row in waited if row["why"] not in SOUGHT_NO_MORE}
    ends: Counter[str] = Counter()
    for table in (COMPLAINTS_PLACED, COMPLAINTS_UNMATCHED):
        ends.update(_rows(run, table, ["complaint_id"])["complaint_id"])
    wrong = sum(ends[complaint] != 1 for complaint in asked)
    return Check("complaints sought tonight", wrong == 0, f"{len(asked)} sought, {wrong} not in exactly one place")
