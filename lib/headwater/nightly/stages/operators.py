"""Places and feeds -> links, hubs and operators; the graph comes to the driver as Arrow, and only its edges that may tie."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyspark.sql.functions as F
from pyspark.sql import DataFrame

from headwater.exposure.orders import in_window, latest
from headwater.graph import tell
from headwater.graph.facts import facts
from headwater.graph.links import candidates, counted_links, links
from headwater.graph.operators import find_operators
from headwater.graph.said import Said
from headwater.graph.shared_places import hubs, shared_places
from headwater.graph.shops import all_shops
from headwater.tables.clean import CLEAN_SELLERS, CLEAN_SUPPLIER_LINKS
from headwater.tables.model import (
    COMPLAINT_EXPOSURE,
    CONTRADICTIONS,
    HUBS,
    LINKS,
    MEMBERS,
    OPERATORS_FOUND,
    ORDER_EXPOSURE,
    PLACES,
)

if TYPE_CHECKING:
    from headwater.nightly.run import Run


def operators(run: Run, addresses: DataFrame, values: DataFrame) -> None:
    """ADDRESSES (current), SHOP_VALUES, PLACES -> LINKS, HUBS, MEMBERS, OPERATORS_FOUND, CONTRADICTIONS."""
    lake, night, config = run.lake, run.night, run.config
    orders = in_window(run.up_to_now(ORDER_EXPOSURE), night, config.night.window_days)
    place_rows = lake.read(PLACES, night)
    supplier_links = latest(run.up_to_now(CLEAN_SUPPLIER_LINKS), "seller_id", "supplier_id", "kind")
    sellers = latest(run.up_to_now(CLEAN_SELLERS), "seller_id")
    shops = all_shops(orders, lake.read(COMPLAINT_EXPOSURE, night), sellers, place_rows, supplier_links).persist()
    found_facts = facts(values, place_rows, addresses, supplier_links, orders, config.links)
    counted = counted_links(found_facts, shops.count(), config.links).persist()

    found = find_operators(
        candidates(counted).toArrow(),
        shops.select("seller_id", "country", "category").toArrow(),
        Said(),
        config.hubs,
        config.operators,
    )
    ids = _ids(run, tell.members(found))
    judged, edges = _frame(run, tell.hubs(found)), _frame(run, tell.edges(found))
    run.write(LINKS, links(counted, judged, edges, night))
    members = run.write(MEMBERS, _members(run, ids, tell.members(found), shops))
    shown = counted.groupBy("type", "value").agg(F.min("shown").alias("shown"))
    run.write(HUBS, hubs(judged, shared_places(counted, members, place_rows, config.hubs), shown, night))
    shapes = _frame(run, tell.shapes(found)).join(ids, on="group", how="inner")
    run.write(OPERATORS_FOUND, OPERATORS_FOUND.conform(shapes.withColumn("night", F.lit(night))))
    rows = [(night, *(row[c] for c in CONTRADICTIONS.column_names[1:])) for row in found.contradictions]
    run.write(CONTRADICTIONS, lake.spark.createDataFrame(rows, CONTRADICTIONS.schema()))
    for frame in (shops, counted):
        frame.unpersist()


def _frame(run: Run, table: pa.Table) -> DataFrame:
    return run.lake.spark.createDataFrame(table)


def _ids(run: Run, members: pa.Table) -> DataFrame:
    """(group, operator_id)."""
    groups = _frame(run, members).select("group").distinct()
    return groups.withColumn("operator_id", F.concat(F.lit("O"), F.substring(F.sha2("group", 256), 1, 16)))


def _members(run: Run, ids: DataFrame, members: pa.Table, shops: DataFrame) -> DataFrame:
    rows = _frame(run, members).join(ids, on="group", how="inner").join(shops, on="seller_id", how="inner")
    return MEMBERS.conform(rows.withColumn("night", F.lit(run.night)))
