"""Parsed addresses -> places: which rows are one unit, and which are one building."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from headwater.parameters.places import PlaceParams
from headwater.places.gaps import filled
from headwater.places.normalise import COLUMNS, HOUSES, OF_HOUSE, hashed, joined
from headwater.places.spelling import correct

_NAMES = ("street", "city", "name")
_COUNTRY_GAPS = (
    ("country", ("anchor", "city", "postcode"), ("number",)),
    ("country", ("anchor", "city"), ("number",)),
)
_TOWN = ("city", "region", "district", "township", "postcode")
# What is unsaid, in this order: the column, what two rows must say alike, and what they must say alike or both leave out; house
# number and street, or the named place without a street, besides. What places the street comes before what only describes it.
_GAPS = (
    ("city", ("postcode",), ()),
    ("region", ("city", "postcode"), ()),
    ("region", ("city",), ()),
    ("city_native", ("city",), ("region",)),
    ("district", ("city", "postcode"), ("region",)),
    ("district", ("city",), ("region",)),
    ("township", ("city",), ("region", "district")),
    ("postcode", ("city",), ("region", "district", "township")),
    ("city", ("district",), ("region",)),
    ("street_native", (), _TOWN),
    ("direction", (), _TOWN),
    ("street_type", (), (*_TOWN, "direction")),
    ("name", (), (*_TOWN, "direction", "street_type", "building")),
    ("name_native", (), (*_TOWN, "direction", "street_type", "building")),
)


class Resolution(NamedTuple):
    """What matching yields: `places` (see `match_places`) and `blocks` (kind, block, spellings), the spellings that were compared
    with each other, largest first; those of more spellings than the cap were not."""

    places: pd.DataFrame
    blocks: pd.DataFrame


def match_places(parsed: pd.DataFrame, params: PlaceParams) -> pd.DataFrame:
    """Parsed addresses (`parse_addresses`) -> one row per address_id: `place_label`, `building_label`, `tier`.

    A label is the smallest address_id of those that share the place. `place_label` keeps units apart; `building_label`
    joins the units of one building and is null below building level. Both are null at level none. `tier`: exact where
    the address has the very key of the one its label names, fuzzy where a slip was corrected or a gap was filled, capped
    where a name was left as it is because its block was too large.
    """
    return resolve_places(parsed, params).places


def resolve_places(parsed: pd.DataFrame, params: PlaceParams) -> Resolution:
    """`match_places` with the blocks in which spellings were compared.

    Tier 1 is the typed key itself. Tier 2 makes keys equal that are one address with a slip or a gap, and nothing else.
    Among rows of one house number, or of one named place without a street,
    (a) an unsaid country is taken from the rows with the same street and city,
    (b) street names are corrected within one city, then within one postcode; then city names within one street and postcode, for
        a slip and another town cannot be told by the name; then names of buildings within one street and city,
    (c) what is unsaid is taken from the rows that agree in the rest, if they all say the same (`_GAPS`).
    What is said is never changed but for (b), so two rows that say different things never meet. House number, building and unit
    are compared to the letter and never filled: rows may be matched house number by house number, named places without a street
    by their name, and the others by their key alone. A numbered street in no city, district or postcode is nowhere in particular
    and matches nothing. An optional column `n` says how often each row was written, for the commonest spelling is the one that is
    kept.
    """
    rows = parsed[[*COLUMNS]].astype(object).where(parsed[[*COLUMNS]].notna(), None)
    distinct = rows.drop_duplicates().reset_index(drop=True)
    code = pd.MultiIndex.from_frame(distinct).get_indexer(pd.MultiIndex.from_frame(rows))
    heavy = parsed["n"].to_numpy() if "n" in parsed else np.ones(len(parsed), dtype=np.int64)
    distinct["n"] = pd.Series(heavy).groupby(code).sum().reindex(distinct.index).to_numpy()
    repaired, capped, blocks = _repair(distinct, params)
    keys = _keys(repaired, params).assign(capped=capped).take(code).reset_index(drop=True)
    keys["address_id"] = parsed["address_id"].to_numpy()
    keys["exact"] = parsed["address_key"].to_numpy()
    lost = ~located(repaired).take(code).to_numpy() & keys["level"].isin(HOUSES).to_numpy()
    keys.loc[lost, "building"] = keys["address_id"]
    keys["place"] = keys["building"] + "\x1f" + keys["unit"]
    keys["building"] = keys["building"].where(keys["level"].isin(HOUSES), None)
    for name in ("place", "building"):
        keys[f"{name}_label"] = keys.groupby(name)["address_id"].transform("min")
    exact_of = pd.Series(keys["exact"].to_numpy(), index=keys["address_id"])
    exact_of = exact_of[~exact_of.index.duplicated()]
    same = (keys["place_label"].map(exact_of) == keys["exact"]).map({True: "exact", False: "fuzzy"})
    keys["tier"] = same.mask(keys["capped"], "capped").where(keys["place_label"].notna(), None)
    labels = keys[["address_id", "place_label", "building_label", "tier"]]
    return Resolution(labels.astype(object).where(labels.notna(), None), blocks)


def located(rows: pd.DataFrame) -> pd.Series:
    """Whether parsed addresses say where on earth they are; one street and number stands in a thousand towns."""
    return rows["city"].notna() | rows["postcode"].notna() | rows["district"].notna()


def _repairable(rows: pd.DataFrame) -> pd.Series:
    named = rows["street"].isna() & (rows["name"].notna() | rows["name_native"].notna())
    return ((rows["street"].notna() & rows["number"].notna()) | named) & located(rows)


def _repair(rows: pd.DataFrame, params: PlaceParams) -> tuple[pd.DataFrame, pd.Series, pd.DataFrame]:
    """Tier 2 over distinct parsed rows with their count `n`: the same rows with names corrected and gaps filled, whether a row
    was in a block too large to be compared, and the blocks."""
    able = _repairable(rows)
    part = rows[able].copy()
    part["anchor"] = _anchor(_plain(part))
    part["country"] = filled(_plain(part), _COUNTRY_GAPS)["country"]
    part["house"] = part["country"].fillna("-") + " " + part["number"].fillna("-")
    latin = part["script"] == "latin"
    capped = pd.Series(False, index=rows.index)
    reports = []
    for kind, column, by in (
        ("streets of a town", "street", ["house", "city"]),
        ("streets of a postcode", "street", ["house", "postcode"]),
        ("towns of a street and postcode", "city", ["house", "street", "postcode"]),
        ("parts of a town with the street", "district", ["house", "street", "city"]),
        ("buildings of a street", "name", ["house", "street", "city"]),
    ):
        street = part["street"].notna()
        found = correct(part[column].where(latin & street, None), part[by], part["n"], params)
        part[column] = part[column].mask(latin & street, found.names)
        capped |= found.capped.reindex(rows.index, fill_value=False)
        reports.append(found.blocks.assign(kind=kind))
    part = _plain(part)
    part["anchor"] = _anchor(part)
    part = filled(part, tuple((column, ("house", "anchor", *known), equal) for column, known, equal in _GAPS))
    repaired = rows.copy()
    repaired.loc[able, [*OF_HOUSE]] = part[[*OF_HOUSE]]
    blocks = pd.concat(reports)[["kind", "block", "spellings"]]
    order = ["spellings", "kind", "block"]
    return repaired, capped, blocks.sort_values(order, ascending=[False, True, True], ignore_index=True)


def _anchor(rows: pd.DataFrame) -> pd.Series:
    """What the house number counts along: the street, else the named place."""
    return rows["street"].fillna(rows["name"]).fillna(rows["name_native"])


def _plain(rows: pd.DataFrame) -> pd.DataFrame:
    """Street, city and building names without spaces."""
    return rows.assign(**{name: rows[name].str.replace(" ", "", regex=False) for name in _NAMES})


def _keys(rows: pd.DataFrame, params: PlaceParams) -> pd.DataFrame:
    """Final keys: `building` (everything but the door; null at level none), `unit` and `level`."""
    key = rows[[*OF_HOUSE]].copy()
    known = rows["postcode"].notna()
    fine = known & rows["country"].isin(params.fine_postcodes) & rows["number"].notna()
    key["region"] = key["region"].where(~known, None)
    for name in ("city", "city_native", "district", "township"):
        key[name] = key[name].where(~fine, None)
    key = key.map(lambda part: part.replace(" ", "") if isinstance(part, str) else None)
    hashes = [hashed(joined(parts)) for parts in key.itertuples(index=False, name=None)]
    building = pd.Series(hashes, index=rows.index, dtype=object).where(rows["level"] != "none", None)
    doors = pd.DataFrame({"building": building, "unit": rows["unit"], "unit_kind": rows["unit_kind"]})
    doors = filled(doors, (("unit_kind", ("building", "unit"), ()),))
    unit = doors["unit"].fillna("\x00") + "\x1f" + doors["unit_kind"].fillna("\x00")
    return pd.DataFrame({"level": rows["level"], "building": building, "unit": unit})
