"""Who is behind the shops of a planted night, with hubs that people listed, by both engines."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from headwater import config
from headwater.nightly.run import run_night
from headwater.store import Lake
from headwater.synthetic import MarketplaceParams, synthesise
from headwater.tables.model import (
    CONTRADICTIONS,
    CURRENT,
    HUBS,
    LINKS,
    MEMBERS,
    OPERATORS_FOUND,
    SUPPLIERS,
    VALUES_REFUSED,
)
from headwater.tables.ops import RUNS

TABLES = (LINKS, HUBS, MEMBERS, OPERATORS_FOUND, CONTRADICTIONS)


@pytest.fixture(scope="module")
def night(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Lake, dict[str, Any]]:
    """The lake of a night whose graph was made by both engines, and what each of them wrote."""
    root = tmp_path_factory.mktemp("engines")
    params = MarketplaceParams(orders=1_500, shops=100, suppliers=24, guilty=3, feeds_extra=True, verdicts=20)
    synthesise(root, params)
    overrides = [f"paths.landing={root / 'landing'}", f"paths.lake={root / 'lake'}"]
    wrote = {}
    for edges, stages in ((20_000_000, ("intake", "exposure", "graph")), (0, ("graph",))):
        settings = config.load(overrides=[*overrides, f"graph.driver_edges={edges}"], environment={})
        run_night(spark, settings, params.night, lambda _written: None, only=stages)
        lake = Lake(spark, settings)
        found = {table.name: Counter(map(repr, lake.read(table, params.night).collect())) for table in TABLES}
        wrote[settings.graph.driver_edges] = found
    return lake, wrote


@pytest.mark.slow
def test_a_night_is_the_same_by_both_engines_and_tells_which_it_was(night: Any) -> None:
    lake, (one, other) = night[0], night[1].values()
    for name, rows in one.items():
        assert rows == other[name], name
        assert rows or name == "contradictions"
    engines = [row["engine"] for row in lake.read(RUNS).orderBy("started_at").collect()]
    assert engines == ["in_process", "distributed"]


@pytest.mark.slow
def test_listed_addresses_are_hubs_of_the_kind_said_and_the_rest_is_counted(night: Any) -> None:
    lake = night[0]
    listed = lake.read(CURRENT["hubs"]).where("kind = 'address'")
    hubs = lake.read(HUBS).where("decided_by = 'review' and type in ('dispatch', 'return', 'building', 'unit_address')")
    assert {row["what"] for row in listed.collect()} >= {row["kind"] for row in hubs.collect()} > set()
    refused = lake.read(VALUES_REFUSED).where("feed = 'hubs' and kind = 'address'").collect()
    assert hubs.select("value").distinct().count() >= (listed.count() - sum(row["rows"] for row in refused)) / 2
    assert not lake.read(LINKS).join(hubs, on=["type", "value"], how="left_semi").where("class = 'identity'").count()


@pytest.mark.slow
def test_supplier_links_name_companies(night: Any) -> None:
    lake = night[0]
    links = lake.read(LINKS).where("type = 'supplier'")
    companies = lake.read(SUPPLIERS).selectExpr("company_id AS value")
    assert links.count() > 0
    assert links.join(companies, on="value", how="left_anti").count() == 0
    assert links.where("shown is null or shown = value").count() == 0
