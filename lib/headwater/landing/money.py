"""Amounts in the reporting currency, in integers and decimals only, so that sums are exact and bands do not wobble.

An order line is worth its amount at the rate of its day: the feed's latest on or before it, else that of `money.rates`."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date
from decimal import Decimal
from functools import reduce
from operator import add

import pyspark.sql.functions as F
from pyspark.sql import Column

from headwater.parameters.attribution import Strata
from headwater.parameters.landing import Money

# 10 billion of the reporting currency for one order line is a typing error; it would drown every sum.
LARGEST_MINOR = 10**12
RATE = "decimal(17,10)"


def daily_rates(
    said: Iterable[tuple[str, date, float]], days: Collection[date], money: Money
) -> list[tuple[str, date, Decimal]]:
    """What the feed says (currency, day, rate; a currency and day once) -> the rate of each currency on each of `days`: its
    latest on or before it. None of the reporting currency, which is 1, and none of what has no rate yet."""
    walks: dict[str, list[tuple[date, Decimal]]] = defaultdict(list)
    for currency, day, worth in sorted(said):
        if currency != money.reporting_currency:
            walks[currency].append((day, Decimal(repr(worth))))
    rates = []
    for currency, walk in walks.items():
        starts = [start for start, _ in walk]
        for day in sorted(days):
            at = bisect_right(starts, day)
            if at:
                rates.append((currency, day, walk[at - 1][1]))
    return rates


def rate(currency: Column, money: Money) -> Column:
    """Reporting currency per unit of `currency` by the configuration, as decimal(17,10); null without a rate."""
    rates = {**money.rates, money.reporting_currency: 1.0}
    pairs = [F.lit(part) for c, r in sorted(rates.items()) for part in (c, Decimal(repr(r)))]
    table = F.create_map(*[p if i % 2 == 0 else p.try_cast(RATE) for i, p in enumerate(pairs)])
    return F.try_element_at(table, currency)


def value_minor(quantity: Column, unit_price: Column, rate: Column) -> Column:
    """quantity x unit price in 1/100 of the reporting currency, rounded half up; null without price or rate, or beyond belief."""
    # Types whose product still fits decimal(38) whole: beyond that Spark rounds in between, and half up would be rounded twice.
    amount = F.try_multiply(unit_price, quantity.try_cast("decimal(9,0)")).try_cast("decimal(20,2)")
    minor = (F.round(amount * rate, 2) * 100).try_cast("bigint")
    return F.when(minor <= LARGEST_MINOR, minor)


def price_band(unit_price: Column, rate: Column, strata: Strata) -> Column:
    """The fixed logarithmic band of the unit price: 0 below 1, then by `strata.band_ratio`; -1 without price or rate."""
    price = unit_price * rate
    edges = [Decimal(repr(round(strata.band_ratio**i, 6))) for i in range(strata.bands - 1)]
    above = reduce(add, [(price >= F.lit(edge)).cast("int") for edge in edges], F.lit(0))
    return F.when(price.isNotNull(), above).otherwise(-1).cast("int")
