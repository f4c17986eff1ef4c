"""Every table of the lake, once, in the order data flows. docs/tables.md is generated from here."""

from __future__ import annotations

from headwater.feeds import FEEDS, Field
from headwater.table import Column, Table

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
NIGHT = Column("night", "date", "the night", required=True)
TAKEN = Column("night", "date", "the night whose run took the file", required=True)
SEQ = Column("intake_seq", "bigint", "number of the file in the order of arrival (-> ops/files)", required=True)
SELLER = Column("seller_id", "string", "the shop", required=True)


def col(name: str, type: str, meaning: str, unit: str = "", required: bool = True) -> Column:
    return Column(name, type, meaning, unit, required)


def opt(name: str, type: str, meaning: str, unit: str = "") -> Column:
    return Column(name, type, meaning, unit)


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


# --- ops: what was taken, by which run ---

FILES = Table(
    "ops",
    "files",
    "a file of a feed, taken once",
    ("night", "feed", "path"),
    (
        TAKEN,
        col("feed", "string", "the feed"),
        col("path", "string", "where it was"),
        SEQ,
        col("format", "string", "csv | parquet"),
        col("bytes", "bigint", "its size", "bytes"),
        col("modified_ms", "bigint", "its time in the store", "ms since 1970"),
        opt("content", "string", "checksum of its content (SHA-256, or the store's own)"),
        col("unknown_columns", "array<string>", "columns that the contract does not know; kept out"),
    ),
    may_be_empty=True,
)

# --- clean: accepted feeds, and what was not accepted ---

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
CLEAN = {t.name: t for t in (CLEAN_ORDERS, CLEAN_COMPLAINTS, CLEAN_ADDRESSES, CLEAN_SUPPLIER_LINKS)}

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

INTAKE = Table(
    "ops",
    "intake",
    "a file of the night, and where its rows went",
    ("night", "feed", "path"),
    (
        NIGHT,
        col("feed", "string", "the feed"),
        col("path", "string", "the file"),
        col("read", "bigint", "rows read = accepted + rejected"),
        col("accepted", "bigint", "rows in the clean table"),
        col("rejected", "bigint", "rows in clean/rejects"),
    ),
    may_be_empty=True,
)

# --- model: exposure, places, expected, shops, sources ---

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
        col("status", "string", "open | upheld | rejected | withdrawn"),
    ),
    may_be_empty=True,
)
COMPLAINTS_UNMATCHED = Table(
    "model",
    "complaints_unmatched",
    "a complaint that is waiting for its order, as of the night",
    ("night", "complaint_id"),
    (
        NIGHT,
        *(c for c in CLEAN_COMPLAINTS.columns if c.name != "night"),
        col("why", "string", "no_order | ambiguous_line | hint_mismatch"),
    ),
    may_be_empty=True,
)
COMPLAINT_EXPOSURE = Table(
    "model",
    "complaint_exposure",
    "counted complaints of a filed day and order's cell, as of the night",
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
SHOPS_MODEL_COLUMNS = (
    col("orders", "bigint", "order lines in the window"),
    col("complaints", "bigint", "counted complaints of counterfeit kind"),
    col("observed", "double", "those by their weight after hygiene"),
    col("expected", "double", "complaints expected at the base rate of its strata"),
    col("ebgm", "double", "empirical Bayes geometric mean of observed over expected"),
    col("eb05", "double", "its 5 % quantile: what the evidence says at least"),
)

# --- published: what people read, through ops/nights ---

SHOPS = Table(
    "published",
    "shops",
    "a shop with orders or complaints in the window",
    ("night", "seller_id"),
    (
        NIGHT,
        SELLER,
        *SHOPS_MODEL_COLUMNS,
        col("value", "decimal(18,2)", "value of its orders", "reporting currency"),
        opt("main_source_id", "string", "the suspected source through which most of its excess flows (-> sources)"),
        col("rank", "bigint", "1 is the most suspected; by eb05, then by id"),
    ),
)
SOURCES = Table(
    "published",
    "sources",
    "a supplier or place with complaints in the window",
    ("night", "source_id"),
    (
        NIGHT,
        col("rank", "bigint", "1 is the most suspected"),
        col("source_id", "string", "the source, the same over nights"),
        col("kind", "string", "supplier | place"),
        col("type", "string", "how goods flow through it: supplier | dispatch | return"),
        opt("name", "string", "name or address as written"),
        opt("country", "string", "country"),
        opt("city", "string", "city"),
        opt("probability", "double", "calibrated probability; null until a calibration stands behind it"),
        opt("ln_bayes_factor", "double", "evidence in natural log units; null while EB05 alone ranks"),
        col("suspicion_rank", "bigint", "rank by suspicion alone"),
        col("lift", "double", "EBGM of observed over expected"),
        col("lift_low", "double", "its 5 % quantile (EB05)"),
        col("complaints", "double", "complaints through the source, each counted by its share"),
        col("observed", "double", "those by their weight after hygiene"),
        col("expected", "double", "complaints expected"),
        col("shops", "bigint", "shops whose orders flow through it"),
        col("orders", "double", "order lines through it, inferred shares included"),
        col("named_orders", "bigint", "order lines that name it"),
        col("value", "decimal(18,2)", "value of those orders", "reporting currency"),
        opt("first_seen", "date", "first order day in the window"),
        opt("last_seen", "date", "last order day in the window"),
        col("reasons", "array<string>", "why, in sentences, for and against"),
        col("members", "array<string>", "supplier and address ids behind it"),
    ),
    may_be_empty=True,
)
EVIDENCE = Table(
    "published",
    "evidence",
    "what one shop says for or against a source (rows of a source add up to its observed and expected)",
    ("night", "source_id", "evidence_id"),
    (
        NIGHT,
        col("source_id", "string", "the source"),
        col("evidence_id", "string", "the evidence"),
        col("kind", "string", "shop_for | shop_against"),
        opt("subject_id", "string", "the shop; null: all further shops"),
        opt("contribution", "double", "natural log units; null while EB05 alone ranks"),
        col("adds_to", "string", "none while EB05 alone ranks"),
        col("observed", "double", "complaints by weight and share"),
        col("expected", "double", "complaints expected"),
        col("shops", "bigint", "shops that the row stands for"),
        col("detail", "string", "the same in a sentence"),
    ),
    may_be_empty=True,
)
FUNNEL = Table(
    "published",
    "funnel",
    "the night",
    ("night",),
    (
        NIGHT,
        col("orders", "bigint", "order lines in the window"),
        col("complaints", "bigint", "complaints of counterfeit kind in the window, after hygiene"),
        opt("complaint_rate", "double", "complaints per 10,000 orders"),
        col("complaints_unmatched", "bigint", "complaints that wait for their order"),
        col("complaints_not_counted", "bigint", "placed complaints of another kind, or withdrawn, rejected, repeated"),
        col("waiting_rows", "bigint", "order and complaint rows of later days, kept for their night"),
        col("rejected_rows", "bigint", "rows of this night's files that broke a rule"),
        col("shops", "bigint", "shops in the window"),
        col("shops_suspected", "bigint", "shops with eb05 above 1"),
        col("sources", "bigint", "sources with complaints"),
        col("sources_suspected", "bigint", "sources with lift_low above 1"),
        col("orders_naming_supplier", "bigint", "order lines that name their supplier"),
        col("value", "decimal(18,2)", "value of the orders", "reporting currency"),
        col("value_at_risk", "decimal(18,2)", "value of the orders of suspected shops", "reporting currency"),
        col("unpriced", "bigint", "order lines without a price or rate; not in the value"),
        col("currency", "string", "the reporting currency"),
        col("notes", "array<string>", "what this night cannot say, and why"),
    ),
)

# --- ops: the run, and the commit that makes it the night ---

CHECKS = Table(
    "ops",
    "checks",
    "a check of a run of the night",
    ("night", "name"),
    (
        NIGHT,
        col("name", "string", "the check"),
        col("passed", "boolean", "whether it held"),
        col("detail", "string", "what was compared"),
    ),
)
RUNS = Table(
    "ops",
    "runs",
    "a run",
    ("night", "run_id"),
    (
        NIGHT,
        col("run_id", "string", "the run"),
        col("started_at", "timestamp", "start, UTC"),
        col("seconds", "double", "how long it took", "s"),
        col("configuration", "string", "hash of the configuration"),
        col("version", "string", "version of Headwater"),
        col("stages", "string", "JSON: table, rows, seconds of each write"),
    ),
)
NIGHTS = Table(
    "ops",
    "nights",
    "a table of a published night: the newest row of a table says which version to read",
    ("sequence", "table"),
    (
        col("sequence", "bigint", "number of the publication, counted from 1"),
        NIGHT,
        col("run_id", "string", "the run"),
        col("table", "string", "layer/name"),
        col("version", "bigint", "Delta version that holds the night"),
        col("rows", "bigint", "rows of the night"),
        col("digest", "string", "SHA-256 of the canonical rows sorted by key"),
    ),
    partitions=(),
)

PUBLISHED = (SOURCES, SHOPS, EVIDENCE, FUNNEL)
TABLES: tuple[Table, ...] = (
    FILES,
    *CLEAN.values(),
    REJECTS,
    INTAKE,
    ORDER_EXPOSURE,
    LISTING_SUPPLIERS,
    COMPLAINTS_PLACED,
    COMPLAINTS_UNMATCHED,
    COMPLAINT_EXPOSURE,
    DELAY,
    RATES,
    PLACES,
    SOURCE_EXPOSURE,
    SOURCES,
    SHOPS,
    EVIDENCE,
    FUNNEL,
    CHECKS,
    RUNS,
    NIGHTS,
)


def reference() -> str:
    """docs/tables.md: every table with its grain, key and columns."""
    lines = [
        "# Tables",
        "",
        "Generated from `lib/headwater/tables.py` by `make docs`. `!` means never null. All times are UTC.",
    ]
    for table in TABLES:
        lines += [
            "",
            f"## {table.full_name}",
            "",
            f"One row: {table.grain}. Key: {', '.join(f'`{k}`' for k in table.key)}."
            + (f" Partitions: {', '.join(f'`{p}`' for p in table.partitions)}." if table.partitions else "")
            + (" May be empty." if table.may_be_empty else ""),
            "",
            "| column | type | meaning | unit |",
            "|---|---|---|---|",
        ]
        lines += [
            f"| `{c.name}`{' !' if c.required else ''} | {c.type} | {c.meaning.replace('|', chr(92) + '|')} | {c.unit} |"
            for c in table.columns
        ]
    return "\n".join(lines) + "\n"
