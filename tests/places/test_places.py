"""ADDRESSES -> PLACES on Spark: what is one place, what is only an area."""

from datetime import date, timedelta

import pandas as pd
import pytest

from headwater.parameters.places import PlaceParams
from headwater.places.normalise import parse_addresses
from headwater.places.places import (
    WRITTEN,
    address_keys,
    keyed_addresses,
    large_blocks,
    matched_keys,
    place_groups,
    places,
    resolved,
)
from headwater.places.rules import load_rules
from headwater.registry.carry import Known, carry
from headwater.registry.kinds import PLACE
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


RULES = load_rules()
WRITTEN_SCHEMA = (
    "written_id string, text string, street string, city string, region string, postcode string, country string"
)


def stored(spark, rows, params=None, base=ADDRESS):
    """ADDRESSES of overrides of the base row -> PLACES by address_id, in the steps of the night."""
    params = params or PlaceParams()
    schema = CLEAN_ADDRESSES.schema()
    frame = spark.createDataFrame(
        [tuple({**base, **r}.get(c) for c in CLEAN_ADDRESSES.column_names) for r in rows], schema
    )
    keyed = keyed_addresses(frame.withColumnRenamed("address_id", "written_id"), RULES, params)
    keys = address_keys(keyed)
    matched = matched_keys(keys, len(rows), large_blocks(keys, params), params)
    nothing = spark.createDataFrame([], "member string, id string")
    made = places(frame, resolved(keyed, matched, nothing), NIGHT)
    assert made.columns == PLACES.column_names
    return {r["address_id"]: r for r in made.collect()}


@pytest.fixture(scope="module")
def found(spark):
    return stored(spark, ROWS)


def test_every_address_keeps_exactly_one_row(found):
    assert sorted(found) == [row["address_id"] for row in ROWS]


def test_one_address_written_twice_is_one_place(found):
    assert found["a"]["place_id"] == found["b"]["place_id"]


def test_another_house_or_another_unit_is_another_place(found):
    assert len({found[a]["place_id"] for a in "acf"}) == 3
    assert found["a"]["building_key"] == found["f"]["building_key"] != found["c"]["building_key"]


def test_only_a_unit_that_is_said_has_a_unit_key(found):
    assert found["f"]["unit_key"] == found["f"]["place_id"]
    assert [found[a]["unit_key"] for a in "abcde"] == [None] * 5
    assert found["a"]["building_key"] == found["b"]["building_key"]
    assert [found[a]["building_key"] for a in "de"] == [None, None]


def test_a_postcode_or_city_alone_is_an_area_and_may_not_be_a_source(found):
    assert [found[a]["may_be_source"] for a in "abcdef"] == [True, True, True, False, False, True]
    assert found["d"]["level"] == "postcode_area"


def test_nothing_said_twice_is_not_the_same_place(found):
    assert found["e"]["reason"] == "placeholder"
    assert found["e"]["place_id"] != found["g"]["place_id"]


def test_a_numbered_street_in_no_town_is_a_place_of_its_own(spark):
    nowhere = {"street": "1 Main St", "city": None, "postcode": None, "country": "US"}
    got = stored(spark, [{"address_id": "x", **nowhere}, {"address_id": "y", **nowhere}])
    assert got["x"]["place_id"] != got["y"]["place_id"]
    assert (got["x"]["level"], got["x"]["address_key"], got["x"]["building_key"]) == ("building", None, None)


def test_hostile_feeds_end_in_rows(spark):
    town = {"city": "Springfield", "postcode": "62701", "country": "US"}
    names = ["Burnham", "Burnhan", "Burnhax"]
    rows = [{"address_id": f"same{i}", **town, "street": "1 Oak St"} for i in range(500)]
    rows += [{"address_id": "o'n \"; drop", **town, "street": "1 Oak Street"}]
    rows += [
        {"address_id": "😀" * 10, **town, "street": "😀" * 300},
        {"address_id": "z" * 10_000, **town, "street": "x" * 10_000},
    ]
    rows += [{"address_id": f"typo{n}", **town, "street": f"7 {n} Road"} for n in names]
    got = stored(spark, rows, PlaceParams(max_block_keys=2))
    assert len(got) == len(rows)
    assert len({got[r["address_id"]]["place_id"] for r in rows[:501]}) == 1
    assert len({got[f"typo{n}"]["place_id"] for n in names}) == 3, "a block beyond the cap joins equal keys alone"


def test_a_place_keeps_its_id_when_another_spelling_joins_it(spark):
    town = {"city": "Springfield", "postcode": "62701", "country": "US", "street": "7 Burnham Road"}
    first = [{"address_id": "x", **town}, {"address_id": "y", **town}]
    keys = {
        name: _key({**town, "street": f"7 {name} Road"})
        for name in ("Burnham", "Burnhan", "Burnhax", "Burnhab", "Burnhaz")
    }
    smallest = min(keys, key=lambda name: keys[name])
    assert smallest != "Burnham", "the new spelling must be the one that its place would be named after"
    nights, known, ids = [], Known.nothing(), []
    for day, rows in enumerate([first, [*first, {"address_id": "z", **town, "street": f"7 {smallest} Road"}]]):
        frame = spark.createDataFrame([(r["address_id"], None, *map(r.get, WRITTEN[1:])) for r in rows], WRITTEN_SCHEMA)
        keyed = keyed_addresses(frame, RULES, PlaceParams())
        groups = place_groups(address_keys(keyed), matched_keys(address_keys(keyed), 3, [], PlaceParams())).toPandas()
        carried = carry(PLACE, groups, known, NIGHT + timedelta(days=day))
        known = carried.known
        nights.append(carried.events)
        ids.append(dict(zip(known.members["member"], known.members["id"], strict=True)))
    assert ids[1][keys["Burnham"]] == ids[1][keys[smallest]] == ids[0][keys["Burnham"]]
    assert nights[1]["event"].tolist() == ["grown"]


def _key(fields):
    return parse_addresses(
        pd.DataFrame([{"address_id": "k", "text": None, "region": None, **fields}]), RULES, PlaceParams()
    )["address_key"][0]
