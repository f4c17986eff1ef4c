"""How much a complaint weighs: hired accounts are found by what their complaints lack, corroboration from elsewhere.

A genuine complaint tends to fall on goods that *other* people, at *other* shops, also complain about through a common source;
a paid one falls where it is paid to fall. So each complaint is scored by the share of it that a model of the other shops'
single complaints explains (cross-fitted by shop: nothing corroborates itself), and a regression on what is seen of the account and
of the burst gives the weight, starting from a cautious default (falling with the account's count) until there is enough to learn
from. Heavy complainers who are right keep their weight; many accounts with two complaints each lose theirs.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import expit, logit

from headwater.attribution.logistic import fit_logistic
from headwater.attribution.market import Complaints, Floats, Ints
from headwater.parameters.finding import HygieneParams

# Weights of the complaints to learn from -> corroboration of every complaint, and its mean over all orders.
Corroborate = Callable[[Floats], tuple[Floats, float]]
MONTH = 30  # days: the age of an account that counts as one


def account_counts(complaints: Complaints) -> Ints:
    """(complaints,) how many complaints the account of each row has in the window."""
    return np.bincount(complaints.account, minlength=1)[complaints.account]


def bursts(complaints: Complaints, days: int) -> Floats:
    """(complaints,) complaints on the same shop by other accounts filed within `days` of this one."""
    if not len(complaints.shop):
        return np.zeros(0)
    step = int(complaints.filed.max()) + 2 * days + 2
    key = np.sort(complaints.shop * step + complaints.filed + days)
    at = complaints.shop * step + complaints.filed + days
    near = np.searchsorted(key, at + days, side="right") - np.searchsorted(key, at - days, side="left")
    pair = complaints.account * (int(complaints.shop.max()) + 1) + complaints.shop
    _, inverse, count = np.unique(pair, return_inverse=True, return_counts=True)
    return np.asarray(np.maximum(near - count[inverse], 0).astype(np.float64))


def surprise(complaints: Complaints, burst: Floats, due: Floats | float, days: int) -> Floats:
    """(complaints,) ln of the `burst` that a complaint is in (`bursts` of so many days) over what its shop's orders let expect; `due`
    (complaints,) complaints expected of its shop in the window. A shop that delivers a thousand orders a day has two complaints a week
    by chance."""
    if not len(complaints.shop):
        return np.zeros(0)
    part = min((2 * days + 1) / (float(complaints.filed.max()) + 1), 1.0)
    return np.asarray(np.log1p(burst) - np.log1p(due * part))


def shops_of_account(complaints: Complaints) -> Ints:
    """(complaints,) on how many shops the account of each row complained."""
    shops = int(complaints.shop.max(initial=0)) + 1
    pairs = np.unique(complaints.account * shops + complaints.shop)
    return np.bincount(pairs // shops, minlength=1)[complaints.account]


def account_ages(complaints: Complaints) -> Floats:
    """(complaints,) days from the first to the last complaint of the account of each row: for how long it is known to complain.

    No feed tells when an account was opened, and its first order would cost a scan of all orders."""
    accounts = int(complaints.account.max(initial=-1)) + 1
    first, last = np.full(accounts, np.inf), np.full(accounts, -np.inf)
    np.minimum.at(first, complaints.account, complaints.filed)
    np.maximum.at(last, complaints.account, complaints.filed)
    return np.asarray((last - first)[complaints.account])


def default_weights(complaints: Complaints, due: Floats | float, params: HygieneParams) -> Floats:
    """(complaints,) weights in (0, 1] from the account's count and the burst alone."""
    count = account_counts(complaints).astype(np.float64)
    days = params.burst_days
    burst = np.maximum(surprise(complaints, bursts(complaints, days), due, days), 0.0)
    return np.asarray(np.maximum(count**-params.count_exponent * np.exp(-params.burst_slope * burst), params.minimum))


def weights(
    complaints: Complaints,
    corroborate: Corroborate,
    due: Floats | float,
    verified: Floats | None = None,
    params: HygieneParams | None = None,
) -> Floats:
    """(complaints,) weight of each complaint in (0, 1].

    `corroborate(train)` fits the model to the complaints weighted by `train` and returns, for every complaint, the probability
    that a source of its goods is guilty, and the mean of that over all orders: what a complaint that falls at random would get.
    A class of complaints weighs what its corroboration exceeds chance by, relative to accounts with one complaint and no burst; where
    theirs does not clearly exceed it, nothing is learnt.
    `due` (complaints,) complaints expected of its shop; `verified` (complaints,) what people found of its goods, 1 guilty, 0 not,
    NaN not judged: it teaches what a class of complaints is worth, and never the weight of the complaint's own account.
    """
    params = params or HygieneParams()
    count = account_counts(complaints)
    single = count == 1
    if not params.learn or single.sum() < 20:
        return default_weights(complaints, due, params)
    burst = bursts(complaints, params.burst_days)
    beyond = surprise(complaints, burst, due, params.burst_days)
    teach = single * np.exp(-params.burst_doubt * np.maximum(beyond, 0.0))
    # A fixed hash: a shop's complaints stay together, and the order of rows does not matter.
    fold = (complaints.shop * 2654435761 % 2**32) % params.folds
    explained, chance = np.zeros(len(count)), np.zeros(len(count))
    for k in range(params.folds):
        test = fold == k
        if test.any():
            got, level = corroborate(teach * ~test)
            explained[test], chance[test] = got[test], level
    several = count > 1
    features = np.column_stack(
        [
            np.ones(len(count)),
            np.minimum(np.log(count), np.log(8.0)),
            several,
            several * shops_of_account(complaints) / count,
            several * np.log1p(account_ages(complaints)) / np.log1p(MONTH),
            beyond,
        ]
    )
    seen = explained if verified is None else np.where(np.isnan(verified), explained, verified)
    typical = float(np.clip(seen[single].mean(), 0.02, 0.98))
    centre = np.array([logit(typical), -params.count_exponent, 0.0, 0.0, 0.0, -params.burst_slope])
    learnt = fit_logistic(features, seen, np.ones(len(count)), centre, np.array([2.0, *[params.spread] * 5]))
    slope, random = learnt.mean, float(chance.mean())
    if expit(slope[0] - 2 * np.sqrt(learnt.covariance[0, 0])) <= random:
        return default_weights(complaints, due, params)  # not even the best complaints are clearly corroborated
    like = expit(features @ slope)
    sums = np.bincount(complaints.account, weights=explained)[complaints.account] - explained
    own = (sums + params.account_pseudo * like) / (count - 1 + params.account_pseudo)
    reference = float(expit(slope[0])) - random
    return np.asarray(np.clip((np.where(single, like, own) - random) / reference, params.minimum, 1.0))
