"""What must hold of operators before anything is built on them; CheckFailedError names up to five shops."""

from __future__ import annotations

import numpy as np

from headwater.errors import CheckFailedError, listed
from headwater.graph.bipartite import NUMBER, PROOF, UNFORGEABLE, Bipartite, Bools, Ints, distinct_count, group
from headwater.graph.operators import Found
from headwater.parameters.graph import Operators

NAMED = 5


def verify(found: Found, shops: int, params: Operators) -> None:
    """Raises CheckFailedError unless `faults` finds none."""
    told = faults(found, shops, params)
    if told:
        raise CheckFailedError("operators do not hold:\n" + listed(told))


def faults(found: Found, shops: int, params: Operators) -> list[str]:
    """Every shop is in one operator; both ends of every edge that ties are in the same one, and so are all shops of a payee or
    registration number that nobody cut; no operator holds together by anything but such edges, none of them a hub's; none is
    larger than the guard, unless must-links alone make it so."""
    graph, label = found.graph, found.label
    if len(label) != shops or graph.shops != shops:
        return [f"operators hold {len(label):,} shops, the feeds know {shops:,}"]
    width = max(shops, 1)
    demoted = found.tied & found.spread.hub[graph.value]
    edges = found.tied & ~demoted
    proven = (PROOF[graph.kind] == UNFORGEABLE)[graph.value] & ~found.spread.hub[graph.value] & ~found.dropped
    # A value may tie within two operators apart, as long as it tied nobody of the one to anybody of the other.
    torn = _apart(graph, label, edges, graph.value * width + found.before[graph.shop])
    torn |= _apart(graph, label, proven, graph.value)
    held = group(shops, graph.shop[edges], graph.value[edges] * width + label[graph.shop[edges]])
    must = found.tied & (graph.kind == NUMBER["must_link"])[graph.value]
    said = np.isin(label, label[graph.shop[must]])
    large = ~said & (np.bincount(label, minlength=shops)[label] > params.max_shops)
    return [
        *_told(found, _of(graph, demoted), "tied by a value that is a hub"),
        *_told(found, torn, "in another operator than a shop that a value ties them to"),
        *_told(found, held != label, "in an operator with which no value ties them"),
        *_told(found, large, f"in an operator of more than {params.max_shops:,} shops"),
    ]


def _apart(graph: Bipartite, label: Ints, edges: Bools, node: Ints) -> Bools:
    """Shops of those edges whose node has shops of several operators."""
    rows = np.flatnonzero(edges)
    if not len(rows):
        return np.zeros(len(label), bool)
    _, number = np.unique(node[rows], return_inverse=True)
    several = distinct_count(number, label[graph.shop[rows]], int(number.max()) + 1) > 1
    out = np.zeros(len(label), bool)
    out[graph.shop[rows[several[number]]]] = True
    return out


def _of(graph: Bipartite, edges: Bools) -> Bools:
    """Shops of those edges."""
    return np.asarray(np.bincount(graph.shop[edges], minlength=graph.shops) > 0)


def _told(found: Found, shops: Bools, what: str) -> list[str]:
    rows = np.flatnonzero(shops)
    names = [str(found.graph.sellers[int(row)])[:80] for row in rows[:NAMED]]
    return [f"{len(rows):,} shops are {what}: {', '.join(names)}"] if len(rows) else []
