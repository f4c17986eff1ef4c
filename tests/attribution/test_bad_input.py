"""What no window should hold and some will: the answer is calm, adds up and is a number, or the fault is named."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from headwater.attribution import sources
from headwater.attribution.cells import Cells
from headwater.attribution.spike_slab import fit
from headwater.attribution.verdicts import FIELDS, by_words, conflicts, not_in_force, together
from headwater.tables.published import EVIDENCE, SOURCES

from .windows import NIGHT, VERDICT, told_of, window

SHOPS = [{"seller_id": s, "supplier_id": "u", "place": "p"} for s in "abcd"]
OTHERS = [{"seller_id": s, "supplier_id": "v", "place": "q", "orders": 1000, "expected_pico": 10**11} for s in "abef"]
HEARD = [{"seller_id": s, "supplier_id": "u", "place": "p", "brand": "acme"} for s in "aaabbc"]
BOTH_WAYS = pd.DataFrame(
    [
        {**VERDICT, "verdict_id": f"{word}{source}", "subject_id": source, "verdict": word, "author": word}
        for source in "uv"
        for word in ("confirmed", "cleared")
    ]
)
WINDOWS = {
    "complaints at a shop without orders": (SHOPS, [*HEARD, {"seller_id": "ghost", "supplier_id": "w"}]),
    "nothing but complaints": ([], HEARD),
    "no complaint": (SHOPS + OTHERS, []),
    "one complaint": (SHOPS + OTHERS, HEARD[:1]),
    "one source with every shop": (SHOPS, HEARD),
    "one shop": (SHOPS[:1], HEARD[:3]),
    "no orders expected to draw a complaint": ([{**f, "expected_pico": 0} for f in SHOPS], HEARD),
    "negative sums of voided orders": ([*SHOPS, {**OTHERS[0], "orders": -5, "expected_pico": -(10**9)}], HEARD),
    "links that outweigh all orders": (SHOPS + OTHERS, HEARD),
}


@pytest.mark.parametrize("opposed", [False, True], ids=["no verdicts", "verdicts that contradict each other"])
@pytest.mark.parametrize("name", WINDOWS)
def test_every_published_number_is_one_and_evidence_adds_up(name, opposed):
    links = [(s, "u") for s in "abcdef"] * 50 if name.startswith("links") else []
    _, rows, evidence = told_of(window(*WINDOWS[name], links=links), verdicts=BOTH_WAYS if opposed else None)
    shown = sources.source_columns(rows.assign(case_id="C", name=None, country=None, city=None), NIGHT)
    for table, frame in ((SOURCES, shown), (EVIDENCE, sources.evidence_columns(evidence, NIGHT))):
        for column in table.columns:
            values = frame[column.name]
            assert not (column.required and values.isna().any()), f"{table.name}.{column.name} is missing"
            if values.dtype.kind == "f":
                assert np.isfinite(values.dropna()).all(), f"{table.name}.{column.name}"
    assert sorted(rows["rank"]) == list(range(1, len(rows) + 1))
    assert rows["probability"].between(0, 1).all()
    parts = evidence.groupby("source_id")["contribution"].sum()
    for row in rows.to_dict("records"):
        assert parts[row["source_id"]] == pytest.approx(row["log_odds"], abs=1e-6)
        assert not [reason for reason in row["reasons"] if "nan" in reason.split()]


@pytest.mark.parametrize("sums", [(0.2, 0.2), (1.0, 2.5), (3.0, 0.1), (0.0, 7.0)])
def test_shares_that_do_not_sum_to_one_neither_lose_nor_make_a_complaint(sums):
    parts = np.array([[0.5, 0.3, 0.2], [0.0, 0.6, 0.4]])
    shares = sp.csr_matrix(parts * np.array(sums)[:, None])
    got = fit(Cells(np.array([6.0, 3.0]), shares, np.array([0.1, 0.2, 0.3]), np.array([0, 0, 1]), 5.0))
    assert got.attributed.sum() + got.background == pytest.approx(9.0, abs=1e-6)
    assert np.isfinite([got.ln_bf, got.posterior, got.prior, got.phibar]).all()


def test_a_share_that_is_no_number_is_named():
    with pytest.raises(ValueError, match="shares holds a negative or non-finite value"):
        Cells(np.ones(1), sp.csr_matrix([[np.nan]]), np.ones(1), np.zeros(1, dtype=np.int64), 1.0)


def test_where_every_verdict_is_contradicted_none_is_in_force_and_all_are_listed():
    decided = datetime(2026, 11, 20, tzinfo=UTC)
    base = {**dict.fromkeys(FIELDS), "subject_kind": "source", "decided_at": decided, "recorded_at": decided}
    said = [
        {**base, "verdict_id": f"{s}{word}", "subject_id": s, "verdict": word, "author": word}
        for s in ("S1", "S2")
        for word in ("confirmed", "cleared")
    ]
    told = together(said[:2], said[2:], NIGHT, 0.9)
    subjects = [by_words(row) for row in told]
    why = not_in_force(told, subjects, [True] * 4, NIGHT)
    assert why == ["contradicted"] * 4
    assert sorted(row[2] for row in conflicts(told, subjects, why)) == ["S1", "S2"]
