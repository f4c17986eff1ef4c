"""Amounts in the reporting currency against exact arithmetic, and price bands at their very edges."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pyspark.sql.functions as F
import pytest

from headwater.landing import money
from headwater.parameters.attribution import Strata
from headwater.parameters.landing import Money

RATES = Money(reporting_currency="USD", rates={"EUR": 1.08, "JPY": 0.0066889632, "KWD": 3.2573289902, "VND": 3.9e-05})


def minor_of(spark, rows, rates=RATES):
    frame = spark.createDataFrame(rows, "quantity bigint, price decimal(18,2), currency string")
    value = money.value_minor(F.col("quantity"), F.col("price"), money.rate(F.col("currency"), rates))
    return [r["value"] for r in frame.select(value.alias("value")).collect()]


def test_a_value_is_rounded_half_up_once_and_missing_without_price_rate_or_belief(spark):
    table = [
        (1, "19.99", "USD", 1999),
        (3, "19.99", "USD", 5997),
        (1, "0.00", "USD", 0),
        (1, "0.50", "EUR", 54),
        (1, "1.25", "EUR", 135),
        (1, "0.05", "EUR", 5),  # .054
        (1, "1.00", "JPY", 1),  # .0066889632
        (1, "0.74", "JPY", 0),  # .00494983...
        (1, "0.75", "JPY", 1),  # .00501672...
        (2, "1.00", "XYZ", None),
        (2, "1.00", None, None),
        (2, None, "USD", None),
        (1, "10000000000.00", "USD", money.LARGEST_MINOR),
        (1, "10000000000.01", "USD", None),
        (10**9, "10.00", "USD", None),
        (999_999_999, "10.00", "USD", 999_999_999_000),
        (999_999_999, "9999999999999999.99", "USD", None),
        (10**17, "0.01", "USD", None),
        (1, "1000000000.00", "VND", 3_900_000),
    ]
    rows = [(q, None if p is None else Decimal(p), c) for q, p, c, _ in table]
    assert minor_of(spark, rows) == [expected for *_, expected in table]


def test_a_hair_below_the_half_is_rounded_down(spark):
    # 0.00499999999999 is below the half cent; rounded to fewer digits first it would reach it.
    rates = Money(rates={"AAA": 0.4999999999})
    assert minor_of(spark, [(1, Decimal("0.01"), "AAA"), (7, Decimal("0.01"), "AAA")], rates) == [0, 3]


def test_values_are_those_of_exact_decimal_arithmetic(spark):
    rng = random.Random(7)
    rows = [
        (rng.randint(1, 10 ** rng.randint(1, 6)), Decimal(rng.randint(1, 10 ** rng.randint(1, 7))) / 100, currency)
        for currency in ("USD", *RATES.rates)
        for _ in range(200)
    ]
    exact = {"USD": Decimal(1), **{c: Decimal(repr(r)) for c, r in RATES.rates.items()}}
    expected = [int((q * p * exact[c] * 100).quantize(Decimal(1), ROUND_HALF_UP)) for q, p, c in rows]
    assert minor_of(spark, rows) == [e if e <= money.LARGEST_MINOR else None for e in expected]


@pytest.mark.parametrize(("ratio", "bands"), [(2.0, 14), (1.5, 5), (10.0, 1)])
def test_a_band_begins_at_its_edge_exactly(spark, ratio, bands):
    edges = [Decimal(repr(round(ratio**i, 6))) for i in range(bands - 1)]
    whole = [(e, i + 1) for i, e in enumerate(edges) if e == e.quantize(Decimal("0.01"))]
    prices = [(p, band, "USD") for e, band in whole for p, band in ((e, band), (e - Decimal("0.01"), band - 1))]
    prices += [(Decimal(0), 0, "USD"), (Decimal("9999999999999999.99"), bands - 1, "USD")]
    prices += [(None, -1, "USD"), (Decimal(1), -1, "XYZ"), (Decimal(1), -1, None)]
    frame = spark.createDataFrame([(p, c) for p, _, c in prices], "price decimal(18,2), currency string")
    band = money.price_band(F.col("price"), money.rate(F.col("currency"), RATES), Strata(band_ratio=ratio, bands=bands))
    assert [r[0] for r in frame.select(band).collect()] == [band for _, band, _ in prices]


def test_a_price_is_banded_in_the_reporting_currency(spark):
    frame = spark.createDataFrame([(Decimal("0.92"),), (Decimal("0.93"),), (Decimal("1.85"),)], "price decimal(18,2)")
    band = money.price_band(F.col("price"), money.rate(F.lit("EUR"), RATES), Strata())
    assert [r[0] for r in frame.select(band).collect()] == [0, 1, 1]


def test_a_rate_too_large_to_multiply_exactly_counts_as_none(spark):
    rates = Money(reporting_currency="VND", rates={"USD": 25_000.0, "XXX": 10_000_000.0})
    assert minor_of(spark, [(1, Decimal("1.00"), "USD"), (1, Decimal("1.00"), "XXX")], rates) == [2_500_000, None]


def test_the_rate_of_a_day_is_the_latest_on_or_before_it():
    monday = date(2026, 11, 16)
    days = [monday + timedelta(i) for i in range(5)]
    said = [
        ("EUR", days[3], 1.2),
        ("EUR", days[1], 1.1),
        ("VND", monday - timedelta(900), 3.9e-05),
        ("USD", monday, 7.0),
    ]
    assert money.daily_rates(said, days, RATES) == [
        ("EUR", days[1], Decimal("1.1")),
        ("EUR", days[2], Decimal("1.1")),
        ("EUR", days[3], Decimal("1.2")),
        ("EUR", days[4], Decimal("1.2")),
        *(("VND", day, Decimal("0.000039")) for day in days),
    ]
    assert money.daily_rates([], days, RATES) == []
    assert money.daily_rates(reversed(said), days, RATES) == money.daily_rates(said, days, RATES)
