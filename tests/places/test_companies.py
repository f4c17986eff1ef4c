"""Supplier ids -> companies: what joins them, and what must not."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.places.companies import companies

COLUMNS = ["supplier_id", "reason", "key", "registration"]


def facts(*rows: tuple[str, str, str, str | None]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=COLUMNS, dtype=object)


def found(*rows: tuple[str, str, str, str | None], max_ids: int = 50) -> dict[str, tuple[str, str | None, str | None]]:
    table = companies(facts(*rows), max_ids)
    return {
        r.supplier_id: (r.company, *(None if pd.isna(x) else x for x in (r.reason, r.doubt)))
        for r in table.itertuples()
    }


def test_one_registration_or_one_name_with_a_phone_or_a_house_is_one_company():
    got = found(
        ("b", "registration_no", "CN 1", "CN 1"),
        ("a", "registration_no", "CN 1", "CN 1"),
        ("c", "name_and_phone", "foo +86", None),
        ("d", "name_and_phone", "foo +86", None),
        ("d", "name_and_place", "foo P1", None),
        ("e", "name_and_place", "foo P1", None),
    )
    assert got["a"] == got["b"] == ("a", "registration_no", None)
    assert got["c"] == got["d"] == ("c", "name_and_phone", None)
    assert got["e"] == ("c", "name_and_place", None)


def test_two_registrations_are_two_companies_whatever_else_they_share():
    got = found(("a", "name_and_phone", "foo +86", "CN 1"), ("b", "name_and_phone", "foo +86", "CN 2"))
    assert got == {"a": ("a", None, "contradicted"), "b": ("b", None, "contradicted")}


def test_a_silent_id_does_not_carry_one_registration_over_to_another():
    got = found(
        ("a", "name_and_phone", "foo +86", "CN 1"),
        ("silent", "name_and_phone", "foo +86", None),
        ("silent", "name_and_place", "foo P1", None),
        ("z", "name_and_place", "foo P1", "CN 2"),
    )
    assert {company for company, _, _ in got.values()} == {"a", "silent", "z"}
    assert got["silent"][2] == "contradicted"


def test_a_silent_id_joins_the_only_registration_there_is():
    got = found(
        ("a", "registration_no", "CN 1", "CN 1"),
        ("b", "registration_no", "CN 1", "CN 1"),
        ("b", "name_and_phone", "foo +86", "CN 1"),
        ("c", "name_and_phone", "foo +86", None),
    )
    assert [got[i][0] for i in "abc"] == ["a", "a", "a"]


def test_a_number_that_very_many_share_joins_nobody():
    rows = [(f"s{i}", "registration_no", "CN 1", "CN 1") for i in range(4)]
    assert {c for c, _, _ in found(*rows, max_ids=4).values()} == {"s0"}
    assert set(found(*rows, max_ids=3).values()) == {(f"s{i}", None, "too_many_ids") for i in range(4)}


def test_nothing_gives_nothing():
    assert companies(facts(), 50).columns.tolist() == ["supplier_id", "company", "reason", "doubt"]


IDS = st.sampled_from(["a", "b", "c", "d", "e", "f", "o'n", "😀"])
PAPERS = st.dictionaries(IDS, st.sampled_from(["CN 1", "CN 2"]), max_size=5)
WEAK = st.tuples(IDS, st.sampled_from(["name_and_phone", "name_and_place"]), st.sampled_from(["k1", "k2", "k3"]))


@settings(max_examples=60, deadline=None)
@given(PAPERS, st.lists(WEAK, max_size=12), st.randoms(use_true_random=False))
def test_no_company_has_two_registrations_and_the_order_of_rows_does_not_matter(papers, weak, random):
    rows = [(i, "registration_no", number, number) for i, number in papers.items()]
    rows += [(i, reason, key, papers.get(i)) for i, reason, key in weak]
    table = companies(facts(*rows), 50)
    said = table.assign(number=table["supplier_id"].map(papers)).groupby("company")["number"].nunique()
    assert (said <= 1).all()
    for number in set(papers.values()):
        assert table[table["supplier_id"].map(papers) == number]["company"].nunique() == 1
    random.shuffle(rows)
    pd.testing.assert_frame_equal(table, companies(facts(*rows), 50))


@pytest.mark.parametrize("chain", [2_000])
def test_a_long_chain_is_one_company(chain):
    rows = [(f"s{i + step:05}", "name_and_phone", f"k{i}", None) for i in range(chain) for step in (0, 1)]
    assert companies(facts(*rows), 50)["company"].unique().tolist() == ["s00000"]
