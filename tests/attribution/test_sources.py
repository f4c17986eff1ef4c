"""Sources as they are published: who may be one, how they rank, that the evidence adds up, and calm where there is little."""

import numpy as np
import pandas as pd
import pytest

from headwater.attribution import sources
from headwater.attribution.gather import NO_STREET
from headwater.attribution.told import source_ids
from headwater.parameters.attribution import Ranking

from .windows import NIGHT, told_of, window

GUILTY = [{"seller_id": s, "supplier_id": "u"} for s in "abcd"]
CLEAN = [{"seller_id": s, "supplier_id": "v", "orders": 1000, "expected_pico": 10**11} for s in "abef"]
COMPLAINTS = [{"seller_id": s, "supplier_id": "u", "brand": "acme"} for s in "aaaabbbc"] + [
    {"seller_id": "e", "supplier_id": "v"}
]


@pytest.fixture(scope="module")
def night():
    """Supplier u sells through four shops and draws complaints in three; v sells ten times as much and drew one."""
    return told_of(window(GUILTY + CLEAN, COMPLAINTS, links=[("a", "u"), ("x", "u")]), Ranking(evidence_shops=2))


def by_key(rows: pd.DataFrame) -> dict[str, dict]:
    return {r["source_key"]: r for r in rows.to_dict("records")}


def test_more_complaints_on_fewer_expected_rank_first(night):
    rows = by_key(night[1])
    assert (rows["u"]["suspicion_rank"], rows["u"]["rank"]) == (1, 1)
    assert rows["u"]["probability"] > 0.9 > 0.5 > rows["v"]["probability"]
    assert rows["u"]["lift_low"] > 1 > rows["v"]["lift_low"]


def test_evidence_adds_up_to_the_bayes_factor_and_with_the_rest_to_the_log_odds(night):
    _, rows, evidence = night
    for source, row in rows.iterrows():
        mine = evidence[evidence["source"] == source]
        bayes = mine.loc[mine["adds_to"] == "bayes_factor", "contribution"].sum()
        assert bayes == pytest.approx(row["ln_bayes_factor"], abs=1e-6)
        assert mine.loc[mine["adds_to"] != "none", "contribution"].sum() == pytest.approx(row["log_odds"], abs=1e-6)


def test_a_clean_shop_speaks_against_and_further_shops_are_one_row(night):
    _, rows, evidence = night
    source = rows.index[rows["source_key"] == "u"][0]
    mine = evidence[evidence["source"] == source].set_index("evidence_id")
    assert "shop_against:d" in mine.index
    assert mine.loc["shop_against:d", "contribution"] < 0
    assert set(mine.index[mine["kind"] == "shop_for"]) == {"shop_for:a", "shop_for:b", "shop_for:others"}
    assert mine.loc[mine["kind"].str.startswith("shop"), "shops"].sum() == 4
    assert mine.loc[mine["kind"].str.startswith("shop"), "observed"].sum() == pytest.approx(8, abs=1e-9)
    assert mine.loc["qualifier:effect", "contribution"] < 0


def test_without_its_strongest_shop_a_source_has_less_and_without_a_clean_one_more(night):
    _, rows, evidence = night
    source = rows.index[rows["source_key"] == "u"][0]
    mine = evidence[evidence["source"] == source].set_index("evidence_id")
    whole = rows.loc[source, "ln_bayes_factor"]
    assert mine.loc["shop_for:a", "ln_bf_without"] < whole < mine.loc["shop_against:d", "ln_bf_without"]


def test_rows_that_tell_but_do_not_count_carry_nothing(night):
    _, rows, evidence = night
    source = rows.index[rows["source_key"] == "u"][0]
    mine = evidence[evidence["source"] == source]
    telling = mine[mine["kind"].isin(("complaint", "link"))]
    assert set(telling["contribution"]) == {0.0}
    assert set(telling["adds_to"]) == {"none"}
    assert sorted(telling.loc[telling["kind"] == "link", "subject_id"]) == ["a"]
    assert telling.loc[telling["kind"] == "complaint", "refs"].iloc[0] == ["c000", "o000"]


def test_the_reasons_say_the_sum_for_against_and_what_the_probability_stands_on(night):
    rows = by_key(night[1])
    said = " / ".join(rows["u"]["reasons"])
    assert said.startswith("8.0 complaints in 3 of 4 shops where")
    assert "are attributed to it" in said
    assert "planted marketplaces, not on verdicts" in said
    assert "For: shop a +" in said
    assert "Against: 1 shop quieter than a guilty source's, -" in said


def test_a_source_carries_its_days_brands_and_orders(night):
    rows = sources.source_columns(night[1], NIGHT).set_index("source_key")
    assert rows.loc["u", "brands"] == ["acme"]
    assert rows.loc["v", "brands"] == []
    assert rows.loc["u", "last_seen"] == NIGHT
    assert (rows.loc["u", "orders"], rows.loc["u", "named_orders"]) == (400, 400)
    assert str(rows.loc["u", "value"]) == "4000.00"


def test_a_shop_is_as_suspect_as_its_sources_and_names_the_one_behind_its_complaints(night):
    gathered = window(GUILTY + CLEAN, COMPLAINTS)
    told = night[0]
    p = told.rows["probability"].to_numpy()
    shops = sources.shop_columns(gathered, told, p, np.flatnonzero(p >= 0.5)).set_index("seller_id")
    ids = by_key(night[1])
    assert shops.loc["a", "main_source_id"] == ids["u"]["source_id"]
    assert pd.isna(shops.loc["e", "main_source_id"])
    assert shops.loc["c", "probability"] == pytest.approx(ids["u"]["probability"], abs=1e-6)
    both = 1 - (1 - ids["u"]["probability"]) * (1 - ids["v"]["probability"])
    assert shops.loc["a", "probability"] == pytest.approx(both, abs=1e-6)
    assert shops.loc["e", "probability"] == pytest.approx(ids["v"]["probability"], abs=1e-6)


def test_an_id_depends_on_type_and_key_alone():
    one = source_ids(np.array([0, 1]), np.array(["u", "u"], dtype=object))
    assert len(set(one)) == 2
    assert [i[0] for i in one] == ["S", "D"]
    assert source_ids(np.array([0]), np.array(["u"], dtype=object))[0] == one[0]


def test_an_area_is_never_a_source_and_its_orders_are_not_another_places(night):
    flows = [{"place": "p"}, {"place": NO_STREET, "orders": 900}, {"place": None, "orders": 10}]
    _, rows, _ = told_of(window(flows, [{"place": NO_STREET}, {"place": "p"}]))
    assert rows["source_key"].tolist() == ["p"]
    assert rows["orders"].iloc[0] == pytest.approx(110)  # its own, and those that name no place
    assert rows["complaints"].iloc[0] == pytest.approx(1)


def finite(told, rows, evidence):
    numbers = rows.drop(columns=["name", "country", "city"]).select_dtypes("number")
    assert np.isfinite(numbers.to_numpy(np.float64)).all()
    assert np.isfinite(evidence["contribution"].to_numpy(np.float64)).all()
    assert ((rows["probability_low"] <= rows["probability"]) & (rows["probability"] <= rows["probability_high"])).all()
    return rows


def test_no_complaint_accuses_nobody():
    assert len(finite(*told_of(window(GUILTY + CLEAN)))) == 0


def test_no_order_at_all_is_a_calm_night():
    assert len(finite(*told_of(window([])))) == 0


def test_one_complaint_convicts_nobody():
    rows = finite(*told_of(window(GUILTY + CLEAN, [{"supplier_id": "v"}])))
    assert rows["source_key"].tolist() == ["v"]
    assert rows["probability"].iloc[0] < 0.5


def test_a_shop_with_complaints_and_no_orders_is_told_and_finite():
    rows = finite(*told_of(window(GUILTY, [{"seller_id": "ghost", "supplier_id": "u"}, {"seller_id": "ghost"}])))
    assert rows["source_key"].tolist() == ["u"]


def test_one_source_with_every_shop_is_judged_by_its_excess():
    everything = [{"seller_id": s, "supplier_id": "u"} for s in "abcdefgh"]
    base = [{"seller_id": s, "supplier_id": "u"} for s in "ab"]
    quiet = finite(*told_of(window(everything, base[:1])))
    assert quiet["probability"].iloc[0] < 0.5
    assert quiet["shops"].iloc[0] == 8


def test_the_order_of_rows_changes_nothing():
    one = told_of(window(GUILTY + CLEAN, COMPLAINTS))[1]
    numbered = [{"complaint_id": f"c{i:03d}", "order_id": f"o{i:03d}", **c} for i, c in enumerate(COMPLAINTS)]
    other = told_of(window((GUILTY + CLEAN)[::-1], numbered[::-1]))[1]
    pd.testing.assert_frame_equal(one, other)


def test_where_nothing_names_a_source_nobody_is_suspected():
    gathered = window([{}, {"seller_id": "b"}], [{}, {"seller_id": "b"}])
    told, rows, _ = told_of(gathered)
    assert len(rows) == 0
    shops = sources.shop_columns(gathered, told, np.zeros(0), np.zeros(0, dtype=np.int64))
    assert shops["main_source_id"].tolist() == [None, None]
    assert shops["probability"].tolist() == [0.0, 0.0]
    assert len(sources.exposure_columns(told, rows, gathered, NIGHT)) == 0


SENT = [{**f, "place": "hall"} for f in GUILTY] + [{**f, "place": "dock"} for f in CLEAN]
SENT_COMPLAINTS = [{**c, "place": "hall" if c["supplier_id"] == "u" else "dock"} for c in COMPLAINTS]


def test_a_place_is_suspected_for_the_goods_of_its_suppliers_and_says_whose():
    _, rows, evidence = told_of(window(SENT, SENT_COMPLAINTS))
    at = by_key(rows)
    assert at["u"]["probability"] > at["hall"]["probability"] > 0.7
    assert at["dock"]["probability"] < 0.5
    mine = evidence[evidence["source_id"] == at["hall"]["source_id"]]
    goods = mine[mine["signal"] == "goods"].iloc[0]
    assert goods["adds_to"] == "prior_odds"
    assert goods["detail"].startswith(
        "the goods that leave it: 1.00 of them are of supplier u, suspected with above 0.99, +"
    )
    assert mine.loc[mine["adds_to"] != "none", "contribution"].sum() == pytest.approx(at["hall"]["log_odds"], abs=1e-6)
    assert any("goods +" in said for said in at["hall"]["reasons"])
    assert not (evidence[evidence["source_id"] == at["u"]["source_id"]]["signal"] == "goods").any()


def test_a_place_that_sends_a_suppliers_fakes_does_as_much_harm_as_he():
    _, rows, _ = told_of(window(SENT, SENT_COMPLAINTS))
    at = by_key(rows)
    ratio = at["hall"]["harm_minor"] / at["u"]["harm_minor"]
    assert ratio == pytest.approx(at["hall"]["probability"] / at["u"]["probability"], rel=0.2)


def test_a_supplier_of_whom_nobody_complained_is_shown_for_its_signs_and_not_suspected():
    """Six suppliers draw complaints and refunds, twenty neither; of one more, money is asked back as often as of the six."""
    refunds = {f"g{i}": 25 for i in range(6)} | {f"h{i:02d}": 1 for i in range(20)} | {"w": 25}
    flows = [
        {"seller_id": f"{supplier}-{k}", "supplier_id": supplier, "refunded": many}
        for supplier, many in refunds.items()
        for k in range(3)
    ]
    heard = [{"seller_id": f"g{i}-{k}", "supplier_id": f"g{i}"} for i in range(6) for k in range(3) for _ in range(2)]
    _, rows, evidence = told_of(window(flows, heard))
    at = by_key(finite(None, rows, evidence))
    assert sorted(at) == ["g0", "g1", "g2", "g3", "g4", "g5", "w"]
    assert Ranking().shown_from <= at["w"]["probability"] < Ranking().suspect_from
    assert at["w"]["suspicion_rank"] == 7
    assert at["w"]["reasons"][0].startswith("0.0 complaints in 0 of 3 shops")
    assert any("refunds +" in said for said in at["w"]["reasons"])
