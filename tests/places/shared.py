"""Tables and helpers that the tests of places share."""

import os
from pathlib import Path

import pandas as pd

from headwater.parameters.places import PlaceParams
from headwater.places.match import resolve_places
from headwater.places.normalise import ParsedAddress, parse_address, parse_addresses
from headwater.places.rules import load_rules

RULES = load_rules()
PARAMS = PlaceParams()
REAL_DATA = Path(os.environ.get("HEADWATER_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
BASE = {"text": None, "street": None, "city": None, "region": None, "postcode": None, "country": None}


def parsed(text: str | None = None, params: PlaceParams = PARAMS, **fields: str | None) -> ParsedAddress:
    """One address: the base row with overrides."""
    return parse_address(**{**BASE, "text": text, **fields}, rules=RULES, params=params)


def frame(*rows: str | dict[str, str | None]) -> pd.DataFrame:
    """ADDRESSES of texts or of overrides of the base row; address_id a0, a1, ..."""
    filled = [{**BASE, **({"text": row} if isinstance(row, str) else row)} for row in rows]
    table = pd.DataFrame(filled, columns=[*BASE], dtype=object)
    return table.assign(address_id=pd.Series([f"a{i}" for i in range(len(rows))], dtype=object))


def labels(
    *rows: str | dict[str, str | None], params: PlaceParams = PARAMS, by: str = "place_label"
) -> list[str | None]:
    """The label of each row, in order."""
    table = parse_addresses(frame(*rows), RULES, params)
    return resolve_places(table, params).places[by].tolist()
