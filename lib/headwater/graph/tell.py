"""What was found on arrays, as rows of the night's tables: members, shapes, hubs, edges that tie, contradictions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headwater.graph.bipartite import IDENTITY, KINDS, NUMBER, Bools, Ints, distinct_count
from headwater.graph.operators import Found

KIND_NAMES = pa.array([kind.name for kind in KINDS])


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
    """(type, value, kind, shops, parties, countries, categories, payees, decided_by, reason, demoted, would_join), a row a hub."""
    graph, spread = found.graph, found.spread
    rows = np.flatnonzero(spread.hub)
    of_hub = spread.hub[graph.value]
    joins = distinct_count(graph.value[of_hub], found.label[graph.shop[of_hub]], len(graph.kind))
    kinds = np.array([*[_HUB_KIND[kind.name] for kind in IDENTITY], "other"])
    kind = np.where(spread.placeholder[rows], "placeholder", kinds[graph.kind[rows]])
    types, values = KIND_NAMES.take(pa.array(graph.kind[rows])), graph.values.take(pa.array(rows)).cast(pa.string())
    keys = zip(types.to_pylist(), values.to_pylist(), strict=True)
    return pa.table(
        {
            "type": types,
            "value": values,
            "kind": pa.array(
                [found.said.whose.get(key, guess) for key, guess in zip(keys, kind, strict=True)], pa.string()
            ),
            "shops": pa.array(spread.shops[rows]),
            "parties": pa.array(spread.parties[rows]),
            "countries": pa.array(spread.countries[rows]),
            "categories": pa.array(spread.categories[rows]),
            "payees": pa.array(spread.payees[rows]),
            "decided_by": pa.array(spread.decided_by[rows].astype(object), pa.string()),
            "reason": pa.array([_reason(found, row) for row in rows.tolist()], pa.string()),
            "demoted": pa.array(spread.shops[rows]),
            "would_join": pa.array(joins[rows]),
        }
    )


def _reason(found: Found, value: int) -> str:
    spread = found.spread
    if spread.decided_by[value] == "review":
        return f"a person says that it is a hub; {spread.shops[value]:,} shops give it"
    return (
        f"{spread.shops[value]:,} shops give it, in {spread.parties[value]:,} parties that nothing rarer ties to each other, "
        f"from {spread.countries[value]:,} countries and {spread.categories[value]:,} categories"
    )


_HUB_KIND = {
    "payee_id": "agent",
    "registration_no": "agent",
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
