"""The first half of a night in DuckDB, for comparison: the clean and exposure tables of orders and complaints, as Parquet.

Same landing files, same configuration, same tokens and lexicon (both in Arrow, once a distinct value), same rows: typed and
validated, the last row of a key, value and price band, daily order exposure, complaints placed on their lines, what each
counts, and their exposure. It knows one night of Parquet files only: no CSV, no second night, no rejects' content, no
transaction, no addresses, links, sources."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from headwater import tokens
from headwater.config import Config
from headwater.feeds import FEEDS
from headwater.landing.lexicon import Lexicon
from headwater.landing.money import LARGEST_MINOR
from headwater.landing.parse import BLANKS

TOKEN_BATCH = 1_000_000
RATE_SCALE = 10**10
TEXT_ORDERS = ["listing_id", "brand", "category", "currency", "destination", "dispatch_address_id", "supplier_id"]


def connect(cores: int, work: Path) -> duckdb.DuckDBPyConnection:
    """A database in memory that spills into `work`."""
    con = duckdb.connect(config={"threads": cores, "temp_directory": str(work / "spill")})
    con.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = false; SET enable_progress_bar = false")
    return con


def clean(con: duckdb.DuckDBPyConnection, config: Config, night: date, out: Path) -> None:
    """Landing Parquet -> out/orders/day=*/, out/complaints/, out/rejects.parquet (feed, row, rules)."""
    out.mkdir(parents=True)
    _stage(con, config, "orders", ["order_id", "seller_id", "buyer_id"], TEXT_ORDERS)
    _stage(con, config, "complaints", ["complaint_id", "order_id"], ["seller_id", "complainant_id", "text"])
    _tokens(con, tokens.load_key(config))
    _counterfeit(con, config)
    rates = {**config.money.rates, config.money.reporting_currency: 1.0}
    pairs = ", ".join(f"('{c}', {int(Decimal(repr(r)) * RATE_SCALE)}::HUGEINT)" for c, r in sorted(rates.items()))
    edges = [Decimal(repr(round(config.strata.band_ratio**i, 6))) for i in range(config.strata.bands - 1)]
    above = " + ".join(f"(amount >= {int(edge * 100 * RATE_SCALE)})::INT" for edge in edges)
    minor = f"(amount * quantity + {RATE_SCALE // 2}) // {RATE_SCALE}"
    # Integers throughout: amount is the unit price in 1/100 of the reporting currency, times the scale of the rates.
    con.execute(f"""
        COPY (
            WITH rates(currency, rate) AS (VALUES {pairs}),
            said AS ({_said(config)}),
            priced AS (
                SELECT o.* EXCLUDE (buyer_id, bad), t.token AS buyer_token,
                       (unit_price * 100)::BIGINT::HUGEINT * coalesce(s.rate, r.rate) AS amount
                FROM orders_staged o JOIN tokens t ON t.id = o.buyer_id LEFT JOIN rates r ON r.currency = o.currency
                ASOF LEFT JOIN said s ON s.currency = o.currency AND s.since <= o.day
                WHERE len(bad) = 0
                QUALIFY row_number() OVER (PARTITION BY day, order_id, line_no ORDER BY file DESC, file_row DESC) = 1
            )
            SELECT * EXCLUDE (amount, file, file_row),
                   CASE WHEN {minor} <= {LARGEST_MINOR} THEN ({minor})::BIGINT END AS value_minor,
                   coalesce({above}, -1) AS price_band
            FROM priced
        ) TO '{out}/orders' (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (day));
        COPY (
            SELECT c.* EXCLUDE (complainant_id, text, bad, file, file_row), t.token AS complainant_token,
                   coalesce(k.says, false) AS counterfeit
            FROM complaints_staged c LEFT JOIN tokens t ON t.id = c.complainant_id
            LEFT JOIN kinds k ON k.reason IS NOT DISTINCT FROM c.reason_code AND k.text IS NOT DISTINCT FROM c.text
            WHERE len(bad) = 0
            QUALIFY row_number() OVER (PARTITION BY c.complaint_id ORDER BY c.file DESC, c.file_row DESC) = 1
        ) TO '{out}/complaints.parquet' (FORMAT parquet, COMPRESSION zstd);
        COPY (
            SELECT 'orders' AS feed, file, file_row, bad FROM orders_staged WHERE len(bad) > 0
            UNION ALL SELECT 'complaints', file, file_row, bad FROM complaints_staged WHERE len(bad) > 0
        ) TO '{out}/rejects.parquet' (FORMAT parquet, COMPRESSION zstd);
    """)


def _said(config: Config) -> str:
    """Rates of the feed by currency and day, times RATE_SCALE; no row where there is no such feed."""
    feed = Path(config.feed_path("rates"))
    if not feed.is_dir():
        return "SELECT NULL::VARCHAR AS currency, NULL::DATE AS since, NULL::HUGEINT AS rate WHERE false"
    return f"""SELECT upper(currency) AS currency, day::DATE AS since, round(rate * {RATE_SCALE})::HUGEINT AS rate
        FROM read_parquet('{feed}/**/*.parquet', hive_partitioning = false)
        WHERE upper(currency) <> '{config.money.reporting_currency}'"""


def _stage(
    con: duckdb.DuckDBPyConnection, config: Config, feed: str, required: Sequence[str], texts: Sequence[str]
) -> None:
    """A view of a feed's rows: blanks cut off, defaults filled in, `day`, and `bad`: the rules that a row breaks."""
    spec = FEEDS[feed]
    columns, rules = [], []
    for field in spec.fields:
        value = field.name
        if field.name in required or field.name in texts or field.allowed:
            value = f"nullif(trim({field.name}, '{BLANKS}'), '')"
        if field.allowed:
            value = f"lower({value})"
        if field.name == "currency":
            value = f"upper({value})"
        if field.default is not None:
            value = f"coalesce({value}, '{field.default}')"
        columns.append(f"{value} AS {field.name}")
        if field.required:
            rules.append(f"CASE WHEN {field.name} IS NULL THEN 'missing_{field.name}' END")
        if field.low is not None:
            rules.append(f"CASE WHEN {field.name} < {field.low} THEN 'range_{field.name}' END")
        if field.allowed:
            words = ", ".join(f"'{word}'" for word in field.allowed)
            rules.append(f"CASE WHEN {field.name} NOT IN ({words}) THEN 'unknown_{field.name}' END")
    con.execute(f"""
        CREATE VIEW {feed}_staged AS
        WITH texts AS (
            SELECT {", ".join(columns)}, filename AS file, file_row_number AS file_row
            FROM read_parquet('{config.feed_path(feed)}/**/*.parquet', filename = true, file_row_number = true,
                              hive_partitioning = false)
        )
        SELECT *, {spec.time}::DATE AS day, list_filter([{", ".join(rules)}], lambda rule: rule IS NOT NULL) AS bad FROM texts
    """)


def _tokens(con: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """A table `tokens` (id, token): each buyer once."""
    con.execute("CREATE TABLE tokens (id VARCHAR, token VARCHAR)")
    ids = con.cursor().sql("""
        SELECT DISTINCT id FROM (SELECT buyer_id AS id FROM orders_staged
                                 UNION ALL SELECT complainant_id FROM complaints_staged) WHERE id IS NOT NULL
    """)
    for batch in ids.to_arrow_reader(TOKEN_BATCH):
        made = pa.table({"id": batch.column(0), "token": tokens.tokenise(batch.column(0), key)})
        con.register("made", made)
        con.execute("INSERT INTO tokens SELECT * FROM made")
        con.unregister("made")


def _counterfeit(con: duckdb.DuckDBPyConnection, config: Config) -> None:
    """A table `kinds` (reason, text, says): does a complaint with this reason and text speak of counterfeit goods?"""
    both = con.sql("SELECT DISTINCT reason_code AS reason, text FROM complaints_staged").to_arrow_table()
    reason = pc.fill_null(both["reason"], "other")
    by_code = pc.is_in(reason, pa.array(config.hygiene.counterfeit_reasons))
    says = Lexicon.load(config.hygiene.lexicon or None).is_counterfeit(both["text"])
    by_text = pc.and_(pc.is_in(reason, pa.array(config.hygiene.text_reasons)), says)
    kinds = both.append_column("says", pc.or_(by_code, by_text))
    con.register("judged", kinds)
    con.execute("CREATE TABLE kinds AS SELECT * FROM judged")
    con.unregister("judged")


def exposure(con: duckdb.DuckDBPyConnection, config: Config, night: date, out: Path) -> None:
    """Clean Parquet under `out` -> order_exposure, listing_suppliers, complaints_placed, complaints_unmatched, complaint_exposure."""
    cell = "seller_id, dispatch_address_id, supplier_id"
    stratum = "lower(coalesce(category, '?')) AS category, price_band, upper(coalesce(destination, '?')) AS destination"
    con.execute(f"""
        CREATE VIEW orders AS SELECT * FROM read_parquet('{out}/orders/*/*.parquet', hive_partitioning = true)
        WHERE day <= DATE '{night}' AND NOT voided;
        COPY (
            SELECT day, {cell}, {stratum}, count(*) AS orders, sum(quantity)::BIGINT AS quantity,
                   sum(coalesce(value_minor, 0))::BIGINT AS value_minor, count(*) - count(value_minor) AS unpriced
            FROM orders GROUP BY ALL
        ) TO '{out}/order_exposure.parquet' (FORMAT parquet, COMPRESSION zstd);
        COPY (
            SELECT day, seller_id, listing_id, supplier_id, count(*) AS orders FROM orders
            WHERE listing_id IS NOT NULL AND supplier_id IS NOT NULL GROUP BY ALL
        ) TO '{out}/listing_suppliers.parquet' (FORMAT parquet, COMPRESSION zstd);
        CREATE TABLE asked AS SELECT * RENAME (day AS filed_day) FROM '{out}/complaints.parquet'
        WHERE day <= DATE '{night}';
        CREATE TABLE found AS
            SELECT c.complaint_id, o.day, o.line_no, o.listing_id, {", ".join(f"o.{c}" for c in cell.split(", "))},
                   {stratum.replace("price_band", "o.price_band")},
                   c.seller_id IS NULL OR c.seller_id = o.seller_id AS seller_fits,
                   c.line_no IS NULL OR c.line_no = o.line_no AS line_fits, c.line_no IS NOT NULL AS line_given
            FROM orders o JOIN asked c ON o.order_id = c.order_id
            WHERE o.day > DATE '{night}' - {config.night.lookup_days} AND o.day <= c.filed_day
              AND (c.ordered_at IS NULL OR o.day BETWEEN c.ordered_at::DATE - 1 AND c.ordered_at::DATE + 1);
        CREATE TABLE placed AS
            WITH fits AS (
                SELECT * FROM found WHERE seller_fits AND line_fits
                QUALIFY day = max(day) OVER (PARTITION BY complaint_id)
            ), chosen AS (
                SELECT *, row_number() OVER (PARTITION BY complaint_id ORDER BY line_no) AS lowest FROM fits
            ), sellers AS (
                SELECT complaint_id, count(DISTINCT seller_id) AS sellers FROM fits GROUP BY complaint_id
            ), lines AS (
                SELECT complaint_id, bool_or(seller_fits) AS any_seller FROM found GROUP BY complaint_id
            )
            SELECT a.* EXCLUDE (seller_id, line_no), f.* EXCLUDE (complaint_id, seller_fits, line_fits, lowest),
                   CASE WHEN f.seller_id IS NOT NULL AND (f.line_given OR s.sellers = 1) THEN NULL
                        WHEN f.seller_id IS NOT NULL THEN 'ambiguous_line'
                        WHEN NOT l.any_seller THEN 'hint_mismatch' ELSE 'no_order' END AS why
            FROM asked a LEFT JOIN chosen f ON f.complaint_id = a.complaint_id AND f.lowest = 1
            LEFT JOIN sellers s ON s.complaint_id = a.complaint_id LEFT JOIN lines l ON l.complaint_id = a.complaint_id;
        COPY (SELECT * EXCLUDE (why, line_given) FROM placed WHERE why IS NULL)
        TO '{out}/complaints_placed.parquet' (FORMAT parquet, COMPRESSION zstd);
        COPY (SELECT * FROM asked JOIN (SELECT complaint_id, why FROM placed WHERE why IS NOT NULL) USING (complaint_id))
        TO '{out}/complaints_unmatched.parquet' (FORMAT parquet, COMPRESSION zstd);
    """)
    _complaint_exposure(con, config, night, out)


def _complaint_exposure(con: duckdb.DuckDBPyConnection, config: Config, night: date, out: Path) -> None:
    hygiene = config.hygiene
    con.execute(f"""
        COPY (
            WITH sound AS (
                SELECT *, coalesce(complainant_token, 'complaint ' || complaint_id) AS who FROM placed
                WHERE why IS NULL AND counterfeit AND status IN ('open', 'upheld')
                  AND day > DATE '{night}' - {config.night.window_days}
            ), first AS (
                SELECT * FROM sound QUALIFY row_number() OVER (
                    PARTITION BY who, day, order_id, line_no ORDER BY filed_at, complaint_id) = 1
            ), kept AS (
                SELECT * FROM first QUALIFY complainant_kind <> 'buyer' OR row_number() OVER (
                    PARTITION BY who, filed_day ORDER BY complaint_id) <= {hygiene.per_complainant_day}
            ), weighed AS (
                SELECT *, count(*) OVER (PARTITION BY who) AS total FROM kept
            )
            SELECT filed_day, day, listing_id, seller_id, dispatch_address_id, supplier_id, category, price_band, destination,
                   count(*) AS complaints,
                   sum(CASE WHEN complainant_kind = 'buyer' AND total > {hygiene.full_weight_total}
                       THEN round(pow({hygiene.full_weight_total} / total, {hygiene.falling_power}) * 1000)
                       ELSE 1000 END)::BIGINT AS weight_milli
            FROM weighed GROUP BY ALL
        ) TO '{out}/complaint_exposure.parquet' (FORMAT parquet, COMPRESSION zstd)
    """)
