"""Shops by empirical Bayes: EBGM detects, EB05 accuses (docs/model.md, step 2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date

import numpy as np
import pyarrow as pa
import pyspark.sql.functions as F
from pyspark.sql import DataFrame, Window

from headwater.attribution import gamma_poisson
from headwater.attribution.expected import PICO
from headwater.parameters.attribution import Shrinkage
from headwater.tables.published import SHOPS


def shop_counts(cells: DataFrame, complaint_exposure: DataFrame) -> DataFrame:
    """CELL_EXPECTED x COMPLAINT_EXPOSURE -> one row a shop: orders, value_minor, complaints, observed, expected."""
    orders = cells.groupBy("seller_id").agg(
        F.sum("orders").alias("orders"),
        F.sum("value_minor").alias("value_minor"),
        F.sum("expected_pico").alias("expected_pico"),
    )
    complaints = complaint_exposure.groupBy("seller_id").agg(
        F.sum("complaints").alias("complaints"), F.sum("weight_milli").alias("weight_milli")
    )
    both = orders.join(complaints, on="seller_id", how="full").fillna(
        0, subset=["orders", "value_minor", "expected_pico", "complaints", "weight_milli"]
    )
    return both.select(
        "seller_id",
        "orders",
        "value_minor",
        "complaints",
        (F.col("weight_milli") / 1000).alias("observed"),
        (F.col("expected_pico") / PICO).alias("expected"),
    )


def squashed(subjects: DataFrame, params: Shrinkage) -> DataFrame:
    """Subjects with `observed`, `expected` -> cells of equal observed and nearly equal expected: observed, expected, count.

    Small enough for one process however many subjects there are; sums of expected are integers."""
    bin_ = F.when(F.col("expected") > 0, F.floor(F.log("expected") / params.squash_width)).otherwise(F.lit(-(10**6)))
    pico = F.round(F.col("expected") * PICO).cast("bigint")
    sums = subjects.groupBy(F.round("observed", 3).alias("observed"), bin_.alias("bin")).agg(
        F.count(F.lit(1)).alias("count"), F.sum(pico).alias("pico")
    )
    return sums.select("observed", (F.col("pico") / F.col("count") / PICO).alias("expected"), "count").orderBy(
        "observed", "expected", "count"
    )


def fit_mixture(subjects: DataFrame, params: Shrinkage) -> gamma_poisson.Mixture:
    """The mixture of two Gammas of all subjects, by maximum likelihood on squashed cells; collects the cells to the driver."""
    cells = squashed(subjects, params).toArrow()
    if cells.num_rows == 0:
        none = np.zeros(0)
        return gamma_poisson.fit(none, none, none, params)
    columns = [cells.column(c).to_numpy().astype(float) for c in ("observed", "expected", "count")]
    return gamma_poisson.fit(columns[0], columns[1], columns[2], params)


def with_lift(
    subjects: DataFrame, mixture: gamma_poisson.Mixture, quantile: float, names: tuple[str, str]
) -> DataFrame:
    """Subjects with `observed`, `expected` -> the same with EBGM and its lower quantile in two further columns, to 1e-9."""
    high, low = names
    parts = asdict(mixture)

    def score(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        prior = gamma_poisson.Mixture(**parts)
        for batch in batches:
            y = batch.column("observed").to_numpy(zero_copy_only=False)
            e = batch.column("expected").to_numpy(zero_copy_only=False)
            # Equal pairs are frequent (no complaint, few orders): each is computed once.
            pairs, back = np.unique(np.column_stack([y, e]), axis=0, return_inverse=True)
            middle = gamma_poisson.ebgm(prior, pairs[:, 0], pairs[:, 1])
            lower = gamma_poisson.quantile(prior, pairs[:, 0], pairs[:, 1], quantile)
            yield batch.append_column(high, pa.array(np.round(middle, 9)[back])).append_column(
                low, pa.array(np.round(lower, 9)[back])
            )

    schema = ", ".join(f"`{f.name}` {f.dataType.simpleString()}" for f in subjects.schema.fields)
    return subjects.mapInArrow(score, f"{schema}, {high} double, {low} double")


def shops(lifted: DataFrame, of_shops: DataFrame, night: date) -> DataFrame:
    """Shops with lift and `operator_id`, and (seller_id, probability, main_source_id) from the sources -> SHOPS."""
    rows = lifted.join(of_shops, on="seller_id", how="left")
    order = Window.orderBy(F.desc("eb05"), F.desc("observed"), "seller_id")
    return SHOPS.conform(
        rows.withColumns(
            {
                "night": F.lit(night),
                "value": (F.col("value_minor") / 100).cast("decimal(18,2)"),
                "rank": F.row_number().over(order).cast("bigint"),
            }
        )
    )
