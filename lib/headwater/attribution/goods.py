"""Whose goods leave a dispatch place: what a supplier's guilt says of the places that send its goods."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.special import expit, log_expit

from headwater.attribution.market import Bools, Floats, Ints, Market


def goods_of_places(market: Market, through: sp.csr_matrix) -> sp.csr_matrix:
    """(places x suppliers) part of the complaints expected through each place that is of each supplier's goods; rows sum to 1 at most.

    `through` (flows x sources): shares of every flow. Of a place that orders name, by these alone: what may have come from there, for the
    shop declares it, is all that the shop sells."""
    supplier, place = through[:, : market.suppliers], through[:, market.suppliers : market.early]
    names = market.flows.place >= 0
    named = np.bincount(market.flows.place[names], minlength=market.places) > 0
    entry = place.tocoo()
    counts = names[entry.row] | ~named[entry.col]
    row, at = entry.row[counts], entry.col[counts]
    weighed = sp.csr_matrix((market.flows.expected[row] * entry.data[counts], (row, at)), shape=place.shape)
    volume = np.asarray(weighed.sum(axis=0)).ravel()
    parts = (sp.diags(1 / np.maximum(volume, 1e-300)) @ weighed.T @ supplier).tocsr()
    parts.data = np.minimum(parts.data, 1.0)
    return parts


def owners(goods: sp.csr_matrix, said: sp.csr_matrix, market: Market, owned_from: float) -> Ints:
    """(suppliers and places,) the supplier that `owned_from` or more of a place's goods are of; -1: shared, or no place.

    Its `goods` as they are inferred, or as the orders there that name their supplier say (`Inferred.at_place`): what orders leave unsaid
    is shared out among all that their shops sell, also where all that say it say one."""
    owner = np.full(market.early, -1, dtype=np.int64)
    for parts in (said, goods):
        if parts.nnz:
            most, whose = parts.max(axis=1).toarray().ravel(), np.asarray(parts.argmax(axis=1)).ravel()
            owner[market.suppliers :] = np.where(most >= owned_from, whose, owner[market.suppliers :])
    return owner


def whose_goods_are_said(said: sp.csr_matrix, market: Market) -> Bools:
    """(sources,) whether an order names both a place and whose goods it sent from there; `said` is `Inferred.at_place`. What is inferred of
    goods by their shops alone may suspect a place, and makes nobody sure."""
    out = np.zeros(market.sources, dtype=np.bool_)
    out[market.suppliers : market.early] = np.diff(said.indptr) > 0
    return out


def guilt_by_goods(score: Floats, goods: sp.csr_matrix, market: Market, fake: float) -> Floats:
    """(sources,) what the suppliers' guilt adds to the log odds `score` of the places that send their goods; 0 of all others.

    A place sends fakes if it is a source of its own or its goods are a guilty supplier's: 1 - (1 - P_k)(1 - fake sum_j c_kj P_j); `fake`
    is the chance that a guilty supplier's goods are fakes. After a person cleared a place, other sources' guilt no longer raises it.
    """
    added = np.zeros(len(score))
    fakes = fake * np.minimum(goods @ expit(score[: market.suppliers]), 1 - 1e-12)
    some = np.flatnonzero(fakes > 0)
    own = score[market.suppliers + some]
    loud = -log_expit(-own) - np.log1p(-fakes[some])  # -ln(1 - P), of which ln(e^x - 1) makes log odds
    added[market.suppliers + some] = np.where(loud > 30, loud, np.log(np.expm1(np.minimum(loud, 30)))) - own
    if market.cleared is not None:
        added[market.cleared.source] = 0.0
    return np.maximum(added, 0.0)
