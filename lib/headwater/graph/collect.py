"""Rows that come to the driver, in slices that Spark lets through."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

# Rows a result: Spark refuses results above spark.driver.maxResultSize (1 GiB unless it is set), 500 bytes a row.
SLICE = 2_000_000


def collected(rows: DataFrame, count: int) -> pa.Table:
    """All of the rows, `count` of them, as one Arrow table, in no order. They are read once a slice, so they should be stored."""
    import pyspark.sql.functions as F

    slices = 1 + count // SLICE
    if slices == 1:
        return rows.toArrow()
    piece = F.pmod(F.xxhash64(*rows.columns), F.lit(slices))
    return pa.concat_tables(rows.where(piece == i).toArrow() for i in range(slices))
