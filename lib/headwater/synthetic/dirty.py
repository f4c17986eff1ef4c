"""Bad rows for every rule of every feed, each breaking exactly one, with their true counts.

The rules follow from the declarations in headwater.feeds, as those of the intake do, so that no field can be forgotten.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import cycle, islice

import numpy as np
import pyarrow as pa

from headwater.feeds import FEEDS, FeedSpec, Field
from headwater.synthetic.columns import Ints, ids
from headwater.synthetic.params import MarketplaceParams
from headwater.synthetic.world import STREAM_DIRTY, stream

# Texts that are no value of a type: of another kind, nearly right, and too long to be kept without rounding.
_UNREADABLE: dict[str, tuple[str, ...]] = {
    "int": ("three", "1.5", "12345678901234567890"),
    "decimal": ("12,5x", "1.005", "1e3", "12345678901234567.00"),
    "number": ("much", "0,9", "1e", "--1"),
    "timestamp": ("the day before", "2026-13-45", "2026-02-30T10:00:00Z", "22.11.2026"),
    "date": ("2026-13-45", "tomorrow", "22.11.2026"),
    "bool": ("perhaps", "2"),
    "list": ('["S000001"', "[1"),
}
_UNKNOWN = "perpetual"
# Values of an outdated version, which is valid and therefore superseded, not wrong.
_EARLIER = {"text": "as it was before", "number": "0.75", "decimal": "1.00"}
SINGULAR = ("unreadable_line", "superseded")  # the rules that are not about one field


@dataclass(frozen=True)
class Rule:
    """A rule about one field, and the values that break it (None: nothing there), taken in turn."""

    name: str
    column: str
    values: tuple[str | None, ...]


def field_rules(field: Field) -> Iterator[Rule]:
    """Every rule that the declaration of a field makes."""
    if field.required:
        yield Rule(f"missing_{field.name}", field.name, (None,))
    if field.type != "text":
        yield Rule(f"bad_{field.name}", field.name, _UNREADABLE[field.type])
    if field.allowed:
        yield Rule(f"unknown_{field.name}", field.name, (_UNKNOWN,))
    beyond = _beyond(field)
    if beyond:
        yield Rule(f"range_{field.name}", field.name, tuple(beyond))


def _beyond(field: Field) -> list[str]:
    """Values just outside of the bounds; a bound that is left out is one itself."""
    step = 1.0 if field.type == "int" else 0.01
    values = []
    if field.low is not None:
        values.append(field.low if field.open_low else field.low - step)
    if field.high is not None:
        values.append(field.high if field.open_high else field.high + step)
    return [str(int(v)) if field.type == "int" else f"{v:.2f}" for v in values]


def feed_rules(feed: FeedSpec) -> list[Rule]:
    """The rules about the single fields of a feed, in the order of its declaration."""
    return [rule for field in feed.fields for rule in field_rules(field)]


def rule_names(feed: FeedSpec, lines: bool) -> list[str]:
    """All rules of a feed; `lines`: its format has lines that can be unreadable."""
    return [*(rule.name for rule in feed_rules(feed)), *(SINGULAR if lines else SINGULAR[1:])]


def _fresh_column(feed: FeedSpec) -> str:
    """The column of the key that gets a new value, so that a bad row meets no good one: an id if there is one."""
    keys = [feed.field(name) for name in feed.key]
    free = [field.name for field in keys if field.type == "text" and not field.allowed and field.name != "currency"]
    return free[-1] if free else ""


def _earlier_version(feed: FeedSpec) -> tuple[str, str]:
    """The column in which an outdated version of a row differs, and its value there: free text that is no part of the key,
    else a number, else one of the allowed words."""
    free = [f for f in feed.fields if f.name not in feed.key and f.type in _EARLIER]
    field = min(
        free,
        key=lambda f: (bool(f.allowed), list(_EARLIER).index(f.type), f.required, f.name in ("currency", "country")),
    )
    return field.name, field.allowed[-1] if field.allowed else _EARLIER[field.type]


class Spoiler:
    """Adds bad rows to tables of text and counts them. All good rows stay: what is accepted is the same as without.

    `to_lines` writes rows as the lines of the format, for those that are then broken; None: the format has no lines.
    """

    def __init__(self, params: MarketplaceParams, to_lines: Callable[[pa.Table], pa.Array] | None) -> None:
        self._params = params
        self._to_lines = to_lines
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

    def spoil(self, name: str, table: pa.Table, night: date) -> tuple[pa.Table, list[str]]:
        """The table with bad rows, and broken lines to follow it.

        Bad rows are copies of good ones under a new key with one value broken. Outdated versions of good rows stand
        before them, so that the later, good row wins.
        """
        feed = FEEDS[name]
        rules = [rule for rule in feed_rules(feed) if rule.column in table.column_names]
        self._seen[name, night] += table.num_rows
        count = len(rules) + 1 + (self._to_lines is not None)
        quota = int(np.ceil(self._params.dirty * self._seen[name, night] / count))
        spoilt = [self._broken(feed, table, rule, self._due(name, night, rule.name, quota)) for rule in rules]
        outdated = self._outdated(feed, table, self._due(name, night, "superseded", quota, table.num_rows))
        lines: list[str] = []
        if self._to_lines is not None:
            copies = self._copies(feed, table, self._due(name, night, "unreadable_line", quota))
            lines = _unreadable(self._to_lines(copies).to_pylist(), table.num_columns)
        return pa.concat_tables([outdated, table, *spoilt]), lines

    def _due(self, feed: str, night: date, rule: str, quota: int, most: int | None = None) -> int:
        """How many rows are still to be planted for a rule, now counted as planted."""
        due = quota - self._planted[feed, night, rule]
        due = due if most is None else min(due, most)
        if due > 0:
            self._planted[feed, night, rule] += due
        return max(due, 0)

    def _copies(self, feed: FeedSpec, table: pa.Table, count: int) -> pa.Table:
        rows = table.take(pa.array(self._rng.integers(0, table.num_rows, count)))
        column = _fresh_column(feed)
        if not column:
            return rows
        fresh: Ints = self._fresh + np.arange(count)
        self._fresh += count
        return rows.set_column(table.column_names.index(column), column, ids("X", fresh, 9))

    def _broken(self, feed: FeedSpec, table: pa.Table, rule: Rule, count: int) -> pa.Table:
        rows = self._copies(feed, table, count)
        values = pa.array(list(islice(cycle(rule.values), count)), pa.string())
        return rows.set_column(rows.column_names.index(rule.column), rule.column, values)

    def _outdated(self, feed: FeedSpec, table: pa.Table, count: int) -> pa.Table:
        rows = table.take(pa.array(np.sort(self._rng.choice(table.num_rows, count, replace=False))))
        column, value = _earlier_version(feed)
        earlier = pa.array([value] * count, pa.string())
        return rows.set_column(rows.column_names.index(column), column, earlier)


def _unreadable(lines: list[str], width: int) -> list[str]:
    """Lines that are none: JSON cut short or followed by more; CSV with too few fields and, in turn, too many."""
    if lines and lines[0].startswith("{"):
        return [line[:-3] + "\n" if number % 2 else "no object\n" for number, line in enumerate(lines)]
    short = ",".join(["X"] * max(width - 2, 1)) + "\n"
    return [short if number % 2 and width > 2 else line[:-1] + ",surplus\n" for number, line in enumerate(lines)]
