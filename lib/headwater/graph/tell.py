"""What was found on arrays, as rows of the night's tables: members, shapes, hubs, edges that tie, contradictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headwater.graph.bipartite import KINDS, NUMBER, Bools, Ints, distinct_count
from headwater.graph.operators import Found

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

KIND_NAMES = pa.array([kind.name for kind in KINDS])
_COUNTS = ("shops", "parties", "countries", "categories", "payees", "demoted", "would_join")
HUB_ROWS = pa.schema(
    [
        (name, pa.int64() if name in _COUNTS else pa.string())
        for name in ("type", "value", "kind", *_COUNTS[:5], "decided_by", "reason", *_COUNTS[5:])
    ]
)


@dataclass(frozen=True)
class Told:
    """Operators as rows: what there is of every shop in this process, what there may be of every edge as frames."""

    members: pa.Table
    shapes: pa.Table
    hubs: DataFrame
    edges: DataFrame
    contradictions: list[dict[str, str]]
    engine: str  # in_process | distributed


def frame(spark: SparkSession, table: pa.Table) -> DataFrame:
    """An Arrow table as a frame, an empty one too."""
    from pyspark.sql.pandas.types import from_arrow_schema

    if table.num_rows == 0:  # no batch tells the JVM a schema
        return spark.createDataFrame([], from_arrow_schema(table.schema))
    return spark.createDataFrame(table)


def members(found: Found) -> pa.Table:
    """(seller_id, group, core), one row a shop; `group` is the id of the operator's first shop."""
    alone = np.bincount(found.label, minlength=found.graph.shops)[found.label] == 1
    return pa.table(
        {
            "seller_id": found.graph.sellers.cast(pa.string()),
            "group": found.graph.sellers.take(pa.array(found.label)).cast(pa.string()),
            "core": pa.array(found.core | alone),
        }
    )


def shapes(found: Found) -> pa.Table:
    """(group, shops, weakest_link, weakest_value, bridges, bridge_value, bridge_shops, density, oversize), one row an operator."""
    graph, form = found.graph, found.shape
    labels, size = np.unique(found.label, return_counts=True)
    at = np.searchsorted(labels, form.label)
    none = np.ones(len(labels), bool)
    none[at] = False

    def spread(values: Any, empty: Any, mask: Bools | None = None) -> pa.Array:
        column = np.full(len(labels), empty)
        column[at] = values
        return pa.array(column, mask=mask)

    weakest, bridge = np.full(len(labels), -1), np.full(len(labels), -1)
    weakest[at], bridge[at] = form.weakest_value, form.bridge_value
    return pa.table(
        {
            "group": graph.sellers.take(pa.array(labels)).cast(pa.string()),
            "shops": pa.array(size.astype(np.int64)),
            "weakest_link": spread(form.weakest, 0.0, none),
            "weakest_value": _named(found, weakest),
            "bridges": spread(form.bridges, 0),
            "bridge_value": _named(found, bridge),
            "bridge_shops": spread(form.bridge_shops, 0),
            "density": spread(form.density, 0.0, none),
            "oversize": pa.array(found.cut[labels]),
        }
    )


def _named(found: Found, value: Ints) -> pa.Array:
    """'type value' of each number, null for -1."""
    index = pa.array(value, mask=value < 0)
    kind = KIND_NAMES.take(pa.array(np.r_[found.graph.kind, 0][value], mask=value < 0))
    return pc.binary_join_element_wise(kind, found.graph.values.take(index).cast(pa.string()), " ")


def hubs(found: Found) -> pa.Table:
    """`hub_rows` of the values that were judged to be hubs."""
    graph, spread = found.graph, found.spread
    rows = np.flatnonzero(spread.hub)
    of_hub = spread.hub[graph.value]
    joins = distinct_count(graph.value[of_hub], found.label[graph.shop[of_hub]], len(graph.kind))
    columns = ("shops", "parties", "countries", "categories", "payees", "placeholder")
    judged = {
        "type": KIND_NAMES.take(pa.array(graph.kind[rows])),
        "value": graph.values.take(pa.array(rows)).cast(pa.string()),
        **{name: pa.array(getattr(spread, name)[rows]) for name in columns},
        "decided_by": pa.array(spread.decided_by[rows].astype(object), pa.string()),
        "would_join": pa.array(joins[rows]),
    }
    return hub_rows(pa.table(judged), found.said.whose)


def hub_rows(judged: pa.Table, whose: Mapping[tuple[str, str], str]) -> pa.Table:
    """Hubs (type, value, shops, parties, countries, categories, payees, placeholder, decided_by, would_join) -> HUB_ROWS, with what
    kind of hub each is, as a person said or as its type makes likely, and the reason in a sentence."""
    rows = judged.to_pylist()
    kinds = [
        whose.get((row["type"], row["value"])) or ("placeholder" if row["placeholder"] else _HUB_KIND[row["type"]])
        for row in rows
    ]
    more = {
        "kind": pa.array(kinds, pa.string()),
        "reason": pa.array([_reason(row) for row in rows], pa.string()),
        "demoted": judged["shops"],
    }
    return pa.table({name: more[name] if name in more else judged[name] for name in HUB_ROWS.names}).cast(HUB_ROWS)


def _reason(hub: dict[str, Any]) -> str:
    if hub["decided_by"] == "review":
        return f"a person says that it is a hub; {hub['shops']:,} shops give it"
    return (
        f"{hub['shops']:,} shops give it, in {hub['parties']:,} parties that nothing rarer ties to each other, "
        f"{hub['payees']:,} of them known to be different, from {hub['countries']:,} countries and {hub['categories']:,} categories"
    )


_HUB_KIND = {
    "payee_id": "agent",
    "registration_no": "agent",
    "local_registration_no": "other",
    "phone": "agent",
    "email": "agent",
    "contact_address": "agent",
    "unit_address": "other",
}


def edges(found: Found) -> pa.Table:
    """(seller_id, type, value, ties, reason): the edges that tie, and those that did until a verdict or the guard cut them."""
    graph = found.graph
    rows = np.flatnonzero((found.tied | found.dropped) & (graph.kind != NUMBER["must_link"])[graph.value])
    why = np.where(
        found.cut[graph.shop[rows]],
        "cut: its component was above the guard",
        "cut: a cannot_link holds its shops apart",
    )
    return pa.table(
        {
            "seller_id": graph.sellers.take(pa.array(graph.shop[rows])).cast(pa.string()),
            "type": KIND_NAMES.take(pa.array(graph.kind[graph.value[rows]])),
            "value": graph.values.take(pa.array(graph.value[rows])).cast(pa.string()),
            "ties": pa.array(found.tied[rows]),
            "reason": pa.array(why.astype(object), pa.string(), mask=found.tied[rows]),
        }
    )
