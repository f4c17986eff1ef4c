"""Bad rows for every rule of every feed, each breaking exactly one, with their true counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pyarrow as pa

from headwater.synthetic.columns import Ints, ids
from headwater.synthetic.params import MarketplaceParams
from headwater.synthetic.world import STREAM_DIRTY, stream

_UNREADABLE = {
    "int": "three",
    "decimal": "12,5x",
    "timestamp": "the day before",
    "bool": "perhaps",
    "date": "2026-13-45",
}


@dataclass(frozen=True)
class FeedRules:
    """What the contract asks of a feed, and how to break it."""

    key: str  # the column that gets a new value, so that a bad row meets no good one; "" where there is no key
    required: tuple[str, ...]
    types: dict[str, str] = field(default_factory=dict)
    ranges: dict[str, str] = field(default_factory=dict)
    choices: tuple[str, ...] = ()
    stale: tuple[str, str] | None = None  # the column and the outdated value of a superseded row

    def rules(self) -> Iterator[tuple[str, str, str | None]]:
        """(rule, column, bad value) of all rules of single values."""
        yield from ((f"missing_{column}", column, None) for column in self.required)
        yield from ((f"bad_{column}", column, _UNREADABLE[kind]) for column, kind in self.types.items())
        yield from ((f"range_{column}", column, value) for column, value in self.ranges.items())
        yield from ((f"unknown_{column}", column, "perpetual") for column in self.choices)


_SEEN = {"first_seen": "timestamp", "last_seen": "timestamp"}
FEED_RULES = {
    "orders": FeedRules(
        "order_id",
        ("order_id", "seller_id", "buyer_id", "ordered_at"),
        {
            "line_no": "int",
            "quantity": "int",
            "unit_price": "decimal",
            "ordered_at": "timestamp",
            "refunded_amount": "decimal",
            "voided": "bool",
        },
        {"quantity": "0", "unit_price": "-0.01", "refunded_amount": "-5.00"},
        stale=("destination", "ZZ"),
    ),
    "complaints": FeedRules(
        "complaint_id",
        ("complaint_id", "order_id", "filed_at"),
        {"line_no": "int", "ordered_at": "timestamp", "filed_at": "timestamp"},
        choices=("complainant_kind", "reason_code", "status"),
        stale=("text", "An earlier wording"),
    ),
    "addresses": FeedRules(
        "address_id",
        ("address_id", "seller_id", "role"),
        _SEEN,
        choices=("role",),
        stale=("contact_name", "Former Contact"),
    ),
    "supplier_links": FeedRules(
        "seller_id",
        ("seller_id", "supplier_id", "kind"),
        {"units": "int", "amount": "decimal", "confidence": "decimal", **_SEEN},
        {"units": "-1", "confidence": "1.5"},
        ("kind",),
        ("supplier_name", "Former Name"),
    ),
    "sellers": FeedRules(
        "seller_id", ("seller_id",), {"opened_at": "timestamp", "closed_at": "timestamp"}, stale=("name", "Former Name")
    ),
    "suppliers": FeedRules("supplier_id", ("supplier_id",), stale=("name", "Former Name")),
    "brands": FeedRules(
        "brand", ("brand",), {"reference_price": "decimal", "safety": "bool"}, stale=("currency", "GBP")
    ),
    "hubs": FeedRules("value", ("kind", "value")),
    "rates": FeedRules(
        "currency", ("currency", "day", "rate"), {"day": "date", "rate": "decimal"}, stale=("rate", "9.9")
    ),
}


class Spoiler:
    """Adds bad rows to tables of text and counts them. All good rows stay: what is accepted is the same as without."""

    def __init__(self, params: MarketplaceParams) -> None:
        self._params = params
        self._rng = stream(params, STREAM_DIRTY)
        self._seen: Counter[tuple[str, date]] = Counter()
        self._planted: Counter[tuple[str, date, str]] = Counter()
        self._fresh = 0

    def table(self) -> pa.Table:
        """FEED, NIGHT, RULE, ROWS: one row a (feed, night, rule), sorted."""
        keys = sorted(self._planted)
        columns = {
            "feed": pa.array([feed for feed, _, _ in keys], pa.string()),
            "night": pa.array([night for _, night, _ in keys], pa.date32()),
            "rule": pa.array([rule for _, _, rule in keys], pa.string()),
            "rows": pa.array([self._planted[key] for key in keys], pa.int64()),
        }
        return pa.table(columns)

    def spoil(
        self, feed: str, table: pa.Table, night: date, to_lines: Callable[[pa.Table], pa.Array]
    ) -> tuple[pa.Table, list[str]]:
        """The table with bad rows, and broken CSV lines to follow it (none for Parquet).

        Bad rows are copies of good ones under a new key with one value broken. Outdated versions of good rows stand
        before them, so that the later, good row wins.
        """
        rules = FEED_RULES[feed]
        simple = list(rules.rules())
        with_lines = self._params.format != "parquet"
        count = len(simple) + with_lines + (rules.stale is not None)
        self._seen[feed, night] += table.num_rows
        quota = int(np.ceil(self._params.dirty * self._seen[feed, night] / count))
        spoilt = [
            self._broken(rules, table, column, value, self._due(feed, night, rule, quota))
            for rule, column, value in simple
        ]
        outdated = table.slice(0, 0)
        if rules.stale is not None:
            wanted = min(self._due(feed, night, "superseded", quota, table.num_rows), table.num_rows)
            outdated = self._outdated(rules.stale, table, wanted)
        lines: list[str] = []
        if with_lines:
            copies = self._copies(rules, table, self._due(feed, night, "unreadable_line", quota))
            lines = _unreadable(to_lines(copies).to_pylist(), table.num_columns)
        return pa.concat_tables([outdated, table, *spoilt]), lines

    def _due(self, feed: str, night: date, rule: str, quota: int, most: int | None = None) -> int:
        """How many rows are still to be planted for a rule, now counted as planted."""
        due = quota - self._planted[feed, night, rule]
        due = due if most is None else min(due, most)
        if due > 0:
            self._planted[feed, night, rule] += due
        return max(due, 0)

    def _copies(self, rules: FeedRules, table: pa.Table, count: int) -> pa.Table:
        rows = table.take(pa.array(self._rng.integers(0, table.num_rows, count)))
        fresh: Ints = self._fresh + np.arange(count)
        self._fresh += count
        at = table.column_names.index(rules.key)
        return rows.set_column(at, rules.key, ids("X", fresh, 9))

    def _broken(self, rules: FeedRules, table: pa.Table, column: str, value: str | None, count: int) -> pa.Table:
        rows = self._copies(rules, table, count)
        return rows.set_column(rows.column_names.index(column), column, pa.array([value] * count, pa.string()))

    def _outdated(self, stale: tuple[str, str], table: pa.Table, count: int) -> pa.Table:
        column, value = stale
        rows = table.take(pa.array(np.sort(self._rng.choice(table.num_rows, count, replace=False))))
        return rows.set_column(rows.column_names.index(column), column, pa.array([value] * count, pa.string()))


def _unreadable(lines: list[str], width: int) -> list[str]:
    """Lines with too few fields and, in turn, too many; a feed of one field can only have too many."""
    short = ",".join(["X"] * max(width - 2, 1)) + "\n"
    return [short if number % 2 and width > 2 else line[:-1] + ",surplus\n" for number, line in enumerate(lines)]
