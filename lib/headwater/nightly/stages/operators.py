"""Places and feeds -> links, hubs and operators; of the graph only the edges that may tie, by the engine that they ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyspark.sql.functions as F
from pyspark.sql import DataFrame

from headwater.exposure.orders import in_window
from headwater.graph.engines import operators_told
from headwater.graph.facts import facts
from headwater.graph.links import IDENTITY_TYPES, candidates, counted_links, linking_most, links, meant, own_values
from headwater.graph.operators import ABOUT
from headwater.graph.said import Said, disputed, in_order, said, unknown_values, values_said
from headwater.graph.shared_places import hubs, shared_places
from headwater.graph.shops import all_shops
from headwater.nightly.ids import carry_ids
from headwater.nightly.verdicts import verdicts_in_force
from headwater.places.rules import load_rules
from headwater.registry.kinds import OPERATOR
from headwater.report.who import far_linked
from headwater.tables.clean import CLEAN_ORDERS
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
    VERDICT_CONFLICTS,
)

if TYPE_CHECKING:
    from headwater.nightly.run import Run

SHOWN = 3  # of the largest operators, told while the night runs
ASKED = ("type", "value", "word", "what", "verdict_id")  # of values that people speak of
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
    lines = in_window(run.up_to_now(CLEAN_ORDERS), night, config.night.window_days)
    found_facts = facts(values, place_rows, companies, addresses, supplier_links, orders, lines, config.links)
    counted = counted_links(found_facts, shops.num_rows, config.links).persist()
    people = _people(run, listed, counted)
    shops = shops.join(own_values(counted).toArrow(), "seller_id", join_type="left outer")

    with operators_told(
        candidates(counted),
        shops.select(ABOUT),
        people.said,
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
        wide = shared_places(counted, lake.read(MEMBERS, night), place_rows, people.reviewed, config.hubs)
        run.gather(HUBS, hubs(found.hubs, wide, shown, night))
        operators_found = found.shapes.join(ids, "group", join_type="inner")
        run.put(OPERATORS_FOUND, _tonight(run, operators_found))
        run.notes += far_linked(operators_found, linking_most(found.edges, SHOWN), SHOWN)
        told = in_order([*found.contradictions, *people.contradictions])
        run.put(CONTRADICTIONS, [(night, *(row[c] for c in CONTRADICTIONS.column_names[1:])) for row in told])
    run.engine = found.engine
    counted.unpersist()


def _tonight(run: Run, rows: pa.Table) -> pa.Table:
    return rows.append_column("night", pa.repeat(pa.scalar(run.night, pa.date32()), rows.num_rows))


@dataclass(frozen=True)
class People:
    """What people said, as far as it is in force on the night; the values that they call hubs (type, value, what), one row each; and
    what of it cannot hold, whatever the graph is."""

    said: Said
    reviewed: DataFrame
    contradictions: list[dict[str, str]]


def _people(run: Run, listed: DataFrame, counted: DataFrame) -> People:
    """The verdicts in force, REVIEWED (type, value, what), counted links -> what people said."""
    verdicts = verdicts_in_force(run)
    of_values = values_said(verdicts, load_rules(run.config.places.words), run.config.places)
    asked = [*({**row, "word": "hub"} for row in listed.toArrow().to_pylist()), *of_values]
    told: list[dict[str, str]] = []
    if asked:
        rows = run.lake.spark.createDataFrame([tuple(map(row.get, ASKED)) for row in asked], _strings(ASKED))
        told = meant(rows, counted).toArrow().to_pylist()
    cleared = {(row["type"], row["value"]) for row in told if row["word"] == "cleared"}
    hubs = {(row["type"], row["value"], row["what"]) for row in told if row["word"] == "hub"}
    reviewed = [row for row in hubs if row[:2] not in cleared]
    conflicts = run.lake.rows(VERDICT_CONFLICTS, run.night).to_pylist()
    return People(
        said(verdicts, [row for row in told if row["type"] in IDENTITY_TYPES]),
        run.lake.spark.createDataFrame(reviewed, _strings(("type", "value", "what"))),
        [*unknown_values(of_values, {row["verdict_id"] for row in told}), *disputed(conflicts)],
    )


def _strings(names: tuple[str, ...]) -> str:
    return ", ".join(f"{name} string" for name in names)


def _ids(run: Run, members: pa.Table) -> pa.Table:
    """(group, operator_id): the ids of the night before, carried by shops, each weighed by one and its orders."""
    groups = members.select(["group", "seller_id", "orders"]).to_pandas().rename(columns={"seller_id": "member"})
    carried = carry_ids(run, OPERATOR, groups.assign(weight=groups["orders"] + 1)).rename(columns={"id": "operator_id"})
    ids = groups.merge(carried, on="member", how="inner")[["group", "operator_id"]].drop_duplicates()
    return pa.table({name: pa.array(ids[name], pa.string()) for name in ids})
