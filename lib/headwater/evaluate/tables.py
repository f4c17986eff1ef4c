"""A planted marketplace as the source model sees it: order lines summed to flows, as the cluster would sum them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from headwater.attribution.market import Complaints, Floats, Flows, Ints, Links, Market, Named
from headwater.evaluate.worlds import World


def peer_log_price(world: World, least: int = 20) -> Floats:
    """(orders,) ln(price / median of its category and brand), or of its category where those have fewer than `least` lines."""
    frame = pd.DataFrame({"category": world.category, "brand": world.brand, "price": np.log(world.price)})
    peers = frame.groupby(["category", "brand"])["price"]
    wide = frame.groupby("category")["price"].transform("median")
    centre = np.where(peers.transform("size") >= least, peers.transform("median"), wide)
    return frame["price"].to_numpy() - centre


def expected_complaints(world: World, pseudo: float = 20.0, cap: float = 0.01) -> Floats:
    """(orders,) complaints expected by category and price band, no shop above `cap` of a stratum, shrunk to the whole."""
    band = np.floor(np.log2(np.maximum(world.price, 1e-2))).astype(np.int64)
    stratum = pd.factorize(world.category * 1000 + band, sort=True)[0]
    complaints = np.bincount(world.complaint_order, minlength=len(stratum)).astype(np.float64)
    pair, row = np.unique(stratum * world.shops + world.shop, return_inverse=True)
    orders = np.bincount(row).astype(np.float64)
    of = pair // world.shops
    total = np.bincount(of, weights=orders)
    weight = np.minimum(orders, np.maximum(cap * total[of], 1.0))
    whole = complaints.sum() / max(len(stratum), 1)
    rate = np.bincount(of, weights=weight * np.bincount(row, weights=complaints) / orders)
    size = np.bincount(of, weights=weight)
    scaled = (rate + pseudo) / (size + pseudo / max(whole, 1e-12))
    return np.asarray(scaled[stratum])


def market_of(world: World) -> tuple[Market, Ints]:
    """The market of a world, and the shop of each listing."""
    suppliers, places = world.params.suppliers, world.places
    key = ((world.shop * (places + 1) + world.place + 1) * (suppliers + 1)) + world.named + 1
    cell, row = np.unique(key, return_inverse=True)

    def total(values: Floats) -> Floats:
        return np.bincount(row, weights=values, minlength=len(cell))

    log_price = peer_log_price(world)
    answered = np.zeros(len(row), dtype=bool)
    answered[world.complaint_order] = True
    flows = Flows(
        shop=cell // ((places + 1) * (suppliers + 1)),
        place=cell // (suppliers + 1) % (places + 1) - 1,
        supplier=cell % (suppliers + 1) - 1,
        expected=total(expected_complaints(world)),
        orders=total(np.ones(len(row))),
        log_price=total(np.clip(log_price, -2, 2)),
        other=total(world.other.astype(np.float64)),
        refunded=total((world.refunded & ~answered).astype(np.float64)),
    )
    order = world.complaint_order
    complaints = Complaints(
        shop=world.shop[order], listing=world.listing[order], place=world.place[order], supplier=world.named[order],
        account=world.complaint_account, ordered=world.day[order], filed=world.complaint_filed, log_price=log_price[order],
    )  # fmt: skip
    said = world.named >= 0
    pair, count = np.unique(world.listing[said] * suppliers + world.named[said], return_counts=True)
    listing_shop = np.zeros(world.listings, dtype=np.int64)
    listing_shop[world.listing] = world.shop
    market = Market(
        shops=world.shops, places=places, suppliers=suppliers, listings=world.listings, accounts=world.accounts,
        flows=flows, complaints=complaints, named=Named(pair // suppliers, pair % suppliers, count.astype(np.float64)),
        links=Links(world.link_shop, world.link_supplier, world.link_weight), beside=world.beside,
        opened=world.opened.astype(np.float64), confirmed=np.flatnonzero(world.confirmed),
    )  # fmt: skip
    return market, listing_shop
