"""What was to be expected: capped, shrunk rates of strata and the expected complaints of every cell (docs/model.md, step 1).

All sums are integers (millionths of an order, billionths and trillionths of a complaint), so that no order of summing matters."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyspark.sql.functions as F
from pyspark.sql import Column, DataFrame

from headwater.exposure.orders import in_window
from headwater.parameters.attribution import Strata
from headwater.tables.model import CELL

LEVELS = ("category", "price_band", "destination", "month")
MICRO, NANO, PICO = 10**6, 10**9, 10**12
CELL_NAMES = tuple(c.name for c in CELL)
THIRDS = (0, 1, 2)  # of the window, the oldest first: what a trend is read from
SUMS = ("orders", "value_minor", "unpriced", "refunded")


def month_of(day: Column) -> Column:
    return F.date_format(day, "yyyy-MM")


def window(order_exposure: DataFrame, filed_share: np.ndarray, night: date, window_days: int) -> DataFrame:
    """ORDER_EXPOSURE up to the night -> one row a cell, stratum and month of the window.

    Adds `ripe_micro`: orders by the share of their complaints that can have been filed by now (`filed_share`[age]), so that
    young orders do not pass for good ones; `orders_T`, `ripe_micro_T` of each third of the window, 0 the oldest; `first_day`,
    `last_day` of its orders."""
    shares = F.array(*[F.lit(round(float(s) * MICRO)) for s in filed_share[:window_days]])
    share = F.element_at(shares, F.date_diff(F.lit(night), F.col("day")) + 1)
    rows = in_window(order_exposure, night, window_days).withColumn("month", month_of(F.col("day")))
    third = third_of(F.col("day"), night, window_days)
    ripe = F.col("orders") * share
    return rows.groupBy(*CELL_NAMES, *LEVELS).agg(
        *[F.sum(name).alias(name) for name in SUMS],
        F.sum(ripe).alias("ripe_micro"),
        *[F.sum(F.when(third == t, F.col("orders")).otherwise(0)).alias(f"orders_{t}") for t in THIRDS],
        *[F.sum(F.when(third == t, ripe).otherwise(0)).alias(f"ripe_micro_{t}") for t in THIRDS],
        F.min("day").alias("first_day"),
        F.max("day").alias("last_day"),
    )


def third_of(day: Column, night: date, window_days: int) -> Column:
    """Which third of the window a day lies in: 0 the oldest, 2 the newest."""
    age = F.date_diff(F.lit(night), day)
    return F.lit(2) - F.floor(age * 3 / window_days).cast("int")


def stratum_sums(cells: DataFrame, complaint_exposure: DataFrame, params: Strata) -> DataFrame:
    """WINDOW x COMPLAINT_EXPOSURE -> one row a stratum and each level above it: (level, *LEVELS null above the level, `total`
    orders, `kept` orders under the cap of a seller, both in millionths, `y_nano` complaints under the cap)."""
    orders = cells.groupBy("seller_id", *LEVELS).agg(F.sum("ripe_micro").alias("n"))
    complaints = complaint_exposure.withColumn("month", month_of(F.col("day")))
    complaints = complaints.groupBy("seller_id", *LEVELS).agg(F.sum("weight_milli").alias("y"))
    # A stratum with complaints has orders: each complaint was placed on one.
    both = orders.join(complaints, on=["seller_id", *LEVELS], how="left").fillna(0, subset=["y"]).where("n > 0")
    # A row for each level: its columns down to the level, null below.
    above = [
        F.struct(
            F.lit(depth).alias("level"),
            *[(F.col(c) if i < depth else _nothing(c)).alias(c) for i, c in enumerate(LEVELS)],
        )
        for depth in range(len(LEVELS) + 1)
    ]
    stratum = ["level", *LEVELS]
    sellers = both.select("seller_id", "n", "y", F.inline(F.array(*above)))
    sellers = sellers.groupBy(*stratum, "seller_id").agg(F.sum("n").alias("n"), F.sum("y").alias("y"))
    totals = sellers.groupBy(*stratum).agg(F.sum("n").alias("total"))
    same = F.lit(True)
    for c in stratum:
        same &= F.col(f"s.{c}").eqNullSafe(F.col(f"t.{c}"))
    joined = sellers.alias("s").join(F.broadcast(totals.alias("t")), on=same, how="inner").select("s.*", "t.total")
    kept = F.least(F.col("n"), F.floor(F.col("total") * params.seller_cap).cast("bigint"))
    nano = F.round(kept / F.col("n") * F.col("y") * MICRO).cast("bigint")
    sums = [F.first("total").alias("total"), F.sum(kept).alias("kept"), F.sum(nano).alias("y_nano")]
    return joined.groupBy(*stratum).agg(*sums)


def _nothing(level: str) -> Column:
    return F.lit(None).cast("int" if level == "price_band" else "string")


def shrunk_rates(sums: pd.DataFrame, params: Strata) -> pd.DataFrame:
    """Rows of `stratum_sums` -> the same with `rate`, sorted by level and stratum; every level above is complete.

    rate = sum over sellers of (capped orders / orders) x (the seller's own rate) + (weight the cap took) x parent, then shrunk to
    the parent by `pseudo_orders`. The root has no parent that knows this marketplace: what the cap takes there goes to its other
    sellers, and it is shrunk to `root_rate`."""
    done: list[pd.DataFrame] = []
    for depth in range(len(LEVELS) + 1):
        level = sums[sums["level"] == depth].sort_values(list(LEVELS[:depth]) or ["level"], kind="stable")
        if depth == 0:
            level = level.assign(parent=params.root_rate)
        else:
            parents = done[-1][[*LEVELS[: depth - 1], "rate"]].rename(columns={"rate": "parent"})
            how: Any = {"on": list(LEVELS[: depth - 1]), "how": "left"} if depth > 1 else {"how": "cross"}
            level = level.merge(parents, **how)
        orders, kept = level["total"] / MICRO, level["kept"] / level["total"]
        own = level["y_nano"] / NANO / orders
        own = own + (1 - kept) * level["parent"] if depth else own / kept
        rate = (orders * own + params.pseudo_orders * level["parent"]) / (orders + params.pseudo_orders)
        done.append(level.assign(rate=rate.round(15)).drop(columns="parent"))
    return pd.concat(done, ignore_index=True)


def stratum_rates(cells: DataFrame, complaint_exposure: DataFrame, params: Strata) -> pd.DataFrame:
    """WINDOW x COMPLAINT_EXPOSURE -> RATES without the night; collects one row a stratum to the driver, where the tree is walked."""
    rates = shrunk_rates(stratum_sums(cells, complaint_exposure, params).toPandas(), params)
    rates["orders"] = (rates["total"] / MICRO).round().astype("int64")
    return rates.astype({"level": "int32", "price_band": "Int32"})[["level", *LEVELS, "orders", "rate"]]


def cell_expected(cells: DataFrame, rates: DataFrame) -> DataFrame:
    """WINDOW x RATES -> one row a (shop, dispatch address, supplier): `expected_pico`, orders, value, refunds,
    days, and orders and expected of each third; exact integers."""
    finest = rates.where(F.col("level") == len(LEVELS)).select(*LEVELS, "rate")
    priced = cells.join(F.broadcast(finest), on=list(LEVELS), how="left")
    rate = F.coalesce("rate", F.lit(0.0))

    def pico(ripe_micro: str) -> Column:
        return F.sum(F.round(F.col(ripe_micro) * rate * (PICO // MICRO)).cast("bigint"))

    return priced.groupBy(*CELL_NAMES).agg(
        *[F.sum(name).alias(name) for name in SUMS],
        pico("ripe_micro").alias("expected_pico"),
        *[F.sum(f"orders_{t}").alias(f"orders_{t}") for t in THIRDS],
        *[pico(f"ripe_micro_{t}").alias(f"expected_pico_{t}") for t in THIRDS],
        F.min("first_day").alias("first_day"),
        F.max("last_day").alias("last_day"),
    )
