"""Gamma-Poisson shrinkage: how much more often than expected is a subject complained about, after doubt is priced in?

A subject (a shop, a source) has y complaints where E were expected, y ~ Poisson(lambda E), and its lift lambda comes
from a mixture of two gamma distributions that all subjects share: the *elevated* and the *ordinary* component,

    lambda ~ pi Gamma(a1, b1) + (1 - pi) Gamma(a2, b2)      (shape, rate; mean a / b)

The mixture is fitted by maximum likelihood; the posterior of a subject is again a mixture of two gammas. From it come
EBGM, the geometric mean (to detect), and EB05, the 5 % quantile (to accuse).

Source: DuMouchel (1999), "Bayesian data mining in large frequency tables", The American Statistician 53(3):177-190,
sections 3 and 4. Squashing: DuMouchel and Pregibon (2001), "Empirical Bayes screening for multi-item associations",
KDD 2001:67-76.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import digamma, expit, gammainc, gammaincinv, gammaln, logit

from headwater.parameters.attribution import Shrinkage

Floats = NDArray[np.float64]

# A row a start, as (a1, mean1, a2, mean2, pi): few and strongly elevated, many and mildly elevated, nearly one
# population, the start of DuMouchel (1999, section 4), and a wide ordinary component.
_STARTS = np.array(
    [
        [1.0, 15.0, 2.0, 0.8, 0.05],
        [1.0, 5.0, 2.0, 0.5, 0.2],
        [2.0, 40.0, 4.0, 0.9, 0.01],
        [0.2, 2.0, 2.0, 0.5, 1 / 3],
        [2.0, 20.0, 0.5, 0.7, 0.02],
    ]
)
# Guards of the optimiser. Means: up to the largest effect that the sources' grid knows. Shapes: below, quantiles
# underflow; above, the gamma is a point. Share: both components stay alive.
_MEAN_LIMITS, _SHAPE_LIMITS, _SHARE_LIMITS = (1e-3, 300.0), (0.05, 1e3), (1e-6, 1 - 1e-6)
_LN_TOLERANCE = 1e-11  # of ln quantile: ten times finer than the 1e-10 that `quantile` promises
_NEWTON_ROUNDS = 10
_BISECTION_ROUNDS = 60  # halves the widest possible bracket, 700 in ln, to below the tolerance (47 would do)


DEFAULTS = Shrinkage()


@dataclass(frozen=True)
class Mixture:
    """The prior of the lift: pi Gamma(a1, b1) + (1 - pi) Gamma(a2, b2), shape and rate; `asdict` makes it JSON.

    A fitted one has the component with the larger mean first, so pi is the share of elevated subjects.
    """

    pi: float
    a1: float
    b1: float
    a2: float
    b2: float

    def __post_init__(self) -> None:
        """Refuse what is no distribution (ValueError)."""
        if not (0 <= self.pi <= 1 and all(0 < v < np.inf for v in (self.a1, self.b1, self.a2, self.b2))):
            raise ValueError(f"no gamma mixture: pi must be in [0, 1], shapes and rates positive and finite: {self}")

    @property
    def mean(self) -> float:
        """Prior mean of the lift: about 1 when the expected complaints are calibrated to the observed ones."""
        return self.pi * self.a1 / self.b1 + (1 - self.pi) * self.a2 / self.b2


def squash(
    observed: ArrayLike, expected: ArrayLike, count: ArrayLike | None = None, params: Shrinkage = DEFAULTS
) -> tuple[Floats, Floats, Floats]:
    """Subjects -> cells (observed, expected mean, count), sorted by observed, then expected: what `fit` needs, small.

    Cells are exact in the observed complaints (to .001, for they carry weights) and `squash_width` wide in ln E; E = 0
    has a bin of its own. `count` (default 1 each) lets the cells of several parts be squashed again. Any order of the
    subjects gives the same cells to the last bit.
    """
    y, e, n = _checked(observed, expected, count)
    thousandths = np.rint(y * 1000).astype(np.int64)
    log_e = np.log(e, out=np.zeros_like(e), where=e > 0)
    bins = np.where(e > 0, np.floor(log_e / params.squash_width), np.iinfo(np.int64).min).astype(np.int64)
    order = np.lexsort((n, e, bins, thousandths))
    thousandths, bins, e, n = thousandths[order], bins[order], e[order], n[order]
    first = np.ones(len(y), dtype=bool)
    first[1:] = (np.diff(thousandths) != 0) | (bins[1:] != bins[:-1])
    starts = np.flatnonzero(first)
    if len(starts) == 0:
        return y, e, n
    total = np.add.reduceat(n, starts)
    return thousandths[starts] / 1000, np.add.reduceat(n * e, starts) / total, total


def fit(
    observed: ArrayLike, expected: ArrayLike, count: ArrayLike | None = None, params: Shrinkage = DEFAULTS
) -> Mixture:
    """Cells (as `squash` makes them) -> the mixture of largest penalised likelihood, its elevated component first.

    The marginal of y is a mixture of two negative binomials (DuMouchel 1999, eqs. 2-4); complaints of fractional weight
    enter it through the gamma function. The parameters, ln shape, ln mean and logit pi, carry a weak normal penalty
    and lie within bounds, so no complaints, one subject or no information at all give a finite answer near the
    penalty's centre. Cells with E = 0 and y = 0 say nothing and are left out. Deterministic: fixed starts, and
    the order of the cells does not matter. ValueError for negative, infinite or missing numbers.
    """
    y, e, n = _checked(observed, expected, count)
    e = _floored(y, e, params)
    order = np.lexsort((n, e, y))
    order = order[e[order] > 0]
    objective = _objective(y[order], e[order], n[order], params)
    ln_mean, ln_shape = np.log(_MEAN_LIMITS), np.log(_SHAPE_LIMITS)
    bounds = [ln_shape, ln_mean, ln_shape, ln_mean, logit(_SHARE_LIMITS)]
    starts = np.column_stack([np.log(_STARTS[:, :4]), logit(_STARTS[:, 4])])
    options = {"maxiter": 1000, "maxfun": 5000, "ftol": 1e-14, "gtol": 1e-9}
    solved = [minimize(objective, s, jac=True, method="L-BFGS-B", bounds=bounds, options=options) for s in starts]
    best = min(solved, key=lambda solution: float(solution.fun))
    a1, m1, a2, m2 = (float(v) for v in np.exp(best.x[:4]))
    pi = float(expit(best.x[4]))
    if m1 >= m2:
        return Mixture(pi, a1, a1 / m1, a2, a2 / m2)
    return Mixture(1 - pi, a2, a2 / m2, a1, a1 / m1)


def posterior_pi(mixture: Mixture, observed: ArrayLike, expected: ArrayLike, params: Shrinkage = DEFAULTS) -> Floats:
    """P(elevated | y, E) of each subject, in [0, 1] (DuMouchel 1999, eq. 6). For y = 0 and E = 0 it is the prior's pi.

    A diagnostic, not a rank: a wide elevated component also holds very low lifts, and then more complaints may lower
    it; EBGM and EB05 never fall as y grows. A subject with y > 0 has at least `expected_floor` as E.
    """
    y, e, _ = _checked(observed, expected, None)
    return _posterior_pi(mixture, y, _floored(y, e, params))


def ebgm(mixture: Mixture, observed: ArrayLike, expected: ArrayLike, params: Shrinkage = DEFAULTS) -> Floats:
    """EBGM of each subject: exp(E[ln lambda | y, E]), a lift (DuMouchel 1999, eqs. 10 and 11).

    E = 0 and y = 0 gives the prior's geometric mean; y > 0 has at least `expected_floor` as E. Never NaN.
    """
    y, e, _ = _checked(observed, expected, None)
    e = _floored(y, e, params)
    q = _posterior_pi(mixture, y, e)
    elevated = digamma(mixture.a1 + y) - np.log(mixture.b1 + e)
    ordinary = digamma(mixture.a2 + y) - np.log(mixture.b2 + e)
    return np.asarray(np.exp(q * elevated + (1 - q) * ordinary))


def quantile(
    mixture: Mixture, observed: ArrayLike, expected: ArrayLike, q: float, params: Shrinkage = DEFAULTS
) -> Floats:
    """The q quantile of each subject's posterior lift, to 1e-10 relative: EB05 is q = .05 (DuMouchel 1999, section 4).

    E as in `ebgm`. The quantile of a mixture lies between the quantiles of its components: they are the bracket.
    ValueError unless 0 < q < 1.
    """
    if not 0 < q < 1:
        raise ValueError(f"a quantile's probability lies between 0 and 1, not at {q}")
    y, e, _ = _checked(observed, expected, None)
    e = _floored(y, e, params)
    solved = np.empty(len(y))
    for start in range(0, len(y), params.chunk_rows):
        rows = slice(start, start + params.chunk_rows)
        solved[rows] = _quantile(mixture, y[rows], e[rows], q)
    return solved


def _checked(observed: ArrayLike, expected: ArrayLike, count: ArrayLike | None) -> tuple[Floats, Floats, Floats]:
    """The three as float arrays of one length; a count of 0 is allowed nowhere."""
    y, e = np.atleast_1d(np.asarray(observed, dtype=float)), np.atleast_1d(np.asarray(expected, dtype=float))
    n = np.ones_like(y) if count is None else np.atleast_1d(np.asarray(count, dtype=float))
    if not (y.ndim == 1 and y.shape == e.shape == n.shape):
        raise ValueError(f"observed, expected and count differ in shape: {y.shape}, {e.shape}, {n.shape}")
    for name, values, good in (("observed", y, y >= 0), ("expected", e, e >= 0), ("count", n, n > 0)):
        if not np.all(good & np.isfinite(values)):
            worst = values[~(good & np.isfinite(values))][:5].tolist()
            raise ValueError(f"{name} must be finite and {'positive' if name == 'count' else 'not negative'}: {worst}")
    return y, e, n


def _floored(y: Floats, e: Floats, params: Shrinkage) -> Floats:
    """E where a complaint proves that there was an order; E = 0 with y = 0 stays, its posterior is the prior."""
    return np.where(y > 0, np.maximum(e, params.expected_floor), e)


def _posterior_pi(mixture: Mixture, y: Floats, e: Floats) -> Floats:
    """Odds of the two negative binomials; y! and E^y are common to both and cancel, so E = 0 is no special case."""
    log_odds = _log_marginal(mixture.a1, mixture.b1, y, e) - _log_marginal(mixture.a2, mixture.b2, y, e)
    return np.asarray(expit(logit(mixture.pi) + log_odds))


def _log_marginal(a: float, b: float, y: Floats, e: Floats) -> Floats:
    """ln P(y | E) of one component up to the terms without a and b (DuMouchel 1999, eq. 2)."""
    return np.asarray(gammaln(a + y) - gammaln(a) - a * np.log1p(e / b) - y * np.log(b + e))


def _objective(y: Floats, e: Floats, n: Floats, params: Shrinkage) -> Callable[[Floats], tuple[float, Floats]]:
    """Penalised negative log likelihood a subject, and its gradient, by (ln a1, ln m1, ln a2, ln m2, logit pi)."""
    centre = np.array([0.0, np.log(params.elevated_mean), np.log(2.0), 0.0, logit(params.elevated_share)])
    sd = np.array(
        [params.shape_sd, params.elevated_mean_sd, params.shape_sd, params.ordinary_mean_sd, params.elevated_share_sd]
    )
    strength = params.penalty_subjects
    scale = 1 / (strength + n.sum())

    def component(ln_a: float, ln_m: float) -> tuple[Floats, Floats, Floats]:
        a = np.exp(ln_a)
        b = a / np.exp(ln_m)
        by_b = a * e / (b * (b + e)) - y / (b + e)
        by_a = digamma(a + y) - digamma(a) - np.log1p(e / b)
        return _log_marginal(a, b, y, e), by_a * a + by_b * b, -by_b * b

    def objective(theta: Floats) -> tuple[float, Floats]:
        elevated, elevated_by_a, elevated_by_m = component(theta[0], theta[1])
        ordinary, ordinary_by_a, ordinary_by_m = component(theta[2], theta[3])
        log_odds = theta[4] + elevated - ordinary
        q = expit(log_odds)
        # ln(pi f1 + (1 - pi) f2) = ln f2 + ln(1 + odds) - ln(1 + pi / (1 - pi))
        log_likelihood = ordinary + np.logaddexp(0, log_odds) - np.logaddexp(0, theta[4])
        slopes = (q * elevated_by_a, q * elevated_by_m, (1 - q) * ordinary_by_a, (1 - q) * ordinary_by_m)
        gradient = np.array([*(np.sum(n * slope) for slope in slopes), np.sum(n * (q - expit(theta[4])))])
        pull = (theta - centre) / sd
        value = strength * np.sum(pull**2) / 2 - np.sum(n * log_likelihood)
        return float(value * scale), (strength * pull / sd - gradient) * scale

    return objective


def _quantile(mixture: Mixture, y: Floats, e: Floats, q: float) -> Floats:
    """Newton on the distribution function in ln lambda, kept within the bracket; the few rows left are bisected."""
    shape = np.stack([mixture.a1 + y, mixture.a2 + y])
    rate = np.stack([mixture.b1 + e, mixture.b2 + e])
    elevated = _posterior_pi(mixture, y, e)
    weight = np.stack([elevated, 1 - elevated])
    log_rate, log_norm = np.log(rate), gammaln(shape)
    ends = np.log(np.maximum(gammaincinv(shape, q) / rate, np.finfo(float).tiny))
    low, high = ends.min(axis=0) - 1e-6, ends.max(axis=0) + 1e-6  # a little wider than the bracket, against rounding
    u = np.sum(weight * ends, axis=0)
    todo = np.arange(len(y))
    for turn in range(_NEWTON_ROUNDS + _BISECTION_ROUNDS):
        if len(todo) == 0:
            break
        at, a, w = u[todo], shape[:, todo], weight[:, todo]
        log_scaled = log_rate[:, todo] + at
        scaled = np.exp(log_scaled)
        excess = np.sum(w * gammainc(a, scaled), axis=0) - q
        low[todo] = np.where(excess < 0, at, low[todo])
        high[todo] = np.where(excess >= 0, at, high[todo])
        density = np.sum(w * np.exp(a * log_scaled - scaled - log_norm[:, todo]), axis=0)
        newton = at - excess / np.maximum(density, np.finfo(float).tiny)
        inside = (newton >= low[todo]) & (newton <= high[todo]) & (turn < _NEWTON_ROUNDS)
        u[todo] = np.where(inside, newton, (low[todo] + high[todo]) / 2)
        done = (inside & (np.abs(newton - at) < _LN_TOLERANCE)) | (high[todo] - low[todo] < _LN_TOLERANCE)
        todo = todo[~done]
    return np.asarray(np.exp(u))
