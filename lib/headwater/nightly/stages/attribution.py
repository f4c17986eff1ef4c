"""Exposure and places -> what was expected, shops, sources and their evidence."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyspark.sql.functions as F
from pyspark.sql import DataFrame

from headwater.attribution import (
    belief,
    beside,
    case_rows,
    expected,
    found_out,
    gather,
    names,
    prices,
    roles,
    shops,
    sources,
)
from headwater.attribution.delay import delay_curve
from headwater.attribution.evidence import Case
from headwater.attribution.find import Found, find
from headwater.attribution.market import Floats
from headwater.attribution.operators import operators
from headwater.attribution.spread import FitBySize
from headwater.attribution.told import lifts, source_ids, source_keys, suspected, tell
from headwater.exposure.orders import in_window
from headwater.nightly.funnel import funnel
from headwater.nightly.ids import carry_ids
from headwater.nightly.verdicts import verdicts_of_window
from headwater.registry.kinds import CASE
from headwater.table import Table
from headwater.tables.model import (
    CALIBRATIONS,
    COMPLAINT_EXPOSURE,
    COMPLAINTS_COUNTED,
    CURRENT,
    DELAY,
    HUBS,
    LISTING_SUPPLIERS,
    MEMBERS,
    OPERATORS_FOUND,
    ORDER_EXPOSURE,
    PLACES,
    PRICE_EXPOSURE,
    PRICE_PEERS,
    RATES,
    SOURCE_EXPOSURE,
    SOURCE_FEATURES,
    SUPPLIERS,
)
from headwater.tables.ops import IDENTITIES
from headwater.tables.published import CASES, EVIDENCE, FUNNEL, OPERATORS, SHOPS, SOURCES

if TYPE_CHECKING:
    from headwater.nightly.run import Run


def attribution(run: Run) -> None:
    """Exposure and places -> expected, shops, sources, evidence."""
    lake, night, config = run.lake, run.night, run.config
    complaints = lake.read(COMPLAINT_EXPOSURE, night)
    filed_share = _delay(run, complaints)
    run.put(DELAY, [(night, age, share) for age, share in enumerate(filed_share.tolist())])
    window = expected.window(run.ledger(ORDER_EXPOSURE), filed_share, night, config.night.window_days).persist()
    rates = expected.stratum_rates(window, complaints, config.strata)
    run.put(RATES, rates.assign(night=night))
    cells = expected.cell_expected(window, lake.read(RATES, night)).persist()

    found, of_shops = _sources(run, _gather(run, cells))

    counts = shops.shop_counts(cells, complaints).persist()
    mixture = shops.fit_mixture(counts, config.shrinkage)
    lifted = shops.with_lift(counts, mixture, config.ranking.lower_quantile, ("ebgm", "eb05"))
    members = lake.read(MEMBERS, night)
    lifted = lifted.join(members.select("seller_id", "operator_id"), on="seller_id", how="left")
    run.gather(SHOPS, shops.shops(lifted, of_shops, night))
    behind = lake.read(OPERATORS_FOUND, night)
    run.gather(OPERATORS, operators(members, behind, lake.read(SHOPS, night), night, config.shrinkage, config.ranking))
    run.put(FUNNEL, funnel(run, float(found.fit.attributed.sum()), float(found.weights.sum())))
    for frame in (window, cells, counts):
        frame.unpersist()


def _delay(run: Run, complaints: DataFrame) -> Floats:
    """COMPLAINT_EXPOSURE -> DELAY by age; to the driver comes a row a pair of order day and filed day of the window."""
    night, params, days = run.night, run.config.delay, run.config.night.window_days
    pairs = (
        complaints.groupBy("day", "filed_day").agg(F.sum("weight_milli").alias("weight")).orderBy("day", "filed_day")
    )
    rows = [r for r in pairs.collect() if r["filed_day"] >= r["day"]]
    age = np.array([(night - r["day"]).days for r in rows], dtype=np.int64)
    delay = np.array([(r["filed_day"] - r["day"]).days for r in rows], dtype=np.int64)
    weight = np.array([r["weight"] / 1000 for r in rows], dtype=float)
    return np.round(delay_curve(age, delay, weight, days, params), 9)


def _gather(run: Run, cells: DataFrame) -> gather.Gathered:
    """CELL_EXPECTED and what else is known of the window -> arrays on the driver."""
    lake, night, config = run.lake, run.night, run.config
    days = config.night.window_days
    priced = run.ledger(PRICE_EXPOSURE)
    peers = run.gather(PRICE_PEERS, prices.price_peers(priced, night, days, config.peers))
    below = prices.cell_prices(priced, peers, night, days, config.peers)
    counted, place_rows = lake.read(COMPLAINTS_COUNTED, night), lake.read(PLACES, night)
    firms = gather.companies(lake.read(SUPPLIERS, night))
    flows = gather.flow_sums(cells, below, counted, place_rows, firms)
    listings = in_window(run.ledger(LISTING_SUPPLIERS), night, days)
    links = run.current("supplier_links")
    return gather.gather(flows, counted, place_rows, firms, listings, links, _known(run, firms), night, days)


def _known(run: Run, firms: DataFrame) -> beside.Known:
    """PLACES, MEMBERS, CURRENT sellers, COMPANIES -> what is known beside orders; all but the companies read without Spark."""

    def streets(columns: list[str], *wanted: tuple[str, str, Any]) -> pd.DataFrame:
        rows = run.lake.rows(PLACES, run.night, [*columns, "may_be_source"], wanted=wanted)
        told: pd.DataFrame = rows.filter(rows["may_be_source"]).select(columns).to_pandas()
        return told.drop_duplicates()

    doors = streets(["place_id", "building_key", "level"], ("level", "in", ["unit", "building"]))
    return beside.Known(
        doors=doors.assign(unit=doors["level"] == "unit"),
        returns=streets(["seller_id", "place_id"], ("role", "=", "return")),
        declared=streets(["seller_id", "place_id"], ("role", "in", ["dispatch", "pickup"])),
        members=run.lake.rows(MEMBERS, run.night, ["seller_id", "operator_id"]).to_pandas(),
        opened=run.lake.rows(CURRENT["sellers"], run.night, ["seller_id", "opened_at"]).to_pandas(),
        companies=firms.select("company_id", "called").distinct().toArrow().to_pandas(),
    )


def _sources(run: Run, gathered: gather.Gathered) -> tuple[Found, DataFrame]:
    """Write SOURCES, EVIDENCE, SOURCE_EXPOSURE and CALIBRATIONS; what was found, and what it says of the shops."""
    night, config = run.night, run.config
    firms = run.lake.read(SUPPLIERS, night)
    named = names.names(firms, run.lake.read(PLACES, night), gathered.ids.operators)
    of = found_out.numbered(gathered, named["members"])
    verdicts = verdicts_of_window(run, found_out.meant(gathered, of))
    start = night - timedelta(days=config.night.window_days - 1)
    window = found_out.as_judged(gathered, verdicts, of, start)
    fit = FitBySize(run.lake.spark, config.graph)
    found = find(window.market, window.listing_shop, config.finding, fit)
    run.source_engine = fit.engine
    said = found_out.found_out(window, found, verdicts, of, config.finding, start)
    lift = lifts(window, found, config.ranking, config.shrinkage)
    odds = found.odds + said.bought
    x = belief.features_of(window, found, odds, lift[1], config.finding.calibration)
    ids = source_ids(window.market.kind, source_keys(window))
    known = _before(run, SOURCE_FEATURES)
    past = sources.past_verdicts(verdicts, of, ids, known, config.finding.calibration)
    held = belief.learnt(odds, x, past, config.finding.tempering, config.finding.calibration)
    judged = sources.judged(found, said, held, config.finding.calibration)
    told = tell(window, found, judged, lift)
    broad = roles.breadth(run.ledger(PRICE_EXPOSURE), gather.companies(firms), night, config.night.window_days)
    hubs = run.lake.rows(HUBS, night, ["type", "value", "kind", "reason"]).to_pandas()
    told.rows[["role", "role_reason"]] = roles.roles(window, found, broad, hubs, config.roles)
    ranking = config.ranking
    shown = sources.Published(said.rows["source"].to_numpy(), _unsafe(run), ranking.shown_from, ranking.suspect_from)
    rows = sources.published(told, named, window, found, shown)
    case_of, members = case_rows.groups(window, found, rows, config.finding)
    carried = carry_ids(run, CASE, members)
    rows["case_id"] = rows["source_id"].map(carried.set_index("member")["id"])
    case = Case(window, found, said, judged, config.ranking, config.finding)
    rows, evidence = sources.told_in_words(case, told, held, rows)
    rows = sources.source_columns(rows, night)
    run.put(SOURCES, rows)
    merged = case_rows.merged(found, said, held, x, case_of, config.finding)
    anew = {} if found.anew is None else dict(zip(found.anew.source.tolist(), found.anew.day.tolist(), strict=True))
    cleared = {source: start + timedelta(days=day) for source, day in anew.items()}
    run.put(CASES, _cases(run, rows, merged, cleared, verdicts, of))
    run.put(EVIDENCE, sources.evidence_columns(evidence, night))
    run.put(SOURCE_EXPOSURE, sources.exposure_columns(told, rows, window, night))
    run.put(SOURCE_FEATURES, sources.feature_columns(x, rows, night))
    run.put(CALIBRATIONS, belief.record_columns(held.record, night))
    own = sources.without_goods(found, said, held, x, config.finding.calibration)
    suspects = suspected(window.market.kind, own, config.ranking.suspect_from)
    of_shops = sources.shop_columns(window, told, own, np.intersect1d(suspects, rows.index.to_numpy(np.int64)))
    return found, run.lake.spark.createDataFrame(
        of_shops, "seller_id string, probability double, main_source_id string"
    )


def _cases(
    run: Run, rows: pd.DataFrame, probability: Floats, anew: dict[int, date], verdicts: pd.DataFrame,
    of: dict[tuple[str, str], int],
) -> pd.DataFrame:  # fmt: skip
    """The night's cases; earlier nights tell when each was born and how often it was open."""
    night, cleared = run.night, dict(anew)
    for v in verdicts[verdicts["verdict"] == "cleared"].to_dict("records"):
        source = of.get((v["subject_kind"], v["subject_id"]))
        if source is not None:
            cleared[source] = max(cleared.get(source, date.min), v["decided_at"].date())
    ids = run.lake.rows(IDENTITIES, night, ["kind", "id", "first_night"]).to_pylist()
    first = {r["id"]: r["first_night"] for r in ids if r["kind"] == CASE.name}
    earlier = _before(run, CASES, ["case_id", "state"])
    return case_rows.case_columns(rows, probability, cleared, earlier, first, run.config.ranking.suspect_from, night)


def _before(run: Run, table: Table, columns: list[str] | None = None) -> pd.DataFrame:
    """The rows of all nights before this one."""
    rows: pd.DataFrame = run.lake.rows(table, columns=columns, wanted=[("night", "<", run.night)]).to_pandas()
    return rows


def _unsafe(run: Run) -> frozenset[str]:
    """Brands whose fakes are a risk to health or safety, in small letters."""
    brands = run.current("brands").where("safety").select("brand").collect()
    return frozenset(r["brand"].lower() for r in brands)
