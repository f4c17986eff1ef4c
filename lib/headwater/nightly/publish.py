"""The gate and the commit: checks, then one commit to ops/nights that makes the written tables the night."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

from headwater import __version__
from headwater.chain import inputs_of
from headwater.errors import CheckFailedError, listed
from headwater.nightly.checks import night_checks
from headwater.nightly.verdicts import known_verdicts
from headwater.tables.ops import CARRIED, CHECKS, FILES, NIGHTS, RUNS
from headwater.tables.published import PUBLISHED

if TYPE_CHECKING:
    from headwater.nightly.run import Run


def gate(run: Run) -> None:
    """The checks, written down whether they hold or not; raises CheckFailedError with all that do not."""
    checks = night_checks(run)
    run.put(CHECKS, [(run.night, c.name, c.passed, c.detail) for c in checks])
    failed = [f"{c.name}: {c.detail}" for c in checks if not c.passed]
    if failed:
        raise CheckFailedError(f"night {run.night} is not published, for checks do not hold:\n" + listed(failed))


def record(run: Run, started: datetime, seconds: float) -> None:
    """Append the run to RUNS: when, how long, with which configuration, what it wrote."""
    written = json.dumps([[w.table, w.rows, round(w.seconds, 2)] for w in run.written])
    how = (run.config.model_hash(), __version__, written, run.engine, run.source_engine)
    run.lake.append(RUNS, [(run.night, run.run_id, started, seconds, *how)])


def publish(run: Run) -> dict[str, str]:
    """One commit to NIGHTS: which version of each published and carried table holds the night, the digest of its rows, and what the
    night was made of; the digests."""
    lake, night = run.lake, run.night
    last = max(lake.rows(NIGHTS, columns=["sequence"])["sequence"].to_pylist(), default=0)
    files, verdicts = lake.rows(FILES, night).to_pylist(), known_verdicts(lake, night).get(night, [])
    inputs = inputs_of(files, run.config.made_by(), run.based_on, verdicts)
    rows, digests = [], {}
    for table in (*PUBLISHED, *CARRIED):
        lake.create(table)
        count, digests[table.full_name] = lake.digest(table, night)
        pinned = (table.full_name, lake.version(table), count, digests[table.full_name])
        rows.append((last + 1, night, run.run_id, *pinned, inputs, run.based_on))
    lake.append(NIGHTS, rows)
    return digests
