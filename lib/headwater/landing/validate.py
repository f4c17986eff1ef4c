"""A dry run of a sample: would these feeds be accepted, what would be rejected, do complaints find their orders?"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import pyspark.sql.functions as F

from headwater.config import Config
from headwater.feeds import FEEDS, FeedSpec
from headwater.landing import clean, files
from headwater.landing.formats.csv_files import is_multi_line
from headwater.landing.formats.stored import FeedFile, unknown_columns

FAR_AHEAD = date(9999, 12, 31)
# Characters of an example of a value that breaks a rule.
SHOWN = 40


@dataclass(frozen=True)
class FeedSample:
    """What a sample of one feed holds; `rules` counts the rows that break each rule, `examples` are the first values that do (none
    of buyers' ids and texts), `form` is that of its files."""

    name: str
    files: int
    read: int
    good: int
    rules: dict[str, int] = field(default_factory=dict)
    form: str = ""
    examples: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Validation:
    feeds: list[FeedSample]
    lines: list[str]


def validate_feeds(spark: Any, config: Config, night: date | None) -> Validation:
    """Read up to `intake.sample_rows` of each group of like files of every feed; nothing is written.

    Raises InputRefusedError that lists every missing feed, form and column at once, or names a file that cannot be read."""
    found, faults = files.list_feeds(spark, config, night or FAR_AHEAD)
    inspected, unfit = files.inspect(spark, config, found)
    files.refuse(faults + unfit)
    with files.broken_files_refused(inspected):
        return _validated(spark, config, inspected)


def _validated(spark: Any, config: Config, inspected: list[FeedFile]) -> Validation:
    samples, good = [], {}
    lines = [line for f in inspected for line in _remarks(f, config)]
    for name, feed in FEEDS.items():
        mine = [replace(f, intake_seq=i) for i, f in enumerate(inspected) if f.feed == name]
        if not mine:
            samples.append(FeedSample(name, 0, 0, 0))
            continue
        # Tokens need the key, and a dry run shows no row: buyers are only tested for being there.
        rows = files.read_files(spark, config, mine, config.intake.sample_rows)
        judged = clean.judge(rows, feed, config, lambda buyer: buyer).persist()
        samples.append(_sample(feed, mine, judged))
        good[name] = judged.where(F.size("rules") == 0)
    return Validation(samples, [_extent(samples, config.intake.sample_rows), *_links(good), *lines])


def _extent(samples: list[FeedSample], most: int) -> str:
    """Of which rows the shares are: a feed with fewer than `most` rows was read whole."""
    if all(sample.read < most for sample in samples):
        return "The feeds were read whole."
    return (
        f"Of large feeds these are the first rows only (intake.sample_rows: {most:,} of each group of like files), on both sides "
        "of each share: a night, which reads all, finds more of what belongs together."
    )


def _remarks(file: FeedFile, config: Config) -> list[str]:
    """Sentences about one file: what is kept out of it, what its table took away, and whether one task has to read it all."""
    remarks = []
    unknown = unknown_columns(file, config.feed(file.feed))
    if unknown:
        remarks.append(f"{file.feed}: {file.path}: columns that stay out: {', '.join(unknown)}")
    if file.note:
        remarks.append(f"{file.feed}: {file.path}: {file.note}")
    if file.bytes > config.intake.one_task_mb * 10**6:
        size = f"{file.feed}: {file.path}: {file.bytes / 1e9:,.1f} GB will be read by one task"
        if file.path.endswith(".gz"):
            remarks.append(f"{size}, for gzip cannot be cut; land several smaller files")
        elif file.format == "csv" and is_multi_line(config, config.feed(file.feed)):
            remarks.append(
                f"{size}, for a line may end within quotes; intake.multi_line = false reads it by many if none does"
            )
    return remarks


def _sample(feed: FeedSpec, mine: list[FeedFile], judged: Any) -> FeedSample:
    place = F.struct("_seq", "_block", "_position").alias("place")
    each = judged.select(F.explode("rules").alias("rule"), "raw", place).groupBy("rule")
    broken = each.agg(F.count(F.lit(1)).alias("rows"), F.min_by("raw", "place").alias("first")).collect()
    examples = {r["rule"]: _example(feed, r["rule"], r["first"]) for r in broken}
    return FeedSample(
        feed.name,
        len(mine),
        judged.count(),
        judged.where(F.size("rules") == 0).count(),
        {r["rule"]: r["rows"] for r in broken},
        mine[0].format,
        {rule: value for rule, value in examples.items() if value},
    )


def _example(feed: FeedSpec, rule: str, raw: str) -> str | None:
    """The value that breaks the rule, from the row as it was read; None of what is missing, and of a buyer's id or text."""
    row = json.loads(raw)
    if rule == "unreadable_line":
        value = row["line"]
    else:
        column = feed.field(rule.partition("_")[2])
        value = None if column.token or column.private else row.get(column.name)
    return value if value is None or len(value) <= SHOWN else f"{value[: SHOWN - 1]}…"


def _links(good: dict[str, Any]) -> list[str]:
    """Sentences about how the sampled feeds hang together."""
    lines = []
    orders, complaints = good.get("orders"), good.get("complaints")
    if orders is not None and complaints is not None:
        found = complaints.join(orders.select("order_id").distinct(), on="order_id", how="left_semi").count()
        lines.append(
            _share(
                "complaints that find their order",
                found,
                complaints.count(),
            )
        )
    if orders is not None:
        total = orders.count()
        naming = orders.where("supplier_id is not null").count()
        lines.append(_share("orders that name their supplier", naming, total))
        if "supplier_links" in good:
            linked = orders.join(good["supplier_links"].select("seller_id").distinct(), on="seller_id", how="left_semi")
            lines.append(_share("orders whose shop has a supplier link", linked.count(), total))
        if "addresses" in good:
            sent = orders.where("dispatch_address_id is not null")
            known = good["addresses"].select(F.col("address_id").alias("dispatch_address_id"))
            lines.append(_share("orders that say where from", sent.count(), total))
            lines.append(
                _share(
                    "of those, known addresses",
                    sent.join(known, on="dispatch_address_id", how="left_semi").count(),
                    sent.count(),
                )
            )
    return lines


def _share(what: str, part: int, whole: int) -> str:
    return f"{what}: {part:,} of {whole:,}" + (f" ({part / whole:.1%})" if whole else "")
