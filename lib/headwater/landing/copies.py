"""Which files only repeat what their feed has told before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from headwater.feeds import FEEDS


class Told:
    """What the feeds have told (rows of FILES, then the files that are taken tonight), so that a copy tells nothing.

    Orders and complaints are events, and told once for good. A file of a dimension tells how things stand: what an older one said,
    and a newer one took back, may come true again. So content that was told before is told again by a file that is later than all
    that were taken before tonight, unless the last night of the feed took the same, or its own path held it when it was last taken."""

    def __init__(self, records: Iterable[Mapping[str, Any]]) -> None:
        self._ever: dict[str, set[str | None]] = defaultdict(set)
        self._last: dict[str, set[str | None]] = defaultdict(set)
        self._night: dict[str, date | None] = {}
        self._newest: dict[str, int] = defaultdict(int)
        self._by_path: dict[tuple[str, str], str | None] = {}
        for r in sorted(records, key=lambda r: (r["night"], r["intake_seq"])):
            self.add(r["feed"], r["path"], r["content"], r["modified_ms"], r["night"])

    def add(self, feed: str, path: str, content: str | None, modified_ms: int, night: date | None = None) -> None:
        """A file that a night took (None: tonight)."""
        if night != self._night.get(feed):
            self._last[feed] = set()
        self._night[feed] = night
        self._ever[feed].add(content)
        self._last[feed].add(content)
        if night:
            self._newest[feed] = max(self._newest[feed], modified_ms)
        self._by_path[feed, path] = content

    def knows(self, feed: str, path: str, content: str, modified_ms: int) -> bool:
        """Whether a file only repeats what was told."""
        if content not in self._ever[feed]:
            return False
        again = modified_ms > self._newest[feed] and content not in self._last[feed]
        return bool(FEEDS[feed].time) or not again or self._by_path.get((feed, path)) == content
