"""Writes what is generated from declarations: conf/base.toml, docs/columns.md and docs/tables.md. Run by `make docs`."""

from __future__ import annotations

from pathlib import Path

from headwater import config, feeds, tables

GENERATED = {
    "conf/base.toml": config.reference,
    "docs/columns.md": feeds.reference,
    "docs/tables.md": tables.reference,
}


def main(root: Path = Path()) -> None:
    """Write each generated file below `root`."""
    for name, text in GENERATED.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
