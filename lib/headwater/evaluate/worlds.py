"""Planted marketplaces at order grain, made in memory: what the finding is measured on.

Three families of structure, so that nothing is judged on the kind of market that it was tuned on:

- `bazaar`  *tuning*: shops draw suppliers at random, a supplier ships from one place, prices differ by supplier;
- `guilds`  *tuning*: operators run several shops and buy within communities, listings have heavy tails, fakes are made of some
  brands only, some shops name their suppliers and others hardly ever, places are shared by guilds;
- `ports`   *bench*, looked at for no choice: trades and regions, a hub per region, fakes mixed with genuine goods within a
  listing, prices a continuum, some suppliers always named and others hardly ever, a rising season.

Seeds below `BENCH_SEED` are for tuning, the others for the bench. The difficulties are in `DIFFICULTIES`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from headwater.attribution.market import Beside, Bools, Floats, Ints
from headwater.evaluate.facts import mean_of, plant_facts
from headwater.evaluate.topologies import Plan, bazaar, guilds, ports

BENCH_SEED = 1000
LEAST_LATE = 0.2  # of what flows through a building, return place or operator: from here it is one of fakes
BASE_RATE = 1.16e-4  # complaints of counterfeit kind per honest order


class WorldParams(BaseModel):
    """How hard a planted marketplace is; the defaults are the clean one; the easy one has three times its orders."""

    model_config = ConfigDict(frozen=True)

    orders: int = Field(500_000, description="Order lines in the window.")
    suppliers: int = Field(240, description="Suppliers, honest and guilty.")
    guilty: float = Field(0.12, description="Share of suppliers whose goods are fakes, in part or whole.")
    shops: int = Field(2_000, description="Shops.")
    days: int = Field(90, description="Days of the window: a quarter.")
    named: float = Field(1.0, description="Share of orders that name their supplier.")
    declared: float = Field(0.3, description="Share of true (shop, supplier) pairs with a declared link.")
    camouflage: float = Field(0.2, description="Share of a guilty shop's orders that carry honest suppliers' goods.")
    fake_rate: float = Field(
        2.6e-3, description="Complaints of counterfeit kind per fake: half of the guilty draw fewer than three."
    )
    fake_spread: float = Field(0.5, description="Standard deviation of ln fake_rate over guilty suppliers.")
    base_rate: float = Field(BASE_RATE, description="Complaints of counterfeit kind per honest order.")
    cheap_fakes: float = Field(
        0.75, description="Share of guilty suppliers who undercut; the others sell fakes at full price."
    )
    discounters: float = Field(0.08, description="Share of honest suppliers who undercut as much.")
    malicious: float = Field(
        0.0, description="Share of all complaints that are false, filed by hired accounts against honest shops."
    )
    per_account: int = Field(20, description="Complaints filed per hired account.")
    targets: int = Field(8, description="Honest shops under attack.")
    devoted: float = Field(
        0.15, description="Share of genuine complaints by buyers who check everything and complain often, rightly."
    )
    not_described: float = Field(
        2e-3, description="Complaints of kind not_as_described per honest order; fakes three times as many."
    )
    refund_rate: float = Field(0.02, description="Refunds per honest order; fakes twice as many.")
    hidden: float = Field(
        0.0,
        description="Share of guilty suppliers that no order and no paper names, and that ship from no place of their own.",
    )
    silent: float = Field(0.0, description="Share of shops whose orders name no dispatch address.")
    bands: float = Field(
        0.0,
        description="Share of guilty suppliers whose goods are sold by operators who sell those of another guilty one too.",
    )
    bursts: float = Field(0.0, description="Share of guilty suppliers for whose goods shops were opened together.")
    confirmed: float = Field(0.0, description="Share of guilty suppliers that people have confirmed.")
    uneven: float = Field(
        0.0,
        description="Standard deviation of ln base_rate over suppliers: some honest goods are complained about more.",
    )
    crowds: int = Field(
        0,
        description="Honest suppliers about whom a crowd complains: bought accounts that file one each, over all their shops.",
    )
    crowd: int = Field(10, description="Complaints of a crowd, at any time of the window.")


DIFFICULTIES: dict[str, WorldParams] = {
    "easy": WorldParams(orders=1_500_000, camouflage=0.1),
    "clean": WorldParams(),
    "camouflage": WorldParams(camouflage=0.6),
    "unnamed": WorldParams(named=0.05),
    "malicious": WorldParams(malicious=0.24),
    "sly": WorldParams(named=0.15, camouflage=0.4, malicious=0.24, per_account=2),
    "swarm": WorldParams(named=0.15, camouflage=0.4, malicious=0.24, per_account=1),
    "hard": WorldParams(named=0.05, camouflage=0.6, malicious=0.24),
    "sparse": WorldParams(named=0.15, camouflage=0.4, malicious=0.12, per_account=2, fake_rate=1.3e-3),
    "concealed": WorldParams(named=0.5, camouflage=0.4, hidden=0.5),
    "silent": WorldParams(named=0.15, camouflage=0.4, silent=0.5),
    "uneven": WorldParams(named=0.15, camouflage=0.4, uneven=0.8, base_rate=8 * BASE_RATE, fake_rate=8 * 2.6e-3),
    "crowds": WorldParams(named=0.15, camouflage=0.4, crowds=4),
    "gangs": WorldParams(named=0.15, camouflage=0.4, fake_rate=1.3e-3, bands=0.6, bursts=0.5, confirmed=0.2),
}


@dataclass(frozen=True)
class World:
    """A planted marketplace: order lines, complaints of counterfeit kind, declared links, and the truth.

    Order arrays are (orders,), complaint arrays (complaints,); `supplier` is the truth, `named` what the order says (-1: nothing).
    """

    params: WorldParams
    shop: Ints
    listing: Ints
    supplier: Ints
    named: Ints
    place: Ints
    category: Ints
    brand: Ints
    price: Floats
    day: Ints
    fake: Bools
    other: Bools
    refunded: Bools
    complaint_order: Ints
    complaint_account: Ints
    complaint_filed: Ints
    complaint_false: Bools
    link_shop: Ints
    link_supplier: Ints
    link_weight: Floats
    guilty: Bools
    discounter: Bools
    shops: int
    hidden: Bools
    beside: Beside
    opened: Ints
    confirmed: Bools
    places: int
    listings: int
    accounts: int

    @property
    def guilty_late(self) -> Floats:
        """(late sources,) 1 if LEAST_LATE or more of what flows through it are fakes of suppliers that nobody names, 0 if less is fake of
        any supplier, NaN between: of fakes that a named supplier answers for, a late source need not speak."""
        fake = self.fake.astype(np.float64)
        hidden, any_fake = self._late_share(fake * self.hidden[self.supplier]), self._late_share(fake)
        return np.where(hidden >= LEAST_LATE, 1.0, np.where(any_fake < LEAST_LATE, 0.0, np.nan))

    def _late_share(self, mark: Floats) -> Floats:
        """(late sources,) the mean of a mark of orders over the orders through it."""
        b, none = self.beside, np.ones(len(mark))
        by_shop = [np.bincount(self.shop, weights=v, minlength=self.shops)[b.return_shop] for v in (mark, none)]
        house = np.where(self.place >= 0, b.building[np.maximum(self.place, 0)], -1)
        return np.concatenate(
            [
                mean_of(house, b.buildings, mark, none),
                mean_of(b.return_place, b.returns, by_shop[0] * b.return_part, by_shop[1] * b.return_part),
                mean_of(b.operator[self.shop], b.operators, mark, none),
            ]
        )

    @property
    def guilty_places(self) -> Bools:
        """(places,) at least half of what leaves the place is fake."""
        known = self.place >= 0
        through = np.bincount(self.place[known], minlength=self.places)
        fakes = np.bincount(self.place[known], weights=self.fake[known].astype(np.float64), minlength=self.places)
        return np.asarray(fakes >= 0.5 * np.maximum(through, 1), dtype=np.bool_)


Filed = tuple[Ints, Ints, Ints, Bools, int]  # complaints: order, account, day filed, false; and how many accounts
FAMILIES = {"bazaar": bazaar, "guilds": guilds, "ports": ports}


def make_world(params: WorldParams, seed: int, family: str = "ports") -> World:
    """A marketplace of the `family` (bazaar | guilds | ports) drawn from `seed`; the same arguments give the same world."""
    number = sorted(FAMILIES).index(family) + 1
    rng = np.random.default_rng([seed, number])
    plan = FAMILIES[family](params, rng)
    listing = np.sort(rng.choice(len(plan.shop), size=params.orders, p=plan.weight / plan.weight.sum()))
    second = rng.random(params.orders) < plan.mix[listing]
    supplier = np.where(second, plan.second[listing], plan.first[listing])
    fake = (rng.random(params.orders) < plan.fake[listing]) & plan.guilty[supplier]
    own = plan.supplier_place[supplier]
    place = np.where(rng.random(params.orders) < plan.own_stock[listing], plan.shop_place[plan.shop[listing]], own)
    place = np.where(rng.random(params.orders) < 0.12, -1, place)
    said = 1 - (1 - plan.naming[plan.shop[listing]]) ** plan.supplier_naming[supplier]
    named = np.where(rng.random(params.orders) < said, supplier, -1)
    apart = np.random.default_rng([seed, number, 1])
    facts = plant_facts(params, family, plan, plan.shop[listing], supplier, place, apart)
    named = np.where(facts.hidden[supplier], -1, named)
    undercut = np.where(plan.discounter[supplier] | (fake & plan.cheap[supplier]), plan.discount[supplier], 0.0)
    price = np.exp(plan.log_price[listing] + rng.normal(0, 0.05, params.orders) - undercut)
    other = rng.random(params.orders) < params.not_described * plan.care[plan.shop[listing]] * np.where(fake, 3.0, 1.0)
    refunded = rng.random(params.orders) < params.refund_rate * plan.care[plan.shop[listing]] * np.where(fake, 2.0, 1.0)
    day = plan.days(rng, listing)
    later = np.random.default_rng([seed, number, 2])
    honest = params.base_rate * np.exp(later.normal(-(params.uneven**2) / 2, params.uneven, params.suppliers))
    rate = np.where(fake, params.fake_rate * plan.vigour[supplier], honest[supplier])
    heard = _complaints(params, plan, rng, listing, rate, fake, day)
    order, account, filed, false, accounts = _with_crowds(params, later, supplier, fake, plan.guilty, day, heard)
    pairs = np.unique(plan.shop[listing] * params.suppliers + supplier)
    pairs = pairs[rng.random(len(pairs)) < params.declared]
    pairs = pairs[~facts.hidden[pairs % params.suppliers]]
    return World(
        params=params, shop=plan.shop[listing], listing=listing, supplier=supplier, named=named, place=facts.place,
        category=plan.category[listing], brand=plan.brand[listing], price=price, day=day, fake=fake, other=other,
        refunded=refunded, complaint_order=order, complaint_account=account, complaint_filed=filed,
        complaint_false=false, link_shop=pairs // params.suppliers, link_supplier=pairs % params.suppliers,
        link_weight=np.ones(len(pairs)), guilty=plan.guilty, discounter=plan.discounter, hidden=facts.hidden,
        beside=facts.beside, opened=facts.opened, confirmed=facts.confirmed,
        shops=params.shops, places=facts.places, listings=len(plan.shop), accounts=accounts,
    )  # fmt: skip


def _complaints(
    params: WorldParams, plan: Plan, rng: np.random.Generator, listing: Ints, rate: Floats, fake: Bools, day: Ints
) -> Filed:
    """Genuine complaints by rate, with a delay and cut at the night, then false ones in bursts."""
    order = np.flatnonzero(rng.random(len(listing)) < rate)
    filed = day[order] + rng.gamma(2.0, 5.0, len(order)).astype(np.int64)
    order, filed = order[filed < params.days], filed[filed < params.days]
    buyers = 200_000
    account = rng.integers(0, buyers, len(order))
    devoted = fake[order] & (rng.random(len(order)) < params.devoted)
    account[devoted] = rng.integers(0, 4, int(devoted.sum()))  # four collectors, heavy and reliable
    wanted = round(len(order) * params.malicious / (1 - params.malicious))
    clean = np.bincount(plan.shop[listing], weights=fake.astype(np.float64), minlength=params.shops) == 0
    size = np.bincount(plan.shop[listing], minlength=params.shops)
    rivals = np.flatnonzero(clean & (size > np.quantile(size, 0.6)))
    target = rng.choice(rivals, size=min(params.targets, len(rivals)), replace=False)
    share = rng.dirichlet(np.full(len(target), 2.0))
    hit = np.isin(plan.shop[listing], target)
    position = np.searchsorted(np.sort(target), plan.shop[listing][hit])
    weight = share[np.argsort(target)][position] / size[plan.shop[listing][hit]]
    bad = rng.choice(np.flatnonzero(hit), size=wanted, replace=False, p=weight / weight.sum())
    hired = max(1, round(wanted / params.per_account))
    start = rng.integers(params.days // 3, params.days - 10, params.shops)[plan.shop[listing][bad]]
    late = np.clip(np.maximum(start + rng.integers(0, 10, wanted), day[bad]), 0, params.days - 1)
    order, filed = np.concatenate([order, bad]), np.concatenate([filed, late])
    account = np.concatenate([account, buyers + np.arange(wanted) % hired])
    false = np.arange(len(order)) >= len(order) - wanted
    _, first = np.unique(order, return_index=True)  # one complaint per order line
    return order[first], account[first], filed[first], false[first], buyers + hired


def _with_crowds(
    params: WorldParams, rng: np.random.Generator, supplier: Ints, fake: Bools, guilty: Bools, day: Ints, filed: Filed
) -> Filed:
    """The complaints, and those of crowds: of honest suppliers large enough, orders at random, an account each."""
    order, account, when, false, accounts = filed
    sold = np.bincount(supplier, minlength=params.suppliers)
    large = np.flatnonzero(~guilty & (sold >= 4 * params.crowd))
    for target in rng.choice(large, size=min(params.crowds, len(large)), replace=False):
        of = np.setdiff1d(np.flatnonzero((supplier == target) & ~fake & (day < params.days - 3)), order)
        bad = rng.choice(of, size=min(params.crowd, len(of)), replace=False)
        order, false = np.concatenate([order, bad]), np.concatenate([false, np.ones(len(bad), dtype=bool)])
        account = np.concatenate([account, accounts + np.arange(len(bad))])
        when = np.concatenate([when, rng.integers(day[bad] + 2, params.days)])
        accounts += len(bad)
    return order, account, when, false, accounts
