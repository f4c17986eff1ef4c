"""Shops that opened together, and operators who sell a confirmed source's goods."""

from itertools import permutations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.attribution.company import opened_together, presence, with_confirmed
from headwater.attribution.market import Beside, Complaints, Flows, Links, Market, Named
from headwater.parameters.finding import SideParams

NONE = np.zeros(0, dtype=np.int64)
PARAMS = SideParams()


def market(shops, opened=None, operator=None, confirmed=None):
    """Shops with one flow each, of one order."""
    zero, one = np.zeros(shops), np.ones(shops)
    code = np.arange(shops)
    flows = Flows(code, code * 0, code * 0, one, one, zero, zero, zero)
    none = Complaints(NONE, NONE, NONE, NONE, NONE, NONE, NONE, np.zeros(0))
    beside = None
    if operator is not None:
        run_by = np.array(operator)
        beside = Beside(0, 0, int(run_by.max()) + 1, NONE, NONE, NONE, np.zeros(0), run_by, NONE, NONE)
    return Market(
        shops, 0, 3, 1, 0, flows, none, Named(NONE, NONE, np.zeros(0)), Links(NONE, NONE, np.zeros(0)), beside=beside,
        opened=None if opened is None else np.array(opened, dtype=float),
        confirmed=None if confirmed is None else np.array(confirmed, dtype=np.int64),
    )  # fmt: skip


def sold(*columns):
    """(shops x sources) from one column a source."""
    return sp.csr_matrix(np.array(columns, dtype=float).T)


def test_a_shop_sells_a_source_as_surely_as_it_has_orders_of_it():
    sure = sp.csr_matrix([[1.0, 0.25], [0.0, 1.0]])
    assert presence(market(2), sure).toarray() == pytest.approx(np.array([[0.5, 0.2], [0.0, 0.5]]))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(-900, 30) | st.none(), st.lists(st.floats(0, 1), min_size=2, max_size=2)),
        min_size=2,
        max_size=9,
    )
)
def test_pairs_are_counted_as_one_by_one(rows):
    opened = [np.nan if day is None else day for day, _ in rows]
    present = sp.csr_matrix(np.array([p for _, p in rows]))
    got = opened_together(market(len(rows), opened), present, PARAMS)
    known = [i for i, d in enumerate(opened) if d == d]

    def near(i, k):
        return abs(opened[i] // 7 - opened[k] // 7) <= 1

    p = present.toarray()
    for j in range(2):
        pairs = sum(p[i, j] * p[k, j] for i, k in permutations(known, 2) if near(i, k))
        chance = {i: sum(near(i, k) for k in known if k != i) / max(len(known) - 1, 1) for i in known}
        usual = sum(p[i, j] * p[k, j] * chance[i] for i, k in permutations(known, 2))
        assert got[j] == pytest.approx(np.log((pairs + 3) / (usual + 3)), abs=1e-9)


def test_shops_of_a_source_that_opened_together_speak_and_a_wave_of_all_shops_does_not():
    days = [*range(-900, -100, 50), *[-30] * 6]
    mine = [0] * 16 + [1] * 6
    others = [1] * 16 + [0] * 6
    got = opened_together(market(22, days), sold(mine, others), PARAMS)
    assert got[0] > 1 > 0.1 > got[1]
    wave = opened_together(market(22, [-30] * 22), sold(mine, others), PARAMS)
    assert wave == pytest.approx(np.zeros(2), abs=1e-9)


@pytest.mark.parametrize("opened", [None, [np.nan] * 4, [np.nan, np.nan, np.nan, 3.0]])
def test_without_opening_days_nothing_is_said(opened):
    assert not opened_together(market(4, opened), sold([1, 1, 1, 1], [1, 0, 0, 0]), PARAMS).any()


def test_what_operators_of_a_confirmed_source_sell_besides_is_in_bad_company():
    # Shops 0 and 1 have one operator: 0 sells the confirmed source 0, 1 sells source 1; source 2 is sold elsewhere.
    windows = market(4, operator=[0, 0, -1, -1], confirmed=[0])
    got = with_confirmed(windows, sold([1, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 1]), np.full(3, -1), PARAMS)
    assert got[1] == pytest.approx(0.5 / (2 + PARAMS.company_pseudo))
    assert got[2] == 0
    assert got[0] == 0, "its own verdict is no sign of it"


def test_two_confirmed_sources_speak_of_each_other_but_a_place_and_its_owner_are_one():
    columns = sold([1, 0, 0, 0], [1, 0, 0, 0], [1, 1, 0, 0])
    both = with_confirmed(market(4, confirmed=[0, 1]), columns, np.full(3, -1), PARAMS)
    assert both[0] == both[1] > 0
    owned = with_confirmed(market(4, confirmed=[0]), columns, np.array([-1, 0, -1]), PARAMS)
    assert owned[1] == 0, "source 1 is a place of source 0 alone"
    assert owned[2] > 0
    by_place = with_confirmed(market(4, confirmed=[1]), columns, np.array([-1, 0, -1]), PARAMS)
    assert by_place[0] == 0
    assert by_place[2] == owned[2]


@pytest.mark.parametrize("confirmed", [None, []])
def test_without_verdicts_nothing_is_said(confirmed):
    assert not with_confirmed(market(2, confirmed=confirmed), sold([1, 1], [1, 0]), np.full(2, -1), PARAMS).any()
