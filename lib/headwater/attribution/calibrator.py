"""One calibrator, whatever there is to learn from: planted marketplaces, some verdicts, or many (docs/model.md, step 5).

How well it does is measured on verdicts that are later than all that the measured fit has seen; what is published is then fitted
to all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression

from headwater.attribution.calibrate import FEATURES, wilson_low
from headwater.attribution.logistic import Logistic, fit_logistic
from headwater.attribution.market import Bools, Floats
from headwater.parameters.finding import CalibrationParams, Tempering

PLANTED, LOGISTIC, ISOTONIC = "planted", "logistic", "isotonic"


@dataclass(frozen=True)
class Quality:
    """How a calibrator did on later verdicts than those it was fitted to: Brier score, log loss (nats), and the sure ones.

    probability, guilty and weight (rows,) are what a reliability table is made of; all None without later verdicts.
    """

    brier: float | None = None
    log_loss: float | None = None
    sure: int = 0
    right: int = 0
    probability: Floats | None = None
    guilty: Bools | None = None


@dataclass(frozen=True)
class Calibrator:
    """Evidence -> probability. `ceiling` is the highest published; steps (of an isotonic fit) are (log odds, probability, low, high)."""

    method: str
    verdicts: int
    logistic: Logistic
    ceiling: float
    quality: Quality
    steps: tuple[Floats, Floats, Floats, Floats] | None = None

    def probability(self, x: Floats) -> tuple[Floats, Floats, Floats]:
        """(sources,) probability with its 90 % interval, never above the ceiling; x (sources x 5) as `calibrate.features`."""
        found = self.logistic.interval(_design(x))
        if self.steps is not None:
            odds, *ends = self.steps
            at = _design(x) @ self.logistic.mean
            found = tuple(np.interp(at, odds, end) for end in ends)  # type: ignore[assignment]
        point, low, high = (np.minimum(value, self.ceiling) for value in found)
        return point, low, high


def calibrator(
    x: Floats, guilty: Bools, weight: Floats, tempering: Tempering, params: CalibrationParams | None = None
) -> Calibrator:
    """The calibrator that these verdicts support.

    x (verdicts x 5) features of each subject as they stood the night before its verdict, without its own verdict; guilty; weight:
    `calibrate.inspection_weights`. Rows in the order of decision. Without verdicts it is the tempered posterior; below
    `isotonic_from` a Bayesian logistic regression around it; from there on isotonic regression on that regression's log odds.
    """
    params = params or CalibrationParams()
    fitted = _fit(x, guilty, weight, tempering, params)
    early = int(len(x) * (1 - params.held_out))
    if len(x) - early < params.least_later:
        ceiling = tempering.ceiling if not len(x) else min(tempering.ceiling, params.not_sure)
        return _named(fitted, ceiling, Quality())
    p, _, _ = _fit(x[:early], guilty[:early], weight[:early], tempering, params).probability(x[early:])
    quality = _quality(p, guilty[early:], params)
    kept = wilson_low(quality.right, quality.sure) >= params.kept
    return _named(fitted, 1.0 if kept else params.not_sure, quality)


def _fit(x: Floats, guilty: Bools, weight: Floats, tempering: Tempering, params: CalibrationParams) -> Calibrator:
    scaled = weight / max(float(weight.mean()), 1.0) if len(weight) else weight
    mean = np.array([tempering.intercept, *(tempering.slope * np.array(params.prior_mean))])
    spread = np.array([params.intercept_spread, *params.prior_spread])
    logistic = fit_logistic(_design(x), np.asarray(guilty, dtype=np.float64), scaled, mean, spread)
    method = PLANTED if not len(x) else LOGISTIC if len(x) < params.isotonic_from else ISOTONIC
    steps = _steps(_design(x) @ logistic.mean, guilty, scaled) if method == ISOTONIC else None
    return Calibrator(method, len(x), logistic, 1.0, Quality(), steps)


def _steps(odds: Floats, guilty: Bools, weight: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Isotonic regression of guilt on log odds, one step a block, each shrunk by half a verdict of each kind so that none is certain."""
    order = np.lexsort((guilty, odds))
    odds, y, w = odds[order], np.asarray(guilty, dtype=np.float64)[order], np.maximum(weight[order], 1e-9)
    block = isotonic_regression(y, weights=w).blocks
    mass, hits = np.add.reduceat(w, block[:-1]), np.add.reduceat(w * y, block[:-1])
    square = np.add.reduceat(w * w, block[:-1])
    trials = mass**2 / square  # verdicts that the weights are worth (Kish 1965)
    share = hits / mass
    point = (share * trials + 0.5) / (trials + 1)
    half = 1.645 * np.sqrt(point * (1 - point) / (trials + 1))
    where = np.add.reduceat(w * odds, block[:-1]) / mass
    rising = [np.maximum.accumulate(v) for v in (point, np.maximum(point - half, 0), np.minimum(point + half, 1))]
    return where, rising[0], np.minimum(rising[1], rising[0]), rising[2]


def _quality(p: Floats, guilty: Bools, params: CalibrationParams) -> Quality:
    truth = np.asarray(guilty, dtype=np.float64)
    q = np.clip(p, 1e-12, 1 - 1e-12)
    sure = p >= params.sure
    return Quality(
        brier=float(np.mean((p - truth) ** 2)), log_loss=float(-np.mean(truth * np.log(q) + (1 - truth) * np.log1p(-q))),
        sure=int(sure.sum()), right=int(truth[sure].sum()), probability=p, guilty=np.asarray(guilty, dtype=np.bool_),
    )  # fmt: skip


def _named(fitted: Calibrator, ceiling: float, quality: Quality) -> Calibrator:
    return Calibrator(fitted.method, fitted.verdicts, fitted.logistic, ceiling, quality, fitted.steps)


def _design(x: Floats) -> Floats:
    x = np.asarray(x, dtype=np.float64).reshape(-1, len(FEATURES))
    return np.column_stack([np.ones(len(x)), x])
