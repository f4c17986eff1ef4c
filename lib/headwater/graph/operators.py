"""Shops -> operators, on arrays: hubs out, cores, members, what a person said, the guard, and the shape of each."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headwater.graph.bipartite import NUMBER, Bipartite, Bools, Floats, Ints, bipartite, group
from headwater.graph.core import cores, weights, with_members
from headwater.graph.cut import cut_oversize, separate, tying
from headwater.graph.hubs import CLEARED, OWN, REVIEWED, Spread, judge_values
from headwater.graph.said import Said, contradictions, in_order, shop_numbers, unheeded
from headwater.graph.shape import Shape, shape
from headwater.parameters.graph import Hubs, Operators

EDGE = ["seller_id", "type", "value"]
EDGES = pa.schema([(name, pa.string()) for name in EDGE])
# What is known of each shop.
ABOUT = ["seller_id", "country", "category", *OWN.values()]


@dataclass(frozen=True)
class Found:
    """Operators by the number of their smallest shop (`label`, one a shop; `before`: until a person or the guard cut), and why.

    `core`: shops of the core. `cut`: shops of a component above the guard. `spread`, `weight`: one a value. `tied`: edges that
    tie two shops of an operator; `dropped`: edges that tied until a person or the guard said otherwise."""

    graph: Bipartite
    label: Ints
    before: Ints
    core: Bools
    cut: Bools
    spread: Spread
    weight: Floats
    tied: Bools
    dropped: Bools
    shape: Shape
    said: Said
    contradictions: list[dict[str, str]]


def find_operators(edges: pa.Table, shops: pa.Table, said: Said, hubs: Hubs, params: Operators) -> Found:
    """EDGES (seller_id, type, value: identity values that two shops or more give), SHOPS (ABOUT; all of them), what people `said`
    -> operators: every shop in exactly one.

    A pure function of its rows: their order changes nothing, and other names for shops give the same groups."""
    graph = bipartite(
        pa.concat_tables([edges.select(EDGE).cast(EDGES), must_links(said, shops["seller_id"])]), shops["seller_id"]
    )
    place = pc.index_in(graph.sellers, shops["seller_id"].combine_chunks().cast(pa.large_string()))
    country, category = _codes(shops["country"], place), _codes(shops["category"], place)
    own = {kind: _flags(shops[column], place) for kind, column in OWN.items()}
    spread = judge_values(graph, country, category, own, _judgements(graph, said), hubs)
    found = operators_of(graph, spread, said, params)
    words = unheeded(said, shop_numbers(graph, said))
    return replace(found, contradictions=in_order([*words, *found.contradictions]))


def operators_of(graph: Bipartite, spread: Spread, said: Said, params: Operators) -> Found:
    """A graph whose values are judged, what people `said` of its shops -> operators.

    Nothing but values that are no hubs ties, so any number of whole components of those give the operators that all of them give."""
    core = cores(graph, spread, params)
    label = with_members(graph, spread, core, params)
    weight = weights(graph, spread.parties, params)
    must = graph.kind == NUMBER["must_link"]
    tied = used = tying(graph, ~spread.hub[graph.value], label)
    label = group(graph.shops, graph.shop[tied], graph.value[tied] * max(graph.shops, 1) + label[graph.shop[tied]])
    whole = label
    number = shop_numbers(graph, said)
    apart = [(number.get(p.one, -1), number.get(p.other, -1)) for p in said.cannot]
    known = [i for i, (one, other) in enumerate(apart) if one >= 0 and other >= 0 and one != other]
    tied, label, cuts = separate(graph, tied, weight, must, label, [apart[i] for i in known])
    tied, label, cut = cut_oversize(graph, tied, weight, must, label, params)
    size = np.bincount(core, minlength=graph.shops)
    return Found(
        graph=graph,
        label=label,
        before=whole,
        core=size[core] > 1,
        cut=cut,
        spread=spread,
        weight=weight,
        tied=tied,
        dropped=used & ~tied,
        shape=shape(graph, tied, weight, label),
        said=said,
        contradictions=contradictions(graph, said, dict(zip(known, cuts, strict=True)), label),
    )


def must_links(said: Said, sellers: pa.ChunkedArray) -> pa.Table:
    """One value a pair that a person ties, as edges; a pair of an unknown shop ties nobody."""
    wanted = pa.array([side for p in said.must for side in (p.one, p.other)], pa.large_string())
    known = pc.is_in(wanted, sellers.combine_chunks().cast(pa.large_string())).to_pylist()
    pairs = [p for i, p in enumerate(said.must) if known[2 * i] and known[2 * i + 1] and p.one != p.other]
    rows = [(side, "must_link", p.verdict_id) for p in pairs for side in (p.one, p.other)]
    return pa.table([pa.array([row[i] for row in rows], pa.string()) for i in range(3)], schema=EDGES)


def _codes(column: pa.ChunkedArray, place: pa.Array) -> Ints:
    """A number for each text, -1 for none, in the order of the graph's shops."""
    encoded = column.combine_chunks().dictionary_encode()
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    at = pc.fill_null(place, -1).to_numpy(zero_copy_only=False)
    return np.asarray(np.r_[codes, -1][at], np.int64)


def _flags(column: pa.ChunkedArray, place: pa.Array) -> Bools:
    """Whether it is so of each of the graph's shops; unknown: no."""
    flags = pc.fill_null(column.combine_chunks(), False).to_numpy(zero_copy_only=False).astype(bool)
    return np.asarray(np.r_[flags, False][pc.fill_null(place, -1).to_numpy(zero_copy_only=False)], bool)


def _judgements(graph: Bipartite, said: Said) -> Ints:
    """What people said of each value: REVIEWED, CLEARED or 0."""
    out = np.zeros(len(graph.kind), np.int64)
    texts = graph.values
    for opinion, keys in ((REVIEWED, said.hubs), (CLEARED, said.no_hubs)):
        for kind, values in keys.items():
            if kind in NUMBER and values:
                stands = pc.is_in(texts, pa.array(sorted(values), pa.large_string())).to_numpy(zero_copy_only=False)
                out[(graph.kind == NUMBER[kind]) & stands] = opinion
    return out
