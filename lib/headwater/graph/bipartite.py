"""Shop - value - shop as integer arrays: the graph that operators are found in, never joined with itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

UNFORGEABLE, STRONG, WEAK = "unforgeable", "strong", "weak"


@dataclass(frozen=True)
class Kind:
    """A kind of identity value: what it proves, and the family within which two values are one observation, not two."""

    name: str
    family: str
    proof: str


# Checked by a bank or a register; held by whoever answers; where one lives or rents, and a number that is one of many registers'.
IDENTITY = (
    Kind("payee_id", "payee", UNFORGEABLE),
    Kind("registration_no", "register", UNFORGEABLE),
    Kind("phone", "phone", STRONG),
    Kind("email", "email", STRONG),
    Kind("local_registration_no", "register", WEAK),
    Kind("contact_address", "address", WEAK),
    Kind("unit_address", "address", WEAK),
)
MUST_LINK = Kind("must_link", "verdict", UNFORGEABLE)
KINDS = (*IDENTITY, MUST_LINK)
NUMBER = {kind.name: number for number, kind in enumerate(KINDS)}
FAMILY = np.unique([kind.family for kind in KINDS], return_inverse=True)[1]
PROOF = np.array([kind.proof for kind in KINDS])
# What a bank or a register gave one party; two that differ are evidence that two shops are not one.
PAPERS = tuple(kind.name for kind in IDENTITY if kind.proof == UNFORGEABLE)


@dataclass(frozen=True)
class Bipartite:
    """One row an edge (`shop`, `value`), unique, sorted by value, then shop; both are numbers.

    `market`: shops of the marketplace, of which these may be a part; what is rare is rare in all of it.

    `sellers`: the ids of all shops, sorted, those without an edge too. `values`, `kind`: text and number of kind of each
    value, sorted by kind, then text. So equal facts give equal arrays, in whatever order they came."""

    sellers: pa.Array
    values: pa.Array
    kind: Ints
    shop: Ints
    value: Ints
    market: int

    @property
    def shops(self) -> int:
        return len(self.sellers)

    @property
    def degree(self) -> Ints:
        """Shops that give each value."""
        return np.bincount(self.value, minlength=len(self.kind))


def bipartite(edges: pa.Table, sellers: pa.Array | pa.ChunkedArray, market: int | None = None) -> Bipartite:
    """EDGES (seller_id, type, value: identity types), shops and how many the marketplace has (these, unless said) -> the graph.

    Raises ValueError where an edge is of a type that is no identity type, or has a null."""
    for name in ("seller_id", "type", "value"):
        if edges[name].null_count:
            raise ValueError(f"{edges[name].null_count} edges have no {name}")
    all_sellers = pa.chunked_array([_text(sellers), _text(edges["seller_id"])]).unique()
    ids = all_sellers.take(pc.sort_indices(all_sellers))
    shop = pc.index_in(_text(edges["seller_id"]), ids).to_numpy(zero_copy_only=False).astype(np.int64)
    types = _text(edges["type"])
    number = pc.index_in(types, pa.array([k.name for k in KINDS], pa.large_string()))
    if number.null_count:
        raise ValueError(f"no identity type: {', '.join(sorted(set(types.unique().to_pylist()) - NUMBER.keys()))}")
    kind = number.to_numpy(zero_copy_only=False).astype(np.int64)
    texts = _text(edges["value"])
    distinct = texts.unique()
    distinct = distinct.take(pc.sort_indices(distinct))
    code = pc.index_in(texts, distinct).to_numpy(zero_copy_only=False).astype(np.int64)
    width = max(len(distinct), 1)
    pairs, value = np.unique(kind * width + code, return_inverse=True)
    rows = np.unique(value.astype(np.int64) * max(len(ids), 1) + shop)
    return Bipartite(
        sellers=ids,
        values=distinct.take(pa.array(pairs % width)),
        kind=pairs // width,
        shop=rows % max(len(ids), 1),
        value=rows // max(len(ids), 1),
        market=len(ids) if market is None else market,
    )


def _text(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    return column.cast(pa.large_string())


def group(shops: int, shop: Ints, value: Ints, start: Ints | None = None) -> Ints:
    """Shops that the edges tie, directly or along others: for each shop the smallest shop of its group.

    `start`: groups (as this function labels them) that hold already."""
    start = np.arange(shops) if start is None else start
    _, number = np.unique(value, return_inverse=True)
    size = shops + (int(number.max()) + 1 if len(number) else 0)
    ends = np.r_[start[shop], np.arange(shops)], np.r_[shops + number, start]
    graph = coo_array((np.ones(len(ends[0]), np.int8), ends), shape=(size, size))
    label = connected_components(graph, directed=False)[1][:shops] if shops else np.zeros(0, np.int64)
    _, first, back = np.unique(label, return_index=True, return_inverse=True)
    return first[back].astype(np.int64)


def distinct_count(value: Ints, label: Ints, values: int) -> Ints:
    """How many different labels stand with each value."""
    width = int(label.max()) + 1 if len(label) else 1
    pairs = np.unique(value * width + label)
    return np.bincount(pairs // width, minlength=values)
