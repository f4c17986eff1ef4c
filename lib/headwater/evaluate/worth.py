"""What late sources are worth: how well the planted guilty among buildings, return places and unknown supply are ranked, and what
could be said of them without."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from headwater.attribution import gamma_poisson
from headwater.attribution.find import Found
from headwater.attribution.market import BUILDING, LATENT, RETURN, TYPES, Floats, Market
from headwater.evaluate import metrics
from headwater.evaluate.worlds import World

LOW = 0.05  # the quantile of EB05


def late_grades(world: World, market: Market, found: Found) -> dict[str, dict[str, float]]:
    """By type: average precision of the finding, of EB05 through the same shares (`eb05`), and of what suppliers and places say of its
    orders (`others`); guilty ones and all; those at a probability of one half or more (`said`), and how many of them are guilty."""
    rest = said_by_others(market, found)
    out = {}
    for kind in (BUILDING, RETURN, LATENT):
        first = market.first(kind)
        at = np.arange(first, first + market.sizes[kind])
        at = at[found.cells.exposure[at] > 0]
        mark = world.guilty_late[at - market.early]
        at, truth = at[~np.isnan(mark)], mark[~np.isnan(mark)] > 0
        if not truth.any():
            continue
        y = np.round(np.asarray(found.cells.shares[:, at].T @ found.weights).ravel(), 6)
        e = found.cells.exposure[at]
        eb05 = gamma_poisson.quantile(gamma_poisson.fit(*gamma_poisson.squash(y, e)), y, e, LOW)
        said = found.probability[at] >= 0.5
        out[TYPES[kind]] = {
            "ap": metrics.average_precision(found.score[at], truth),
            "eb05": metrics.average_precision(eb05, truth),
            "others": metrics.average_precision(rest[at - market.early], truth),
            "guilty": float(truth.sum()), "sources": float(len(at)), "said": float(said.sum()),
            "right": float((said & truth).sum()),
        }  # fmt: skip
    return out


def said_by_others(market: Market, found: Found) -> Floats:
    """(late sources,) the share of its expected complaints whose goods some supplier or place is guilty of: all that was said before."""
    shares, expected = found.exposure_shares, market.flows.expected
    entry = shares[:, : market.early].tocoo()
    quiet = np.log1p(-np.minimum(np.clip(entry.data, 0, 1) * found.probability[entry.col], 1 - 1e-12))
    guilty = -np.expm1(np.bincount(entry.row, weights=quiet, minlength=len(expected)))
    late = sp.csr_matrix(shares[:, market.early :])
    return np.asarray((late.T @ (expected * guilty)) / np.maximum(late.T @ expected, 1e-300))
