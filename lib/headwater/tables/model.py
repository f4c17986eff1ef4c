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
        opt("brand", "string", "brand as offered"),
        *CELL,
        *STRATUM,
        opt("complainant_token", "string", "who complains, as a keyed token"),
        col("complainant_kind", "string", "buyer | brand | authority"),
        col("counterfeit", "boolean", "of counterfeit kind"),
        opt("refunded", "boolean", "something of the line is paid back"),
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
    "a complaint that is waiting for its order, as of the night, or has stopped waiting",
    ("night", "complaint_id"),
    (
        NIGHT,
        SAID,
        *(c for c in CLEAN_COMPLAINTS.columns if c.name != "night"),
        col(
            "why",
            "string",
            "no_order | ambiguous_line | hint_mismatch; too_old: from tonight on it waits no longer; replaced: nor did it before, "
            "and the line that it was placed on once does not count",
        ),
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
        opt("refunded", "boolean", "something of the line is paid back"),
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
        opt("brand", "string", "brand as offered"),
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
PRICE_PEERS = Table(
    "model",
    "price_peers",
    "a category and brand, or a category as a whole, with what its goods cost in the window",
    ("night", "category", "brand"),
    (
        NIGHT,
        col("category", "string", "category, '?' without one"),
        opt("brand", "string", "brand, '?' without one; null: the category as a whole"),
        col("lines", "bigint", "order lines with a price"),
        col("ln_price_micro", "bigint", "median of ln(price of a piece in the reporting currency)", "millionths"),
    ),
    may_be_empty=True,
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
        opt(
            "tier",
            "string",
            "how it was matched: exact | fuzzy | capped (its block was too large: only equal keys are joined)",
        ),
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
        col("feed", "string", "addresses | sellers | suppliers | hubs"),
        col("kind", "string", "address | phone | email | payee_id | registration_no | name | contact_name | other"),
        col(
            "reason",
            "string",
            "missing | placeholder | masked | malformed | test_value | unreadable | own_address | own_value; of hubs also area | "
            "nowhere | unknown_kind",
        ),
        col("rows", "bigint", "rows of the feed"),
        col("spellings", "bigint", "different texts among them"),
    ),
    may_be_empty=True,
)
SOURCE_EXPOSURE = Table(
    "model",
    "source_exposure",
    "a published source and a shop whose orders flow through it",
    ("night", "source_id", "seller_id"),
    (
        NIGHT,
        col("source_id", "string", "the source"),
        col("type", "string", "supplier | dispatch | building | return | latent"),
        col("source_key", "string", "supplier_id, place_id, building_key or operator_id"),
        SELLER,
        col("orders", "double", "order lines through the source, inferred shares included"),
        col("named_orders", "bigint", "of those, the ones that name it"),
        col("expected", "double", "complaints expected, on what the suspected sources leave unexplained"),
        col("observed", "double", "complaints through the source, each by its weight and share"),
    ),
    may_be_empty=True,
)
SOURCE_FEATURES = Table(
    "model",
    "source_features",
    "a published source as a calibrator sees it: what verdicts of later nights teach from",
    ("night", "source_id"),
    (
        NIGHT,
        col("source_id", "string", "the source"),
        col("ln_bf", "double", "evidence of the complaints after the doubt of identity", "natural log units"),
        col("prior_log_odds", "double", "log odds before the complaints", "natural log units"),
        col("ln_eb05", "double", "ln lift_low, centred", "natural log units"),
        col("proximity", "double", "what its neighbours over shared shops say, centred"),
        col("ln_exposure", "double", "ln complaints expected, centred", "natural log units"),
    ),
    may_be_empty=True,
)
CALIBRATIONS = Table(
    "model",
    "calibrations",
    "what stands behind the night's probabilities",
    ("night", "calibration_id"),
    (
        NIGHT,
        col("calibration_id", "string", "the calibration"),
        col("fitted_on", "string", "planted marketplaces, and verdicts, that it was fitted on"),
        opt("fitted_night", "date", "the last night whose verdicts it knows; null: none"),
        col("n", "bigint", "sources that it was fitted on"),
        col("method", "string", "how"),
        opt("brier", "double", "Brier score on sources that it was not fitted on; null: not measured"),
        opt("log_loss", "double", "mean negative log likelihood there", "natural log units"),
        col(
            "reliability",
            "array<struct<low:double,high:double,sources:bigint,mean:double,guilty:bigint>>",
            "of so many sources given a probability from low to high, on average mean, so many were guilty",
        ),
        col("notes", "string", "what to know before relying on it"),
        col("verdicts", "array<string>", "the verdicts that it was fitted on; empty: none"),
    ),
    may_be_empty=True,
)
VERDICTS = Table(
    "model",
    "verdicts",
    "a person's judgement, from the feed or the command line, as of the night",
    ("night", "verdict_id"),
    (
        NIGHT,
        col("verdict_id", "string", "the judgement"),
        col("subject_kind", "string", "source | seller | place | supplier | pair | operator | value | listing"),
        col("subject_id", "string", "the one that is judged; of a pair, the first id in order"),
        opt("other_id", "string", "the other of a pair"),
        col("verdict", "string", "confirmed | cleared | unsure | must_link | cannot_link | hub"),
        col("reliability", "double", "how often such a verdict is right"),
        col("author", "string", "who judged"),
        opt("reason", "string", "why"),
        col("decided_at", "timestamp", "when"),
        opt("expires_at", "timestamp", "counts until then"),
        opt("inspected_because", "string", "ranked | random | tip"),
        opt("inspection_probability", "double", "the chance that the subject had of being looked at"),
        col("origin", "string", "feed | command line"),
        col("in_force", "boolean", "whether the night obeys it"),
        opt(
            "not_in_force",
            "string",
            "why not: replaced (by a newer one of its author) | expired | contradicted (-> verdict_conflicts) | unknown (the night "
            "holds nobody of that name) | meaningless (nothing can follow from such a verdict on such a subject)",
        ),
    ),
    may_be_empty=True,
)
VERDICT_CONFLICTS = Table(
    "model",
    "verdict_conflicts",
    "a subject that people disagree about: none of these verdicts counts until one of them is withdrawn",
    ("night", "subject_kind", "subject_id", "other_id"),
    (
        NIGHT,
        col("subject_kind", "string", "what is judged; a supplier or place is the source that it is in the window"),
        col("subject_id", "string", "the one that is judged"),
        opt("other_id", "string", "the other of a pair; null: no pair"),
        col("verdict_ids", "array<string>", "the judgements (-> model/verdicts)"),
        col("detail", "string", "who says what"),
    ),
    may_be_empty=True,
)
LINKS = Table(
    "model",
    "links",
    "a fact: a shop and a value that it gives or uses, as of the night",
    ("night", "seller_id", "type", "value"),
    (
        NIGHT,
        SELLER,
        col(
            "type",
            "string",
            "identity: payee_id | registration_no | local_registration_no | phone | email | contact_address | unit_address; "
            "relationship: supplier | dispatch | return | building",
        ),
        col(
            "value",
            "string",
            "the value in its comparable form; of places the place or building, of a number of digits alone COUNTRY:NUMBER",
        ),
        opt("shown", "string", "the same as somebody wrote it"),
        col("class", "string", "identity | relationship: decided anew every night; a hub's links are relationships"),
        opt("first_seen", "date", "first seen, as far as a row says"),
        opt("last_seen", "date", "last seen, as far as a row says"),
        opt("orders", "bigint", "order lines of the window that name it; null where no order can"),
        col("support", "bigint", "rows of the feeds that say it, order lines of the window among them"),
        col("refs", "array<string>", "the first of those rows, of order lines one: feed:id@night:file"),
        col("shops", "bigint", "shops that give it"),
        col("rarity", "double", "-ln of the share of shops that give it", "natural log units"),
        col("ties", "boolean", "whether it ties the shop to another of its operator"),
        opt("reason", "string", "why an identity value does not tie"),
    ),
    may_be_empty=True,
)
HUBS = Table(
    "model",
    "hubs",
    "a value that too many unrelated shops share to identify anybody, as of the night",
    ("night", "type", "value"),
    (
        NIGHT,
        col("type", "string", "as in model/links"),
        col("value", "string", "the value"),
        opt("shown", "string", "the same as somebody wrote it"),
        col("kind", "string", "3pl | market | returns_centre | agent | placeholder | other"),
        col("shops", "bigint", "shops that give it"),
        col("parties", "bigint", "groups of those shops that nothing rarer ties to each other"),
        col("countries", "bigint", "countries where they are at home"),
        col("categories", "bigint", "main categories that they sell"),
        col(
            "payees",
            "bigint",
            "parties that are known to be different: each has a payee of its own, or each a registration number",
        ),
        col("decided_by", "string", "degree | review (the hubs feed or a verdict)"),
        col("reason", "string", "why, in a sentence"),
        col("demoted", "bigint", "identity links that became relationship links"),
        col("would_join", "bigint", "operators that it would have made one"),
    ),
    may_be_empty=True,
)
MEMBERS = Table(
    "model",
    "members",
    "a shop: every one that a feed knows",
    ("night", "seller_id"),
    (
        NIGHT,
        SELLER,
        col("operator_id", "string", "who runs it (-> model/operators)"),
        col("core", "boolean", "tied by a payee, a registration number or two independent rare values; or alone"),
        opt("country", "string", "where it is at home"),
        opt("category", "string", "what it sells most"),
        col("orders", "bigint", "order lines in the window"),
    ),
    may_be_empty=True,
)
OPERATORS_FOUND = Table(
    "model",
    "operators",
    "an operator: the people behind one shop or more",
    ("night", "operator_id"),
    (
        NIGHT,
        col("operator_id", "string", "the operator, the same over nights"),
        col("shops", "bigint", "its shops"),
        opt(
            "weakest_link",
            "double",
            "what the weakest value proves that is needed to hold it together",
            "natural log units",
        ),
        opt("weakest_value", "string", "that value, with its type"),
        col("bridges", "bigint", "values that alone hold two parts of it together"),
        opt("bridge_value", "string", "the one of those that holds the largest part"),
        col("bridge_shops", "bigint", "shops of the smaller part that hangs on it"),
        opt("density", "double", "share of its possible pairs of shop and tying value that are there"),
        col("oversize", "boolean", "cut out of a component above the guard"),
    ),
    may_be_empty=True,
)
CONTRADICTIONS = Table(
    "model",
    "contradictions",
    "something that people said of shops or values and that cannot hold as it stands",
    ("night", "kind", "verdict_id"),
    (
        NIGHT,
        col(
            "kind",
            "string",
            "unknown_shop | same_shop | judged_both_ways | must_link_not_kept | cannot_link_against_evidence; of values "
            "unknown_value | hub_and_cleared",
        ),
        col("verdict_id", "string", "the verdict, of two the first; or the value judged both ways"),
        col("subject_id", "string", "the first of its two shops; the type of the value"),
        col("other_id", "string", "the second; the value"),
        col("detail", "string", "what contradicts what"),
        col("outcome", "string", "what was done, until somebody decides"),
    ),
    may_be_empty=True,
)
