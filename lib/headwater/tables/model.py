"""What the stages make on the way: exposure, places, expected complaints, flows through sources."""

from __future__ import annotations

from headwater.feeds import FEEDS
from headwater.table import Table
from headwater.tables.clean import CLEAN, CLEAN_COMPLAINTS
from headwater.tables.columns import NIGHT, SAID, SELLER, SEQ, col, opt


def _current(clean: Table) -> Table:
    """A dimension's snapshot: so that a night reads the night before and its own files, whatever came in all nights before."""
    return Table(
        "model",
        f"current_{clean.name}",
        f"{FEEDS[clean.name].grain}, as it stands on the night",
        ("night", *FEEDS[clean.name].key),
        (NIGHT, SAID, *(c for c in clean.columns if c.name != "night")),
        may_be_empty=True,
    )


CURRENT = {name: _current(table) for name, table in CLEAN.items() if not FEEDS[name].time}

CELL = (
    SELLER,
    opt("dispatch_address_id", "string", "where from, as written; null: unknown"),
    opt("supplier_id", "string", "who stocked it, as written; null: unknown"),
)
STRATUM = (
    col("category", "string", "category, '?' without one"),
    col("price_band", "int", "band of the unit price"),
    col("destination", "string", "destination, '?' without one"),
)

ORDER_EXPOSURE = Table(
    "model",
    "order_exposure",
    "what one night's rows changed in the orders of a day, shop, dispatch address, supplier and stratum (signed: a correction takes back)",
    ("night", "day", *(c.name for c in CELL), *(c.name for c in STRATUM)),
    (
        NIGHT,
        col("day", "date", "UTC day of the orders"),
        *CELL,
        *STRATUM,
        col("orders", "bigint", "order lines"),
        col("quantity", "bigint", "pieces"),
        col("value_minor", "bigint", "value of those with a rate", "1/100 of the reporting currency"),
        col("unpriced", "bigint", "order lines without a price or rate; not in the value"),
        col("refunded", "bigint", "order lines of which something was paid back"),
    ),
    may_be_empty=True,
)
PRICE_EXPOSURE = Table(
    "model",
    "price_exposure",
    "what one night's rows changed in the prices of a day, shop, dispatch address, supplier, category and brand (signed)",
    ("night", "day", *(c.name for c in CELL), "category", "brand"),
    (
        NIGHT,
        col("day", "date", "UTC day of the orders"),
        *CELL,
        col("category", "string", "category, '?' without one"),
        col("brand", "string", "brand, '?' without one"),
        col("lines", "bigint", "order lines with a price above 0 and a rate"),
        col(
            "ln_price_micro", "bigint", "sum over them of ln(price of a piece in the reporting currency)", "millionths"
        ),
    ),
    may_be_empty=True,
)
LISTING_SUPPLIERS = Table(
    "model",
    "listing_suppliers",
    "what one night's rows changed in the orders of a day and listing that name a supplier (signed)",
    ("night", "day", "seller_id", "listing_id", "supplier_id"),
    (
        NIGHT,
        col("day", "date", "UTC day of the orders"),
        SELLER,
        col("listing_id", "string", "the listing"),
        col("supplier_id", "string", "the supplier its orders name"),
        col("orders", "bigint", "order lines"),
    ),
    may_be_empty=True,
)
COMPLAINTS_PLACED = Table(
    "model",
    "complaints_placed",
    "a complaint that found its order on this night",
    ("night", "complaint_id"),
    (
        NIGHT,
        col("complaint_id", "string", "the complaint"),
        SAID,
        SEQ,
        col("filed_at", "timestamp", "when it was filed"),
        col("filed_day", "date", "UTC day of that"),
        col("order_id", "string", "its order"),
        col("line_no", "bigint", "its line"),
        col("day", "date", "UTC day of the order"),
        opt("listing_id", "string", "the listing; null: the order names none"),
        *CELL,
        *STRATUM,
        opt("complainant_token", "string", "who complains, as a keyed token"),
        col("complainant_kind", "string", "buyer | brand | authority"),
        col("counterfeit", "boolean", "of counterfeit kind"),
        opt("reason_code", "string", "counterfeit | not_as_described | damaged | not_received | other"),
        col("status", "string", "open | upheld | rejected | withdrawn"),
        col(
            "asked",
            "struct<line_no: bigint, seller_id: string, ordered_at: timestamp>",
            "the line, shop and time of order that the complaint itself gives; it is placed anew when its order changes",
        ),
    ),
    may_be_empty=True,
)
COMPLAINTS_UNMATCHED = Table(
    "model",
    "complaints_unmatched",
    "a complaint that is waiting for its order, as of the night, or stopped waiting on it",
    ("night", "complaint_id"),
    (
        NIGHT,
        SAID,
        *(c for c in CLEAN_COMPLAINTS.columns if c.name != "night"),
        col("why", "string", "no_order | ambiguous_line | hint_mismatch; too_old: it waits no longer"),
    ),
    may_be_empty=True,
)
COMPLAINTS_COUNTED = Table(
    "model",
    "complaints_counted",
    "a complaint that counts in the window, as of the night",
    ("night", "complaint_id"),
    (
        NIGHT,
        col("complaint_id", "string", "the complaint"),
        col("kind", "string", "counterfeit | not_as_described"),
        opt(
            "account",
            "string",
            "the buyer who complains, as a keyed token; null: each such complaint stands for itself",
        ),
        col("filed_day", "date", "UTC day of filing"),
        col("day", "date", "UTC day of the order"),
        col("order_id", "string", "its order"),
        col("line_no", "bigint", "its line"),
        opt("listing_id", "string", "the listing; null: the order names none"),
        *CELL,
        *STRATUM,
        col("weight_milli", "bigint", "what it counts after caps and falling weight", "1/1000 complaint"),
    ),
    may_be_empty=True,
)
COMPLAINT_EXPOSURE = Table(
    "model",
    "complaint_exposure",
    "counted complaints of counterfeit kind of a filed day and order's cell, as of the night",
    ("night", "filed_day", "day", "listing_id", *(c.name for c in CELL), *(c.name for c in STRATUM)),
    (
        NIGHT,
        col("filed_day", "date", "UTC day of filing"),
        col("day", "date", "UTC day of the order"),
        opt("listing_id", "string", "the listing; null: the order names none"),
        *CELL,
        *STRATUM,
        col("complaints", "bigint", "complaints of counterfeit kind after hygiene"),
        col("weight_milli", "bigint", "what they count", "1/1000 complaint"),
    ),
    may_be_empty=True,
)
RATES = Table(
    "model",
    "stratum_rates",
    "a stratum or one of its ancestors, as of the night",
    ("night", "level", "category", "price_band", "destination", "month"),
    (
        NIGHT,
        col("level", "int", "0 root, 1 category, 2 + price band, 3 + destination, 4 + month"),
        opt("category", "string", "null above its level"),
        opt("price_band", "int", "null above its level"),
        opt("destination", "string", "null above its level"),
        opt("month", "string", "YYYY-MM of the order; null above its level"),
        col("orders", "bigint", "order lines, counted to the share of complaints that can have been filed"),
        col("rate", "double", "shrunk rate", "complaints per order"),
    ),
)
DELAY = Table(
    "model",
    "delay_curve",
    "an age of an order day",
    ("night", "age"),
    (
        NIGHT,
        col("age", "int", "night minus order day", "days"),
        col("filed_share", "double", "share of the day's complaints that has been filed by then"),
    ),
)
PLACES = Table(
    "model",
    "places",
    "an address as written and the place it means",
    ("night", "address_id"),
    (
        NIGHT,
        col("address_id", "string", "the address (-> clean/addresses)"),
        col("place_id", "string", "the place: the same for all addresses that mean it"),
        opt("address_key", "string", "hash of the typed key of the address; null: it says nothing, or is in no town"),
        opt(
            "unit_key",
            "string",
            "place_id where a unit is said, else null: the only level that may tell who somebody is",
        ),
        opt("building_key", "string", "key of the building: shared by its units; null above building level"),
        SELLER,
        col("role", "string", "dispatch | return | registered | pickup"),
        col("level", "string", "unit | building | street | postcode_area | city | country | none"),
        col("may_be_source", "boolean", "false below street level: that is an area, where unrelated people live"),
        opt("reason", "string", "why nothing could be read: missing | placeholder | unreadable | own_address"),
        opt("tier", "string", "how it was matched: exact | fuzzy"),
        opt("name", "string", "the address in one line"),
        opt("city", "string", "city"),
        opt("country", "string", "ISO 3166-1 alpha-2"),
    ),
    may_be_empty=True,
)
SUPPLIERS = Table(
    "model",
    "suppliers",
    "a supplier id as written and the company it means",
    ("night", "supplier_id"),
    (
        NIGHT,
        col("supplier_id", "string", "the supplier as orders, links and its own feed name it"),
        col("company_id", "string", "the company, stable over nights: the same for all ids that mean it"),
        opt(
            "reason",
            "string",
            "what joins it to another id: registration_no | name_and_phone | name_and_place; null: none",
        ),
        opt("doubt", "string", "why a fact it shares joins nobody: contradicted (two registrations) | too_many_ids"),
        opt("name", "string", "its name as the feed has it, else as most links have it"),
        opt("phone", "string", "telephone, E.164"),
        opt("registration_no", "string", "number in a company register, comparable form"),
        opt("address", "string", "its address in one line"),
        opt("place_id", "string", "the place of that address (as in model/places)"),
        opt("address_key", "string", "hash of the typed key of the address; null: it says nothing, or is in no town"),
        opt("unit_key", "string", "place_id where a unit is said"),
        opt("building_key", "string", "key of the building, shared by its units"),
        opt("level", "string", "unit | building | street | postcode_area | city | country | none"),
        opt("city", "string", "city"),
        opt("country", "string", "ISO 3166-1 alpha-2"),
        col("orders", "bigint", "order lines in the window that name it"),
    ),
    may_be_empty=True,
)
VALUES_REFUSED = Table(
    "model",
    "values_refused",
    "a reason for which values of a feed and kind are no values",
    ("night", "feed", "kind", "reason"),
    (
        NIGHT,
        col("feed", "string", "addresses | sellers | suppliers"),
        col("kind", "string", "address | phone | email | payee_id | registration_no | name | contact_name"),
        col(
            "reason", "string", "missing | placeholder | malformed | test_value | unreadable | own_address | own_value"
        ),
        col("rows", "bigint", "rows of the feed"),
        col("spellings", "bigint", "different texts among them"),
    ),
    may_be_empty=True,
)
SOURCE_EXPOSURE = Table(
    "model",
    "source_exposure",
    "a source and a shop whose orders flow through it",
    ("night", "source_id", "seller_id"),
    (
        NIGHT,
        col("source_id", "string", "the source"),
        col("type", "string", "supplier | dispatch | return"),
        col("source_key", "string", "supplier_id, or place_id"),
        SELLER,
        col("orders", "double", "order lines through the source, inferred shares included"),
        col("named_orders", "bigint", "of those, the ones that name it"),
        col("value_minor", "double", "their value", "1/100 of the reporting currency"),
        col("expected", "double", "complaints expected"),
        col("complaints", "double", "complaints through the source, each counted by its share"),
        col("observed", "double", "those by their weight after hygiene"),
        opt("first_day", "date", "first order day"),
        opt("last_day", "date", "last order day"),
    ),
    may_be_empty=True,
)
