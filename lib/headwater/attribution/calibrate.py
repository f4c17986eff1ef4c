"""From evidence to a probability that means what it says (docs/model.md, step 5).

Until verdicts exist the model's own posterior is published, tempered by what it was worth on planted marketplaces; verdicts then
move it through a Bayesian logistic regression, each weighted by one over its chance of having been inspected.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.special import expit, logit, ndtri

from headwater.attribution.logistic import Logistic, fit_logistic
from headwater.attribution.market import Bools, Floats
from headwater.parameters.finding import CalibrationParams, Tempering

FEATURES = ("ln_bf", "prior_log_odds", "ln_eb05", "proximity", "ln_exposure")


def proximity(flow: sp.csr_matrix, evidence: Floats, params: CalibrationParams | None = None) -> Floats:
    """(sources,) b = e + 2h S b over the normalised shop-source graph, less the source's own e: what its neighbours say.

    `flow` (shops x sources, CSR) expected complaints, `evidence` (sources,) centred evidence of each. Label propagation, LinBP
    without the echo term (Gatterbauer, Guennemann, Koutra and Faloutsos 2015, PVLDB 8(5)).
    """
    params = params or CalibrationParams()
    shop = np.maximum(np.asarray(flow.sum(axis=1)).ravel(), 1e-300)
    source = np.maximum(np.asarray(flow.sum(axis=0)).ravel(), 1e-300)
    step = (sp.diags(shop**-0.5) @ flow @ sp.diags(source**-0.5)).tocsr()
    belief, middle = evidence.copy(), np.zeros(flow.shape[0])
    for _ in range(params.rounds):
        belief, middle = evidence + params.neighbour * (step.T @ middle), params.neighbour * (step @ belief)
    return np.asarray(belief - evidence)


def features(ln_bf: Floats, prior: Floats, eb05: Floats, near: Floats, exposure: Floats) -> Floats:
    """(sources x 5) in the order of `FEATURES`; the last three centred, so that a new market's level moves nobody."""
    rest = np.column_stack([np.log(np.maximum(eb05, 1e-9)), near, np.log(np.maximum(exposure, 1e-9))])
    return np.column_stack(
        [ln_bf, logit(np.clip(prior, 1e-12, 1 - 1e-12)), rest - rest.mean(axis=0) if len(rest) else rest]
    )


def inspection_weights(inspection_probability: Floats, params: CalibrationParams | None = None) -> Floats:
    """(verdicts,) one over the probability of having been inspected (Horvitz and Thompson 1952), clipped."""
    params = params or CalibrationParams()
    if not ((inspection_probability > 0) & (inspection_probability <= 1)).all():
        raise ValueError("an inspection probability lies in (0, 1]")
    return np.asarray(np.minimum(1.0 / inspection_probability, params.weight_max))


def calibrate(x: Floats, guilty: Bools, weight: Floats, params: CalibrationParams | None = None) -> Logistic:
    """The calibrator from verdicts: x (verdicts x 5) as they stood the night before the verdict, guilty, weight.

    No verdicts: the prior itself. A node's own verdict must not be in its features. Weights are scaled to mean 1 where they
    exceed it, so that reweighting never invents verdicts.
    """
    params = params or CalibrationParams()
    scaled = weight / max(float(weight.mean()), 1.0) if len(weight) else weight
    target = np.asarray(guilty, dtype=np.float64)
    return fit_logistic(x, target, scaled, np.array(params.prior_mean), np.array(params.prior_spread))


def temper(log_odds: Floats, tempering: Tempering) -> Floats:
    """(sources,) probability from posterior log odds; monotone, so no rank changes."""
    return np.asarray(np.minimum(expit(tempering.intercept + tempering.slope * log_odds), tempering.ceiling))


def learn_tempering(log_odds: Floats, guilty: Bools, record: str, params: CalibrationParams | None = None) -> Tempering:
    """Platt scaling (1999) under a prior at the identity; the ceiling stands unless the record carries `sure`."""
    params = params or CalibrationParams()
    x = np.column_stack([np.ones(len(log_odds)), log_odds])
    target = np.asarray(guilty, dtype=np.float64)
    found = fit_logistic(x, target, np.ones(len(target)), np.array([0.0, 1.0]), np.array([1.0, 0.3])).mean
    intercept, slope = min(float(found[0]), 0.0), float(np.clip(found[1], 1e-3, 1.0))
    sure = expit(intercept + slope * log_odds) >= params.sure
    trials, right = int(sure.sum()), int(target[sure].sum())
    ceiling = 1.0 if wilson_low(right, trials) >= params.kept else params.not_sure
    return Tempering(
        intercept=round(intercept, 4), slope=round(slope, 4), ceiling=round(ceiling, 4), rows=len(target),
        sure=trials, right=right, record=record,
    )  # fmt: skip


def wilson_low(hits: int, trials: int) -> float:
    """Lower end of the two-sided 95 % score interval (Wilson 1927); 0 without trials."""
    if not trials:
        return 0.0
    z = float(ndtri(0.975))
    share = hits / trials
    spread = z * np.sqrt(share * (1 - share) / trials + z * z / (4 * trials**2))
    return float((share + z * z / (2 * trials) - spread) / (1 + z * z / trials))
