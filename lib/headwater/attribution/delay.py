"""How late do complaints come? The share of an order day's complaints that are filed by a given age of the day.

Young order days have few complaints so far, and only early ones: delays are *right-truncated* at the day's age. The
hazard in reversed time, g(d) = P(delay = d | delay <= d), is free of that: a day enters it only once it is d days old,
and how many orders or complaints a day had cancels, so growth does not bias it. Then

    F(a) = product over d > a of (1 - g(d))

Sources: Kalbfleisch and Lawless (1989), "Inference based on retrospective ascertainment", JASA 84:360-372; Lawless
(1994), "Adjustments for reporting delays and the prediction of occurred but not reported events", Canadian J.
Statistics 22:15-31. Actuaries know it as the chain ladder, with 1 / (1 - g(d)) as the development factor.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc

from headwater.parameters.attribution import Delay

Floats = NDArray[np.float64]

_WEIGHT_UNITS = 1e6  # weights are counted in millionths: whole numbers, so sums are exact and in any order the same


DEFAULTS = Delay()


def prior_curve(max_age: int, params: Delay = DEFAULTS) -> Floats:
    """F[0..max_age] before anything is learnt: the negative binomial's, given that the delay is within the window."""
    ages = np.arange(max_age + 1)
    success = params.shape / (params.shape + params.mean_days)
    share = betainc(params.shape, ages + 1, success)
    return np.asarray(np.maximum(share / share[-1], params.floor))


def delay_curve(
    order_age: ArrayLike, delay: ArrayLike, weight: ArrayLike, max_age: int, params: Delay = DEFAULTS
) -> Floats:
    """One row a complaint (or a group of like ones, by weight) -> F[0..max_age], the share filed by that age in days.

    `order_age` = night - order day, `delay` = filed day - order day, both whole days, 0 <= delay <= order_age; `weight`
    in complaints, >= 0, taken to a millionth. Delays beyond `max_age` are left out. F is monotone, in (0, 1], and
    F[max_age] = 1: it is conditional on the window. The prior enters as `pseudo_complaints` complaints about days old
    enough to have shown everything, spread like `prior_curve`; without data the answer is that curve, and so is the
    shape beyond the oldest order day. ValueError names what does not fit.
    """
    age, late, units = _checked(order_age, delay, weight, max_age)
    length = max_age + 1
    filed = np.bincount(late, weights=units, minlength=length)
    closed = np.bincount(age, weights=units, minlength=length)
    # for d = 1, 2, ...: complaints filed before age d about days at least d old; those at risk are these and now
    before = (np.cumsum(filed)[:-1] - np.cumsum(closed)[:-1]) / _WEIGHT_UNITS
    now = filed[1:] / _WEIGHT_UNITS
    prior = params.pseudo_complaints * prior_curve(max_age, params)
    survived = (before + prior[:-1]) / (before + now + prior[1:])
    curve = np.append(np.cumprod(survived[::-1])[::-1], 1.0)
    return np.asarray(np.maximum(curve, params.floor))


def _checked(
    order_age: ArrayLike, delay: ArrayLike, weight: ArrayLike, max_age: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Complaints filed within the window; ages beyond it are as good as the window's end."""
    age, late = np.asarray(order_age), np.asarray(delay)
    units = np.rint(np.asarray(weight, dtype=float) * _WEIGHT_UNITS)
    if not (age.ndim == 1 and age.shape == late.shape == units.shape):
        raise ValueError(f"order_age, delay and weight differ in shape: {age.shape}, {late.shape}, {units.shape}")
    if len(age) and not (np.issubdtype(age.dtype, np.integer) and np.issubdtype(late.dtype, np.integer)):
        raise ValueError(f"order_age and delay are whole days, not {age.dtype} and {late.dtype}")
    if not np.all((late >= 0) & (late <= age)):
        wrong = np.flatnonzero((late < 0) | (late > age))[:5]
        raise ValueError(f"0 <= delay <= order_age does not hold: {list(zip(late[wrong], age[wrong], strict=True))}")
    if not np.all(np.isfinite(units) & (units >= 0)):
        raise ValueError("a weight is missing, infinite or negative")
    inside = late <= max_age
    return np.minimum(age[inside], max_age).astype(np.int64), late[inside].astype(np.int64), units[inside]
