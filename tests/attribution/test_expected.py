"""Expected complaints: rates by hand, the cap, the shrinkage, the delay, and exact sums."""

import itertools
from datetime import date

import numpy as np
import pandas as pd
import pytest

from headwater.attribution.expected import MICRO, cell_expected, shrunk_rates, stratum_rates, stratum_sums, window
from headwater.parameters.attribution import Strata
from headwater.store import arrow
from headwater.tables.model import COMPLAINT_EXPOSURE, ORDER_EXPOSURE, RATES

NIGHT = date(2026, 11, 22)
ORDER = {
    "night": NIGHT,
    "day": date(2026, 11, 1),
    "seller_id": "a",
    "category": "shoes",
    "price_band": 3,
    "destination": "DE",
    "orders": 100,
    "quantity": 100,
    "value_minor": 1000,
    "unpriced": 0,
    "refunded": 0,
}
COMPLAINT = {
    "night": NIGHT,
    "filed_day": date(2026, 11, 20),
    "day": date(2026, 11, 1),
    "seller_id": "a",
    "category": "shoes",
    "price_band": 3,
    "destination": "DE",
    "complaints": 1,
    "weight_milli": 1000,
}
ALL_FILED = np.ones(91)
PARAMS = Strata(seller_cap=0.5, pseudo_orders=100.0, root_rate=0.01)


def level(sums: pd.DataFrame, number: int) -> pd.DataFrame:
    return sums[sums["level"] == number]


def test_a_rate_is_the_capped_mean_of_sellers_shrunk_to_its_parent():
    """One stratum, two sellers: a 300 orders with 6 complaints, b 100 with none; no seller above half of 400."""
    row = {"total": 400 * MICRO, "kept": 300 * MICRO, "y_nano": int(200 / 300 * 6 * 10**9)}
    strata = [("s", 1, "D", "2026-11")[:depth] + (None,) * (4 - depth) for depth in range(5)]
    sums = pd.DataFrame(
        [
            {"level": d, "category": s[0], "price_band": s[1], "destination": s[2], "month": s[3], **row}
            for d, s in enumerate(strata)
        ]
    )
    rates = shrunk_rates(sums, PARAMS)["rate"].to_numpy()
    parent = 0.01
    for depth, rate in enumerate(rates):
        own = 4 / 400 + (1 - 300 / 400) * parent if depth else 4 / 300
        parent = (400 * own + 100 * parent) / 500
        assert rate == pytest.approx(parent, rel=1e-9)


def test_few_shops_with_many_orders_are_held_against_their_own_rate():
    """Thirty shops under a cap of a hundredth keep three tenths of the weight: the rest is no ignorance."""
    total, rate = 10**6, 0.001
    row = {"total": total * MICRO, "kept": round(0.3 * total) * MICRO, "y_nano": round(0.3 * total * rate * 10**9)}
    root = pd.DataFrame([{"level": 0, "category": None, "price_band": None, "destination": None, "month": None, **row}])
    [got] = shrunk_rates(root, Strata(root_rate=1e-4))["rate"]
    assert got == pytest.approx(rate, rel=0.02)


def test_no_seller_weighs_more_than_the_cap(rows_of):
    orders = rows_of(
        ORDER_EXPOSURE,
        ORDER,
        {"orders": 300},
        {"seller_id": "b", "orders": 100},
        {"seller_id": "b", "category": "bags", "orders": 7},
    )
    complaints = rows_of(COMPLAINT_EXPOSURE, COMPLAINT, {"weight_milli": 6000})
    cells = window(orders, ALL_FILED, NIGHT, 90)
    sums = stratum_sums(cells, complaints, PARAMS).toPandas()
    root = level(sums, 0).iloc[0]
    assert root["total"] == 407 * MICRO
    assert root["kept"] == 203.5 * MICRO + 107 * MICRO
    assert root["y_nano"] == round(203.5 / 300 * 6 * 10**9)
    assert sorted(level(sums, 1)["category"]) == ["bags", "shoes"]
    shoes = level(sums, 4).set_index("category").loc["shoes"]
    assert (shoes["total"], shoes["kept"]) == (400 * MICRO, 300 * MICRO)


def test_orders_of_young_days_count_by_what_can_have_been_filed(rows_of):
    filed = np.ones(91)
    filed[0], filed[10] = 0.1, 0.6
    orders = rows_of(
        ORDER_EXPOSURE,
        ORDER,
        {"day": NIGHT},
        {"day": date(2026, 11, 12)},
        {"day": date(2026, 8, 1)},
        {"day": date(2026, 11, 23)},
    )
    [row] = window(orders, filed, NIGHT, 90).collect()
    assert row["orders"] == 200  # the day before the window and the day after the night stay out
    assert row["ripe_micro"] == round(100 * 0.1 * MICRO) + round(100 * 0.6 * MICRO)
    assert (row["first_day"], row["last_day"]) == (date(2026, 11, 12), NIGHT)


def test_a_correction_takes_back_what_it_corrects(rows_of):
    orders = rows_of(
        ORDER_EXPOSURE, ORDER, {}, {"night": date(2026, 11, 21), "orders": 40}, {"orders": -40, "value_minor": -1000}
    )
    [row] = window(orders, ALL_FILED, NIGHT, 90).collect()
    assert (row["orders"], row["value_minor"]) == (100, 1000)


def stored(cells, rates):
    """RATES as the next stage reads it."""
    return cells.sparkSession.createDataFrame(arrow.to_arrow(RATES, rates.assign(night=NIGHT)))


def test_expected_complaints_add_up_to_orders_times_rate_in_any_order(rows_of):
    orders = [
        {"seller_id": f"s{i}", "supplier_id": f"u{i % 3}", "orders": 10 + i, "day": date(2026, 10 + i % 2, 1 + i)}
        for i in range(20)
    ]
    frame = rows_of(ORDER_EXPOSURE, ORDER, *orders)
    complaints = rows_of(COMPLAINT_EXPOSURE, COMPLAINT, {"seller_id": "s3", "day": date(2026, 11, 4)})
    cells = window(frame, ALL_FILED, NIGHT, 90)
    rates = stratum_rates(cells, complaints, PARAMS)
    expected = cell_expected(cells, stored(cells, rates)).toPandas().sort_values("seller_id")
    shuffled = window(frame.orderBy("supplier_id").repartition(3), ALL_FILED, NIGHT, 90)
    afresh = stored(cells, stratum_rates(shuffled, complaints, PARAMS))
    again = cell_expected(shuffled, afresh).toPandas().sort_values("seller_id")
    assert expected["expected_pico"].tolist() == again["expected_pico"].tolist()
    by_month = rates[rates["level"] == 4].set_index("month")["rate"]
    total = sum((10 + i) * by_month[f"2026-{10 + i % 2}"] for i in range(20))
    assert expected["expected_pico"].sum() / 1e12 == pytest.approx(total, rel=1e-6)


def test_without_complaints_every_rate_lies_between_zero_and_the_root_rate(rows_of):
    cells = window(rows_of(ORDER_EXPOSURE, ORDER, {}, {"seller_id": "b"}), ALL_FILED, NIGHT, 90)
    none = rows_of(COMPLAINT_EXPOSURE, COMPLAINT)
    rates = stratum_rates(cells, none, PARAMS).sort_values("level")["rate"]
    assert all(0 < later < earlier <= PARAMS.root_rate for earlier, later in itertools.pairwise(rates))
