"""Landing feeds -> clean tables, rejects, and where each row went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwater import tokens
from headwater.landing.intake import Desk, intake, take_files
from headwater.landing.lexicon import Lexicon
from headwater.tables.ops import INTAKE

if TYPE_CHECKING:
    from headwater.nightly.run import Run


def take_in(run: Run) -> None:
    """Landing feeds -> the clean tables, REJECTS and INTAKE."""
    key = tokens.load_key(run.config)
    lexicon = Lexicon.load(run.config.hygiene.lexicon or None)
    taken = take_files(run.lake, run.config, run.night)
    counts = intake(Desk(run.lake, run.config, run.night, key, lexicon, run.wrote), taken)
    run.write(INTAKE, run.lake.spark.createDataFrame(counts, INTAKE.ddl))
