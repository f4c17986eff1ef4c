"""The night in one row: from orders to suspicion, and what it cannot say."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pyspark.sql.functions as F
from pyspark.sql import Column

from headwater.exposure.complaints import SAID_LAST
from headwater.exposure.orders import in_window
from headwater.nightly.verdicts import verdict_notes
from headwater.store import one_row
from headwater.tables.clean import CLEAN_COMPLAINTS, CLEAN_ORDERS, REJECTS
from headwater.tables.model import COMPLAINT_EXPOSURE, COMPLAINTS_PLACED, COMPLAINTS_UNMATCHED, ORDER_EXPOSURE, PLACES
from headwater.tables.published import SHOPS, SOURCES

if TYPE_CHECKING:
    from headwater.nightly.run import Run

ODD = 5  # times the usual rate of complaints, from which a note asks whether the usual rate is set right


def funnel(run: Run, explained: float, weighed: float) -> list[tuple[Any, ...]]:
    """All tables of the night, and complaints by weight (explained by sources, all) -> FUNNEL, one row."""
    lake, night = run.lake, run.night
    window = in_window(run.ledger(ORDER_EXPOSURE), night, run.config.night.window_days)
    orders = one_row(
        window.agg(
            _sum("orders"),
            F.coalesce(F.sum(F.when(F.col("supplier_id").isNotNull(), F.col("orders"))), F.lit(0)).alias("naming"),
            _sum("unpriced"),
        )
    )
    counted = sum(lake.rows(COMPLAINT_EXPOSURE, night, ["complaints"])["complaints"].to_pylist())
    why = Counter(lake.rows(COMPLAINTS_UNMATCHED, night, ["why"])["why"].to_pylist())
    waits = [why[reason] for reason in ("no_order", "ambiguous_line", "hint_mismatch")]
    placed = placed_in_window(run)
    shops = lake.rows(SHOPS, night, ["eb05", "value"]).to_pandas()
    suspected = shops["eb05"] > 1
    probability = lake.rows(SOURCES, night, ["probability"])["probability"].to_pandas()
    streets = lake.read(PLACES, night).where("may_be_source").limit(1).count()
    capped = lake.read(PLACES, night).where("tier = 'capped'").count()
    waiting = sum(
        run.up_to_now(table).where(F.col("day") > F.lit(night)).count() for table in (CLEAN_ORDERS, CLEAN_COMPLAINTS)
    )
    total = orders["orders"]
    row = (
        night,
        total,
        counted,
        round(counted / total * 10_000, 6) if total else None,
        sum(waits),
        *waits,
        why["too_old"],
        placed - counted,
        waiting,
        lake.rows(REJECTS, night, ["night"]).num_rows,
        len(shops),
        int(suspected.sum()),
        len(probability),
        int((probability >= run.config.ranking.suspect_from).sum()),
        round(explained, 6),
        round(weighed, 6),
        orders["naming"],
        int(shops["value"].sum()),
        int(shops["value"][suspected].sum()),
        orders["unpriced"],
        run.config.money.reporting_currency,
        _notes(
            total,
            counted,
            orders["naming"],
            orders["unpriced"],
            streets,
            capped,
            len(probability),
            run.config.money.reporting_currency,
            run.config.strata.root_rate,
        )
        + verdict_notes(run),
    )
    return [row]


def placed_in_window(run: Run) -> int:
    """COMPLAINTS_PLACED, COMPLAINTS_UNMATCHED -> how many complaints filed in the window have an order as of tonight."""
    first = run.night - timedelta(days=run.config.night.window_days)
    nights = [("night", ">", first), ("night", "<=", run.night)]
    rows = run.lake.rows(
        COMPLAINTS_PLACED, columns=["complaint_id", "filed_day", *SAID_LAST], wanted=nights
    ).to_pandas()
    placed = rows.sort_values([*SAID_LAST]).drop_duplicates("complaint_id", keep="last")
    waiting = run.lake.rows(COMPLAINTS_UNMATCHED, run.night, ["complaint_id"]).to_pandas()
    inside = (placed["filed_day"] > first) & ~placed["complaint_id"].isin(waiting["complaint_id"])
    return int(inside.sum())


def _notes(
    orders: int,
    complaints: int,
    naming: int,
    unpriced: int,
    streets: int,
    capped: int,
    sources: int,
    currency: str,
    usual: float,
) -> list[str]:
    notes = []
    if not orders:
        notes.append("No order lies in the window.")
    if not complaints:
        notes.append("No complaint of counterfeit kind counts in the window, so nothing can be suspected.")
    if not naming:
        notes.append("No order names its supplier.")
    if unpriced * 100 > orders:
        notes.append(
            f"{unpriced:,} of {orders:,} orders have no value in {currency} (no price, or no rate for their currency: feed rates, or "
            "money.rates): they count for no harm and no price."
        )
    if orders and complaints > ODD * usual * orders:
        notes.append(
            f"Complaints are {complaints / orders / usual:,.0f} times as common as strata.root_rate says; if that is usual here, set it: "
            "until many orders are known, everybody looks suspect."
        )
    if not streets:
        notes.append("No address reaches street level, so no place can be a source.")
    if capped:
        notes.append(
            f"{capped:,} addresses stand in blocks larger than places.block_cap or places.max_block_keys: only equal keys are joined "
            "there; `headwater plan` names the blocks."
        )
    if complaints and not sources:
        notes.append(
            "Without supplier links, suppliers in the orders or street addresses no source can be suspected; shops are ranked."
        )
    return notes


def _sum(name: str) -> Column:
    return F.coalesce(F.sum(name), F.lit(0)).alias(name)
