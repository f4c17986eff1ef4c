"""Verdicts at the command line: checked, appended by two writers at once, listed, and never changed."""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from click.testing import CliRunner

from headwater.cli import main
from headwater.config import Config, load
from headwater.errors import ConfigurationError, InputRefusedError
from headwater.nightly import verdicts
from headwater.nightly.run import Run
from headwater.store import Lake, read_rows
from headwater.tables.model import VERDICTS
from headwater.tables.ops import ENTERED_VERDICTS, NIGHTS

ROW = {"subject_kind": "source", "subject_id": "S1", "verdict": "confirmed", "author": "ann"}


@pytest.fixture
def config(tmp_path) -> Config:
    return load(overrides=[f"paths.lake={tmp_path / 'lake'}"], environment={})


def said(config: Config) -> set[tuple[str, str]]:
    return {(r["subject_id"], r["verdict"]) for r in verdicts.entered(config)}


def test_a_verdict_is_added_once_with_when_and_by_whom(config):
    row = {**ROW, "decided_at": "2026-11-20T10:00", "reliability": "0.9"}
    [first] = verdicts.add(config, [row])
    assert verdicts.add(config, [row]) == [first]
    [stored] = verdicts.entered(config)
    assert (stored["author"], stored["reliability"], stored["decided_at"].hour) == ("ann", 0.9, 10)
    assert stored["recorded_at"] is not None


def test_two_writers_at_once_both_succeed(config):
    """Two processes and eight threads, all making the table at the same moment."""
    command = [sys.executable, "-m", "headwater.cli", "verdict", "add", "--author", "bo"]
    command += ["--set", f"paths.lake={config.paths.lake}"]
    processes = [
        subprocess.Popen([*command, f"seller:P{i}", "cleared"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for i in range(2)
    ]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: verdicts.add(config, [{**ROW, "subject_id": f"T{i}"}]), range(8)))
    for process in processes:
        _, told = process.communicate(timeout=120)
        assert process.returncode == 0, told.decode()
    wanted = {(f"T{i}", "confirmed") for i in range(8)} | {(f"P{i}", "cleared") for i in range(2)}
    assert said(config) == wanted
    assert len(read_rows(config.paths.lake, ENTERED_VERDICTS)) == 10


def test_every_fault_of_every_row_is_told_and_nothing_is_written(config):
    rows = [
        {**ROW, "verdict": "guilty"},
        {**ROW, "author": None},
        {**ROW, "reliability": "0.4"},
        {**ROW, "inspection_probability": "0"},
        {**ROW, "decided_at": "yesterday"},
        {**ROW, "other_id": "S2"},
        {**ROW, "subject_kind": "pair", "verdict": "must_link"},
        {**ROW, "verdict": "must_link"},
        {**ROW, "subject_kind": "pair", "other_id": "S2"},
    ]
    with pytest.raises(InputRefusedError) as caught:
        verdicts.add(config, rows)
    assert {int(n) for n in re.findall(r"row (\d+):", str(caught.value))} == set(range(1, len(rows) + 1))
    assert verdicts.entered(config) == []


def test_a_file_is_imported_and_again_adds_nothing(config, tmp_path):
    file = tmp_path / "found.csv"
    file.write_text(
        "subject_kind,subject_id,other_id,verdict,author,decided_at\n"
        "source,S1,,cleared,ann,2026-11-20\npair,a,b,cannot_link,ann,2026-11-20\n"
    )
    assert len(verdicts.import_file(config, file)) == 2
    verdicts.import_file(config, file)
    assert said(config) == {("S1", "cleared"), ("a", "cannot_link")}
    file.write_text("subject,verdict\n")
    with pytest.raises(InputRefusedError, match="author, subject_id, subject_kind"):
        verdicts.import_file(config, file)


def test_the_commands_add_list_and_refuse_in_plain_words(config):
    def run(*words: str) -> str:
        return CliRunner().invoke(main, ["verdict", *words, "--set", f"paths.lake={config.paths.lake}"]).output

    assert "No verdict" in run("list")
    assert "the next night obeys it" in run(
        "add", "pair:b,a", "must_link", "--author", "ann", "--reason", "one [red]payee"
    )
    assert "holds no published night; is that the lake you mean" in run("add", "seller:a", "unsure", "--author", "ann")
    listed = run("list")
    assert "pair:b,a" in listed
    assert "one [red]payee" in listed
    assert "is said of a pair" in run("add", "source:S1", "must_link", "--author", "ann")
    assert "write it as source:S0123" in run("add", "S1", "cleared", "--author", "ann")


@pytest.mark.parametrize(("text", "subject"), [("source:S1", ("source", "S1", None)), ("pair:a,b", ("pair", "a", "b"))])
def test_a_subject_as_typed(text, subject):
    assert verdicts.parse_subject(text) == subject


def test_a_pair_of_one_is_no_pair():
    with pytest.raises(ConfigurationError, match="two ids"):
        verdicts.parse_subject("pair:a")


def test_a_published_night_knows_the_verdicts_that_it_was_published_with_until_it_is_refreshed(spark, config):
    night = date(2026, 11, 22)

    def known(of: date, refresh: bool = False) -> set[str]:
        run = Run(Lake(spark, config), config, of, "a run", lambda _written: None, refresh=refresh)
        verdicts.collect_verdicts(run)
        return {r["verdict_id"] for r in run.lake.rows(VERDICTS, of).to_pylist()}

    [first] = verdicts.add(config, [{**ROW, "decided_at": "2026-11-20"}])
    [second] = verdicts.add(config, [{**ROW, "subject_id": "S2", "decided_at": "2026-11-19"}])
    assert known(night) == {first, second}, "until it is published, a night may learn more"
    Lake(spark, config).append(NIGHTS, [(1, night, "a run", "published/sources", 1, 1, "digest", "inputs", "")])
    [late] = verdicts.add(config, [{**ROW, "subject_id": "S3", "decided_at": "2026-11-18"}])
    assert known(night) == {first, second}
    assert known(night + timedelta(days=1)) == {first, second, late}
    assert known(night, refresh=True) == known(night) == {first, second, late}
