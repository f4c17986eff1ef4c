"""Which sources explain the complaints: a spike-and-slab Poisson model solved by coordinate ascent on Bayes factors.

    y_c ~ Poisson(E_c (1 + sum_j w_cj phi_j)),   phi_j = z_j exp(eta_j),   z_j ~ Bernoulli(pi_t(j))

A complaint sits in one cell c; w_cj is the share of the cell's orders that flow through source j. Only cells with complaints
enter the sweeps: the clean ones act through X_j = sum_c E_c w_cj alone. Dividing mu_c by E_c shows why: a complaint's
part in ln BF_j depends on w_cj and on the other sources of its cell, never on E_c.

Method: docs/model.md, step 3. The spike-and-slab prior is Mitchell and Beauchamp (1988), JASA 83(404); the update is the exact
conditional Bayes factor of one source on a grid of effect sizes, all sources at once, damped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit, logit

from headwater.attribution.cells import Cells, collapse, entries_of, heard
from headwater.attribution.market import Floats, Ints
from headwater.attribution.sweeps import LocalSweep, Sweep, log_likelihoods
from headwater.parameters.finding import SpikeSlabParams


@dataclass(frozen=True)
class SourceFit:
    """One row per source, in the order of `Cells`; the last pass, computed with `phibar` frozen. What is published of Bayes factors and
    posteriors is `refined`.

    ln_bf    natural log of the Bayes factor guilty : innocent, given the other sources.
    prior    its prior probability: the learnt share of its type, moved by `offset`.
    posterior  P_j = sigmoid(logit prior + ln_bf); uncalibrated.
    phibar   mean extra rate, in base rates, the frozen value of the last sweep.
    attributed complaints that the model lays at its door; with `background` they sum to the complaints observed.
    exposure X_j on the final background, complaints expected.
    typical  the extra rate of goods that are fakes, in base rates: the middle of the decisive sources' effects, by their logarithm.
    scale    the factor by which the final background differs from the expected complaints given.
    explained (cells,) a_c = 1 + sum_j w_cj phibar_j, the rate of a cell in background rates.
    """

    ln_bf: Floats
    prior: Floats
    posterior: Floats
    phibar: Floats
    attributed: Floats
    exposure: Floats
    background: float
    scale: float
    typical: float
    explained: Floats
    sweeps: int
    converged: bool


def bayes_factors(loglik: Floats, log_weights: Floats) -> tuple[Floats, Floats]:
    """(sources,) ln BF_j = ln sum_g omega_g exp(L_jg), and (sources x G) q_jg = omega_g exp(L_jg - ln BF_j)."""
    joint = loglik + log_weights
    top = joint.max(axis=1, keepdims=True)
    joint -= top
    np.exp(joint, out=joint)
    total = joint.sum(axis=1, keepdims=True)
    joint /= total
    return (top + np.log(total))[:, 0], joint


# Cells and parameters -> their fit; whoever makes the sums, the numbers agree within 1e-6.
Fit = Callable[[Cells, SpikeSlabParams], SourceFit]


@dataclass(frozen=True)
class Ground:
    """What an ascent must know of the sources beside the sums over edges.

    exposure, kind, offset (sources,) of the sources with complaints; size (types,) all sources of each type, also those without;
    observed, expected: complaints of the window, as weighed and as expected.
    """

    exposure: Floats
    kind: Ints
    offset: Floats
    size: Ints
    observed: float
    expected: float


@dataclass
class Learnt:
    """What the sources teach each other: prior share per type, and how much of the expected complaints is background."""

    pi: Floats
    scale: float = 1.0

    def logs(self) -> Floats:
        """All of it in natural logs, so that one number says how far it moved."""
        return np.concatenate([logit(self.pi), [np.log(self.scale)]])


@dataclass(frozen=True)
class Ascent:
    """Where the sweeps ended: mean extra rates by source, what was learnt, sweeps taken, and whether they settled."""

    phibar: Floats
    learnt: Learnt
    sweeps: int
    converged: bool


def ascend(sweep: Sweep, ground: Ground, params: SpikeSlabParams, background: bool = True) -> Ascent:
    """Damped sweeps over all sources at once, from nothing, until no probability and nothing learnt moves.

    Where the `background` is an earlier fit's, only the prior shares are learnt."""
    learnt = Learnt(np.full(len(ground.size), params.prior_start))
    phibar, posterior = np.zeros(len(ground.kind)), np.zeros(len(ground.kind))
    count, converged = 0, not len(phibar)
    while count < params.sweeps_max and not converged:
        count += 1
        loglik = sweep.gains(phibar)
        loglik -= np.multiply.outer(ground.exposure * learnt.scale, params.grid)
        ln_bf, q = bayes_factors(loglik, params.log_weights)
        new = expit(logit(learnt.pi)[ground.kind] + ground.offset + ln_bf)
        phibar = phibar + params.damping * (new * (q @ params.grid) - phibar)
        settled = np.abs(new - posterior).max(initial=0.0) < params.tolerance
        posterior = new
        if count % params.learn_every == 0 or settled:
            before = learnt.logs()
            _learn_shares(learnt, ground, posterior, params)
            if background:
                _learn_background(learnt, sweep, ground, posterior, phibar, params)
            converged = bool(settled and np.abs(learnt.logs() - before).max() < 10 * params.tolerance)
    return Ascent(phibar, learnt, count, converged)


def fit(cells: Cells, params: SpikeSlabParams | None = None) -> SourceFit:
    """Ln Bayes factor, posterior and attributed complaints of every source (MODEL step 3), from phibar = 0.

    Deterministic for a given order of cells and sources; a permutation of either changes results by rounding only. Never NaN: a
    source without exposure or complaints has ln_bf = 0 and keeps its prior.
    """
    params = params or SpikeSlabParams()
    return fit_with(lambda loud: LocalSweep(loud, params), cells, params)


def refined(cells: Cells, got: SourceFit, fine: SpikeSlabParams) -> tuple[SourceFit, Floats]:
    """The fit with its Bayes factors on the effect sizes of `fine`, late sources, too; and (sources x G) L_jg, which they are made of."""
    loglik = log_likelihoods(entries_of(cells), got.explained, got.phibar, got.exposure, fine)
    ln_bf = np.round(bayes_factors(loglik, fine.log_weights)[0], fine.decimals) + 0.0
    return replace(got, ln_bf=ln_bf, posterior=np.round(expit(logit(got.prior) + ln_bf), fine.decimals)), loglik


def fit_with(sweep_over: Callable[[Cells], Sweep], cells: Cells, params: SpikeSlabParams) -> SourceFit:
    """`fit`, whoever makes the sums over edges of the cells with complaints."""
    small, row = collapse(cells)
    loud, mask = heard(small, everybody=params.decisive == 0)
    sweep = sweep_over(loud)
    got = ascend(sweep, _ground(loud, small), params)
    phibar, pull, gains = np.zeros(len(mask)), np.zeros(len(mask)), np.zeros((len(mask), params.grid_points))
    phibar[mask], pull[mask], gains[mask] = got.phibar, sweep.pull(got.phibar), sweep.exact(got.phibar)
    learnt = got.learnt
    odds = logit(learnt.pi)[small.kind] + (0.0 if small.offset is None else small.offset)
    exposure = small.exposure * learnt.scale
    gains -= np.multiply.outer(exposure, params.grid)
    ln_bf, q = bayes_factors(gains, params.log_weights)
    ln_bf = np.round(ln_bf, params.decimals) + 0.0
    posterior = np.round(expit(odds + ln_bf), params.decimals)
    return SourceFit(
        ln_bf=ln_bf, prior=expit(odds), posterior=posterior, phibar=phibar, typical=_typical(posterior, q, params),
        attributed=np.round(phibar * pull, params.decimals), exposure=exposure,
        background=sweep.unexplained(got.phibar), scale=learnt.scale, explained=(1.0 + small.shares @ phibar)[row],
        sweeps=got.sweeps, converged=got.converged,
    )  # fmt: skip


def _ground(loud: Cells, cells: Cells) -> Ground:
    """What an ascent over the sources of `loud` must know of all `cells`."""
    return Ground(
        exposure=loud.exposure, kind=loud.kind, offset=np.zeros(len(loud.kind)) if loud.offset is None else loud.offset,
        size=np.bincount(cells.kind, minlength=1), observed=float(cells.observed.sum()), expected=cells.expected_total,
    )  # fmt: skip


def _learn_shares(learnt: Learnt, ground: Ground, posterior: Floats, params: SpikeSlabParams) -> None:
    """Update the prior share of each type from its decisive sources."""
    found = np.where(posterior >= params.decisive, posterior, 0.0)
    hits = np.bincount(ground.kind, weights=found, minlength=len(ground.size)) + params.prior_hits
    learnt.pi = np.clip(hits / (ground.size + params.prior_size), params.prior_min, params.prior_max)


def _learn_background(
    learnt: Learnt, sweep: Sweep, ground: Ground, posterior: Floats, phibar: Floats, params: SpikeSlabParams
) -> None:
    """Update how much of the expected complaints is background: what the decisive sources leave."""
    left = sweep.unexplained(np.where(posterior >= params.decisive, phibar, 0.0))
    pseudo = params.background_pseudo
    learnt.scale = (max(left, params.background_min * ground.observed) + pseudo) / (ground.expected + pseudo)


def _typical(posterior: Floats, q: Floats, params: SpikeSlabParams) -> float:
    """The middle, by its logarithm, of the decisive sources' effects; without any, `typical`."""
    found = np.where(posterior >= params.decisive, posterior, 0.0)
    known = float(found @ (q @ np.log(params.grid))) + params.typical_pseudo * np.log(params.typical)
    return float(np.exp(known / (float(found.sum()) + params.typical_pseudo)))
