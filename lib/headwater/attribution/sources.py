"""The rows of SOURCES and of the shops behind them, from what the source model found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from headwater.attribution.backed import held_back
from headwater.attribution.belief import Belief, in_words, interval, with_verdicts
from headwater.attribution.calibrate import FEATURES, inspection_weights
from headwater.attribution.evidence import Case, evidence_rows
from headwater.attribution.find import Found
from headwater.attribution.found_out import SIGN, FoundOut
from headwater.attribution.gather import Gathered
from headwater.attribution.market import SUPPLIER, TYPES, Floats, Ints, by_group
from headwater.attribution.reasons import rivals, sentences
from headwater.attribution.told import LEAST, Judged, Told, named_sources, ranks
from headwater.attribution.verdicts import OF_SOURCES, by_words
from headwater.parameters.finding import CalibrationParams

DIGITS = 9


@dataclass(frozen=True)
class Published:
    """What decides which sources are published and in which order: those with a verdict, brands whose fakes are dangerous (in small
    letters), and the probabilities from which a supplier is shown though nobody complained, and from which a source is suspected."""

    judged: Ints
    unsafe: frozenset[str]
    shown_from: float
    suspect_from: float


def judged(found: Found, said: FoundOut, belief: Belief, params: CalibrationParams) -> Judged:
    """The calibrated probability, never sure on one operator's word, and, added after it, the verdicts; their log odds stand beside the
    model's own. A purchase is a word, too; so is a verdict, when it comes to whether one operator's shops say it all. What is held back
    has the interval of what it is said to be."""
    left = found.left + found.goods_said + said.bought
    p = held_back(belief.probability, left, params)
    ends = zip(interval(p, belief.record.bins), (belief.low, belief.high), strict=True)
    low, high = (np.where(p < belief.probability, of_held, own) for of_held, own in ends)
    p, low, high = (with_verdicts(v, said.shift) for v in (p, low, high))
    odds = found.score + said.bought + said.shift
    return Judged(p, low, high, found.fit.ln_bf + said.bought, odds, left + said.shift >= params.alone_from)


def without_goods(found: Found, said: FoundOut, belief: Belief, x: Floats, params: CalibrationParams) -> Floats:
    """(sources,) the probability without what suppliers lend their places: a shop has its suppliers for themselves.

    x: `belief.features_of` all."""
    own = x.copy()
    own[:, FEATURES.index("ln_bf")] -= found.by_goods
    left = found.left + said.bought
    p = held_back(belief.of(found.odds + said.bought - found.by_goods, own), left, params)
    return with_verdicts(p, said.shift)


def published(told: Told, named: pd.DataFrame, window: Gathered, found: Found, params: Published) -> pd.DataFrame:
    """The sources that are published, ranked: those with complaints or a verdict, and suppliers whose signs make them worth a look. The
    index is the source's number."""
    heard = told.rows["complaints"] >= LEAST
    signs = (told.rows["type"] == TYPES[SUPPLIER]) & (told.rows["probability"] >= params.shown_from)
    rows = told.rows[heard | signs | told.rows.index.isin(params.judged)].copy()
    rows["brands"] = _column(rows["type"], brands(window, found, rows.index.to_numpy(np.int64)))
    risky = [any(b.lower() in params.unsafe for b in mine) for mine in rows["brands"]]
    rows["safety_risk"] = np.array(risky, dtype=bool)
    rows = ranks(rows, params.suspect_from)
    rows = rows.join(named, on=["type", "source_key"])
    alone = rows["members"].isna()
    members = [
        [key] if lone else list(m) for key, lone, m in zip(rows["source_key"], alone, rows["members"], strict=True)
    ]
    return rows.assign(members=_column(rows["type"], members)).sort_values("suspicion_rank")


def told_in_words(case: Case, told: Told, belief: Belief, rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(SOURCES rows with reasons, EVIDENCE rows) for the published sources; evidence of the top ranks of either order."""
    limit = case.params.evidence_sources
    chosen = np.sort(rows.index[(rows["rank"] <= limit) | (rows["suspicion_rank"] <= limit)].to_numpy(np.int64))
    evidence = evidence_rows(case, chosen)
    rows = rows.assign(
        calibration_id=belief.record.calibration_id,
        in_capacity=rows["rank"] <= case.params.capacity,
    )
    ids = dict(zip(told.rows.index, told.rows["source_id"], strict=True))
    rival = rivals(case.found, chosen, told.through)
    rows["reasons"] = _column(
        rows["type"], sentences(rows, evidence, case.said.rows, rival, ids, case.found.alone, in_words(belief.record))
    )
    evidence["source_id"] = told.rows["source_id"].to_numpy()[evidence["source"].to_numpy(np.int64)]
    return rows, evidence


def brands(window: Gathered, found: Found, chosen: Ints) -> list[list[str]]:
    """Of each source the brands of the complaints that are rather its own than not, the most frequent first, at most five."""
    heard = found.cells.shares.tocsc()
    brand = window.complaints["brand"].to_numpy()
    out = []
    for source in chosen:
        part = slice(heard.indptr[source], heard.indptr[source + 1])
        mine = heard.indices[part][heard.data[part] >= 0.5]
        count = pd.Series(brand[mine]).dropna().value_counts()
        out.append(sorted(count.index, key=lambda b: (-int(count[b]), b))[:5])
    return out


def source_columns(rows: pd.DataFrame, night: date) -> pd.DataFrame:
    """Rows as SOURCES declares them."""
    return rows.assign(
        night=night,
        kind=np.where(rows["type"].isin(("supplier", "latent")), "supplier", "place"),
        value=_money(rows["value_minor"]),
        harm=_money(rows["harm_minor"]),
        first_seen=_dates(rows["first_day"]),
        last_seen=_dates(rows["last_day"]),
        **{name: _rounded(rows[name]) for name in ("complaints", "observed", "expected", "attributed", "orders")},
    )


def evidence_columns(rows: pd.DataFrame, night: date) -> pd.DataFrame:
    """Rows as EVIDENCE declares them."""
    refs = _column(rows["refs"], [list(r) if isinstance(r, list) else [] for r in rows["refs"]])
    numbers = {c: _rounded(rows[c]) for c in ("contribution", "observed", "expected", "ln_bf_without")}
    return rows.assign(night=night, refs=refs, shops=rows["shops"].astype("int64"), **numbers)


def exposure_columns(told: Told, rows: pd.DataFrame, window: Gathered, night: date) -> pd.DataFrame:
    """SOURCE_EXPOSURE of the published sources: what flowed through each in each shop."""
    chosen = rows.index.to_numpy(np.int64)
    parts = {
        name: getattr(told, attribute)[:, chosen]
        for name, attribute in {"orders": "through", "expected": "expected", "observed": "observed"}.items()
    }
    touched = sum((abs(m) for m in parts.values()), sp.csr_matrix((window.market.shops, len(chosen)))).tocoo()
    values = {name: _at(m.tocsr(), touched.row, touched.col) for name, m in parts.items()}
    mine = rows.iloc[touched.col]
    return pd.DataFrame(
        {
            "night": night,
            "source_id": mine["source_id"].to_numpy(),
            "type": mine["type"].to_numpy(),
            "source_key": mine["source_key"].to_numpy(),
            "seller_id": window.ids.sellers[touched.row],
            **{name: np.round(v, DIGITS) for name, v in values.items()},
            "named_orders": _at(_named(window, chosen), touched.row, touched.col).astype(np.int64),
        }
    )


def _at(matrix: sp.csr_matrix, row: Ints, col: Ints) -> Floats:
    """One element a pair; scipy answers no pairs with a matrix."""
    return np.asarray(matrix[row, col]).ravel() if len(row) else np.zeros(0)


def _named(window: Gathered, chosen: Ints) -> sp.csr_matrix:
    """(shops x chosen) order lines that name the source."""
    market = window.market
    orders = by_group(market.flows.shop, market.shops, market.flows.orders)
    return (orders @ named_sources(market)[:, chosen]).tocsr()


def feature_columns(x: Floats, rows: pd.DataFrame, night: date) -> pd.DataFrame:
    """SOURCE_FEATURES of the published sources."""
    out = pd.DataFrame(x[rows.index.to_numpy(np.int64)], columns=list(FEATURES))
    return out.assign(night=night, source_id=rows["source_id"].to_numpy())


def past_verdicts(
    verdicts: pd.DataFrame, of: dict[tuple[str, str], int], ids: Ints, known: pd.DataFrame, params: CalibrationParams
) -> pd.DataFrame:
    """Verdicts on sources with their features on the newest night before the decision, in the order of decision.

    `known` holds SOURCE_FEATURES of earlier nights. A verdict on a source that was not published then teaches nothing."""
    rows = verdicts[verdicts["verdict"].isin(tuple(SIGN)) & verdicts["subject_kind"].isin(OF_SOURCES)]
    if not len(rows) or not len(known):  # empty frames have no types to join on
        return pd.DataFrame(columns=["verdict_id", *FEATURES, "decided", "guilty", "weight"])
    subjects = zip(rows["subject_kind"], rows["subject_id"], strict=True)
    source = [
        ids[of[kind, name]]
        if (kind, name) in of
        else by_words({"subject_kind": kind, "subject_id": name, "other_id": None})[1]
        for kind, name in subjects
    ]
    asked = rows.assign(source_id=source, decided=pd.to_datetime(rows["decided_at"]).dt.date)
    asked = asked.assign(chance=rows["inspection_probability"].astype(float).fillna(1.0))
    both = asked[["verdict_id", "source_id", "decided", "verdict", "chance"]].merge(known, on="source_id", how="inner")
    both = both[both["night"] < both["decided"]].sort_values(["decided", "verdict_id", "night"])
    last = both.groupby("verdict_id").tail(1)
    weight = inspection_weights(last["chance"].to_numpy(np.float64), params)
    return last.assign(guilty=last["verdict"] == "confirmed", weight=weight).reset_index(drop=True)


def shop_columns(window: Gathered, told: Told, probability: Floats, suspects: Ints) -> pd.DataFrame:
    """One row a shop: probability that goods of a guilty source flow through it, and the suspect behind most of its excess.

    Noisy-or over its sources, 1 - prod (1 - P_j c_sj): c_sj is 1 where an order of the shop names j, else j's inferred share of its
    orders. Suppliers, places and the others are views of the same goods, so each type has its own, and the largest is published."""
    market = window.market
    total = np.maximum(np.bincount(market.flows.shop, weights=market.flows.orders, minlength=market.shops), 1e-12)
    named = _named(window, np.arange(market.sources))
    carried = sp.diags(1 / total) @ told.through
    carried = carried.maximum((named > 0).astype(np.float64)).tocsc()
    best = np.zeros(market.shops)
    for t in np.unique(market.kind):
        mine = np.flatnonzero(market.kind == t)
        entry = carried[:, mine].tocoo()
        quiet = np.log1p(-np.minimum(np.clip(entry.data, 0, 1) * probability[mine][entry.col], 1 - 1e-12))
        best = np.maximum(best, -np.expm1(np.bincount(entry.row, weights=quiet, minlength=market.shops)))
    excess = told.observed[:, suspects].tocsr()
    ids = told.rows["source_id"].to_numpy()[suspects]
    order = np.lexsort((ids.astype(str), market.kind[suspects] != SUPPLIER))
    main = np.full(market.shops, None, dtype=object)
    for shop in range(market.shops):
        part = slice(excess.indptr[shop], excess.indptr[shop + 1])
        if part.stop > part.start:
            place, value = excess.indices[part], excess.data[part] * probability[suspects[excess.indices[part]]]
            at = np.lexsort((np.argsort(order)[place], -np.round(value, DIGITS)))[0]
            main[shop] = ids[place[at]] if value[at] >= LEAST else None
    return pd.DataFrame(
        {"seller_id": window.ids.sellers, "probability": np.round(best, DIGITS), "main_source_id": main}
    )


def _money(minor: pd.Series) -> pd.Series:
    return _column(minor, [Decimal(round(v)).scaleb(-2) for v in minor])


def _dates(days: pd.Series) -> pd.Series:
    return _column(days, [date.fromordinal(719_163 + int(d)) if d >= 0 else None for d in days])


def _column(like: pd.Series, values: list[Any]) -> pd.Series:
    return pd.Series(values, index=like.index, dtype=object)


def _rounded(column: pd.Series) -> Floats:
    return np.round(column.to_numpy(np.float64), DIGITS)
