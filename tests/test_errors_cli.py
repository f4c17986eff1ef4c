"""The command line as a user meets it: exit codes, plain messages, help, and one run at a time."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import click
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from deltalake import write_deltalake

from headwater import cli, errors, tokens
from headwater.nightly import lock
from headwater.store import arrow
from headwater.synthetic import PRESETS, MarketplaceParams
from headwater.table import Table
from headwater.tables.ops import FILES, NIGHTS
from headwater.tables.published import EVIDENCE, FUNNEL, PUBLISHED, SHOPS, SOURCES

NIGHT = date(2026, 11, 22)
ZERO = {
    "string": "text",
    "date": NIGHT,
    "bigint": 1,
    "int": 1,
    "double": 1.0,
    "boolean": True,
    "timestamp": datetime(2026, 11, 22),  # noqa: DTZ001 - stored as UTC
    "decimal(18,2)": Decimal(1),
    "array<string>": ["a sentence"],
}
HOSTILE = "Best [/] [red]Goods[/red] \x1b[2J\u202e"  # markup, a control code and a turn of the writing direction


def call(*words: object) -> Result:
    return CliRunner().invoke(cli.main, [str(word) for word in words])


def plant(root: Path, table: Table, *rows: dict) -> None:
    """Rows of a table, each with a value of its type where it names none, written without Spark."""
    filled = [{c.name: row.get(c.name, ZERO[c.type]) for c in table.columns} for row in rows]
    path = root / table.layer / table.name
    write_deltalake(
        path, pa.Table.from_pylist(filled, arrow.schema(table)), partition_by=list(table.partitions), mode="append"
    )


@pytest.fixture
def lake(tmp_path) -> Path:
    """A lake with one published night: a source with a hostile name, and its shop."""
    root = tmp_path / "lake"
    plant(root, SOURCES, {"source_id": "S1", "name": HOSTILE, "rank": 1, "reasons": ["More [complaints] than chance."]})
    plant(root, SHOPS, {"seller_id": "[shop]", "main_source_id": "S1", "rank": 1})
    plant(root, EVIDENCE, {"source_id": "S1", "kind": "shop_for", "subject_id": "[shop]", "detail": f"{HOSTILE} sold"})
    plant(root, FUNNEL, {"notes": ["A note [in] brackets."]})
    plant(root, NIGHTS, *({"table": t.full_name, "version": 0, "sequence": 1, "based_on": ""} for t in PUBLISHED))
    return root


# --- exit codes ---


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.ConfigurationError("the words"), 2),
        (errors.InputRefusedError("the words"), 3),
        (errors.CheckFailedError("the words"), 4),
        (errors.LockedError("the words"), 5),
        (errors.StorageError("the words"), 1),
        (ZeroDivisionError("the words\nand more"), 1),
    ],
)
def test_each_kind_of_error_ends_in_its_code_with_a_traceback_only_on_demand(error, code):
    def fail() -> None:
        raise error

    group = cli.Main(commands={"fail": click.Command("fail", callback=fail)})
    plain, debugged = [CliRunner().invoke(group, words) for words in (["fail"], ["fail", "--debug"])]
    assert plain.exit_code == debugged.exit_code == code
    assert plain.stderr.startswith("headwater: ")
    assert "the words" in plain.stderr
    assert "Traceback" not in plain.output
    assert "and more" not in plain.stderr
    assert "Traceback" in debugged.stderr
    assert "in fail" in debugged.stderr


def test_every_error_of_the_project_has_a_code_of_the_contract():
    kinds = [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, errors.HeadwaterError)]
    assert {kind.exit_code for kind in kinds} == {1, 2, 3, 4, 5}


def test_faults_are_listed_a_line_each():
    assert errors.listed(["one", "two"]) == "  - one\n  - two"


@pytest.mark.parametrize(
    "words",
    [
        ["no-such-command"],
        ["run"],
        ["run", "--night", "tomorrow"],
        ["run", "--night", "2026-11-22", "--set", "paths=x"],
        ["run", "--night", "2026-11-22", "--config", "no-such-file.toml"],
        ["show", "nothing"],
        ["show", "--top", "0"],
        ["show", "source"],
        ["synthesise", "somewhere", "--preset", "none"],
        ["synthesise", "somewhere", "--set", "orders"],
        ["synthesise", "somewhere", "--set", "no_such_parameter=1"],
        ["synthesise", "somewhere", "--orders", "many"],
        ["synthesise", "somewhere", "--dirty", "2"],
        ["synthesise", "somewhere", "--format", "xml"],
        ["synthesise", "somewhere", "--nights", "0"],
        ["synthesise", "somewhere", "--deliver", "2026-11-22"],
        ["key"],
    ],
    ids=" ".join,
)
def test_wrong_words_end_in_code_2_and_a_plain_message(words, lake, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = call(*words, *([f"--set=paths.lake={lake}"] if words[0] == "show" else []))
    assert result.exit_code == 2
    assert result.stderr.strip()
    assert "Traceback" not in result.output
    assert not (tmp_path / "somewhere").exists()


def test_a_missing_token_key_is_told_before_spark_starts(monkeypatch):
    monkeypatch.delenv(tokens.KEY_VARIABLE)
    result = call("run", "--night", "2026-11-22")
    assert result.exit_code == 2
    assert "no token key" in result.stderr


def test_a_run_that_cannot_be_ends_in_its_code_without_a_traceback(tmp_path):
    """In a process of its own, as a user has it: no feed (3), another run in the lake (5), an unfinished night before (4)."""
    held, unfinished = tmp_path / "held", tmp_path / "unfinished"
    held.mkdir()
    holder = {"run_id": "the other", "host": socket.gethostname(), "pid": os.getpid()}
    (held / lock.NAME).write_text(json.dumps(holder))
    plant(unfinished, FILES, {"night": date(2026, 11, 20), "feed": "orders", "path": "gone.csv"})
    quick = ["session.small_nights=true", "session.driver_memory_gb=1", f"paths.landing={tmp_path / 'empty'}"]
    runs = [
        ["run", "--night", "2026-11-22", *(f"--set={value}" for value in [f"paths.lake={lake}", *quick])]
        for lake in (tmp_path / "fresh", held, unfinished)
    ]
    program = """
import json, sys
from headwater.cli import main
for words in json.loads(sys.argv[1]):
    try:
        main(words)
    except SystemExit as end:
        print("code", end.code, flush=True)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, json.dumps(runs)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout.split() == ["code", "3", "code", "5", "code", "4"], done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith("headwater: ")]
    assert "refused" in told[0]
    assert f"  - orders: no file under {tmp_path / 'empty'}/orders" in done.stderr
    assert f"run the other on {socket.gethostname()} (process {os.getpid()}) is writing to this lake" in told[1]
    assert "night 2026-11-22 rests on nights that have to be run again first" in told[2]
    assert "  - headwater run --night 2026-11-20: it has taken files or verdicts that were not published" in done.stderr
    assert "Traceback" not in done.stderr
    assert (held / lock.NAME).is_file()
    assert not (unfinished / lock.NAME).exists()


# --- help and the small commands ---


def test_help_lists_every_command_with_what_it_does():
    said = call("--help")
    assert said.exit_code == 0
    listed = said.stdout.split("Commands:\n")[1].splitlines()
    assert [line.split()[0] for line in listed if line[2] != " "] == sorted(cli.main.commands)
    assert all(len(line.split()) > 2 for line in listed if line[2] != " ")


@pytest.mark.parametrize("name", sorted(cli.main.commands))
def test_every_command_has_help_and_refuses_what_it_does_not_know(name):
    assert call(name, "--help").exit_code == 0
    assert f"{name} [OPTIONS]" in call(name, "--help").stdout
    assert call(name, "--no-such-option").exit_code == 2


def test_a_key_is_made_once(tmp_path):
    file = tmp_path / "own" / "token.key"
    assert "a new token key" in call("key", file).stdout
    made = file.read_text()
    again = call("key", file)
    assert "left as it is" in again.stdout
    assert (again.exit_code, file.read_text()) == (0, made)
    assert made.strip() not in again.output


def test_a_marketplace_is_planted_and_kept(tmp_path):
    sizes = {"orders": 400, "shops": 20, "suppliers": 20, "guilty": 2, "days": 10}
    small = [f"--set={name}={value}" for name, value in sizes.items()]
    assert call("synthesise", tmp_path / "market", *small).exit_code == 0
    assert (tmp_path / "market" / "landing" / "orders").is_dir()
    assert "left as it is" in call("synthesise", tmp_path / "market", *small, "--keep").stdout


def test_the_dials_of_a_marketplace_are_listed_each_with_its_default_and_its_reason():
    told = call("synthesise", "--list")
    assert told.exit_code == 0
    words = " ".join(told.stdout.split())
    for name, field in MarketplaceParams.model_fields.items():
        assert f" {name} = " in words
        assert " ".join(str(field.description).split()) in words
    helped = call("synthesise", "--help").stdout
    assert all(name in helped and f"{name}: " in told.stdout for name in PRESETS)


def test_a_later_night_is_delivered_once_it_is_written(tmp_path):
    sizes = {"shops": 20, "suppliers": 20, "guilty": 2, "days": 10}
    small = [f"--set={name}={value}" for name, value in sizes.items()]
    market = tmp_path / "market"
    assert (
        call("synthesise", market, "--orders=400", "--nights=2", "--dirty=0.05", "--format=jsonl", *small).exit_code
        == 0
    )
    before = list((market / "landing" / "orders").iterdir())
    assert "2026-11-22" in call("synthesise", market, "--deliver", "2026-11-22").stdout
    assert len(list((market / "landing" / "orders").iterdir())) == len(before) + 1


def test_the_doctor_ends_in_code_2_when_something_is_wrong(tmp_path):
    result = call(
        "doctor", "--set", f"paths.landing={tmp_path / '[empty]'}", "--set", f"paths.lake={tmp_path / 'lake'}"
    )
    assert result.exit_code == 2
    assert "wrong feed orders" in result.stdout
    assert "[empty]" in result.stdout
    assert "[feeds.orders]" in result.stdout


# --- show ---


def test_a_published_night_is_shown_with_what_sellers_wrote_as_they_wrote_it_but_for_control_codes(lake):
    result = call("show", "--set", f"paths.lake={lake}")
    assert result.exit_code == 0, result.output
    assert "Night 2026-11-22" in result.stdout
    assert "Best [/] [red]Goods[/red]" in result.stdout
    assert "A note [in] brackets." in result.stdout
    assert "[shop]" in result.stdout
    assert "\x1b" not in result.stdout
    assert "\u202e" not in result.stdout


def test_one_source_and_one_shop_are_shown_with_their_evidence(lake):
    source = call("show", "source", "S1", "--set", f"paths.lake={lake}")
    assert source.exit_code == 0, source.output
    assert "Suspected source S1" in source.stdout
    assert "More [complaints] than chance." in source.stdout
    shop = call("show", "shop", "[shop]", "--set", f"paths.lake={lake}")
    assert shop.exit_code == 0, shop.output
    assert "Shop [shop]" in shop.stdout
    for said in (source, shop):
        assert "Best [/] [red]Goods[/red]" in said.stdout
        assert "\x1b" not in said.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--night", "2026-11-21"], "2026-11-21 is not published; the latest nights are 2026-11-22"),
        (["source", "S9"], "no source 'S9' on 2026-11-22; `headwater show sources` lists them"),
        (["shop", "[x]"], "no shop '[x]' on 2026-11-22; `headwater show shops` lists them"),
    ],
)
def test_what_was_not_published_is_told_plainly(lake, words, message):
    result = call("show", *words, "--set", f"paths.lake={lake}")
    assert (result.exit_code, result.stderr) == (2, f"headwater: {message}\n")


def test_a_lake_that_is_not_there_is_told_plainly(tmp_path):
    result = call("show", "--set", f"paths.lake={tmp_path / 'nowhere'}")
    assert result.exit_code == 1
    assert result.stderr.startswith("headwater: ")
    assert "is paths.lake right" in result.stderr


# --- the lock ---


@pytest.fixture
def place(tmp_path) -> SimpleNamespace:
    """A lake's folder, and a way to leave in it the lock of some process."""
    file = tmp_path / lock.NAME

    def left_by(pid: int, host: str = socket.gethostname()) -> None:
        file.write_text(json.dumps({"run_id": "the other", "host": host, "pid": pid}))

    return SimpleNamespace(root=str(tmp_path), file=file, left_by=left_by)


def ended() -> int:
    """The id of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_lock_is_held_while_a_run_runs_and_released_even_by_an_error(spark, place):
    with lock.held(spark, place.root, "mine"):
        assert json.loads(place.file.read_text()) == {
            "run_id": "mine",
            "host": socket.gethostname(),
            "pid": os.getpid(),
        }
    assert not place.file.exists()
    with pytest.raises(ZeroDivisionError), lock.held(spark, place.root, "mine"):
        raise ZeroDivisionError
    assert not place.file.exists()


@pytest.mark.parametrize("host", [socket.gethostname(), "another-machine"])
def test_a_holder_that_lives_or_cannot_be_asked_keeps_the_lake(spark, place, host):
    place.left_by(os.getppid() if host == socket.gethostname() else ended(), host)
    with (
        pytest.raises(errors.LockedError, match=f"run the other on {host} .* is writing to this lake"),
        lock.held(spark, place.root, "mine"),
    ):
        pytest.fail("the lake was taken from its holder")
    assert place.file.is_file()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="only /proc tells that a process is no more")
def test_the_lock_of_a_dead_holder_is_taken_over(spark, place):
    place.left_by(ended())
    with lock.held(spark, place.root, "mine"):
        assert json.loads(place.file.read_text())["run_id"] == "mine"
    assert not place.file.exists()


def test_a_lock_whose_writer_died_before_filling_it_is_taken_over(spark, place):
    place.file.write_text("")
    with lock.held(spark, place.root, "mine"):
        assert json.loads(place.file.read_text())["run_id"] == "mine"
