"""Stable ids between nights in the lake: what is read, written, replaced and pinned."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest

from headwater import config
from headwater.nightly.ids import carry_ids
from headwater.nightly.publish import publish
from headwater.nightly.run import Run
from headwater.registry.kinds import OPERATOR, PLACE, Kind
from headwater.store import Lake, PublishedReader
from headwater.tables import ops, published
from headwater.tables.ops import IDENTITIES, REGISTRY
from headwater.tables.published import CHANGES

FIRST = date(2026, 11, 20)
SECOND = FIRST + timedelta(days=1)


@pytest.fixture(scope="module")
def lake(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    folder = tmp_path_factory.mktemp("ids")
    return Lake(spark, config.load(overrides=[f"paths.lake={folder}"], environment={}))


def run_of(lake: Lake, night: date, previous: date | None = None) -> Run:
    return Run(lake, config.load(environment={}), night, f"{night}-run", lambda _written: None, previous)


def ids_of(run: Run, kind: Kind, groups: dict[str, str]) -> dict[str, str]:
    """member -> group, as member -> id."""
    rows = pd.DataFrame([(g, m, 1) for m, g in groups.items()], columns=["group", "member", "weight"])
    return dict(carry_ids(run, kind, rows)[["member", "id"]].itertuples(index=False))


def publish_alone(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Publish the night with the tables of this module."""
    monkeypatch.setattr("headwater.nightly.publish.PUBLISHED", (CHANGES,))
    publish(run)


def test_ids_go_from_night_to_night_by_what_was_published_and_kinds_do_not_touch_each_other(lake, monkeypatch):
    one = run_of(lake, FIRST)
    places = ids_of(one, PLACE, {"a1": "x", "a2": "x"})
    shops = ids_of(one, OPERATOR, {"s1": "x", "s2": "y"})
    assert places["a1"] == places["a2"]
    assert shops["s1"] != shops["s2"]
    assert {i[0] for i in places.values()} | {i[0] for i in shops.values()} == {"P", "O"}
    publish_alone(one, monkeypatch)

    # The first night again, differently, and not published: the second one must not build on it.
    assert ids_of(one, OPERATOR, {"s3": "x"}).keys() == {"s3"}
    two = run_of(lake, SECOND, FIRST)
    merged = {"s1": "both", "s2": "both"}
    again = ids_of(two, OPERATOR, merged)
    assert len(set(again.values())) == 1
    assert set(again.values()) < set(shops.values())
    assert ids_of(two, OPERATOR, merged) == again
    assert ids_of(two, PLACE, {"a1": "x", "a2": "x"}) == places

    publish_alone(two, monkeypatch)
    changes = PublishedReader(lake.root).read(CHANGES, SECOND).to_pylist()
    assert sorted((c["event"], c["subject_kind"]) for c in changes) == [("grown", "operator"), ("merged", "operator")]
    assert lake.read(REGISTRY, SECOND).count() == 4
    assert {r["state"] for r in lake.read(IDENTITIES, SECOND).where("kind = 'operator'").collect()} == {
        "active",
        "merged",
    }


def test_a_night_without_any_groups_is_written_too(lake):
    three = run_of(lake, SECOND + timedelta(days=1))
    assert ids_of(three, OPERATOR, {}) == {}


def test_what_is_carried_is_declared_with_what_the_registry_makes():
    from headwater.registry import carry, events

    assert set(carry.MEMBERS) == set(ops.REGISTRY.column_names)
    assert set(carry.IDENTITIES) == set(ops.IDENTITIES.column_names)
    assert set(events.COLUMNS) == set(published.CHANGES.column_names)
