"""Verdicts at work: they move odds after the calibrator, clear what came before them, and purchases are evidence."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from headwater.attribution.beside import Known
from headwater.attribution.found_out import meant, numbered
from headwater.attribution.market import BUILDING, LATENT, PLACE, RETURN
from headwater.attribution.told import source_ids, source_keys

from .windows import NIGHT, VERDICT, told_of, window

FLOWS = [{"seller_id": s, "supplier_id": "u"} for s in "abcd"] + [
    {"seller_id": s, "supplier_id": "v", "orders": 1000, "expected_pico": 10**11} for s in "abef"
]
EARLY = NIGHT - timedelta(days=30)
OLD = [{"seller_id": s, "supplier_id": "u", "filed_day": EARLY, "day": EARLY} for s in "aaabbc"]
DECIDED = pd.Timestamp(NIGHT - timedelta(days=10))
CLEARED = {**VERDICT, "verdict": "cleared", "decided_at": DECIDED}


def found(*verdicts, complaints=OLD):
    rows = pd.DataFrame(
        [{**VERDICT, "verdict_id": f"v{i}", **v} for i, v in enumerate(verdicts)], columns=list(VERDICT)
    )
    _, sources, evidence = told_of(window(FLOWS, complaints), verdicts=rows)
    return {r["source_key"]: r for r in sources.to_dict("records")}, evidence


def test_a_confirmed_source_gains_its_odds_and_its_evidence_stays_what_it_was():
    before, _ = found()
    after, evidence = found({"verdict": "confirmed", "reliability": 0.9})
    # To a billionth: what he says of those who sell beside him moves what they explain.
    assert after["u"]["ln_bayes_factor"] == pytest.approx(before["u"]["ln_bayes_factor"], abs=1e-6)
    assert after["u"]["log_odds"] - before["u"]["log_odds"] == pytest.approx(np.log(9), abs=1e-8)
    row = evidence[evidence["kind"] == "verdict"].iloc[0]
    assert (row["adds_to"], row["subject_id"]) == ("prior_odds", "v0")
    assert "confirmed by ann" in row["detail"]


def test_after_clearing_only_later_complaints_count():
    before, _ = found()
    after, _ = found({"verdict": "cleared", "decided_at": DECIDED})
    assert before["u"]["probability"] > 0.9
    assert after["u"]["complaints"] == 0
    assert after["u"]["ln_bayes_factor"] <= 0
    assert after["u"]["probability"] < 0.01
    late = [
        {"seller_id": s, "supplier_id": "u", "filed_day": NIGHT, "day": NIGHT - timedelta(days=3)} for s in "aabbcc"
    ]
    again, _ = found({"verdict": "cleared", "decided_at": DECIDED}, complaints=OLD + late)
    assert again["u"]["complaints"] == pytest.approx(6)
    assert again["u"]["probability"] > after["u"]["probability"]


def reasons(rows, source="u"):
    return " | ".join(rows[source]["reasons"])


def test_a_cleared_source_is_shown_as_such_with_by_whom_and_what_came_since():
    cleared = {"verdict": "cleared", "decided_at": DECIDED, "reason": "papers"}
    rows, _ = found(cleared)
    said = "Cleared (-2.9) by ann on 2026-11-12 (papers): what was filed before no longer counts against it; "
    assert said + "no complaint was filed since" in rows["u"]["reasons"]
    assert "nan" not in reasons(rows).split()
    late = [{"seller_id": s, "supplier_id": "u", "filed_day": NIGHT, "day": EARLY} for s in "ab"]
    rows, _ = found(cleared, {**cleared, "author": "bob", "decided_at": pd.Timestamp(EARLY)}, complaints=OLD + late)
    two = "Cleared (-5.9) by 2 people, ann on 2026-11-12 (papers), bob on 2026-10-23 (papers): "
    assert two.replace(
        "ann on 2026-11-12 (papers), bob on 2026-10-23", "bob on 2026-10-23 (papers), ann on 2026-11-12"
    ) in reasons(rows)
    assert "2.0 complaints were filed since" in reasons(rows)


def test_a_confirmed_source_is_shown_as_such_and_who_is_not_judged_is_not():
    rows, _ = found({"verdict": "confirmed", "decided_at": DECIDED})
    assert "Confirmed (+2.9) by ann on 2026-11-12; no complaint was filed since" in rows["u"]["reasons"]
    rows, _ = found({"verdict": "confirmed", "decided_at": pd.Timestamp(EARLY - timedelta(days=1))})
    assert f"; {rows['u']['complaints']:.1f} complaints were filed since" in reasons(rows)
    rows, _ = found({"verdict": "confirmed", "subject_id": "v"})
    assert "Confirmed (+2.9)" in reasons(rows, "v")
    assert "Confirmed (" not in reasons(rows)


def test_purchases_are_told_the_most_telling_first():
    shops = [("c", "confirmed"), ("a", "cleared"), ("e", "cleared"), ("d", "confirmed"), ("b", "confirmed")]
    rows, _ = found(*({"subject_kind": "seller", "subject_id": s, "verdict": word} for s, word in shops))
    [told] = [reason for reason in rows["u"]["reasons"] if reason.startswith("Test purchases: ")]
    assert told.count("shop ") == 3
    assert "counterfeit +" in told
    assert "1 more " in told
    assert "by ann on 2026-11-22" in told


def test_decided_at_the_end_of_a_day_clears_that_day_and_no_later_one():
    filed = [
        {"seller_id": s, "supplier_id": "u", "filed_day": NIGHT - timedelta(days=d), "day": EARLY}
        for s in "ab"
        for d in (0, 1)
    ]
    midnight = pd.Timestamp(NIGHT)
    rows, _ = found({"verdict": "cleared", "decided_at": midnight}, complaints=filed)
    assert rows["u"]["complaints"] == pytest.approx(2)
    assert "2.0 complaints were filed since" in reasons(rows)
    rows, _ = found({"verdict": "cleared", "decided_at": midnight + timedelta(hours=1)}, complaints=filed)
    assert rows["u"]["complaints"] == 0


def test_a_confirmed_source_does_not_rest_on_one_operator():
    alone = [{"seller_id": "a", "supplier_id": "u", "filed_day": EARLY, "day": EARLY}] * 6
    before, _ = found(complaints=alone)
    assert "rests on the shops of one operator" in reasons(before)
    after, _ = found({"verdict": "confirmed", "reliability": 0.999}, complaints=alone)
    assert "rests on the shops of one operator" not in reasons(after)


def test_a_name_means_the_same_source_by_whatever_kind_and_nothing_where_the_window_lacks_it():
    gathered = window([*FLOWS, {"seller_id": "z", "supplier_id": "v", "orders": 0}], OLD)
    of = numbered(gathered, pd.Series(dtype=object))
    subject = meant(gathered, of)

    def said(kind, name):
        return subject({"subject_kind": kind, "subject_id": name})

    source = source_ids(gathered.market.kind, source_keys(gathered))[of["supplier", "u"]]
    assert said("supplier", "u") == said("source", source) == ("source", source, None)
    assert (said("supplier", "x"), said("place", "u"), said("seller", "x"), said("seller", "z")) == (None,) * 4
    assert said("seller", "a") == ("seller", "a", None)
    assert said("listing", "l") == ("listing", "l", None)


def test_evidence_still_adds_up_after_verdicts_and_purchases():
    rows, evidence = found(
        {"verdict": "cleared", "decided_at": DECIDED, "subject_id": "v"},
        {"subject_kind": "seller", "subject_id": "a", "verdict": "confirmed"},
        {"subject_kind": "seller", "subject_id": "e", "verdict": "cleared"},
        {"verdict": "confirmed"},
    )
    for row in rows.values():
        mine = evidence[evidence["source_id"] == row["source_id"]]
        bayes = mine.loc[mine["adds_to"] == "bayes_factor", "contribution"].sum()
        assert bayes == pytest.approx(row["ln_bayes_factor"], abs=1e-6)
        assert mine.loc[mine["adds_to"] != "none", "contribution"].sum() == pytest.approx(row["log_odds"], abs=1e-6)


def test_a_fake_bought_at_a_shop_accuses_its_sources_and_a_genuine_piece_speaks_for_them():
    before, _ = found()
    fake, evidence = found({"subject_kind": "seller", "subject_id": "c", "verdict": "confirmed"})
    genuine, _ = found({"subject_kind": "seller", "subject_id": "c", "verdict": "cleared"})
    order = [rows["u"]["ln_bayes_factor"] for rows in (genuine, before, fake)]
    assert order == sorted(order)
    assert len(set(order)) == 3
    assert "seller c confirmed" in evidence[evidence["kind"] == "verdict"].iloc[0]["detail"]


def test_what_the_window_does_not_hold_and_unsure_move_nothing():
    before, _ = found()
    after, evidence = found(
        {"subject_id": "nobody"}, {"verdict": "unsure"}, {"subject_kind": "listing", "subject_id": "none"}
    )
    assert after["u"]["log_odds"] == before["u"]["log_odds"]
    assert not (evidence["kind"] == "verdict").any()


def test_a_source_with_a_verdict_is_told_even_without_complaints():
    rows, _ = found({"verdict": "confirmed"}, complaints=[])
    assert set(rows) == {"u"}
    assert rows["u"]["probability"] > 0.1


BESIDE = Known(
    doors=pd.DataFrame([("p1", "h", True), ("p2", "h", True)], columns=["place_id", "building_key", "unit"]),
    returns=pd.DataFrame([(s, r) for s in "ab" for r in ("p1", "r")], columns=["seller_id", "place_id"]),
    members=pd.DataFrame([(s, "op") for s in "ab"], columns=["seller_id", "operator_id"]),
)


def test_a_verdict_finds_the_place_of_dispatch_before_that_of_returns_and_no_building_by_a_door():
    gathered = window([{"seller_id": s, "place": p} for s in "abc" for p in ("p1", "p2")], known=BESIDE)
    members = pd.Series(
        {("dispatch", "p1"): ["x1"], ("return", "p1"): ["x1"], ("return", "r"): ["x9"], ("building", "h"): ["x1", "x7"]}
    )
    of = numbered(gathered, members)
    kind = {name: int(gathered.market.kind[j]) for name, j in of.items() if name[0] == "place"}
    assert kind == {
        ("place", "p1"): PLACE, ("place", "p2"): PLACE, ("place", "x1"): PLACE, ("place", "h"): BUILDING,
        ("place", "r"): RETURN, ("place", "x9"): RETURN,
    }  # fmt: skip
    latent = source_ids(gathered.market.kind, source_keys(gathered))[gathered.market.first(LATENT)]
    assert of["source", latent] == gathered.market.first(LATENT)


def test_a_purchase_that_a_guilty_supplier_explains_says_little_of_a_late_source():
    def bought(supplier):
        flows = [{"seller_id": s, "supplier_id": supplier} for s in "ab"]
        flows += [{"seller_id": s, "supplier_id": "v", "orders": 1000, "expected_pico": 10**11} for s in "cd"]
        told = [{"seller_id": s, "supplier_id": supplier} for s in "aaabbb"] if supplier else []
        purchase = {**VERDICT, "subject_kind": "seller", "subject_id": "a"}
        _, rows, _ = told_of(window(flows, told, known=BESIDE), verdicts=pd.DataFrame([purchase]))
        return rows[(rows["type"] == "return") & (rows["source_key"] == "r")]["ln_bayes_factor"]

    assert bought(None).iloc[0] > 2
    assert bought("u").iloc[0] < 0.5


def test_a_cleared_suppliers_old_complaints_do_not_accuse_its_own_warehouse():
    flows = [{**flow, "place": "p" if flow["supplier_id"] == "u" else "q"} for flow in FLOWS]
    old = [{**said, "place": "p"} for said in OLD]
    for verdicts, suspected in ((None, True), (pd.DataFrame([CLEARED]), False)):
        _, rows, _ = told_of(window(flows, old), verdicts=verdicts)
        place = rows[rows["source_key"] == "p"]
        assert bool((place["probability"] > 0.5).all() and len(place)) == suspected
        if not suspected:
            assert not len(place) or place["complaints"].iloc[0] == 0


def test_evidence_without_a_shop_holds_what_was_bought():
    bought = {"subject_kind": "seller", "subject_id": "a", "verdict": "confirmed"}
    (_, before), (rows, after) = found(), found(bought)
    gain = rows["u"]["ln_bayes_factor"] - found()[0]["u"]["ln_bayes_factor"]
    assert gain > 0.1
    without = [e.loc[e["evidence_id"] == "shop_for:b", "ln_bf_without"].iloc[0] for e in (before, after)]
    assert without[1] - without[0] == pytest.approx(gain, abs=1e-6)
