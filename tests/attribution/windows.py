"""Small windows for tests, as the cluster would hand them over: flows, complaints, named orders, links."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pandas as pd

from headwater.attribution.belief import planted
from headwater.attribution.beside import Known
from headwater.attribution.evidence import Case
from headwater.attribution.find import find
from headwater.attribution.found_out import as_judged, found_out, numbered
from headwater.attribution.gather import Gathered, assemble
from headwater.attribution.roles import roles
from headwater.attribution.sources import Published, judged, published, told_in_words
from headwater.attribution.told import Told, lifts, tell
from headwater.parameters.attribution import Ranking, Roles, Shrinkage
from headwater.parameters.finding import FindParams

NIGHT = date(2026, 11, 22)
FLOW: dict[str, Any] = {
    "seller_id": "a", "place": None, "supplier_id": None, "orders": 100, "expected_pico": 10**10, "value_minor": 100_000,
    "unpriced": 0, "refunded": 0, "below_micro": 0, "other": 0, "first_day": NIGHT - timedelta(days=80), "last_day": NIGHT,
    **{f"orders_{t}": 33 for t in range(3)}, **{f"expected_pico_{t}": 10**10 // 3 for t in range(3)},
}  # fmt: skip
COMPLAINT: dict[str, Any] = {
    "seller_id": "a", "place": None, "supplier_id": None, "complaint_id": "c", "order_id": "o", "line_no": 1, "listing_id": "l",
    "account": None, "filed_day": NIGHT, "day": NIGHT - timedelta(days=10), "brand": None,
}  # fmt: skip

VERDICT: dict[str, Any] = {
    "verdict_id": "v1", "subject_kind": "supplier", "subject_id": "u", "other_id": None, "verdict": "confirmed",
    "reliability": 0.95, "author": "ann", "reason": None, "decided_at": pd.Timestamp(NIGHT), "expires_at": None,
    "inspected_because": None, "inspection_probability": None,
}  # fmt: skip
NO_HUBS = pd.DataFrame(columns=["type", "value", "kind", "reason"])
NO_VERDICTS = pd.DataFrame(columns=list(VERDICT))


def window(
    flows: list[dict[str, Any]],
    complaints: list[dict[str, Any]] = (),  # type: ignore[assignment]
    named: list[tuple[str, str, str, int]] = (),  # type: ignore[assignment]
    links: list[tuple[str, str]] = (),  # type: ignore[assignment]
    known: Known | None = None,
) -> Gathered:
    """Base rows with their overrides, assembled; complaints and orders are numbered where they have no id."""
    flow = pd.DataFrame([{**FLOW, **f} for f in flows], columns=list(FLOW)).astype(
        {"place": object, "supplier_id": object}
    )
    told = [{**COMPLAINT, "complaint_id": f"c{i:03d}", "order_id": f"o{i:03d}", **c} for i, c in enumerate(complaints)]
    heard = pd.DataFrame(told, columns=list(COMPLAINT)).astype(object)
    named_rows = pd.DataFrame(list(named), columns=["seller_id", "listing_id", "supplier_id", "orders"])
    tied = pd.DataFrame(
        [(*link, 1.0, "declared") for link in links], columns=["seller_id", "supplier_id", "weight", "kind"]
    )
    return assemble(flow, heard, named_rows, tied, known or Known(), NIGHT, 90)


def told_of(
    gathered: Gathered, ranking: Ranking | None = None, verdicts: pd.DataFrame | None = None
) -> tuple[Told, pd.DataFrame, pd.DataFrame]:
    """The whole way without Spark: sums, published rows with reasons, evidence."""
    ranking, finding = ranking or Ranking(), FindParams()
    of = numbered(gathered, pd.Series(dtype=object))
    verdicts = NO_VERDICTS if verdicts is None else verdicts
    start = NIGHT - timedelta(days=89)
    gathered = as_judged(gathered, verdicts, of, start)
    found = find(gathered.market, gathered.listing_shop, finding)
    said = found_out(gathered, found, verdicts, of, finding, start)
    belief = planted(found.odds + said.bought, finding.tempering)
    mind = judged(found, said, belief, finding.calibration)
    told = tell(gathered, found, mind, lifts(gathered, found, ranking, Shrinkage()))
    names = pd.DataFrame(
        {"name": [], "country": [], "city": [], "members": []},
        index=pd.MultiIndex.from_arrays([[], []], names=["type", "source_key"]),
    )
    broad = pd.DataFrame({"lines": [], "brands": []})
    told.rows[["role", "role_reason"]] = roles(gathered, found, broad, NO_HUBS, Roles())
    shown = Published(said.rows["source"].to_numpy(), frozenset({"acme"}), ranking.shown_from, ranking.suspect_from)
    rows = published(told, names, gathered, found, shown)
    rows, evidence = told_in_words(Case(gathered, found, said, mind, ranking, finding), told, belief, rows)
    return told, rows, evidence
