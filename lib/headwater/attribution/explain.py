"""Why a source ranks where it ranks: its ln Bayes factor split, exactly, over the shops that speak for and against it.

ln sum_g omega_g exp(L_g) is no sum over cells, but with q_g = omega_g exp(L_g - lnBF), the slab's posterior, it has an exact form:

    lnBF = sum_c sum_g q_g l_cg - KL(q || omega),    l_cg = y_c ln(1 + w_cj phi_g / a_c^(-j)) - phi_g E_c w_cj

(the entropy identity behind every variational bound, met with equality at the true posterior; Neal and Hinton 1998, eq. 5). So each
shop has a contribution, one `qualifier` row carries -KL (the effect size is unknown), and they add up to lnBF.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.special import logsumexp

from headwater.attribution.cells import Cells, entries_of
from headwater.attribution.market import Floats, Ints
from headwater.attribution.spike_slab import SourceFit, bayes_factors
from headwater.attribution.sweeps import log_likelihoods
from headwater.parameters.finding import ExplainParams, SpikeSlabParams

SHOP, REST, QUALIFIER = 0, 1, 2


@dataclass(frozen=True)
class Explanation:
    """Evidence rows, one per (source, shop | rest | qualifier), sorted by source, then row kind, then falling |contribution|.

    kind SHOP, REST or QUALIFIER; shop -1 unless SHOP; shops how many shops the row stands for; contribution and ln_bf_without in
    natural log units (ln_bf_without: ln BF recomputed without that shop, other sources held fixed; for the other kinds it
    repeats ln BF); observed complaints (weighted, by share), expected complaints on the final background.
    Contributions of a source sum to its ln_bf.
    """

    source: Ints
    kind: Ints
    shop: Ints
    shops: Ints
    contribution: Floats
    ln_bf_without: Floats
    observed: Floats
    expected: Floats


def explain(
    cells: Cells,
    fit: SourceFit,
    cell_shop: Ints,
    flow: sp.csr_matrix,
    sources: Ints,
    model: SpikeSlabParams | None = None,
    params: ExplainParams | None = None,
) -> Explanation:
    """The exact decomposition of ln BF for `sources`.

    cells, fit: as fitted; cell_shop (cells,) the shop of each cell; flow (shops x sources, CSR) expected complaints
    sum E_c w_cj of each shop through each source, also of clean shops, before the background's final scale: its column sums are
    `cells.exposure`.
    """
    model, params = model or SpikeSlabParams(), params or ExplainParams()
    chosen = np.unique(sources)
    loglik = log_likelihoods(entries_of(cells), fit.explained, fit.phibar, fit.exposure, model)
    _, q = bayes_factors(loglik, model.log_weights)
    said = said_by_shops(cells, fit, cell_shop, flow, chosen, model.grid)
    contribution = np.round((q[chosen][said.column] * said.terms).sum(axis=1), params.decimals) + 0.0
    without = logsumexp(loglik[chosen][said.column] - said.terms + model.log_weights, axis=1)
    return _rows(chosen, said, contribution, without, fit.ln_bf[chosen], params)


@dataclass(frozen=True)
class Said:
    """What each shop says of each chosen source, one row a (source, shop): column, the place of the source among the chosen; terms
    (rows x effects) its part of L; observed complaints (weighted, by share), expected ones on the final background."""

    column: Ints
    shop: Ints
    terms: Floats
    observed: Floats
    expected: Floats


def said_by_shops(
    cells: Cells, fit: SourceFit, cell_shop: Ints, flow: sp.csr_matrix, chosen: Ints, effects: Floats
) -> Said:
    """The parts of L of the `chosen` sources by shop, other sources held fixed; see `explain`."""
    entry_row, gain = _gains(cells, fit, chosen, effects)
    through = flow[:, chosen].tocsc()
    expected = sp.csc_matrix((through.data * fit.scale, through.indices, through.indptr), shape=through.shape)
    width = flow.shape[0]
    seen = np.concatenate(
        [
            entry_row.column * width + cell_shop[entry_row.cell],
            np.repeat(np.arange(len(chosen)), np.diff(expected.indptr)) * width + expected.indices,
        ]
    )
    key, row = np.unique(seen, return_inverse=True)
    n = len(entry_row.cell)
    terms = np.zeros((len(key), len(effects)))
    np.add.at(terms, row[:n], gain)
    e = np.bincount(row[n:], weights=expected.data, minlength=len(key))
    y = np.bincount(row[:n], weights=entry_row.observed, minlength=len(key))
    terms -= np.multiply.outer(e, effects)
    return Said(key // width, key % width, terms, y, e)


@dataclass(frozen=True)
class _EntryRows:
    column: Ints
    cell: Ints
    observed: Floats


def _gains(cells: Cells, fit: SourceFit, chosen: Ints, effects: Floats) -> tuple[_EntryRows, Floats]:
    """Of each non-zero (chosen source, cell): y_c ln(1 + w phi_g / a^(-j)) over the effects, and the complaints it shares in."""
    entries = entries_of(cells)
    place = np.full(len(cells.kind), -1)
    place[chosen] = np.arange(len(chosen))
    keep = np.flatnonzero(place[entries.source] >= 0)
    share, source, cell = entries.share[keep], entries.source[keep], entries.cell[keep]
    ratio = share / entries.others(fit.explained, fit.phibar)[keep]
    gain = entries.observed[keep][:, None] * np.log1p(np.multiply.outer(ratio, effects))
    return _EntryRows(place[source], cell, entries.observed[keep] * np.minimum(share, 1.0)), gain


def _rows(
    chosen: Ints, said: Said, contribution: Floats, without: Floats, ln_bf: Floats, params: ExplainParams
) -> Explanation:
    """Top shops, the rest, and the qualifier that takes what is left of ln BF."""
    column, shop, y, e = said.column, said.shop, said.observed, said.expected
    order = np.lexsort((shop, -np.abs(contribution), column))
    starts = np.searchsorted(column[order], np.arange(len(chosen)))
    place = np.arange(len(order)) - starts[column[order]]
    top, rest = order[place < params.top], order[place >= params.top]

    def total(rows: Ints, values: Floats) -> Floats:
        return np.bincount(column[rows], weights=values[rows], minlength=len(chosen))

    beyond = np.bincount(column[rest], minlength=len(chosen))
    some = np.flatnonzero(beyond)
    left = np.round(total(rest, contribution), params.decimals) + 0.0
    qualifier = np.round(ln_bf - total(top, contribution) - left, params.decimals) + 0.0
    everyone = np.arange(len(chosen))
    parts = (
        (column[top], SHOP, shop[top], np.ones(len(top)), contribution[top], without[top], y[top], e[top]),
        (
            some,
            REST,
            np.full(len(some), -1),
            beyond[some],
            left[some],
            ln_bf[some],
            total(rest, y)[some],
            total(rest, e)[some],
        ),
        (everyone, QUALIFIER, np.full(len(chosen), -1), np.zeros(len(chosen)), qualifier, ln_bf, 0 * ln_bf, 0 * ln_bf),
    )
    joined = [np.concatenate([np.broadcast_to(part[i], len(part[0])) for part in parts]) for i in range(8)]
    kind, at = joined[1], joined[0]
    final = np.lexsort((joined[2], -np.abs(joined[4]), kind, at))
    source, kind, shop_, shops, value, bare, seen, due = (np.asarray(v)[final] for v in joined)
    return Explanation(
        source=chosen[source], kind=kind.astype(np.int64), shop=shop_, shops=shops.astype(np.int64), contribution=value,
        ln_bf_without=np.round(bare, params.decimals) + 0.0, observed=seen, expected=due,
    )  # fmt: skip
