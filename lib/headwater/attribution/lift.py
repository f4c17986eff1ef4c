"""The baseline beside the probability: observed over expected of each source, shrunk, as for shops."""

from __future__ import annotations

import numpy as np

from headwater.attribution import gamma_poisson
from headwater.attribution.market import Floats, Ints
from headwater.parameters.attribution import Shrinkage


def source_lift(
    observed: Floats, expected: Floats, kind: Ints, quantile: float, params: Shrinkage
) -> tuple[Floats, Floats]:
    """(sources,) EBGM and its lower quantile from a mixture of each type of source; all sources teach, also those without complaints."""
    middle, low = np.ones(len(kind)), np.ones(len(kind))
    y = np.round(observed, 6)
    for t in np.unique(kind):
        rows = np.flatnonzero(kind == t)
        mixture = gamma_poisson.fit(*gamma_poisson.squash(y[rows], expected[rows], params=params), params=params)
        middle[rows] = gamma_poisson.ebgm(mixture, y[rows], expected[rows], params)
        low[rows] = gamma_poisson.quantile(mixture, y[rows], expected[rows], quantile, params)
    return np.round(middle, 9), np.round(low, 9)
