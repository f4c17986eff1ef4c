"""How good the published nights are: against the truth of a planted marketplace, or against verdicts that came later.

Pure functions from frames to a result. A source is guilty if a supplier or place behind it is; the guilty that were never published
count as missed and add nothing to average precision. Ranked by `suspicion_rank`; each kind of source by itself.
"""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from headwater.evaluate import metrics
from headwater.evaluate.metrics import Bin
from headwater.evaluate.truth import Truth, as_id, subjects_of
from headwater.parameters.finding import LATE

FIRST = (10, 20, 50)  # how many of a ranking are looked at
TOP = 50  # a source is detected on the first night that ranks it this high


@dataclass(frozen=True)
class Share:
    """A share with its trials and 95 % interval (Wilson)."""

    k: int
    hits: int
    trials: int
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Ranking:
    """A ranking of one kind of source: precision and recall among the first k, average precision; `missed` guilty ones never shown."""

    kind: str
    sources: int
    guilty: int
    missed: int
    average_precision: float
    precision: list[Share]
    recall: list[Share]
    curve: list[Share]


@dataclass(frozen=True)
class Probabilities:
    """Stated probabilities against the truth."""

    sources: int
    brier: float
    log_loss: float
    bins: list[Bin]
    sure: Share


@dataclass(frozen=True)
class RoleCount:
    """So many sources of a true role were given the role `said`."""

    role: str
    said: str
    sources: int


@dataclass(frozen=True)
class LeftOut:
    """Published sources that are not judged: late ones, of which a planted truth says nothing; ones that the truth does not know;
    and further sources of a subject, which counts once."""

    late: int
    unknown: int
    again: int


@dataclass(frozen=True)
class Evaluation:
    """One night, judged. None where the night or the truth does not say."""

    night: date
    basis: str
    left_out: LeftOut
    rankings: list[Ranking]
    probabilities: Probabilities | None
    role: Share | None
    roles: list[RoleCount]
    operators: dict[str, float] | None
    nights_to_detection: dict[str, int | None]

    def as_json(self) -> str:
        """The whole of it; NaN as null."""
        return json.dumps(_plain(dataclasses.asdict(self)), indent=1, default=str)


def evaluate(
    night: date,
    nights: dict[date, pd.DataFrame],
    truth: Truth,
    operators: pd.DataFrame | None = None,
    basis: str = "truth",
) -> Evaluation:
    """Judge `night`. nights: SOURCES of every published night up to it; operators: OPERATORS of the night (None: not published)."""
    rows = judged(nights[night], truth)
    roles = role_counts(nights[night], truth)
    complete = basis == "truth"  # verdicts are about some sources only: what was never judged was not missed
    return Evaluation(
        night=night, basis=basis, left_out=left_out(nights[night], truth),
        rankings=[
            _ranking(rows, kind, truth, complete)
            for kind in ("supplier", "place")
            if (rows["kind"] == kind).any() or (complete and any(truth.known(kind).values()))
        ],
        probabilities=_probabilities(rows), role=_role(roles), roles=roles, operators=_operators(operators, truth),
        nights_to_detection=detection({n: judged(s, truth) for n, s in nights.items() if n <= night}),
    )  # fmt: skip


def judged(sources: pd.DataFrame, truth: Truth) -> pd.DataFrame:
    """The sources that the truth knows, with `subject` and `guilty`, in the order of suspicion; a subject once, at its best rank."""
    rows = _with_subject(sources, truth)
    rows = rows[rows["subject"].notna()].drop_duplicates("subject").reset_index(drop=True)
    return rows.assign(guilty=[truth.guilty[s] for s in rows["subject"]])


def left_out(sources: pd.DataFrame, truth: Truth) -> LeftOut:
    """The published sources that are not judged, by why."""
    rows = _with_subject(sources, truth)
    known = rows["subject"].notna()
    late = ~known & rows["type"].isin(LATE)
    return LeftOut(
        late=int(late.sum()),
        unknown=int((~known & ~late).sum()),
        again=int(rows.loc[known, "subject"].duplicated().sum()),
    )


def _with_subject(sources: pd.DataFrame, truth: Truth) -> pd.DataFrame:
    """Sources in the order of suspicion, with the `subjects` that each is and the first of them, or None, as `subject`; a late one is
    none but by a verdict of its own."""
    rows = sources.sort_values(["suspicion_rank", "source_id"]).reset_index(drop=True)
    members = [[] if t in LATE else m for t, m in zip(rows["type"], rows["members"], strict=True)]
    return _told(rows.assign(members=members), truth)


def _told(rows: pd.DataFrame, truth: Truth) -> pd.DataFrame:
    """Sources with `subjects` and `subject`."""
    subjects = [
        subjects_of(i, k, m, truth) for i, k, m in zip(rows["source_id"], rows["kind"], rows["members"], strict=True)
    ]
    first = [some[0] if some else None for some in subjects]
    both = {"subjects": subjects, "subject": first}
    return rows.assign(**{name: pd.Series(values, rows.index, dtype=object) for name, values in both.items()})


def detection(nights: dict[date, pd.DataFrame], top: int = TOP) -> dict[str, int | None]:
    """Guilty subject -> published nights from the first that shows it to the first that ranks it within `top`; None: not yet."""
    seen: dict[str, int] = {}
    found: dict[str, int | None] = {}
    for number, night in enumerate(sorted(nights)):
        rows = nights[night]
        for _, some in rows.groupby("kind", sort=True):
            for place, (subject, guilty) in enumerate(zip(some["subject"], some["guilty"], strict=True)):
                if not guilty:
                    continue
                first = seen.setdefault(subject, number)
                if found.setdefault(subject, None) is None and place < top:
                    found[subject] = number - first
    return dict(sorted(found.items()))


def _ranking(rows: pd.DataFrame, kind: str, truth: Truth, complete: bool) -> Ranking:
    some = rows[rows["kind"] == kind]
    hit = some["guilty"].to_numpy(dtype=bool)
    shown = {s.partition(":")[2] for subjects in some.loc[hit, "subjects"] for s in subjects}
    missed = sum(guilty and i not in shown for i, guilty in truth.known(kind).items()) if complete else 0
    there, found = int(hit.sum()) + missed, np.cumsum(hit)

    def precision(k: int) -> Share:
        return share_of(k, int(found[k - 1]), k)

    ks = [k for k in FIRST if k <= len(hit)]
    return Ranking(
        kind=kind, sources=len(some), guilty=there, missed=missed,
        average_precision=metrics.average_precision(-np.arange(len(hit), dtype=np.float64), hit, there),
        precision=[precision(k) for k in ks],
        recall=[share_of(k, int(found[k - 1]), there) for k in ks] if there else [],
        curve=[precision(k) for k in range(1, min(len(hit), 100) + 1)],
    )  # fmt: skip


def _probabilities(rows: pd.DataFrame) -> Probabilities | None:
    if "probability" not in rows or rows["probability"].isna().all() or rows.empty:
        return None
    some = rows[rows["probability"].notna()]
    p, truth = some["probability"].to_numpy(dtype=np.float64), some["guilty"].to_numpy(dtype=bool)
    sure = p >= 0.99
    return Probabilities(
        sources=len(some), brier=metrics.brier(p, truth), log_loss=metrics.log_loss(p, truth),
        bins=metrics.reliability(p, truth), sure=share_of(int(sure.sum()), int(truth[sure].sum()), int(sure.sum())),
    )  # fmt: skip


def role_counts(sources: pd.DataFrame, truth: Truth) -> list[RoleCount]:
    """Of the suppliers, dispatch and return places whose role the truth knows, how many of each true role were given which."""
    if not truth.role:
        return []
    rows = _told(sources[~sources["type"].isin(("building", "latent"))].sort_values("source_id"), truth)
    known = rows.assign(true=rows["subject"].map(truth.role)).dropna(subset="true").drop_duplicates(["type", "subject"])
    count = Counter(zip(known["true"], known["role"], strict=True))
    return [RoleCount(true, said, n) for (true, said), n in sorted(count.items())]


def _role(counts: list[RoleCount]) -> Share | None:
    """Of the sources with a role other than unknown, those whose role is the true one."""
    said = [c for c in counts if c.said != "unknown"]
    if not counts:
        return None
    total = sum(c.sources for c in said)
    return share_of(total, sum(c.sources for c in said if c.said == c.role), total)


def _operators(operators: pd.DataFrame | None, truth: Truth) -> dict[str, float] | None:
    """B-cubed over the shops of the truth; a shop in no published operator stands alone."""
    if operators is None or not truth.operator:
        return None
    shops_of = zip(operators["operator_id"], operators["seller_ids"], strict=True)
    found = {as_id(s): o for o, shops in shops_of for s in shops}
    sellers = sorted(truth.operator)
    ours = np.array(pd.factorize(np.array([found.get(s, f"alone {s}") for s in sellers]))[0])
    theirs = np.array(pd.factorize(np.array([truth.operator[s] for s in sellers]))[0])
    return dict(zip(("precision", "recall", "f1"), metrics.b_cubed(ours, theirs), strict=True))


def share_of(k: int, hits: int, trials: int) -> Share:
    """A share of trials with its Wilson interval; NaN without trials."""
    low, high = metrics.wilson(hits, trials)
    return Share(k, hits, trials, hits / trials if trials else float("nan"), low, high)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def rankings_of(text: str) -> list[Ranking]:
    """The rankings of what `as_json` wrote. Raises ValueError, KeyError or TypeError if it is none."""
    rankings = []
    for row in json.loads(text)["rankings"]:
        shares = {name: [Share(**point) for point in row[name]] for name in ("precision", "recall", "curve")}
        precision = row["average_precision"]
        rankings.append(
            Ranking(**row | shares | {"average_precision": float("nan") if precision is None else precision})
        )
    return rankings
