"""FEED FILES -> clean table and rejects: each row read ends in exactly one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyspark.sql.functions as F
from pyspark.sql import Column, DataFrame, Window

from headwater.config import Config
from headwater.feeds import FeedSpec, Field
from headwater.landing import money, parse
from headwater.landing.lexicon import Lexicon
from headwater.tables.clean import CLEAN, REJECTS

# Rows a file of a clean table: about 100 MB of orders.
ROWS_A_FILE = 4_000_000
MASKED = r"[\p{L}\p{N}]"


@dataclass(frozen=True)
class Judged:
    """A feed's rows, parsed and judged: `rules` is empty for a good row. `buckets` files a day in the clean table."""

    feed: FeedSpec
    rows: DataFrame
    buckets: int = 1


def judge(rows: DataFrame, feed: FeedSpec, config: Config, to_token: Callable[[Column], Column]) -> DataFrame:
    """FILES' rows -> the same rows with typed columns, `rules` (those it breaks), `raw` (JSON of a bad row, buyers as tokens).

    A field keeps its contract name; a buyer field becomes its token column, a private one stays as text for later stages of
    this intake. A line that could not be parsed breaks `unreadable_line` alone. A number that has lost digits is none where it
    has to be exact: as an id or other text, and as a count."""
    mapping = config.feed(feed.name)
    texts = {
        f.name: parse.field_text(f, mapping, F.col(f"`{f.name}`") if f.name in rows.columns else None)
        for f in feed.fields
    }
    known = [f for f in feed.fields if f.name in rows.columns]
    tokens = [to_token(F.col(f"t_{f.name}")).alias(f.token) for f in feed.fields if f.token]
    staged = rows.select(*rows.columns, *[text.alias(f"t_{name}") for name, text in texts.items()])
    staged = staged.withColumnsRenamed({f.name: f"r_{f.name}" for f in known}).select("*", *tokens)
    values = {f.name: parse.field_value(f, F.col(f"t_{f.name}"), mapping.time_zone) for f in feed.fields}
    staged = staged.select("*", *[value.alias(name) for name, value in values.items() if not feed.field(name).token])
    rules = [
        rule
        for f in feed.fields
        for rule in parse.field_rules(f, F.col(f"t_{f.name}"), F.col(f"t_{f.name}" if f.token else f.name))
    ]
    if "_inexact" in rows.columns:
        exact = [f.name for f in feed.fields if f.type in ("text", "int")]
        rules += [F.when(F.array_contains("_inexact", name), F.lit(f"bad_{name}")) for name in exact]
    broken = F.array_sort(F.array_compact(F.array(*rules)))
    unreadable = F.col("_line").isNotNull()
    masked_line = F.to_json(F.struct(F.regexp_replace("_line", MASKED, "x").alias("line")))
    as_read = F.to_json(F.struct(*[_as_read(f).alias(f.name) for f in known]))
    return staged.select(
        "_seq",
        "_block",
        "_position",
        *[f.token or f.name for f in feed.fields],
        F.when(unreadable, F.array(F.lit("unreadable_line"))).otherwise(broken).alias("rules"),
        F.when(unreadable, masked_line).when(F.size(broken) > 0, as_read).alias("raw"),
        *([F.to_date(feed.time).alias("day")] if feed.time else []),
    )


def _as_read(field: Field) -> Column:
    """What may be kept of a field as it was read: a buyer's token, a mask of private text, anything else itself."""
    if field.token:
        return F.col(field.token)
    source = F.col(f"r_{field.name}")
    return F.regexp_replace(source, MASKED, "x") if field.private else source


def ranked(judged: Judged) -> DataFrame:
    """The good rows with `_rank` 1 for the row of a key that came last, higher for those it supersedes."""
    feed, good = judged.feed, judged.rows.where(F.size("rules") == 0)
    latest = [F.desc("_seq"), F.desc("_block"), F.desc("_position")]
    if feed.name != "orders":
        return good.withColumn("_rank", F.row_number().over(Window.partitionBy(*feed.key).orderBy(*latest)))
    # One shuffle serves the window, the files a day and the order of rows in them: the look-up of a complaint's order skips by it.
    bucket = F.pmod(F.hash("order_id"), F.lit(judged.buckets)).alias("_bucket")
    placed = good.select("*", bucket).repartition("day", "_bucket")
    key = Window.partitionBy("day", "_bucket", *feed.key).orderBy(*latest)
    return placed.withColumn("_rank", F.row_number().over(key))


def accepted(
    judged: Judged, night: date, config: Config, lexicon: Lexicon, rates: DataFrame | None = None
) -> DataFrame:
    """JUDGED rows -> the feed's CLEAN table: the last good row of each key.

    `rates` (currency, day, _rate) is what the feed of rates says of the days of these orders."""
    rows = ranked(judged).where(F.col("_rank") == 1).drop("_rank")
    if judged.feed.name == "orders":
        rows = _valued(rows, config, rates)
    if judged.feed.name == "complaints":
        rows = rows.withColumn("counterfeit", _counterfeit(config, lexicon))
    rows = rows.withColumn("night", F.lit(night)).withColumnRenamed("_seq", "intake_seq")
    return CLEAN[judged.feed.name].conform(rows)


def _valued(orders: DataFrame, config: Config, rates: DataFrame | None) -> DataFrame:
    rate = money.rate(F.col("currency"), config.money)
    if rates is not None:
        orders = orders.join(F.broadcast(rates), on=["currency", "day"], how="left")
        rate = F.coalesce("_rate", rate)
    return orders.select(
        "*",
        money.value_minor(F.col("quantity"), F.col("unit_price"), rate).alias("value_minor"),
        money.price_band(F.col("unit_price"), rate, config.strata).alias("price_band"),
    )


def _counterfeit(config: Config, lexicon: Lexicon) -> Column:
    """By the reason code, else, for the codes that leave it open, by the lexicon over the text."""

    def says_counterfeit(texts: pa.Array) -> pa.Array:
        return lexicon.is_counterfeit(texts)

    says = F.arrow_udf(says_counterfeit, "boolean")  # type: ignore[attr-defined]
    reason = F.coalesce(F.col("reason_code"), F.lit("other"))
    by_text = reason.isin(*config.hygiene.text_reasons) & says(F.col("text"))
    return F.coalesce(reason.isin(*config.hygiene.counterfeit_reasons) | by_text, F.lit(False))


def rejected(judged: Judged, blocks: DataFrame, night: date, superseded: bool) -> DataFrame:
    """JUDGED rows -> REJECTS: the rows that break a rule and, if there are any, those superseded by a later row of the night.

    `blocks` (_seq, _block, _first, _before) turns a reading position into the row of the file."""
    bad = judged.rows.where(F.size("rules") > 0).select("_seq", "_block", "_position", "rules", "raw")
    if superseded:
        late = ranked(judged).where(F.col("_rank") > 1)
        rule = F.array(F.lit("superseded")).alias("rules")
        understood = F.to_json(F.struct(*[f.token or f.name for f in judged.feed.fields if not f.private])).alias("raw")
        bad = bad.unionByName(late.select("_seq", "_block", "_position", rule, understood))
    rows = bad.join(F.broadcast(blocks), on=["_seq", "_block"], how="inner")
    return REJECTS.conform(
        rows.select(
            F.lit(night).alias("night"),
            F.lit(judged.feed.name).alias("feed"),
            F.col("_seq").alias("intake_seq"),
            (F.col("_position") - F.col("_first") + F.col("_before")).alias("row"),
            "rules",
            F.coalesce("raw", F.lit("{}")).alias("raw"),
        )
    )
