"""What must hold of operators before anything is built on them; CheckFailedError names up to five shops."""

from __future__ import annotations

import numpy as np

from headwater.errors import CheckFailedError, listed
from headwater.graph.bipartite import NUMBER, Bools, group
from headwater.graph.operators import Found
from headwater.parameters.graph import Operators

NAMED = 5


def verify(found: Found, shops: int, params: Operators) -> None:
    """Raises CheckFailedError unless `faults` finds none."""
    told = faults(found, shops, params)
    if told:
        raise CheckFailedError("operators do not hold:\n" + listed(told))


def faults(found: Found, shops: int, params: Operators) -> list[str]:
    """Every shop is in one operator; both ends of every edge that ties are in the same one; no operator holds together by
    anything but such edges, none of them a hub's; none is larger than the guard, unless must-links alone make it so."""
    graph, label = found.graph, found.label
    if len(label) != shops or graph.shops != shops:
        return [f"operators hold {len(label):,} shops, the feeds know {shops:,}"]
    demoted = found.tied & found.spread.hub[graph.value]
    edges = found.tied & ~demoted
    within = graph.value[edges] * max(shops, 1) + label[graph.shop[edges]]
    held = group(shops, graph.shop[edges], within)
    must = found.tied & (graph.kind == NUMBER["must_link"])[graph.value]
    said = np.isin(label, label[graph.shop[must]])
    large = ~said & (np.bincount(label, minlength=shops)[label] > params.max_shops)
    return [
        *_told(found, np.bincount(graph.shop[demoted], minlength=shops) > 0, "tied by a value that is a hub"),
        *_told(found, held != label, "in an operator with which no value ties them"),
        *_told(found, large, f"in an operator of more than {params.max_shops:,} shops"),
    ]


def _told(found: Found, shops: Bools, what: str) -> list[str]:
    rows = np.flatnonzero(shops)
    names = [str(found.graph.sellers[int(row)])[:80] for row in rows[:NAMED]]
    return [f"{len(rows):,} shops are {what}: {', '.join(names)}"] if len(rows) else []
