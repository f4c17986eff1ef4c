"""ADDRESSES -> PLACES on Spark: what is one place, what is only an area."""

from datetime import date

import pytest

from headwater.parameters.places import PlaceParams
from headwater.places.places import places
from headwater.places.rules import load_rules
from headwater.tables.clean import CLEAN_ADDRESSES
from headwater.tables.model import PLACES

NIGHT = date(2026, 11, 22)
ADDRESS = {
    "night": NIGHT,
    "intake_seq": 1,
    "seller_id": "s",
    "role": "dispatch",
    "street": "Hauptstr. 12",
    "city": "Berlin",
    "postcode": "10115",
    "country": "DE",
}
ROWS = [
    {"address_id": "a"},
    {
        "address_id": "b",
        "seller_id": "t",
        "street": None,
        "text": "Hauptstraße 12, 10115 Berlin, DE",
        "city": None,
        "postcode": None,
    },
    {"address_id": "c", "street": "Hauptstr. 14"},
    {"address_id": "d", "street": None},
    {"address_id": "e", "street": None, "city": None, "postcode": None, "country": None, "text": "n/a"},
    {"address_id": "f", "street": "Hauptstr. 12, Unit 3"},
    {"address_id": "g", "street": None, "city": None, "postcode": None, "country": None, "text": "n/a"},
]


@pytest.fixture(scope="module")
def found(spark):
    frame = spark.createDataFrame(
        [tuple({**ADDRESS, **row}.get(c) for c in CLEAN_ADDRESSES.column_names) for row in ROWS],
        CLEAN_ADDRESSES.schema(),
    )
    stored = places(frame, NIGHT, len(ROWS), load_rules(), PlaceParams())
    assert stored.columns == PLACES.column_names
    return {r["address_id"]: r for r in stored.collect()}


def test_every_address_keeps_exactly_one_row(found):
    assert sorted(found) == [row["address_id"] for row in ROWS]


def test_one_address_written_twice_is_one_place(found):
    assert found["a"]["place_id"] == found["b"]["place_id"]


def test_another_house_or_another_unit_is_another_place(found):
    assert len({found[a]["place_id"] for a in "acf"}) == 3
    assert found["a"]["building_key"] == found["f"]["building_key"] != found["c"]["building_key"]


def test_a_postcode_or_city_alone_is_an_area_and_may_not_be_a_source(found):
    assert [found[a]["may_be_source"] for a in "abcdef"] == [True, True, True, False, False, True]
    assert found["d"]["level"] == "postcode_area"


def test_nothing_said_twice_is_not_the_same_place(found):
    assert found["e"]["reason"] == "placeholder"
    assert found["e"]["place_id"] != found["g"]["place_id"]
