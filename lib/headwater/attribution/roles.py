"""What a source is in the chain: read from how broad its goods are, whose goods leave it and into how many shops, never from complaints."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pyspark.sql.functions as F
import scipy.sparse as sp
from pyspark.sql import DataFrame

from headwater.attribution.find import Found
from headwater.attribution.gather import Gathered
from headwater.attribution.market import Floats, Ints
from headwater.exposure.orders import in_window
from headwater.parameters.attribution import Roles

UNKNOWN = "unknown"


def breadth(price_exposure: DataFrame, night: date, window_days: int) -> pd.DataFrame:
    """PRICE_EXPOSURE up to the night -> supplier_id: lines, brands (effective number) of the orders that name it.

    Collects one row a supplier, category and brand. The effective number is exp of the entropy: two brands half and half are 2."""
    rows = in_window(price_exposure, night, window_days).where("supplier_id is not null")
    sums = rows.groupBy("supplier_id", "category", "brand").agg(F.sum("lines").alias("lines")).where("lines > 0")
    return effective(sums.toArrow().to_pandas())


def effective(rows: pd.DataFrame) -> pd.DataFrame:
    """(supplier_id, category, brand, lines) -> by supplier_id: lines, brands."""
    share = rows["lines"] / rows.groupby("supplier_id")["lines"].transform("sum")
    parts = rows.assign(entropy=-share * np.log(share)).groupby("supplier_id")[["lines", "entropy"]].sum()
    return pd.DataFrame({"lines": parts["lines"], "brands": np.exp(parts["entropy"])})


def roles(window: Gathered, found: Found, broad: pd.DataFrame, params: Roles) -> pd.DataFrame:
    """One row a source: role, why.

    Supplier: a producer's goods are of few brands, a distributor's of many. Place: goods of many suppliers into many shops leave a
    shared warehouse; a place whose goods are one supplier's has that supplier's role. Too little seen: unknown."""
    market = window.market
    known = broad.reindex(window.ids.suppliers)
    lines, brands = known["lines"].fillna(0).to_numpy(), known["brands"].fillna(0).to_numpy()
    enough = lines >= params.least_lines
    of_supplier = np.where(~enough, UNKNOWN, np.where(brands > params.producer_brands, "distributor", "producer"))
    why = [
        f"{n:,.0f} orders name it, of {b:.1f} brands in effect" if e else f"only {n:,.0f} orders name it"
        for n, b, e in zip(lines, brands, enough, strict=True)
    ]
    through, shops = _suppliers_of_places(window, found)
    volume = np.asarray(through.sum(axis=1)).ravel()
    spread = _effective_columns(through, volume)
    owner = np.full(market.sources, -1) if found.cells.owner is None else found.cells.owner
    of_place, why_place = [], []
    for p in range(market.places):
        own = owner[market.suppliers + p]
        if spread[p] >= params.warehouse_suppliers and shops[p] >= params.warehouse_shops:
            of_place.append("shared_warehouse")
            why_place.append(f"goods of {spread[p]:.1f} suppliers in effect leave it for {shops[p]:,} shops")
        elif own >= 0 and of_supplier[own] != UNKNOWN:
            of_place.append(str(of_supplier[own]))
            why_place.append(f"its goods are those of {window.ids.suppliers[own]}, a {of_supplier[own]}")
        else:
            of_place.append(UNKNOWN)
            why_place.append(f"goods of {spread[p]:.1f} suppliers in effect, {shops[p]:,} shops: too little to tell")
    return pd.DataFrame({"role": [*of_supplier.tolist(), *of_place], "role_reason": [*why, *why_place]})


def _suppliers_of_places(window: Gathered, found: Found) -> tuple[sp.csr_matrix, Ints]:
    """(places x suppliers) order lines, and (places,) shops, of the orders that name the place."""
    market, flows = window.market, window.market.flows
    named = flows.place >= 0
    at = sp.csr_matrix(
        (flows.orders[named], (flows.place[named], np.flatnonzero(named))), shape=(market.places, len(flows.shop))
    )
    through = (at @ found.exposure_shares[:, : market.suppliers]).tocsr()
    real = named & (flows.orders > 0)
    pairs = np.unique(flows.place[real] * market.shops + flows.shop[real])
    return through, np.bincount(pairs // max(market.shops, 1), minlength=market.places)


def _effective_columns(matrix: sp.csr_matrix, total: Floats) -> Floats:
    """(rows,) effective number of columns: exp of the entropy of each row; 0 for an empty one."""
    entry = matrix.tocoo()
    share = entry.data / np.maximum(total[entry.row], 1e-300)
    entropy = np.bincount(entry.row, weights=-share * np.log(np.maximum(share, 1e-300)), minlength=matrix.shape[0])
    return np.asarray(np.where(total > 0, np.exp(entropy), 0.0))
