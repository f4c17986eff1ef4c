"""Nobody is called sure on one operator's word, nor on complaints alone: they can be bought, for weeks and from people who file one each.

What is left of a source's evidence without the operator that says most for it, and whether anything beside complaints speaks for it."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.special import log_expit, logsumexp

from headwater.attribution.cells import Cells
from headwater.attribution.explain import said_by_shops
from headwater.attribution.honest import HonestRates, ln_honest
from headwater.attribution.market import SUPPLIER, Bools, Floats, Ints, Market, by_group
from headwater.attribution.spike_slab import SourceFit
from headwater.parameters.finding import CalibrationParams, SpikeSlabParams


def evidence_without_best(
    market: Market,
    cells: Cells,
    fit: SourceFit,
    flow: sp.csr_matrix,
    chosen: Ints,
    loglik: Floats,
    honest: HonestRates,
    model: SpikeSlabParams,
) -> Floats:
    """(sources,) ln BF against an honest source of a rate of its own, without all shops of the operator whose shops say most for it, other
    sources held fixed; of those that are not `chosen`, with all of them.

    A shop without an operator is its own. `flow` (shops x sources) expected complaints, its column sums are `cells.exposure`; `loglik`
    (sources x G) L_jg on the grid of `model`."""
    least = fit.ln_bf - honest.speaks
    if not len(chosen):
        return least
    party = market.party
    through = (by_group(party, int(party.max()) + 1, np.ones(market.shops)) @ flow).tocsr()
    shop = party[market.complaints.shop]
    said = said_by_shops(cells, fit, shop, through, chosen, np.concatenate([model.grid, honest.effects]))
    of, (by_effect, by_rate) = chosen[said.column], np.split(said.terms, [len(model.grid)], axis=1)
    guilty = logsumexp(loglik[of] - by_effect + model.log_weights, axis=1)
    np.minimum.at(least, of, guilty - ln_honest(honest.gains[of] - by_rate, honest.log_omega))
    return least


def complaints_alone(side: Floats, slopes: Floats, kind: Ints, params: CalibrationParams) -> Bools:
    """(sources,) suppliers for which nothing but complaints speaks: signs (`side`, log odds) say less than `signs_from`, in a market where
    they tell who is guilty (the largest of their `slopes` is `signs_tell` or more)."""
    tell = slopes.max(initial=0.0) >= params.signs_tell
    return np.asarray((kind == SUPPLIER) & tell & (side < params.signs_from))


def held_back(probability: Floats, left: Floats, params: CalibrationParams) -> Floats:
    """(sources,) probability, at most `alone_most` where what is `left` (log odds) without its best operator, or without complaints that
    may be bought, suspects a source no longer."""
    return np.where(left >= params.alone_from, probability, np.minimum(probability, params.alone_most))


def believed_without(odds: Floats, left: Floats, chance: float) -> Floats:
    """(sources,) log odds of guilt if with this `chance` what one operator's shops say of a source is bought or his own doing, so that only
    what is `left` without the operator that says most counts."""
    with np.errstate(divide="ignore"):
        yes, no = np.log1p(-chance), np.log(chance)
    return either(yes, odds, no, np.minimum(odds, left))


def either(yes: Floats, one: Floats, no: Floats, other: Floats) -> Floats:
    """Log odds of which it is not known whether they are `one` or the `other`; `yes` and `no` are the logarithms of those chances."""
    guilty = np.logaddexp(yes + log_expit(one), no + log_expit(other))
    return np.asarray(guilty - np.logaddexp(yes + log_expit(-one), no + log_expit(-other)))
