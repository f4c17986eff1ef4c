"""The evidence of a source, row by row: shops for and against, what the model does not know, what speaks beside complaints.

The rows of `bayes_factor` add up to ln BF; with those of `prior_odds` and `calibration` they add up to the log odds that rank."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import logit

from headwater.attribution.belief import stated
from headwater.attribution.explain import QUALIFIER, SHOP, explain
from headwater.attribution.find import Found
from headwater.attribution.found_out import FoundOut
from headwater.attribution.gather import Gathered
from headwater.attribution.market import LATENT, RETURN, Floats, Ints
from headwater.attribution.told import Judged
from headwater.parameters.attribution import Ranking
from headwater.parameters.finding import ExplainParams, FindParams

REFS = 5
SENDERS = 2  # suppliers by name whose goods leave a place
DIGITS = 9
COLUMNS = (
    "source", "evidence_id", "kind", "subject_id", "contribution", "adds_to", "observed", "expected", "ln_bf_without", "shops",
    "signal", "detail", "refs",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """What the evidence is drawn from; believed (sources,) as published: the model's, purchases and verdicts."""

    window: Gathered
    found: Found
    said: FoundOut
    believed: Judged
    params: Ranking
    finding: FindParams


def evidence_rows(case: Case, chosen: Ints) -> pd.DataFrame:
    """Rows of `COLUMNS` for the sources `chosen`, by source, then evidence_id."""
    parts = [
        _shops(case, chosen),
        _before(case, chosen),
        _verdicts(case, chosen),
        _complaints(case, chosen),
        _links(case, chosen),
    ]
    rows = pd.concat([part for part in parts if len(part)] or [pd.DataFrame(columns=list(COLUMNS))], ignore_index=True)
    return rows.reindex(columns=list(COLUMNS)).sort_values(["source", "evidence_id"], ignore_index=True)


def _shops(case: Case, chosen: Ints) -> pd.DataFrame:
    """Shops by what they add to ln BF, the largest each way by name, and the qualifier that makes the sum exact."""
    market, found = case.window.market, case.found
    everything = ExplainParams(top=max(market.shops, 1), decimals=DIGITS)
    why = explain(
        found.cells, found.fit, market.complaints.shop, found.flow, chosen, case.finding.model.fine, everything
    )
    rows = pd.DataFrame({name: getattr(why, name) for name in why.__dataclass_fields__})
    rows["ln_bf_without"] += case.said.bought[rows["source"].to_numpy(np.int64)]
    shops = rows[rows["kind"] == SHOP].copy()
    shops["kind"] = np.where(shops["contribution"] > 0, "shop_for", "shop_against")
    shops = shops.assign(size=-shops["contribution"].abs()).sort_values(["source", "kind", "size", "shop"])
    nth = shops.groupby(["source", "kind"]).cumcount()
    by_name = shops[nth < case.params.evidence_shops].copy()
    by_name["subject_id"] = case.window.ids.sellers[by_name["shop"].to_numpy(np.int64)]
    by_name["refs"] = _refs(case, by_name)
    rest = shops[nth >= case.params.evidence_shops].groupby(["source", "kind"], as_index=False)
    others = rest[["contribution", "observed", "expected", "shops"]].sum()
    others["contribution"] = others["contribution"].round(DIGITS) + 0.0
    both = pd.concat([by_name, others], ignore_index=True)
    both["evidence_id"] = both["kind"] + ":" + both["subject_id"].fillna("others")
    who = np.where(both["subject_id"].notna(), "shop " + both["subject_id"].fillna(""), _further(both["shops"]))
    both["detail"] = [
        f"{name}: {y:.1f} complaints where {e:.3g} were expected through this source, {c:+.1f}"
        for name, y, e, c in zip(who, both["observed"], both["expected"], both["contribution"], strict=True)
    ]
    unsure = rows[rows["kind"] == QUALIFIER].copy()
    unsure["evidence_id"], unsure["kind"], unsure["signal"] = "qualifier:effect", "qualifier", "effect size unknown"
    unsure["ln_bf_without"] = np.nan
    unsure[["observed", "expected"]] = np.nan
    unsure["detail"] = [
        f"how many complaints its goods would draw is unknown, {c:+.1f}" for c in unsure["contribution"]
    ]
    return pd.concat([both, unsure], ignore_index=True).assign(adds_to="bayes_factor").drop(columns=["shop", "size"])


def _further(shops: pd.Series) -> list[str]:
    return [f"{n:,} further shops" if n != 1 else "1 further shop" for n in shops.astype(int)]


def _refs(case: Case, rows: pd.DataFrame) -> list[list[str]]:
    """Of each (source, shop) the complaints that fall to it most, at most `REFS`."""
    heard = case.found.cells.shares.tocsc()
    shop = case.window.market.complaints.shop
    ids = case.window.complaints["complaint_id"].to_numpy()
    out = []
    for source, mine in zip(rows["source"].to_numpy(), rows["shop"].to_numpy(), strict=True):
        part = slice(heard.indptr[source], heard.indptr[source + 1])
        cells, share = heard.indices[part], heard.data[part]
        here = shop[cells] == mine
        order = np.lexsort((ids[cells[here]].astype(str), -share[here]))[:REFS]
        out.append(ids[cells[here][order]].tolist())
    return out


def _before(case: Case, chosen: Ints) -> pd.DataFrame:
    """What moves the log odds apart from complaints: the share of guilty sources of its type, the signs, the doubts of how much honest
    sources differ, of identity, and of what one operator's shops say."""
    found = case.found
    names = case.finding.side.use
    raw = found.features[chosen] * found.slopes if len(found.slopes) else np.zeros((len(chosen), 0))
    whole = raw.sum(axis=1)
    kept = np.where(np.abs(whole) > 1e-12, found.side[chosen] / np.where(np.abs(whole) > 1e-12, whole, 1.0), 0.0)
    base = logit(found.fit.prior[chosen])
    signs = np.round(raw * kept[:, None], DIGITS) + 0.0
    prior = np.round(base - signs.sum(axis=1), DIGITS)
    heard = found.fit.ln_bf[chosen] + case.said.bought[chosen] + case.said.shift[chosen]
    goods = np.round(found.by_goods[chosen], DIGITS) + 0.0
    odds = found.odds[chosen] + case.said.bought[chosen] + case.said.shift[chosen]
    honest = 0.0 - np.round(found.honest[chosen], DIGITS)
    doubt = np.round(odds - base - heard - honest - goods, DIGITS) + 0.0
    one_operator = np.round(case.believed.log_odds[chosen] - odds, DIGITS) + 0.0
    parts = [
        _told(chosen, "prior", "prior", "prior_odds", prior, "of such sources so many are guilty, {:+.1f}"),
        *[
            _told(chosen, f"sign:{name}", name, "prior_odds", signs[:, i], f"{name}, " + "{:+.1f}")
            for i, name in enumerate(names[: signs.shape[1]])
        ],
        _told(
            chosen,
            "honest",
            "honest rates",
            "calibration",
            honest,
            "honest sources differ in how many complaints their goods draw, {:+.1f}",
        ),
        _told(
            chosen,
            "identity",
            "identity",
            "calibration",
            doubt,
            "whether any of the goods complained about were its own is inferred, {:+.1f}",
        ),
        _told(
            chosen,
            "operator",
            "one operator",
            "calibration",
            one_operator,
            "what the shops of one operator say of it may be bought or his own doing, {:+.1f}",
        ),
        _told(chosen, "goods", "goods", "prior_odds", goods, "").assign(detail=_goods(case, chosen, goods)),
    ]
    rows = pd.concat(parts, ignore_index=True)
    return rows[(rows["contribution"] != 0) | (rows["signal"] == "prior")]


def _goods(case: Case, chosen: Ints, value: Floats) -> list[str]:
    """Of each source the suspected suppliers whose goods leave it, the most of them first; empty where they add nothing."""
    goods, ids, first = case.found.goods, case.window.ids.suppliers, case.window.market.suppliers
    guilty = case.believed.probability[:first]
    out = []
    for source, added in zip(chosen.tolist(), value.tolist(), strict=True):
        if added == 0:
            out.append("")
            continue
        part = slice(goods.indptr[source - first], goods.indptr[source - first + 1])
        supplier, share = goods.indices[part], goods.data[part]
        order = np.lexsort((ids[supplier].astype(str), -np.round(share * guilty[supplier], DIGITS)))[:SENDERS]
        whose = ", ".join(
            f"{share[i]:.2f} of them are of supplier {ids[supplier[i]]}, suspected with {stated(guilty[supplier[i]])}"
            for i in order
        )
        out.append(f"the goods that leave it: {whose}, {added:+.1f}")
    return out


def _told(chosen: Ints, evidence_id: str, signal: str, adds_to: str, value: Floats, detail: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "source": chosen,
            "evidence_id": f"qualifier:{evidence_id}",
            "kind": "qualifier",
            "signal": signal,
            "adds_to": adds_to,
            "contribution": value,
            "shops": 0,
            "detail": [detail.format(v) for v in value],
        }
    )


def _verdicts(case: Case, chosen: Ints) -> pd.DataFrame:
    """What people found: a source's own verdicts move its odds, never its evidence; purchases at its shops are evidence."""
    rows = case.said.rows[case.said.rows["source"].isin(chosen)]
    return pd.DataFrame(
        {
            "source": rows["source"],
            "evidence_id": "verdict:" + rows["verdict_id"].astype(str),
            "kind": "verdict",
            "subject_id": rows["verdict_id"],
            "contribution": rows["contribution"],
            "adds_to": rows["adds_to"],
            "shops": 0,
            "detail": rows["detail"],
            "refs": [[v] for v in rows["verdict_id"]],
        }
    )


def _complaints(case: Case, chosen: Ints) -> pd.DataFrame:
    """The complaints that fall to each source most; they are counted with their shop and add nothing here."""
    heard, told = case.found.cells.shares.tocsc(), case.window.complaints
    entry = heard[:, chosen].tocoo()
    rows = pd.DataFrame({"source": chosen[entry.col], "cell": entry.row, "share": entry.data})
    rows["observed"] = rows["share"] * case.found.weights[entry.row]
    rows["complaint_id"] = told["complaint_id"].to_numpy()[entry.row]
    rows["order_id"] = told["order_id"].to_numpy()[entry.row]
    rows["seller"] = case.window.ids.sellers[case.window.market.complaints.shop[entry.row]]
    rows = rows.assign(size=-rows["observed"]).sort_values(["source", "size", "complaint_id"])
    rows = rows[rows.groupby("source").cumcount() < case.params.evidence_complaints]
    return pd.DataFrame(
        {
            "source": rows["source"],
            "evidence_id": "complaint:" + rows["complaint_id"],
            "kind": "complaint",
            "subject_id": rows["complaint_id"],
            "adds_to": "none",
            "contribution": 0.0,
            "observed": rows["observed"],
            "shops": 1,
            "detail": [
                f"complaint {c} about order {o} of shop {s}: with chance {w:.2f} about its goods, counted {y:.2f}"
                for c, o, s, w, y in zip(
                    rows["complaint_id"],
                    rows["order_id"],
                    rows["seller"],
                    rows["share"].clip(upper=1),
                    rows["observed"],
                    strict=True,
                )
            ],
            "refs": [[c, o] for c, o in zip(rows["complaint_id"], rows["order_id"], strict=True)],
        }
    )


def _links(case: Case, chosen: Ints) -> pd.DataFrame:
    """What shops say on paper, by source: declared suppliers, places for returns, who runs them; it shapes the shares and adds
    nothing here."""
    links, ids, market = case.window.market.links, case.window.ids, case.window.market
    ties = [
        (links.supplier, links.shop, [f"has it on paper as its supplier: {k}" for k in case.window.links["kind"]]),
    ]
    if market.beside is not None:
        beside, run = market.beside, np.flatnonzero(market.beside.operator >= 0)
        ties += [
            (
                beside.return_place + market.first(RETURN),
                beside.return_shop,
                [f"names it for returns, with {p:.2f} of its orders" for p in beside.return_part],
            ),
            (beside.operator[run] + market.first(LATENT), run, ["is run by this operator"] * len(run)),
        ]
    parts = [
        pd.DataFrame({"source": source, "seller": ids.sellers[shop], "what": np.array(what, dtype=object)})
        for source, shop, what in ties
    ]
    rows = pd.concat(parts, ignore_index=True)
    rows = rows[rows["source"].isin(chosen)].sort_values(["source", "seller"])
    rows = rows[rows.groupby("source").cumcount() < case.params.evidence_complaints]
    return pd.DataFrame(
        {
            "source": rows["source"],
            "evidence_id": "link:" + rows["seller"].astype(str),
            "kind": "link",
            "subject_id": rows["seller"],
            "adds_to": "none",
            "contribution": 0.0,
            "shops": 1,
            "detail": [f"shop {s} {what}" for s, what in zip(rows["seller"], rows["what"], strict=True)],
            "refs": [[s] for s in rows["seller"]],
        }
    )
