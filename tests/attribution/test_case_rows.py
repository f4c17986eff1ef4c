"""Cases: twins share one and are judged together, a case of one is its source, and a cleared one is closed."""

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from headwater.attribution import case_rows
from headwater.attribution.belief import features_of, planted
from headwater.attribution.find import find
from headwater.attribution.found_out import found_out, numbered
from headwater.parameters.finding import FindParams

from .windows import NIGHT, NO_VERDICTS, window

PARAMS = FindParams()
TWINS = [{"seller_id": s, "supplier_id": "u", "place": "p"} for s in "abcd"]
OTHER = [{"seller_id": s, "supplier_id": "v", "place": "q", "orders": 1000, "expected_pico": 10**11} for s in "abe"]
HEARD = [{"seller_id": s, "supplier_id": "u", "place": "p"} for s in "aabbc"]


@pytest.fixture(scope="module")
def night():
    gathered = window(TWINS + OTHER, HEARD)
    found = find(gathered.market, gathered.listing_shop, PARAMS)
    said = found_out(gathered, found, NO_VERDICTS, numbered(gathered, pd.Series(dtype=object)), PARAMS, NIGHT)
    belief = planted(found.odds, PARAMS.tempering)
    x = features_of(gathered, found, found.odds, np.ones(len(found.odds)), PARAMS.calibration)
    rows = pd.DataFrame({"source_id": ["Su", "Sv", "Dp", "Dq"], "observed": [5.0, 0.0, 5.0, 0.0]})
    case, groups = case_rows.groups(gathered, found, rows, PARAMS)
    return belief, groups, case_rows.merged(found, said, belief, x, case, PARAMS)


def test_a_supplier_and_the_place_that_only_it_ships_from_are_one_case(night):
    groups = night[1].set_index("member")
    assert groups.loc["Su", "group"] == groups.loc["Dp", "group"] != groups.loc["Sv", "group"]
    assert groups.loc["Su", "weight"] == 5000


def test_the_merged_column_has_one_probability(night):
    _, _, merged = night
    assert merged[0] == merged[2]
    assert merged[1] == merged[3]
    assert ((merged >= 0) & (merged <= 1)).all()
    assert merged[0] > 0.5, "one of the two is guilty, even if neither alone is sure to be"


def test_a_lone_source_keeps_its_own_probability():
    gathered = window([{"supplier_id": "u"}, {"supplier_id": "v", "seller_id": "b"}], [{"supplier_id": "u"}])
    found = find(gathered.market, gathered.listing_shop, PARAMS)
    said = found_out(gathered, found, NO_VERDICTS, {}, PARAMS, NIGHT)
    belief = planted(found.odds, PARAMS.tempering)
    alone = case_rows.merged(found, said, belief, np.zeros((2, 5)), np.arange(2), PARAMS)
    assert alone.tolist() == belief.probability.tolist()


def rows(**more):
    base = {
        "source_id": ["S1", "S2", "S3"], "case_id": ["C1", "C1", "C2"], "suspicion_rank": [1, 2, 3],
        "harm": [Decimal(5), Decimal(9), Decimal(1)], "safety_risk": [False, True, False], "reasons": [["one"], ["two"], ["three"]],
    }  # fmt: skip
    return pd.DataFrame({**base, **more})


NOTHING = pd.DataFrame({"case_id": [], "state": []})


def test_a_case_carries_its_worst_harm_any_safety_risk_and_says_that_it_is_several():
    out = case_rows.case_columns(rows(), np.array([0.9, 0.9, 0.2]), {}, NOTHING, {}, 0.5, NIGHT).set_index("case_id")
    assert (out.loc["C1", "state"], out.loc["C2", "state"]) == ("open", "watched")
    assert (out.loc["C1", "harm"], bool(out.loc["C1", "safety_risk"])) == (Decimal(9), True)
    assert out.loc["C1", "reasons"][0].startswith("S1, S2 cannot be told apart")
    assert out.loc["C2", "reasons"] == ["three"]
    assert out.loc["C1", "opened"] == NIGHT


def test_a_case_is_closed_when_all_its_sources_were_cleared_and_it_is_quiet():
    day = date(2026, 11, 20)
    quiet, loud = np.full(3, 0.1), np.full(3, 0.9)
    assert closed(quiet, {0: day, 1: day - timedelta(days=1)}) == ("closed", day)
    assert closed(quiet, {0: day}) == ("watched", None)
    assert closed(loud, {0: day, 1: day}) == ("open", None), "new evidence opens it again"


def closed(probability, cleared):
    out = case_rows.case_columns(rows(), probability, cleared, NOTHING, {}, 0.5, NIGHT).set_index("case_id")
    return out.loc["C1", "state"], out.loc["C1", "closed"]


def test_a_case_remembers_when_it_was_born_and_how_often_it_was_open():
    earlier = pd.DataFrame({"case_id": ["C1", "C1", "C1", "C2"], "state": ["open", "watched", "open", "watched"]})
    born = {"C1": date(2026, 11, 1)}
    out = case_rows.case_columns(rows(), np.full(3, 0.9), {}, earlier, born, 0.5, NIGHT).set_index("case_id")
    assert (out.loc["C1", "opened"], out.loc["C1", "prior_notices"]) == (date(2026, 11, 1), 2)
    assert (out.loc["C2", "opened"], out.loc["C2", "prior_notices"]) == (NIGHT, 0)


def test_no_source_makes_no_case():
    empty = rows().head(0)
    assert (
        case_rows.case_columns(empty, np.zeros(0), {}, NOTHING, {}, 0.5, NIGHT).columns.tolist()
        == case_rows.CASE_COLUMNS
    )
