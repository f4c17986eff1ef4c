"""Imports point one way: each module only imports what stands before it, and what is dear or dangerous has one door."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LIB = ROOT / "lib" / "headwater"

# The parts of the library, each of which imports only from lines above its own, and from itself.
LAYERS = (
    ("errors", "feeds"),
    ("parameters", "table"),
    ("config",),
    ("tables", "machine", "chain"),
    ("store", "session", "tokens", "reference"),
    ("progress", "registry"),
    ("landing",),
    ("exposure",),
    ("places",),
    ("graph",),
    ("attribution",),
    ("report", "doctor", "synthetic"),
    ("evaluate",),
    ("nightly",),
    ("cli",),
)
RANK = {part: rank for rank, parts in enumerate(LAYERS) for part in parts}
SYNTHETIC_MAY_IMPORT = {"synthetic", "errors", "feeds", "parameters", "config", "table", "tables"}
# What a planted marketplace is judged with may read it; nothing else but the command line knows that there is one.
MAY_IMPORT_SYNTHETIC = {"synthetic", "evaluate", "cli"}


def imported(file: Path) -> set[str]:
    """Every module that a file imports, at its top, within functions and for types alone."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{'.' * node.level}{node.module}.{alias.name}" for alias in node.names}
    return names


def part_of(module: str) -> str:
    return module.split(".")[1]


MODULES = {file: imported(file) for file in sorted(LIB.rglob("*.py")) if file != LIB / "__init__.py"}


def own_part(file: Path) -> str:
    return file.relative_to(LIB).parts[0].removesuffix(".py")


def parts_imported(file: Path) -> set[str]:
    return {part_of(name) for name in MODULES[file] if name.startswith("headwater.") and "__" not in name}


def named(file: Path) -> str:
    return str(file.relative_to(LIB))


@pytest.mark.parametrize("file", MODULES, ids=named)
def test_a_module_imports_only_what_stands_before_it(file):
    assert own_part(file) in RANK, f"{named(file)}: give its part a place in LAYERS"
    assert not any(name.startswith(".") for name in MODULES[file]), "a relative import hides where it points"
    mine = own_part(file)
    backwards = {part for part in parts_imported(file) - {mine} if RANK[part] >= RANK[mine]}
    assert backwards == set()


def test_no_part_has_two_places():
    assert sum(len(parts) for parts in LAYERS) == len(RANK)


@pytest.mark.parametrize("file", [f for f in MODULES if own_part(f) == "synthetic"], ids=named)
def test_the_planted_marketplace_imports_no_stage(file):
    assert parts_imported(file) <= SYNTHETIC_MAY_IMPORT


@pytest.mark.parametrize("file", [f for f in MODULES if own_part(f) not in MAY_IMPORT_SYNTHETIC], ids=named)
def test_no_stage_knows_of_the_planted_marketplace(file):
    assert "synthetic" not in parts_imported(file)


def test_one_package_imports_delta():
    doors = {
        named(file) for file, names in MODULES.items() if {n.split(".")[0] for n in names} & {"delta", "deltalake"}
    }
    assert doors == {"store/arrow.py", "store/lake.py"}


def test_one_module_builds_a_session():
    builders = {
        named(file)
        for file in MODULES
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("builder", "getOrCreate")
    }
    assert builders == {"session.py"}


@pytest.mark.parametrize("file", MODULES, ids=named)
def test_the_library_imports_nothing_that_stands_outside_it(file):
    tops = {name.split(".")[0] for name in MODULES[file]}
    assert tops.isdisjoint({"jobs", "notebooks", "tests", "bench", "conftest", "pytest"})


@pytest.mark.parametrize("file", sorted((ROOT / "jobs").glob("*.py")), ids=lambda file: file.name)
def test_a_job_is_a_thin_entry_to_one_command(file):
    from headwater.cli import main

    assert {name.split(".")[0] for name in imported(file)} <= {"sys", "headwater"}
    assert len(file.read_text().splitlines()) < 40
    words = [node.value for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Constant)]
    assert main.commands.keys() & set(words)


@pytest.mark.parametrize(
    "file", sorted((ROOT / "tests").rglob("*.py")), ids=lambda f: str(f.relative_to(ROOT / "tests"))
)
def test_a_test_imports_no_job_and_no_notebook(file):
    assert {name.split(".")[0] for name in imported(file)}.isdisjoint({"jobs", "notebooks"})
