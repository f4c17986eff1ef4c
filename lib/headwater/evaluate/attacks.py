"""Paid complaints of a planted marketplace: whom they frame, what would be known without them, whom they move up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from headwater.attribution.market import Bools, Floats
from headwater.evaluate import metrics
from headwater.evaluate.worlds import World


def framed(world: World) -> Bools:
    """(suppliers,) honest suppliers whose goods a paid complaint is about."""
    of = world.supplier[world.complaint_order[world.complaint_false]]
    return np.asarray((np.bincount(of, minlength=world.params.suppliers) > 0) & ~world.guilty)


def without_paid(world: World) -> World:
    """The same marketplace, its paid complaints taken away."""
    kept = ~world.complaint_false
    return replace(world, **{name: getattr(world, name)[kept] for name in vars(world) if name.startswith("complaint_")})


def moved(world: World, without: Floats, score: Floats, first: int = 50) -> Bools:
    """(suppliers,) framed ones among the `first` by their score, that are not there by the score `without` paid complaints."""
    before, after = (np.isin(np.arange(len(s)), metrics.ranking(s)[:first]) for s in (without, score))
    return np.asarray(after & ~before & framed(world))
