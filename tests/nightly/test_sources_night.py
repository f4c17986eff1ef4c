"""The sources of a planted night, fitted by both engines: the same ids, ranks and words, numbers within a millionth."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from headwater import config
from headwater.config import Config
from headwater.nightly.run import run_night
from headwater.store import Lake
from headwater.synthetic import MarketplaceParams
from headwater.tables.ops import RUNS
from headwater.tables.published import CASES, EVIDENCE, SHOPS, SOURCES

TABLES = (SOURCES, CASES, EVIDENCE, SHOPS)
# What makes a night of minutes one of seconds: few sweeps, each of which is a Spark job here, and few fits.
SHORT = (
    "finding.model.sweeps_max=5",
    "finding.model.learn_every=3",
    "finding.passes=1",
    "finding.side.rounds=1",
    "finding.hygiene.learn=false",
)


@pytest.mark.slow
def test_a_night_publishes_the_same_by_both_engines_and_tells_which_it_was(
    spark: Any, small_lake: Config, tmp_path: Path
) -> None:
    shutil.copytree(small_lake.paths.lake, tmp_path / "lake")
    night = MarketplaceParams().night
    published: list[dict[str, pd.DataFrame]] = []
    for edges in (20_000_000, 0):
        overrides = [f"paths.lake={tmp_path / 'lake'}", f"graph.driver_edges={edges}", *SHORT]
        settings = config.load(overrides=overrides, environment={})
        run_night(spark, settings, night, lambda _written: None, only=["attribution"])
        lake = Lake(spark, settings)
        published.append({t.name: lake.rows(t, night).to_pandas().sort_values(list(t.key)) for t in TABLES})
    one, other = published
    for name, rows in one.items():
        assert len(rows), name
        for column in rows:
            mine, theirs = rows[column].to_numpy(), other[name][column].to_numpy()
            if mine.dtype.kind == "f":
                np.testing.assert_allclose(theirs, mine, atol=1e-6, err_msg=f"{name}.{column}")
            else:
                assert list(map(repr, mine)) == list(map(repr, theirs)), f"{name}.{column}"
    assert one["sources"]["ln_bayes_factor"].max() > 1
    engines = [row["source_engine"] for row in lake.read(RUNS).orderBy("started_at").collect()]
    assert engines[-2:] == ["in_process", "distributed"]
