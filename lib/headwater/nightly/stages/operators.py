"""Places and feeds -> links, hubs and operators; of the graph only the edges that may tie, by the engine that they ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyspark.sql.functions as F
from pyspark.sql import DataFrame

from headwater.exposure.orders import in_window
from headwater.graph.engines import operators_told
from headwater.graph.facts import facts
from headwater.graph.links import IDENTITY_TYPES, candidates, counted_links, links, own_values, with_contacts
from headwater.graph.operators import ABOUT
from headwater.graph.said import SAID_OF_VERDICTS, Said, said
from headwater.graph.shared_places import hubs, shared_places
from headwater.graph.shops import all_shops
from headwater.nightly.ids import carry_ids
from headwater.nightly.verdicts import verdicts_in_force
from headwater.registry.kinds import OPERATOR
from headwater.tables.model import (
    COMPLAINT_EXPOSURE,
    CONTRADICTIONS,
    HUBS,
    LINKS,
    MEMBERS,
    OPERATORS_FOUND,
    ORDER_EXPOSURE,
    PLACES,
    SUPPLIERS,
)

if TYPE_CHECKING:
    from headwater.nightly.run import Run

SCRATCH = "_scratch/operators"  # below the lake, for as long as the edges are on the executors


def operators(run: Run, addresses: DataFrame, values: DataFrame, listed: DataFrame) -> None:
    """ADDRESSES (current), SHOP_VALUES, REVIEWED, PLACES, SUPPLIERS -> LINKS, HUBS, MEMBERS, OPERATORS_FOUND, CONTRADICTIONS."""
    lake, night, config = run.lake, run.night, run.config
    orders = in_window(run.ledger(ORDER_EXPOSURE), night, config.night.window_days)
    place_rows = lake.read(PLACES, night)
    supplier_links = run.current("supplier_links")
    sellers = run.current("sellers")
    shops = all_shops(orders, lake.read(COMPLAINT_EXPOSURE, night), sellers, place_rows, supplier_links).toArrow()
    companies = lake.read(SUPPLIERS, night)
    found_facts = facts(values, place_rows, companies, addresses, supplier_links, orders, config.links)
    counted = counted_links(found_facts, shops.num_rows, config.links).persist()
    reviewed = with_contacts(listed, counted)
    shops = shops.join(own_values(counted).toArrow(), "seller_id", join_type="left outer")

    with operators_told(
        candidates(counted),
        shops.select(ABOUT),
        _said(run, reviewed),
        config.hubs,
        config.operators,
        config.graph,
        f"{lake.root}/{SCRATCH}",
    ) as found:
        rows = found.members.join(shops, "seller_id", join_type="inner")
        ids = _ids(run, rows)
        run.write(LINKS, links(counted, found.hubs, found.edges, night))
        run.put(MEMBERS, _tonight(run, rows.join(ids, "group", join_type="inner")))
        shown = counted.groupBy("type", "value").agg(F.min("shown").alias("shown"))
        wide = shared_places(counted, lake.read(MEMBERS, night), place_rows, reviewed, config.hubs)
        run.gather(HUBS, hubs(found.hubs, wide, shown, night))
        run.put(OPERATORS_FOUND, _tonight(run, found.shapes.join(ids, "group", join_type="inner")))
        contradictions = [(night, *(row[c] for c in CONTRADICTIONS.column_names[1:])) for row in found.contradictions]
        run.put(CONTRADICTIONS, contradictions)
    run.engine = found.engine
    counted.unpersist()


def _tonight(run: Run, rows: pa.Table) -> pa.Table:
    return rows.append_column("night", pa.repeat(pa.scalar(run.night, pa.date32()), rows.num_rows))


def _said(run: Run, reviewed: DataFrame) -> Said:
    """What people said, as far as it is in force on the night: verdicts on pairs and values, and the reviewed hubs."""
    verdicts = verdicts_in_force(run).select(*SAID_OF_VERDICTS).toArrow().to_pylist()
    return said(verdicts, reviewed.where(F.col("type").isin(*IDENTITY_TYPES)).toArrow().to_pylist())


def _ids(run: Run, members: pa.Table) -> pa.Table:
    """(group, operator_id): the ids of the night before, carried by shops, each weighed by one and its orders."""
    groups = members.select(["group", "seller_id", "orders"]).to_pandas().rename(columns={"seller_id": "member"})
    carried = carry_ids(run, OPERATOR, groups.assign(weight=groups["orders"] + 1)).rename(columns={"id": "operator_id"})
    ids = groups.merge(carried, on="member", how="inner")[["group", "operator_id"]].drop_duplicates()
    return pa.table({name: pa.array(ids[name], pa.string()) for name in ids})
