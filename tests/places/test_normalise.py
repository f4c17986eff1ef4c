"""One address as people type it -> its parts."""

import pickle
import time
import unicodedata
from importlib import resources

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.errors import ConfigurationError
from headwater.parameters.places import PlaceParams
from headwater.places.locality import city_name, country_code, postcode_of, region_code
from headwater.places.normalise import (
    LEVELS,
    address_key,
    building_key,
    exact_key,
    parse_address,
    parse_addresses,
    unit_key,
)
from headwater.places.rules import load_rules
from headwater.places.text import clean_text, fold, squash, words

from .shared import BASE, PARAMS, RULES, frame, parsed

ANY = st.text(max_size=60)
MAYBE = st.one_of(st.none(), ANY)


def said(text: str, *names: str, **fields: str | None) -> tuple[str | None, ...]:
    return tuple(getattr(parsed(text, **fields), name) for name in names)


@pytest.mark.parametrize(
    ("text", "street", "number", "unit", "city"),
    [
        ("1234 South Main Street Apt. 5B, Springfield, IL 62701", "main", "1234", "5b", "springfield"),
        ("Flat 3, 12 St. John's Rd., London N1 2AB, UK", "saint johns", "12", "3", "london"),
        ("221B Baker Street London NW1 6XE", "baker", "221b", None, "london"),
        ("Hauptstr. 12, 10115 Berlin", "haupt", "12", None, "berlin"),
        ("12, rue de Rivoli, 75001 Paris", "de rivoli", "12", None, "paris"),
        ("Calle Mayor, 5, 28013 Madrid", "mayor", "5", None, "madrid"),
        ("Rua Augusta, 1234 - Apto 45 - São Paulo - SP, 01305-100, Brasil", "augusta", "1234", "45", "saopaulo"),
        ("ул. Ленина, д. 5, кв. 12, Москва", "lenina", "5", "12", "moscow"),
        ("5/12 George St, Sydney NSW 2000, Australia", "george", "12", "5", "sydney"),
        ("ul. Marszałkowska 10/5, 00-590 Warszawa, Poland", "marszalkowska", "10", "5", "warsaw"),
        ("广东省深圳市福田区华强北路1002号3楼3C12室", "huaqiang", "1002", "3c12", "shenzhen"),
        ("東京都千代田区丸の内1-9-1", "wannonei", "1-9-1", None, "tokyo"),
        ("서울특별시 강남구 테헤란로 152", "tehelan", "152", None, "seoul"),
        ("PO Box 123, Austin TX 78701", "po box", "123", None, "austin"),
    ],
)
def test_addresses_of_many_countries_are_read(text: str, street: str, number: str, unit: str | None, city: str) -> None:
    assert said(text, "street", "number", "unit", "city") == (street, number, unit, city)


@pytest.mark.parametrize("street", ["Avenidaa del Puerto 17", "Avenda del Puerto 17", "Av. del Puerto 17"])
def test_a_slip_in_a_long_first_word_is_still_a_street_type(street: str) -> None:
    got = parsed(street=street, city="Madrid", country="ES")
    assert (got.street, got.street_type, got.number) == ("puerto", "avenue", "17")


def test_words_before_a_postcode_are_the_city_and_those_after_it_are_not() -> None:
    assert said("21 RUE PASTEUR, UNIT 12 PARIS 75004 ILE-DE-FRANCE", "city", "street", "postcode", country="FR") == (
        "paris",
        "pasteur",
        "75004",
    )
    assert said("21 rue Pasteur, 75004 Paris, Ile-de-France", "street", "postcode") == ("pasteur", "75004")


@pytest.mark.parametrize(
    "texts",
    [
        ("100 N Main St", "100 North Main Street", "100 n. main st.", "100 NORTH  MAIN STR"),
        ("12 Fifth Ave", "12 5th Avenue", "12 5TH AVE."),
        ("12 St. Louis Ave", "12 Saint Louis Avenue"),
        ("2850 Lake Shore Dr", "2850 Lakeshore Drive"),
        ("Hauptstraße 12", "Hauptstr. 12", "HAUPT STRASSE 12"),
        ("Musterstr. 5 a", "Musterstraße 5a"),
        ("Unit 5, 100 Main St", "100 Main St #5", "100 Main St, Suite 05", "100 Main St Room No. 5"),
        ("Flat 5, 100 Main St", "100 Main St, Apt 05", "100 Main St Apt. No. 5"),
        ("3rd Floor, 10 High St", "10 High St 3/F", "10 High St, third floor", "Floor 3, 10 High St"),
        ("Building 2, Room 7, 10 High St", "10 High St, Room 7, Bldg. 2", "Rm 7, 10 High St, Block 2"),
        ("Room 502, 5/F, 10 High St", "10 High St, Room 502"),
        ("No. 100 High Street", "100 High Street", "# 100 High Street"),
        ("１００ Ｍａｉｎ Ｓｔ", "100 Main St"),
        ("100 Main St 😀", "100 Main St\u200b", "100 Main\u00a0St"),
        ("c/o Ann Lee, 100 Main St", "100 Main St"),
    ],
)
def test_forms_of_one_address_give_one_key(texts: tuple[str, ...]) -> None:
    assert len({exact_key(parsed(text, city="Springfield")) for text in texts}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("100 N Main St", "100 S Main St"),
        ("100 Main St", "100 Main Ave"),
        ("100 Main St", "102 Main St"),
        ("100 Main St", "100A Main St"),
        ("12-14 Main St", "12-16 Main St"),
        ("100 Main St Apt 1", "100 Main St Apt 2"),
        ("100 Main St Apt 1", "100 Main St Shop 1"),
        ("100 Main St Floor 1", "100 Main St Floor 2"),
        ("100 Main St Bldg A", "100 Main St Bldg B"),
        ("100 58th St", "100 85th St"),
    ],
)
def test_different_addresses_give_different_keys(one: str, other: str) -> None:
    assert exact_key(parsed(one)) != exact_key(parsed(other))


def test_a_country_within_a_street_is_no_country() -> None:
    assert said("8515 S. Stony Island", "country", "street") == (None, "stony island")
    assert said("3800 N. New England", "country", "street") == (None, "new england")


def test_fields_win_over_text_and_text_fills_the_gaps() -> None:
    got = parsed("Apt 4, 9 Other Road, Boston", street="12 Main St", city="Salem")
    assert (got.street, got.number, got.city, got.unit) == ("main", "12", "salem", "4")


@pytest.mark.parametrize(
    ("fields", "level"),
    [
        ({"street": "12 Main St Apt 3"}, "unit"),
        ({"street": "12 Main St"}, "building"),
        ({"street": "Main St"}, "street"),
        ({"street": "Main St, Apt 3"}, "street"),
        ({"text": "Booth 12345, Yiwu International Trade City, Yiwu, China"}, "unit"),
        ({"postcode": "10115", "country": "DE"}, "postcode_area"),
        ({"text": "10115 Berlin"}, "postcode_area"),
        ({"text": "Shenzhen, China"}, "city"),
        ({"city": "Berlin"}, "city"),
        ({"country": "DE"}, "country"),
        ({"text": "n/a"}, "none"),
        ({}, "none"),
    ],
)
def test_the_level_is_the_finest_thing_that_is_said(fields: dict[str, str], level: str) -> None:
    assert parsed(**fields).level == level


def test_same_unit_and_same_building_are_different_facts() -> None:
    one, two, house = parsed("12 Main St Apt 1"), parsed("12 Main St Apt 2"), parsed("12 Main St")
    assert building_key(one) == building_key(two) == building_key(house)
    assert unit_key(one) != unit_key(two)
    assert unit_key(house) is None
    assert building_key(parsed(city="Berlin")) is None
    assert address_key(parsed("n/a")) is None


def test_key_parts_never_run_into_each_other() -> None:
    assert exact_key(parsed(city="ab", postcode="C1")) != exact_key(parsed(city="a", postcode="BC1"))
    assert exact_key(parsed(city="springfield")) != exact_key(parsed(street="springfield"))


@pytest.mark.parametrize(
    ("value", "country", "postcode"),
    [
        ("2101", "US", "02101"),
        ("2101.0", "US", "02101"),
        ("60618-1234", "US", "60618"),
        ("60618-1234", None, "60618"),
        ("４１９５", "BR", "04195"),
        ("1001000", "BR", "01001000"),
        ("D-10115", "DE", "10115"),
        ("sw1a 2aa", "GB", "SW1A2AA"),
        ("00-590", "PL", "00590"),
        ("12", "US", None),
        ("123456", "US", None),
        ("abc", "US", None),
        ("00000", "US", None),
        ("999077", "HK", None),
    ],
)
def test_postcodes_get_their_zeros_back(value: str, country: str | None, postcode: str | None) -> None:
    assert postcode_of(value, country, RULES) == postcode


@pytest.mark.parametrize(
    ("value", "country", "city"),
    [
        ("sp / sp", "BR", "saopaulo"),
        ("São Paulo - SP", "BR", "saopaulo"),
        ("MÜNCHEN", "DE", "munich"),
        ("Muenchen", "DE", "munich"),
        ("Köln", "DE", "cologne"),
        ("Shenzhen City", "CN", "shenzhen"),
        ("深圳市", "CN", "shenzhen"),
        ("重庆", "CN", "chongqing"),
        ("Kansas City", "US", "kansas city"),
        ("St. Louis", "US", "saint louis"),
        ("4482255", "BR", None),
        ("a@b.com", "BR", None),
        ("-", None, None),
    ],
)
def test_cities_have_one_name(value: str, country: str | None, city: str | None) -> None:
    assert city_name(value, country, RULES) == city


def test_countries_and_regions_are_known_by_name_and_code() -> None:
    names = ("Germany", "Deutschland", "Allemagne", "DE", "deu", "德国")
    assert {country_code(name, RULES) for name in names} == {"DE"}
    assert country_code("Atlantis", RULES) is None
    assert {region_code(name, "CN", RULES) for name in ("广东省", "Guangdong", "Guangdong Province")} == {"GD"}
    assert region_code("Illinois", "US", RULES) == region_code("il", "US", RULES) == "IL"
    assert region_code("Greater London", "GB", RULES) is None


def test_every_row_comes_back_with_its_reason() -> None:
    rows = frame(
        "12 Main St, Boston, MA 02101", "n/a", {}, "12 Main Street, Boston, MA 2101", "1 Own Way, Reno, NV 89501"
    )
    table = parse_addresses(rows, RULES, PlaceParams(own_addresses=("1 Own Way, Reno, NV 89501",)))
    assert table["address_id"].tolist() == rows["address_id"].tolist()
    assert table["reason"].tolist()[1:3] == ["placeholder", "missing"]
    assert table["reason"].tolist()[4] == "own_address"
    assert table["level"].tolist() == ["building", "none", "none", "building", "none"]


def test_the_marketplaces_own_address_is_known_in_any_form_and_no_other_is() -> None:
    params = PlaceParams(own_addresses=("1 Own Way, Reno, NV 89501", "Suite 7, 20 Tower Road, Reno, NV 89501"))
    own = [
        {"street": "1 Own Way", "city": "Reno", "region": "NV", "postcode": "89501", "country": "US"},
        {"street": "1 Own Way", "city": "Reno", "country": "United States"},
        {"street": "1 Own Way, Rear", "postcode": "89501", "country": "US"},
        "1 Own Way, Reno, NV 89501, USA",
        "1 OWN WAY RENO NV 89501",
        "Suite 7, 20 Tower Rd., Reno, Nevada 89501, USA",
        "20 Tower Rd, Reno, NV",
    ]
    others = [
        "2 Own Way, Reno, NV 89501, USA",
        "1 Own Way, Reno, TX",
        {"street": "1 Own Way", "country": "US"},
        {"street": "1 Own Way", "city": "Sparks", "postcode": "89501", "country": "US"},
        "Suite 8, 20 Tower Rd, Reno, NV 89501",
    ]
    got = parse_addresses(frame(*own, *others), RULES, params)["reason"]
    assert got.tolist() == ["own_address"] * len(own) + [None] * len(others)


def test_arrow_batches_and_pandas_frames_give_the_same() -> None:
    rows = frame("12 Main St, Boston", "Hauptstr. 5, 10115 Berlin", "12 Main St, Boston")
    batch = pa.RecordBatch.from_pandas(rows, preserve_index=False)
    pd.testing.assert_frame_equal(parse_addresses(rows, RULES, PARAMS), parse_addresses(batch, RULES, PARAMS))


def test_the_code_of_namibia_is_no_placeholder() -> None:
    assert parsed(city="Windhoek", country="NA").country == "NA"
    assert parsed(city="Windhoek", country="n/a").country is None


def test_rules_travel_to_executors_by_pickle() -> None:
    copy = pickle.loads(pickle.dumps(RULES))
    rows = frame("12 Main St, Boston, MA 02101", "广东省深圳市福田区华强北路1002号")
    pd.testing.assert_frame_equal(parse_addresses(rows, copy, PARAMS), parse_addresses(rows, RULES, PARAMS))


def test_a_site_may_name_its_own_table_of_words(tmp_path) -> None:
    shipped = (resources.files("headwater.places") / "places.toml").read_text(encoding="utf-8")
    own = tmp_path / "own.toml"
    own.write_text(shipped.replace('street = ["street",', 'street = ["street", "strada",'), encoding="utf-8")
    line = {**BASE, "street": "12 Main Strada", "city": "Boston"}
    assert parse_address(**line, rules=load_rules(own), params=PARAMS).street_type == "street"
    assert parse_address(**line, rules=load_rules(""), params=PARAMS).street_type != "street"


def test_a_table_of_words_that_is_missing_broken_or_short_is_a_configuration_fault(tmp_path) -> None:
    with pytest.raises(ConfigurationError, match="nowhere"):
        load_rules(tmp_path / "nowhere.toml")
    (tmp_path / "own.toml").write_text("[street_types", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"own\.toml"):
        load_rules(tmp_path / "own.toml")
    (tmp_path / "own.toml").write_text("[street_types]", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="lacks street_prefixes, weak_prefixes, "):
        load_rules(tmp_path / "own.toml")
    shipped = (resources.files("headwater.places") / "places.toml").read_text(encoding="utf-8")
    (tmp_path / "own.toml").write_text(shipped.replace("floor_words =", "floors ="), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"lacks parts\.floor_words"):
        load_rules(tmp_path / "own.toml")


@settings(max_examples=150, deadline=None)
@given(MAYBE, MAYBE, MAYBE, MAYBE, MAYBE, st.one_of(MAYBE, st.sampled_from(["US", "CN", "DE", "GB", "BR", "AU"])))
def test_no_text_whatever_raises(text, street, city, region, postcode, country) -> None:
    got = parsed(text, street=street, city=city, region=region, postcode=postcode, country=country)
    assert got.level in LEVELS
    assert (address_key(got) is None) == (got.level == "none")
    assert (building_key(got) is not None) == (got.level in ("unit", "building"))
    written = {name: part for name, part in got._asdict().items() if part is not None}
    assert all(part and (part.isascii() or name.endswith("_native")) for name, part in written.items())


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=500))
def test_normalising_twice_is_normalising_once(text: str) -> None:
    for normalise in (clean_text, fold, words, squash):
        once = normalise(text)
        assert normalise(once) == once
    for country in ("US", "DE", "CN", None):
        city = city_name(text, country, RULES)
        assert city is None or city_name(city, country, RULES) == city
        postcode = postcode_of(text, country, RULES)
        assert postcode is None or postcode_of(postcode, country, RULES) == postcode


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=[chr(c) for c in range(33, 127)] + [" "], max_size=60))
def test_full_width_and_half_width_are_equal(text: str) -> None:
    wide = "".join(chr(ord(c) + 0xFEE0) if c != " " else "\u3000" for c in text)
    assert unicodedata.normalize("NFKC", wide) == text
    assert parsed(wide) == parsed(text)


@pytest.mark.parametrize(
    "unit", ["1 ", "#", "a-", "1/", "no ", "floor ", "St ", "路", "1号", "一", "😀", "\u0301", "ﷺ", "-1-"]
)
def test_ten_thousand_characters_take_bounded_time(unit: str) -> None:
    text = (unit * 10_000)[:10_000]
    start = time.perf_counter()
    got = parsed(text, street=text, city=text, postcode=text)
    assert time.perf_counter() - start < 2
    assert got.level in LEVELS
