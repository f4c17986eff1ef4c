"""What must hold before a night is published; each check says what it compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyspark.sql.functions as F

from headwater.store import one_row
from headwater.tables.model import COMPLAINT_EXPOSURE
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
