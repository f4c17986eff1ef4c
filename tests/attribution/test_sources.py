"""Sources on Spark: who may be one, how they rank, and that the evidence adds up."""

from datetime import date

import pytest

from headwater.attribution import sources
from headwater.parameters.attribution import Ranking, Shrinkage
from headwater.tables.model import PLACES, SOURCE_EXPOSURE
from headwater.tables.published import EVIDENCE, SOURCES

NIGHT = date(2026, 11, 22)
PARAMS = Ranking(evidence_shops=2)
EXPOSURE = {
    "night": NIGHT,
    "source_id": "U",
    "type": "supplier",
    "source_key": "u",
    "orders": 10.0,
    "named_orders": 10,
    "value_minor": 1000.0,
    "expected": 0.1,
    "complaints": 0.0,
    "observed": 0.0,
    "first_day": NIGHT,
    "last_day": NIGHT,
}
LINKS = "supplier_id string, supplier_name string"


@pytest.fixture(scope="module")
def night(spark):
    """Suspected source U sells through four shops, clean source V through one; place P is an address, Q an area."""
    rows = [
        {"seller_id": "a", "complaints": 6.0, "observed": 6.0},
        {"seller_id": "b", "complaints": 2.0, "observed": 1.5},
        {"seller_id": "c", "complaints": 1.0, "observed": 1.0},
        {"seller_id": "d", "expected": 0.7},
        {"seller_id": "a", "source_id": "V", "source_key": "v", "complaints": 1.0, "observed": 1.0, "expected": 2.0},
        {"seller_id": "a", "source_id": "P", "type": "dispatch", "source_key": "p", "complaints": 1.0, "observed": 1.0},
        {"seller_id": "a", "source_id": "Q", "type": "dispatch", "source_key": "q", "complaints": 9.0, "observed": 9.0},
        {"seller_id": "e", "source_id": "W", "source_key": "w"},
    ]
    names = SOURCE_EXPOSURE.column_names
    exposure = spark.createDataFrame(
        [tuple({**EXPOSURE, **r}.get(n) for n in names) for r in rows], SOURCE_EXPOSURE.schema()
    )
    place = {"night": NIGHT, "seller_id": "a", "role": "dispatch"}
    places = [
        {**place, "address_id": "1", "place_id": "p", "may_be_source": True, "level": "building", "name": "12 Main St"},
        {**place, "address_id": "2", "place_id": "p", "may_be_source": True, "level": "building", "name": "12 Main St"},
        {**place, "address_id": "3", "place_id": "q", "may_be_source": False, "level": "city", "name": "Chicago"},
    ]
    place_rows = spark.createDataFrame([tuple(p.get(n) for n in PLACES.column_names) for p in places], PLACES.schema())
    links = spark.createDataFrame([("u", "Uno Ltd"), ("u", "Uno Ltd"), ("u", "UNO")], LINKS)
    named = sources.named_sources(exposure, links, place_rows)
    scored = sources.scored_sources(sources.source_sums(exposure, named), Shrinkage(), PARAMS).persist()
    evidence = sources.evidence(exposure, scored, NIGHT, PARAMS).persist()
    published = sources.sources(scored, sources.reasons(scored, evidence), NIGHT)
    assert published.columns == SOURCES.column_names
    assert evidence.columns == EVIDENCE.column_names
    return {r["source_id"]: r.asDict() for r in published.collect()}, [r.asDict() for r in evidence.collect()]


def test_an_area_is_never_a_source(night):
    assert sorted(night[0]) == ["P", "U", "V"]


def test_a_source_without_complaints_is_not_accused(night):
    assert "W" not in night[0]


def test_more_complaints_on_fewer_expected_rank_first(night):
    ranks = sorted(night[0].values(), key=lambda r: r["rank"])
    assert ranks[0]["source_id"] == "U"
    assert [r["rank"] for r in ranks] == [1, 2, 3]
    assert ranks[0]["lift_low"] > 1 > night[0]["V"]["lift_low"]


def test_no_probability_is_made_up(night):
    assert all(r["probability"] is None and r["ln_bayes_factor"] is None for r in night[0].values())


def test_a_source_carries_its_name_and_the_ids_behind_it(night):
    assert (night[0]["U"]["name"], night[0]["U"]["members"]) == ("Uno Ltd", ["u"])
    assert (night[0]["P"]["name"], night[0]["P"]["members"], night[0]["P"]["kind"]) == (
        "12 Main St",
        ["1", "2"],
        "place",
    )


def test_the_evidence_of_a_source_adds_up_and_says_what_speaks_against_it(night):
    mine = [e for e in night[1] if e["source_id"] == "U"]
    assert sum(e["observed"] for e in mine) == pytest.approx(night[0]["U"]["observed"], abs=1e-9)
    assert sum(e["expected"] for e in mine) == pytest.approx(night[0]["U"]["expected"], abs=1e-9)
    assert sum(e["shops"] for e in mine) == night[0]["U"]["shops"] == 4
    against = [e for e in mine if e["kind"] == "shop_against"]
    assert [e["subject_id"] for e in against] == ["d"]


def test_beyond_the_largest_shops_one_row_carries_the_rest(night):
    mine = sorted(e["evidence_id"] for e in night[1] if e["source_id"] == "U" and e["kind"] == "shop_for")
    assert mine == ["shop_for:a", "shop_for:b", "shop_for:others"]


def test_the_reasons_state_numbers_for_and_against(night):
    total, speaks_for, speaks_against, *rest = night[0]["U"]["reasons"]
    assert total.startswith("8.5 complaints in 4 shops where 1.00 were expected")
    assert speaks_for == "For: a 6.0 against 0.10, b 1.5 against 0.10"
    assert speaks_against == "Against: d 0.0 against 0.70"
    assert rest == []
