"""What flows through buildings, return places and unknown supply, and which of them are sources of their own."""

import numpy as np
import pandas as pd
import pytest

from headwater.attribution.beside import Known, coded, return_parts
from headwater.attribution.find import find
from headwater.attribution.market import BUILDING, LATENT, PLACE, RETURN

from .windows import told_of, window


def known(doors=(), returns=(), members=(), declared=()) -> Known:
    return Known(
        pd.DataFrame(list(doors), columns=["place_id", "building_key", "unit"]),
        pd.DataFrame(list(returns), columns=["seller_id", "place_id"]),
        pd.DataFrame(list(members), columns=["seller_id", "operator_id"]),
        pd.DataFrame(list(declared), columns=["seller_id", "place_id"]),
    )


def exposure(flows, facts, kind, complaints=()):
    gathered = window(flows, list(complaints), known=facts)
    market = gathered.market
    found = find(market, gathered.listing_shop)
    return gathered, found, found.cells.exposure[market.kind == kind]


SHOPS = [{"seller_id": s, "place": f"p{s}"} for s in "abcd"]


def test_a_building_has_what_its_doors_have():
    facts = known([(f"p{s}", "h", True) for s in "abc"] + [("pd", "g", True)])
    gathered, _, got = exposure(SHOPS, facts, BUILDING)
    assert gathered.ids.buildings.tolist() == ["h"]  # one door is the place itself
    assert got == pytest.approx([0.03])


def test_a_building_of_one_busy_door_is_that_door_again():
    facts = known([(f"p{s}", "h", True) for s in "ab"])
    flows = [{"seller_id": "a", "place": "pa", "expected_pico": 10**11}, {"seller_id": "b", "place": "pb"}]
    assert exposure(flows, facts, BUILDING)[2].tolist() == [0.0]


def test_a_door_written_without_its_unit_is_a_door_but_no_second_unit():
    one = known([("pa", "h", True), ("pb", "h", False)])
    assert len(exposure(SHOPS, one, BUILDING)[2]) == 0
    two = known([("pa", "h", True), ("pb", "h", False), ("pc", "h", True)])
    assert exposure(SHOPS, two, BUILDING)[2] == pytest.approx([0.03])


def test_a_return_place_has_an_equal_part_of_the_orders_of_the_shops_that_name_it():
    facts = known(returns=[("a", "r"), ("b", "r"), ("b", "s"), ("b", "r"), ("c", "s"), ("d", "own"), ("gone", "own")])
    gathered, _, got = exposure(SHOPS, facts, RETURN)
    assert gathered.ids.returns.tolist() == ["r", "s"]
    assert got == pytest.approx([0.015, 0.015])  # a whole and half of b; half of b and c whole


def test_a_return_place_where_the_same_goods_are_sent_out_is_that_place_again():
    flows = [{"seller_id": s, "place": "p"} for s in "ab"]
    assert exposure(flows, known(returns=[("a", "p"), ("b", "p")]), RETURN)[2].tolist() == [0.0]


def test_unknown_supply_is_what_no_known_supplier_has_and_a_named_order_has_none():
    flows = [{"seller_id": s, "supplier_id": u, "orders": n} for s in "ab" for u, n in (("u", 30), (None, 10))]
    facts = known(members=[("a", "o"), ("b", "o"), ("c", "alone")])
    gathered, found, got = exposure(flows, facts, LATENT)
    assert gathered.ids.operators.tolist() == ["o"]
    share = found.exposure_shares[:, gathered.market.first(LATENT)].toarray().ravel()
    named = gathered.market.flows.supplier >= 0
    assert (share[named] == 0).all()
    assert ((share[~named] > 0) & (share[~named] < 1)).all()
    assert got[0] == pytest.approx((share * gathered.market.flows.expected).sum())


def place_exposure(flows, declared):
    gathered, _, got = exposure(flows, known(declared=declared), PLACE)
    return dict(zip(gathered.ids.places.tolist(), got.tolist(), strict=True))


def test_a_declared_dispatch_address_counts_little_beside_named_orders():
    flows = [{"place": "p", "orders": 99}, {"place": None, "orders": 100}]
    got = place_exposure(flows, [("a", "p"), ("a", "q"), ("gone", "z")])
    assert got == pytest.approx({"p": 0.01 + 0.01 * 100 / 101, "q": 0.01 / 101})


def test_a_shop_that_names_no_place_may_ship_from_the_one_it_declares():
    got = place_exposure([{"place": None}, {"seller_id": "b", "place": None}], [("a", "q")])
    assert got == pytest.approx({"q": 0.005})  # half of it is unknown, and b says nothing


def test_what_an_order_names_is_not_what_the_shop_declares():
    assert place_exposure([{"place": "p"}], [("a", "q")])["q"] == 0


def test_parts_are_of_all_places_that_a_shop_names():
    rows = pd.DataFrame([("a", "r"), ("a", "own"), ("b", "r"), ("z", "r")], columns=["seller_id", "place_id"])
    shop, place, part, ids = return_parts(rows, np.array(["a", "b"], dtype=object))
    assert (shop.tolist(), place.tolist(), part.tolist(), ids.tolist()) == ([0, 1], [0, 0], [0.5, 1.0], ["r"])


def test_nothing_known_is_no_source():
    beside, *ids = coded(Known(), np.array(["a"], dtype=object), np.array([], dtype=object))
    assert (beside.buildings, beside.returns, beside.operators) == (0, 0, 0)
    assert [len(i) for i in ids] == [0, 0, 0]


def concealed_flows():
    """Five shops of one operator sell what nobody names and draw complaints; ten clean shops name everything."""
    flows = [{"seller_id": f"g{i}", "expected_pico": 10**11} for i in range(5)]
    flows += [{"seller_id": f"c{i}", "supplier_id": "u", "orders": 400, "expected_pico": 10**12} for i in range(10)]
    return flows, [{"seller_id": f"g{i % 5}"} for i in range(15)]


def test_the_fakes_of_an_operator_whom_nobody_supplies_are_published_as_a_supplier():
    flows, complaints = concealed_flows()
    facts = known(members=[(f"g{i}", "op") for i in range(5)])
    _, rows, evidence = told_of(window(flows, complaints, known=facts))
    top = rows.iloc[0]
    assert (top["type"], top["source_key"]) == ("latent", "op")
    assert top["probability"] > 0.5
    assert top["source_id"].startswith("L")
    assert any("Nobody names it" in r for r in top["reasons"])
    mine = evidence[evidence["source_id"] == top["source_id"]]
    assert mine.loc[mine["adds_to"] == "bayes_factor", "contribution"].sum() == pytest.approx(top["ln_bayes_factor"])
    assert set(mine.loc[mine["kind"] == "link", "subject_id"]) == {f"g{i}" for i in range(5)}


def test_fakes_that_leave_by_many_doors_of_one_house_are_the_buildings():
    flows, complaints = concealed_flows()
    flows = [
        {**f, "place": f"p{f['seller_id']}"} if f["seller_id"].startswith("g") else {**f, "place": "w"} for f in flows
    ]
    complaints = [{**c, "place": f"p{c['seller_id']}"} for c in complaints]
    _, rows, _ = told_of(window(flows, complaints, known=known([(f"pg{i}", "h", True) for i in range(5)])))
    house = rows[rows["type"] == "building"].iloc[0]
    doors = rows[rows["type"] == "dispatch"]
    assert house["log_odds"] > doors["log_odds"].max()


def test_a_building_is_no_better_explanation_than_its_one_guilty_door():
    flows = [{"seller_id": f"g{i}", "place": "bad", "expected_pico": 10**11} for i in range(5)]
    flows += [{"seller_id": f"c{i}", "place": "good", "expected_pico": 5 * 10**11} for i in range(4)]
    complaints = [{"seller_id": f"g{i % 5}", "place": "bad"} for i in range(15)]
    facts = known([("bad", "h", True), ("good", "h", True)])
    _, rows, _ = told_of(window(flows, complaints, known=facts))
    of = rows.set_index("source_key")["log_odds"]
    assert of["bad"] > 0
    assert of["h"] < 0
