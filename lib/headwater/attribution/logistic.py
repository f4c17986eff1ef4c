"""Bayesian logistic regression with a Gaussian prior, by Newton's method: small, exact, deterministic."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from headwater.attribution.market import Floats


@dataclass(frozen=True)
class Logistic:
    """Posterior of the coefficients: mode and Laplace covariance (MacKay 1992)."""

    mean: Floats
    covariance: Floats

    def interval(self, features: Floats, width: float = 1.645) -> tuple[Floats, Floats, Floats]:
        """(rows,) probability at the mode and its low and high end, `width` standard deviations of the log odds away (90 %)."""
        centre = features @ self.mean
        half = width * np.sqrt(np.einsum("ij,jk,ik->i", features, self.covariance, features))
        return expit(centre), expit(centre - half), expit(centre + half)


def fit_logistic(features: Floats, target: Floats, weight: Floats, mean: Floats, spread: Floats) -> Logistic:
    """Mode of prod sigmoid-likelihood(target in [0, 1])^weight x Normal(mean, spread^2) over the coefficients.

    features (rows x k), target (rows,) may be soft, weight (rows,) >= 0. Newton with step halving; concave, so one mode.
    """
    precision = np.diag(1.0 / spread**2)
    beta = np.asarray(mean, dtype=np.float64).copy()

    def loss(b: Floats) -> float:
        eta = features @ b
        return float((weight * (np.logaddexp(0, eta) - target * eta)).sum() + 0.5 * (b - mean) @ precision @ (b - mean))

    hessian = precision
    for _ in range(50):
        p = expit(features @ beta)
        gradient = features.T @ (weight * (p - target)) + precision @ (beta - mean)
        hessian = (features * (weight * p * (1 - p))[:, None]).T @ features + precision
        step = np.linalg.solve(hessian, gradient)
        size, here = 1.0, loss(beta)
        while loss(beta - size * step) > here and size > 1e-6:
            size /= 2
        beta = beta - size * step
        if np.abs(step).max(initial=0.0) < 1e-10:
            break
    return Logistic(beta, np.linalg.inv(hessian))
