"""Every notebook runs on a published night, writes nothing, and is stored without outputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb"))


def _code(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _outputs(notebook: Any) -> list[Any]:
    return [output for cell in _code(notebook) for output in cell.outputs]


def _printed(notebook: Any) -> str:
    texts = [o.get("text", "") + o.get("data", {}).get("text/plain", "") for o in _outputs(notebook)]
    return "\n".join(texts)


def _files(lake: str) -> dict[str, tuple[int, int]]:
    return {str(p): (p.stat().st_size, p.stat().st_mtime_ns) for p in Path(lake).rglob("*") if p.is_file()}


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def executed(request: pytest.FixtureRequest, small_lake: Any) -> tuple[str, Any]:
    """A notebook's name, and the notebook after it ran from top to bottom on the small lake."""
    path: Path = request.param
    notebook = nbformat.read(path, as_version=4)
    before = _files(small_lake.paths.lake)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADWATER_LAKE", small_lake.paths.lake)
        NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(path.parent)}}).execute()
    assert _files(small_lake.paths.lake) == before, "a notebook reads, and writes nothing"
    return path.stem, notebook


def test_there_is_a_notebook() -> None:
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert [cell.outputs for cell in _code(notebook)] == [[]] * len(_code(notebook))
    assert {cell.execution_count for cell in _code(notebook)} == {None}


def test_every_notebook_shows_the_published_numbers(executed: tuple[str, Any], small_lake: Any) -> None:
    from headwater.store import PublishedReader
    from headwater.tables.published import FUNNEL, SOURCES

    _, notebook = executed
    reader = PublishedReader(small_lake.paths.lake)
    funnel = reader.read(FUNNEL).to_pylist()[0]
    rows = reader.read(SOURCES).to_pylist()
    best = next(row for row in rows if row["rank"] == 1)
    printed = _printed(notebook)
    assert str(reader.nights[-1]) in printed
    assert str(funnel["orders"]) in printed
    assert best["name"] in printed
    assert any(row["reasons"][0] in printed for row in rows)


def test_every_notebook_draws_the_evidence(executed: tuple[str, Any]) -> None:
    _, notebook = executed
    assert any("image/png" in output.get("data", {}) for output in _outputs(notebook))
