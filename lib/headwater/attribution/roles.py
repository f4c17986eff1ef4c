"""What a source is in the chain: read from how broad its goods are, whose goods leave it and into how many shops, never from complaints."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pyspark.sql.functions as F
from pyspark.sql import DataFrame

from headwater.attribution.find import Found
from headwater.attribution.gather import Gathered, of_companies
from headwater.attribution.leaving import Leaving, leaving
from headwater.attribution.market import Ints
from headwater.exposure.orders import in_window
from headwater.parameters.attribution import Roles

UNKNOWN = "unknown"
Said = tuple[str, str]  # role, why


def breadth(price_exposure: DataFrame, firms: DataFrame, night: date, window_days: int) -> pd.DataFrame:
    """PRICE_EXPOSURE up to the night, COMPANIES -> by what a company is called: lines, brands (effective number) of its named orders.

    Collects one row a company, category and brand. The effective number is exp of the entropy: two brands half and half are 2."""
    rows = in_window(price_exposure, night, window_days).where("supplier_id is not null")
    sums = (
        of_companies(rows, firms)
        .groupBy("supplier_id", "category", "brand")
        .agg(F.sum("lines").alias("lines"))
        .where("lines > 0")
    )
    return effective(sums.toArrow().to_pandas())


def effective(rows: pd.DataFrame) -> pd.DataFrame:
    """(supplier_id, category, brand, lines) -> by supplier_id: lines, brands."""
    share = rows["lines"] / rows.groupby("supplier_id")["lines"].transform("sum")
    parts = rows.assign(entropy=-share * np.log(share)).groupby("supplier_id")[["lines", "entropy"]].sum()
    return pd.DataFrame({"lines": parts["lines"], "brands": np.exp(parts["entropy"])})


def roles(window: Gathered, found: Found, broad: pd.DataFrame, hubs: pd.DataFrame, params: Roles) -> pd.DataFrame:
    """One row a source: role, why. `hubs` (type, value, kind, reason) as HUBS has them.

    Supplier: a producer's goods are of few brands, a distributor's of many. Place or building: a hall of many sellers is a market;
    where more shops send goods back to than it sends goods for, it is logistics; goods of many suppliers into many shops leave a
    shared warehouse; a place whose goods are one supplier's has that supplier's role. Return place: where goods of many operators
    go back to, it is logistics. Too little seen, or supply that nobody names: unknown."""
    market, ids = window.market, window.ids
    hub = {(t, v): (k, r) for t, v, k, r in hubs[["type", "value", "kind", "reason"]].itertuples(index=False)}
    of_supplier = _suppliers(ids.suppliers, broad, params)
    places, buildings = leaving(window)
    shops_back, operators_back = _goes_back(window)
    back = dict(zip(ids.returns.tolist(), shops_back.tolist(), strict=True))
    owner = np.full(market.early, -1) if found.cells.owner is None else found.cells.owner
    of_place = []
    for p, (key, house, unit) in enumerate(
        zip(ids.places, window.houses["building_key"], window.houses["unit"], strict=True)
    ):
        hall = None if unit else _market(hub.get(("building", house)))
        own = int(owner[market.suppliers + p])
        of_place.append(
            hall
            or _sends_back(back.get(key, 0), int(places.shops[p]), hub.get(("return", key)))
            or _warehouse(places, p, hub.get(("dispatch", key)), params)
            or (_of_owner(ids.suppliers[own], of_supplier[own][0]) if own >= 0 else None)
            or _too_little(places, p)
        )
    of_building = [
        _market(hub.get(("building", key))) or _warehouse(buildings, b, None, params) or _too_little(buildings, b)
        for b, key in enumerate(ids.buildings)
    ]
    of_return = [
        _centre(int(n), hub.get(("return", key)), params) for key, n in zip(ids.returns, operators_back, strict=True)
    ]
    latent = [(UNKNOWN, "nobody names it")] * len(ids.operators)
    said = [*of_supplier, *of_place, *of_building, *of_return, *latent]
    return pd.DataFrame(said, columns=["role", "role_reason"])


def _suppliers(ids: Ints, broad: pd.DataFrame, params: Roles) -> list[Said]:
    known = broad.reindex(ids)
    lines, brands = known["lines"].fillna(0).to_numpy(), known["brands"].fillna(0).to_numpy()
    role = np.where(brands > params.producer_brands, "distributor", "producer")
    return [
        (str(r), f"{n:,.0f} orders name it, of {b:.1f} brands in effect")
        if n >= params.least_lines
        else (UNKNOWN, f"only {n:,.0f} orders name it and say of which goods they are")
        for n, b, r in zip(lines, brands, role, strict=True)
    ]


def _goes_back(window: Gathered) -> tuple[Ints, Ints]:
    """(return places,) shops, and operators (a shop that nothing ties is one), that send goods back to it."""
    b = window.market.beside
    if b is None:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    run_by = np.where(b.operator >= 0, b.operator, b.operators + np.arange(len(b.operator)))
    pairs = np.unique(np.column_stack([b.return_place, run_by[b.return_shop]]), axis=0)
    return np.bincount(b.return_place, minlength=b.returns), np.bincount(pairs[:, 0], minlength=b.returns)


def _market(hub: Said | None) -> Said | None:
    return ("market", f"a hall of many sellers: {hub[1]}") if hub is not None and hub[0] == "market" else None


def _sends_back(back: int, out: int, hub: Said | None) -> Said | None:
    if hub is None or back <= out:
        return None
    return "logistics", f"{back:,} shops send goods back to it, it sends out for {out:,}"


def _warehouse(goods: Leaving, at: int, hub: Said | None, params: Roles) -> Said | None:
    if hub is not None and hub[0] == "returns_centre":
        return "logistics", hub[1]
    many = goods.spread[at] >= params.warehouse_suppliers and goods.shops[at] >= params.warehouse_shops
    if not many:
        return None
    return (
        "shared_warehouse",
        f"goods of {goods.spread[at]:.1f} suppliers in effect leave it for {goods.shops[at]:,} shops",
    )


def _of_owner(supplier: str, role: str) -> Said | None:
    return None if role == UNKNOWN else (role, f"its goods are those of {supplier}, a {role}")


def _too_little(goods: Leaving, at: int) -> Said:
    if not goods.spread[at]:
        return UNKNOWN, "no order names both it and a supplier"
    return (
        UNKNOWN,
        f"goods of {goods.spread[at]:.1f} suppliers in effect, {goods.shops[at]:,} shops: too little to tell",
    )


def _centre(operators: int, hub: Said | None, params: Roles) -> Said:
    if hub is not None and hub[0] in ("returns_centre", "3pl"):
        return "logistics", f"goods go back to it: {hub[1]}"
    if operators >= params.logistics_operators:
        return "logistics", f"goods of {operators:,} operators go back to it"
    return UNKNOWN, f"goods of {operators:,} operators go back to it: too few to tell"
