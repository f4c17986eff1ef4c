"""What is known of shops and places beside their orders, as codes: buildings, return places, operators (docs/model.md, step 2c)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from headwater.attribution.market import Beside, Floats, Ints


def _none(*columns: str) -> pd.DataFrame:
    return pd.DataFrame({c: np.zeros(0, dtype=object) for c in columns})


@dataclass(frozen=True)
class Known:
    """Frames of ids, one row a fact: doors (place_id, building_key, unit: whether one is said) of places in a building; returns
    (seller_id, place_id) of shops and the places that they name for returns; members (seller_id, operator_id); declared (seller_id,
    place_id) of shops and the places that they say they ship from; opened (seller_id, opened_at); companies (company_id, called: the
    smallest of its supplier ids). All of any shop, in the window or not."""

    doors: pd.DataFrame = field(default_factory=lambda: _none("place_id", "building_key", "unit"))
    returns: pd.DataFrame = field(default_factory=lambda: _none("seller_id", "place_id"))
    members: pd.DataFrame = field(default_factory=lambda: _none("seller_id", "operator_id"))
    declared: pd.DataFrame = field(default_factory=lambda: _none("seller_id", "place_id"))
    opened: pd.DataFrame = field(default_factory=lambda: _none("seller_id", "opened_at"))
    companies: pd.DataFrame = field(default_factory=lambda: _none("company_id", "called"))


def coded(known: Known, sellers: Ints, places: Ints) -> tuple[Beside, Ints, Ints, Ints]:
    """The facts about shops `sellers` and `places` (sorted ids), and the ids of buildings, return places and operators, each sorted.

    A building counts from two of its units on, and has those doors too that are written without one; a return place counts from two
    shops, an operator from two shops: below, it is the place or the shop again."""
    houses = houses_of(known, places)
    _, buildings = _shared(houses.loc[houses["unit"], "building_key"].to_numpy(object))
    building = np.asarray(pd.Index(buildings).get_indexer(pd.Index(houses["building_key"])), dtype=np.int64)
    run_by = _first(known.members, "seller_id", "operator_id").reindex(sellers)
    operator, operators = _shared(run_by.to_numpy(object))
    shop, place, part, returns = return_parts(known.returns, sellers)
    said = known.declared.dropna().drop_duplicates().sort_values(["seller_id", "place_id"])
    said_shop = pd.Index(sellers).get_indexer(pd.Index(said["seller_id"]))
    said_place = pd.Index(places).get_indexer(pd.Index(said["place_id"]))
    both = (said_shop >= 0) & (said_place >= 0)
    beside = Beside(
        len(buildings), len(returns), len(operators), building, shop, place, part, operator, said_shop[both], said_place[both]
    )  # fmt: skip
    return beside, buildings, returns, operators


def opening_days(known: Known, sellers: Ints, start: pd.Timestamp) -> Floats:
    """(shops,) the day on which each opened, from `start`; NaN where nobody says."""
    opened = pd.to_datetime(_first(known.opened, "seller_id", "opened_at").reindex(sellers), utc=True)
    days = (opened - start.tz_localize("UTC")).dt.total_seconds() / 86_400
    return np.asarray(np.floor(days.to_numpy(np.float64)))


def companies_of(known: Known, suppliers: Ints) -> Ints:
    """(suppliers,) the stable id of each company; a supplier that is in none is its own."""
    company = _first(known.companies, "called", "company_id").reindex(suppliers).to_numpy(object)
    return np.where(pd.notna(company), company, suppliers)


def houses_of(known: Known, places: Ints) -> pd.DataFrame:
    """One row a place: its building_key (None: in no building), and unit, whether one is said."""
    house = _first(known.doors, "place_id", "building_key").reindex(places)
    units = known.doors.loc[known.doors["unit"].astype(bool), "place_id"]
    return pd.DataFrame(
        {"building_key": house.to_numpy(object), "unit": np.isin(places.astype(str), units.to_numpy(str))}
    )


def return_parts(rows: pd.DataFrame, sellers: Ints) -> tuple[Ints, Ints, Floats, Ints]:
    """(pairs,) shop, return place and the shop's equal part, of places that two shops or more name; and the ids of those places."""
    pairs = rows[["seller_id", "place_id"]].dropna().drop_duplicates()
    pairs = pairs[pairs["seller_id"].isin(sellers)].sort_values(["seller_id", "place_id"])
    part = 1.0 / pairs.groupby("seller_id")["place_id"].transform("size").to_numpy(np.float64)
    code, ids = _shared(pairs["place_id"].to_numpy(object))
    kept = code >= 0
    shop = pd.Index(sellers).get_indexer(pd.Index(pairs["seller_id"]))
    return np.asarray(shop[kept], dtype=np.int64), code[kept], part[kept], ids


def _first(rows: pd.DataFrame, key: str, value: str) -> pd.Series:
    """value by key; a key that is told twice has the smallest."""
    return rows[[key, value]].dropna().sort_values([key, value]).drop_duplicates(key).set_index(key)[value]


def _shared(values: Ints) -> tuple[Ints, Ints]:
    """(rows,) code of each value that stands twice or more, else -1; and those values, sorted."""
    count = pd.Series(values, dtype=object).dropna().value_counts()
    ids = np.array(sorted(count.index[count > 1]), dtype=object)
    return np.asarray(pd.Index(ids).get_indexer(pd.Index(values)), dtype=np.int64), ids
