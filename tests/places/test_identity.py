"""Values that tell who somebody is: of every feed, cleaned once, refused with a reason and counted."""

from datetime import UTC, date, datetime

import pytest

from headwater.parameters.places import PlaceParams
from headwater.places.identity import address_values, identity_values, seller_values, supplier_values, values_refused
from headwater.places.rules import load_rules
from headwater.tables.clean import CLEAN_ADDRESSES, CLEAN_SELLERS
from headwater.tables.model import VALUES_REFUSED

RULES, PARAMS, NIGHT = load_rules(), PlaceParams(), date(2026, 11, 22)
ADDRESS = {"night": NIGHT, "intake_seq": 1, "seller_id": "s", "role": "return", "country": "DE"}
SELLER = {"night": NIGHT, "intake_seq": 2, "seller_id": "s"}
OPENED = datetime(2026, 1, 2, tzinfo=UTC).replace(tzinfo=None)


@pytest.fixture(scope="module")
def values(spark):
    addresses = [
        {"address_id": "a", "phone": "030 901820", "contact_name": "Frau Wei WANG"},
        {"address_id": "b", "phone": "+49 30 901820", "contact_name": "Kundenservice"},
        {"address_id": "c", "phone": "0", "contact_name": None, "seller_id": "t"},
        {"address_id": "d", "phone": "030 901820", "seller_id": "t", "country": "FR", "contact_name": "Wang Wei"},
    ]
    sellers = [
        {"payee_id": "PAY-001", "phone": "030/901820", "email": "Shop@Web.de", "registration_no": "HRB 123"}
        | {"opened_at": OPENED},
        {"payee_id": "none", "phone": "030 901820", "email": "noreply@x.com", "registration_no": "0000000"}
        | {"seller_id": "t"},
    ]

    def rows(table, base, overrides):
        return spark.createDataFrame(
            [tuple({**base, **row}.get(c) for c in table.column_names) for row in overrides], table.schema()
        )

    of_addresses, of_sellers = rows(CLEAN_ADDRESSES, ADDRESS, addresses), rows(CLEAN_SELLERS, SELLER, sellers)
    frames = address_values(of_addresses, RULES, PARAMS), seller_values(of_sellers, of_addresses, RULES, PARAMS)
    return frames[0].unionByName(frames[1]).persist()


@pytest.fixture(scope="module")
def found(values):
    return {(r["feed"], r["row_id"], r["kind"]): r for r in values.collect()}


def test_every_row_and_kind_stands_once_with_a_value_or_a_reason(values, found):
    assert len(found) == values.count() == 4 * 2 + 2 * 4
    assert all((r["value"] is None) != (r["reason"] is None) for r in found.values())


def test_a_phone_is_read_as_of_its_address_and_a_sellers_as_of_its_country(found):
    german = "+4930901820"
    assert found["addresses", "a", "phone"]["value"] == found["addresses", "b", "phone"]["value"] == german
    assert found["sellers", "s", "phone"]["value"] == german
    assert found["addresses", "d", "phone"]["value"] != german
    assert found["sellers", "t", "phone"]["reason"] == "malformed", "its addresses are in two countries"


def test_a_sellers_own_country_is_that_of_its_papers_then_of_its_returns_then_of_all(spark):
    homes = {
        "papers": [("registered", "DE"), ("return", "FR"), ("dispatch", "CN")],
        "returns": [("return", "DE"), ("pickup", "DE"), ("dispatch", "CN")],
        "anywhere": [("dispatch", "DE")],
        "nowhere": [("return", "DE"), ("return", "FR"), ("dispatch", "CN")],
    }
    addresses = [
        {**ADDRESS, "address_id": f"{seller}{i}", "seller_id": seller, "role": role, "country": country}
        for seller, said in homes.items()
        for i, (role, country) in enumerate(said)
    ]
    sellers = [{**SELLER, "seller_id": seller, "phone": "030 901820"} for seller in homes]
    frames = [
        spark.createDataFrame([tuple(row.get(c) for c in table.column_names) for row in rows], table.schema())
        for table, rows in ((CLEAN_SELLERS, sellers), (CLEAN_ADDRESSES, addresses))
    ]
    got = {r["seller_id"]: r["value"] for r in seller_values(*frames, RULES, PARAMS).where("kind = 'phone'").collect()}
    assert got == {**dict.fromkeys(homes, "+4930901820"), "nowhere": None}


def test_a_person_is_one_in_either_order_and_an_office_is_nobody(found):
    assert found["addresses", "a", "contact_name"]["value"] == "wang wei"
    assert found["addresses", "d", "contact_name"]["value"] == "wang wei"
    assert found["addresses", "b", "contact_name"]["reason"] == "placeholder"


def test_a_value_names_the_row_and_the_time_it_comes_from(found):
    row = found["sellers", "s", "payee_id"]
    assert (row["seller_id"], row["written"], row["value"], row["first_seen"]) == ("s", "PAY-001", "PAY001", OPENED)


def test_what_was_refused_is_counted_by_reason(values):
    stored = values_refused(values, NIGHT)
    assert stored.columns == VALUES_REFUSED.column_names
    counts = {(r["feed"], r["kind"], r["reason"]): (r["rows"], r["spellings"]) for r in stored.collect()}
    assert counts == {
        ("addresses", "phone", "placeholder"): (1, 1),
        ("addresses", "contact_name", "placeholder"): (1, 1),
        ("addresses", "contact_name", "missing"): (1, 0),
        ("sellers", "payee_id", "placeholder"): (1, 1),
        ("sellers", "phone", "malformed"): (1, 1),
        ("sellers", "email", "test_value"): (1, 1),
        ("sellers", "registration_no", "test_value"): (1, 1),
    }


def test_a_supplier_has_a_name_a_phone_and_a_registration(spark):
    rows = spark.createDataFrame(
        [("suppliers", "u", "CN", "深圳华强电子有限公司", "755 8376 1234", "91440300MA5")],
        "feed string, supplier_id string, country string, name string, phone string, registration_no string",
    )
    got = {r["kind"]: r["value"] for r in supplier_values(rows, RULES, PARAMS).collect()}
    assert got == {"name": "shenzhenhuaqiangdianzi", "phone": "+8675583761234", "registration_no": "91440300MA5"}


def test_hostile_values_and_an_empty_frame_end_in_rows(spark):
    texts = ["x" * 10_000, "o'neil \"; drop", "😀" * 300, "\x00", "+" + "9" * 400, "N/A"]
    rows = [("phone", t, "🏴") for t in texts] + [("email", t, None) for t in texts]
    frame = spark.createDataFrame(rows, "kind string, written string, country string")
    got = identity_values(frame, RULES, PARAMS).collect()
    assert [(r["kind"], r["written"]) for r in got] == [(k, t) for k, t, _ in rows]
    assert all(r["reason"] for r in got)
    assert identity_values(frame.limit(0), RULES, PARAMS).count() == 0
