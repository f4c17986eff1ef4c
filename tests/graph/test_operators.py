"""Who runs which shops, on small graphs that a person can check."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import networkx as nx
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.errors import CheckFailedError
from headwater.graph import tell
from headwater.graph.bipartite import KINDS, bipartite
from headwater.graph.cut import tying
from headwater.graph.operators import Found, find_operators
from headwater.graph.said import Pair, Said, said
from headwater.graph.shape import shape
from headwater.graph.verify import faults, verify
from headwater.parameters.graph import Hubs, Operators

Edge = tuple[str, str, str]
EDGE_NAMES = ("seller_id", "type", "value")
STRANGERS = [f"x{i:03d}" for i in range(400)]  # shops that share nothing, so that what two shops share is rare


def found(
    edges: list[Edge], said: Said | None = None, shops: dict[str, tuple[str, str]] | None = None, **more: Any
) -> Found:
    """Operators of the edges' shops among strangers; `shops`: country and category of some; `paid_apart`, `registered_apart`,
    `reached_apart`: shops with a payee, a registration number, a phone (or e-mail, or address) that no other shop gives."""
    about = shops or {}
    names = sorted({e[0] for e in edges} | set(STRANGERS) | set(about))
    table = pa.table(
        {
            "seller_id": pa.array(names, pa.string()),
            "country": pa.array([about.get(n, (None, None))[0] for n in names], pa.string()),
            "category": pa.array([about.get(n, (None, None))[1] for n in names], pa.string()),
            "own_payee_id": pa.array([n in more.get("paid_apart", ()) for n in names]),
            "own_registration_no": pa.array([n in more.get("registered_apart", ()) for n in names]),
            "own_contact": pa.array([n in more.get("reached_apart", ()) for n in names]),
        }
    )
    columns = {n: pa.array([e[i] for e in edges], pa.string()) for i, n in enumerate(EDGE_NAMES)}
    return find_operators(
        pa.table(columns), table, said or Said(), more.get("hubs", Hubs()), more.get("params", Operators())
    )


def groups(result: Found) -> set[frozenset[str]]:
    """The operators of several shops."""
    rows = tell.members(result).to_pandas()
    return {frozenset(part) for _, part in rows.groupby("group")["seller_id"] if len(part) > 1}


def give(value: str, *shops: str, type_name: str = "phone") -> list[Edge]:
    return [(shop, type_name, value) for shop in shops]


def hub_values(result: Found) -> set[str]:
    return set(tell.hubs(result)["value"].to_pylist())


def test_one_payee_ties_its_shops_and_makes_them_a_core():
    result = found(give("P", "a", "b", "c", type_name="payee_id"))
    assert groups(result) == {frozenset("abc")}
    rows = tell.members(result).to_pandas().set_index("seller_id")
    assert rows.loc[["a", "b", "c"], "core"].all()


def test_every_shop_is_in_exactly_one_operator_and_one_alone_is_its_own():
    result = found(give("P", "a", "b", type_name="payee_id"))
    rows = tell.members(result).to_pandas()
    assert rows["seller_id"].is_unique
    assert set(rows["seller_id"]) == {"a", "b", *STRANGERS}
    assert tell.shapes(result)["shops"].to_pylist().count(1) == len(STRANGERS)


def test_two_independent_rare_values_make_a_core_and_two_of_one_family_do_not():
    phone_and_unit = give("1", "a", "b", "c", "d", "e") + give("U", "a", "b", type_name="unit_address")
    assert frozenset("ab") in groups(found(phone_and_unit))
    same_address = give("U", "a", "b", type_name="unit_address") + give("n @ U", "a", "b", type_name="contact_address")
    assert groups(found(same_address)) == set()


def test_a_phone_of_two_parties_ties_and_one_of_three_does_not():
    assert groups(found(give("1", "a", "b"))) == {frozenset("ab")}
    assert groups(found(give("1", "a", "b", "c"))) == set()
    edges = give("P", "a", "b", "c", type_name="payee_id") + give("1", "a", "b", "c", "d")
    assert groups(found(edges)) == {frozenset("abcd")}, "the payee makes one party of three shops"


def test_an_address_alone_never_ties():
    assert groups(found(give("U", "a", "b", type_name="unit_address"))) == set()


def test_a_number_of_many_registers_proves_as_little_as_an_address():
    local = give("HRB12345", "a", "b", type_name="local_registration_no")
    assert groups(found(local)) == set()
    assert groups(found(local + give("U", "a", "b", type_name="unit_address"))) == {frozenset("ab")}


def test_a_member_joins_the_core_with_which_it_shares_a_rare_phone():
    edges = give("P", "a", "b", "c", type_name="payee_id") + give("1", "a", "b", "d")
    result = found(edges)
    assert groups(result) == {frozenset("abcd")}
    rows = tell.members(result).to_pandas().set_index("seller_id")
    assert not rows.loc["d", "core"]


def test_a_phone_of_one_operators_twenty_shops_is_no_hub_and_that_of_twenty_strangers_is():
    shops = [f"s{i:02d}" for i in range(20)]
    mine = give("P", *shops, type_name="payee_id") + give("1", *shops)
    assert hub_values(found(mine)) == set()
    assert hub_values(found(give("1", *shops))) == {"1"}


def test_a_value_that_two_cores_give_ties_neither_to_the_other():
    edges = give("P", "a", "b", type_name="payee_id") + give("Q", "c", "d", type_name="payee_id") + give("1", "a", "c")
    assert groups(found(edges)) == {frozenset("ab"), frozenset("cd")}


def test_an_agents_kit_of_phone_and_address_ties_none_of_its_many_clients():
    clients = [f"s{i:02d}" for i in range(12)]
    edges = give("1", *clients) + give("U", *clients, type_name="unit_address") + give("m", *clients, type_name="email")
    assert groups(found(edges)) == set()
    assert groups(found(edges, hubs=Hubs(parties=20, parties_wide=20))) == {frozenset(clients)}


def kit(*clients: str) -> list[Edge]:
    """What a warehouse that takes returns gives to its clients: its phone and its unit, with its contact."""
    return (
        give("1", *clients)
        + give("U", *clients, type_name="unit_address")
        + give("n @ U", *clients, type_name="contact_address")
    )


FAR = dict(zip("abcde", itertools.product(["DE", "FR", "CN", "US", "PL"]), strict=True))
FAR = {shop: (country, f"goods {shop}") for shop, (country,) in FAR.items()}


def test_five_shops_of_five_countries_that_share_a_warehouse_are_strangers():
    assert groups(found(kit(*"abcde"), shops=FAR)) == set()
    assert groups(found(kit(*"abcde"), shops=dict.fromkeys("abcde", ("DE", "toys")))) == {frozenset("abcde")}


@pytest.mark.parametrize("clients", [3, 5, 10])
@pytest.mark.parametrize("papers", ["paid_apart", "registered_apart"])
def test_shops_that_are_each_paid_or_registered_apart_are_not_tied_by_what_a_warehouse_gives_them(clients, papers):
    shops = [f"s{i}" for i in range(clients)]
    assert groups(found(kit(*shops))) == {frozenset(shops)}, "of whom nothing is known but that"
    result = found(kit(*shops), **{papers: shops})
    assert groups(result) == set()
    hub = next(h for h in tell.hubs(result).to_pylist() if h["type"] == "phone")
    assert (hub["payees"], hub["decided_by"]) == (clients, "degree")
    assert f"{clients} of them known to be different" in hub["reason"]


def test_the_clients_of_a_warehouse_do_not_join_the_operator_that_is_one_of_them():
    payee = give("P", "a", "b", type_name="payee_id")
    assert groups(found(payee + kit(*"abcd"), paid_apart="cd")) == {frozenset("ab")}
    assert groups(found(payee + kit(*"abc"), paid_apart="c")) == {frozenset("abc")}, (
        "an operator may pay one shop apart"
    )


def test_a_payee_and_a_number_of_two_shops_say_nothing_against_each_other():
    """Known to differ are two payees, or two numbers; a payee here and a number there are not."""
    assert groups(found(kit(*"abc"), paid_apart="a", registered_apart="b")) == {frozenset("abc")}
    assert groups(found(kit(*"abc"), paid_apart="ab", registered_apart="bc")) == {frozenset("abc")}


@pytest.mark.parametrize("clients", [5, 12, 40])
def test_a_payment_agents_payee_ties_none_of_its_clients_however_narrow(clients):
    shops = [f"s{i:02d}" for i in range(clients)]
    payee = give("P", *shops, type_name="payee_id")
    narrow = dict.fromkeys(shops, ("DE", "toys"))
    assert groups(found(payee, shops=narrow)) == {frozenset(shops)}, "of whom nothing is known but that"
    result = found(payee, shops=narrow, reached_apart=shops)
    assert groups(result) == set()
    assert [h["kind"] for h in tell.hubs(result).to_pylist()] == ["agent"]


def clients(*sizes: int, registered: int) -> list[Edge]:
    """An agent's payee, given by clients of so many shops each, who share a phone; the first of them give a number, too."""
    shops = [[f"{name}{i:02d}" for i in range(size)] for name, size in zip("abcdefgh", sizes, strict=False)]
    numbers = [give(f"R{i}", *own, type_name="registration_no") for i, own in enumerate(shops[:registered])]
    phones = [give(f"{i}", *own) for i, own in enumerate(shops)]
    return [*itertools.chain(give("P", *itertools.chain(*shops), type_name="payee_id"), *numbers, *phones)]


def test_a_payee_of_clients_with_several_shops_each_ties_none_to_another():
    result = found(clients(3, 3, 3, 3, registered=4))
    assert sorted(map(len, groups(result))) == [3, 3, 3, 3]
    assert hub_values(result) == {"P"}
    assert [h["kind"] for h in tell.hubs(result).to_pylist()] == ["agent"]


@pytest.mark.parametrize(
    ("sizes", "registered"),
    [((3, 3, 3, 3), 2), ((7, 2, 2, 2), 4), ((4, 4, 4), 3), ((4, 1, 1, 1, 1), 5)],
    ids=["few papers", "one leads", "few", "shops on their own"],
)
def test_a_payee_whose_parties_may_be_one_operators_ties_them(sizes, registered):
    assert sorted(map(len, groups(found(clients(*sizes, registered=registered))))) == [sum(sizes)]


def test_an_address_that_an_agent_lends_makes_no_operator_of_its_clients():
    shops = [f"s{i:02d}" for i in range(10)]
    payee = give("P", *shops, type_name="payee_id")
    rooms = [e for i in range(0, 10, 2) for e in give(f"U{i}", *shops[i : i + 2], type_name="unit_address")]
    assert groups(found(payee + rooms, reached_apart=shops)) == set()


def test_a_mailbox_of_three_who_are_paid_apart_ties_them_and_a_phone_does_not():
    mailbox = give("m", "a", "b", "c", type_name="email")
    assert groups(found(mailbox, paid_apart="abc")) == {frozenset("abc")}
    assert groups(found(give("1", "a", "b", "c"), paid_apart="abc")) == set()
    assert groups(found(mailbox, paid_apart="abc", shops=FAR)) == set(), "strangers in three countries"
    assert groups(found(give("m", *"abcd", type_name="email"), paid_apart="abcd")) == set()


def test_shops_that_share_more_than_a_payee_are_no_strangers_though_some_give_their_own_phone():
    shops = [f"s{i:02d}" for i in range(12)]
    more = [e for i in range(0, 12, 2) for e in give(f"m{i}", *shops[i : i + 2], type_name="email")]
    result = found(give("P", *shops, type_name="payee_id") + more, reached_apart=shops[:6])
    assert groups(result) == {frozenset(shops)}


def large(shops: list[str], paid: int, registered: int) -> list[Edge]:
    """An operator that hides: some shops share the payee, some the number, most a phone, e-mail and unit; all in turn."""
    more = (
        give("1", *shops[6:])
        + give("m", *shops[:12], type_name="email")
        + give("U", *shops[3:], type_name="unit_address")
    )
    return (
        give("P", *shops[:paid], type_name="payee_id")
        + give("R", *shops[paid - registered + 4 : paid + 4], type_name="registration_no")
        + more
    )


def test_a_payee_and_a_number_agree_that_an_operator_of_many_shops_is_one():
    shops = [f"s{i:02d}" for i in range(25)]
    result = found(large(shops, 18, 14), reached_apart=shops, paid_apart=shops[22:], registered_apart=shops[:4])
    assert not hub_values(result) & {"P", "R"}
    assert frozenset(shops[:22]) in groups(result)


def test_an_operator_of_sixty_shops_is_one_in_whatever_it_trades():
    shops = [f"s{i:02d}" for i in range(60)]
    wide = {shop: ("DE", f"goods {i % 8}") for i, shop in enumerate(shops)}
    edges = give("P", *shops, type_name="payee_id") + give("R", *shops[:24], type_name="registration_no")
    assert groups(found(edges, shops=wide, reached_apart=shops, registered_apart=shops[24:36])) == {frozenset(shops)}
    result = found(edges, shops=wide, reached_apart=shops, registered_apart=shops[24:])
    assert groups(result) == {frozenset(shops[:24])}, "more of them are known to differ than agree"


@pytest.mark.parametrize("clients", [12, 18, 40])
@pytest.mark.parametrize("known", ["reached_apart", "registered_apart"])
def test_an_agents_kit_with_its_payee_is_one_witness_and_ties_none_of_its_clients(clients, known):
    shops = [f"s{i:02d}" for i in range(clients)]
    edges = kit(*shops) + give("m", *shops, type_name="email") + give("P", *shops, type_name="payee_id")
    result = found(edges, **{known: shops})
    assert groups(result) == set()
    assert {"P", "1", "m", "U"} <= hub_values(result)


@pytest.mark.parametrize("others", ["registered_apart", "reached_apart"])
def test_an_operator_among_an_agents_clients_does_not_make_them_its_own(others):
    shops = [f"s{i:02d}" for i in range(48)]
    edges = give("P", *shops, type_name="payee_id") + kit(*shops) + give("R", *shops[:12], type_name="registration_no")
    assert groups(found(edges, **{"reached_apart": shops, others: shops[12:]})) == {frozenset(shops[:12])}


def test_shops_with_numbers_of_their_own_besides_are_known_to_differ():
    shops = [f"s{i:02d}" for i in range(20)]
    both = give("P", *shops, type_name="payee_id") + give("R", *shops, type_name="registration_no")
    assert groups(found(both, reached_apart=shops)) == {frozenset(shops)}
    assert groups(found(both, reached_apart=shops, registered_apart=shops)) == set()


def test_a_payee_that_a_person_calls_a_hub_is_no_witness_for_a_number():
    shops = [f"s{i:02d}" for i in range(20)]
    both = give("P", *shops, type_name="payee_id") + give("R", *shops, type_name="registration_no")
    result = found(both, Said(hubs={"payee_id": frozenset("P")}), reached_apart=shops)
    assert hub_values(result) == {"P", "R"}


def test_a_payee_and_a_number_that_a_form_fills_in_are_no_witnesses():
    everybody = [f"s{i:03d}" for i in range(120)]
    both = give("P", *everybody, type_name="payee_id") + give("R", *everybody, type_name="registration_no")
    result = found(both, reached_apart=everybody)
    assert groups(result) == set()
    assert tell.hubs(result)["kind"].to_pylist() == ["placeholder", "placeholder"]


def test_wide_spread_makes_a_hub_of_what_narrow_spread_does_not():
    shops = [f"s{i}" for i in range(7)]
    wide = {s: (country, "toys") for s, country in zip(shops, ["DE", "FR", "CN", "US", "PL", "IT", "ES"], strict=True)}
    narrow = dict.fromkeys(shops, ("DE", "toys"))
    assert hub_values(found(give("1", *shops), shops=wide)) == {"1"}
    assert hub_values(found(give("1", *shops), shops=narrow)) == set()


def test_one_phone_and_one_payee_on_every_row_tie_nobody_and_are_placeholders():
    everybody = [f"s{i:03d}" for i in range(300)]
    result = found(give("1", *everybody) + give("P", *everybody, type_name="payee_id"))
    assert groups(result) == set()
    assert tell.hubs(result)["kind"].to_pylist() == ["placeholder", "placeholder"]


def test_a_hub_is_judged_anew_so_a_persons_word_unties_what_a_phone_tied():
    edges = give("1", "a", "b")
    assert groups(found(edges)) == {frozenset("ab")}
    said = Said(hubs={"phone": frozenset(["1"])})
    result = found(edges, said)
    assert groups(result) == set()
    [hub] = tell.hubs(result).to_pylist()
    assert (hub["decided_by"], hub["demoted"], hub["would_join"]) == ("review", 2, 2)


def test_what_a_phone_tied_falls_apart_on_the_night_on_which_it_becomes_a_hub():
    """A night knows nothing of the one before: of the same links, those of a new hub tie nobody."""
    before = kit("a", "b")
    assert groups(found(before, paid_apart="ab")) == {frozenset("ab")}
    result = found(before + kit("c", "d"), paid_apart="abcd")
    assert groups(result) == set()
    assert {(h["value"], h["demoted"]) for h in tell.hubs(result).to_pylist()} == {("1", 4), ("U", 4), ("n @ U", 4)}
    assert tell.edges(result).num_rows == 0


def test_a_listed_address_ties_nobody_by_the_unit_or_its_contacts_and_is_of_the_kind_said():
    edges = give("1", "a", "b") + give("n @ U", "a", "b", type_name="contact_address")
    edges += give("2", "c", "d", "e", "f") + give("U", "c", "d", type_name="unit_address")
    assert groups(found(edges)) == {frozenset("ab"), frozenset("cd")}
    reviewed = [
        {"type": t, "value": v, "what": "3pl", "word": "hub"}
        for t, v in (("unit_address", "U"), ("contact_address", "n @ U"))
    ]
    result = found(edges, said([], reviewed))
    assert groups(result) == {frozenset("ab")}, "a phone of two shops needs no address"
    assert {(h["type"], h["kind"], h["decided_by"]) for h in tell.hubs(result).to_pylist()} == {
        ("unit_address", "3pl", "review"),
        ("contact_address", "3pl", "review"),
    }


def test_a_value_that_a_person_cleared_is_no_hub():
    shops = [f"s{i:02d}" for i in range(20)]
    said = Said(hubs={"phone": frozenset(["1"])}, no_hubs={"phone": frozenset(["1"])})
    result = found(give("1", *shops), said)
    assert hub_values(result) == set()
    assert [row["kind"] for row in result.contradictions] == ["hub_and_cleared"]


def test_must_link_ties_and_cannot_link_holds_apart():
    assert groups(found([], Said(must=(Pair("v1", "x001", "x002"),)))) == {frozenset(["x001", "x002"])}
    payee = give("P", "a", "b", type_name="payee_id")
    result = found(payee, Said(cannot=(Pair("v2", "a", "b"),)))
    assert groups(result) == set()
    assert [row["kind"] for row in result.contradictions] == ["cannot_link_against_evidence"]


def test_cannot_link_cuts_the_weakest_way_and_leaves_the_rest_together():
    edges = give("P", "a", "b", "c", type_name="payee_id") + give("1", "a", "d")
    assert groups(found(edges)) == {frozenset("abcd")}
    assert groups(found(edges, Said(cannot=(Pair("v", "c", "d"),)))) == {frozenset("abc")}


def test_cyclic_and_contrary_verdicts_end_in_operators_and_contradictions():
    must = tuple(Pair(f"m{i}", one, other) for i, (one, other) in enumerate(["ab", "bc", "ca"]))
    said = Said(
        must=must, cannot=(Pair("n0", "a", "c"), Pair("n1", "c", "a"), Pair("n2", "a", "a"), Pair("n3", "a", "nobody"))
    )
    result = found([(s, "phone", s) for s in "abc"], said)
    number = {name: i for i, name in enumerate(result.graph.sellers.to_pylist())}
    assert result.label[number["a"]] != result.label[number["c"]]
    kinds = sorted(row["kind"] for row in result.contradictions)
    assert kinds.count("must_link_not_kept") >= 1
    assert {"same_shop", "unknown_shop"} <= set(kinds)


def test_an_oversize_component_is_cut_at_its_weakest_values_and_marked():
    edges = list(
        itertools.chain.from_iterable(
            give(f"P{p}", *(f"s{p}{i}" for i in range(4)), type_name="payee_id") for p in range(3)
        )
    )
    edges += give("1", "s00", "t") + give("2", "s10", "t2")
    edges += give("m0", "s00", "s10", type_name="email") + give("k0", "s00", "s10")
    whole = found(edges, params=Operators(max_shops=20))
    assert max(len(g) for g in groups(whole)) > 8
    result = found(edges, params=Operators(max_shops=5))
    assert max(len(g) for g in groups(result)) <= 5
    assert {frozenset(f"s{p}{i}" for i in range(4)) for p in range(3)} <= {g - {"t", "t2"} for g in groups(result)}
    cut = {row["group"] for row in tell.shapes(result).to_pylist() if row["oversize"]}
    assert "s00" in cut
    assert "s20" not in cut


def test_a_component_of_equal_values_falls_apart_whole_rather_than_by_a_tie():
    shops = [f"s{i:02d}" for i in range(30)]
    result = found(give("P", *shops, type_name="payee_id"), params=Operators(max_shops=10))
    assert groups(result) == set()
    assert sum(row["oversize"] for row in tell.shapes(result).to_pylist()) == 30


def test_ids_with_quotes_emoji_and_ten_thousand_characters_are_only_names():
    odd = ['"', "'; drop--", "\U0001f600", "é" * 10_000, "a\nb"]
    assert groups(found(give("P\U0001f600", *odd, type_name="payee_id"))) == {frozenset(odd)}


@st.composite
def small_worlds(draw: st.DrawFn) -> list[Edge]:
    names = st.sampled_from([f"s{i}" for i in range(12)])
    values = st.tuples(st.sampled_from([k.name for k in KINDS[:-1]]), st.sampled_from("pqrs"))
    pairs = draw(st.lists(st.tuples(names, values), max_size=40))
    return [(shop, kind, value) for shop, (kind, value) in pairs]


@st.composite
def verdicts_of_pairs(draw: st.DrawFn) -> Said:
    pairs = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=4)
    must, cannot = (
        tuple(Pair(f"{word}{i}", f"s{a}", f"s{b}") for i, (a, b) in enumerate(draw(pairs))) for word in "mn"
    )
    return Said(must=must, cannot=cannot)


def renamed(said: Said, names: dict[str, str]) -> Said:
    must, cannot = (
        tuple(Pair(p.verdict_id, *sorted((names[p.one], names[p.other]))) for p in pairs)
        for pairs in (said.must, said.cannot)
    )
    return Said(must=must, cannot=cannot)


@settings(max_examples=150, deadline=None)
@given(
    small_worlds(),
    verdicts_of_pairs(),
    st.integers(4, 12),
    st.permutations(range(12)),
    st.randoms(use_true_random=False),
)
def test_order_repetition_and_names_of_shops_do_not_matter(
    edges: list[Edge], said: Said, guard: int, order: list[int], random: Any
) -> None:
    params = Operators(max_shops=guard)
    once = groups(found(edges, said, params=params))
    shuffled = [*edges, *edges[:3]]
    random.shuffle(shuffled)
    assert groups(found(shuffled, said, params=params)) == once
    other = {f"s{i}": f"{order[i]:02d}-renamed" for i in range(12)}
    again = groups(found([(other[s], k, v) for s, k, v in edges], renamed(said, other), params=params))
    back = {new: old for old, new in other.items()}
    assert {frozenset(back[s] for s in g) for g in again} == once


@settings(max_examples=150, deadline=None)
@given(small_worlds(), verdicts_of_pairs(), st.integers(4, 12))
def test_what_is_found_holds_whatever_people_said(edges: list[Edge], said: Said, guard: int) -> None:
    params = Operators(max_shops=guard)
    result = found(edges, said, params=params)
    assert faults(result, result.graph.shops, params) == []


def test_where_ways_are_equally_cheap_all_are_cut_and_no_name_decides():
    chain = [e for i, pair in enumerate(["ab", "bc", "cd"]) for e in give(f"P{i}", *pair, type_name="payee_id")]
    assert groups(found(chain)) == {frozenset("abcd")}
    result = found(chain, Said(cannot=(Pair("v", "a", "d"),)))
    assert groups(result) == set()
    ends = [e for i, pair in enumerate(["ab", "cd"]) for e in give(f"P{i}", *pair, type_name="payee_id")]
    between = give("1", "b", "c") + give("U", "b", "c", type_name="unit_address")
    assert groups(found(ends + between)) == {frozenset("abcd")}
    result = found(ends + between, Said(cannot=(Pair("v", "a", "d"),)))
    assert groups(result) == {frozenset("ab"), frozenset("cd")}, "the weakest alone where one is weakest"


def test_a_shop_that_shares_as_much_with_two_cores_joins_neither():
    edges = [*give("P", "a", "b", type_name="payee_id"), *give("Q", "c", "d", type_name="payee_id")]
    edges += give("1", "a", "x") + give("2", "c", "x")
    assert groups(found(edges)) == {frozenset("ab"), frozenset("cd")}
    assert groups(found(edges + give("m", "b", "x", type_name="email"))) == {frozenset("abx"), frozenset("cd")}


@settings(max_examples=60, deadline=None)
@given(small_worlds())
def test_an_operator_hangs_together_by_identity_values_that_are_no_hubs(edges: list[Edge]) -> None:
    result = found(edges)
    graph = nx.Graph()
    hubs = {(row["type"], row["value"]) for row in tell.hubs(result).to_pylist()}
    for row in tell.edges(result).to_pylist():
        assert row["ties"]
        assert (row["type"], row["value"]) not in hubs
        graph.add_edge(row["seller_id"], (row["type"], row["value"]))
    parts = {frozenset(n for n in part if isinstance(n, str)) for part in nx.connected_components(graph)}
    assert groups(result) <= parts | {frozenset()} or groups(result) == _merged(parts, result)


def _merged(parts: set[frozenset[str]], result: Found) -> set[frozenset[str]]:
    """A value may tie within two operators apart: split what the plain graph joins by operator."""
    label = dict(zip(result.graph.sellers.to_pylist(), result.label.tolist(), strict=True))
    return {frozenset(s for s in part if label[s] == one) for part in parts for one in {label[s] for s in part}}


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=24))
def test_bridges_and_weakest_link_are_those_of_networkx(pairs: list[tuple[int, int]]) -> None:
    rows = sorted(set(pairs))
    edges = pa.table(
        {
            "seller_id": [f"s{s}" for s, _ in rows],
            "type": ["phone"] * len(rows),
            "value": [f"v{v}" for _, v in rows],
        }
    )
    graph = bipartite(edges, pa.array([f"s{i}" for i in range(8)]))
    oracle = nx.Graph((f"s{graph.shop[i]}", f"v{graph.value[i]}") for i in range(len(graph.shop)))
    label = np.arange(8)
    for part in nx.connected_components(oracle):
        shops = [int(n[1:]) for n in part if n[0] == "s"]
        label[shops] = min(shops)
    weight = 1.0 + np.arange(len(graph.kind)) % 3
    tied = tying(graph, np.ones(len(graph.shop), bool), label)
    form = shape(graph, tied, weight, label)
    oracle = nx.Graph()
    for i in np.flatnonzero(tied):
        oracle.add_edge(f"s{graph.shop[i]}", f"v{graph.value[i]}", weight=weight[graph.value[i]])
    for row, first in enumerate(form.label):
        part = oracle.subgraph(nx.node_connected_component(oracle, f"s{first}"))
        bridges = {n for edge in nx.bridges(part) for n in edge if n[0] == "v"}
        assert form.bridges[row] == len(bridges)
        forest = nx.maximum_spanning_edges(part, data=True)
        assert form.weakest[row] == min(d["weight"] for _, _, d in forest)
        values = [n for n in part if n[0] == "v"]
        shops = len(part) - len(values)
        assert form.density[row] == pytest.approx(part.number_of_edges() / (shops * len(values)))


def moved(result: Found, *shops: str) -> Found:
    """The same, but those shops are said to be one operator apart."""
    rows = [result.graph.sellers.to_pylist().index(shop) for shop in shops]
    label = result.label.copy()
    label[rows] = min(rows)
    return replace(result, label=label)


def demoted(result: Found, value: str) -> Found:
    hub = result.spread.hub | np.array([v == value for v in result.graph.values.to_pylist()])
    return replace(result, spread=replace(result.spread, hub=hub))


TORN = "2 shops are in another operator than a shop that a value ties them to: a, b"


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        (lambda r: moved(r, "b"), TORN),
        (lambda r: moved(r, "y"), "2 shops are in another operator than a shop that a value ties them to: x, y"),
        (lambda r: moved(r, "x000", "x001"), "1 shops are in an operator with which no value ties them: x001"),
        (lambda r: demoted(r, "P"), "2 shops are tied by a value that is a hub: a, b"),
        (lambda r: replace(r, tied=r.tied & False, dropped=r.tied & False, label=np.arange(len(r.label))), TORN),
        (lambda r: replace(r, label=r.label[:-1]), "operators hold 403 shops, the feeds know 404"),
    ],
)
def test_what_does_not_hold_stops_the_run_and_is_named(broken, named):
    result = found(give("P", "a", "b", type_name="payee_id") + give("1", "x", "y"))
    verify(result, result.graph.shops, Operators())
    with pytest.raises(CheckFailedError) as told:
        verify(broken(result), result.graph.shops, Operators())
    assert named in str(told.value)
    assert told.value.exit_code == 4


def test_an_operator_above_the_guard_is_named_unless_a_person_made_it_so():
    edges = give("P", "a", "b", "c", type_name="payee_id")
    params = Operators(max_shops=2)
    with pytest.raises(CheckFailedError, match="3 shops are in an operator of more than 2 shops: a, b, c"):
        verify(found(edges), 403, params)
    must = Said(must=(Pair("m0", "a", "b"), Pair("m1", "b", "c")))
    verify(found([], must, shops=dict.fromkeys("abc", (None, None)), params=params), 403, params)


def test_a_hundred_thousand_shops_with_one_address_are_one_hub_and_nobodys_operator():
    shops = [f"s{i:06d}" for i in range(100_000)]
    result = found(give("U", *shops, type_name="unit_address") + give("1", *shops))
    assert groups(result) == set()
    assert hub_values(result) == {"U", "1"}
