"""Facts of the feeds as links: one row a shop and value, each with its rows."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest

from headwater.graph.facts import facts
from headwater.graph.links import counted_links, links, meant
from headwater.graph.said import disputed, unknown_values, values_said
from headwater.graph.shared_places import hubs, shared_places
from headwater.graph.shops import all_shops
from headwater.graph.tell import HUB_ROWS, frame
from headwater.parameters.graph import Hubs, Links
from headwater.parameters.places import PlaceParams
from headwater.places.identity import SHOP_VALUES
from headwater.places.rules import load_rules
from headwater.tables.clean import CLEAN_ADDRESSES, CLEAN_ORDERS, CLEAN_SELLERS, CLEAN_SUPPLIER_LINKS
from headwater.tables.model import COMPLAINT_EXPOSURE, MEMBERS, ORDER_EXPOSURE, PLACES, SUPPLIERS

NIGHT = date(2026, 11, 22)
PLACE = {
    "night": NIGHT, "address_id": "A1", "place_id": "P1", "building_key": "B1", "seller_id": "a", "role": "return",
    "level": "unit", "may_be_source": True, "name": "1 Main Street, Unit 4", "country": "DE",
}  # fmt: skip
ADDRESS = {"night": NIGHT, "intake_seq": 7, "address_id": "A1", "seller_id": "a", "role": "return"}
LINK = {
    "night": NIGHT,
    "intake_seq": 8,
    "seller_id": "a",
    "supplier_id": "U1",
    "kind": "purchase",
    "supplier_name": "Uno",
}
SUPPLIER = {"night": NIGHT, "supplier_id": "U1", "company_id": "C1", "name": "Uno Ltd", "orders": 5}
ORDER = {
    "night": NIGHT, "day": NIGHT, "seller_id": "a", "category": "toys", "price_band": 3, "destination": "DE",
    "orders": 5, "quantity": 5, "value_minor": 0, "unpriced": 0,
}  # fmt: skip
VALUE = {
    "feed": "sellers", "row_id": "a", "night": NIGHT, "intake_seq": 3, "seller_id": "a", "role": None, "kind": "phone",
    "written": "+49 30 1", "value": "+49301", "reason": None, "first_seen": None, "last_seen": None,
}  # fmt: skip
VALUES = (
    "feed string, row_id string, night date, intake_seq bigint, seller_id string, role string, kind string, written string, "
    "value string, reason string, first_seen timestamp, last_seen timestamp"
)
REVIEWED = "type string, value string, what string"
LINE = {"night": NIGHT, "intake_seq": 9, "day": NIGHT, "order_id": "O1", "line_no": 1, "seller_id": "a"}


def values_frame(spark: Any, *rows: dict[str, Any]) -> Any:
    return spark.createDataFrame([tuple({**VALUE, **row}[n] for n in SHOP_VALUES) for row in rows], VALUES)


def told(rows_of: Any, values: Any, *places: dict[str, Any]) -> dict[tuple[str, str], list[str]]:
    """The shops of each fact, by type and value, of values and addresses alone."""
    rows = facts(
        values,
        rows_of(PLACES, PLACE, *places),
        rows_of(SUPPLIERS, SUPPLIER),
        rows_of(CLEAN_ADDRESSES, ADDRESS),
        rows_of(CLEAN_SUPPLIER_LINKS, LINK),
        rows_of(ORDER_EXPOSURE, ORDER),
        rows_of(CLEAN_ORDERS, LINE),
        Links(),
    ).collect()
    return {(r["type"], r["value"]): sorted(x["seller_id"] for x in rows if x["value"] == r["value"]) for r in rows}


@pytest.fixture(scope="module")
def linked(spark: Any) -> dict[tuple[str, str, str], dict[str, Any]]:
    """One small marketplace as links, by (shop, type, value)."""

    def frame(table: Any, *rows: dict[str, Any]) -> Any:
        return spark.createDataFrame([tuple(r.get(n) for n in table.column_names) for r in rows], table.schema())

    seen = datetime(2026, 1, 5, tzinfo=UTC)
    values = [
        VALUE,
        VALUE | {"seller_id": "b", "row_id": "b"},
        VALUE | {"seller_id": "b", "row_id": "b", "kind": "email", "value": None, "reason": "placeholder"},
        *(
            VALUE | {"feed": "addresses", "row_id": f"A{i:02d}", "first_seen": seen, "role": "registered"}
            for i in range(40)
        ),
        VALUE
        | {
            "feed": "addresses",
            "row_id": "A1",
            "kind": "contact_name",
            "written": "Ann Wu",
            "value": "ann wu",
            "role": "return",
        },
    ]
    rows = facts(
        spark.createDataFrame([tuple(v[n] for n in SHOP_VALUES) for v in values], VALUES),
        frame(
            PLACES,
            PLACE,
            PLACE | {"address_id": "A2", "place_id": "P2", "role": "dispatch", "level": "building", "seller_id": "b"},
            PLACE
            | {"address_id": "A3", "place_id": "P3", "may_be_source": False, "level": "city", "building_key": None},
        ),
        frame(
            SUPPLIERS,
            SUPPLIER,
            SUPPLIER | {"supplier_id": "U-01"},
            SUPPLIER | {"supplier_id": "V", "company_id": "C2", "name": None},
        ),
        frame(
            CLEAN_ADDRESSES, ADDRESS, ADDRESS | {"address_id": "A2", "seller_id": "b"}, ADDRESS | {"address_id": "A3"}
        ),
        frame(CLEAN_SUPPLIER_LINKS, LINK),
        frame(
            ORDER_EXPOSURE,
            ORDER | {"dispatch_address_id": "A2"},
            ORDER | {"dispatch_address_id": "A2", "orders": -2, "category": "shoes"},
            ORDER | {"supplier_id": "U1"},
            ORDER | {"supplier_id": "U-01", "orders": 2},
            ORDER | {"supplier_id": "V", "orders": 1},
        ),
        frame(
            CLEAN_ORDERS,
            LINE | {"order_id": "O9", "supplier_id": "V"},
            LINE | {"order_id": "O7", "supplier_id": "V", "line_no": 2},
            LINE | {"order_id": "O5", "supplier_id": "V", "day": date(2026, 11, 23)},
            LINE | {"order_id": "O6", "supplier_id": "V", "seller_id": "b"},
        ),
        Links(),
    )
    nothing = spark.createDataFrame([], "type string, value string, reason string")
    hub = spark.createDataFrame([("phone", "+49301", "an agent's")], nothing.schema)
    edge = spark.createDataFrame([], "seller_id string, type string, value string, ties boolean, reason string")
    found = links(counted_links(rows, 4, Links()), hub, edge, NIGHT).collect()
    return {(r["seller_id"], r["type"], r["value"]): r.asDict() for r in found}


def test_a_fact_that_many_rows_say_is_one_row_with_a_few_of_them_named(linked: Any) -> None:
    row = linked["a", "phone", "+49301"]
    assert row["support"] == 41
    assert len(row["refs"]) == Links().refs_kept
    assert row["refs"][0] == "addresses:A00@2026-11-22:3"
    assert row["first_seen"] == date(2026, 1, 5)
    assert row["shown"] == "+49 30 1"


def test_rarity_is_minus_the_log_of_the_share_of_shops(linked: Any) -> None:
    assert linked["a", "phone", "+49301"]["shops"] == 2
    assert linked["a", "phone", "+49301"]["rarity"] == pytest.approx(-math.log(2 / 4))


def test_a_hubs_link_is_a_relationship_with_its_reason_and_a_rare_value_is_an_identity(linked: Any) -> None:
    hub, own = linked["b", "phone", "+49301"], linked["a", "unit_address", "P1"]
    assert (hub["class"], hub["reason"]) == ("relationship", "an agent's")
    assert (own["class"], own["reason"]) == ("identity", None)


def test_a_contact_counts_only_with_its_unit(linked: Any) -> None:
    assert ("a", "contact_address", "ann wu @ P1") in linked
    assert not [key for key in linked if key[2] == "ann wu"]


def test_a_refused_value_and_an_area_are_no_facts(linked: Any) -> None:
    assert not [key for key in linked if key[1] == "email"]
    assert not [key for key in linked if key[2] == "P3"]


def test_orders_count_for_the_place_and_supplier_that_they_name_net_of_corrections(linked: Any) -> None:
    assert linked["a", "dispatch", "P2"]["orders"] == 3
    assert linked["a", "supplier", "C2"]["orders"] == 1
    assert linked["a", "unit_address", "P1"]["orders"] is None


def test_what_orders_alone_name_counts_them_and_names_the_first(linked: Any) -> None:
    row = linked["a", "supplier", "C2"]
    assert (row["support"], row["refs"]) == (1, ["orders:O7/2@2026-11-22:9"])
    assert linked["a", "dispatch", "P2"]["support"] == 3


def test_the_phone_of_an_address_is_identity_where_the_shop_is_at_home_and_nothing_where_it_sends_from(
    spark: Any, rows_of: Any
) -> None:
    roles = ("dispatch", "return", "registered", "pickup", None)
    rows = [VALUE | {"feed": "addresses", "row_id": f"A{i}", "role": r, "value": f"+{i}"} for i, r in enumerate(roles)]
    found = told(rows_of, values_frame(spark, *rows, VALUE))
    assert {value for kind, value in found if kind == "phone"} == {"+1", "+2", "+3", "+49301"}


def test_a_number_of_digits_is_one_countrys_and_one_of_few_digits_is_no_proof(spark: Any, rows_of: Any) -> None:
    said = {
        "g": "27074358", "c": "27074358", "u": "27074358",  # two countries: of whom it says nothing, none
        "d": "914710330", "v": "914710330",  # one country, so it is meant
        "w": "555123987", "x": "555123987",  # nobody says a country
        "y": "HRB12345", "z": "1234", "s": "DE811907980", "t": "DE811907980",
    }  # fmt: skip
    at = {"g": "GB", "c": "CZ", "d": "NO", "y": "DE", "z": "FR", "s": "CN", "t": "DE"}
    rows = [VALUE | {"kind": "registration_no", "seller_id": s, "row_id": s, "value": n} for s, n in said.items()]
    places = [{"seller_id": s, "address_id": f"A{s}", "role": "registered", "country": c} for s, c in at.items()]
    places += [{"seller_id": "g", "address_id": f"B{i}", "role": "return", "country": "PL"} for i in range(2)]
    found = told(rows_of, values_frame(spark, *rows), *places)
    numbers = {value: shops for (kind, value), shops in found.items() if kind == "registration_no"}
    assert numbers == {
        "GB:27074358": ["g"], "CZ:27074358": ["c"], "?:27074358": ["u"], "NO:914710330": ["d", "v"],
        "?:555123987": ["w", "x"], "DE811907980": ["s", "t"],
    }  # fmt: skip
    assert {value for kind, value in found if kind == "local_registration_no"} == {"HRB12345", "FR:1234"}


def test_two_ids_of_one_company_are_one_supplier_shown_as_somebody_wrote_it(linked: Any) -> None:
    row = linked["a", "supplier", "C1"]
    assert row["orders"] == 7
    assert row["refs"] == ["supplier_links:a/U1/purchase@2026-11-22:8"]
    assert row["support"] == 8
    assert row["shown"] == "Uno"
    assert linked["a", "supplier", "C2"]["shown"] == "V"
    assert {key[2] for key in linked if key[1] == "supplier"} == {"C1", "C2"}


def test_a_value_that_people_speak_of_is_found_by_each_name_that_it_has(spark: Any) -> None:
    counted = spark.createDataFrame(
        [
            ("contact_address", "ann wu @ P1"), ("contact_address", "bo @ x @ P1"), ("contact_address", "bo @ P2"),
            ("unit_address", "P1"), ("dispatch", "P1"), ("phone", "+49301"), ("email", "P1"),
            ("registration_no", "GB:27074358"), ("registration_no", "CZ:27074358"), ("registration_no", "?:1234567"),
            ("local_registration_no", "FR:1234"), ("registration_no", "DE811907980"),
        ],
        "type string, value string",
    )  # fmt: skip

    def found(kind: str, value: str) -> set[tuple[str, str]]:
        said = spark.createDataFrame([(kind, value, "3pl")], REVIEWED)
        rows = meant(said, counted).collect()
        assert {row["what"] for row in rows} <= {"3pl"}
        return {(row["type"], row["value"]) for row in rows}

    contacts = {("contact_address", "ann wu @ P1"), ("contact_address", "bo @ x @ P1")}
    assert found("unit_address", "P1") == {("unit_address", "P1"), *contacts}
    assert found("contact_address", "ann wu @ P1") == {("contact_address", "ann wu @ P1")}
    assert found("registration_no", "27074358") == {("registration_no", f"{c}:27074358") for c in ("GB", "CZ")}
    assert found("registration_no", "CZ:27074358") == {("registration_no", "CZ:27074358")}
    assert found("registration_no", "1234") == {("local_registration_no", "FR:1234")}
    assert found("registration_no", "DE811907980") == {("registration_no", "DE811907980")}
    assert found("dispatch", "P1") == {("dispatch", "P1")}
    assert found("phone", "+49302") == set()


@pytest.mark.parametrize(
    ("typed", "meant_by_it"),
    [
        ("phone:+86 139-2468 3579", ("phone", "+8613924683579")),
        ("email:Foo.Bar+x@GoogleMail.com", ("email", "foobar@gmail.com")),
        ("payee_id:acct_19-Xy", ("payee_id", "ACCT19XY")),
        ("registration_no:gb: 2707 4358", ("registration_no", "GB:27074358")),
        ("registration_no:HRB 123.455", ("registration_no", "HRB123455")),
        ("unit_address: P1", ("unit_address", "P1")),
        ("phone:n/a", ("phone", "n/a")),
        ("fax", ("fax", "")),
    ],
)
def test_a_value_is_taken_as_the_night_takes_it_however_it_is_typed(typed: str, meant_by_it: tuple[str, str]) -> None:
    verdict = {"verdict_id": "V1", "subject_kind": "value", "subject_id": typed, "other_id": None, "verdict": "hub"}
    [row] = values_said([verdict, verdict | {"verdict": "unsure"}], load_rules(), PlaceParams())
    assert (row["type"], row["value"]) == meant_by_it
    assert unknown_values([row], {"V1"}) == []
    [told] = unknown_values([row], set())
    assert (told["kind"], told["verdict_id"], told["outcome"]) == ("unknown_value", "V1", "not applied")


def test_two_people_who_disagree_about_a_pair_are_told() -> None:
    both = {
        "verdict_ids": ["V1", "V2"],
        "subject_kind": "pair",
        "subject_id": "a",
        "other_id": "b",
        "detail": "A says ...",
    }
    assert disputed([both | {"subject_kind": "source", "other_id": None}]) == []
    [row] = disputed([both])
    assert (row["kind"], row["verdict_id"], row["subject_id"], row["other_id"]) == ("judged_both_ways", "V1", "a", "b")


def test_a_contact_of_any_length_leaves_its_place_whole(spark: Any, rows_of: Any) -> None:
    long = VALUE | {"feed": "addresses", "row_id": "A1", "kind": "contact_name", "value": "n" * 300, "written": "N"}
    rows = facts(
        spark.createDataFrame([tuple(long[n] for n in SHOP_VALUES)], VALUES),
        rows_of(PLACES, PLACE, {}),
        rows_of(SUPPLIERS, SUPPLIER),
        rows_of(CLEAN_ADDRESSES, ADDRESS, {}),
        rows_of(CLEAN_SUPPLIER_LINKS, LINK),
        rows_of(ORDER_EXPOSURE, ORDER),
        rows_of(CLEAN_ORDERS, LINE),
        Links(),
    )
    [contact] = rows.where("type = 'contact_address'").collect()
    assert contact["value"].endswith(" @ P1")
    assert len(contact["value"]) <= Links().max_value


def test_a_warehouse_a_supplier_and_a_building_are_never_identity(linked: Any) -> None:
    kinds = {key[1]: row["class"] for key, row in linked.items()}
    assert {kinds[k] for k in ("supplier", "dispatch", "return", "building")} == {"relationship"}


def test_every_shop_that_anything_names_is_a_shop(rows_of: Any) -> None:
    complaint = {"night": NIGHT, "seller_id": "c", "complaints": 1, "weight_milli": 1000}
    rows = all_shops(
        rows_of(ORDER_EXPOSURE, ORDER, {}, {"category": "shoes", "orders": 9}, {"category": "?", "orders": 99}),
        rows_of(COMPLAINT_EXPOSURE, complaint, {}),
        rows_of(CLEAN_SELLERS, {"seller_id": "s"}, {}),
        rows_of(
            PLACES, PLACE, {"seller_id": "d"}, {"seller_id": "d", "country": "CN"}, {"seller_id": "d", "country": "CN"}
        ),
        rows_of(CLEAN_SUPPLIER_LINKS, LINK, {"seller_id": "e"}),
    )
    got = {r["seller_id"]: (r["country"], r["category"], r["orders"]) for r in rows.collect()}
    assert got == {
        "a": (None, "shoes", 113), "c": (None, None, 0), "d": ("CN", None, 0), "e": (None, None, 0), "s": (None, None, 0)
    }  # fmt: skip


def test_a_warehouse_of_many_operators_is_named_and_one_operators_own_is_not(spark: Any, rows_of: Any) -> None:
    member = {"night": NIGHT, "core": True, "country": "DE", "category": "toys", "orders": 1}
    shops = [f"s{i:02d}" for i in range(12)]
    members = rows_of(
        MEMBERS,
        member,
        *({"seller_id": s, "operator_id": f"O{s}"} for s in shops),
        *({"seller_id": f"t{s}", "operator_id": "O1"} for s in shops),
    )
    used = [(s, "dispatch", "hall", "Hall", 12) for s in shops] + [
        (f"t{s}", "dispatch", "own", "Own", 12) for s in shops
    ]
    counted = spark.createDataFrame(used, "seller_id string, type string, value string, shown string, shops bigint")
    nothing = spark.createDataFrame([], REVIEWED)
    found = shared_places(counted, members, rows_of(PLACES, PLACE, {}), nothing, Hubs())
    assert [tuple(r) for r in found.select("value", "kind", "parties").collect()] == [("hall", "3pl", 12)]


def test_a_place_that_a_person_listed_is_a_hub_of_the_kind_said_however_few_use_it(spark: Any, rows_of: Any) -> None:
    member = {"night": NIGHT, "core": True, "country": "DE", "category": "toys", "orders": 1}
    members = rows_of(MEMBERS, member, *({"seller_id": s, "operator_id": f"O{s}"} for s in "ab"))
    used = [(s, "dispatch", place, place, 2) for s in "ab" for place in ("listed", "other")]
    counted = spark.createDataFrame(used, "seller_id string, type string, value string, shown string, shops bigint")
    reviewed = spark.createDataFrame([("dispatch", "listed", "market"), ("return", "listed", "market")], REVIEWED)
    found = shared_places(counted, members, rows_of(PLACES, PLACE, {}), reviewed, Hubs())
    [hub] = found.collect()
    assert (hub["value"], hub["kind"], hub["decided_by"], hub["shops"]) == ("listed", "market", "review", 2)
    assert hub["reason"].startswith("a person says")
    shown = spark.createDataFrame([("phone", "+49301", "030 1")], "type string, value string, shown string")
    agent = {**dict.fromkeys(HUB_ROWS.names, "x"), "type": "phone", "value": "+49301", "kind": "agent"}
    agent |= {f.name: 12 for f in HUB_ROWS if f.type == pa.int64()}
    rows = hubs(frame(spark, pa.Table.from_pylist([agent], HUB_ROWS)), found, shown, NIGHT).collect()
    assert {(r["kind"], r["shown"]) for r in rows} == {("market", "listed"), ("agent", "030 1")}
