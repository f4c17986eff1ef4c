"""`headwater evaluate` as it is typed: on a small published lake, written without Spark, with truths and verdicts of all sorts."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result

from headwater.attribution.told import source_ids
from headwater.cli import main
from headwater.evaluate.lake import Ranking, rankings_of, share_of
from headwater.evaluate.plots import beside_each_other
from headwater.store import PublishedReader, arrow
from headwater.table import Table
from headwater.tables.model import VERDICTS
from headwater.tables.ops import ENTERED_VERDICTS, NIGHTS
from headwater.tables.published import OPERATORS, SOURCES

NIGHT = date(2026, 11, 22)
OF_TYPE = {
    "string": "text",
    "date": NIGHT,
    "bigint": 1,
    "double": 0.5,
    "boolean": True,
    "timestamp": datetime(2026, 11, 22, tzinfo=UTC),
    "decimal(18,2)": Decimal(1),
    "array<string>": ["a"],
}
COMPANY, PLACE = source_ids(np.array([0, 1]), np.array(["C-firm", "P-door"]))  # a company and a place by their own ids


def plant(lake: Path, table: Table, *rows: dict) -> None:
    """Rows of a table, each with a value of its type where it names none."""
    filled = [{c.name: row.get(c.name, OF_TYPE[c.type]) for c in table.columns} for row in rows]
    arrow.append(str(lake), table, pa.Table.from_pylist(filled, schema=arrow.schema(table)))


def source(rank: int, source_id: str, member: str, type_: str = "supplier", **more: object) -> dict:
    kind = "supplier" if type_ in ("supplier", "latent") else "place"
    return {
        "rank": rank, "suspicion_rank": rank, "source_id": source_id, "kind": kind, "type": type_, "members": [member],
        "role": "unknown", "probability": 0.9 / rank, **more,
    }  # fmt: skip


SHOWN = (
    source(1, "S1", "17", role="producer"),
    source(2, "S2", "18", role="producer"),
    source(3, PLACE, "901", "dispatch"),
)


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """One published night: suppliers 17 and 18, a dispatch place with address 901, and an operator of shops 7 and 8."""
    return made(tmp_path / "lake", *SHOWN)


def made(root: Path, *sources: dict) -> Path:
    plant(root, SOURCES, *sources)
    plant(root, OPERATORS, {"operator_id": "O1", "seller_ids": ["7", "8"]})
    of_night = [(SOURCES, len(sources)), (OPERATORS, 1)]
    plant(root, NIGHTS, *({"table": t.full_name, "version": 0, "rows": n, "based_on": ""} for t, n in of_night))
    return root


def truth(folder: Path, **tables: dict) -> Path:
    """A truth folder: supplier 17 is guilty, 18 and 19 are not, so is place 5 of address 901; shops 7 and 8 are one operator's."""
    folder.mkdir()
    whole = {
        "suppliers": {"supplier_id": ["17", "18", "19"], "guilty": [True, False, False], "role": ["producer", "distributor", None]},
        "places": {"place_id": ["5"], "guilty": [True], "role": ["market"]},
        "addresses": {"address_id": ["901"], "place_id": ["5"]},
        "operators": {"seller_id": ["7", "8"], "operator_id": ["1", "1"]},
    }  # fmt: skip
    for name, columns in whole.items():
        pd.DataFrame(columns | tables.get(name, {})).to_parquet(folder / f"{name}.parquet")
    return folder


def evaluate(lake: Path, *words: object) -> Result:
    return CliRunner().invoke(main, ["evaluate", f"--set=paths.lake={lake}", *map(str, words)])


def refused(done: Result, *words: str) -> str:
    """The message of an error that names what is wrong."""
    assert done.exit_code == 2, done.output
    assert "unexpected" not in done.stderr
    for word in words:
        assert word in done.stderr
    return done.stderr


def judged(lake: Path, *words: object) -> dict:
    out = lake.parent / "evaluation.json"
    done = evaluate(lake, *words, "--json", out)
    assert done.exit_code == 0, done.output
    return json.loads(out.read_text(encoding="utf-8"))


def ranking(result: dict, kind: str) -> dict:
    return next(r for r in result["rankings"] if r["kind"] == kind)


# --- ids ---


@pytest.mark.parametrize("as_written", [str, int, float], ids=lambda f: f.__name__)
def test_an_id_is_the_same_whatever_type_its_column_has(lake, tmp_path, as_written):
    def ids(*values):
        return [as_written(v) for v in values]

    folder = truth(
        tmp_path / "truth",
        suppliers={"supplier_id": ids(17, 18, 19)},
        places={"place_id": ids(5)},
        addresses={"address_id": ids(901), "place_id": ids(5)},
        operators={"seller_id": ids(7, 8), "operator_id": ids(1, 1)},
    )
    got = judged(lake, "--truth", folder)
    assert [(r["kind"], r["guilty"], r["missed"]) for r in got["rankings"]] == [("supplier", 1, 0), ("place", 1, 0)]
    assert (got["role"]["hits"], got["role"]["trials"]) == (1, 2)
    assert got["operators"]["f1"] == 1.0


def test_a_supplier_and_a_place_of_one_id_are_two_subjects(lake, tmp_path):
    folder = truth(
        tmp_path / "truth",
        places={"place_id": ["17"], "guilty": [False]},
        addresses={"place_id": ["17"]},
    )
    got = judged(lake, "--truth", folder)
    assert (ranking(got, "supplier")["guilty"], ranking(got, "place")["sources"]) == (1, 1)
    assert got["nights_to_detection"] == {"supplier:17": 0}


@pytest.mark.parametrize(
    ("table", "column", "of_lake"),
    [("suppliers", "supplier_id", "17"), ("addresses", "address_id", "901"), ("operators", "seller_id", "7")],
)
def test_a_column_of_which_the_night_knows_no_id_is_named_with_an_example_of_each_side(
    lake, tmp_path, table, column, of_lake
):
    count = {"suppliers": 3, "addresses": 1, "operators": 2}[table]
    folder = truth(tmp_path / "truth", **{table: {column: [f"X{i}" for i in range(count)]}})
    refused(evaluate(lake, "--truth", folder), f"{table}.parquet", column, "'X0'", f"'{of_lake}'")


def test_addresses_whose_places_are_none_of_the_places_are_named(lake, tmp_path):
    folder = truth(tmp_path / "truth", addresses={"place_id": ["elsewhere"]})
    refused(evaluate(lake, "--truth", folder), "addresses.parquet", "place_id", "'elsewhere'", "'5'")


# --- what a truth folder says ---


def test_a_kind_of_which_nothing_was_published_is_all_missed(tmp_path):
    lake = made(tmp_path / "lake", *SHOWN[:2])
    places = ranking(judged(lake, "--truth", truth(tmp_path / "truth")), "place")
    assert (places["sources"], places["guilty"], places["missed"], places["average_precision"]) == (0, 1, 1, 0.0)


@pytest.mark.parametrize(
    "written", [[1, 0, 0], [1.0, 0.0, 0.0], ["True", "False", "false"], ["1", "0", "0"], ["yes", "no", "NO"]], ids=str
)
def test_guilt_is_read_in_the_words_that_feeds_may_use(lake, tmp_path, written):
    folder = truth(tmp_path / "truth", suppliers={"guilty": written})
    assert ranking(judged(lake, "--truth", folder), "supplier")["guilty"] == 1


@pytest.mark.parametrize("written", [["maybe", "no", "no"], [None, True, False], [0.5, 0.0, 0.0]], ids=str)
def test_guilt_that_is_neither_true_nor_false_is_named(lake, tmp_path, written):
    folder = truth(tmp_path / "truth", suppliers={"guilty": written})
    refused(evaluate(lake, "--truth", folder), "suppliers.parquet", "guilty")


def test_a_file_that_is_no_parquet_and_one_without_an_id_are_named(lake, tmp_path):
    broken, gap = truth(tmp_path / "broken"), truth(tmp_path / "gap", suppliers={"supplier_id": ["17", None, "19"]})
    (broken / "places.parquet").write_text("no parquet", encoding="utf-8")
    refused(evaluate(lake, "--truth", broken), "places.parquet")
    refused(evaluate(lake, "--truth", gap), "suppliers.parquet", "supplier_id")


def test_a_truth_without_a_row_judges_nothing(lake, tmp_path):
    folder = truth(tmp_path / "truth")
    for file in folder.iterdir():
        pd.read_parquet(file).iloc[:0].to_parquet(file)
    refused(evaluate(lake, "--truth", folder), str(folder), "suppliers.parquet")


# --- verdicts ---

HEAD = "verdict_id,subject_kind,subject_id,verdict,author,decided_at"
LATER = "2026-11-25T10:00"


def verdicts(file: Path, *rows: str) -> Path:
    file.write_text("\n".join([HEAD, *rows]), encoding="utf-8")
    return file


def test_a_file_of_later_verdicts_judges_what_it_speaks_of(lake, tmp_path):
    file = verdicts(
        tmp_path / "verdicts.csv",
        f"v1,supplier,17,confirmed,ann,{LATER}",
        f"v2,source,S2,cleared,ann,{LATER}",
        f"v3,place,901,confirmed,ann,{LATER}",
        "v4,supplier,18,confirmed,ann,2026-11-20",
    )
    got = judged(lake, "--verdicts", file)
    assert got["basis"] == "verdicts"
    assert (ranking(got, "supplier")["sources"], ranking(got, "supplier")["guilty"]) == (2, 1)
    assert ranking(got, "place")["guilty"] == 1


def test_a_place_is_told_by_its_own_id_too_and_ids_may_be_numbers(lake, tmp_path):
    rows = pd.DataFrame(
        {"verdict_id": [1, 2], "subject_kind": ["place", "supplier"], "subject_id": ["P-door", "17"],
         "verdict": ["confirmed", "cleared"], "decided_at": [datetime(2026, 11, 25)] * 2}  # noqa: DTZ001 - as a tool writes it
    )  # fmt: skip
    rows.to_parquet(tmp_path / "v.parquet")
    rows[rows["verdict_id"] == 2].assign(subject_id=17).to_parquet(tmp_path / "numbers.parquet")
    assert [r["guilty"] for r in judged(lake, "--verdicts", tmp_path / "v.parquet")["rankings"]] == [0, 1]
    assert [r["sources"] for r in judged(lake, "--verdicts", tmp_path / "numbers.parquet")["rankings"]] == [1]


def test_a_company_is_told_by_its_own_id_or_any_of_its_suppliers_and_is_one_source(tmp_path):
    lake = made(tmp_path / "lake", source(1, COMPANY, "17") | {"members": ["17", "18"]})
    for subject in ("supplier,C-firm", "supplier,18", f"source,{COMPANY}"):
        file = verdicts(tmp_path / "v.csv", f"v1,{subject},confirmed,ann,{LATER}")
        assert ranking(judged(lake, "--verdicts", file), "supplier")["guilty"] == 1
    file = verdicts(
        tmp_path / "v.csv", f"v1,supplier,17,confirmed,ann,{LATER}", "v2,supplier,C-firm,cleared,ann,2026-11-26"
    )
    assert ranking(judged(lake, "--verdicts", file), "supplier")["guilty"] == 0


def test_unsure_takes_back_and_who_contradict_each_other_judge_nothing(lake, tmp_path):
    file = verdicts(
        tmp_path / "v.csv",
        f"v1,supplier,17,confirmed,ann,{LATER}",
        f"v2,supplier,17,cleared,bob,{LATER}",
        f"v3,place,901,confirmed,ann,{LATER}",
        "v4,place,901,unsure,ann,2026-11-26",
        "v5,supplier,18,confirmed,bob,2026-11-26",
        "v6,supplier,18,cleared,bob,2026-11-25T23:59:59+00:00",
    )
    got = judged(lake, "--verdicts", file)
    assert [(r["kind"], r["sources"], r["guilty"]) for r in got["rankings"]] == [("supplier", 1, 1)]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("v1,supplier,17,confirmed,ann,some day", ("decided_at", "'some day'", "row 1")),
        (f"v1,supplier,17,guilty,ann,{LATER}", ("verdict", "'guilty'", "confirmed")),
        (f"v1,shop,17,confirmed,ann,{LATER}", ("subject_kind", "'shop'")),
        (f"v1,supplier,99,confirmed,ann,{LATER}", ("supplier:99", "supplier:17")),
        ("v1,supplier,17,confirmed,ann,2026-11-20", ("2026-11-22", "2026-11-20")),
    ],
)
def test_verdicts_that_judge_nothing_say_why(lake, tmp_path, row, words):
    file = verdicts(tmp_path / "v.csv", row)
    refused(evaluate(lake, "--verdicts", file), str(file), *words)


def test_a_file_that_is_none_of_verdicts_is_refused(lake, tmp_path):
    (tmp_path / "empty.csv").write_text("", encoding="utf-8")
    (tmp_path / "no.parquet").write_text("no parquet", encoding="utf-8")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    for name in ("empty.csv", "no.parquet", "other.csv", "missing.csv"):
        refused(evaluate(lake, "--verdicts", tmp_path / name), name)


def test_the_verdicts_that_the_lake_holds_judge_the_night_before_them(lake, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where a folder `lake` lies, as the README's defaults have it
    add = ["verdict", "add", f"--set=paths.lake={lake}", "--author", "ann"]
    for words in (["supplier:17", "confirmed", "--decided-at", LATER], ["source:S2", "cleared"]):
        assert CliRunner().invoke(main, [*add, *words]).exit_code == 0
    got = judged(lake, "--verdicts", "lake")
    assert (ranking(got, "supplier")["sources"], ranking(got, "supplier")["guilty"]) == (2, 1)
    of_feed = {"verdict_id": "f1", "subject_kind": "place", "subject_id": "901", "verdict": "confirmed"}
    plant(lake, VERDICTS, of_feed | {"decided_at": datetime(2026, 11, 23, tzinfo=UTC)})
    assert ranking(judged(lake, "--verdicts", "lake"), "place")["guilty"] == 1


def test_a_lake_without_later_verdicts_says_so(lake):
    refused(evaluate(lake, "--verdicts", "lake"), "lake", "2026-11-22")
    plant(lake, ENTERED_VERDICTS, {"subject_kind": "supplier", "subject_id": "17", "verdict": "confirmed"})
    refused(evaluate(lake, "--verdicts", "lake"), "2026-11-22")


# --- what is said and drawn ---


def test_the_counts_say_what_was_left_out_and_add_up_to_what_was_published(tmp_path):
    more = (source(4, "L1", "O1", "latent"), source(5, "S9", "elsewhere"), source(6, "S3", "17"))
    lake = made(tmp_path / "lake", *SHOWN, *more)
    said = evaluate(lake, "--truth", truth(tmp_path / "truth", places={"guilty": [False]})).stdout
    assert "3 of 6 published sources are judged" in said
    for words in (
        "1 buildings, return places and unknown supply",
        "1 that the truth does not know",
        "1 more of a supplier",
    ):
        assert words in said
    assert "never shown" not in said
    lacking = evaluate(lake, "--truth", truth(tmp_path / "more", suppliers={"guilty": [True, True, True]})).stdout
    assert "3 guilty, 1 of them never shown" in lacking
    assert "nobody names them" in lacking


@pytest.fixture
def kept(lake, tmp_path) -> Path:
    """An evaluation as --json keeps it, by which nobody was found."""
    file = tmp_path / "kept" / "other.json"
    folder = truth(tmp_path / "other", suppliers={"guilty": [False, False, True]})
    assert evaluate(lake, "--truth", folder, "--json", file).exit_code == 0
    return file


def test_plots_are_drawn_and_evaluations_beside_each_other(lake, tmp_path, kept):
    pytest.importorskip("matplotlib")
    folder = truth(tmp_path / "truth")
    alone = evaluate(lake, "--truth", folder, "--plots", tmp_path / "alone")
    assert [Path(f).name for f in alone.stdout.splitlines()[-2:]] == ["precision.png", "reliability.png"]
    both = evaluate(lake, "--truth", folder, "--plots", tmp_path / "both", "--beside", f"another={kept}")
    drawn = {f.name: f.read_bytes() for f in (tmp_path / "both").iterdir()}
    assert sorted(drawn) == ["beside.png", "precision.png", "reliability.png"]
    assert all(image.startswith(b"\x89PNG") for image in drawn.values())
    assert str(tmp_path / "both" / "beside.png") in both.stdout
    evaluate(lake, "--truth", folder, "--plots", tmp_path / "third", "--beside", f"renamed={kept}")
    assert (tmp_path / "third" / "beside.png").read_bytes() != drawn["beside.png"]


def test_the_first_of_those_beside_each_other_stands_on_top_by_its_name(lake, tmp_path, kept):
    figure = pytest.importorskip("matplotlib.figure").Figure()
    one, other = rankings_of(kept.read_text()), [Ranking("supplier", 30, 9, 0, 0.75, [share_of(20, 9, 20)], [], [])]
    axes = figure.add_subplot()
    beside_each_other(axes, [("one", one), ("other", other)])
    assert [t.get_text() for t in axes.get_yticklabels()] == ["one", "other"]
    assert axes.yaxis_inverted()
    at = {tuple(line.get_xydata()[0]) for line in axes.lines}
    assert {(0.0, 0.0), (0.75, 1.0), (0.45, 1.0)} <= at
    assert sorted(axes.get_legend_handles_labels()[1]) == ["average precision", "precision among the first 20"]


@pytest.mark.parametrize("words", [["another"], ["another=missing.json"], ["=x.json"]], ids=str)
def test_what_cannot_be_put_beside_is_named(lake, tmp_path, words):
    folder = truth(tmp_path / "truth")
    refused(evaluate(lake, "--truth", folder, "--plots", tmp_path, "--beside", *words), *words)


def test_beside_needs_plots_and_a_file_of_an_evaluation(lake, tmp_path, kept):
    folder = truth(tmp_path / "truth")
    refused(evaluate(lake, "--truth", folder, "--beside", f"x={kept}"), "--plots")
    kept.write_text('{"rankings": [{}]}', encoding="utf-8")
    refused(evaluate(lake, "--truth", folder, "--plots", tmp_path, "--beside", f"x={kept}"), str(kept))


def test_a_place_where_nothing_can_be_written_is_named(lake, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    refused(evaluate(lake, "--truth", truth(tmp_path / "truth"), "--json", tmp_path / "file" / "e.json"), "file")


@pytest.mark.parametrize("words", [[], ["--truth", "truth", "--verdicts", "lake"]], ids=str)
def test_one_thing_is_judged_by(lake, words):
    refused(evaluate(lake, *words), "--truth", "--verdicts")


def test_a_night_of_a_planted_marketplace_is_judged_by_its_truth_and_by_later_verdicts(small_lake, tmp_path):
    pytest.importorskip("matplotlib")
    folder = Path(small_lake.paths.lake).parent / "truth"
    lake = Path(shutil.copytree(small_lake.paths.lake, tmp_path / "lake"))
    got = judged(lake, "--truth", folder)
    supplier = ranking(got, "supplier")
    assert supplier["guilty"] == len(pd.read_parquet(folder / "suppliers.parquet").query("guilty"))
    assert supplier["average_precision"] > supplier["guilty"] / supplier["sources"]
    first = (
        PublishedReader(str(lake)).read(SOURCES).to_pandas().query("type == 'supplier'").nsmallest(2, "suspicion_rank")
    )
    file = verdicts(
        tmp_path / "v.csv",
        f"v1,supplier,{first['members'].iloc[0][0]},confirmed,ann,{LATER}",
        f"v2,source,{first['source_id'].iloc[1]},cleared,ann,{LATER}",
    )
    by_file = judged(
        lake, "--verdicts", file, "--plots", tmp_path / "plots", "--beside", f"truth={tmp_path / 'evaluation.json'}"
    )
    assert (ranking(by_file, "supplier")["sources"], ranking(by_file, "supplier")["average_precision"]) == (2, 1.0)
    assert len(list((tmp_path / "plots").glob("*.png"))) == 3
    for words in (
        [f"supplier:{first['members'].iloc[0][0]}", "confirmed"],
        [f"source:{first['source_id'].iloc[1]}", "cleared"],
    ):
        add = ["verdict", "add", f"--set=paths.lake={lake}", *words, "--author", "ann", "--decided-at", LATER]
        assert CliRunner().invoke(main, add).exit_code == 0
    assert judged(lake, "--verdicts", "lake") == by_file
