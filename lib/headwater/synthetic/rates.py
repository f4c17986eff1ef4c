"""How often goods draw a counterfeit complaint, by category and day."""

from __future__ import annotations

import numpy as np

from headwater.synthetic.columns import Floats, Ints
from headwater.synthetic.listings import Listings
from headwater.synthetic.params import MarketplaceParams
from headwater.synthetic.vocabulary import CATEGORIES
from headwater.synthetic.world import World

_FACTOR = np.array([category.complaint_factor for category in CATEGORIES])
_WEIGHT = np.array([category.weight for category in CATEGORIES])
_DIRECTION = np.linspace(-1, 1, len(CATEGORIES))[np.argsort(np.argsort(-_FACTOR))]


def base_rates(params: MarketplaceParams, day: float) -> Floats:
    """Counterfeit complaints per order of genuine goods, one a category, on a day; their mean is about `base_rate`."""
    drift = np.exp(params.drift * _DIRECTION * (day / params.days - 0.5))
    return np.asarray(params.base_rate * _FACTOR / np.average(_FACTOR, weights=_WEIGHT) * drift)


def complaint_rates(params: MarketplaceParams, listings: Listings, listing: Ints, day: int) -> Floats:
    """The chance of a counterfeit complaint, one row an order line."""
    genuine = base_rates(params, day)[listings.category[listing]]
    return np.where(listings.fake[listing], params.fake_rate, genuine)


def expected_complaints(world: World, listings: Listings) -> float:
    """Counterfeit complaints about ordinary orders that are filed within the window; the last days' are to come."""
    params = world.params
    wait = (params.days - np.arange(params.days) - 0.5) * 2 / params.delay_days
    filed = float(np.mean(1 - np.exp(-wait) * (1 + wait)))  # the gamma distribution of shape 2
    share = listings.weight * (listings.end - listings.start)
    rate = complaint_rates(params, listings, np.arange(len(listings.shop)), params.days // 2)
    return float(filed * params.orders * (share * rate).sum() / share.sum())
