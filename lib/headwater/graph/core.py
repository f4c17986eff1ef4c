"""Core first, then members: which shops one operator runs, by values that are rare and no hubs."""

from __future__ import annotations

import numpy as np

from headwater.graph.bipartite import (
    FAMILY,
    NUMBER,
    PROOF,
    STRONG,
    UNFORGEABLE,
    WEAK,
    Bipartite,
    Bools,
    Floats,
    Ints,
    distinct_count,
    group,
)
from headwater.graph.hubs import Spread
from headwater.parameters.graph import Operators

LEAST_SHOPS = 100  # a marketplace of fewer shops makes no value rarer than this one does


def rarity(shops: int, parties: Ints) -> Floats:
    """-ln of the share of shops that give a value, its related shops counted as one party, to 1e-9."""
    share = np.maximum(parties, 1).astype(np.float64) / max(shops, LEAST_SHOPS)
    return np.asarray(-np.log(share), np.float64).round(9)


def weights(graph: Bipartite, parties: Ints, params: Operators) -> Floats:
    """What each value proves, in natural log units: its rarity, less for an address, more for a payee."""
    proof = PROOF[graph.kind]
    strength = np.select(
        [proof == UNFORGEABLE, proof == WEAK], [params.strength_unforgeable, params.strength_weak], 1.0
    )
    return np.round(strength * rarity(graph.market, parties), 9)


def cores(graph: Bipartite, spread: Spread, params: Operators) -> Ints:
    """Groups of shops tied by an unforgeable value, or by two independent ones that are both no hubs.

    Two values of two families that a shop gives are one value more, (first, second): shops that share the pair share
    both. So nothing is joined with itself."""
    proof = PROOF[graph.kind]
    paper = ((proof == UNFORGEABLE) & ~spread.hub)[graph.value]
    label = group(graph.shops, graph.shop[paper], graph.value[paper])
    shop, first, second = _pairs(graph, ~spread.hub & (proof != UNFORGEABLE), spread.parties, params)
    if not len(shop):
        return label
    width = len(graph.kind)
    return group(graph.shops, shop, first * width + second, label)


def _pairs(graph: Bipartite, usable: Bools, parties: Ints, params: Operators) -> tuple[Ints, Ints, Ints]:
    """(shop, value, value) of two families: the pairs of each shop's rarest usable values."""
    rows = np.flatnonzero(usable[graph.value])
    shop, value = graph.shop[rows], graph.value[rows]
    order = np.lexsort((value, parties[value], shop))
    shop, value = shop[order], value[order]
    start = np.flatnonzero(np.r_[True, shop[1:] != shop[:-1]]) if len(shop) else np.zeros(0, np.int64)
    place = np.arange(len(shop)) - np.repeat(start, np.diff(np.r_[start, len(shop)]))
    kept = place < params.values_a_shop
    shop, value = shop[kept], value[kept]
    family = FAMILY[graph.kind[value]]
    found = []
    for step in range(1, min(params.values_a_shop, len(shop))):
        both = np.flatnonzero((shop[step:] == shop[:-step]) & (family[step:] != family[:-step]))
        found.append((shop[both], value[both], value[both + step]))
    if not found:
        return (np.zeros(0, np.int64),) * 3
    shops, one, two = (np.concatenate(columns) for columns in zip(*found, strict=True))
    return shops, np.minimum(one, two), np.maximum(one, two)


def with_members(graph: Bipartite, spread: Spread, label: Ints, params: Operators) -> Ints:
    """Groups with the shops that belong to them: in bounded passes, single shops whose summed rarity clears the threshold.

    A single shop joins the core with which it shares most, and none if it shares as much with another; each family counts once. A
    value that two cores give speaks for neither, so no member joins two cores. Shops without a core between them are tied by a
    phone that at most `alone_parties` give, an e-mail that at most `alone_mailbox` do."""
    threshold = float(rarity(graph.market, np.array([params.alone_parties]))[0])
    rows = np.flatnonzero(~spread.hub[graph.value])
    for _ in range(params.passes):
        before = label
        label = _attached(graph, rows, label, threshold, params)
        label = _paired(graph, rows, label, params)
        if np.array_equal(label, before):
            break
    return label


def _attached(graph: Bipartite, rows: Ints, label: Ints, threshold: float, params: Operators) -> Ints:
    """Single shops joined to the one core with which they share most, if that clears the threshold."""
    n = len(graph.kind)
    shop, value = graph.shop[rows], graph.value[rows]
    single = (np.bincount(label, minlength=graph.shops) == 1)[label[shop]]
    core_value, core_label = value[~single], label[shop[~single]]
    the_core = np.full(n, -1)
    the_core[core_value] = core_label
    one_core = distinct_count(core_value, core_label, n) == 1
    weight = weights(graph, distinct_count(value, label[shop], n), params)
    use = single & one_core[value]
    shop, value = shop[use], value[use]
    if not len(shop):
        return label
    # The best value of each family between a shop and a core, then their sum.
    family, core = FAMILY[graph.kind[value]], the_core[value]
    order = np.lexsort((-weight[value], family, core, shop))
    shop, core, family, weight = shop[order], core[order], family[order], weight[value[order]]
    best = np.r_[True, (shop[1:] != shop[:-1]) | (core[1:] != core[:-1]) | (family[1:] != family[:-1])]
    shop, core, weight = shop[best], core[best], weight[best]
    start = np.flatnonzero(np.r_[True, (shop[1:] != shop[:-1]) | (core[1:] != core[:-1])])
    total = np.round(np.add.reduceat(weight, start), 9)
    shop, core = shop[start], core[start]
    order = np.lexsort((-total, shop))
    shop, core, total = shop[order], core[order], total[order]
    most = np.r_[True, shop[1:] != shop[:-1]]
    equal = np.r_[(shop[1:] == shop[:-1]) & (total[1:] == total[:-1]), False]
    joined = most & ~equal & (total >= threshold)
    out = label.copy()
    out[shop[joined]] = core[joined]
    return _smallest(out)


def _paired(graph: Bipartite, rows: Ints, label: Ints, params: Operators) -> Ints:
    """Shops that no core claims, tied by one strong value that few give."""
    n = len(graph.kind)
    shop, value = graph.shop[rows], graph.value[rows]
    single = (np.bincount(label, minlength=graph.shops) == 1)[label[shop]]
    no_core = np.bincount(value[~single], minlength=n) == 0
    most = np.where(graph.kind == NUMBER["email"], params.alone_mailbox, params.alone_parties)
    few = distinct_count(value, label[shop], n) <= most
    use = (no_core & few & (PROOF[graph.kind] == STRONG))[value]
    return group(graph.shops, shop[use], value[use], label)


def _smallest(label: Ints) -> Ints:
    """The same groups, each named by its smallest shop."""
    _, first, back = np.unique(label, return_index=True, return_inverse=True)
    return first[back].astype(np.int64)
