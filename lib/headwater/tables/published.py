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
        col("operator_id", "string", "who runs it (-> operators)"),
        *SHOPS_MODEL_COLUMNS,
        col("value", "decimal(18,2)", "value of its orders", "reporting currency"),
        opt(
            "probability",
            "double",
            "that goods of a guilty source flow through it: noisy-or over its sources; null: no source",
        ),
        opt("main_source_id", "string", "the suspected source through which most of its complaints came (-> sources)"),
        col("rank", "bigint", "1 is the most suspected; by eb05, then by id"),
    ),
)
SOURCES = Table(
    "published",
    "sources",
    "a supplier or place that has complaints in the window or a verdict, or a supplier whose signs make him worth a look",
    ("night", "source_id"),
    (
        NIGHT,
        col(
            "rank",
            "bigint",
            "1 does the most harm: suspected with a safety risk first, then by `harm`, then by log_odds",
        ),
        col("source_id", "string", "the source, the same over nights"),
        col(
            "case_id",
            "string",
            "its case, the same over nights: sources that cannot be told apart share one (-> cases)",
        ),
        col("kind", "string", "supplier | place"),
        col(
            "type",
            "string",
            "how goods flow through it: supplier | dispatch | building (of several dispatch places) | return | latent (unknown "
            "supply that an operator's shops share; its kind is supplier)",
        ),
        col(
            "role",
            "string",
            "producer | distributor | shared_warehouse | logistics | market | unknown, from its goods and shops, not from complaints",
        ),
        opt("name", "string", "name or address as written"),
        opt("country", "string", "country"),
        opt("city", "string", "city"),
        col("probability", "double", "that it is a source of fakes, by the calibrator that calibration_id names"),
        col(
            "probability_low",
            "double",
            "lower end of its interval: of 95 %, by the calibrator's record; once verdicts teach it, of 90 %, by their regression",
        ),
        col("probability_high", "double", "upper end"),
        col("calibration_id", "string", "what the probability stands on (-> model/calibrations)"),
        col("ln_bayes_factor", "double", "evidence of the complaints, guilty over innocent", "natural log units"),
        col("log_odds", "double", "posterior log odds: prior, signs, complaints, doubt", "natural log units"),
        col("suspicion_rank", "bigint", "1 is the most suspected: by log_odds, then by id; what is evaluated"),
        col("in_capacity", "boolean", "within the top ranks that can be looked into in one night"),
        col(
            "harm", "decimal(18,2)", "value of fakes expected if the window's last third repeats", "reporting currency"
        ),
        col("lift", "double", "EBGM of observed over expected complaints: the plain baseline"),
        col("lift_low", "double", "its 5 % quantile (EB05)"),
        col("complaints", "double", "complaints through the source, each counted by its share"),
        col("observed", "double", "those by their weight after hygiene"),
        col("expected", "double", "complaints expected, on what the suspected sources leave unexplained"),
        col("attributed", "double", "complaints that the model lays at its door, beside all other sources"),
        col("shops", "bigint", "shops whose orders or complaints flow through it"),
        col("orders", "double", "order lines through it, inferred shares included"),
        col("named_orders", "bigint", "order lines that name it"),
        col("value", "decimal(18,2)", "value of its orders", "reporting currency"),
        col("brands", "array<string>", "brands of the complaints that are rather its own, the most frequent first"),
        col("safety_risk", "boolean", "a fake of one of these brands is a risk to health or safety"),
        opt("first_seen", "date", "first order day in the window"),
        opt("last_seen", "date", "last order day in the window"),
        col("trend", "string", "new | rising | steady | falling | re_emerged, by the thirds of the window"),
        col("reasons", "array<string>", "why, in sentences, for and against"),
        col("members", "array<string>", "supplier and address ids behind it"),
    ),
    may_be_empty=True,
)
EVIDENCE = Table(
    "published",
    "evidence",
    "what speaks for or against a source; the rows that add to the Bayes factor sum up to it",
    ("night", "source_id", "evidence_id"),
    (
        NIGHT,
        col("source_id", "string", "the source"),
        col("evidence_id", "string", "the evidence"),
        col("kind", "string", "shop_for | shop_against | link | complaint | verdict | qualifier"),
        opt("subject_id", "string", "the shop, complaint or verdict; null: all further shops, or the source itself"),
        col("contribution", "double", "what it adds", "natural log units"),
        col("adds_to", "string", "bayes_factor | prior_odds | calibration | none"),
        opt("observed", "double", "complaints by weight and share"),
        opt("expected", "double", "complaints expected"),
        opt("ln_bf_without", "double", "ln Bayes factor without this shop, the other sources held fixed"),
        col("shops", "bigint", "shops that the row stands for"),
        opt("signal", "string", "what a qualifier is about"),
        col("detail", "string", "the same in a sentence"),
        col("refs", "array<string>", "complaints, orders, shops that it rests on"),
    ),
    may_be_empty=True,
)
CASES = Table(
    "published",
    "cases",
    "a case: a source, or several that cannot be told apart",
    ("night", "case_id"),
    (
        NIGHT,
        col("case_id", "string", "the case, the same over nights"),
        col(
            "state",
            "string",
            "open: rather guilty than not | watched | closed: not so, and all its sources were cleared",
        ),
        col("source_ids", "array<string>", "its sources (-> sources)"),
        col("opened", "date", "the first night that knew it"),
        opt("closed", "date", "day of the last clearing verdict"),
        col("probability", "double", "of the merged column, by the night's calibrator"),
        col("harm", "decimal(18,2)", "that of its most harmful source", "reporting currency"),
        col("safety_risk", "boolean", "that of any of its sources"),
        col("prior_notices", "bigint", "earlier nights on which it was open"),
        col("reasons", "array<string>", "why, in sentences"),
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
        col(
            "sources",
            "bigint",
            "sources published: with complaints, a verdict, or signs that make a supplier worth a look",
        ),
        col("sources_suspected", "bigint", "sources rather guilty than not (ranking.suspect_from)"),
        col("complaints_explained", "double", "complaints, by weight, that the sources explain"),
        col("complaints_weighed", "double", "complaints by weight after hygiene: those explained, and the background"),
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

OPERATORS = Table(
    "published",
    "operators",
    "an operator: the people who probably run these shops; a shop that nothing ties is one of its own",
    ("night", "operator_id"),
    (
        NIGHT,
        col("operator_id", "string", "the operator, the same over nights (-> changes)"),
        col("shops", "bigint", "its shops, those without an order in the window too"),
        col("seller_ids", "array<string>", "them, sorted"),
        col(
            "core",
            "array<string>",
            "those that a payee, a registration number or two independent rare values tie; or alone",
        ),
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
        col("complaints", "bigint", "counted complaints of its shops"),
        col("observed", "double", "those by their weight after hygiene"),
        col("expected", "double", "complaints expected"),
        col("lift_low", "double", "observed over expected: the 5 % quantile after shrinkage among operators"),
        col("sources", "array<string>", "suspected sources of its shops (-> sources)"),
        col("reasons", "array<string>", "why these shops are one, in sentences, for and against"),
    ),
    may_be_empty=True,
)

PUBLISHED = (SOURCES, SHOPS, EVIDENCE, CASES, FUNNEL, CHANGES, OPERATORS)
