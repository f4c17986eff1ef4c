"""Verdicts at the command line: checked, appended by two writers at once, never changed, and listed with what becomes of them."""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from click.testing import CliRunner

from headwater.cli import main
from headwater.config import Config, load
from headwater.errors import ConfigurationError, InputRefusedError
from headwater.nightly import entered
from headwater.store import arrow, read_rows
from headwater.tables.model import (
    COMPLAINTS_COUNTED,
    CURRENT,
    LINKS,
    LISTING_SUPPLIERS,
    MEMBERS,
    PLACES,
    SUPPLIERS,
    VERDICT_CONFLICTS,
    VERDICTS,
)
from headwater.tables.ops import ENTERED_VERDICTS, NIGHTS
from headwater.tables.published import SOURCES

NIGHT = date(2026, 11, 22)
END = datetime(2026, 11, 23, tzinfo=UTC)
ROW = {"subject_kind": "source", "subject_id": "S1", "verdict": "confirmed", "author": "ann"}
SOME = {
    "string": "x", "bigint": 1, "int": 1, "double": 0.5, "boolean": True, "date": NIGHT, "timestamp": END, "decimal(18,2)": 1,
}  # fmt: skip


@pytest.fixture
def config(tmp_path) -> Config:
    return load(overrides=[f"paths.lake={tmp_path / 'lake'}"], environment={})


def put(config, table, *rows):
    """Rows of a table, with something in each required column that they leave out."""
    some = {c.name: [] if c.type.startswith("array") else SOME[c.type] for c in table.columns if c.required}
    arrow.make(config.paths.lake, table)
    values = [tuple({**some, **row}.get(name) for name in table.column_names) for row in rows]
    arrow.append(config.paths.lake, table, arrow.to_arrow(table, values))


@pytest.fixture
def published(config) -> Config:
    """A lake with one published night, which knows one of each."""
    put(config, SOURCES, {"source_id": "S1"})
    put(config, SUPPLIERS, {"supplier_id": "u"})
    put(config, MEMBERS, {"seller_id": "a"}, {"seller_id": "b"})
    put(
        config,
        PLACES,
        {"address_id": "x1", "place_id": "p"},
        {"address_id": "x2", "place_id": "q", "may_be_source": False},
    )
    put(config, LINKS, {"type": "phone", "value": "+1"})
    put(config, LISTING_SUPPLIERS, {"listing_id": "l1", "night": NIGHT - timedelta(days=9)})
    put(config, COMPLAINTS_COUNTED, {"listing_id": "l2"})
    told = {"subject_kind": "source", "subject_id": "S1", "decided_at": END - timedelta(days=9), "origin": "feed"}
    put(config, VERDICTS, {**told, "verdict_id": "F1", "verdict": "cleared", "author": "bob"},
        {**told, "verdict_id": "F2", "subject_id": "S9", "in_force": False, "not_in_force": "expired"})  # fmt: skip
    put(
        config,
        VERDICT_CONFLICTS,
        {"subject_kind": "source", "subject_id": "S8", "detail": "cy says cleared; di says confirmed"},
    )
    put(config, NIGHTS, {"night": NIGHT, "table": "published/sources", "version": 1, "rows": 1})
    return config


def said(config: Config) -> set[tuple[str, str]]:
    return {(r["subject_id"], r["verdict"]) for r in read_rows(config.paths.lake, ENTERED_VERDICTS)}


def command(config: Config, *words: str, code: int = 0) -> str:
    done = CliRunner().invoke(main, ["verdict", *words, "--set", f"paths.lake={config.paths.lake}"])
    assert done.exit_code == code, done.output
    return " ".join(done.output.split())


def test_a_verdict_is_added_once_with_when_and_by_whom(config):
    row = {**ROW, "decided_at": "2026-11-20T10:00", "reliability": "0.9"}
    [first] = entered.add(config, [row])
    [again] = entered.add(config, [row])
    assert (first.new, again.new, again.row["verdict_id"]) == (True, False, first.row["verdict_id"])
    [stored] = read_rows(config.paths.lake, ENTERED_VERDICTS)
    assert (stored["author"], stored["reliability"], stored["decided_at"].hour) == ("ann", 0.9, 10)
    assert stored["recorded_at"] is not None


def test_two_writers_at_once_both_succeed(config):
    """Two processes and eight threads, all making the table at the same moment."""
    words = [sys.executable, "-m", "headwater.cli", "verdict", "add", "--author", "bo"]
    words += ["--set", f"paths.lake={config.paths.lake}"]
    processes = [
        subprocess.Popen([*words, f"seller:P{i}", "cleared"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for i in range(2)
    ]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: entered.add(config, [{**ROW, "subject_id": f"T{i}"}]), range(8)))
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
        {**ROW, "subject_kind": "operator"},
        {**ROW, "subject_kind": "place", "verdict": "hub"},
        {**ROW, "subject_kind": "value", "subject_id": "phone:+1"},
    ]
    with pytest.raises(InputRefusedError) as caught:
        entered.add(config, rows)
    assert {int(n) for n in re.findall(r"row (\d+):", str(caught.value))} == set(range(1, len(rows) + 1))
    assert said(config) == set()


def test_an_id_that_stands_for_something_else_is_refused(config):
    row = {**ROW, "verdict_id": "V1", "decided_at": "2026-11-20"}
    assert [done.new for done in entered.add(config, [row, row])] == [True, False]
    with pytest.raises(InputRefusedError, match="row 2: verdict_id 'V1' is there already and says something else"):
        entered.add(config, [row, {**row, "verdict": "cleared"}])
    [again] = entered.add(config, [{**row, "decided_at": None}])
    assert not again.new, "an id needs no time to be known again"


def test_a_file_is_imported_and_again_adds_nothing(published, tmp_path):
    file = tmp_path / "found.csv"
    file.write_text(
        "subject_kind,subject_id,other_id,verdict,author,decided_at\n"
        "supplier,u,,cleared,ann,2026-11-20\npair,a,b,cannot_link,ann,\nsupplier,typo,,confirmed,ann,2026-12-01\n"
    )
    told = command(published, "import", str(file))
    assert "verdicts added: 3; there already: 0" in told
    assert (
        "1: obeyed from the next night on (after 2026-11-22); by 2026-11-22 too if that is run again with --refresh"
        in told
    )
    assert "1: obeyed from the next night on (after 2026-11-22) 1: obeyed from the night of 2026-12-01 on" in told
    assert "note: the night of 2026-11-22 knows no supplier 'typo'" in told
    assert "verdicts added: 0; there already: 3" in command(published, "import", str(file))
    assert said(published) == {("u", "cleared"), ("a", "cannot_link"), ("typo", "confirmed")}
    file.write_text("subject,verdict\n")
    assert "author, subject_id, subject_kind" in command(published, "import", str(file), code=3)


def test_a_verdict_without_a_time_is_of_the_newest_night_and_the_next_one_obeys_it(published):
    told = command(published, "add", "supplier:u", "cleared", "--author", "ann")
    assert "supplier:u cleared; obeyed from the next night on (after 2026-11-22) (lake" in told
    [stored] = read_rows(published.paths.lake, ENTERED_VERDICTS)
    assert stored["decided_at"] == END
    assert stored["recorded_at"] != END


def test_of_words_on_one_night_the_last_counts_however_often_an_author_changes_them(published):
    words = ["cleared", "unsure", "cleared", "cleared"]
    told = [command(published, "add", "supplier:u", word, "--author", "ann") for word in words]
    assert ["was there already" in line for line in told] == [False, False, False, True]
    rows = sorted(read_rows(published.paths.lake, ENTERED_VERDICTS), key=lambda row: row["recorded_at"])
    assert [row["verdict"] for row in rows] == words[:3]
    assert len({row["verdict_id"] for row in rows}) == 3


@pytest.mark.parametrize(
    ("times", "told"),
    [
        ({"decided_at": "2026-11-23T00:00"}, "obeyed from the next night on (after 2026-11-22)"),
        ({"decided_at": "2026-11-25"}, "obeyed from the night of 2026-11-25 on"),
        ({"expires_at": "2026-11-23T12:00"}, "obeyed by no new night, for it expires before the end of 2026-11-23"),
        ({"expires_at": "2026-11-24"}, "obeyed from the next night on (after 2026-11-22)"),
        ({"decided_at": "2026-11-22T23:59"},
         "obeyed from the next night on (after 2026-11-22); by 2026-11-22 too if that is run again with --refresh"),
    ],
)  # fmt: skip
def test_which_night_obeys_is_told_as_it_is(published, times, told):
    [done] = entered.add(published, [{**ROW, **times}])
    assert done.obeyed == told


def test_whom_the_night_does_not_know_gets_a_doubt_and_whom_it_knows_none(published):
    known = [
        "source:S1",
        "supplier:u",
        "seller:a",
        "listing:l1",
        "listing:l2",
        "place:x1",
        "place:p",
        "pair:a,b",
        "value:phone:+1",
    ]
    words = {"pair": "must_link", "value": "hub"}
    for subject in known:
        told = command(published, "add", subject, words.get(subject.partition(":")[0], "unsure"), "--author", "ann")
        assert "note:" not in told, subject
    for subject, what in {
        "source:S2": "source 'S2'", "supplier:U": "supplier 'U'", "seller:c": "seller 'c'", "listing:l3": "listing 'l3'",
        "place:y": "place that may be a source 'y'", "place:x2": "place that may be a source 'x2'", "pair:a,c": "seller 'c'",
        "value:email:+1": "value 'email:+1'",
    }.items():  # fmt: skip
        told = command(published, "add", subject, words.get(subject.partition(":")[0], "unsure"), "--author", "ann")
        assert told.endswith(f"note: the night of 2026-11-22 knows no {what}"), told


def test_who_says_the_opposite_of_somebody_is_told_so(published):
    told = command(published, "add", "source:S1", "confirmed", "--author", "ann")
    assert "note: source:S1: bob says cleared; ann says confirmed; none counts until one of them is withdrawn" in told
    told = command(published, "add", "source:S1", "unsure", "--author", "ann")
    assert "note:" not in told


def test_the_list_tells_of_each_what_the_night_makes_of_it_and_who_disagrees(published):
    command(published, "add", "value:phone:+1", "hub", "--author", "ann", "--reason", "an [red]agent")
    later = {"subject_kind": "source", "subject_id": "S1", "verdict": "cleared", "decided_at": END + timedelta(days=5)}
    put(published, CURRENT["verdicts"], {**later, "verdict_id": "F3"})
    told = command(published, "list")
    assert re.search(r"F3 feed 2026-11-28 .* obeyed from the night of 2026-11-28 on", told)
    assert "Verdicts on the night of 2026-11-22" in told
    assert re.search(r"F1 feed .* source:S1 cleared bob in force", told)
    assert re.search(r"F2 feed .* source:S9 .* expired", told)
    assert re.search(r"command 2026-11-23 00:00 value:phone:\+1 hub ann", told)
    assert "an [red]agent" in told
    assert "judged both ways: source:S8: cy says cleared; di says confirmed" in told
    assert "phone" not in command(published, "list", "--night", "2026-11-22")
    assert "2026-11-21 is not published" in command(published, "list", "--night", "2026-11-21", code=2)


def test_the_commands_speak_plainly_before_the_first_night(config):
    assert "No verdict" in command(config, "list")
    told = command(config, "add", "pair:b,a", "must_link", "--author", "ann", "--decided-at", "2026-11-20")
    assert "obeyed from the night of 2026-11-20 on" in told
    assert "holds no published night; is that the lake you mean" in told
    assert "pair:b,a" in command(config, "list")
    assert "is not said of a source" in command(config, "add", "source:S1", "must_link", "--author", "ann", code=3)
    assert "write it as source:S0123" in command(config, "add", "S1", "cleared", "--author", "ann", code=2)


@pytest.mark.parametrize(("text", "subject"), [("source:S1", ("source", "S1", None)), ("pair:a,b", ("pair", "a", "b"))])
def test_a_subject_as_typed(text, subject):
    assert entered.parse_subject(text) == subject


def test_a_pair_of_one_is_no_pair():
    with pytest.raises(ConfigurationError, match="two ids"):
        entered.parse_subject("pair:a")
