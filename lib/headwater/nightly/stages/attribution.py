"""Exposure and places -> what was expected, shops, sources and their evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyspark.sql.functions as F
from pyspark.sql import DataFrame

from headwater.attribution import expected, flows, shops, sources
from headwater.attribution.delay import delay_curve
from headwater.exposure import orders as order_stage
from headwater.nightly.funnel import funnel
from headwater.tables.model import (
    COMPLAINT_EXPOSURE,
    CURRENT,
    DELAY,
    LISTING_SUPPLIERS,
    ORDER_EXPOSURE,
    PLACES,
    RATES,
    SOURCE_EXPOSURE,
)
from headwater.tables.published import EVIDENCE, FUNNEL, SHOPS, SOURCES

if TYPE_CHECKING:
    from headwater.nightly.run import Run


def attribution(run: Run) -> None:
    """Exposure and places -> expected, shops, sources, evidence."""
    lake, night, config = run.lake, run.night, run.config
    complaints = lake.read(COMPLAINT_EXPOSURE, night)
    curve = run.write(DELAY, _delay(run, complaints))
    filed_share = np.array([r["filed_share"] for r in curve.orderBy("age").collect()])
    window = expected.window(run.ledger(ORDER_EXPOSURE), filed_share, night, config.night.window_days).persist()
    rates = run.write(RATES, expected.stratum_rates(window, complaints, night, config.strata))
    cells = expected.cell_expected(window, rates).persist()

    place_rows = lake.read(PLACES, night)
    links = lake.read(CURRENT["supplier_links"], night)
    through = run.write(SOURCE_EXPOSURE, _source_exposure(run, cells, complaints, links, place_rows))

    named = sources.named_sources(through, links, place_rows)
    scored = sources.scored_sources(sources.source_sums(through, named), config.shrinkage, config.ranking).persist()
    evidence = run.write(EVIDENCE, sources.evidence(through, scored, night, config.ranking))
    run.write(SOURCES, sources.sources(scored, sources.reasons(scored, evidence), night))

    counts = shops.shop_counts(cells, complaints).persist()
    mixture = shops.fit_mixture(counts, config.shrinkage)
    lifted = shops.with_lift(counts, mixture, config.ranking.lower_quantile, ("ebgm", "eb05"))
    run.write(SHOPS, shops.shops(lifted, through, lake.read(SOURCES, night), night))
    run.write(FUNNEL, funnel(run))
    for frame in (window, cells, scored, counts):
        frame.unpersist()


def _delay(run: Run, complaints: DataFrame) -> DataFrame:
    """COMPLAINT_EXPOSURE -> DELAY, by way of the driver: at most one row a pair of order day and filed day of the window."""
    night, params, days = run.night, run.config.delay, run.config.night.window_days
    pairs = (
        complaints.groupBy("day", "filed_day").agg(F.sum("weight_milli").alias("weight")).orderBy("day", "filed_day")
    )
    rows = [r for r in pairs.collect() if r["filed_day"] >= r["day"]]
    age = np.array([(night - r["day"]).days for r in rows], dtype=np.int64)
    delay = np.array([(r["filed_day"] - r["day"]).days for r in rows], dtype=np.int64)
    weight = np.array([r["weight"] / 1000 for r in rows], dtype=float)
    curve = delay_curve(
        age,
        delay,
        weight,
        days,
        params,
    )
    values = [(night, a, round(float(share), 9)) for a, share in enumerate(curve)]
    return run.lake.spark.createDataFrame(values, DELAY.ddl)


def _source_exposure(
    run: Run, cells: DataFrame, complaints: DataFrame, links: DataFrame, place_rows: DataFrame
) -> DataFrame:
    params, night = run.config.shares, run.night
    by_cell = sources.cell_complaints(complaints)
    listings = order_stage.in_window(run.ledger(LISTING_SUPPLIERS), night, run.config.night.window_days)
    flow = (
        sources.supplier_flow(cells, by_cell, links, listings, params)
        | sources.dispatch_flow(cells, by_cell, place_rows, params)
        | sources.return_flow(cells, by_cell, place_rows)
    )
    return flows.source_exposure(flow, night, params)
