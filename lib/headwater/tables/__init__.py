"""Every table of the lake, once, in the order data flows; a module a layer. docs/tables.md is generated from here."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

from headwater.table import Table
from headwater.tables import clean, model, ops, published


def _tables(layer: ModuleType) -> Iterator[Table]:
    for value in vars(layer).values():
        yield from (t for t in (value.values() if isinstance(value, dict) else [value]) if isinstance(t, Table))


# Declaring a table in its module is all it takes.
TABLES: tuple[Table, ...] = tuple(dict.fromkeys(t for layer in (clean, model, published, ops) for t in _tables(layer)))


def reference() -> str:
    """docs/tables.md: every table with its grain, key and columns."""
    lines = [
        "# Tables",
        "",
        "Generated from `lib/headwater/tables/` by `make docs`. `!` means never null. All times are UTC.",
    ]
    for table in TABLES:
        lines += [
            "",
            f"## {table.full_name}",
            "",
            f"One row: {table.grain}. Key: {', '.join(f'`{k}`' for k in table.key)}."
            + (f" Partitions: {', '.join(f'`{p}`' for p in table.partitions)}." if table.partitions else "")
            + (" May be empty." if table.may_be_empty else ""),
            "",
            "| column | type | meaning | unit |",
            "|---|---|---|---|",
        ]
        lines += [
            f"| `{c.name}`{' !' if c.required else ''} | {c.type} | {c.meaning.replace('|', chr(92) + '|')} | {c.unit} |"
            for c in table.columns
        ]
    return "\n".join(lines) + "\n"
