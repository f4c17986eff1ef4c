"""The sources of a planted night, fitted by both engines: the same ids, ranks and words, numbers within a millionth."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from headwater import config
from headwater.nightly.run import run_night
from headwater.store import Lake
from headwater.synthetic import MarketplaceParams, synthesise
from headwater.tables.ops import RUNS
from headwater.tables.published import CASES, EVIDENCE, SHOPS, SOURCES

TABLES = (SOURCES, CASES, EVIDENCE, SHOPS)
# What makes a night of minutes one of seconds: few sweeps, each of which is a Spark job here, and few fits.
SHORT = ("finding.model.sweeps_max=5", "finding.model.learn_every=3", "finding.passes=1", "finding.side.rounds=1")


@pytest.mark.slow
def test_a_night_publishes_the_same_by_both_engines_and_tells_which_it_was(spark: Any, tmp_path: Any) -> None:
    params = MarketplaceParams(orders=4_000, shops=100, suppliers=24, guilty=4, fake_rate=0.2)
    synthesise(tmp_path, params)
    overrides = [f"paths.landing={tmp_path / 'landing'}", f"paths.lake={tmp_path / 'lake'}", *SHORT]
    overrides.append("finding.hygiene.learn=false")
    published: list[dict[str, pd.DataFrame]] = []
    for edges, stages in ((20_000_000, ("intake", "exposure", "graph", "attribution")), (0, ("attribution",))):
        settings = config.load(overrides=[*overrides, f"graph.driver_edges={edges}"], environment={})
        run_night(spark, settings, params.night, lambda _written: None, only=stages)
        lake = Lake(spark, settings)
        published.append({t.name: lake.rows(t, params.night).to_pandas().sort_values(list(t.key)) for t in TABLES})
    one, other = published
    for name, rows in one.items():
        assert len(rows), name
        for column in rows:
            mine, theirs = rows[column].to_numpy(), other[name][column].to_numpy()
            if mine.dtype.kind == "f":
                np.testing.assert_allclose(theirs, mine, atol=1e-6, err_msg=f"{name}.{column}")
            else:
                assert list(map(repr, mine)) == list(map(repr, theirs)), f"{name}.{column}"
    assert one["sources"]["ln_bf"].max() > 1
    runs = lake.read(RUNS).orderBy("started_at").collect()
    assert [(r["engine"], r["source_engine"]) for r in runs] == [("in_process", "in_process"), (None, "distributed")]
