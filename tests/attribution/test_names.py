"""What sources are called: a supplier by its papers, a house by an address, a return place as a place, unknown supply by its operator."""

from datetime import date

import numpy as np

from headwater.attribution.names import names
from headwater.tables.model import PLACES, SUPPLIERS

NIGHT = date(2026, 11, 22)
PLACE = {
    "night": NIGHT, "place_id": "p", "building_key": "h", "seller_id": "a", "role": "dispatch", "level": "unit",
    "may_be_source": True, "city": "Porto", "country": "PT",
}  # fmt: skip


def test_every_type_has_its_names_and_the_ids_behind_it(rows_of):
    places = rows_of(
        PLACES,
        PLACE,
        {"address_id": "x1", "name": "1 Quay, unit 2"},
        {"address_id": "x2", "name": "1 Quay, unit 3", "place_id": "q", "role": "return"},
        {"address_id": "x3", "name": "Porto", "place_id": "c", "building_key": None, "may_be_source": False},
    )
    suppliers = rows_of(
        SUPPLIERS,
        {"night": NIGHT, "company_id": "U1", "name": "Ulmo", "country": "IT"},
        {"supplier_id": "u"},
        {"supplier_id": "u2", "name": "Ulmo Srl"},
        {"supplier_id": "u3", "name": "Ulmo Srl"},
    )
    got = names(suppliers, places, np.array(["o1"], dtype=object))
    told = {key: (row["name"], list(row["members"])) for key, row in got.iterrows()}
    assert told == {
        ("supplier", "U1"): ("Ulmo Srl", ["u", "u2", "u3"]),
        ("dispatch", "p"): ("1 Quay, unit 2", ["x1"]),
        ("dispatch", "q"): ("1 Quay, unit 3", ["x2"]),
        ("return", "p"): ("1 Quay, unit 2", ["x1"]),
        ("return", "q"): ("1 Quay, unit 3", ["x2"]),
        ("building", "h"): ("house of 1 Quay, unit 2", ["x1", "x2"]),
        ("latent", "o1"): ("unknown supplier of operator o1", ["o1"]),
    }
    assert got.loc[("building", "h"), "city"] == "Porto"
    assert got.loc[("supplier", "U1"), "country"] == "IT"
