"""What a run tells while it goes: rich lines on a terminal, one structured line a table elsewhere."""

from __future__ import annotations

import sys
import time

from rich.console import Console

from headwater.store import Written


class Progress:
    """Told of each table that was written. Lines go to standard error, so that results can be piped."""

    def __init__(self) -> None:
        self.start = time.monotonic()
        self.console = Console(stderr=True) if sys.stderr.isatty() else None
        self.status = self.console.status("starting Spark ...") if self.console else None

    def __enter__(self) -> Progress:
        if self.status:
            self.status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.status:
            self.status.stop()

    def wrote(self, written: Written) -> None:
        since = time.monotonic() - self.start
        if self.console and self.status:
            self.console.print(
                f"[green]✓[/] {written.table:<28} {written.rows:>12,} rows {written.seconds:>7.1f} s", highlight=False
            )
            self.status.update(f"after {written.table} · {since:.0f} s")
        else:
            print(
                f"table={written.table} rows={written.rows} version={written.version} "
                f"seconds={written.seconds:.2f} elapsed={since:.1f}",
                file=sys.stderr,
                flush=True,
            )
