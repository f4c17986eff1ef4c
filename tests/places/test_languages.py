"""Short forms and orders of several languages: what is one address, and what is next to it and is another."""

import tomllib
from pathlib import Path

import pytest

from .shared import labels

ADDRESSES = tomllib.loads(Path(__file__).with_name("languages.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", ADDRESSES.values(), ids=ADDRESSES.keys())
def test_an_address_is_one_in_all_its_forms_and_its_neighbours_are_others(case):
    streets = [*case["one"], *case["others"]]
    got = labels(*({"street": street, "city": case.get("city"), "country": case["country"]} for street in streets))
    assert None not in got
    assert set(got[: len(case["one"])]) == {got[0]}
    assert len(set(got)) == 1 + len(case["others"])


@pytest.mark.parametrize(
    ("one", "other"), [("Gurgaon", "Gurugram"), ("Kraków", "Cracow"), ("Nürnberg", "Nuremberg"), ("Sevilla", "Seville")]
)
def test_a_town_is_one_in_two_languages(one, other):
    assert (
        len(set(labels(*({"street": "Park 5, Flat 2", "city": city, "country": "DE"} for city in (one, other))))) == 1
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ul. Długa 7 m. 3, 31-147 Kraków, Polska", "Długa 7/3, 31-147 Kraków, Polska"),
        ("C/ Mayor, 5, 3º B, 28013 Madrid, España", "Calle Mayor 5 piso 3 puerta B, 28013 Madrid, España"),
        ("Via Prenestina, n.142, 50135 Firenze (FI)", "Via Prenestina 142, 50135 Firenze"),
        ("Via Roma 3, 59100 Prato (MI) Italia", "Via Roma n. 3, 59100 Prato, Italia"),
        ("Plaza España, núm. 143, loc. 4, 41013 Sevilla, España", "Plaza España 143, local 4, 41013 Sevilla, España"),
        ("42 E 20th St between Park Ave S and Broadway, New York", "42 East 20th Street, New York City"),
        ("One E Wacker Dr, Chicago, IL 60601", "1 East Wacker Drive, Chicago, Illinois 60601"),
        ("Unit 5/12 Smith St, Sydney NSW 2000, Australia", "5/12 Smith Street, Sydney NSW 2000, Australia"),
    ],
)
def test_the_country_that_a_text_names_tells_its_short_forms(one, other):
    assert len(set(labels(one, other))) == 1


@pytest.mark.parametrize(("one", "other"), [("N. Hollywood", "North Hollywood"), ("E St Louis", "East Saint Louis")])
def test_a_point_of_the_compass_before_a_town_is_one_as_a_letter(one, other):
    street = {"street": "12 Main St", "country": "US"}
    assert len(set(labels(street | {"city": one}, street | {"city": other}))) == 1
    assert len(set(labels(street | {"city": one}, street | {"city": other.split(maxsplit=1)[1]}))) == 2


def test_a_slip_in_the_name_of_a_part_of_a_town_is_forgiven_in_one_street():
    text = "10 Deamer Crescent, {}, North Ryde NSW 2750, Australia"
    one, slip, other = labels(*(text.format(part) for part in ("Glengariffe", "Glengarriffe", "Iowanna")))
    assert one == slip != other
