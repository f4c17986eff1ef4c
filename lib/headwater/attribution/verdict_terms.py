"""What people found out, as terms of the log odds: verdicts on a source, test purchases at its shops (docs/model.md, step 3b)."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from headwater.attribution.market import Bools, Floats, Ints
from headwater.parameters.finding import VerdictParams


def verdict_log_odds(confirmed: Ints, reliability: Floats) -> Floats:
    """(verdicts,) +ln(rho / (1 - rho)) for confirmed (1), minus that for cleared (-1), 0 for unsure (0); added after the calibrator."""
    if not ((reliability > 0.5) & (reliability < 1)).all():
        raise ValueError("a reliability lies between .5 and 1, both excluded")
    return np.asarray(confirmed * np.log(reliability / (1 - reliability)), dtype=np.float64)


def counts_after_clearing(filed: Ints, cleared: Ints) -> Bools:
    """(rows,) whether a complaint counts against a source cleared on day `cleared` (-1: never): only those filed later do."""
    return np.asarray((cleared < 0) | (filed > cleared), dtype=np.bool_)


def purchase_terms(
    shares: sp.csr_matrix, posterior: Floats, counterfeit: Bools, params: VerdictParams | None = None
) -> Floats:
    """(sources,) what test purchases add to ln BF: a term that does not depend on the effect size.

    shares (purchases x sources, CSR) w_sj of the shop (or listing) that was bought from; posterior (sources,) P_k of the
    others; counterfeit (purchases,) what was found. With Q = prod over k /= j of (1 - w_sk P_k): counterfeit adds
    ln[(1 - (1 - leak)(1 - w_sj) Q) / (1 - (1 - leak) Q)], genuine ln(1 - w_sj), never below ln `floor`.
    """
    params = params or VerdictParams()
    entry = shares.tocoo()
    share = np.clip(entry.data, 0.0, 1.0)
    quiet = np.log1p(-np.clip(share * posterior[entry.col], 0.0, 1 - 1e-12))
    total = np.bincount(entry.row, weights=quiet, minlength=shares.shape[0])
    others = np.exp(total[entry.row] - quiet)
    clean = (1 - params.leak) * others
    found = np.log1p(-clean * (1 - share)) - np.log1p(-clean)
    genuine = np.log(np.maximum(1 - share, params.floor))
    term = np.where(np.asarray(counterfeit)[entry.row], found, genuine)
    return np.bincount(entry.col, weights=term, minlength=shares.shape[1])
