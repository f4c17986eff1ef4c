"""Verdicts in a night: which it knows, and what the window makes of the names that people use."""

from datetime import date, timedelta

import pytest

from headwater.attribution.verdicts import by_words
from headwater.config import Config, load
from headwater.nightly import entered, verdicts
from headwater.nightly.run import Run
from headwater.store import Lake
from headwater.tables.model import MEMBERS, VERDICT_CONFLICTS, VERDICTS
from headwater.tables.ops import NIGHTS

NIGHT = date(2026, 11, 22)
ROW = {
    "subject_kind": "source",
    "subject_id": "S1",
    "verdict": "confirmed",
    "author": "ann",
    "decided_at": "2026-11-20",
}


@pytest.fixture
def config(tmp_path) -> Config:
    return load(overrides=[f"paths.lake={tmp_path / 'lake'}"], environment={})


def run_of(spark, config, night=NIGHT, refresh=False) -> Run:
    return Run(Lake(spark, config), config, night, "a run", lambda _written: None, refresh=refresh)


def add(config, *rows) -> list[str]:
    return [done.row["verdict_id"] for done in entered.add(config, [{**ROW, **row} for row in rows])]


def test_a_published_night_knows_the_verdicts_that_it_was_published_with_until_it_is_refreshed(spark, config):
    def known(of: date, refresh: bool = False) -> set[str]:
        run = run_of(spark, config, of, refresh)
        verdicts.collect_verdicts(run)
        return {r["verdict_id"] for r in run.lake.rows(VERDICTS, of).to_pylist()}

    [first] = add(config, {})
    [second] = add(config, {"subject_id": "S2", "decided_at": "2026-11-19"})
    assert known(NIGHT) == {first, second}, "until it is published, a night may learn more"
    Lake(spark, config).append(NIGHTS, [(1, NIGHT, "a run", "published/sources", 1, 1, "digest", "inputs", "")])
    [late] = add(config, {"subject_id": "S3", "decided_at": "2026-11-18"})
    [of_the_night] = add(config, {"subject_id": "S4", "decided_at": None})
    assert known(NIGHT) == {first, second}
    assert known(NIGHT + timedelta(days=1)) == {first, second, late, of_the_night}
    assert known(NIGHT, refresh=True) == known(NIGHT) == {first, second, late}, "what the night showed comes after it"


def test_the_window_tells_which_names_are_one_source_and_whom_the_night_does_not_know(spark, config):
    run = run_of(spark, config)
    ids = add(
        config,
        {"subject_kind": "place", "subject_id": "p"},
        {"subject_kind": "place", "subject_id": "x1", "verdict": "cleared", "author": "bob"},
        {"subject_kind": "supplier", "subject_id": "typo"},
        {"subject_kind": "pair", "subject_id": "a", "other_id": "b", "verdict": "must_link"},
        {"subject_kind": "pair", "subject_id": "a", "other_id": "nobody", "verdict": "must_link"},
        {"subject_kind": "value", "subject_id": "phone:+1", "verdict": "hub"},
        {},
    )
    run.put(MEMBERS, [(NIGHT, shop, "O1", True, None, None, 1) for shop in "ab"])
    verdicts.collect_verdicts(run)
    assert len(verdicts.verdicts_in_force(run)) == len(ids), "by their words alone they are of seven subjects"

    def meant(row):
        if row["subject_kind"] == "place":
            return ("source", "D1", None)
        return by_words(row) if row["subject_id"] == "S1" else None

    for _ in range(2):  # a stage that is run again finds what it wrote
        kept = verdicts.verdicts_of_window(run, meant)
        why = {r["verdict_id"]: r["not_in_force"] for r in run.lake.rows(VERDICTS, NIGHT).to_pylist()}
        assert [why[i] for i in ids] == ["contradicted", "contradicted", "unknown", None, "unknown", "unknown", None]
        assert set(kept["verdict_id"]) == set(ids[2:]), "who is unknown to the window still teaches"
        [row] = run.lake.rows(VERDICT_CONFLICTS, NIGHT).to_pylist()
        assert (row["subject_kind"], row["subject_id"]) == ("source", "D1")
        assert row["detail"].startswith("ann says confirmed of place p; bob says cleared of place x1;") or row[
            "detail"
        ].startswith("bob says cleared of place x1; ann says confirmed of place p;")
    notes = " ".join(verdicts.verdict_notes(run))
    assert "disagree about 1 subject:" in notes
    assert "3 verdicts are about what the night does not know" in notes
