"""A published night judged by hand-made truths and verdicts, and the command on a real one."""

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest

from headwater.errors import ConfigurationError
from headwater.evaluate.command import read_truth
from headwater.evaluate.lake import evaluate, judged
from headwater.evaluate.truth import Truth, later_verdicts, planted_truth

NIGHT, EVE = date(2026, 11, 22), date(2026, 11, 21)
TRUTH = Truth(
    guilty={
        "supplier:S1": True, "supplier:S2": False, "supplier:S3": True, "supplier:S4": True, "place:P1": True, "place:P2": False,
    },
    role={"supplier:S1": "producer", "supplier:S2": "distributor"},
    place_of={"A1": "P1", "A2": "P1", "A3": "P2"},
    operator={"shop1": "O1", "shop2": "O1", "shop3": "O2"},
)  # fmt: skip
SUPPLIERS = Truth({s: g for s, g in TRUTH.guilty.items() if s.startswith("supplier")})


def source(rank, source_id, kind="supplier", members=None, **more):
    type_ = "dispatch" if kind == "place" else kind
    row = {"rank": rank, "suspicion_rank": rank, "source_id": source_id, "kind": kind, "type": type_, "role": "unknown"}
    return row | {"members": members or [source_id], **more}


def sources(*rows):
    return pd.DataFrame(rows)


def ranked(*ids):
    return sources(*(source(i + 1, s) for i, s in enumerate(ids)))


def test_average_precision_counts_the_guilty_that_were_never_shown():
    (got,) = evaluate(NIGHT, {NIGHT: ranked("S1", "S2", "S3")}, SUPPLIERS).rankings
    assert (got.sources, got.guilty, got.missed) == (3, 3, 1)
    # S1 at 1, S3 at 3, and S4 nowhere: (1/1 + 2/3 + 0) / 3
    assert got.average_precision == pytest.approx((1 + 2 / 3) / 3)
    assert [p.hits for p in got.curve] == [1, 1, 2]


def test_a_better_ranking_has_a_better_precision_and_the_interval_holds_it():
    names = [f"G{i}" for i in range(10)] + [f"H{i}" for i in range(30)]
    truth = Truth({f"supplier:{n}": n[0] == "G" for n in names})
    good, bad = (evaluate(NIGHT, {NIGHT: ranked(*order)}, truth).rankings[0] for order in (names, names[::-1]))
    assert good.precision[0].share == 1.0
    assert good.average_precision == 1.0 > bad.average_precision
    assert all(p.low - 1e-12 <= p.share <= p.high + 1e-12 for p in good.precision)
    assert good.recall[1].share == 1.0


def test_suspicion_rank_is_what_is_evaluated():
    rows = sources(source(1, "S2", suspicion_rank=2), source(2, "S1", suspicion_rank=1))
    assert evaluate(NIGHT, {NIGHT: rows}, TRUTH).rankings[0].curve[0].hits == 1


def test_a_place_is_what_most_of_its_addresses_are_and_counts_once():
    rows = sources(source(1, "x", "place", ["A1", "A2", "A3"]), source(2, "y", "place", ["A1"]))
    got = evaluate(NIGHT, {NIGHT: rows}, TRUTH)
    assert [(r.kind, r.sources, r.missed) for r in got.rankings] == [("supplier", 0, 3), ("place", 1, 0)]
    assert got.left_out.again == 1


def test_ids_of_one_company_are_one_guilty_source_and_none_of_them_is_missed():
    both = sources(source(1, "C", members=["S1", "S3"]), source(2, "S2"))
    (got,) = evaluate(NIGHT, {NIGHT: both}, SUPPLIERS).rankings
    assert (got.sources, got.guilty, got.missed, got.curve[0].hits) == (2, 2, 1, 1)  # S4 was never shown
    honest = sources(source(1, "C", members=["S2", "S2", "S3"]))
    (got,) = evaluate(NIGHT, {NIGHT: honest}, SUPPLIERS).rankings
    assert (got.guilty, got.missed) == (3, 3)  # an honest company does not stand for the guilty one within


def test_a_source_that_the_truth_does_not_know_is_left_out():
    got = evaluate(NIGHT, {NIGHT: ranked("S1", "new")}, TRUTH)
    assert (got.rankings[0].sources, got.left_out.unknown) == (1, 1)


def test_probabilities_are_judged_and_their_absence_is_no_error():
    rows = sources(
        source(1, "S1", probability=0.999), source(2, "S2", probability=0.1), source(3, "S3", probability=0.7)
    )
    got = evaluate(NIGHT, {NIGHT: rows}, TRUTH).probabilities
    assert got.brier == pytest.approx((0.001**2 + 0.1**2 + 0.3**2) / 3)
    assert (got.sure.hits, got.sure.trials) == (1, 1)
    assert evaluate(NIGHT, {NIGHT: ranked("S1")}, TRUTH).probabilities is None


def test_roles_and_operators_are_judged_where_published():
    rows = sources(source(1, "S1", role="producer"), source(2, "S2", role="producer"), source(3, "S3", role="unknown"))
    operators = pd.DataFrame({"operator_id": ["a"], "seller_ids": [np.array(["shop1", "shop2"])]})
    got = evaluate(NIGHT, {NIGHT: rows}, TRUTH, operators)
    assert (got.role.hits, got.role.trials) == (1, 2)
    assert got.operators["f1"] == pytest.approx(1.0)
    alone = evaluate(NIGHT, {NIGHT: rows}, TRUTH, operators.iloc[:0]).operators
    assert alone["precision"] == 1.0 > alone["recall"]


def test_detection_counts_nights_from_the_first_that_shows_a_source():
    honest = [f"H{i:02}" for i in range(50)]
    truth = Truth({f"supplier:{s}": s[0] == "S" for s in ["S1", "S3", *honest]})
    nights = {EVE: ranked(*honest, "S1"), NIGHT: ranked("S1", *honest, "S3")}
    assert evaluate(NIGHT, nights, truth).nights_to_detection == {"supplier:S1": 1, "supplier:S3": None}
    assert evaluate(EVE, nights, truth).nights_to_detection == {"supplier:S1": None}


def verdict(i, subject, said, decided="2026-11-25T10:00:00Z", kind="source"):
    return {"verdict_id": f"v{i}", "subject_kind": kind, "subject_id": subject, "verdict": said, "decided_at": decided}


def test_later_verdicts_judge_what_they_speak_of_and_earlier_ones_nothing():
    rows = ranked("S1", "S2", "S3")
    said = pd.DataFrame(
        [verdict(1, "S1", "cleared"), verdict(2, "S1", "confirmed", "2026-11-26T10:00:00Z"), verdict(3, "S2", "cleared"),
         verdict(4, "S3", "confirmed", "2026-11-20T10:00:00Z"), verdict(5, "S3", "unsure")]
    )  # fmt: skip
    truth = later_verdicts(said, NIGHT, rows)
    assert truth.guilty == {"source:S1": True, "source:S2": False}
    (got,) = evaluate(NIGHT, {NIGHT: rows}, truth, basis="verdicts").rankings
    assert (got.sources, got.guilty, got.missed) == (2, 1, 0)


def test_the_json_is_whole_and_has_no_nan():
    got = json.loads(evaluate(NIGHT, {NIGHT: ranked("S2")}, Truth({"supplier:S2": False})).as_json())
    assert got["night"] == "2026-11-22"
    assert got["rankings"][0]["average_precision"] is None


def test_the_truth_folder_becomes_the_truth():
    tables = {
        "suppliers": pd.DataFrame({"supplier_id": ["S1"], "guilty": [True], "role": ["producer"]}),
        "places": pd.DataFrame({"place_id": ["P1", "P2"], "guilty": [False, True], "role": ["market", None]}),
        "addresses": pd.DataFrame({"address_id": ["A1"], "place_id": ["P2"]}),
        "operators": pd.DataFrame({"seller_id": ["x"], "operator_id": ["O"]}),
    }
    got = planted_truth(tables)
    assert got.guilty == {"supplier:S1": True, "place:P1": False, "place:P2": True}
    assert got.role == {"supplier:S1": "producer", "place:P1": "market"}


def test_a_folder_that_is_no_truth_is_refused_with_all_that_it_lacks(tmp_path):
    pd.DataFrame({"supplier_id": ["S1"], "guilty": [True]}).to_parquet(tmp_path / "suppliers.parquet")
    with pytest.raises(ConfigurationError, match=r"places, addresses, operators, suppliers\.role"):
        read_truth(tmp_path)


def test_roles_are_counted_by_what_was_taken_for_what():
    rows = sources(source(1, "S1", role="producer"), source(2, "S2", role="producer"), source(3, "S3", role="unknown"))
    got = evaluate(NIGHT, {NIGHT: rows}, TRUTH)
    assert {(c.role, c.said): c.sources for c in got.roles} == {
        ("producer", "producer"): 1,
        ("distributor", "producer"): 1,
    }


def test_a_building_or_unknown_supply_is_no_subject_of_a_planted_truth_but_may_be_one_of_a_verdict():
    rows = sources(source(1, "S1"), source(2, "L2", members=["S2"], type="latent"))
    assert evaluate(NIGHT, {NIGHT: rows}, TRUTH).left_out.late == 1
    assert list(judged(rows, TRUTH)["subject"]) == ["supplier:S1"]
    told = later_verdicts(pd.DataFrame([verdict(1, "L2", "confirmed")]), NIGHT, rows)
    assert list(judged(rows, told)["guilty"]) == [True]
