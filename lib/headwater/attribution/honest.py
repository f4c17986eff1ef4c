"""Honest sources differ: some draw several times the usual complaints and sell no fakes.

The spike of the model says that an honest source draws just what is expected. Here it is given a width: an honest source has a rate of
its own, rho_j times what is expected, ln rho_j ~ Normal(-sigma^2 / 2, sigma^2), whose mean is 1. How much honest sources differ is learnt
from the night itself. On a grid of rates rho_r and one of spreads, each spread is as likely as it makes what the suppliers drew; the mean
over them is a distribution omega of honest rates, and

    ln H_j = ln sum_r omega_r exp(L_j(rho_r - 1))

is what speaks for an honest source: the posterior log odds are lowered by it (never raised). An empirical null (Efron 2004, JASA 99(465)):
where honest sources stand out by themselves, standing out says little.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import logit, logsumexp

from headwater.attribution.cells import Cells, entries_of
from headwater.attribution.market import SUPPLIER, Floats
from headwater.attribution.spike_slab import SourceFit
from headwater.attribution.sweeps import log_likelihoods
from headwater.parameters.finding import HonestParams, SpikeSlabParams


@dataclass(frozen=True)
class HonestRates:
    """How honest sources differ on a night: effects (R,) rho_r - 1, log_omega (R,) ln of the chance of each; gains (sources x R)
    L_j(rho_r - 1), and speaks (sources,) ln H_j, at least 0."""

    effects: Floats
    log_omega: Floats
    gains: Floats
    speaks: Floats


def honest_rates(cells: Cells, fit: SourceFit, model: SpikeSlabParams, params: HonestParams) -> HonestRates:
    """The rates of honest sources, learnt from the night's suppliers, and what they say of each source; late ones, too."""
    gains = log_likelihoods(entries_of(cells), fit.explained, fit.phibar, fit.exposure, model, params.effects)
    log_omega = _learn(gains, cells, fit, params)
    return HonestRates(params.effects, log_omega, gains, ln_honest(gains, log_omega))


def ln_honest(gains: Floats, log_omega: Floats) -> Floats:
    """(rows,) ln H, at least 0, of rows of gains by rate."""
    return np.asarray(np.maximum(logsumexp(gains + log_omega, axis=1), 0.0))


def _learn(gains: Floats, cells: Cells, fit: SourceFit, params: HonestParams) -> Floats:
    """(R,) ln omega. Guilty or not, a supplier's likelihood is (1 - pi) H(sigma) + pi BF."""
    mine = cells.kind == SUPPLIER
    guilty = logit(fit.prior[mine]) + fit.ln_bf[mine]
    honest = np.column_stack([logsumexp(gains[mine] + of_spread, axis=1) for of_spread in params.by_spread])
    night = np.logaddexp(honest, guilty[:, None]).sum(axis=0) + params.log_prior
    return np.asarray(logsumexp(params.by_spread + (night - logsumexp(night))[:, None], axis=0))
