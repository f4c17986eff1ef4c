"""What is true of the subjects of a night: planted, or decided later by people.

A subject is `kind:id`, as a verdict names it: `supplier:ID` and `place:ID` of a planted truth, `source:ID` of later verdicts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from headwater.attribution.market import BUILDING, PLACE, RETURN, SUPPLIER
from headwater.errors import ConfigurationError
from headwater.feeds import FALSE, SUBJECT_KINDS, TRUE, VERDICT_KINDS

OWN = {"supplier": (SUPPLIER,), "place": (PLACE, BUILDING, RETURN)}  # the types whose own id may be meant
WHOLE = re.compile(r"(-?\d+)\.0+")
Tables = dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Truth:
    """What is true of the subjects.

    guilty: subject -> bool; role: subject -> role; place_of: address -> place; operator: seller -> operator; those without an
    entry are not known. Verdicts know of guilt alone.
    """

    guilty: dict[str, bool]
    role: dict[str, str] = field(default_factory=dict)
    place_of: dict[str, str] = field(default_factory=dict)
    operator: dict[str, str] = field(default_factory=dict)

    def known(self, kind: str) -> dict[str, bool]:
        """Guilt by id of the subjects of a kind."""
        return {s.removeprefix(f"{kind}:"): g for s, g in self.guilty.items() if s.startswith(f"{kind}:")}


def as_id(value: Any) -> str:
    """An id as text: 5, 5.0 and "5" are one, for a column of numbers with a gap in it is read as one of floats."""
    text = str(value).strip()
    if isinstance(value, float) and value.is_integer():
        text = str(int(value))
    whole = WHOLE.fullmatch(text)
    return whole[1] if whole else text


def planted_truth(tables: Tables) -> Truth:
    """The truth folder of `headwater synthesise`: tables suppliers, places, addresses, operators.

    Raises ConfigurationError that names the table and column of an id or a guilt that cannot be read."""
    guilty: dict[str, bool] = {}
    role: dict[str, str] = {}
    for table, kind in (("suppliers", "supplier"), ("places", "place")):
        subjects = [f"{kind}:{i}" for i in _ids(tables, table, f"{kind}_id")]
        guilty |= dict(zip(subjects, _guilt(tables, table), strict=True))
        role |= {s: r for s, r in zip(subjects, tables[table]["role"], strict=True) if isinstance(r, str)}
    return Truth(
        guilty=guilty,
        role=role,
        place_of=_pairs(tables, "addresses", "address_id", "place_id"),
        operator=_pairs(tables, "operators", "seller_id", "operator_id"),
    )


def _ids(tables: Tables, table: str, column: str) -> list[str]:
    values = tables[table][column]
    if values.isna().any():
        raise ConfigurationError(f"{table}.parquet, {column}: {int(values.isna().sum())} rows have none")
    return [as_id(v) for v in values.tolist()]


def _guilt(tables: Tables, table: str) -> list[bool]:
    """Truth values, also as numbers or the words that feeds may use."""
    words = ["" if pd.isna(v) else as_id(v).lower() for v in tables[table]["guilty"].tolist()]
    wrong = sorted({w for w in words if w not in (*TRUE, *FALSE)})
    if wrong:
        raise ConfigurationError(f"{table}.parquet, guilty: {wrong[0]!r} is neither true nor false")
    return [w in TRUE for w in words]


def _pairs(tables: Tables, table: str, key: str, value: str) -> dict[str, str]:
    """Ids by id; a row without the second says nothing."""
    rows = tables[table].dropna(subset=[value])
    return dict(zip(_ids({table: rows}, table, key), _ids({table: rows}, table, value), strict=True))


def later_verdicts(verdicts: pd.DataFrame, night: date, sources: pd.DataFrame) -> Truth:
    """Verdicts on published sources decided after the night: confirmed is guilty, cleared is not.

    As the nights obey them: the newest of an author about a source counts, `unsure` takes it back, and where people say both of one,
    nothing is known. Raises ConfigurationError for a word that no verdict has, a time that is none, and if nothing is left."""
    rows = _in_order(verdicts)
    later = rows[rows["decided"].dt.date > night]
    if later.empty:
        newest = f", the newest of them on {rows['decided'].max():%Y-%m-%d}" if len(rows) else ""
        raise ConfigurationError(
            f"{len(rows)} verdicts{newest}: none was decided after {night} (--night judges an earlier night)"
        )
    of = _subjects(sources)
    subjects = zip(later["subject_kind"], later["subject_id"], strict=True)
    later = later.assign(source=[_source(kind, subject, of) for kind, subject in subjects])
    last = later[later["source"].notna()].drop_duplicates(["source", "author"], keep="last")
    said = last[last["verdict"].isin(["confirmed", "cleared"])]
    agreed = said.groupby("source")["verdict"].agg(set)
    guilty = {f"source:{s}": words == {"confirmed"} for s, words in agreed.items() if len(words) == 1}
    if not guilty:
        kind, subject = later.iloc[0][["subject_kind", "subject_id"]]
        example = min((f", one is {kind}:{i}" for k, i in of if k == kind), default="")
        raise ConfigurationError(
            f"of {len(later)} verdicts decided after {night} none confirms or clears one of its {len(sources)} sources{example}; "
            f"the first is about {kind}:{subject}"
        )
    return Truth(guilty)


def _subjects(sources: pd.DataFrame) -> dict[tuple[str, str], str]:
    """(subject kind, id) of a verdict -> source_id: of a supplier any id of its company, of a place any of its addresses, as a place
    of dispatch before one of returns."""
    of = {("source", i): i for i in sources["source_id"]}
    for kind, type_ in (("supplier", "supplier"), ("place", "dispatch"), ("place", "return")):
        rows = sources[sources["type"] == type_].sort_values("source_id")
        for source, members in zip(rows["source_id"], rows["members"], strict=True):
            for member in members:
                of.setdefault((kind, as_id(member)), source)
    return of


def _source(kind: str, subject: str, of: dict[tuple[str, str], str]) -> str | None:
    """The source that a verdict is about, as the nights understand it (`attribution.found_out.numbered`): a company and a place also
    by their own ids."""
    from headwater.attribution.told import source_ids  # brings Spark's library, which takes a moment

    types = np.array(OWN.get(kind, ()), dtype=np.int64)
    own = source_ids(types, np.array([subject] * len(types), dtype=object))
    return next((i for i in own if ("source", i) in of), of.get((kind, subject)))


def _in_order(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Verdicts in the order of decision, ids as text; `decided` is the time, UTC."""
    text = {
        name: verdicts[name].fillna("").map(as_id) for name in ("verdict_id", "subject_kind", "subject_id", "verdict")
    }
    rows = verdicts.assign(
        **text | {name: text[name].str.lower() for name in ("subject_kind", "verdict")},
        author=verdicts["author"].fillna("") if "author" in verdicts else "",
        decided=pd.to_datetime(verdicts["decided_at"].astype(object), utc=True, format="ISO8601", errors="coerce"),
    )
    for name, allowed in (("subject_kind", SUBJECT_KINDS), ("verdict", VERDICT_KINDS)):
        _refuse(rows[name], ~rows[name].isin(allowed), f"is none of {', '.join(allowed)}")
    _refuse(rows["decided_at"], rows["decided"].isna(), "is no time; write it as 2026-11-22 or 2026-11-22T14:00")
    return rows.sort_values(["decided", "verdict_id"])


def _refuse(values: pd.Series, wrong: pd.Series, why: str) -> None:
    """ConfigurationError about the first value that is wrong."""
    for number, (value, bad) in enumerate(zip(values, wrong, strict=True), start=1):
        if bad:
            raise ConfigurationError(f"row {number}: {values.name} {str(value)!r} {why}")


def subjects_of(source_id: str, kind: str, members: Iterable[str], truth: Truth) -> list[str]:
    """The subjects that a source is, as far as the truth knows them: itself, else the suppliers or places that its members are, what
    most of them are first, ties by id. Ids of one company are one source, and so are the addresses of one place."""
    if f"source:{source_id}" in truth.guilty:
        return [f"source:{source_id}"]
    ids = [as_id(m) for m in members]
    count = Counter(f"{kind}:{truth.place_of.get(i, i) if kind == 'place' else i}" for i in ids)
    return sorted((s for s in count if s in truth.guilty), key=lambda s: (-count[s], s))
