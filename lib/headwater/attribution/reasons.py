"""Why, in sentences: what a reader is told of a source before any table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from headwater.attribution.belief import stated
from headwater.attribution.find import Found
from headwater.attribution.late import parts
from headwater.attribution.market import Bools, Ints
from headwater.attribution.told import LOUD

Row = dict[Any, Any]
SHOWN = 3
LEAST = LOUD  # natural log units, or complaints: less is 0.0 in words
ALONE = "Against: it rests on the shops of one operator; without them it would not be suspected"
UNSIGNED = (
    "Against: nothing beside the complaints speaks for it, neither prices nor refunds nor complaints of another kind; complaints alone "
    "can be bought"
)
UNSAID = (
    "Against: it rests on the shops of one operator, or on goods of which no order says that they leave it; without them it would "
    "not be suspected"
)
# Of types that no order can name: how they come by their orders.
DOUBTS = ("identity", "one operator")
UNNAMED = {
    "return": "No order names it: of each shop that names it for returns it has an equal part of the orders",
    "latent": "Nobody names it: these are the orders of one operator's shops that no known supplier accounts for",
}


def rivals(found: Found, chosen: Ints, through: sp.csr_matrix) -> pd.DataFrame:
    """One row a source of `chosen` that shares its complaints: source, rival (the strongest), taken (complaints), shared shops."""
    shares = found.cells.shares
    weighted = sp.diags(found.weights) @ parts(found.cells, found.fit)
    taken = (shares[:, chosen].T @ weighted).tocoo()
    rows = pd.DataFrame({"source": chosen[taken.row], "rival": taken.col, "taken": np.round(taken.data, 6)})
    rows = rows[(rows["source"] != rows["rival"]) & (rows["taken"] >= LEAST)]
    rows = (
        rows.sort_values(["source", "taken", "rival"], ascending=[True, False, True]).groupby("source").head(1).copy()
    )
    touched = (through > 0).astype(np.float64).tocsc()
    rows["shared"] = [
        int(touched[:, a].multiply(touched[:, b]).nnz) for a, b in zip(rows["source"], rows["rival"], strict=True)
    ]
    return rows


def sentences(
    rows: pd.DataFrame,
    evidence: pd.DataFrame,
    said: pd.DataFrame,
    rival: pd.DataFrame,
    named: dict[int, str],
    alone: Bools,
    calibration: str,
) -> list[list[str]]:
    """Of each published source (index: its number): the sum, the probability and what it stands on, what people found out (`said`:
    rows of FoundOut), for, against, what is inferred. alone: (sources,) for which complaints alone speak."""
    shops = dict(list(evidence[evidence["kind"].isin(("shop_for", "shop_against"))].groupby("source")))
    beside = evidence[evidence["adds_to"].isin(("prior_odds", "calibration")) & (evidence["kind"] == "qualifier")]
    signs = dict(list(beside[beside["signal"] != "prior"].groupby("source")))
    people = dict(list(said.groupby("source")))
    against: dict[Any, Row] = {r["source"]: r for r in rival.to_dict("records")}
    out = []
    for source, row in zip(rows.index, rows.to_dict("records"), strict=True):
        told = [_total(row, against.get(source), named), _probability(row, calibration)]
        if row["probability"] >= 0.5 and not row["backed"]:
            told.append(UNSAID if row["type"] == "dispatch" else UNSIGNED if alone[source] else ALONE)
        if source in people:
            told += _found(people[source])
        if source in shops:
            told += [_side(shops[source], "shop_for", "For"), _side(shops[source], "shop_against", "Against")]
        if source in signs:
            told.append(_beside(signs[source].to_dict("records"), row["log_odds"]))
        if row["type"] in UNNAMED:
            told.append(UNNAMED[row["type"]])
        elif row["named_orders"] < row["orders"] - 0.5:
            told.append(f"{row['named_orders']:,} of its {row['orders']:,.0f} orders name it, the others are inferred")
        told.append(f"Role {row['role']}: {row['role_reason']}")
        out.append([sentence for sentence in told if sentence])
    return out


def _total(row: Row, rival: Row | None, named: dict[int, str]) -> str:
    text = (
        f"{row['observed']:.1f} complaints in {row['loud_shops']:,} of {_shops(row['shops'])} where {row['expected']:.2f} were expected; "
        f"{row['attributed']:.1f} are attributed to it"
    )
    if rival is None:
        return text
    return f"{text}, {rival['taken']:.1f} to {named[rival['rival']]}, which shares {_shops(rival['shared'])}"


def _probability(row: Row, calibration: str) -> str:
    low, high = row["probability_low"], row["probability_high"]
    p = row["probability"]
    word = "Suspected with probability" if p >= 0.5 else "Not suspected; probability"
    return f"{word} {stated(p)} ({low:.2f} to {high:.2f}); {calibration}"


def _found(rows: pd.DataFrame) -> list[str]:
    """What people found out of a source and of the shops that it sells through: verdicts with what came after them, purchases."""
    told = []
    for word, then in (("cleared", ": what was filed before no longer counts against it; "), ("confirmed", "; ")):
        mine = rows[(rows["adds_to"] == "prior_odds") & (rows["verdict"] == word)].sort_values("decided", kind="stable")
        if len(mine):
            who = ", ".join(mine["who"])
            many = f"{len(mine)} people, " if len(mine) > 1 else ""
            since = float(mine["since"].iloc[-1])
            came = f"{since:.1f} complaints were filed since" if since >= LEAST else "no complaint was filed since"
            told.append(f"{word.capitalize()} ({mine['contribution'].sum():+.1f}) by {many}{who}{then}{came}")
    bought = rows[(rows["adds_to"] == "bayes_factor") & (rows["contribution"].abs() >= LEAST)]
    if len(bought):
        largest = bought.assign(size=-bought["contribution"].abs()).sort_values(["size", "verdict_id"])
        words = [
            f"{r['of']} {'counterfeit' if r['verdict'] == 'confirmed' else 'genuine'} {r['contribution']:+.1f} by {r['who']}"
            for r in largest.head(SHOWN).to_dict("records")
        ]
        rest = largest.iloc[SHOWN:]
        words += [f"{len(rest):,} more {rest['contribution'].sum():+.1f}"] if len(rest) else []
        told.append("Test purchases: " + ", ".join(words))
    return told


def _beside(rows: list[Row], log_odds: float) -> str:
    """Signs and doubt that moved the odds; beyond odds of a million to one, a doubt is the last digit of a probability."""
    told = [r for r in rows if abs(r["contribution"]) >= LEAST and (r["signal"] not in DOUBTS or log_odds < 14)]
    return "Beside complaints: " + ", ".join(f"{r['signal']} {r['contribution']:+.1f}" for r in told) if told else ""


def _side(rows: pd.DataFrame, kind: str, word: str) -> str:
    """The largest shops for by name, all against together: a clean shop is not to be named for its cleanness."""
    mine = rows[rows["kind"] == kind].sort_values("contribution", ascending=kind == "shop_against", kind="stable")
    if not len(mine):
        return f"{word}: no shop" if kind == "shop_against" else ""
    shown = mine[mine["subject_id"].notna()].head(SHOWN) if kind == "shop_for" else mine.head(0)
    told = [f"shop {r['subject_id']} {r['contribution']:+.1f}" for r in shown.to_dict("records")]
    rest = mine.drop(shown.index)
    if len(rest):
        quiet = "" if kind == "shop_for" else "quieter than a guilty source's, "
        told.append(f"{_shops(int(rest['shops'].sum()))} {quiet}{rest['contribution'].sum():+.1f}")
    return f"{word}: " + ", ".join(told)


def _shops(count: int) -> str:
    return f"{count:,} shop" + ("" if count == 1 else "s")
