"""A plan of a night on the terminal."""

from __future__ import annotations

from typing import Any

import click
from rich.table import Table as Grid

from headwater.report.terminal import console_of_width
from headwater.report.words import safe


def show_plan(plan: Any) -> None:
    """Print the files a run would take, what it would match, the worst keys of each kind, and the memory."""
    console = console_of_width()
    console.print(f"[bold]Night {plan.night}, as it would run; nothing was written[/]")
    grid = Grid(title="Files it would take", title_justify="left", box=None, pad_edge=False)
    for name in ("feed", "files", "MB", "rows"):
        grid.add_column(name, justify="left" if name == "feed" else "right")
    for feed in plan.feeds:
        rows = f"{feed.rows:,}" if feed.exact else f"about {feed.rows:,}"
        grid.add_row(feed.name, f"{feed.files:,}", f"{feed.bytes / 1e6:,.1f}", rows)
    console.print(grid)
    for count, what in plan.counts:
        click.echo(f"{count:>14,}  {what}")
    worst = Grid(title="Worst keys", title_justify="left", box=None, pad_edge=False)
    worst.add_column("kind", no_wrap=True)
    worst.add_column("key", no_wrap=True, overflow="ellipsis", max_width=60)
    worst.add_column("count", justify="right")
    worst.add_column("what")
    for row in plan.worst:
        worst.add_row(row.kind, safe(row.key), f"{row.count:,}", row.what)
    console.print(worst if plan.worst else "No key is shared by many.")
    for line in plan.memory:
        click.echo(line)
