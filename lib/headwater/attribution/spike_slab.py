"""Which sources explain the complaints: a spike-and-slab Poisson model solved by coordinate ascent on Bayes factors.

    y_c ~ Poisson(E_c (1 + sum_j w_cj phi_j)),   phi_j = z_j exp(eta_j),   z_j ~ Bernoulli(pi_t(j))

A complaint sits in one cell c; w_cj is the share of the cell's orders that flow through source j. Only cells with complaints
enter the sweeps: the clean ones act through X_j = sum_c E_c w_cj alone. Dividing mu_c by E_c shows why: a complaint's
part in ln BF_j depends on w_cj and on the other sources of its cell, never on E_c.

Method: docs/model.md, step 3. The spike-and-slab prior is Mitchell and Beauchamp (1988), JASA 83(404); the update is the exact
conditional Bayes factor of one source on a grid of effect sizes, all sources at once, damped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.special import expit, logit

from headwater.attribution.cells import Cells, Entries, collapse, entries_of
from headwater.attribution.market import Floats
from headwater.parameters.finding import SpikeSlabParams


@dataclass(frozen=True)
class SourceFit:
    """One row per source, in the order of `Cells`; the last pass, computed with `phibar` frozen.

    ln_bf    natural log of the Bayes factor guilty : innocent, given the other sources.
    prior    its prior probability: the learnt share of its type, moved by `offset`.
    posterior  P_j = sigmoid(logit prior + ln_bf); uncalibrated.
    phibar   mean extra rate, in base rates, the frozen value of the last sweep.
    attributed complaints that the model lays at its door; with `background` they sum to the complaints observed.
    exposure X_j on the final background, complaints expected.
    log_weights  (G,) ln omega of the learnt slab, centred on `lift_centre` base rates.
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
    log_weights: Floats
    lift_centre: float
    explained: Floats
    sweeps: int
    converged: bool


def log_likelihoods(
    entries: Entries, explained: Floats, phibar: Floats, exposure: Floats, params: SpikeSlabParams
) -> Floats:
    """(sources x G) L_jg = sum_c y_c ln(1 + w_cj phi_g / a_c^(-j)) - phi_g X_j, other sources held at `phibar`."""
    out = -np.multiply.outer(exposure, params.grid)
    relief = entries.relief(phibar)
    for start in range(0, len(entries.cell), params.block):
        part = slice(start, start + params.block)
        share, source = entries.share[part], entries.source[part]
        others = np.maximum(explained[entries.cell[part]] - share * phibar[source] - relief[part], 1.0)
        gain = np.log1p(np.multiply.outer(share / others, params.grid))
        first, last = source[0], source[-1] + 1
        bounds = np.clip(entries.indptr[first : last + 1] - start, 0, len(share))
        weights = sp.csr_matrix(
            (entries.observed[part], np.arange(len(share)), bounds), shape=(last - first, len(share))
        )
        out[first:last] += weights @ gain
    return out


def bayes_factors(loglik: Floats, log_weights: Floats) -> tuple[Floats, Floats]:
    """(sources,) ln BF_j = ln sum_g omega_g exp(L_jg), and (sources x G) q_jg = omega_g exp(L_jg - ln BF_j)."""
    joint = loglik + log_weights
    top = joint.max(axis=1, keepdims=True)
    raw = np.exp(joint - top)
    total = raw.sum(axis=1, keepdims=True)
    return (top + np.log(total))[:, 0], raw / total


@dataclass
class _Learnt:
    """What the sources teach each other: prior share per type, slab, and how much of the expected complaints is background."""

    pi: Floats
    centre: float
    spread: float
    scale: float = 1.0


def fit(cells: Cells, params: SpikeSlabParams | None = None) -> SourceFit:
    """Ln Bayes factor, posterior and attributed complaints of every source (MODEL step 3), from phibar = 0.

    Cost: one log1p per grid point and non-zero of the cells with complaints, per sweep. Deterministic for a given order
    of cells and sources; a permutation of either changes results by rounding only. Never NaN: a source without exposure or
    complaints has ln_bf = 0 and keeps its prior.
    """
    params = params or SpikeSlabParams()
    small, row = collapse(cells)
    entries = entries_of(small)
    sources = len(small.kind)
    offset = np.zeros(sources) if small.offset is None else small.offset
    learnt = _Learnt(
        np.full(int(small.kind.max(initial=0)) + 1, params.prior_start), params.lift_centre, params.lift_spread
    )
    phibar, posterior = np.zeros(sources), np.zeros(sources)
    explained = np.ones(len(small.observed))
    sweep, converged = 0, False
    while sweep < params.sweeps_max and not converged:
        sweep += 1
        loglik = log_likelihoods(entries, explained, phibar, small.exposure * learnt.scale, params)
        ln_bf, q = bayes_factors(loglik, params.log_weights(learnt.centre, learnt.spread))
        new = expit(logit(learnt.pi)[small.kind] + offset + ln_bf)
        phibar += params.damping * (new * (q @ params.grid) - phibar)
        explained = 1.0 + small.shares @ phibar
        settled = np.abs(new - posterior).max(initial=0.0) < params.tolerance
        posterior = new
        if sweep % params.learn_every == 0 or settled:
            moved = _learn(learnt, small, posterior, phibar, q, params)
            converged = bool(settled and moved < 10 * params.tolerance)
    odds = logit(learnt.pi)[small.kind] + offset
    weights = params.log_weights(learnt.centre, learnt.spread)
    loglik = log_likelihoods(entries, explained, phibar, small.exposure * learnt.scale, params)
    ln_bf = np.round(bayes_factors(loglik, weights)[0], params.decimals) + 0.0
    pull = (small.observed / explained) @ small.shares
    return SourceFit(
        ln_bf=ln_bf, prior=expit(odds), posterior=np.round(expit(odds + ln_bf), params.decimals), phibar=phibar,
        attributed=np.round(phibar * pull, params.decimals), exposure=small.exposure * learnt.scale,
        background=float((small.observed / explained).sum()), scale=learnt.scale, log_weights=weights,
        lift_centre=learnt.centre, explained=explained[row], sweeps=sweep, converged=converged,
    )  # fmt: skip


def _learn(
    learnt: _Learnt, cells: Cells, posterior: Floats, phibar: Floats, q: Floats, params: SpikeSlabParams
) -> float:
    """Update prior shares, slab and background from the decisive sources; how far the furthest moved, in natural logs."""
    before = np.concatenate([logit(learnt.pi), np.log([learnt.centre, learnt.spread, learnt.scale])])
    decisive = posterior >= params.decisive
    found = np.where(decisive, posterior, 0.0)
    size = np.bincount(cells.kind, minlength=len(learnt.pi))
    share = (np.bincount(cells.kind, weights=found, minlength=len(learnt.pi)) + params.prior_hits) / (
        size + params.prior_size
    )
    learnt.pi = np.clip(share, params.prior_min, params.prior_max)
    if np.isfinite(params.slab_pseudo):
        effect, k = np.log(params.grid), params.slab_pseudo
        middle = (float(found @ (q @ effect)) + k * np.log(params.lift_centre)) / (float(found.sum()) + k)
        square = (float(found @ (q @ (effect - middle) ** 2)) + k * params.lift_spread**2) / (float(found.sum()) + k)
        learnt.centre, learnt.spread = float(np.exp(middle)), max(float(np.sqrt(square)), params.spread_min)
    total = float(cells.observed.sum())
    unexplained = float((cells.observed / (1.0 + cells.shares @ np.where(decisive, phibar, 0.0))).sum())
    pseudo = params.background_pseudo
    learnt.scale = (max(unexplained, params.background_min * total) + pseudo) / (cells.expected_total + pseudo)
    after = np.concatenate([logit(learnt.pi), np.log([learnt.centre, learnt.spread, learnt.scale])])
    return float(np.abs(after - before).max())
