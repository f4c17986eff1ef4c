"""What a night must hold before it is published: each check on evidence that breaks it."""

import pandas as pd
import pytest

from headwater.nightly.checks import evidence_adds_up, evidence_has_two_sides

PRIOR = {"kind": "qualifier", "signal": "prior", "adds_to": "prior_odds", "contribution": -3.0}
FOR = {"kind": "shop_for", "signal": None, "adds_to": "bayes_factor", "contribution": 2.5}
AGAINST = {"kind": "shop_against", "signal": None, "adds_to": "bayes_factor", "contribution": -0.5}
EFFECT = {"kind": "qualifier", "signal": "effect size unknown", "adds_to": "bayes_factor", "contribution": -0.5}
DOUBT = {"kind": "qualifier", "signal": "identity", "adds_to": "calibration", "contribution": -0.5}
CONFIRMED = {"kind": "verdict", "signal": None, "adds_to": "prior_odds", "contribution": 2.0}
TOLD = {"kind": "complaint", "signal": None, "adds_to": "none", "contribution": 0.0}


def evidence(*rows):
    return pd.DataFrame([{"source_id": "S1"} | row for row in rows])


def source(ln_bayes_factor, log_odds, source_id="S1"):
    return pd.DataFrame({"source_id": [source_id], "ln_bayes_factor": [ln_bayes_factor], "log_odds": [log_odds]})


def test_rows_that_add_up_pass_and_a_lost_row_does_not():
    whole = evidence(PRIOR, FOR, AGAINST, EFFECT, TOLD)
    assert evidence_adds_up(whole, source(1.5, -1.5)).passed
    assert not evidence_adds_up(whole.drop(index=2), source(1.5, -1.5)).passed
    assert not evidence_adds_up(whole, source(1.5, -1.4)).passed
    assert not evidence_adds_up(whole, source(1.5, -1.5, "S2")).passed


@pytest.mark.parametrize("row", [AGAINST, EFFECT, DOUBT], ids=lambda row: row["signal"] or row["kind"])
def test_what_speaks_against_or_says_what_is_unknown_is_another_side(row):
    assert evidence_has_two_sides(evidence(PRIOR, FOR, row)).passed


@pytest.mark.parametrize("rows", [[], [EFFECT | {"contribution": 0.0}], [CONFIRMED, TOLD]], ids=len)
def test_evidence_that_only_accuses_fails_although_it_adds_up(rows):
    one_sided = evidence(PRIOR, FOR, *rows)
    assert evidence_adds_up(one_sided, source(2.5, one_sided["contribution"].sum())).passed
    check = evidence_has_two_sides(one_sided)
    assert not check.passed
    assert "S1" in check.detail


def test_a_source_that_no_shop_accuses_needs_no_other_side():
    assert evidence_has_two_sides(evidence(PRIOR, CONFIRMED, EFFECT | {"contribution": 0.0})).passed
    assert evidence_has_two_sides(evidence(PRIOR, FOR | {"contribution": 1e-8})).passed
    assert evidence_has_two_sides(evidence(PRIOR).iloc[:0]).passed
