"""What is believed, and what it stands on: the record in words, intervals that the record bears out, verdicts that teach later nights."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from headwater.attribution.belief import Bin, in_words, interval, learnt, planted, record_columns, with_verdicts
from headwater.attribution.calibrate import FEATURES
from headwater.attribution.calibrator import LOGISTIC
from headwater.attribution.sources import past_verdicts
from headwater.parameters.finding import CalibrationParams, Tempering

from .windows import NIGHT, VERDICT

PLAIN = Tempering(slope=1.0, ceiling=1.0, rows=10, record="two small markets")
PARAMS = CalibrationParams()


def past(count: int, seed: int = 0) -> pd.DataFrame:
    """Verdicts of a market where the model is twice as sure as it should be."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(0, 3, count)
    rows = pd.DataFrame(0.0, index=range(count), columns=list(FEATURES)).assign(ln_bf=odds + 2, prior_log_odds=-2.0)
    decided = [NIGHT - timedelta(days=count - i) for i in range(count)]
    guilty = rng.random(count) < expit(odds / 2)
    return rows.assign(guilty=guilty, weight=1.0, decided=decided, verdict_id=[f"v{i:03}" for i in range(count)])


def test_without_verdicts_the_record_says_planted_wherever_it_is_told():
    belief = learnt(np.array([0.0, 3.0]), np.zeros((2, 5)), past(0), PLAIN, PARAMS)
    assert belief.probability == pytest.approx(expit([0.0, 3.0]), abs=1e-9)
    assert "planted marketplaces, not on verdicts" in in_words(belief.record)
    row = record_columns(belief.record, NIGHT).iloc[0]
    assert (row["fitted_on"], row["brier"], row["reliability"]) == ("two small markets", None, [])


def test_an_interval_is_what_the_record_bears_out_and_holds_the_probability():
    bins = (Bin(0.9, 1.0, 100, 0.95, 90), Bin(0.0, 0.1, 100, 0.05, 2))
    low, high = interval(np.array([0.95, 0.05, 0.5]), bins)
    assert (low[0], high[0]) == (pytest.approx(0.826, abs=0.01), pytest.approx(0.95, abs=0.01))
    assert low[1] < 0.02 < high[1] < 0.08
    assert (low[2], high[2]) == (0.0, 1.0), "nothing is known there"


def test_verdicts_teach_that_the_model_was_too_sure():
    x = np.array([[6.0, -2.0, 0, 0, 0], [-2.0, -2.0, 0, 0, 0]])
    belief = learnt(x[:, 0] + x[:, 1], x, past(200), PLAIN, PARAMS)
    assert belief.record.method == LOGISTIC
    assert belief.record.n == 200
    assert belief.record.brier is not None
    assert sum(b.rows for b in belief.record.bins) == 60, "the latest 30 %"
    assert 0.7 < belief.probability[0] < expit(4.0)
    assert belief.low[0] < belief.probability[0] < belief.high[0]
    assert "planted marketplaces and 200 verdicts" in in_words(belief.record)
    assert record_columns(belief.record, NIGHT)["verdicts"].iloc[0] == [f"v{i:03}" for i in range(200)]


def test_a_verdict_is_added_after_the_calibrator():
    p = with_verdicts(np.array([0.5, 0.5, 0.2]), np.array([np.log(19), -np.log(19), 0.0]))
    assert p == pytest.approx([0.95, 0.05, 0.2])


def test_a_verdict_teaches_from_the_newest_night_before_it():
    base = dict.fromkeys(FEATURES, 0.0)
    known = pd.DataFrame(
        [{**base, "night": NIGHT - timedelta(days=d), "source_id": "S", "ln_bf": float(d)} for d in (1, 5, 9)]
    )
    rows = pd.DataFrame(
        [
            {**VERDICT, "verdict_id": "a", "decided_at": pd.Timestamp(NIGHT - timedelta(days=5))},
            {**VERDICT, "verdict_id": "b", "subject_kind": "source", "subject_id": "S", "verdict": "cleared"},
            {**VERDICT, "verdict_id": "early", "decided_at": pd.Timestamp(date(2026, 1, 1))},
            {**VERDICT, "verdict_id": "unknown", "subject_id": "nobody"},
            {**VERDICT, "verdict_id": "unsure", "verdict": "unsure"},
        ]
    )
    rows["inspection_probability"] = [0.01, None, None, None, None]
    got = past_verdicts(rows, {("supplier", "u"): 0}, np.array(["S"], dtype=object), known, PARAMS)
    assert got["verdict_id"].tolist() == ["a", "b"]
    assert got["ln_bf"].tolist() == [9.0, 1.0]
    assert got["guilty"].tolist() == [True, False]
    assert got["weight"].tolist() == [20.0, 1.0], "one over the chance of having been inspected, at most 20"


def test_without_verdicts_or_earlier_nights_there_is_nothing_to_learn_from():
    known = pd.DataFrame({**{key: [0.0] for key in FEATURES}, "night": [NIGHT], "source_id": ["S"]})
    one = pd.DataFrame([VERDICT])
    for verdicts, nights in ((one.head(0), known), (one, known.head(0)), (one.head(0), known.head(0))):
        assert len(past_verdicts(verdicts, {}, np.array([], dtype=object), nights, PARAMS)) == 0


def test_a_sure_source_is_not_published_above_what_the_record_bears_out():
    held = planted(np.array([20.0]), PLAIN.model_copy(update={"ceiling": 0.989}))
    assert held.probability[0] == 0.989
