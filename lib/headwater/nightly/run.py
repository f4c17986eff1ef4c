"""A night as one function: feeds in, published tables out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyspark.sql.functions as F
from pyspark.sql import DataFrame

from headwater.chain import chain, stale, unfinished
from headwater.config import Config
from headwater.errors import CheckFailedError, ConfigurationError, listed
from headwater.nightly import lock
from headwater.nightly.publish import gate, publish, record
from headwater.nightly.retention import check_kept, forget_orders
from headwater.nightly.stages.attribution import attribution
from headwater.nightly.stages.exposure import exposure
from headwater.nightly.stages.graph import graph
from headwater.nightly.stages.intake import take_in
from headwater.nightly.verdicts import known_verdicts
from headwater.store import Lake, Written
from headwater.table import Table
from headwater.tables.model import CURRENT
from headwater.tables.ops import FILES, NIGHTS

STAGES: dict[str, Callable[[Run], None]] = {}


@dataclass
class Run:
    """One run of a night: where it reads and writes, and what it did. `say` is told of each table that was written; `notes` are lines
    for whoever watches; `engine` is the one that found operators, `source_engine` the one that swept the sources."""

    lake: Lake
    config: Config
    night: date
    run_id: str
    say: Callable[[Written], None]
    previous: date | None = None
    based_on: str = ""
    refresh: bool = False
    written: list[Written] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    engine: str | None = None
    source_engine: str | None = None

    def write(self, table: Table, frame: DataFrame, most: int | None = None) -> DataFrame:
        """Write a stage's table, of at most `most` rows if that is known, and hand back what is stored: the next stage reads that,
        not the plan that made it."""
        self.wrote(self.lake.write(table, frame, self.night, most=most))
        return self.lake.read(table, self.night)

    def put(self, table: Table, rows: Any) -> None:
        """Write a table whose rows this process holds (by column, or tuples)."""
        self.wrote(self.lake.put(table, rows, self.night))

    def gather(self, table: Table, frame: DataFrame) -> DataFrame:
        """`write` by way of the driver, much faster: for tables that grow with shops or complaints, never with orders or addresses."""
        self.put(table, table.conform(frame).toArrow())
        return self.lake.read(table, self.night)

    def wrote(self, written: Written) -> None:
        self.written.append(written)
        self.say(written)

    def up_to_now(self, table: Table) -> DataFrame:
        """The rows of all nights up to this one: more every night, so only for what is sought by its day."""
        return self.lake.read(table).where(F.col("night") <= F.lit(self.night))

    def ledger(self, table: Table) -> DataFrame:
        """The rows of the nights that can hold an order day of the window: a row counts from its day on, never before."""
        first = self.night - timedelta(days=self.config.night.window_days)
        return self.up_to_now(table).where(F.col("night") > F.lit(first))

    def current(self, feed: str) -> DataFrame:
        """A dimension feed as it stands on the night, in the columns of its clean table: `night` is the one that took the row."""
        return self.lake.read(CURRENT[feed], self.night).drop("night").withColumnRenamed("taken", "night")

    def before(self, table: Table) -> DataFrame:
        """The rows of the night before; none on the first."""
        rows = self.lake.read(table, self.previous)
        return rows if self.previous else rows.where("false")


STAGES |= {"intake": take_in, "exposure": exposure, "graph": graph, "attribution": attribution, "publish": gate}


def run_night(
    spark: Any,
    config: Config,
    night: date,
    say: Callable[[Written], None],
    only: Iterable[str] = tuple(STAGES),
    refresh: bool = False,
) -> Run:
    """Run the stages of a night in order (`only`: some of them); the same night again publishes the same rows, unless `refresh`
    lets it take the files that came since.

    Raises the errors of `headwater.errors`; until the last commit, to ops/nights, readers see nothing of it."""
    wanted = list(only)
    unknown = [name for name in wanted if name not in STAGES]
    if unknown:
        raise ConfigurationError(f"no stage is called {', '.join(unknown)}; the stages are {', '.join(STAGES)}")
    started, clock = datetime.now(UTC), time.monotonic()
    run = Run(Lake(spark, config), config, night, f"{night}-{started:%Y%m%dT%H%M%S%f}", say, refresh=refresh)
    with lock.held(spark, run.lake.root, run.run_id):
        newest, first = _newest_and_first(run)
        check_kept(night, newest, config.night)
        run.previous, run.based_on = _night_before(run)
        for name, stage in STAGES.items():
            if name in wanted:
                stage(run)
        record(run, started, time.monotonic() - clock)
        if "publish" in wanted:
            run.digests = publish(run)
            forget_orders(run, newest, first)
    return run


def _newest_and_first(run: Run) -> tuple[date | None, date | None]:
    """The newest published night and the oldest."""
    nights = run.lake.rows(NIGHTS, columns=["night"])["night"].to_pylist()
    return max(nights, default=None), min(nights, default=None)


def _night_before(run: Run) -> tuple[date | None, str]:
    """The latest published night before this one and its inputs.

    Raises CheckFailedError if an earlier night took files and was not finished, or is stale: its rows would be missing here, or
    counted by what stood before it then."""
    files, rows = ([r for r in run.lake.rows(table).to_pylist() if r["night"] < run.night] for table in (FILES, NIGHTS))
    links = chain(rows)
    why = dict.fromkeys(stale(links), "a night before it was made anew after it")
    changed = unfinished(files, links, known_verdicts(run.lake))
    why |= dict.fromkeys(changed, "it has taken files or verdicts that were not published")
    if why:
        raise CheckFailedError(
            f"night {run.night} rests on nights that have to be run again first, or its rows would be wrong:\n"
            + listed(f"headwater run --night {night}: {what}" for night, what in sorted(why.items()))
        )
    return (links[-1].night, links[-1].inputs) if links else (None, "")
