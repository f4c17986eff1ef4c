"""What speaks of a source beyond its complaints of counterfeit kind, and how far that may move it.

Price below peers, complaints that goods are not as described, refunds, shops that opened together, operators who sell a confirmed
source's goods: none convicts (honest discounters exist), each is worth what tonight's posteriors say it is worth. The log odds of
guilt before the complaints are a regression on these signs, logit pi_j = a_t(j) + b . x_j, learnt by EM with the posteriors as soft
labels (false-discovery-rate regression: Scott et al. 2015, JASA 110(510)), under a prior that keeps b near nothing until the data
insist.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.special import expit

from headwater.attribution.company import opened_together, presence, with_confirmed
from headwater.attribution.logistic import fit_logistic
from headwater.attribution.market import Floats, Ints, Market
from headwater.parameters.finding import SIGNS, SideParams


def signs(market: Market, shares: sp.csr_matrix, owner: Ints, params: SideParams) -> Floats:
    """(sources x signs) what is seen of each source, larger for more suspect, 0 where nothing is known; unit: natural log, of the last a
    part of its shops.

    `shares` (flows x sources): shares of every flow; squared, so that flows whose source is sure speak louder. `owner` (suppliers
    and places,) the supplier of a place that is one supplier's, else -1.
    """
    flows = market.flows
    squared = shares.power(2)
    present, sure = presence(market, squared), squared.T
    orders = sure @ flows.orders
    price = -(sure @ flows.log_price) / (orders + params.price_pseudo)

    def excess(count: Floats) -> Floats:
        rate = count.sum() / max(flows.orders.sum(), 1.0)
        return np.asarray(np.log((sure @ count + params.count_pseudo) / (orders * rate + params.count_pseudo)))

    values = (
        np.clip(price, -params.price_cap, params.price_cap),
        excess(flows.other),
        excess(flows.refunded),
        opened_together(market, present, params),
        with_confirmed(market, present, owner, params),
    )
    columns = dict(zip(SIGNS, values, strict=True))
    return np.column_stack([columns[name] for name in params.use]) if params.use else np.zeros((shares.shape[1], 0))


def standardise(values: Floats, kind: Ints) -> Floats:
    """Centred and scaled within each type of source, so that one slope can serve all; constant columns become 0."""
    out = np.zeros_like(values)
    for t in np.unique(kind):
        rows = kind == t
        out[rows] = (values[rows] - values[rows].mean(axis=0)) / np.maximum(values[rows].std(axis=0), 1e-9)
    return np.clip(out, -4, 4)


def learn_slopes(features: Floats, kind: Ints, posterior: Floats, live: Floats, params: SideParams) -> Floats:
    """(signs,) slopes, beside an intercept per type, from posteriors as soft labels; `live` (sources,) 0/1 rows that count.

    None is below 0: every sign is larger for more suspect, and one that goes the other way tonight does so by chance."""
    types = int(kind.max(initial=0)) + 1
    design = np.column_stack([np.eye(types)[kind], features])
    mean = np.concatenate([np.full(types, -3.0), np.zeros(features.shape[1])])
    spread = np.concatenate([np.full(types, 2.0), np.full(features.shape[1], params.slope_spread)])
    return np.maximum(fit_logistic(design, posterior, live, mean, spread).mean[types:], 0.0)


def side_log_odds(features: Floats, slopes: Floats, ln_bf: Floats, base: Floats, params: SideParams) -> Floats:
    """(sources,) what the signs add to the log odds: within +-`lift_max`, no rise for a source that complaints clear, and never
    beyond even odds before complaints (`base` (sources,) log odds without signs): so the posterior odds stay below the Bayes factor.
    """
    raw = np.clip(features @ slopes, -params.lift_max, params.lift_max)
    rise = raw * expit((ln_bf - params.clear_at) / params.clear_width)
    return to_even_odds(np.where(raw > 0, rise, raw), base)


def to_even_odds(added: Floats, base: Floats) -> Floats:
    """(sources,) what is `added` to the log odds `base`, never beyond even odds."""
    return np.asarray(np.where(added > 0, np.minimum(added, np.maximum(-base, 0.0)), added))
