"""Landing feeds -> clean tables, rejects, and where each row went."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyspark.sql.functions as F
from pyspark.sql import DataFrame

from headwater import tokens
from headwater.exposure.orders import latest
from headwater.feeds import FEEDS
from headwater.landing.intake import Desk, intake, take_files
from headwater.landing.lexicon import Lexicon
from headwater.tables.clean import CLEAN
from headwater.tables.model import CURRENT
from headwater.tables.ops import INTAKE

if TYPE_CHECKING:
    from headwater.nightly.run import Run


def take_in(run: Run) -> None:
    """Landing feeds -> the clean tables, REJECTS and INTAKE; the dimensions as they stand now -> CURRENT."""
    key = tokens.load_key(run.config)
    lexicon = Lexicon.load(run.config.hygiene.lexicon or None)
    taken = take_files(run.lake, run.config, run.night, run.refresh)
    counts = intake(Desk(run.lake, run.config, run.night, key, lexicon, run.wrote), taken)
    run.put(INTAKE, counts)
    for name, table in CURRENT.items():
        if run.lake.exists(table) or any(file.feed == name for file in taken):
            most = run.lake.count(CLEAN[name], run.night) + run.lake.count(table, run.previous)
            run.write(table, _current(run, name), most)


def _current(run: Run, feed: str) -> DataFrame:
    """CURRENT of the night before and the night's CLEAN -> CURRENT: the row of each key that was said last."""
    new = run.lake.read(CLEAN[feed], run.night).withColumnRenamed("night", "taken")
    said = new.unionByName(run.before(CURRENT[feed]).drop("night"))
    return latest(said, *FEEDS[feed].key, by=("taken", "intake_seq")).withColumn("night", F.lit(run.night))
