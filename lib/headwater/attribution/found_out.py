"""Verdicts in force, as what they do to a night: whom they clear, whose odds they move, what was bought (docs/model.md, step 3b)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.special import expit, logit

from headwater.attribution.find import Found, shares_of
from headwater.attribution.gather import Gathered
from headwater.attribution.market import BUILDING, LATENT, PLACE, SUPPLIER, TYPES, Bools, Cleared, Floats, Ints
from headwater.attribution.told import source_ids, source_keys
from headwater.attribution.verdict_terms import purchase_terms, verdict_log_odds
from headwater.attribution.verdicts import OF_PURCHASES, OF_SOURCES, Row, Subject, heard_until
from headwater.parameters.finding import FindParams

SIGN = {"confirmed": 1, "cleared": -1}
DIGITS = 9


@dataclass(frozen=True)
class FoundOut:
    """(sources,) log odds that verdicts add after the calibrator, and what purchases add to ln BF; and the evidence rows of both.

    rows: source, verdict_id, contribution, adds_to, detail; and what sentences are made of: verdict, who (with day and reason),
    decided, since (complaints of the source filed after the decision), of (the shop or listing that was bought from).
    """

    shift: Floats
    bought: Floats
    rows: pd.DataFrame


ROWS = ("source", "verdict_id", "contribution", "adds_to", "detail", "verdict", "who", "decided", "since", "of")


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


def meant(window: Gathered, of: dict[tuple[str, str], int]) -> Callable[[Row], Subject | None]:
    """Whom a verdict on a source or a purchase is about, one name for all that mean the same source; None: the window does not hold
    it, so nothing can follow."""
    ids = source_ids(window.market.kind, source_keys(window))
    flows = window.market.flows
    orders = np.bincount(flows.shop, weights=flows.orders, minlength=window.market.shops)
    bought = {"seller": set(window.ids.sellers[orders > 0]), "listing": set(window.ids.listings)}

    def subject(verdict: Row) -> Subject | None:
        kind, name = verdict["subject_kind"], verdict["subject_id"]
        if kind in OF_SOURCES:
            return ("source", ids[of[kind, name]], None) if (kind, name) in of else None
        return (kind, name, None) if name in bought[kind] else None

    return subject


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
            latest[source] = max(latest.get(source, -1), (heard_until(decided) - start).days)
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
    window: Gathered,
    found: Found,
    verdicts: pd.DataFrame,
    of: dict[tuple[str, str], int],
    params: FindParams,
    start: date,
) -> FoundOut:
    """What the verdicts in force say of the sources of the window, which begins on `start`."""
    market = window.market
    shift, bought = np.zeros(market.sources), np.zeros(market.sources)
    heard, parts = found.cells.shares.tocsc(), []
    for row in verdicts.sort_values(["decided_at", "verdict_id"]).to_dict("records"):
        kind, name, sign = row["subject_kind"], row["subject_id"], SIGN.get(row["verdict"])
        if sign is None or kind not in (*OF_SOURCES, *OF_PURCHASES):
            continue
        who = f"{row['author']} on {row['decided_at']:%Y-%m-%d}"
        why = f": {row['reason']}" if row["reason"] else ""
        told = {"verdict_id": row["verdict_id"], "verdict": row["verdict"], "decided": row["decided_at"]}
        told["who"] = who + (f" ({row['reason']})" if row["reason"] else "")
        if kind in OF_SOURCES:
            source = of.get((kind, name))
            if source is None:
                continue
            value = round(float(verdict_log_odds(np.array([sign]), np.array([row["reliability"]]))[0]), DIGITS)
            shift[source] += value
            mine = slice(heard.indptr[source], heard.indptr[source + 1])
            later = market.complaints.filed[heard.indices[mine]] > (heard_until(row["decided_at"]) - start).days
            detail = f"{row['verdict']} by {who}{why}, {value:+.1f}"
            told |= {"adds_to": "prior_odds", "since": float(heard.data[mine][later].sum())}
            parts.append({**told, "source": source, "contribution": value, "detail": detail})
            continue
        share = _bought_from(window, found, kind, name, params)
        if share is None:
            continue
        terms = np.round(_terms(share, found, market.kind, np.array([sign > 0]), params), DIGITS)
        bought += terms
        told |= {"adds_to": "bayes_factor", "of": f"{'shop' if kind == 'seller' else kind} {name}"}
        for source in np.flatnonzero(terms).tolist():
            detail = (
                f"{kind} {name} {row['verdict']} by {who}{why}; {share[0, source]:.2f} of its goods come through this source, "
                f"{terms[source]:+.1f}"
            )
            parts.append({**told, "source": source, "contribution": float(terms[source]), "detail": detail})
    return FoundOut(shift, bought, pd.DataFrame(parts, columns=list(ROWS)))


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
