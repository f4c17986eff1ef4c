"""What people read, through ops/nights."""

from __future__ import annotations

from headwater.table import Table
from headwater.tables.columns import NIGHT, SELLER, col, opt

SHOPS_MODEL_COLUMNS = (
    col("orders", "bigint", "order lines in the window"),
    col("complaints", "bigint", "counted complaints of counterfeit kind"),
    col("observed", "double", "those by their weight after hygiene"),
    col("expected", "double", "complaints expected at the base rate of its strata"),
    col("ebgm", "double", "empirical Bayes geometric mean of observed over expected"),
    col("eb05", "double", "its 5 % quantile: what the evidence says at least"),
)

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
        col("complaints_unmatched", "bigint", "complaints that wait for their order = the next three"),
        col("complaints_no_order", "bigint", "of those: no order line is known that they could be about"),
        col(
            "complaints_ambiguous_line", "bigint", "of those: the order has lines of several shops, and they name none"
        ),
        col("complaints_hint_mismatch", "bigint", "of those: the order is not of the shop that they name"),
        col("complaints_too_old", "bigint", "complaints that stopped waiting tonight: no order that old is sought"),
        col(
            "complaints_not_counted",
            "bigint",
            "placed complaints, filed in the window, of another kind or withdrawn, rejected, repeated, about older orders",
        ),
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

CHANGES = Table(
    "published",
    "changes",
    "what happened to a stable id since the night before",
    ("night", "event_id"),
    (
        NIGHT,
        col("event_id", "string", "hash of kind, event and id"),
        col("event", "string", "born | grown | shrunk | merged | split | dormant | re_emerged | moved"),
        col("subject_kind", "string", "place | supplier | operator | source | case"),
        col("subject_id", "string", "the id"),
        col("from_ids", "array<string>", "where the members were before"),
        col("to_ids", "array<string>", "where they are now; of a merger its successor first"),
        col("detail", "string", "the same in a sentence"),
    ),
    partitions=("night", "subject_kind"),
    may_be_empty=True,
)

PUBLISHED = (SOURCES, SHOPS, EVIDENCE, FUNNEL, CHANGES)
