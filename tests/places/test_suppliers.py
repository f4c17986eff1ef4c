"""SUPPLIERS, links and orders -> one row an id, the company it means, the place it is at."""

from datetime import date

import pytest

from headwater.parameters.places import PlaceParams
from headwater.places.identity import refusable, supplier_values, values_refused
from headwater.places.places import WRITTEN, address_keys, keyed_addresses, matched_keys, resolved
from headwater.places.rules import load_rules
from headwater.places.suppliers import company_facts, company_groups, supplier_rows, suppliers
from headwater.tables.clean import CLEAN_SUPPLIER_LINKS, CLEAN_SUPPLIERS
from headwater.tables.model import ORDER_EXPOSURE

RULES, PARAMS, NIGHT = load_rules(), PlaceParams(), date(2026, 11, 22)
SUPPLIER = {"night": NIGHT, "intake_seq": 1, "name": "Foo Trading Ltd", "country": "GB"}
HOUSE = {"street": "1 High Street", "city": "Leeds", "postcode": "LS1 1AA"}
ROWS = [
    {"supplier_id": "a", "registration_no": "12345678"},
    {"supplier_id": "b", "registration_no": "1234-5678", "name": "Other Name", "country": None},
    {"supplier_id": "c", "registration_no": "12345678", "name": "Foo GmbH", "country": "DE"},
    {"supplier_id": "d", "phone": "+44 113 496 1234", **HOUSE},
    {"supplier_id": "e", "phone": "0113 4961234", "name": "FOO TRADING LIMITED"},
    {"supplier_id": "f", "name": "Foo Trading", **HOUSE, "street": "1 High St."},
    {"supplier_id": "g", "name": "Foo Trading"},
    {"supplier_id": "h", "name": "Bar", **HOUSE},
]
LINK = {"night": NIGHT, "intake_seq": 1, "seller_id": "s", "kind": "invoice"}
LINKS = [
    {"supplier_id": "a", "supplier_name": "never read"},
    {"supplier_id": "linked", "supplier_name": "Linked Ltd"},
    {"supplier_id": "linked", "supplier_name": "Linked Ltd", "seller_id": "t"},
    {"supplier_id": "linked", "supplier_name": "Typo Ltd", "seller_id": "u"},
]
ORDER = {
    "night": NIGHT,
    "day": NIGHT,
    "seller_id": "s",
    "category": "?",
    "price_band": 1,
    "destination": "?",
    "quantity": 1,
}
ORDERS = [{"supplier_id": "only o'rders"}, {"supplier_id": "a"}, {"supplier_id": None}]


@pytest.fixture(scope="module")
def parts(spark):
    def frame(table, base, rows):
        return spark.createDataFrame(
            [tuple({**base, **r}.get(c) for c in table.column_names) for r in rows], table.schema()
        )

    base = {**ORDER, "orders": 7, "value_minor": 0, "unpriced": 0}
    base |= {c.name: 0 for c in ORDER_EXPOSURE.columns if c.required and c.name not in base}
    rows = supplier_rows(
        frame(CLEAN_SUPPLIERS, SUPPLIER, ROWS),
        frame(CLEAN_SUPPLIER_LINKS, LINK, LINKS),
        frame(ORDER_EXPOSURE, base, ORDERS),
    ).persist()
    written = rows.withColumnRenamed("supplier_id", "written_id").select("written_id", *WRITTEN)
    keyed = keyed_addresses(written, RULES, PARAMS)
    nothing = spark.createDataFrame([], "member string, id string")
    found = resolved(keyed, matched_keys(address_keys(keyed), 10, [], PARAMS), nothing).persist()
    values = supplier_values(rows, RULES, PARAMS).persist()
    groups = company_groups(rows, company_facts(values, found), PARAMS)
    ids = groups.selectExpr("supplier_id as member", "concat('U', company) as id")
    return values, {r["supplier_id"]: r for r in suppliers(rows, values, groups, ids, found, NIGHT).collect()}


@pytest.fixture(scope="module")
def found(parts):
    return parts[1]


def company(found, *ids):
    return {found[i]["company_id"] for i in ids}


def test_every_id_that_a_feed_or_an_order_names_stands_once(found):
    assert sorted(found) == sorted([r["supplier_id"] for r in ROWS] + ["linked", "only o'rders"])
    assert (found["linked"]["name"], found["a"]["name"]) == ("Linked Ltd", "Foo Trading Ltd")
    assert (found["a"]["orders"], found["b"]["orders"]) == (7, 0)


def test_a_registration_joins_within_its_country_and_not_beyond(found):
    assert len(company(found, "a", "c")) == 2
    assert len(company(found, "b", "a", "c")) == 3, "b says no country, and there are two to choose from"


def test_a_name_joins_with_a_phone_or_a_house_and_never_alone(found):
    assert len(company(found, "d", "e", "f")) == 1
    assert [found[i]["reason"] for i in "def"] == ["name_and_phone", "name_and_phone", "name_and_place"]
    assert company(found, "g").isdisjoint(company(found, "a", "d", "h"))
    assert company(found, "h").isdisjoint(company(found, "d")), "another name in the same house"


def test_a_suppliers_address_is_a_place(found):
    assert found["d"]["place_id"] == found["f"]["place_id"] == found["h"]["place_id"]
    assert (found["d"]["level"], found["d"]["unit_key"]) == ("building", None)
    assert found["linked"]["place_id"] is None


def test_a_feed_is_blamed_only_for_columns_that_it_has(parts):
    got = {(r["feed"], r["kind"]) for r in values_refused(refusable(parts[0]), NIGHT).collect()}
    assert got == {("suppliers", "phone"), ("suppliers", "registration_no")}
