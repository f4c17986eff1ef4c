"""The company that a source keeps: shops that opened together, operators who sell the goods of a confirmed source too."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from headwater.attribution.market import Floats, Ints, Market, by_group
from headwater.parameters.finding import SideParams

WEEK = 7  # days


def presence(market: Market, sure: sp.csr_matrix) -> sp.csr_matrix:
    """(shops x sources) how sure it is that a shop sells goods of a source: n / (n + 1) for n sure order lines.

    `sure` (flows x sources): squared shares of every flow."""
    lines = (by_group(market.flows.shop, market.shops, market.flows.orders) @ sure).tocsr()
    lines.data = lines.data / (lines.data + 1.0)
    return lines


def opened_together(market: Market, present: sp.csr_matrix, params: SideParams) -> Floats:
    """(sources,) ln of pairs of its shops that opened in the same week or in neighbouring ones, over the pairs to be expected had they
    opened when shops of this marketplace do. 0 where nothing is known; a wave of new shops everywhere is expected and no sign."""
    none = np.zeros(present.shape[1])
    if market.opened is None:
        return none
    known = np.flatnonzero(np.isfinite(market.opened))
    if len(known) < 2:
        return none
    week = np.floor(market.opened[known] / WEEK).astype(np.int64)
    week -= week.min()
    weeks = int(week.max()) + 1
    near = sp.diags([1.0, 1.0, 1.0], [-1, 0, 1], shape=(weeks, weeks), format="csr")
    of = present[known].T.tocsr()  # sources x shops
    twice = of.power(2)
    in_week = (of @ by_group(week, weeks, np.ones(len(known))).T).tocsr()
    pairs = np.asarray(in_week.multiply(in_week @ near).sum(axis=1)).ravel() - np.asarray(twice.sum(axis=1)).ravel()
    chance = ((near @ np.bincount(week, minlength=weeks) - 1.0) / (len(known) - 1.0))[week]
    usual = np.asarray(of.sum(axis=1)).ravel() * (of @ chance) - twice @ chance
    return np.asarray(
        np.log((np.maximum(pairs, 0.0) + params.opened_pseudo) / (np.maximum(usual, 0.0) + params.opened_pseudo))
    )


def with_confirmed(market: Market, present: sp.csr_matrix, owner: Ints, params: SideParams) -> Floats:
    """(sources,) part of the shops of a source whose operator sells, in any of his shops, goods of another source that people confirmed.

    A source's own verdict says nothing here, nor does that of a place's owner about his place, or of the place about its owner:
    `owner` (suppliers and places,) the supplier of a place that is one supplier's, else -1. 0 without verdicts."""
    confirmed = market.confirmed
    if confirmed is None or not len(confirmed):
        return np.zeros(present.shape[1])
    party = market.party
    of_operator = (
        by_group(party, int(party.max()) + 1, np.ones(market.shops)) @ present
    ).tocsr()  # operators x sources: shops
    sells = of_operator[:, confirmed].tocsc()
    sells.data = np.log1p(-np.minimum(sells.data / (sells.data + 1.0), 1 - 1e-9))
    quiet = np.asarray(sells.sum(axis=1)).ravel()
    shops = np.asarray(of_operator.sum(axis=0)).ravel()
    x = np.asarray(of_operator.T @ -np.expm1(quiet)).ravel()
    kin = owner_of_all(owner, len(x))
    columns = of_operator.tocsc()
    for j in np.flatnonzero(np.isin(kin, kin[confirmed])).tolist():  # the confirmed and those that are one with them
        others = np.asarray(sells[:, np.flatnonzero(kin[confirmed] != kin[j])].sum(axis=1)).ravel()
        mine = slice(columns.indptr[j], columns.indptr[j + 1])
        x[j] = columns.data[mine] @ -np.expm1(others[columns.indices[mine]])
    return np.asarray(x / (shops + params.company_pseudo))


def owner_of_all(owner: Ints, sources: int) -> Ints:
    """(sources,) the source that each is one with: a place of one supplier with that supplier, any other with itself."""
    kin = np.arange(sources, dtype=np.int64)
    kin[: len(owner)] = np.where(owner >= 0, owner, kin[: len(owner)])
    return kin
