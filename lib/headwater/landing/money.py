"""Amounts in the reporting currency, in integers and decimals only, so that sums are exact and bands do not wobble."""

from __future__ import annotations

from decimal import Decimal
from functools import reduce
from operator import add

import pyspark.sql.functions as F
from pyspark.sql import Column

from headwater.parameters.attribution import Strata
from headwater.parameters.landing import Money

# 10 billion of the reporting currency for one order line is a typing error; it would drown every sum.
LARGEST_MINOR = 10**12


def rate(currency: Column, money: Money) -> Column:
    """Reporting currency per unit of `currency` as decimal(17,10), null without a rate."""
    rates = {**money.rates, money.reporting_currency: 1.0}
    pairs = [F.lit(part) for c, r in sorted(rates.items()) for part in (c, Decimal(repr(r)))]
    table = F.create_map(*[p if i % 2 == 0 else p.try_cast("decimal(17,10)") for i, p in enumerate(pairs)])
    return F.try_element_at(table, currency)


def value_minor(quantity: Column, unit_price: Column, currency: Column, money: Money) -> Column:
    """quantity x unit price in 1/100 of the reporting currency, rounded half up; null without price or rate, or beyond belief."""
    # Types whose product still fits decimal(38) whole: beyond that Spark rounds in between, and half up would be rounded twice.
    amount = F.try_multiply(unit_price, quantity.try_cast("decimal(9,0)")).try_cast("decimal(20,2)")
    minor = (F.round(amount * rate(currency, money), 2) * 100).try_cast("bigint")
    return F.when(minor <= LARGEST_MINOR, minor)


def price_band(unit_price: Column, currency: Column, money: Money, strata: Strata) -> Column:
    """The fixed logarithmic band of the unit price: 0 below 1, then by `strata.band_ratio`; -1 without price or rate."""
    price = unit_price * rate(currency, money)
    edges = [Decimal(repr(round(strata.band_ratio**i, 6))) for i in range(strata.bands - 1)]
    above = reduce(add, [(price >= F.lit(edge)).cast("int") for edge in edges], F.lit(0))
    return F.when(price.isNotNull(), above).otherwise(-1).cast("int")
