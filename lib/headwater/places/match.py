"""Parsed addresses -> places: which rows are one unit, and which are one building."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from headwater.parameters.places import PlaceParams
from headwater.places.normalise import COLUMNS, hashed, joined
from headwater.places.spelling import correct, glued

AREAS = ("street", "postcode_area", "city", "country")
_KEY = ["country", "region", "postcode", "city", "street", "street_type", "direction", "number", "building"]


class Resolution(NamedTuple):
    """What matching yields: `places` (see `match_places`) and `capped` (kind, block, spellings), the blocks that were
    larger than the cap and in which no slip was forgiven, largest first."""

    places: pd.DataFrame
    capped: pd.DataFrame


def witness_phones(parsed: pd.DataFrame, phone: pd.Series, params: PlaceParams) -> pd.Series:
    """Cleaned phones of all addresses (`clean_values`), row by row with `parsed` -> those that may vouch for an address.

    One at more than `phone_max_houses` different streets and numbers is an agent's, a warehouse's or a marketplace's and
    becomes null. Counted over all house numbers, so call it before the rows are split up.
    """
    house = glued(parsed[["country", "street", "number"]])
    return phone.where(house.groupby(phone.to_numpy()).transform("nunique") <= params.phone_max_houses, None)


def match_places(parsed: pd.DataFrame, params: PlaceParams) -> pd.DataFrame:
    """Parsed addresses (`parse_addresses`) -> one row per address_id: `place_label`, `building_label`, `tier`.

    A label is the smallest address_id of those that share the place. `place_label` keeps units apart; `building_label`
    joins the units of one building and is null below building level. Both are null at level none. `tier`: exact where
    the address has the very key of the one its label names, fuzzy where a slip was corrected or a gap was filled.
    """
    return resolve_places(parsed, params).places


def resolve_places(parsed: pd.DataFrame, params: PlaceParams) -> Resolution:
    """`match_places` with the blocks that were too large.

    Tier 1 is the typed key itself. Tier 2 makes keys equal that are one address with a slip or a gap, and nothing else.
    Among rows of one house number,
    (a) an unsaid country is taken from the rows with the same street, city and postcode,
    (b) street names are corrected within one city, then within one postcode; then city names within one street,
    (c) an unsaid postcode, city, region, direction or street type is taken from the rows that agree in the rest, if they
        all say the same.
    House number, building and unit are compared to the letter and never filled, so two that differ never meet: rows may be
    matched house number by house number, and rows without street or number by their key alone. A
    numbered street without city and postcode is nowhere in particular and matches nothing. An optional column `n` says
    how often each row was written, for the commonest spelling is the one that is kept. With an optional column `phone`
    (from `witness_phones`), addresses of one street name and house number that share a phone are one building
    even where the rest contradicts.
    """
    rows = parsed[[*COLUMNS]].astype(object).where(parsed[[*COLUMNS]].notna(), None)
    distinct = rows.drop_duplicates().reset_index(drop=True)
    code = pd.MultiIndex.from_frame(distinct).get_indexer(pd.MultiIndex.from_frame(rows))
    heavy = parsed["n"].to_numpy() if "n" in parsed else np.ones(len(parsed), dtype=np.int64)
    distinct["n"] = pd.Series(heavy).groupby(code).sum().reindex(distinct.index).to_numpy()
    repaired, capped = _repair(distinct, params)
    keys = _keys(repaired, params).take(code).reset_index(drop=True)
    keys["address_id"] = parsed["address_id"].to_numpy()
    keys["exact"] = parsed["address_key"].to_numpy()
    lost = ~_located(repaired).take(code).to_numpy() & keys["level"].isin(("unit", "building")).to_numpy()
    keys.loc[lost, "building"] = keys["address_id"]
    if "phone" in parsed:
        same_house = repaired.take(code).reset_index(drop=True)
        keys["building"] = _vouched(keys["building"], same_house, parsed["phone"].reset_index(drop=True))
    keys["place"] = keys["building"] + "\x1f" + keys["unit"].fillna("\x00")
    keys["building"] = keys["building"].where(keys["level"].isin(("unit", "building")), None)
    for name in ("place", "building"):
        keys[f"{name}_label"] = keys.groupby(name)["address_id"].transform("min")
    exact_of = pd.Series(keys["exact"].to_numpy(), index=keys["address_id"])
    exact_of = exact_of[~exact_of.index.duplicated()]
    same = keys["place_label"].map(exact_of) == keys["exact"]
    keys["tier"] = same.map({True: "exact", False: "fuzzy"}).where(keys["place_label"].notna(), None)
    labels = keys[["address_id", "place_label", "building_label", "tier"]]
    return Resolution(labels.astype(object).where(labels.notna(), None), capped)


def _located(rows: pd.DataFrame) -> pd.Series:
    return rows["city"].notna() | rows["postcode"].notna()


def _repairable(rows: pd.DataFrame) -> pd.Series:
    return rows["street"].notna() & rows["number"].notna() & _located(rows)


def _repair(rows: pd.DataFrame, params: PlaceParams) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tier 2 over distinct parsed rows with their count `n`: the same rows with names corrected and gaps filled."""
    able = _repairable(rows)
    part = rows[able].copy()
    part["country"] = _fill(_plain(part), "country", ["number", "street", "city", "postcode"])
    part["house"] = part["country"].fillna("-") + "|" + part["number"]
    forgiving = part["script"] == "latin"
    reports = []
    for kind, column, by in (
        ("street in city", "street", ["house", "city"]),
        ("street in postcode", "street", ["house", "postcode"]),
        ("city in street", "city", ["house", "street"]),
    ):
        blocks = part[by].where(forgiving, None)
        part[column], capped = correct(part[column], blocks, part["n"], params)
        reports.append(capped.assign(kind=kind))
    part = _plain(part)
    for column, by in (
        ("postcode", ["house", "street", "city"]),
        ("city", ["house", "street", "postcode"]),
        ("region", ["house", "street", "city"]),
        ("direction", ["house", "street", "city", "postcode"]),
        ("street_type", ["house", "street", "city", "postcode", "direction"]),
    ):
        part[column] = _fill(part, column, by)
    repaired = rows.copy()
    repaired.loc[able, _KEY] = part[_KEY]
    report = pd.concat(reports)[["kind", "block", "spellings"]]
    return repaired, report.sort_values(
        ["spellings", "kind", "block"], ascending=[False, True, True], ignore_index=True
    )


def _plain(rows: pd.DataFrame) -> pd.DataFrame:
    """Street and city without spaces."""
    squashed = {name: rows[name].str.replace(" ", "", regex=False) for name in ("street", "city")}
    return rows.assign(**squashed)


def _fill(rows: pd.DataFrame, column: str, by: list[str]) -> pd.Series:
    """The column with its gaps filled where all rows that agree in `by` and say something say the same.

    What is null in both rows counts as agreeing; but where the column places the street, all of `by` must be known.
    """
    group = glued(rows[by])
    said = rows[column].groupby(group)
    alone = group.map(said.nunique()) == 1
    if column in ("country", "postcode", "city"):
        alone &= rows[by].notna().all(axis=1)
    return rows[column].where(rows[column].notna() | ~alone, group.map(said.first()))


def _vouched(building: pd.Series, rows: pd.DataFrame, phone: pd.Series) -> pd.Series:
    """Building keys, those joined that share country, street, number, building mark and phone.

    The phone vouches where city, postcode, direction or street type contradict each other or are missing.
    """
    house = glued(rows[["country", "street", "number", "building"]])
    able = phone.notna() & rows["street"].notna() & rows["number"].notna()
    if not able.any():
        return building
    left, names = pd.factorize(building[able], sort=True)
    right, tokens = pd.factorize(house[able] + "\x1f" + phone[able].astype(str), sort=True)
    size = len(names) + len(tokens)
    graph = coo_array((np.ones(len(left), dtype=np.int8), (left, right + len(names))), shape=(size, size))
    component = connected_components(graph, directed=False)[1][: len(names)]
    first = pd.Series(names).groupby(component).transform("first")  # names are sorted, so the smallest
    return building.map(pd.Series(first.to_numpy(), index=names)).fillna(building)


def _keys(rows: pd.DataFrame, params: PlaceParams) -> pd.DataFrame:
    """Final keys: `building` (everything but the unit; null at level none), `unit` and `level`."""
    key = rows[_KEY].copy()
    known = rows["postcode"].notna()
    fine = known & rows["country"].isin(params.fine_postcodes) & rows["number"].notna()
    key["region"] = key["region"].where(~known, None)
    key["city"] = key["city"].where(~fine, None)
    key = key.map(lambda part: part.replace(" ", "") if isinstance(part, str) else None)
    hashes = [hashed(joined(parts)) for parts in key.itertuples(index=False, name=None)]
    building = pd.Series(hashes, index=rows.index, dtype=object).where(rows["level"] != "none", None)
    return pd.DataFrame({"level": rows["level"], "building": building, "unit": rows["unit"]})
