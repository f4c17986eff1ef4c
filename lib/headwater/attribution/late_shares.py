"""What of a cell of orders flows through buildings, return places and the unknown supply of operators (docs/model.md, step 2c)."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from headwater.attribution.market import LATENT, RETURN, TYPES, Beside, Floats, Ints, Market
from headwater.parameters.finding import FindParams


def late_shares(beside: Beside, shop: Ints, at_place: sp.csr_matrix, unseen: Floats) -> sp.csr_matrix:
    """(cells x late sources) shares of cells of orders, by type.

    A building has what its doors have: at_place (cells x places). A return place has its part of every order of the shops that name
    it. The unknown supply of an operator has what no supplier is known to have: unseen (cells,).
    """
    operator = beside.operator[shop]
    run = np.flatnonzero(operator >= 0)
    latent = _matrix(run, operator[run], unseen[run], len(shop), beside.operators)
    return sp.hstack([at_place @ doors(beside), _returns(beside)[shop], latent]).tocsr()


def doors(beside: Beside) -> sp.csr_matrix:
    """(places x buildings) 1 where a place is a door of the building."""
    inside = np.flatnonzero(beside.building >= 0)
    return _matrix(inside, beside.building[inside], np.ones(len(inside)), len(beside.building), beside.buildings)


def sources_of_their_own(market: Market, late: sp.csr_matrix, at_place: sp.csr_matrix, params: FindParams) -> Floats:
    """(late sources,) 1 for those that are a source beside the others, 0 for those that are not; of flows: `late` (flows x late sources)
    and at_place (flows x places).

    A building or return place of which `owned_from` or more flows through one dispatch place is that place again. Return places that
    one shop names, and operators of one shop, are the shop."""
    beside, flows = market.beside, market.flows
    assert beside is not None
    kind = market.kind[market.early :]
    at_doors = (at_place.T @ sp.diags(flows.expected) @ late).tocsc()
    volume = np.asarray(late.T @ flows.expected).ravel()
    most = at_doors.max(axis=0).toarray().ravel() if at_doors.shape[0] else np.zeros(len(kind))
    again = (kind != LATENT) & (most >= params.owned_from * volume)
    real = flows.orders > 0
    by_shop = _matrix(flows.shop[real], np.flatnonzero(real), np.ones(int(real.sum())), market.shops, len(real))
    shops = np.diff((by_shop @ late).tocsc().indptr)
    operator = beside.operator[np.unique(flows.shop[real])]
    run = np.bincount(operator[operator >= 0], minlength=beside.operators)
    alone = np.concatenate([np.zeros(beside.buildings, bool), shops[kind == RETURN] < 2, run < 2])
    off = np.isin(kind, [t for t, name in enumerate(TYPES) if name not in params.late])
    return np.where(again | alone | off | (volume <= 0), 0.0, 1.0)


def _returns(beside: Beside) -> sp.csr_matrix:
    """(shops x return places) the part of each shop's orders."""
    return _matrix(beside.return_shop, beside.return_place, beside.return_part, len(beside.operator), beside.returns)


def _matrix(row: Ints, col: Ints, value: Floats, rows: int, cols: int) -> sp.csr_matrix:
    return sp.csr_matrix((value, (row, col)), shape=(rows, cols), dtype=np.float64)
