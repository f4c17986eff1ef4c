"""Two nights with people between them: what they say at the command line after the first is obeyed by the second, and shown."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from headwater.cli import main
from headwater.nightly.run import run_night
from headwater.store import Lake, PublishedReader
from headwater.tables.model import CALIBRATIONS, HUBS, LINKS, MEMBERS, VERDICT_CONFLICTS, VERDICTS
from headwater.tables.published import CASES, EVIDENCE, FUNNEL, SOURCES

from .lakes import elsewhere

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def judged(spark: Any, small_lake: Any, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """The night of the small marketplace, verdicts on what it shows, typed as people type them, and the night after it."""
    root: Path = tmp_path_factory.mktemp("judged") / "lake"
    shutil.copytree(small_lake.paths.lake, root)
    config = elsewhere(small_lake, root)
    reader, lake = PublishedReader(str(root)), Lake(spark, config)
    night: date = reader.nights[-1]
    sources = reader.read(SOURCES, night).to_pandas().query("type == 'supplier'").sort_values("suspicion_rank")
    cleared, confirmed, disputed = sources.head(3).to_dict("records")
    members = lake.rows(MEMBERS, night).to_pandas().sort_values(["operator_id", "seller_id"])
    several = members[members.groupby("operator_id")["seller_id"].transform("size") > 1]
    pair = several["seller_id"].tolist()[:2]
    ties = lake.rows(LINKS, night).to_pandas().query("ties and type == 'phone'")
    hub = sorted(ties.loc[~ties["seller_id"].isin(pair), "value"])[0]

    def say(*words: str, author: str = "ann") -> str:
        done = CliRunner().invoke(
            main, ["verdict", "add", *words, "--author", author, "--set", f"paths.lake={root}"], catch_exceptions=False
        )
        assert done.exit_code == 0, done.output
        return done.output

    told = [
        say(f"source:{cleared['source_id']}", "cleared", "--reason", "papers are in order"),
        say(f"supplier:{confirmed['members'][0]}", "confirmed"),
        say(f"source:{confirmed['source_id']}", "confirmed"),
        say(f"supplier:{disputed['members'][0]}", "confirmed"),
        say(f"source:{disputed['source_id']}", "cleared", author="bob"),
        say(f"pair:{pair[1]},{pair[0]}", "cannot_link"),
        say(f"value:phone:{hub}", "hub"),
        say("supplier:NOBODY", "confirmed"),
    ]
    run_night(spark, config, night + timedelta(days=1), lambda _written: None)
    names = SimpleNamespace(cleared=cleared, confirmed=confirmed, disputed=disputed, pair=pair, hub=hub)
    return SimpleNamespace(
        root=root, lake=lake, reader=PublishedReader(str(root)), first=night, second=night + timedelta(days=1), told=told, **vars(names)
    )  # fmt: skip


def source(judged: SimpleNamespace, before: dict[str, Any]) -> dict[str, Any]:
    [row] = judged.reader.read(SOURCES, judged.second, source_id=[before["source_id"]]).to_pylist()
    return dict(row)


def test_the_command_says_which_night_obeys_and_the_verdict_is_of_the_night_that_was_looked_at(judged):
    assert all(f"obeyed from the next night on (after {judged.first})" in told for told in judged.told)
    decided = {r["decided_at"].replace(tzinfo=None).isoformat() for r in judged.lake.rows(VERDICTS).to_pylist()}
    assert decided == {f"{judged.second}T00:00:00"}
    assert "note: the night of" in judged.told[-1]
    assert "NOBODY" in judged.told[-1]


def test_a_cleared_source_starts_anew_and_is_shown_as_cleared(judged):
    row = source(judged, judged.cleared)
    assert judged.cleared["probability"] > 0.5 > row["probability"]
    assert row["complaints"] == 0
    [said] = [reason for reason in row["reasons"] if "leared" in reason]
    assert said.startswith(f"Cleared (-2.9) by ann on {judged.second} (papers are in order): ")
    assert said.endswith("no complaint was filed since")
    cases = judged.reader.read(CASES, judged.second).to_pylist()
    [case] = [c for c in cases if row["source_id"] in c["source_ids"]]
    assert said in case["reasons"]
    if case["source_ids"] == [row["source_id"]]:
        assert (case["state"], case["closed"]) == ("closed", judged.second)


def test_a_confirmed_source_gains_what_one_verdict_weighs_by_whatever_names_it_was_called(judged):
    row = source(judged, judged.confirmed)
    evidence = judged.reader.read(EVIDENCE, judged.second, source_id=[row["source_id"]], kind=["verdict"]).to_pylist()
    assert [e["contribution"] for e in evidence] == pytest.approx([np.log(19)])
    assert any(reason.startswith(f"Confirmed (+2.9) by ann on {judged.second}") for reason in row["reasons"])
    rows = judged.reader.read(SOURCES, judged.second).to_pylist()
    assert not [reason for r in rows for reason in r["reasons"] if "nan" in reason.split()]


def test_who_is_judged_both_ways_is_listed_and_neither_verdict_counts(judged):
    [conflict] = judged.lake.rows(VERDICT_CONFLICTS, judged.second).to_pylist()
    assert (conflict["subject_kind"], conflict["subject_id"]) == ("source", judged.disputed["source_id"])
    rows = judged.lake.rows(VERDICTS, judged.second).to_pylist()
    why = {r["not_in_force"] for r in rows if r["verdict_id"] in conflict["verdict_ids"]}
    assert why == {"contradicted"}
    assert not [r for r in source(judged, judged.disputed)["reasons"] if "by ann" in r or "by bob" in r]
    notes = " ".join(judged.reader.read(FUNNEL, judged.second).to_pylist()[0]["notes"])
    assert "People disagree about 1 subject" in notes
    assert "1 verdict is about what the night does not know" in notes


def test_the_calibration_is_that_of_the_verdicts_in_force(judged):
    [record] = judged.lake.rows(CALIBRATIONS, judged.second).to_pylist()
    assert (record["n"], record["fitted_night"]) == (2, judged.second)
    assert "2 verdicts" in record["fitted_on"]


def test_shops_that_a_person_holds_apart_are_two_operators_and_the_hub_ties_nobody(judged):
    members = judged.lake.rows(MEMBERS, judged.second).to_pandas().set_index("seller_id")["operator_id"]
    assert members[judged.pair[0]] != members[judged.pair[1]]
    [hub] = [r for r in judged.lake.rows(HUBS, judged.second).to_pylist() if r["value"] == judged.hub]
    assert hub["decided_by"] == "review"
    links = judged.lake.rows(LINKS, judged.second, wanted=[("value", "=", judged.hub)]).to_pylist()
    assert links
    assert not any(r["ties"] for r in links)


def test_the_list_tells_what_became_of_each(judged):
    told = CliRunner().invoke(main, ["verdict", "list", "--set", f"paths.lake={judged.root}"]).output
    for word in ("in force", "replaced", "contradicted", "unknown"):
        assert word in told
    assert "ann says confirmed" in told
