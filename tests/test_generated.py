"""What is generated from declarations is what stands in the repository; `make docs` writes it anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from headwater import reference

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("name", sorted(reference.GENERATED))
def test_a_generated_file_is_current(name, tmp_path):
    reference.main(tmp_path)
    assert (ROOT / name).read_text() == (tmp_path / name).read_text(), f"{name} is stale: run `make docs`"


def test_the_generated_files_are_the_parameters_and_the_tables():
    assert {"conf/base.toml", "docs/columns.md", "docs/tables.md"} <= reference.GENERATED.keys()
