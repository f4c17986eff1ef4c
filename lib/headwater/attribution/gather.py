"""A window brought to the driver: sums of cells and the complaints that count, as the arrays that the source model reads.

Orders stay on the cluster; what comes are sums by (shop, place, supplier), one row a complaint, the named orders by listing, and
declared links of the window. Codes are ranks of the sorted ids, so the same window gives the same arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import reduce

import numpy as np
import pandas as pd
import pyspark.sql.functions as F
from pyspark.sql import DataFrame

from headwater.attribution.beside import Known, coded, companies_of, houses_of, opening_days
from headwater.attribution.expected import CELL_NAMES, PICO, THIRDS
from headwater.attribution.market import ELSEWHERE, Complaints, Floats, Flows, Ints, Links, Market, Named

# Instead of a place: an address that is known to be no street, or that nobody can look up. No source that could be named.
NO_STREET = ""
KEY = ["seller_id", "place", "supplier_id"]
MICRO = 10**6


@dataclass(frozen=True)
class Ids:
    """What the codes stand for; each sorted, listings by their shop first ("" for what of a shop has no listing id); returns are
    places, too. A supplier is a company, called by the smallest of its ids; companies (suppliers,) the stable id of each."""

    sellers: Ints
    places: Ints
    suppliers: Ints
    companies: Ints
    listings: Ints
    buildings: Ints
    returns: Ints
    operators: Ints


@dataclass(frozen=True)
class Gathered:
    """The market of a window, what its codes stand for, and what the model does not read but a reader wants to know.

    amounts: one row a flow, as in `market.flows`: value_minor, orders_T and expected_T of each third, first_day, last_day.
    complaints: one row a complaint, as in `market.complaints`: complaint_id, order_id, brand, third. links: one row a declared link,
    as in `market.links`: kind. listing_shop (listings,) shop of each listing. houses: one row a place, as in `ids.places`:
    building_key (None: in no building), unit (whether one is said). days of the window.
    """

    market: Market
    ids: Ids
    listing_shop: Ints
    amounts: pd.DataFrame
    complaints: pd.DataFrame
    links: pd.DataFrame
    houses: pd.DataFrame
    days: int


def flow_sums(
    cells: DataFrame, prices: DataFrame, complaints: DataFrame, places: DataFrame, firms: DataFrame
) -> DataFrame:
    """CELL_EXPECTED, cell prices, COMPLAINTS_COUNTED, PLACES, COMPANIES -> one row a (shop, place, supplier) with all that is summed
    of it."""
    other = complaints.where("kind = 'not_as_described'").groupBy(*CELL_NAMES).agg(F.count(F.lit(1)).alias("other"))
    # A complaint is what most refunds follow: of the lines complained about it would say the same twice, and for whoever pays for it.
    line = F.struct("day", "order_id", "line_no")
    mine = complaints.where("kind = 'counterfeit' and refunded").groupBy(*CELL_NAMES)
    answered = mine.agg((-F.count_distinct(line)).alias("refunded"))
    parts = [of_companies(at_place(part, places), firms) for part in (cells, prices, other, answered)]
    both = reduce(lambda a, b: a.unionByName(b, allowMissingColumns=True), parts)
    names = [c for c in both.columns if c not in (*KEY, "first_day", "last_day")]
    sums = [F.coalesce(F.sum(c), F.lit(0)).alias(c) for c in names]
    days = [F.min("first_day").alias("first_day"), F.max("last_day").alias("last_day")]
    return both.groupBy(*KEY).agg(*sums, *days)


def at_place(rows: DataFrame, places: DataFrame) -> DataFrame:
    """Rows of cells with `place` instead of the dispatch address as written: null if they name none, NO_STREET if it is no street."""
    streets = places.where("may_be_source").select(F.col("address_id").alias("dispatch_address_id"), "place_id")
    found = F.when(F.col("dispatch_address_id").isNotNull(), F.coalesce("place_id", F.lit(NO_STREET)))
    mapped = rows.join(F.broadcast(streets), on="dispatch_address_id", how="left").withColumn("place", found)
    return mapped.drop("dispatch_address_id", "place_id")


def companies(suppliers: DataFrame) -> DataFrame:
    """SUPPLIERS -> COMPANIES (supplier_id, company_id, called): what each company is called, the smallest of its ids."""
    smallest = suppliers.groupBy("company_id").agg(F.min("supplier_id").alias("called"))
    return suppliers.select("supplier_id", "company_id").join(smallest, on="company_id")


def of_companies(rows: DataFrame, firms: DataFrame) -> DataFrame:
    """Rows whose `supplier_id` is what their company is called (COMPANIES), whichever of its ids they name."""
    mapped = rows.join(F.broadcast(firms.select("supplier_id", "called")), on="supplier_id", how="left")
    return mapped.withColumn("supplier_id", F.coalesce("called", "supplier_id")).drop("called")


def gather(
    flows: DataFrame,
    complaints: DataFrame,
    places: DataFrame,
    firms: DataFrame,
    listings: DataFrame,
    links: DataFrame,
    known: Known,
    night: date,
    window_days: int,
) -> Gathered:
    """Flow sums, COMPLAINTS_COUNTED, PLACES, COMPANIES, LISTING_SUPPLIERS (window), SUPPLIER_LINKS (current) and what is known beside
    orders -> the window; collects all but COMPANIES."""
    flow = flows.toArrow().to_pandas()
    mine = of_companies(at_place(complaints.where("kind = 'counterfeit'"), places), firms).select(
        *KEY, "complaint_id", "order_id", "line_no", "listing_id", "account", "filed_day", "day", "brand"
    )
    heard = mine.toArrow().to_pandas().sort_values("complaint_id", ignore_index=True)
    sums = of_companies(listings, firms).groupBy("seller_id", "listing_id", "supplier_id")
    named = sums.agg(F.sum("orders").alias("orders")).where("orders > 0").toArrow().to_pandas()
    tied = declared(of_companies(links, firms), night, window_days).toArrow().to_pandas()
    return assemble(flow, heard, named, tied, known, night, window_days)


def declared(links: DataFrame, night: date, window_days: int) -> DataFrame:
    """SUPPLIER_LINKS (current) -> one row a (shop, supplier) with its weight and kinds.

    A link that ended before the window, or begins after it, says nothing about whose goods the orders of the window carry."""
    last, first = F.to_date("last_seen"), F.to_date("first_seen")
    begun = first.isNull() | (first <= F.lit(night))
    not_over = last.isNull() | (last > F.lit(night - timedelta(days=window_days)))
    return (
        links.where(begun & not_over)
        .groupBy("seller_id", "supplier_id")
        .agg(
            F.max(F.coalesce("confidence", F.lit(1.0))).alias("weight"),
            F.array_join(F.array_sort(F.collect_set("kind")), ", ").alias("kind"),
        )
    )


def assemble(
    flow: pd.DataFrame, heard: pd.DataFrame, named: pd.DataFrame, tied: pd.DataFrame, known: Known, night: date,
    window_days: int,
) -> Gathered:  # fmt: skip
    """The window from its four collected frames and what is known beside them."""
    sellers = _sorted(flow["seller_id"], heard["seller_id"])
    tied = tied[tied["seller_id"].isin(sellers)]
    named = named[named["seller_id"].isin(sellers)]
    suppliers = _sorted(flow["supplier_id"], heard["supplier_id"], named["supplier_id"], tied["supplier_id"])
    said = known.declared.loc[known.declared["seller_id"].isin(sellers), "place_id"]
    places = _sorted(flow["place"], heard["place"], said)
    places = places[places != NO_STREET]
    beside, *late = coded(known, sellers, places)
    ids = Ids(sellers, places, suppliers, companies_of(known, suppliers), np.zeros(0, dtype=object), *late)
    flow = _coded(flow, ids).sort_values(["shop", "place_code", "supplier"], ignore_index=True)
    heard = _coded(heard, ids)
    tied = _coded(tied, ids).sort_values(["shop", "supplier"], ignore_index=True)
    named = _coded(named, ids)
    listing, listings, named_listing = _listings(heard, named)
    listing_shop = _ints(listings["shop"])
    ids = replace(ids, listings=listings["listing_id"].to_numpy(object))
    start = pd.Timestamp(night) - pd.Timedelta(days=window_days - 1)
    account, accounts = _accounts(heard["account"])

    def amount(name: str) -> Floats:
        return np.asarray(np.maximum(flow[name].to_numpy(np.float64), 0.0))

    market = Market(
        shops=len(sellers), places=len(ids.places), suppliers=len(suppliers), listings=len(listing_shop), accounts=accounts,
        flows=Flows(
            shop=_ints(flow["shop"]), place=_ints(flow["place_code"]), supplier=_ints(flow["supplier"]),
            expected=amount("expected_pico") / PICO, orders=amount("orders"),
            log_price=flow["below_micro"].to_numpy(np.float64) / MICRO, other=amount("other"), refunded=amount("refunded"),
        ),
        complaints=Complaints(
            shop=_ints(heard["shop"]), listing=listing, place=_ints(heard["place_code"]), supplier=_ints(heard["supplier"]),
            account=account, ordered=_days(heard["day"], start), filed=_days(heard["filed_day"], start),
            log_price=np.zeros(len(heard)),
        ),
        named=Named(named_listing, _ints(named["supplier"]), named["orders"].to_numpy(np.float64)),
        links=Links(_ints(tied["shop"]), _ints(tied["supplier"]), tied["weight"].to_numpy(np.float64)),
        beside=beside, opened=opening_days(known, sellers, start),
    )  # fmt: skip
    amounts = flow[["value_minor", "first_day", "last_day", *(f"orders_{t}" for t in THIRDS)]].copy()
    for t in THIRDS:
        amounts[f"expected_{t}"] = flow[f"expected_pico_{t}"] / PICO
    told = heard[["complaint_id", "order_id", "brand"]].copy()
    told["third"] = np.clip(market.complaints.ordered * 3 // window_days, 0, 2)
    return Gathered(market, ids, listing_shop, amounts, told, tied[["kind"]], houses_of(known, places), window_days)


def _sorted(*columns: pd.Series) -> Ints:
    """The distinct ids of all columns, in order of code points."""
    values = {v for column in columns for v in column.dropna().unique()}
    return np.array(sorted(values), dtype=object)


def _coded(rows: pd.DataFrame, ids: Ids) -> pd.DataFrame:
    """Rows with shop, supplier (-1: not named) and place_code (UNKNOWN, ELSEWHERE)."""
    out = rows.copy()
    out["shop"] = _code(rows["seller_id"], ids.sellers)
    out["supplier"] = _code(rows["supplier_id"], ids.suppliers)
    if "place" in rows:
        away = (rows["place"] == NO_STREET).to_numpy()
        out["place_code"] = np.where(away, ELSEWHERE, _code(rows["place"], ids.places))
    return out


def _code(column: pd.Series, known: Ints) -> Ints:
    return np.asarray(pd.Index(known).get_indexer(pd.Index(column)), dtype=np.int64)


def _listings(heard: pd.DataFrame, named: pd.DataFrame) -> tuple[Ints, pd.DataFrame, Ints]:
    """(complaints,) listing, one row a listing (shop, listing_id), (named,) listing: without an id, all else of the shop."""
    keys = pd.concat([heard[["shop", "listing_id"]], named[["shop", "listing_id"]]], ignore_index=True)
    keys["listing_id"] = keys["listing_id"].astype(object).where(keys["listing_id"].notna(), "")
    keys["given"] = pd.concat([heard["listing_id"].notna(), named["listing_id"].notna()], ignore_index=True)
    distinct = keys.drop_duplicates().sort_values(["shop", "given", "listing_id"], ignore_index=True)
    code = keys.merge(distinct.reset_index(names="code"), on=["shop", "given", "listing_id"], how="left")["code"]
    codes = code.to_numpy(np.int64)
    return codes[: len(heard)], distinct, codes[len(heard) :]


def _accounts(tokens: pd.Series) -> tuple[Ints, int]:
    """(complaints,) account; a complaint without one (brands, authorities, nobody named) has an account of its own."""
    known = _sorted(tokens)
    code = _code(tokens, known)
    alone = code < 0
    code[alone] = len(known) + np.arange(int(alone.sum()))
    return code, len(known) + int(alone.sum())


def _days(column: pd.Series, start: pd.Timestamp) -> Ints:
    return np.asarray((pd.to_datetime(column) - start).dt.days.to_numpy(np.int64))


def _ints(column: pd.Series) -> Ints:
    return np.asarray(column.to_numpy(np.int64))
