"""What the source model reads of a window: a handful of integer-coded arrays, small enough for one process.

Shops, places, suppliers, listings and accounts are codes 0..n-1 in the sorted order of their ids; -1 is unknown. No table is
at order grain except the complaints: the rest are sums that a cluster makes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

# Element types are told by name, not by the checker: numpy's and scipy's stubs lose them in every other call.
Floats = npt.NDArray[Any]
Ints = npt.NDArray[Any]
Bools = npt.NDArray[Any]

# Type numbers of sources, t(j). The first two explain first; a building, a return place or unknown supply has what they leave.
SUPPLIER, PLACE, BUILDING, RETURN, LATENT = 0, 1, 2, 3, 4
TYPES = ("supplier", "dispatch", "building", "return", "latent")  # what people call them, by type number
UNKNOWN, ELSEWHERE = (
    -1,
    -2,
)  # codes of an order that names no place, and of one that came through a place that is no source


@dataclass(frozen=True)
class Flows:
    """Orders of the window by (shop, dispatch place, UNKNOWN or ELSEWHERE, supplier or -1), the codes as they stand in the order.

    expected  complaints of counterfeit kind expected of these orders at the base rate (strata, age).
    orders    order lines (count).
    log_price sum over the lines of ln(unit price / median of its peers: category and brand, else category).
    other     complaints of another kind (not as described), count.
    refunded  order lines refunded that nobody complained about as counterfeit, count.
    """

    shop: Ints
    place: Ints
    supplier: Ints
    expected: Floats
    orders: Floats
    log_price: Floats
    other: Floats
    refunded: Floats


@dataclass(frozen=True)
class Complaints:
    """Complaints of counterfeit kind that count (not withdrawn, one per account and order line), one row each.

    filed and ordered are days from the start of the window (filed may exceed the last order day, never the night).
    log_price is ln(unit price / peers) of the order line, 0 where unknown.
    """

    shop: Ints
    listing: Ints
    place: Ints
    supplier: Ints
    account: Ints
    ordered: Ints
    filed: Ints
    log_price: Floats


@dataclass(frozen=True)
class Named:
    """Orders that name their supplier, by (listing, supplier): the small third exposure table."""

    listing: Ints
    supplier: Ints
    orders: Floats


@dataclass(frozen=True)
class Links:
    """Declared links (shop, supplier) with a weight in pseudo-orders >= 0 (confidence x kind)."""

    shop: Ints
    supplier: Ints
    weight: Floats


@dataclass(frozen=True)
class Cleared:
    """Sources that a person cleared, one row each: only what was filed later counts against them.

    source its number; day of the decision, from the start of the window; later the share of its expected complaints filed after.
    """

    source: Ints
    day: Ints
    later: Floats


@dataclass(frozen=True)
class Beside:
    """What is known of shops and places beside their orders: the sources that may explain what suppliers and places leave.

    building (places,) the building of a place or -1; return_shop, return_place: pairs of a shop and a place that it names for
    returns, once each, with return_part, the part of the shop's orders; operator (shops,) who runs a shop, or -1. There are so many
    buildings, returns and operators; their codes count from 0. declared_shop, declared_place: pairs of a shop and a place that it
    says it ships from, once each.
    """

    buildings: int
    returns: int
    operators: int
    building: Ints
    return_shop: Ints
    return_place: Ints
    return_part: Floats
    operator: Ints
    declared_shop: Ints
    declared_place: Ints


@dataclass(frozen=True)
class Market:
    """A window as the source model sees it. Sources are the suppliers, then the places, buildings, return places and the unknown
    supply of operators: supplier s is s, place p is suppliers + p, and so on (`first`).

    opened (shops,) the day on which each opened, from the start of the window, NaN: unknown; confirmed: numbers of the sources that
    people confirmed."""

    shops: int
    places: int
    suppliers: int
    listings: int
    accounts: int
    flows: Flows
    complaints: Complaints
    named: Named
    links: Links
    cleared: Cleared | None = None
    beside: Beside | None = None
    opened: Floats | None = None
    confirmed: Ints | None = None

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of sources of each type, by type number."""
        b = self.beside
        return (self.suppliers, self.places, *((b.buildings, b.returns, b.operators) if b else (0, 0, 0)))

    @property
    def sources(self) -> int:
        """Number of sources of all types."""
        return sum(self.sizes)

    @property
    def party(self) -> Ints:
        """(shops,) who runs each shop: the number of its operator, or one of its own."""
        if self.beside is None:
            return np.arange(self.shops, dtype=np.int64)
        return np.where(self.beside.operator >= 0, self.beside.operator, self.beside.operators + np.arange(self.shops))

    @property
    def early(self) -> int:
        """Number of sources that explain first: suppliers and places."""
        return self.suppliers + self.places

    @property
    def kind(self) -> Ints:
        """(sources,) type number of each."""
        return np.repeat(np.arange(len(self.sizes), dtype=np.int64), self.sizes)

    def first(self, kind: int) -> int:
        """Number of the first source of a type."""
        return sum(self.sizes[:kind])


def by_group(group: Ints, groups: int, value: Floats) -> sp.csr_matrix:
    """(groups x rows) the value of each row in the row of its group: its product with a matrix by row is what that sums to by group."""
    return sp.csr_matrix((value, (group, np.arange(len(group)))), shape=(groups, len(group)))
