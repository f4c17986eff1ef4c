"""Attacks by rivals: orders placed on an honest shop only to complain, from few accounts or from many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headwater.synthetic.columns import Ints, draw_within, position
from headwater.synthetic.listings import Listings
from headwater.synthetic.rates import expected_complaints
from headwater.synthetic.world import STREAM_ATTACKS, World, stream

# Attackers' accounts are numbered from here on: far beyond any buyer, so that the truth can tell them by their id.
FIRST_ACCOUNT = 900_000_000


@dataclass(frozen=True)
class Attacks:
    """One row a bought order and its complaint."""

    day: Ints
    listing: Ints
    account: Ints

    def on(self, day: int) -> Attacks:
        """The rows of one day."""
        now = self.day == day
        return Attacks(self.day[now], self.listing[now], self.account[now])


def plan_attacks(world: World, listings: Listings) -> Attacks:
    """As many bought complaints as `malicious_share` of all counterfeit complaints asks for, in bursts of five days.

    Targets are honest shops of the middle sizes. An attack comes from three accounts, or from accounts that complain
    `per_account` times each.
    """
    params, rng = world.params, stream(world.params, STREAM_ATTACKS)
    others = expected_complaints(world, listings)
    bought = params.malicious_share / (1 - params.malicious_share) * others
    rank = np.argsort(np.argsort(-world.shops.weight))
    middle = (rank > params.shops // 100) & (rank < params.shops // 2)
    honest = np.flatnonzero(middle & ~world.guilty_shop)
    count = round(bought / params.attack_size) if len(honest) else 0
    target = np.repeat(rng.choice(honest, count), params.attack_size)
    attack = np.repeat(np.arange(count), params.attack_size)
    start = rng.integers(0, max(params.days - 10, 1), count)
    day = np.minimum(start[attack] + rng.integers(0, 5, len(attack)), params.days - 1)
    few = (rng.random(count) < params.few_accounts)[attack]
    number = position(attack)
    account = FIRST_ACCOUNT + attack * params.attack_size + np.where(few, number % 3, number // params.per_account)
    first = np.searchsorted(listings.shop, target, "left")
    last = np.searchsorted(listings.shop, target, "right") - 1
    # Honest shops' listings never change, so any listing of the shop can be bought on any day.
    listing = draw_within(rng, np.cumsum(listings.weight), first, last)
    return Attacks(day, listing, account)
