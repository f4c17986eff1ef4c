"""Accepted feeds, and the rows that were not accepted."""

from __future__ import annotations

from headwater.feeds import FEEDS, Field
from headwater.table import Column, Table
from headwater.tables.columns import SEQ, TAKEN, col, opt

TYPES = {
    "text": "string",
    "int": "bigint",
    "decimal": "decimal(18,2)",
    "timestamp": "timestamp",
    "date": "date",
    "bool": "boolean",
    "list": "array<string>",
    "number": "double",
}


def _clean_column(field: Field) -> Column:
    if field.token:
        return Column(field.token, "string", f"{field.meaning}, as a keyed token", required=field.required)
    return Column(field.name, TYPES[field.type], field.meaning, required=field.required or field.default is not None)


def _clean(feed_name: str, *more: Column, key_day: bool = False) -> Table:
    """The clean table of a feed: what was accepted on each night, as its own snapshot of changes."""
    feed = FEEDS[feed_name]
    columns = tuple(_clean_column(f) for f in feed.fields if not f.private)
    day = (col("day", "date", f"UTC day of {feed.time}"),) if feed.time else ()
    return Table(
        "clean",
        feed.name,
        f"{feed.grain}, as the files of one night said",
        ("night", *(("day",) if key_day else ()), *feed.key),
        (TAKEN, *day, SEQ, *columns, *more),
        may_be_empty=True,
    )


CLEAN_ORDERS = _clean(
    "orders",
    opt("value_minor", "bigint", "quantity x unit_price; null without a rate", "1/100 of the reporting currency"),
    col("price_band", "int", "fixed logarithmic band of the unit price; -1 without a price or rate"),
    key_day=True,
)
CLEAN_COMPLAINTS = _clean(
    "complaints",
    col("counterfeit", "boolean", "of counterfeit kind, by its reason code or by the lexicon over its text"),
)
CLEAN_ADDRESSES = _clean("addresses")
CLEAN_SUPPLIER_LINKS = _clean("supplier_links")
CLEAN_SELLERS = _clean("sellers")
CLEAN_SUPPLIERS = _clean("suppliers")
CLEAN_BRANDS = _clean("brands")
CLEAN_HUBS = _clean("hubs")
CLEAN_VERDICTS = _clean("verdicts")
CLEAN_RATES = _clean("rates")
CLEAN = {
    t.name: t
    for t in (
        CLEAN_ORDERS,
        CLEAN_COMPLAINTS,
        CLEAN_ADDRESSES,
        CLEAN_SUPPLIER_LINKS,
        CLEAN_SELLERS,
        CLEAN_SUPPLIERS,
        CLEAN_BRANDS,
        CLEAN_HUBS,
        CLEAN_VERDICTS,
        CLEAN_RATES,
    )
}

REJECTS = Table(
    "clean",
    "rejects",
    "a row that was read and not accepted",
    ("night", "feed", "intake_seq", "row"),
    (
        TAKEN,
        col("feed", "string", "the feed"),
        SEQ,
        col("row", "bigint", "which row of the file, counted from 0 in reading order"),
        col(
            "rules",
            "array<string>",
            "every rule it broke, sorted: missing_X, bad_X, range_X, unknown_X, unreadable_line, superseded",
        ),
        col(
            "raw",
            "string",
            "the row as read, as JSON; buyers as tokens, free text of buyers and unreadable lines masked",
        ),
    ),
    may_be_empty=True,
)
