"""What is told of each source: sums through it, as the model sees them, on arrays (docs/model.md, step 3)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.special import expit

from headwater.attribution.expected import THIRDS
from headwater.attribution.find import Found
from headwater.attribution.gather import Gathered
from headwater.attribution.lift import source_lift
from headwater.attribution.market import BUILDING, PLACE, SUPPLIER, TYPES, Bools, Floats, Ints, Market, by_group
from headwater.attribution.trend import NAMES, trends
from headwater.parameters.attribution import Ranking, Shrinkage

LEAST = 0.005  # complaints: less is the trace of many inferred shares, not a complaint
LOUD = 0.05  # complaints: a shop with less through a source is not told to have any
EPOCH = date(1970, 1, 1)


def source_keys(window: Gathered) -> Ints:
    """(sources,) the id behind each source, in the order of `Market.kind`."""
    ids = window.ids
    return np.concatenate([ids.companies, ids.places, ids.buildings, ids.returns, ids.operators]).astype(object)


def source_id(name: str, key: str) -> str:
    """The same id over nights: a letter for the type (by name), and a hash of the type and the id behind the source."""
    return name[0].upper() + hashlib.sha256(f"{name}\x1f{key}".encode()).hexdigest()[:16]


def source_ids(kind: Ints, keys: Ints) -> Ints:
    """(sources,) `source_id` of each."""
    names = [source_id(TYPES[t], key) for t, key in zip(kind.tolist(), keys.tolist(), strict=True)]
    return np.array(names, dtype=object)


@dataclass(frozen=True)
class Judged:
    """(sources,) what is believed of each, purchases and verdicts included; backed: whether it may be called sure (`backed`)."""

    probability: Floats
    low: Floats
    high: Floats
    ln_bf: Floats
    log_odds: Floats
    backed: Bools


@dataclass(frozen=True)
class Told:
    """Everything countable of the sources of a night.

    rows: one row a source, in the order of `Market.kind`: what SOURCES publishes of it. through (shops x sources) order lines,
    expected (shops x sources) complaints expected on the night's background, observed (shops x sources) complaints by weight.
    """

    rows: pd.DataFrame
    through: sp.csr_matrix
    expected: sp.csr_matrix
    observed: sp.csr_matrix


def tell(window: Gathered, found: Found, belief: Judged, lift: tuple[Floats, Floats]) -> Told:
    """The sums of every source, its lift, trend and expected harm."""
    market, fit = window.market, found.fit
    flows, shares, heard = market.flows, found.exposure_shares, found.cells.shares
    by_shop = by_group(flows.shop, market.shops, np.ones(len(flows.shop))) @ shares
    through = (by_group(flows.shop, market.shops, flows.orders) @ shares).tocsr()
    expected = (by_group(flows.shop, market.shops, flows.expected * fit.scale) @ shares).tocsr()
    observed = (by_group(market.complaints.shop, market.shops, found.weights) @ heard).tocsr()
    total = np.asarray(heard.T @ found.weights).ravel()
    thirds = {t: shares.T @ window.amounts[f"orders_{t}"].to_numpy(np.float64) for t in THIRDS}
    due = [shares.T @ window.amounts[f"expected_{t}"].to_numpy(np.float64) for t in THIRDS]
    third = window.complaints["third"].to_numpy()
    came = [np.asarray(heard.T @ (found.weights * (third == t))).ravel() for t in THIRDS]
    orders = np.asarray(shares.T @ flows.orders).ravel()
    value = np.asarray(shares.T @ window.amounts["value_minor"].to_numpy(np.float64)).ravel()
    naming = named_sources(market)
    first, last = _days(window, shares, naming)
    keys = source_keys(window)
    rows = pd.DataFrame(
        {
            "source_id": source_ids(market.kind, keys),
            "source_key": keys,
            "type": np.array(TYPES, dtype=object)[market.kind],
            "probability": belief.probability,
            "probability_low": belief.low,
            "probability_high": belief.high,
            "ln_bayes_factor": belief.ln_bf,
            "log_odds": belief.log_odds,
            "backed": belief.backed,
            "complaints": np.asarray(heard.T @ np.ones(heard.shape[0])).ravel(),
            "observed": total,
            "expected": fit.exposure,
            "attributed": fit.attributed,
            "lift": lift[0],
            "lift_low": lift[1],
            "shops": np.diff((by_shop + _touch(observed)).tocsc().indptr),
            "loud_shops": np.diff((observed >= LOUD).tocsc().indptr),
            "orders": orders,
            "named_orders": np.asarray(np.rint(naming.T @ flows.orders)).astype(np.int64),
            "value_minor": value,
            "harm_minor": harm(belief.probability, found, thirds[2] * value / np.maximum(orders, 1e-12)),
            "first_day": first,
            "last_day": last,
            "trend": NAMES[trends(np.column_stack([thirds[t] for t in THIRDS]), np.column_stack(came), np.column_stack(due))],
        }
    )  # fmt: skip
    return Told(rows, through, expected, observed)


def lifts(window: Gathered, found: Found, params: Ranking, shrinkage: Shrinkage) -> tuple[Floats, Floats]:
    """(sources,) EBGM and EB05 of observed over expected: the baseline, and one of the calibrator's features."""
    total = np.asarray(found.cells.shares.T @ found.weights).ravel()
    kind = window.market.kind
    return source_lift(total, found.cells.exposure, kind, params.lower_quantile, shrinkage)


def harm(probability: Floats, found: Found, value: Floats) -> Floats:
    """(sources,) value of the fakes expected from each source if the last third of the window repeats itself, minor units.

    Its probability, times the value that flowed through it, times the part of its goods that are fakes: the extra complaints of a
    guilty source, over those that goods draw which are fakes throughout (the centre of tonight's slab), at most 1. What a place is
    suspected of for its suppliers is theirs in that part, too."""
    posterior = np.maximum(expit(np.log(found.fit.prior / (1 - found.fit.prior)) + found.fit.ln_bf), 1e-12)
    part = np.minimum(found.fit.phibar / posterior / found.fit.typical, 1.0)
    suppliers, places = found.goods.shape[1], slice(found.goods.shape[1], sum(found.goods.shape))
    guilty = expit(found.odds)
    own = expit(found.odds - found.by_goods)[places] / np.maximum(guilty[places], 1e-12)
    fakes = found.goods @ guilty[:suppliers]
    theirs = found.goods @ (guilty * part)[:suppliers] / np.maximum(fakes, 1e-12)
    part[places] = np.where(fakes > 0, own * part[places] + (1 - own) * theirs, part[places])
    return np.asarray(probability * value * part)


def ranks(rows: pd.DataFrame, suspect_from: float) -> pd.DataFrame:
    """Rows that are published, with `rank` by expected harm (suspected safety risks first) and `suspicion_rank` by log odds; ties by id."""
    out = rows.assign(_first=rows["safety_risk"] & (rows["probability"] >= suspect_from))
    for name, keys in {"suspicion_rank": ["log_odds"], "rank": ["_first", "harm_minor", "log_odds"]}.items():
        order = out.sort_values([*keys, "source_id"], ascending=[False] * len(keys) + [True]).index
        out.loc[order, name] = np.arange(1, len(out) + 1)
    return out.drop(columns="_first").astype({"rank": "int64", "suspicion_rank": "int64"})


def _touch(matrix: sp.csr_matrix) -> sp.csr_matrix:
    return sp.csr_matrix((matrix >= LEAST).astype(np.float64))


def named_sources(market: Market) -> sp.csr_matrix:
    """(flows x sources) 1 for the sources that a flow's orders name: their supplier, their place and its building."""
    flows, rows = market.flows, np.arange(len(market.flows.shop))
    codes = [(flows.supplier, 0), (flows.place, market.first(PLACE))]
    if market.beside is not None and market.places:
        house = np.where(flows.place >= 0, market.beside.building[np.maximum(flows.place, 0)], -1)
        codes.append((house, market.first(BUILDING)))
    known = [code >= 0 for code, _ in codes]
    row = np.concatenate([rows[k] for k in known])
    col = np.concatenate([code[k] + first for k, (code, first) in zip(known, codes, strict=True)])
    return sp.csr_matrix((np.ones(len(row)), (row, col)), shape=(len(rows), market.sources))


def _days(window: Gathered, shares: sp.csr_matrix, naming: sp.csr_matrix) -> tuple[Ints, Ints]:
    """(sources,) first and last order day, as days since 1970 or -1: of the orders that name it, else of all that may be its own."""
    entry = shares.tocoo()
    named = np.asarray(naming[entry.row, entry.col]).ravel() > 0 if entry.nnz else np.zeros(0, dtype=bool)
    has_named = np.bincount(entry.col[named], minlength=shares.shape[1]) > 0
    days = []
    for name, pick, empty in (("first_day", np.minimum, 10**6), ("last_day", np.maximum, -(10**6))):
        day = pd.to_datetime(window.amounts[name])
        known = day.notna().to_numpy()
        number = np.where(known, (day - pd.Timestamp(EPOCH)).dt.days.fillna(0).to_numpy(), empty).astype(np.int64)
        use = known[entry.row] & (named | ~has_named[entry.col])
        out = np.full(shares.shape[1], empty)
        pick.at(out, entry.col[use], number[entry.row[use]])
        days.append(np.where(np.abs(out) == 10**6, -1, out))
    return days[0], days[1]


def suspected(kind: Ints, probability: Floats, threshold: float) -> Ints:
    """Sources at or above the threshold, by number."""
    return np.flatnonzero((probability >= threshold) & (kind >= SUPPLIER))
