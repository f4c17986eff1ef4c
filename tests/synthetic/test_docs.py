"""What docs/synthesise.md promises is there: its tables, its presets, and commands that can be typed."""

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from headwater import cli
from headwater.synthetic import PRESETS

from .reading import truth

DOCS = (Path(__file__).resolve().parents[2] / "docs" / "synthesise.md").read_text(encoding="utf-8")


def test_every_preset_and_every_table_of_the_truth_is_explained_and_no_other(small_out):
    presets, tables = (set(re.findall(r"`(\w+)`", block)) for block in first_columns())
    assert presets == set(PRESETS)
    assert tables == {path.stem for path in (small_out / "truth").glob("*.parquet")}
    assert all(len(truth(small_out, name)) or name == "dirty" for name in tables)


def first_columns() -> list[str]:
    """The first column of each table of the page."""
    blocks = re.findall(r"(?:^\|.*\n)+", DOCS, re.M)
    return ["\n".join(line.split("|")[1] for line in block.splitlines()[2:]) for block in blocks]


@pytest.mark.parametrize("words", re.findall(r"^    \.venv/bin/headwater ([^#\n]+)", DOCS, re.M))
def test_a_command_of_the_page_writes_what_it_says(words, monkeypatch, tmp_path):
    """Typed with fewer orders, for the sizes of the page take minutes."""
    monkeypatch.chdir(tmp_path)
    small = ["--orders=400", *(f"--set={dial}" for dial in ("shops=20", "suppliers=20", "guilty=2", "days=10"))]
    assert CliRunner().invoke(cli.main, [*shlex.split(words), *small]).exit_code == 0
    out = tmp_path / shlex.split(words)[1]
    params = json.loads((out / "truth" / "params.json").read_text())
    files = [path for path in (out / "landing" / "orders").rglob("*") if path.is_file()]
    assert all(path.name.endswith(params["format"]) for path in files)
    assert (out / "arrivals").exists() == (params["nights"] > 1)
    assert (len(truth(out, "dirty")) > 0) == (params["dirty"] > 0)
    assert (out / "landing" / "verdicts").exists() == (params["verdicts"] > 0)
