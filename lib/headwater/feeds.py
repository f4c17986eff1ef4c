"""The landing feeds, once: columns, types, what is required, what is allowed. Rules and clean tables follow from it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """One column of a feed.

    `type` is text | int | decimal | timestamp | date | bool | list | number. `buyer` columns are replaced by keyed tokens
    before anything is stored (`token` names the clean column); `private` text decides, is never stored."""

    name: str
    meaning: str
    type: str = "text"
    required: bool = False
    allowed: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    open_low: bool = False
    default: str | None = None
    token: str = ""
    private: bool = False


@dataclass(frozen=True)
class FeedSpec:
    """One feed: `key` is unique (for orders and complaints within the day of `time`); `time` dates its rows."""

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

FEEDS = {feed.name: feed for feed in (ORDERS, COMPLAINTS, ADDRESSES, SUPPLIER_LINKS)}
