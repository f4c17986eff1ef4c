"""The stages of a night: read the stored tables, one chain of pure steps, write the next ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyspark.sql.functions as F
from pyspark.sql import DataFrame

from headwater import tokens
from headwater.attribution import expected, flows, shops, sources
from headwater.attribution.delay import delay_curve
from headwater.exposure import complaints as complaint_stage
from headwater.exposure import orders as order_stage
from headwater.exposure.orders import latest
from headwater.landing.intake import intake, take_files
from headwater.landing.lexicon import Lexicon
from headwater.nightly.funnel import funnel
from headwater.places.places import places
from headwater.places.rules import load_rules
from headwater.tables.clean import CLEAN_ADDRESSES, CLEAN_COMPLAINTS, CLEAN_ORDERS, CLEAN_SUPPLIER_LINKS
from headwater.tables.model import (
    COMPLAINT_EXPOSURE,
    COMPLAINTS_PLACED,
    COMPLAINTS_UNMATCHED,
    DELAY,
    LISTING_SUPPLIERS,
    ORDER_EXPOSURE,
    PLACES,
    RATES,
    SOURCE_EXPOSURE,
)
from headwater.tables.ops import INTAKE
from headwater.tables.published import EVIDENCE, FUNNEL, SHOPS, SOURCES

if TYPE_CHECKING:
    from headwater.nightly.run import Run


def take_in(run: Run) -> None:
    """Landing feeds -> the clean tables, REJECTS and INTAKE."""
    key = tokens.load_key(run.config)
    lexicon = Lexicon.load(run.config.hygiene.lexicon or None)
    taken = take_files(run.lake, run.config, run.night)
    counts = intake(run.lake, run.config, key, lexicon, taken, run.night, run.wrote)
    run.write(INTAKE, run.lake.spark.createDataFrame(counts, INTAKE.ddl))


def exposure(run: Run) -> None:
    """CLEAN_ORDERS, CLEAN_COMPLAINTS -> the daily tables of exposure."""
    lake, night, previous = run.lake, run.night, run.previous
    all_orders = lake.read(CLEAN_ORDERS)
    now = order_stage.due(all_orders, night, previous)
    before = None
    if previous is not None:
        now = latest(now, *order_stage.LINE)
        days = [r["day"] for r in now.select("day").distinct().collect()]
        before = order_stage.counted_before(all_orders, previous).where(F.col("day").isin(days)) if days else None
    changed = order_stage.changes(now, before)
    run.write(ORDER_EXPOSURE, order_stage.order_exposure(changed, night))
    run.write(LISTING_SUPPLIERS, order_stage.listing_suppliers(changed, night))

    fresh = order_stage.due(lake.read(CLEAN_COMPLAINTS), night, previous)
    if previous is not None:
        fresh = fresh.unionByName(lake.read(COMPLAINTS_UNMATCHED, previous).drop("why"))
    asked = latest(fresh, "complaint_id").drop("night").withColumnRenamed("day", "filed_day").persist()
    lines = complaint_stage.lines_of(
        asked, all_orders.where(F.col("night") <= F.lit(night)), night, run.config.night.lookup_days
    )
    placed = complaint_stage.place_complaints(asked, lines).persist()
    run.write(COMPLAINTS_PLACED, complaint_stage.complaints_placed(placed, night))
    unmatched = run.write(COMPLAINTS_UNMATCHED, complaint_stage.complaints_unmatched(placed, night))
    placed.unpersist()
    asked.unpersist()
    # A complaint that was sent again and waits now does not count by what it said before.
    still = lake.read(COMPLAINTS_PLACED).join(unmatched.select("complaint_id"), on="complaint_id", how="left_anti")
    counted = complaint_stage.counted(still, night, run.config.night.window_days, run.config.hygiene)
    run.write(COMPLAINT_EXPOSURE, complaint_stage.complaint_exposure(counted, night))


def attribution(run: Run) -> None:
    """Exposure -> expected, shops, places, sources, evidence."""
    lake, night, config = run.lake, run.night, run.config
    complaints = lake.read(COMPLAINT_EXPOSURE, night)
    curve = run.write(DELAY, _delay(run, complaints))
    filed_share = np.array([r["filed_share"] for r in curve.orderBy("age").collect()])
    window = expected.window(run.up_to_now(ORDER_EXPOSURE), filed_share, night, config.night.window_days).persist()
    rates = run.write(RATES, expected.stratum_rates(window, complaints, night, config.strata))
    cells = expected.cell_expected(window, rates).persist()

    addresses = latest(run.up_to_now(CLEAN_ADDRESSES), "address_id").persist()
    place_rows = run.write(PLACES, places(addresses, night, addresses.count(), load_rules(), config.places))
    links = latest(run.up_to_now(CLEAN_SUPPLIER_LINKS), "seller_id", "supplier_id", "kind")
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
    for frame in (window, cells, addresses, scored, counts):
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
    listings = order_stage.in_window(run.up_to_now(LISTING_SUPPLIERS), night, run.config.night.window_days)
    flow = (
        sources.supplier_flow(cells, by_cell, links, listings, params)
        | sources.dispatch_flow(cells, by_cell, place_rows, params)
        | sources.return_flow(cells, by_cell, place_rows)
    )
    return flows.source_exposure(flow, night, params)
