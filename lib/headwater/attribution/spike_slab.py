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

from headwater.attribution.cells import Cells, Entries, collapse, entries_of, heard
from headwater.attribution.market import Floats, Ints
from headwater.attribution.sweeps import LocalSweep, Sweep, over_cores
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
    log_weights  (G,) ln omega of the learnt slab, centred on `lift_centre` base rates, `lift_spread` wide in their logarithm.
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
    lift_spread: float
    explained: Floats
    sweeps: int
    converged: bool


def log_likelihoods(
    entries: Entries, explained: Floats, phibar: Floats, exposure: Floats, params: SpikeSlabParams
) -> Floats:
    """(sources x G) L_jg = sum_c y_c ln(1 + w_cj phi_g / a_c^(-j)) - phi_g X_j, other sources held at `phibar`; double precision."""
    out = -np.multiply.outer(exposure, params.grid)
    relief = entries.relief(phibar)

    def part(start: int) -> tuple[int, int, Floats]:
        at = slice(start, min(start + params.block, len(entries.cell)))
        share, source = entries.share[at], entries.source[at]
        gain = np.log1p(np.multiply.outer(share / entries.others(explained, phibar, relief, at), params.grid))
        first, last = int(source[0]), int(source[-1]) + 1
        bounds = np.clip(entries.indptr[first : last + 1] - start, 0, len(share))
        weights = sp.csr_matrix((entries.observed[at], np.arange(len(share)), bounds), shape=(last - first, len(share)))
        return first, last, weights @ gain

    for first, last, sums in over_cores(part, range(0, len(entries.cell), params.block)):
        out[first:last] += sums
    return out


def bayes_factors(loglik: Floats, log_weights: Floats) -> tuple[Floats, Floats]:
    """(sources,) ln BF_j = ln sum_g omega_g exp(L_jg), and (sources x G) q_jg = omega_g exp(L_jg - ln BF_j)."""
    joint = loglik + log_weights
    top = joint.max(axis=1, keepdims=True)
    raw = np.exp(joint - top)
    total = raw.sum(axis=1, keepdims=True)
    return (top + np.log(total))[:, 0], raw / total


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
    """What the sources teach each other: prior share per type, slab, and how much of the expected complaints is background."""

    pi: Floats
    centre: float
    spread: float
    scale: float = 1.0

    def logs(self) -> Floats:
        """All of it in natural logs, so that one number says how far it moved."""
        return np.concatenate([logit(self.pi), np.log([self.centre, self.spread, self.scale])])


@dataclass(frozen=True)
class Ascent:
    """Where the sweeps ended: mean extra rates by source, what was learnt, sweeps taken, and whether they settled."""

    phibar: Floats
    learnt: Learnt
    sweeps: int
    converged: bool


def ascend(sweep: Sweep, ground: Ground, params: SpikeSlabParams, given: Learnt | None = None) -> Ascent:
    """Damped sweeps over all sources at once, from nothing, until no probability and nothing learnt moves.

    With the slab and background `given` by an earlier fit, only the prior shares are learnt."""
    learnt = given or Learnt(np.full(len(ground.size), params.prior_start), params.lift_centre, params.lift_spread)
    phibar, posterior = np.zeros(len(ground.kind)), np.zeros(len(ground.kind))
    count, converged = 0, not len(phibar)
    while count < params.sweeps_max and not converged:
        count += 1
        loglik = sweep.gains(phibar) - np.multiply.outer(ground.exposure * learnt.scale, params.grid)
        ln_bf, q = bayes_factors(loglik, params.log_weights(learnt.centre, learnt.spread))
        new = expit(logit(learnt.pi)[ground.kind] + ground.offset + ln_bf)
        phibar = phibar + params.damping * (new * (q @ params.grid) - phibar)
        settled = np.abs(new - posterior).max(initial=0.0) < params.tolerance
        posterior = new
        if count % params.learn_every == 0 or settled:
            before = learnt.logs()
            _learn_shares(learnt, ground, posterior, params)
            if given is None:
                _learn_slab(learnt, sweep, ground, posterior, phibar, q, params)
            converged = bool(settled and np.abs(learnt.logs() - before).max() < 10 * params.tolerance)
    return Ascent(phibar, learnt, count, converged)


def fit(cells: Cells, params: SpikeSlabParams | None = None) -> SourceFit:
    """Ln Bayes factor, posterior and attributed complaints of every source (MODEL step 3), from phibar = 0.

    Deterministic for a given order of cells and sources; a permutation of either changes results by rounding only. Never NaN: a
    source without exposure or complaints has ln_bf = 0 and keeps its prior.
    """
    params = params or SpikeSlabParams()
    small, row = collapse(cells)
    loud, mask = heard(small, everybody=params.decisive == 0)
    got = ascend(LocalSweep(loud, params), ground_of(loud, small), params)
    phibar = np.zeros(len(small.kind))
    phibar[mask] = got.phibar
    return conclude(small, row, phibar, got, params)


def ground_of(loud: Cells, cells: Cells) -> Ground:
    """What an ascent over the sources of `loud` must know of all `cells`."""
    return Ground(
        exposure=loud.exposure, kind=loud.kind, offset=np.zeros(len(loud.kind)) if loud.offset is None else loud.offset,
        size=np.bincount(cells.kind, minlength=1), observed=float(cells.observed.sum()), expected=cells.expected_total,
    )  # fmt: skip


def conclude(small: Cells, row: Ints, phibar: Floats, got: Ascent, params: SpikeSlabParams) -> SourceFit:
    """The last pass, in double precision, with `phibar` (sources,) frozen; `row` (cells,) the collapsed cell of each."""
    explained = 1.0 + small.shares @ phibar
    odds = logit(got.learnt.pi)[small.kind] + (0.0 if small.offset is None else small.offset)
    gains = log_likelihoods(entries_of(small), explained, phibar, np.zeros(len(phibar)), params)
    left = small.observed / explained
    return concluded(
        got, phibar, odds, small.exposure, gains, left @ small.shares, float(left.sum()), explained[row], params
    )


def concluded(
    got: Ascent, phibar: Floats, odds: Floats, exposure: Floats, gains: Floats, pull: Floats, background: float,
    explained: Floats, params: SpikeSlabParams,
) -> SourceFit:  # fmt: skip
    """What is published, whoever made the sums: gains (sources x G) exact, pull (sources,) sum_c y_c w_cj / a_c."""
    learnt = got.learnt
    weights = params.log_weights(learnt.centre, learnt.spread)
    loglik = gains - np.multiply.outer(exposure * learnt.scale, params.grid)
    ln_bf = np.round(bayes_factors(loglik, weights)[0], params.decimals) + 0.0
    return SourceFit(
        ln_bf=ln_bf, prior=expit(odds), posterior=np.round(expit(odds + ln_bf), params.decimals), phibar=phibar,
        attributed=np.round(phibar * pull, params.decimals), exposure=exposure * learnt.scale, background=background,
        scale=learnt.scale, log_weights=weights, lift_centre=learnt.centre, lift_spread=learnt.spread,
        explained=explained, sweeps=got.sweeps, converged=got.converged,
    )  # fmt: skip


def _learn_shares(learnt: Learnt, ground: Ground, posterior: Floats, params: SpikeSlabParams) -> None:
    """Update the prior share of each type from its decisive sources."""
    found = np.where(posterior >= params.decisive, posterior, 0.0)
    hits = np.bincount(ground.kind, weights=found, minlength=len(ground.size)) + params.prior_hits
    learnt.pi = np.clip(hits / (ground.size + params.prior_size), params.prior_min, params.prior_max)


def _learn_slab(
    learnt: Learnt, sweep: Sweep, ground: Ground, posterior: Floats, phibar: Floats, q: Floats, params: SpikeSlabParams
) -> None:
    """Update slab and background from the decisive sources."""
    decisive = posterior >= params.decisive
    found = np.where(decisive, posterior, 0.0)
    effect, k = np.log(params.grid), params.slab_pseudo
    middle = (float(found @ (q @ effect)) + k * np.log(params.lift_centre)) / (float(found.sum()) + k)
    square = (float(found @ (q @ (effect - middle) ** 2)) + k * params.lift_spread**2) / (float(found.sum()) + k)
    learnt.centre, learnt.spread = float(np.exp(middle)), max(float(np.sqrt(square)), params.spread_min)
    unexplained = max(sweep.unexplained(np.where(decisive, phibar, 0.0)), params.background_min * ground.observed)
    pseudo = params.background_pseudo
    learnt.scale = (unexplained + pseudo) / (ground.expected + pseudo)
