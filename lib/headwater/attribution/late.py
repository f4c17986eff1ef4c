"""Late sources: what explains of the complaints only that which suppliers and dispatch places leave.

A building, a return place, the unknown supply of an operator are weaker evidence than a name in an order. They are fitted after the
others and beside each other, on the same background, the others' rates standing (`Cells.late`): so nothing about them can
move a supplier or a place, and what those explain speaks for no late source.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import scipy.sparse as sp
from scipy.special import expit, logit

from headwater.attribution.cells import Cells
from headwater.attribution.spike_slab import Ground, SourceFit, ascend, bayes_factors
from headwater.attribution.sweeps import LocalSweep, log_likelihoods
from headwater.parameters.finding import SpikeSlabParams


def fit_late(cells: Cells, first: SourceFit, params: SpikeSlabParams) -> SourceFit:
    """The fit of all sources: `first` as it stands, of the sources that are not late, and after them the late ones.

    `explained` becomes the rate with all of them, and `background` what all of them leave: complaints attributed still add up.
    """
    early = len(first.ln_bf)
    some = Cells(
        cells.observed, cells.shares[:, early:], cells.exposure[early:] * first.scale, cells.kind[early:],
        cells.expected_total, None if cells.offset is None else cells.offset[early:],
    )  # fmt: skip
    offset = np.zeros(len(some.kind)) if some.offset is None else some.offset
    size = np.bincount(some.kind, minlength=1)
    ground = Ground(some.exposure, some.kind, offset, size, float(some.observed.sum()), some.expected_total)
    sweep = LocalSweep(some, params, first.explained)
    got = ascend(sweep, ground, params, background=False)
    odds = logit(got.learnt.pi)[some.kind] + offset
    extra = some.shares @ got.phibar
    explained = first.explained + extra
    loglik = log_likelihoods(sweep.entries, explained, got.phibar, some.exposure, params)
    ln_bf = np.round(bayes_factors(loglik, params.log_weights)[0], params.decimals) + 0.0
    left = some.observed / first.explained / (1.0 + extra)
    return replace(
        first,
        ln_bf=np.concatenate([first.ln_bf, ln_bf]),
        prior=np.concatenate([first.prior, expit(odds)]),
        posterior=np.concatenate([first.posterior, np.round(expit(odds + ln_bf), params.decimals)]),
        phibar=np.concatenate([first.phibar, got.phibar]),
        attributed=np.concatenate([first.attributed, np.round(got.phibar * (left @ some.shares), params.decimals)]),
        exposure=np.concatenate([first.exposure, some.exposure]),
        background=float(left.sum()),
        explained=explained,
        sweeps=first.sweeps + got.sweeps,
        converged=first.converged and got.converged,
    )


def parts(cells: Cells, fit: SourceFit) -> sp.csr_matrix:
    """(cells x sources) the part of a cell's complaints that the model lays at each source's door; the rest is background."""
    laid = cells.shares @ sp.diags(fit.phibar)
    if cells.late is None:
        return (sp.diags(1 / fit.explained) @ laid).tocsr()
    early = int((~cells.late).sum())
    extra = np.asarray(laid[:, early:].sum(axis=1)).ravel()
    first = fit.explained - extra
    after = sp.diags(1 / (first * (1 + extra))) @ laid[:, early:]
    return sp.hstack([sp.diags(1 / first) @ laid[:, :early], after]).tocsr()
