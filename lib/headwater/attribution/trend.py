"""Is a source new, does it draw more complaints than it did, or fewer? Read from the thirds of the window."""

from __future__ import annotations

import numpy as np
from scipy.special import betainc

from headwater.attribution.market import Floats, Ints

NAMES = np.array(["steady", "rising", "falling", "new", "re_emerged"])
STEADY, RISING, FALLING, NEW, RE_EMERGED = range(5)


def trends(orders: Floats, observed: Floats, expected: Floats, level: float = 0.05, least: float = 0.5) -> Ints:
    """(sources,) index into `NAMES` from (sources x 3) orders, complaints and expected complaints by third, the oldest first.

    new: orders in the last third alone; re_emerged: none in the middle one. Else, given the complaints of both parts, those of the
    last third are binomial with its share of the expected ones (the conditional test of two Poisson rates: Przyborowski and
    Wilenski 1940, Biometrika 31); rising or falling if so many, or so few, have a chance below `level`. Fewer than `least`
    orders in a third are none: shares of other orders, inferred.
    """
    seen = orders >= least
    total, late = observed.sum(axis=1), observed[:, 2]
    share = np.clip(expected[:, 2] / np.maximum(expected.sum(axis=1), 1e-300), 0.0, 1.0)
    # P(Y >= y) and P(Y <= y), continued to fractional counts by the incomplete beta function
    at_least = np.where(late > 0, betainc(np.maximum(late, 1e-9), np.maximum(total - late, 0.0) + 1, share), 1.0)
    at_most = np.where(total > late, 1 - betainc(late + 1, np.maximum(total - late, 1e-9), share), 1.0)
    out = np.full(len(orders), STEADY)
    out[at_least < level] = RISING
    out[at_most < level] = FALLING
    out[seen[:, 0] & ~seen[:, 1] & seen[:, 2]] = RE_EMERGED
    out[~seen[:, 0] & ~seen[:, 1] & seen[:, 2]] = NEW
    return out
