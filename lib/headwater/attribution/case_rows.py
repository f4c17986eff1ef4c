"""Cases: what an investigator works on. Sources that cannot be told apart are one, judged by their merged column."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from headwater.attribution.backed import held_back
from headwater.attribution.belief import Belief, with_verdicts
from headwater.attribution.cases import case_bayes_factors, group_cases
from headwater.attribution.find import Found, flow_by_cell
from headwater.attribution.found_out import FoundOut
from headwater.attribution.gather import Gathered
from headwater.attribution.market import Floats, Ints
from headwater.parameters.finding import FindParams


def groups(window: Gathered, found: Found, rows: pd.DataFrame, params: FindParams) -> tuple[Ints, pd.DataFrame]:
    """(sources,) case of each, and one row a published source as the registry reads it: group, member, weight."""
    case = group_cases(flow_by_cell(window.market, found), params.cases)
    weight = np.rint(rows["observed"].to_numpy(np.float64) * 1000).astype(np.int64)
    mine = case[rows.index.to_numpy(np.int64)]
    return case, pd.DataFrame({"group": mine.astype(str), "member": rows["source_id"].to_numpy(), "weight": weight})


def merged(found: Found, said: FoundOut, belief: Belief, x: Floats, case: Ints, params: FindParams) -> Floats:
    """(sources,) probability of the merged column of each source's case; of a source alone, its own.

    The column has its members' mean prior, doubt and features, and its own Bayes factor; their verdicts add up. It may be sure if one of
    them may."""
    odds, left = found.odds + said.bought, found.left + found.goods_said + said.bought
    alone = held_back(belief.probability, left, params.calibration)
    several = np.flatnonzero(np.bincount(case, minlength=len(case))[case] > 1)
    if not len(several):
        return with_verdicts(alone, said.shift)
    gain = case_bayes_factors(found.cells, found.fit, case, params.model.fine) - found.fit.ln_bf
    _, group = np.unique(case[several], return_inverse=True)
    size = np.bincount(group)
    mean = np.bincount(group, weights=(odds + gain)[several]) / size
    middle = np.column_stack([np.bincount(group, weights=column) / size for column in x[several].T])
    middle[:, 0] += np.bincount(group, weights=gain[several]) / size
    shift = np.bincount(group, weights=said.shift[several])
    most = np.full(len(size), -np.inf)
    np.maximum.at(most, group, left[several])
    out = with_verdicts(alone, said.shift)
    out[several] = with_verdicts(held_back(belief.of(mean, middle), most, params.calibration), shift)[group]
    return np.asarray(out)


def case_columns(
    rows: pd.DataFrame, probability: Floats, cleared: dict[int, date], earlier: pd.DataFrame, first: dict[str, date],
    suspect_from: float, night: date,
) -> pd.DataFrame:  # fmt: skip
    """SOURCES rows with case_id -> CASES. cleared: day by source number; earlier: (case_id, state) of earlier nights; first: when born.

    open: rather guilty than not; closed: not so, and every member was cleared; else watched. Its harm is that of its worst member."""
    notices = earlier.loc[earlier["state"] == "open", "case_id"].value_counts()
    out = []
    for case_id, mine in rows.sort_values(["suspicion_rank"]).groupby("case_id", sort=True):
        p = float(probability[mine.index[0]])
        days = [cleared.get(int(j)) for j in mine.index]
        shut = p < suspect_from and all(d is not None for d in days)
        state = "open" if p >= suspect_from else "closed" if shut else "watched"
        out.append(
            {
                "night": night,
                "case_id": case_id,
                "state": state,
                "source_ids": sorted(mine["source_id"]),
                "opened": first.get(str(case_id), night),
                "closed": max(d for d in days if d is not None) if shut else None,
                "probability": p,
                "harm": mine["harm"].max(),
                "safety_risk": bool(mine["safety_risk"].any()),
                "prior_notices": int(notices.get(case_id, 0)),
                "reasons": _reasons(mine),
            }
        )
    return pd.DataFrame(out, columns=list(out[0]) if out else CASE_COLUMNS)


CASE_COLUMNS = [
    "night", "case_id", "state", "source_ids", "opened", "closed", "probability", "harm", "safety_risk", "prior_notices",
    "reasons",
]  # fmt: skip


def _reasons(mine: pd.DataFrame) -> list[str]:
    first: list[Any] = list(mine["reasons"].iloc[0])
    if len(mine) == 1:
        return first
    ids = ", ".join(sorted(mine["source_id"]))
    return [f"{ids} cannot be told apart: nearly the same orders flow through them; judged as one", *first]
