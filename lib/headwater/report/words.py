"""Texts that sellers wrote, made safe to print."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from rich.markup import escape


def dicts(rows: pa.Table) -> list[dict[str, Any]]:
    """The rows, with texts made safe to print: sellers write names and addresses, and may write markup or control codes."""
    return [{name: safe(value) for name, value in row.items()} for row in rows.to_pylist()]


def safe(value: Any) -> Any:
    """A text, or a list of them, without control codes and with markup escaped; anything else as it is."""
    if isinstance(value, list):
        return [safe(item) for item in value]
    return escape("".join(c if c.isprintable() else " " for c in value)) if isinstance(value, str) else value
