"""The landing feeds, once: columns, types, what is required, what is allowed. Rules and clean tables follow from it."""

from __future__ import annotations

from dataclasses import dataclass

# An address that may be the name of a table in the catalog: schema.table or catalog.schema.table.
TABLE_NAME = r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*){1,2}$"


@dataclass(frozen=True)
class Field:
    """One column of a feed.

    `type` is text | int | decimal | timestamp | date | bool | list | number. A buyer's column is replaced by a keyed token
    before anything is stored (`token` names the clean column); `private` text decides, is never stored. `open_low` and
    `open_high` leave the bound itself out."""

    name: str
    meaning: str
    type: str = "text"
    required: bool = False
    allowed: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    open_low: bool = False
    open_high: bool = False
    default: str | None = None
    token: str = ""
    private: bool = False


@dataclass(frozen=True)
class FeedSpec:
    """One feed: `key` is unique (for orders within the day of `time`); `time` dates its rows. The later row of a key wins."""

    name: str
    grain: str
    key: tuple[str, ...]
    fields: tuple[Field, ...]
    required: bool = False
    time: str = ""

    def field(self, name: str) -> Field:
        return next(f for f in self.fields if f.name == name)

    @property
    def required_columns(self) -> list[str]:
        return [f.name for f in self.fields if f.required]


REASONS = ("counterfeit", "not_as_described", "damaged", "not_received", "other")
STATUSES = ("open", "upheld", "rejected", "withdrawn")
ROLES = ("dispatch", "return", "registered", "pickup")
LINK_KINDS = ("purchase", "invoice", "consignment", "declared")
SUBJECT_KINDS = ("source", "seller", "place", "supplier", "pair", "operator", "value", "listing")
TRUE, FALSE = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")  # the words of a bool, in any case
VERDICT_KINDS = ("confirmed", "cleared", "unsure", "must_link", "cannot_link", "hub")

ORDERS = FeedSpec(
    "orders",
    "an order line",
    ("order_id", "line_no"),
    (
        Field("order_id", "the order", required=True),
        Field("line_no", "the line within the order", "int", low=1, default="1"),
        Field("seller_id", "the shop that sold it", required=True),
        Field("buyer_id", "who bought it", required=True, token="buyer_token"),
        Field("listing_id", "the offer it was bought from"),
        Field("brand", "brand as offered"),
        Field("category", "category as offered"),
        Field("quantity", "pieces", "int", low=1, default="1"),
        Field("unit_price", "price of one piece in `currency`", "decimal", low=0),
        Field("currency", "ISO 4217 code"),
        Field("ordered_at", "when it was ordered, UTC", "timestamp", required=True),
        Field("destination", "country or region it goes to"),
        Field("dispatch_address_id", "where it was sent from (-> addresses)"),
        Field("supplier_id", "who stocked it, when known"),
        Field("refunded_amount", "already paid back, in `currency`", "decimal", low=0),
        Field("voided", "true withdraws the line", "bool", default="false"),
    ),
    required=True,
    time="ordered_at",
)

COMPLAINTS = FeedSpec(
    "complaints",
    "a complaint about an order line",
    ("complaint_id",),
    (
        Field("complaint_id", "the complaint", required=True),
        Field("order_id", "the order it is about", required=True),
        Field("line_no", "the line; without it the order's lowest line if one seller has them all", "int", low=1),
        Field("ordered_at", "hint: when it was ordered", "timestamp"),
        Field("seller_id", "hint: who sold it"),
        Field("complainant_id", "who complains", token="complainant_token"),
        Field("complainant_kind", "who that is", allowed=("buyer", "brand", "authority"), default="buyer"),
        Field("reason_code", "what is wrong", allowed=REASONS),
        Field("text", "the complaint in words; read for its kind, never stored", private=True),
        Field("filed_at", "when it was filed, UTC", "timestamp", required=True),
        Field("status", "how it stands", allowed=STATUSES, default="open"),
    ),
    required=True,
    time="filed_at",
)

WRITTEN_ADDRESS = (
    Field("text", "the whole address as written"),
    Field("street", "street, number, building, unit as written"),
    Field("city", "city as written"),
    Field("region", "region or state as written"),
    Field("postcode", "postcode as written"),
    Field("country", "ISO 3166-1 alpha-2 code"),
)
SEEN = (
    Field("first_seen", "first seen, UTC", "timestamp"),
    Field("last_seen", "last seen, UTC", "timestamp"),
)

ADDRESSES = FeedSpec(
    "addresses",
    "an address as a seller wrote it",
    ("address_id",),
    (
        Field("address_id", "the address", required=True),
        Field("seller_id", "the shop that uses it", required=True),
        Field("role", "what for", required=True, allowed=ROLES),
        *WRITTEN_ADDRESS,
        Field("contact_name", "who is named there"),
        Field("phone", "telephone"),
        *SEEN,
    ),
    required=True,
)

SUPPLIER_LINKS = FeedSpec(
    "supplier_links",
    "a declared or recorded supply of a shop by a supplier",
    ("seller_id", "supplier_id", "kind"),
    (
        Field("seller_id", "the shop", required=True),
        Field("supplier_id", "the supplier", required=True),
        Field("kind", "how it is known", required=True, allowed=LINK_KINDS),
        Field("supplier_name", "the supplier's name"),
        Field("units", "pieces supplied", "int", low=0),
        Field("amount", "value supplied, in `currency`", "decimal", low=0),
        Field("currency", "ISO 4217 code"),
        *SEEN,
        Field("confidence", "how sure the link is", "number", low=0, high=1, open_low=True),
    ),
    required=True,
)

SELLERS = FeedSpec(
    "sellers",
    "a shop",
    ("seller_id",),
    (
        Field("seller_id", "the shop", required=True),
        Field("name", "what it calls itself"),
        Field("opened_at", "when it opened, UTC", "timestamp"),
        Field("closed_at", "when it was closed, UTC", "timestamp"),
        Field("payee_id", "who is paid"),
        Field("phone", "telephone"),
        Field("email", "e-mail address"),
        Field("registration_no", "number in a company register"),
    ),
)

SUPPLIERS = FeedSpec(
    "suppliers",
    "a supplier",
    ("supplier_id",),
    (
        Field("supplier_id", "the supplier", required=True),
        Field("name", "its name"),
        *WRITTEN_ADDRESS,
        Field("phone", "telephone"),
        Field("registration_no", "number in a company register"),
    ),
)

BRANDS = FeedSpec(
    "brands",
    "a brand",
    ("brand",),
    (
        Field("brand", "the brand", required=True),
        Field("reference_price", "what its goods cost, one piece, in `currency`", "decimal", low=0),
        Field("currency", "ISO 4217 code"),
        Field("authorised_sellers", "shops that the brand supplies: an array, or separated by `;`", "list"),
        Field("safety", "a fake is a risk to health or safety", "bool"),
    ),
)

HUBS = FeedSpec(
    "hubs",
    "a reviewed address, phone or other value that many honest shops share",
    ("kind", "value"),
    (
        Field("kind", "what the value is: address, phone, ...", required=True),
        Field("value", "the value that is shared", required=True),
        Field("what", "whose it is", allowed=("3pl", "market", "returns_centre", "agent", "other")),
    ),
)

VERDICTS = FeedSpec(
    "verdicts",
    "a person's judgement",
    ("verdict_id",),
    (
        Field("verdict_id", "the judgement", required=True),
        Field("subject_kind", "what is judged; of an operator nothing follows", required=True, allowed=SUBJECT_KINDS),
        Field("subject_id", "the one that is judged", required=True),
        Field("other_id", "the other of a pair"),
        Field(
            "verdict",
            "what was found; not all of it may be said of all (docs/model.md)",
            required=True,
            allowed=VERDICT_KINDS,
        ),
        Field(
            "reliability", "how often such a verdict is right", "number", low=0.5, high=1, open_low=True, open_high=True
        ),
        Field("author", "who judged", required=True),
        Field("reason", "why"),
        Field("decided_at", "when, UTC", "timestamp", required=True),
        Field("expires_at", "counts until then, UTC", "timestamp"),
        Field("inspected_because", "why this subject was looked at", allowed=("ranked", "random", "tip")),
        Field("inspection_probability", "the chance it had of being looked at", "number", low=0, high=1, open_low=True),
    ),
)

RATES = FeedSpec(
    "rates",
    "what a currency is worth on a day",
    ("currency", "day"),
    (
        Field("currency", "ISO 4217 code", required=True),
        Field("day", "from this day on, UTC, until the currency's next", "date", required=True),
        Field("rate", "reporting currency for one unit", "number", required=True, low=0, open_low=True),
    ),
)

FEEDS = {
    feed.name: feed
    for feed in (
        ORDERS,
        COMPLAINTS,
        ADDRESSES,
        SUPPLIER_LINKS,
        SELLERS,
        SUPPLIERS,
        BRANDS,
        HUBS,
        VERDICTS,
        RATES,
    )
}


def reference() -> str:
    """docs/columns.md: every column that a landing feed may have."""
    lines = [
        "# The columns of the landing feeds",
        "",
        "Written by `make docs` from lib/headwater/feeds.py. Files may name them otherwise ([feeds.md](feeds.md) tells how to map",
        "them); columns that are not here are left alone. *must*: the column must be there and filled; a row that lacks it, or holds",
        "what is not allowed, is rejected.",
    ]
    for feed in FEEDS.values():
        need = "required" if feed.required else "optional"
        lines += [
            "",
            f"## {feed.name}",
            "",
            f"One row: {feed.grain}. Key: {', '.join(f'`{k}`' for k in feed.key)}. The feed is {need}.",
        ]
        lines += ["", "| column | type | | if missing | allowed | meaning |", "|---|---|---|---|---|---|"]
        for f in feed.fields:
            allowed = " \\| ".join(f.allowed) or _bounds(f)
            kept = "; kept as a keyed token only" if f.token else ""
            must, default = "must" if f.required else "", f"`{f.default}`" if f.default else ""
            lines.append(f"| `{f.name}` | {f.type} | {must} | {default} | {allowed} | {f.meaning}{kept} |")
    return "\n".join(lines) + "\n"


def _bounds(field: Field) -> str:
    low = "" if field.low is None else f"{'above' if field.open_low else 'from'} {field.low:g}"
    high = "" if field.high is None else f"{'below' if field.open_high else 'to'} {field.high:g}"
    return f"{low} {high}".strip()
