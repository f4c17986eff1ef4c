"""The reviewed list of hubs: each row is a value or place, or counted with the reason why it is none."""

import pytest
from tests.places.test_places import ADDRESS, NIGHT, RULES

from headwater.parameters.places import PlaceParams
from headwater.places.identity import refusable, values_refused
from headwater.places.places import address_keys, keyed_addresses, matched_keys, place_groups, resolved
from headwater.places.reviewed import hub_addresses, listed_hubs, reviewed_values
from headwater.tables.clean import CLEAN

PARAMS = PlaceParams()
HUB = {"night": NIGHT, "intake_seq": 1, "kind": "address", "what": "3pl"}
HALL = "Hauptstraße 12, 10115 Berlin, Germany"
STALL = "Hauptstr. 12, Unit 3, 10115 Berlin, Germany"
ROWS = [
    {"value": HALL, "what": "market"},
    {"value": "HAUPTSTR. 12; 10115 BERLIN; DEUTSCHLAND", "what": "other"},
    {"value": STALL},
    {"value": "10115 Berlin, Germany"},
    {"value": "n/a"},
    {"value": "Hauptstr. 12"},
    {"kind": "phone", "value": "+49 30 901820", "what": "agent"},
    {"kind": "phone", "value": "call me"},
    {"kind": "planet", "value": "Mars"},
]


@pytest.fixture(scope="module")
def listed(spark):
    table = CLEAN["hubs"]
    hubs = spark.createDataFrame(
        [tuple({**HUB, **row}.get(c) for c in table.column_names) for row in ROWS], table.schema()
    )
    shop = {"written_id": "a1"} | {
        c: ADDRESS.get(c) for c in ("text", "street", "city", "region", "postcode", "country")
    }
    written = hub_addresses(hubs).withColumnRenamed("value", "written_id")
    written = written.unionByName(spark.createDataFrame([shop], written.schema))
    keyed = keyed_addresses(written, RULES, PARAMS).persist()
    keys = address_keys(keyed)
    matched = matched_keys(keys, keys.count(), [], PARAMS)
    ids = place_groups(keys, matched).selectExpr("member", "concat('P', `group`) AS id")
    found = resolved(keyed, matched, ids).persist()
    rows = listed_hubs(hubs, found, RULES, PARAMS).persist()
    return rows, {r["written_id"]: r for r in found.collect()}


def test_an_address_is_the_place_that_the_same_address_of_a_shop_is(listed):
    rows, found = listed
    place = {r["written"]: r["value"] for r in rows.collect()}
    assert place[HALL] == place["HAUPTSTR. 12; 10115 BERLIN; DEUTSCHLAND"] == found["a1"]["place_id"]
    assert place[STALL] not in (None, place[HALL])


def test_a_listed_place_means_every_link_to_it_and_a_whole_house_its_building_too(listed):
    rows, found = listed
    got = {(r["type"], r["value"]): r["what"] for r in reviewed_values(rows).collect()}
    hall, stall = found[HALL], found[STALL]
    of_place = ("unit_address", "dispatch", "return")
    assert got == {
        **{(kind, hall["place_id"]): "market" for kind in of_place},
        ("building", hall["building_key"]): "market",
        **{(kind, stall["place_id"]): "3pl" for kind in of_place},
        ("phone", "+4930901820"): "agent",
    }


def test_what_cannot_be_resolved_is_counted_by_its_reason(listed):
    counted = values_refused(refusable(listed[0]), NIGHT)
    got = {(r["feed"], r["kind"], r["reason"], r["rows"]) for r in counted.collect()}
    assert got == {
        ("hubs", "address", "area", 1),
        ("hubs", "address", "placeholder", 1),
        ("hubs", "address", "nowhere", 1),
        ("hubs", "phone", "malformed", 1),
        ("hubs", "other", "unknown_kind", 1),
    }


def test_every_listed_row_stands_once_with_a_value_or_a_reason(listed):
    rows = listed[0].collect()
    assert len(rows) == len(ROWS)
    assert all((r["value"] is None) != (r["reason"] is None) for r in rows)
