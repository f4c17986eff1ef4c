"""Where an operator may not be what its values say: a person says that two shops are not one, or it is larger than anybody's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, maximum_flow

from headwater.graph.bipartite import Bipartite, Bools, Floats, Ints, group
from headwater.parameters.graph import Operators

PRICES = 1e6  # weights are rounded to so many parts


def tying(graph: Bipartite, usable: Bools, label: Ints) -> Bools:
    """Which edges tie: usable, and another shop of the same group gives the value too."""
    pair = graph.value * max(graph.shops, 1) + label[graph.shop]
    pair = np.unique(np.where(usable, pair, -1), return_inverse=True)[1]
    return np.asarray(usable & (np.bincount(pair)[pair] > 1))


def cut_oversize(
    graph: Bipartite, tied: Bools, weight: Floats, must: Bools, label: Ints, params: Operators
) -> tuple[Bools, Ints, Bools]:
    """Groups above the guard fall apart by a rising threshold -> (edges that still tie, groups, shops of a cut group).

    Each pass drops the next weakest values of the groups that are still too large; equal values fall together, so no
    tie decides. The last pass leaves must-links alone. A group that was cut is marked, whatever becomes of its shops."""
    tied, label = tied.copy(), label.copy()
    cut = np.bincount(label, minlength=graph.shops)[label] > params.max_shops
    if not cut.any():
        return tied, label, cut
    mine = np.flatnonzero(tied & cut[graph.shop] & ~must[graph.value])
    step = _steps(label[graph.shop[mine]], weight[graph.value[mine]], params.cut_passes)
    for number in range(1, params.cut_passes + 1):
        large = np.bincount(label, minlength=graph.shops)[label] > params.max_shops
        if not large.any():
            break
        tied[mine[(step <= number) & large[graph.shop[mine]]]] = False
        tied = tying(graph, tied, label)
        label = _within(graph, tied, label)
    return tied, label, cut


def _steps(part: Ints, weight: Floats, passes: int) -> Ints:
    """The pass, 1 to `passes`, in which an edge falls: the different weights of its part, weakest first, evenly spread."""
    pairs, back = np.unique(np.column_stack([part.astype(float), weight]), axis=0, return_inverse=True)
    first = np.flatnonzero(np.r_[True, pairs[1:, 0] != pairs[:-1, 0]])
    count = np.diff(np.r_[first, len(pairs)])
    place = np.arange(len(pairs)) - np.repeat(first, count)
    step = place * passes // np.repeat(count, count) + 1
    return np.asarray(step[back.ravel()], np.int64)


def _within(graph: Bipartite, tied: Bools, label: Ints) -> Ints:
    """Groups by the edges that tie; a value ties within each old group apart."""
    value = graph.value[tied] * max(graph.shops, 1) + label[graph.shop[tied]]
    return group(graph.shops, graph.shop[tied], value)


def separate(
    graph: Bipartite, tied: Bools, weight: Floats, must: Bools, label: Ints, pairs: Sequence[tuple[int, int]]
) -> tuple[Bools, Ints, list[Ints]]:
    """Pairs of shops that a person holds apart -> (edges that still tie, groups, the edges cut for each pair).

    The cheapest way by weight; where several are equally cheap, all of them, so that no name decides. A must-link is dearer than all
    other values of the group. One flow a pair (compiled, within the group), and only where the two are one group."""
    tied, cuts = tied.copy(), []
    # Whole numbers: what is equal is equal, in whatever order it is summed.
    price = np.round(weight * PRICES).astype(np.int64)
    for one, other in pairs:
        if label[one] != label[other]:
            cuts.append(np.zeros(0, np.int64))
            continue
        rows = np.flatnonzero(tied & (label[graph.shop] == label[one]))
        value = graph.value[rows]
        costs = np.where(must[value], price[value[~must[value]]].sum() + 1, price[value])
        crossing = rows[_cheapest(graph.shop[rows], graph.shops + value, costs, one, other)]
        cuts.append(crossing)
        tied[crossing] = False
        tied = tying(graph, tied, label)
        label = _within(graph, tied, label)
    return tied, label, cuts


def _cheapest(shop: Ints, value: Ints, cost: Ints, one: int, other: int) -> Bools:
    """Which edges are in any cheapest cut between two shops.

    Those are the edges between strong components of what a maximum flow leaves (Picard and Queyranne 1980, "On the structure of all
    minimum cuts in a network", theorem 1): the same for every maximum flow."""
    nodes, number = np.unique(np.r_[shop, value, one, other], return_inverse=True)
    a, b = number[: len(shop)], number[len(shop) : -2]
    both_ways = (np.r_[cost, cost], (np.r_[a, b], np.r_[b, a]))
    capacity = coo_array(both_ways, shape=(len(nodes), len(nodes))).tocsr()
    left = capacity - maximum_flow(capacity, int(number[-2]), int(number[-1])).flow
    left.eliminate_zeros()
    part = connected_components(left, connection="strong")[1]
    return np.asarray(part[a] != part[b])
