"""What leaves a place: of how many suppliers, and into how many shops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from headwater.attribution.gather import Gathered
from headwater.attribution.late_shares import doors
from headwater.attribution.market import Floats, Ints


@dataclass(frozen=True)
class Leaving:
    """(places or buildings,) effective number of suppliers whose goods leave it, and shops whose orders name it."""

    spread: Floats
    shops: Ints


def leaving(window: Gathered) -> tuple[Leaving, Leaving]:
    """Of places and of buildings, what leaves them, by the orders that name both the place and their supplier: a guess is no fact."""
    market, flows = window.market, window.market.flows
    named = np.flatnonzero((flows.place >= 0) & (flows.orders > 0))
    sure = np.flatnonzero((flows.place >= 0) & (flows.supplier >= 0))
    goods = sp.csr_matrix(
        (flows.orders[sure], (flows.place[sure], flows.supplier[sure])), shape=(market.places, market.suppliers)
    )
    shops = sp.csr_matrix(
        (np.ones(len(named)), (flows.place[named], flows.shop[named])), shape=(market.places, market.shops)
    )
    houses = sp.csr_matrix((market.places, 0)) if market.beside is None else doors(market.beside)
    return _of(goods, shops), _of(houses.T @ goods, houses.T @ shops)


def _of(goods: sp.csr_matrix, shops: sp.csr_matrix) -> Leaving:
    """The effective number is exp of the entropy of a row: two suppliers half and half are 2; 0 of an empty row."""
    entry, total = goods.tocoo(), np.asarray(goods.sum(axis=1)).ravel()
    share = np.maximum(entry.data, 0.0) / np.maximum(total[entry.row], 1e-300)
    entropy = np.bincount(entry.row, weights=-share * np.log(np.maximum(share, 1e-300)), minlength=goods.shape[0])
    spread = np.where(total > 0, np.exp(entropy), 0.0)
    return Leaving(np.asarray(spread), np.diff(sp.csr_matrix(shops).indptr))
