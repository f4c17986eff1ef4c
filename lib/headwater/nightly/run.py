"""A night as one function: feeds in, published tables out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pyspark.sql.functions as F
from pyspark.sql import DataFrame

from headwater.config import Config
from headwater.errors import CheckFailedError, ConfigurationError
from headwater.nightly import lock
from headwater.nightly.publish import gate, publish, record
from headwater.nightly.stages.attribution import attribution
from headwater.nightly.stages.exposure import exposure
from headwater.nightly.stages.graph import graph
from headwater.nightly.stages.intake import take_in
from headwater.store import Lake, Written, one_row
from headwater.table import Table
from headwater.tables.ops import FILES, NIGHTS

STAGES: dict[str, Callable[[Run], None]] = {}


@dataclass
class Run:
    """One run of a night: where it reads and writes, and what it did. `say` is told of each table that was written."""

    lake: Lake
    config: Config
    night: date
    run_id: str
    say: Callable[[Written], None]
    previous: date | None = None
    written: list[Written] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)

    def write(self, table: Table, frame: DataFrame) -> DataFrame:
        """Write a stage's table and hand back what is stored: the next stage reads that, not the plan that made it."""
        self.wrote(self.lake.write(table, frame, self.night))
        return self.lake.read(table, self.night)

    def wrote(self, written: Written) -> None:
        self.written.append(written)
        self.say(written)

    def up_to_now(self, table: Table) -> DataFrame:
        """The rows of all nights up to this one."""
        return self.lake.read(table).where(F.col("night") <= F.lit(self.night))


STAGES |= {"intake": take_in, "exposure": exposure, "graph": graph, "attribution": attribution, "publish": gate}


def run_night(
    spark: Any, config: Config, night: date, say: Callable[[Written], None], only: Iterable[str] = tuple(STAGES)
) -> Run:
    """Run the stages of a night in order (`only`: some of them); the same night again publishes the same rows.

    Raises the errors of `headwater.errors`; until the last commit, to ops/nights, readers see nothing of it."""
    wanted = list(only)
    unknown = [name for name in wanted if name not in STAGES]
    if unknown:
        raise ConfigurationError(f"no stage is called {', '.join(unknown)}; the stages are {', '.join(STAGES)}")
    started, clock = datetime.now(UTC), time.monotonic()
    run = Run(Lake(spark, config), config, night, f"{night}-{started:%Y%m%dT%H%M%S%f}", say)
    with lock.held(spark, run.lake.root, run.run_id):
        run.previous = _previous(run)
        for name, stage in STAGES.items():
            if name in wanted:
                stage(run)
        record(run, started, time.monotonic() - clock)
        if "publish" in wanted:
            run.digests = publish(run)
    return run


def _previous(run: Run) -> date | None:
    """The latest published night before this one. Raises CheckFailedError if a night in between took files and was not finished."""
    earlier = run.lake.read(NIGHTS).where(F.col("night") < F.lit(run.night))
    published: date | None = one_row(earlier.agg(F.max("night").alias("night")))["night"]
    begun = run.lake.read(FILES).where(F.col("night") < F.lit(run.night)).select("night").distinct().collect()
    open_nights = sorted(r["night"] for r in begun if published is None or r["night"] > published)
    if open_nights:
        first = open_nights[0]
        raise CheckFailedError(
            f"night {first} has taken files and was not published; run `headwater run --night {first}` first, "
            "or its rows would be missing here"
        )
    return published
