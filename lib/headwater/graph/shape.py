"""What holds an operator together: its weakest link, the values it hangs on, and how dense it is; all operators at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree

from headwater.graph.bipartite import Bipartite, Bools, Floats, Ints

_NOTHING = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Shape:
    """Of each group of several shops, by its label: `label` ascending, the other columns row by row with it."""

    label: Ints
    weakest: Floats  # rarity of the weakest value that is needed to hold it together
    weakest_value: Ints
    bridges: Ints  # values without which it falls into parts
    bridge_value: Ints  # the one that holds the largest part; -1: none
    bridge_shops: Ints  # shops of the smaller part that hangs on it
    density: Floats  # share of the possible (shop, value) pairs that are there


def shape(graph: Bipartite, tied: Bools, weight: Floats, label: Ints) -> Shape:
    """The graph, which edges tie, the weight of each value, the groups -> the shape of every group of several shops.

    A bridge is found by a random cut cover: each edge outside a spanning forest gets a random 64-bit number, each edge
    of the forest the exclusive or of those that pass over it, which is 0 where nothing does (Pritchard and Thurimella
    2011, "Fast computation of small cuts via cycle space sampling", section 3; a false bridge has a chance of 2^-64)."""
    shop, value = graph.shop[tied], graph.value[tied]
    if not len(shop):
        return Shape(_NOTHING, np.zeros(0), _NOTHING, _NOTHING, _NOTHING, _NOTHING, np.zeros(0))
    # A value ties within each group apart, so (group, value) is the node.
    width = len(graph.kind)
    part, node = np.unique(label[shop] * width + value, return_inverse=True)
    groups, size = np.unique(label, return_counts=True)
    wanted = groups[size > 1]
    of_shop, of_part = np.searchsorted(wanted, label[shop]), np.searchsorted(wanted, part // width)
    edges = np.bincount(of_shop, minlength=len(wanted))
    possible = size[size > 1] * np.bincount(of_part, minlength=len(wanted))
    density: Floats = np.round(edges.astype(np.float64) / possible, 9).astype(np.float64)
    order = np.lexsort(
        (shop, value, -weight[value])
    )  # equal weights by value, then shop, so that there is one such forest
    rank = np.empty(len(shop), np.int64)
    rank[order] = np.arange(1, len(shop) + 1)
    tree = _tree(shop, graph.shops + node, rank, graph.shops + len(part))
    weakest, weakest_value = _weakest(tree, part % width, graph.shops, weight, label, wanted, width)
    bridges, bridge_value, hanging = _bridges(
        graph.shops, shop, graph.shops + node, tree, label, part // width, part % width, wanted
    )
    return Shape(wanted, weakest, weakest_value, bridges, bridge_value, hanging, density)


def _tree(shop: Ints, node: Ints, rank: Ints, nodes: int) -> NDArray[np.int64]:
    """The spanning forest of the edges that come first, as rows (shop, node)."""
    graph = coo_array((rank.astype(np.float64), (shop, node)), shape=(nodes, nodes)).tocsr()
    forest = minimum_spanning_tree(graph).tocoo()
    return np.sort(np.column_stack(forest.coords), axis=1).astype(np.int64)  # shops are numbered below nodes


def _weakest(
    tree: Ints, value_of: Ints, shops: int, weight: Floats, label: Ints, wanted: Ints, width: int
) -> tuple[Floats, Ints]:
    """The lightest edge of each group's heaviest forest: its weight is the same in every such forest."""
    value = value_of[tree[:, 1] - shops]
    at = np.searchsorted(wanted, label[tree[:, 0]])
    order = np.lexsort((value, weight[value], at))
    first = order[np.r_[True, at[order][1:] != at[order][:-1]]]
    return weight[value[first]], value[first]


def _bridges(
    shops: int, shop: Ints, node: Ints, tree: Ints, label: Ints, part_label: Ints, part_value: Ints, wanted: Ints
) -> tuple[Ints, Ints, Ints]:
    """(bridges of each group, the value of its worst one, the shops of the smaller part that hangs on that)."""
    nodes = shops + len(part_label)
    order, parent = _rooted(tree, wanted, nodes)
    in_tree = np.zeros(len(shop), bool)
    up = np.where(parent[shop] == node, shop, np.where(parent[node] == shop, node, -1))
    in_tree = up >= 0
    cover = np.zeros(nodes, np.uint64)
    code = _scrambled(np.flatnonzero(~in_tree))
    np.bitwise_xor.at(cover, shop[~in_tree], code)
    np.bitwise_xor.at(cover, node[~in_tree], code)
    below = (np.arange(nodes) < shops).astype(np.int64)
    for level in _levels(order, parent)[::-1]:
        np.bitwise_xor.at(cover, parent[level], cover[level])
        np.add.at(below, parent[level], below[level])
    child = up[in_tree]
    hangs = cover[child] == 0
    child = child[hangs]
    value_node = np.where(child >= shops, child, parent[child]) - shops
    at = np.searchsorted(wanted, part_label[value_node])
    total = np.bincount(np.searchsorted(wanted, label[np.isin(label, wanted)]), minlength=len(wanted))
    smaller = np.minimum(below[child], total[at] - below[child])
    # Several edges of one value may be bridges: the value counts once, by the largest part that hangs on it.
    rank = np.lexsort((part_value[value_node], -smaller, at))
    distinct = np.unique(value_node)
    count = np.bincount(np.searchsorted(wanted, part_label[distinct]), minlength=len(wanted))
    worst, hanging = np.full(len(wanted), -1), np.zeros(len(wanted), np.int64)
    first = rank[np.r_[True, at[rank][1:] != at[rank][:-1]]] if len(rank) else rank
    worst[at[first]], hanging[at[first]] = part_value[value_node[first]], smaller[first]
    return count, worst, hanging


def _rooted(tree: Ints, roots: Ints, nodes: int) -> tuple[Ints, Ints]:
    """Breadth-first order and parents of the forest, hung on one more node above the roots."""
    rows, columns = np.r_[tree[:, 0], np.full(len(roots), nodes)], np.r_[tree[:, 1], roots]
    hung = coo_array((np.ones(len(rows), np.int8), (rows, columns)), shape=(nodes + 1, nodes + 1)).tocsr()
    order, parent = breadth_first_order(hung, nodes, directed=False)
    return order[1:].astype(np.int64), np.where(parent == nodes, -1, parent).astype(np.int64)


def _levels(order: Ints, parent: Ints) -> list[Ints]:
    """The nodes below the roots by their depth, in breadth-first order."""
    depth = np.zeros(len(parent), np.int64)
    levels, level = [], order[parent[order] < 0]
    rest = order[parent[order] >= 0]
    while len(rest):
        depth[level] = 1
        here = depth[parent[rest]] == 1
        depth[level] = 2
        level, rest = rest[here], rest[~here]
        levels.append(level)
    return levels


def _scrambled(number: Ints) -> NDArray[np.uint64]:
    """64 well mixed bits of each number (splitmix64), never 0 for one below 2^63."""
    x = (number.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
