"""What stands beside the orders of a planted marketplace: operators, buildings, return places, supply that nobody names, when shops
opened, and whom people confirmed.

The families differ here too. `bazaar`: operators form around the supply that they conceal, and it leaves from each shop's own place;
`guilds`: operators are those that buy together, whatever they buy; `ports`: an operator mixes shops that sell concealed fakes with
clean ones. Shops open in bursts for guilty suppliers, and for honest reasons too: in `bazaar` those of a few honest suppliers, in
`guilds` whole guilds, in `ports` a wave of new shops of all kinds. Draws are apart from those of the orders: a marketplace without
concealed supply has the same orders with these facts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from headwater.attribution.beside import return_parts
from headwater.attribution.market import Beside, Bools, Floats, Ints

if TYPE_CHECKING:
    from headwater.evaluate.topologies import Plan
    from headwater.evaluate.worlds import WorldParams

STOCK, DOORS, BACK = (
    0,
    1,
    2,
)  # how concealed supply reaches buyers: from the shop's stock, by doors of one house, from nowhere
ROUTES = {"bazaar": (0.4, 0.3, 0.3), "guilds": (0.5, 0.2, 0.3), "ports": (0.3, 0.4, 0.3)}


@dataclass(frozen=True)
class Facts:
    """beside: as the source model reads it; hidden (suppliers,) no order and no paper names it; place (orders,) dispatch places after
    the routes of hidden supply, of `places`; opened (shops,) day of opening, from the start of the window; confirmed (suppliers,)."""

    beside: Beside
    hidden: Bools
    place: Ints
    places: int
    opened: Ints
    confirmed: Bools


def plant_facts(
    params: WorldParams, family: str, plan: Plan, shop: Ints, supplier: Ints, place: Ints, rng: np.random.Generator
) -> Facts:
    """Facts of a marketplace whose orders are drawn: (orders,) shop, supplier and dispatch place."""
    guilty = np.flatnonzero(plan.guilty)
    count = round(params.hidden * len(guilty))
    chosen = rng.choice(guilty, size=count, replace=False)
    route = rng.choice(3, size=count, p=ROUTES[family])
    hidden = np.zeros(params.suppliers, dtype=bool)
    hidden[chosen] = True
    buyers = [np.unique(shop[supplier == s]) for s in chosen.tolist()]
    place, places, building = _doors(plan, shop, supplier, place, chosen, route, rng)
    later = np.random.default_rng(rng.integers(2**63) if params.bands or params.bursts or params.confirmed else 0)
    bands = _bands(params, guilty, shop, supplier, later)
    operator, operators = _operators(
        params, family, plan, [b for b, r in zip(buyers, route, strict=True) if r == STOCK] + bands, rng
    )
    back = [b for b, r in zip(buyers, route, strict=True) if r == BACK]
    named, sellers = _returns(params, family, operator, back, rng), np.arange(params.shops)
    return_shop, return_place, part, returns = return_parts(named, sellers)
    houses, code = np.unique(building[building >= 0], return_inverse=True)
    building[building >= 0] = code
    said_shop, said_place = _declared(shop, place, places, rng)
    beside = Beside(
        len(houses), len(returns), operators, building, return_shop, return_place, part, operator, said_shop, said_place
    )
    silent = rng.random(params.shops) < params.silent
    known = np.zeros(params.suppliers, dtype=bool)
    known[later.choice(guilty, size=round(params.confirmed * len(guilty)), replace=False)] = True
    opened = _opened(params, family, plan, guilty, shop, supplier, later)
    return Facts(beside, hidden, np.where(silent[shop], -1, place), places, opened, known)


def _bands(params: WorldParams, guilty: Ints, shop: Ints, supplier: Ints, rng: np.random.Generator) -> list[Ints]:
    """The shops of each pair of guilty suppliers, of so many as `bands` says: whose operators sell the fakes of both."""
    some = rng.permutation(guilty)[: round(params.bands * len(guilty)) // 2 * 2].reshape(-1, 2)
    return [np.unique(shop[np.isin(supplier, pair)]) for pair in some]


def _opened(
    params: WorldParams, family: str, plan: Plan, guilty: Ints, shop: Ints, supplier: Ints, rng: np.random.Generator
) -> Ints:
    """(shops,) day of opening: over three years, but for those that opened together within ten days."""
    count, span = params.shops, 1000
    day = -rng.integers(0, span, count)
    mine = np.unique(shop * params.suppliers + supplier)
    of, sold = mine // params.suppliers, mine % params.suppliers
    bursts = rng.permutation(guilty)[: round(params.bursts * len(guilty))].tolist()
    groups = [(of[sold == s], 0.5) for s in bursts]
    if family == "bazaar":
        honest = np.setdiff1d(np.arange(params.suppliers), guilty)
        groups += [(of[sold == s], 0.3) for s in rng.permutation(honest)[: len(bursts)].tolist()]
    elif family == "guilds":
        groups += [
            (np.flatnonzero(plan.shop_place == p), 1.0) for p in np.unique(plan.shop_place) if rng.random() < 0.1
        ]
    else:
        day = np.where(rng.random(count) < 0.2, -120 + rng.integers(0, 30, count), day)
    for shops, part in groups:
        together = shops[rng.random(len(shops)) < part]
        day[together] = -rng.integers(0, span // 2) - rng.integers(0, 10, len(together))
    return np.asarray(day, dtype=np.int64)


def _doors(
    plan: Plan, shop: Ints, supplier: Ints, place: Ints, chosen: Ints, route: Ints, rng: np.random.Generator
) -> tuple[Ints, int, Ints]:
    """(orders,) places, how many, and (places,) buildings: hidden supply leaves by doors of one house, from stock or from nowhere; of
    the other places one in five shares its house with another."""
    place, places = place.copy(), plan.places
    building = np.full(places, -1)
    pairs = rng.permutation(places)[: places // 5 // 2 * 2].reshape(-1, 2)
    building[pairs] = np.arange(len(pairs))[:, None]
    doors = [building]
    for house, (s, r) in enumerate(zip(chosen.tolist(), route.tolist(), strict=True)):
        mine = np.flatnonzero(supplier == s)
        if r == DOORS:
            wide = int(rng.integers(4, 9))
            door = (shop[mine] * 2654435761 % 2**32) % wide  # a shop is served at one door
            place[mine] = np.where(place[mine] < 0, -1, places + door)
            doors.append(np.full(wide, len(pairs) + house))
            places += wide
        else:
            place[mine] = plan.shop_place[shop[mine]] if r == STOCK else -1
    return place, places, np.concatenate(doors)


def _operators(
    params: WorldParams, family: str, plan: Plan, buyers: list[Ints], rng: np.random.Generator
) -> tuple[Ints, int]:
    """(shops,) operator of each, -1 for a shop that nothing ties to another, and how many run several shops."""
    shops = params.shops
    if family == "guilds":
        _, operator = np.unique(plan.shop_place, return_inverse=True)
    else:
        operator = np.full(shops, -1)
        number = 0
        for some in buyers:
            free = rng.permutation(some[operator[some] < 0])
            while len(free) > 1:
                wide = int(rng.integers(2, 6))
                operator[free[:wide]] = number
                if family == "ports":  # an honest front
                    rest = np.flatnonzero(operator < 0)
                    operator[rng.choice(rest, size=int(rng.integers(1, 4)))] = number
                free, number = free[wide:], number + 1
        rest = rng.permutation(np.flatnonzero(operator < 0))
        rest = rest[: len(rest) * 2 // 5]
        sizes = 1 + rng.geometric(0.6, len(rest))
        operator[rest] = number + np.repeat(np.arange(len(sizes)), sizes)[: len(rest)]
    known, code, size = np.unique(operator, return_inverse=True, return_counts=True)
    several = (size > 1) & (known >= 0)
    new = np.where(several, np.cumsum(several) - 1, -1)
    return new[code], int(several.sum())


def _declared(shop: Ints, place: Ints, places: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """(pairs,) shop and place that it says it ships from: two in three of the true ones, and one in ten shops says a wrong one."""
    true = np.unique((shop * places + place)[place >= 0])
    true = true[rng.random(len(true)) < 2 / 3]
    liars = np.flatnonzero(rng.random(int(shop.max()) + 1) < 0.1)
    pairs = np.unique(np.concatenate([true, liars * places + rng.integers(0, places, len(liars))]))
    return pairs // places, pairs % places


def _returns(
    params: WorldParams, family: str, operator: Ints, hidden: list[Ints], rng: np.random.Generator
) -> pd.DataFrame:
    """seller_id, place_id: a shop's own return place or its operator's, one of a few centres, or the place where a hidden supplier
    takes his goods back."""
    shops, centres = params.shops, {"bazaar": 6, "guilds": 12, "ports": 5}[family]
    own = centres + np.where(operator >= 0, shops + operator, np.arange(shops))
    centre = rng.random(shops) < {"bazaar": 0.3, "guilds": 0.15, "ports": 0.5}[family]
    first = np.where(centre, rng.integers(0, centres, shops), own)
    shop, place = [np.arange(shops)], [first]
    for number, some in enumerate(hidden):
        named = some[rng.random(len(some)) < 0.8]
        shop.append(named)
        place.append(np.full(len(named), centres + 2 * shops + number))
    return pd.DataFrame({"seller_id": np.concatenate(shop), "place_id": np.concatenate(place)})


def mean_of(group: Ints, groups: int, mark: Floats, weight: Floats) -> Floats:
    """(groups,) sum of the marks over the sum of the weights of a group's rows (one number a row, -1: none); 0 of an empty group."""
    known = group >= 0
    marked = np.bincount(group[known], weights=mark[known], minlength=groups)
    return np.asarray(marked / np.maximum(np.bincount(group[known], weights=weight[known], minlength=groups), 1e-12))
