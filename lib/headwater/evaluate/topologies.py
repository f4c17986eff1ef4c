"""Who buys from whom in a planted marketplace: three families of structure that share no mechanism but the listing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from headwater.attribution.market import Bools, Floats, Ints

if TYPE_CHECKING:
    from headwater.evaluate.worlds import WorldParams


@dataclass(frozen=True)
class Plan:
    """A marketplace before any order: listings (shop, first, second, mix, ...), shops, suppliers and places.

    Listing arrays: shop, first and second supplier, mix (share of the second), weight, category, brand, log_price, fake (chance
    that an order of a guilty supplier's goods is fake), own_stock (share sent from the shop's own place). Supplier arrays:
    guilty, discounter, cheap, discount, vigour (complaint rate of its fakes relative to the mean), supplier_place,
    supplier_naming (factor of how often its goods are named). Shop arrays: shop_place, naming, care (its rate of other trouble).
    """

    shop: Ints
    first: Ints
    second: Ints
    mix: Floats
    weight: Floats
    category: Ints
    brand: Ints
    log_price: Floats
    fake: Floats
    own_stock: Floats
    guilty: Bools
    discounter: Bools
    cheap: Bools
    discount: Floats
    vigour: Floats
    supplier_place: Ints
    shop_place: Ints
    naming: Floats
    supplier_naming: Floats
    care: Floats
    places: int
    season: Floats

    def days(self, rng: np.random.Generator, listing: Ints) -> Ints:
        """(orders,) the order day, drawn from the season's curve."""
        return rng.choice(len(self.season), size=len(listing), p=self.season / self.season.sum())


def _suppliers(params: WorldParams, rng: np.random.Generator, low: float, high: float) -> dict[str, Bools | Floats]:
    """Who is guilty, who undercuts and by how much (natural log), how often fakes are complained about."""
    count = params.suppliers
    guilty = np.zeros(count, dtype=bool)
    guilty[rng.choice(count, size=round(params.guilty * count), replace=False)] = True
    vigour = np.exp(rng.normal(-(params.fake_spread**2) / 2, params.fake_spread, count))
    discounter = ~guilty & (rng.random(count) < params.discounters)
    cheap = guilty & (rng.random(count) < params.cheap_fakes)
    discount = rng.uniform(low, high, count)
    return {"guilty": guilty, "discounter": discounter, "cheap": cheap, "discount": discount, "vigour": vigour}


def _pick(rng: np.random.Generator, owner: Ints, weight: Floats, groups: int, wanted: Ints) -> Ints:
    """For each group number in `wanted`, one row of that group drawn by weight; rows sorted by `owner`."""
    ends = np.cumsum(weight)
    start = np.searchsorted(owner, np.arange(groups))
    stop = np.searchsorted(owner, np.arange(groups), side="right")
    floor = np.concatenate([[0.0], ends])[start]
    width = np.concatenate([[0.0], ends])[stop] - floor
    found = np.searchsorted(ends, floor[wanted] + rng.random(len(wanted)) * width[wanted], side="right")
    return np.asarray(np.minimum(found, stop[wanted] - 1))


def bazaar(params: WorldParams, rng: np.random.Generator) -> Plan:
    """Tuning: shops draw 1-6 suppliers by popularity, one place per supplier or a warehouse, supplier-wide discounts."""
    who = _suppliers(params, rng, 0.3, 0.6)
    guilty = np.asarray(who["guilty"], dtype=np.bool_)
    shops, count = params.shops, params.suppliers
    popularity = rng.lognormal(0, 0.7, count) + 0.3
    crooked = rng.random(shops) < 0.12 / (1 - params.camouflage)
    honest = np.where(guilty, 0, popularity)
    lots = np.repeat(np.arange(shops), 1 + rng.poisson(1.6, shops))
    pick = rng.choice(count, size=len(lots), p=honest / honest.sum())
    bad_lots = np.repeat(np.flatnonzero(crooked), 1 + rng.poisson(0.4, int(crooked.sum())))
    bad_pick = rng.choice(np.flatnonzero(guilty), size=len(bad_lots), p=popularity[guilty] / popularity[guilty].sum())
    owner = np.concatenate([lots, bad_lots])
    supplier = np.concatenate([pick, bad_pick])
    share = rng.gamma(1.5, 1.0, len(owner))
    for side, part in ((guilty[supplier], 1 - params.camouflage), (~guilty[supplier], params.camouflage)):
        sums = np.bincount(owner[side], weights=share[side], minlength=shops)
        share[side] *= np.where(crooked[owner[side]], part, 1.0) / np.maximum(sums[owner[side]], 1e-9)
    order = np.lexsort((supplier, owner))
    owner, supplier, share = owner[order], supplier[order], share[order]
    size = rng.pareto(1.4, shops) + 0.3
    per_shop = 2 + rng.poisson(12, shops)
    shop = np.repeat(np.arange(shops), per_shop)
    listings = len(shop)
    first = supplier[_pick(rng, owner, share, shops, shop)]
    second = supplier[_pick(rng, owner, share, shops, shop)]
    category = rng.integers(0, 8, listings)
    brand = rng.integers(0, 120, listings)
    warehouse = rng.random(count) < 0.4
    supplier_place = np.where(warehouse, count + rng.integers(0, 12, count), np.arange(count))
    level = rng.normal(3.0, 0.6, 8)[category] + rng.normal(0, 0.3, 120)[brand]
    return Plan(
        shop=shop, first=first, second=second, mix=np.where(rng.random(listings) < 0.1, 0.3, 0.0),
        weight=np.minimum(size, 60)[shop] / per_shop[shop] * rng.gamma(1.0, 1.0, listings), category=category,
        brand=brand, log_price=level + rng.normal(0, 0.2, listings), fake=(rng.random(listings) < 0.85) * 1.0,
        own_stock=np.where(rng.random(shops) < 0.3, 0.7, 0.0)[shop], supplier_place=supplier_place,
        shop_place=count + 12 + np.arange(shops), naming=np.full(shops, params.named), supplier_naming=np.ones(count),
        care=rng.gamma(8, 1 / 8, shops),
        places=count + 12 + shops, season=np.ones(params.days), **who,
    )  # type: ignore[arg-type]  # fmt: skip


def guilds(params: WorldParams, rng: np.random.Generator) -> Plan:
    """Tuning: operators with several shops buy within communities; fakes of some brands only; shops name all or nothing."""
    who = _suppliers(params, rng, 0.25, 0.5)
    guilty = np.asarray(who["guilty"], dtype=np.bool_)
    shops, count, guild_count = params.shops, params.suppliers, 8
    operator = np.sort(rng.choice(int(shops * 0.5), size=shops, p=rng.dirichlet(np.full(int(shops * 0.5), 1.2))))
    operators = int(shops * 0.5)
    guild = rng.integers(0, guild_count, operators)
    supplier_guild = rng.integers(0, guild_count, count)
    bought = np.repeat(np.arange(operators), 2 + rng.geometric(0.5, operators))
    near = rng.random(len(bought)) < 0.8
    honest_ids = np.flatnonzero(~guilty)
    score = rng.random((len(bought), 6))  # best of six random honest suppliers, own guild preferred
    options = honest_ids[rng.integers(0, len(honest_ids), score.shape)]
    score += (supplier_guild[options] == guild[bought][:, None]) & near[:, None]
    picked = options[np.arange(len(bought)), score.argmax(axis=1)]
    reach = 2 + rng.geometric(0.2 * (1 - params.camouflage), int(guilty.sum()))
    sold = np.repeat(np.flatnonzero(guilty), reach)
    buyer = rng.integers(0, operators, len(sold))
    owner = np.concatenate([bought, buyer])
    supplier = np.concatenate([picked, sold])
    share = rng.lognormal(0, 0.7, len(owner))
    crooked = np.zeros(operators, dtype=bool)
    crooked[buyer] = True
    for side, part in ((guilty[supplier], 1 - params.camouflage), (~guilty[supplier], params.camouflage)):
        sums = np.bincount(owner[side], weights=share[side], minlength=operators)
        share[side] *= np.where(crooked[owner[side]], part, 1.0) / np.maximum(sums[owner[side]], 1e-9)
    order = np.lexsort((supplier, owner))
    owner, supplier, share = owner[order], supplier[order], share[order]
    per_shop = 1 + np.minimum(rng.negative_binomial(1, 0.08, shops), 80)
    shop = np.repeat(np.arange(shops), per_shop)
    listings = len(shop)
    first = supplier[_pick(rng, owner, share, operators, operator[shop])]
    second = supplier[_pick(rng, owner, share, operators, operator[shop])]
    category = (guild[operator[shop]] * 2 + rng.integers(0, 5, listings)) % 14
    brand = np.minimum(rng.geometric(0.03, listings) - 1, 79)
    faked = rng.random((count, 80)) < 0.8  # which brands a guilty supplier fakes
    hall = count + guild_count * 2
    supplier_place = np.where(
        rng.random(count) < 0.45, count + supplier_guild * 2 + rng.integers(0, 2, count), np.arange(count)
    )
    care = rng.gamma(5, 0.2, shops)
    naming = rng.beta(params.named * 3 + 1e-6, (1 - params.named) * 3 + 1e-6, shops)
    level = rng.normal(3.2, 0.7, 14)[category] + rng.gamma(2, 0.2, 80)[brand]
    return Plan(
        shop=shop, first=first, second=second, mix=np.where(rng.random(listings) < 0.12, 0.4, 0.0),
        weight=np.minimum(rng.pareto(1.3, listings) + 0.1, 40) * rng.gamma(2, 0.5, shops)[shop], category=category,
        brand=brand, log_price=level + rng.normal(0, 0.28, listings), fake=faked[first, brand] * 1.0,
        own_stock=np.where(rng.random(shops) < 0.35, 0.5, 0.05)[shop], supplier_place=supplier_place,
        shop_place=hall + operator, naming=naming, supplier_naming=np.ones(count), care=care, places=hall + operators,
        season=1 + 0.4 * np.sin(np.arange(params.days) / 9.0), **who,
    )  # type: ignore[arg-type]  # fmt: skip


def ports(params: WorldParams, rng: np.random.Generator) -> Plan:
    """Bench: suppliers and shops by trade and region, fakes mixed in within a listing, prices a continuum, names by supplier.

    A supplier ships from its own depot, from its region's port (one hub for all), or both; a shop keeps a few large and many small
    suppliers of its trade; goods of some suppliers always carry their name, those of others hardly ever.
    """
    who = _suppliers(params, rng, 0.15, 0.7)
    guilty = np.asarray(who["guilty"], dtype=np.bool_)
    shops, count, trades, regions = params.shops, params.suppliers, 10, 5
    trade, region = rng.integers(0, trades, count), rng.integers(0, regions, count)
    shop_trade = rng.choice(trades, size=shops, p=rng.dirichlet(np.full(trades, 4.0)))
    pull = rng.pareto(2.2, count) + 0.6
    crooked = rng.random(shops) < 0.16 / (1 - params.camouflage)
    owner, supplier = [], []
    for good, buyers, mean in ((~guilty, np.arange(shops), 2.0), (guilty, np.flatnonzero(crooked), 0.7)):
        pool = np.flatnonzero(good)
        pool = pool[np.argsort(trade[pool], kind="stable")]
        rows = np.repeat(buyers, 1 + rng.poisson(mean, len(buyers)))
        wanted = np.where(rng.random(len(rows)) < 0.85, shop_trade[rows], rng.integers(0, trades, len(rows)))
        wanted = trade[pool][np.minimum(np.searchsorted(trade[pool], wanted), len(pool) - 1)]
        owner.append(rows)
        supplier.append(pool[_pick(rng, trade[pool], pull[pool], trades, wanted)])
    owner_, supplier_ = np.concatenate(owner), np.concatenate(supplier)
    share = rng.pareto(1.5, len(owner_)) + 0.2
    for side, part in ((guilty[supplier_], 1 - params.camouflage), (~guilty[supplier_], params.camouflage)):
        sums = np.bincount(owner_[side], weights=share[side], minlength=shops)
        share[side] *= np.where(crooked[owner_[side]], part, 1.0) / np.maximum(sums[owner_[side]], 1e-9)
    order = np.lexsort((supplier_, owner_))
    owner_, supplier_, share = owner_[order], supplier_[order], share[order]
    per_shop = 2 + np.minimum(rng.geometric(0.07, shops), 90)
    shop = np.repeat(np.arange(shops), per_shop)
    listings = len(shop)
    first = supplier_[_pick(rng, owner_, share, shops, shop)]
    second = supplier_[_pick(rng, owner_, share, shops, shop)]
    category = np.where(rng.random(listings) < 0.9, trade[first], rng.integers(0, trades, listings))
    brand = rng.integers(0, 40, listings)
    both = rng.random(count)
    level = rng.normal(2.8, 0.9, trades)[category] + 0.5 * rng.standard_normal(40)[brand]
    continuum = rng.normal(0, 0.12, count)  # everybody's prices differ, and not by a rule
    season = 1 + 0.8 * (np.arange(params.days) > params.days - 20)
    return Plan(
        shop=shop, first=first, second=second, mix=np.where(rng.random(listings) < 0.2, 0.25, 0.0),
        weight=(rng.pareto(1.5, listings) + 0.2) * rng.lognormal(0, 0.5, shops)[shop], category=category, brand=brand,
        log_price=level + continuum[first] + rng.normal(0, 0.25, listings), fake=rng.beta(2.5, 1.0, listings),
        own_stock=rng.choice([0.0, 0.2, 0.9], shops, p=[0.5, 0.3, 0.2])[shop],
        supplier_place=np.where(both < 0.5, np.arange(count), count + region), shop_place=count + regions + np.arange(shops),
        naming=np.full(shops, params.named), supplier_naming=rng.beta(1.5, 1.5, count) * 2, care=rng.gamma(4, 0.25, shops),
        places=count + regions + shops, season=season, **who,
    )  # type: ignore[arg-type]  # fmt: skip
