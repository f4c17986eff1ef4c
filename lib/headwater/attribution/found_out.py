"""Verdicts in force, as what they do to a night: whom they clear, whose odds they move, what was bought (docs/model.md, step 3b)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.special import expit, logit

from headwater.attribution.find import Found, shares_of
from headwater.attribution.gather import Gathered
from headwater.attribution.market import BUILDING, LATENT, PLACE, SUPPLIER, TYPES, Bools, Cleared, Floats, Ints
from headwater.attribution.told import source_ids, source_keys
from headwater.attribution.verdict_terms import purchase_terms, verdict_log_odds
from headwater.parameters.finding import FindParams

OF_SOURCES = ("source", "supplier", "place")
OF_PURCHASES = ("seller", "listing")
SIGN = {"confirmed": 1, "cleared": -1}
DIGITS = 9


@dataclass(frozen=True)
class FoundOut:
    """(sources,) log odds that verdicts add after the calibrator, and what purchases add to ln BF; and the evidence rows of both.

    rows: source, verdict_id, contribution, adds_to, detail. unknown: ids of verdicts whose subject the window does not hold.
    """

    shift: Floats
    bought: Floats
    rows: pd.DataFrame
    unknown: list[str]


def numbered(window: Gathered, members: pd.Series) -> dict[tuple[str, str], int]:
    """(subject kind, id) -> number of the source; a supplier by its company or any id of that, a place by its id or by any of its
    addresses, as a place of dispatch before one of returns. `members` by (type, source_key)."""
    market, keys = window.market, source_keys(window)
    out = {("source", i): j for j, i in enumerate(source_ids(market.kind, keys).tolist())}
    for j, (t, key) in enumerate(zip(market.kind.tolist(), keys.tolist(), strict=True)):
        if t == LATENT:
            continue
        what = "supplier" if t == SUPPLIER else "place"
        # An address is its place, also where that is one of the doors of a building.
        behind = None if t == BUILDING else members.get((TYPES[t], key))
        for name in [key, *(behind if behind is not None else [])]:
            out.setdefault((what, name), j)
    for j, called in enumerate(window.ids.suppliers.tolist()):
        out.setdefault(("supplier", called), j)
    return out


def as_judged(window: Gathered, verdicts: pd.DataFrame, of: dict[tuple[str, str], int], start: date) -> Gathered:
    """The window in which cleared sources start anew (what was filed until the decision no longer counts against them) and confirmed
    ones are known."""
    on_sources = verdicts[verdicts["subject_kind"].isin(OF_SOURCES)]
    told = on_sources[on_sources["verdict"] == "confirmed"]
    subjects = zip(told["subject_kind"], told["subject_id"], strict=True)
    confirmed = np.array(sorted({of[s] for s in subjects if s in of}), dtype=np.int64)
    window = replace(window, market=replace(window.market, confirmed=confirmed))
    rows = on_sources[on_sources["verdict"] == "cleared"]
    known = [
        (of.get((k, i)), d)
        for k, i, d in zip(rows["subject_kind"], rows["subject_id"], rows["decided_at"], strict=True)
    ]
    latest: dict[int, int] = {}
    for source, decided in known:
        if source is not None:
            latest[source] = max(latest.get(source, -1), (decided.date() - start).days)
    inside = {s: d for s, d in latest.items() if d >= 0}
    if not inside:
        return window
    sources = sorted(inside)
    day = np.array([inside[s] for s in sources], dtype=np.int64)
    later = np.clip(1 - (day + 1) / window.days, 0.0, 1.0)
    return replace(
        window, market=replace(window.market, cleared=Cleared(np.array(sources, dtype=np.int64), day, later))
    )


def found_out(
    window: Gathered, found: Found, verdicts: pd.DataFrame, of: dict[tuple[str, str], int], params: FindParams
) -> FoundOut:
    """What the verdicts in force say of the sources of the window."""
    market = window.market
    shift, bought = np.zeros(market.sources), np.zeros(market.sources)
    parts, unknown = [], []
    for row in verdicts.sort_values("verdict_id").to_dict("records"):
        sign = SIGN.get(row["verdict"])
        if sign is None or row["subject_kind"] not in (*OF_SOURCES, *OF_PURCHASES):
            continue
        who = f"{row['author']} on {row['decided_at']:%Y-%m-%d}" + (f": {row['reason']}" if row["reason"] else "")
        if row["subject_kind"] in OF_SOURCES:
            source = of.get((row["subject_kind"], row["subject_id"]))
            if source is None:
                unknown.append(row["verdict_id"])
                continue
            value = float(verdict_log_odds(np.array([sign]), np.array([row["reliability"]]))[0])
            shift[source] += round(value, DIGITS)
            parts.append(
                _row(source, row, round(value, DIGITS), "prior_odds", f"{row['verdict']} by {who}, {value:+.1f}")
            )
            continue
        share = _bought_from(window, found, row["subject_kind"], row["subject_id"], params)
        if share is None:
            unknown.append(row["verdict_id"])
            continue
        terms = np.round(_terms(share, found, market.kind, np.array([sign > 0]), params), DIGITS)
        bought += terms
        for source in np.flatnonzero(terms).tolist():
            what = f"{row['subject_kind']} {row['subject_id']} {row['verdict']} by {who}"
            detail = f"{what}; {share[0, source]:.2f} of its goods come through this source, {terms[source]:+.1f}"
            parts.append(_row(source, row, float(terms[source]), "bayes_factor", detail))
    columns = ["source", "verdict_id", "contribution", "adds_to", "detail"]
    return FoundOut(shift, bought, pd.DataFrame(parts, columns=columns), unknown)


def _row(source: int, verdict: dict[Any, Any], value: float, adds_to: str, detail: str) -> dict[str, object]:
    return {
        "source": source,
        "verdict_id": verdict["verdict_id"],
        "contribution": value,
        "adds_to": adds_to,
        "detail": detail,
    }


def _terms(share: sp.csr_matrix, found: Found, kind: Ints, counterfeit: Bools, params: FindParams) -> Floats:
    """Terms by type: suppliers and places are two views of the same goods, and neither explains the other's find away; both explain
    it before a late source does."""
    posterior = expit(logit(found.fit.prior) + found.fit.ln_bf)
    out = np.zeros(len(kind))
    for t in np.unique(kind):
        view = (kind == t) | ((t > PLACE) & (kind <= PLACE))
        mine = sp.csr_matrix(share @ sp.diags(view.astype(np.float64)))
        mine.eliminate_zeros()
        out += np.where(kind == t, purchase_terms(mine, posterior, counterfeit, params.verdicts), 0.0)
    return out


def _bought_from(window: Gathered, found: Found, kind: str, subject: str, params: FindParams) -> sp.csr_matrix | None:
    """(1 x sources) through which sources the goods of a shop or listing come; None if the window does not hold it."""
    market, ids = window.market, window.ids
    if kind == "seller":
        shop = np.flatnonzero(ids.sellers == subject)
        if not len(shop):
            return None
        mine = market.flows.shop == shop[0]
        orders = market.flows.orders * mine
        if not orders.sum():
            return None
        return sp.csr_matrix(found.exposure_shares.T @ (orders / orders.sum()))
    listing = np.flatnonzero(ids.listings == subject)
    if not len(listing):
        return None
    shop, nowhere = window.listing_shop[listing[:1]], np.full(1, -1)
    mine = shares_of(found.inferred, market, shop, nowhere, nowhere, listing[:1], params)
    return sp.csr_matrix(mine @ sp.diags((found.cells.exposure > 0) | (market.kind <= PLACE)))
