"""Addresses: one place in many spellings, never two places in one."""

import pytest

from headwater.synthetic import MarketplaceParams, synthesise

from .reading import feed, truth


@pytest.fixture(scope="module")
def written(small_out):
    rows = feed(small_out / "landing" / "addresses")
    return rows.merge(truth(small_out, "addresses"), on="address_id", validate="one_to_one")


@pytest.fixture(scope="module")
def small_out(small):
    return small.out


def test_no_two_places_have_the_same_true_address(small_out):
    places = truth(small_out, "places")
    assert not places.duplicated(["street", "city", "country"]).any()


def test_a_city_alone_tells_no_street(written):
    cities = written[written.precision == "city"]
    assert 0.02 < len(cities) / len(written) < 0.07
    assert (cities.street == "").all()
    assert not cities.text.str.contains(r"\d").any()


def test_chinese_script_and_latin_letters_stand_for_the_same_place(written):
    native = written.text.str.contains("[一-鿿]", regex=True)
    assert native.any()
    both = written[~native & (written.precision != "city")].merge(written[native], on="place_id")
    assert len(both)


def test_a_misspelt_street_differs_by_one_letter_from_the_true_one(small_out, written):
    places = truth(small_out, "places")
    rows = written[(written.street != "") & (written.precision != "building")].merge(places, on="place_id")
    other = rows[(rows.street_x != rows.street_y) & ~rows.street_x.str.contains(r"\.|C/", regex=True)]
    assert len(other)
    accents = other.street_x.str.len() == other.street_y.str.len()  # abbreviations also drop accents
    assert (other[~accents].street_x.str.len() - other[~accents].street_y.str.len()).abs().le(1).mean() > 0.9


def test_market_stalls_share_the_address_of_their_hall(small_out, written):
    places = truth(small_out, "places")
    stalls = places[places.hall_id.notna()]
    assert stalls.groupby("hall_id").size().max() > 1
    rows = written.merge(stalls, on="place_id")
    assert rows[rows.precision == "unit"].street_x.str.contains("Stall").any()


def test_clean_addresses_are_all_in_fields(tmp_path):
    params = {"orders": 500, "shops": 30, "suppliers": 30, "guilty": 3, "days": 5}
    synthesise(tmp_path, MarketplaceParams.preset("clean", **params))
    rows = feed(tmp_path / "landing" / "addresses")
    assert (rows.text == "").all()
    assert (rows[["street", "city", "region", "postcode", "country"]] != "").all(axis=None)


def test_a_phone_is_written_in_several_ways(small_out):
    sellers = feed(small_out / "landing" / "sellers")
    digits = sellers.phone.str.replace(r"\D", "", regex=True).str[-9:]
    shared = sellers[digits.map(digits.value_counts()) > 3]
    assert shared.phone.str.replace(r"\d", "#", regex=True).nunique() > 2
