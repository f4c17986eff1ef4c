"""Small landings written file by file, and the rows that the intake reads there."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from headwater import config as configuration
from headwater.config import Config
from headwater.feeds import FEEDS
from headwater.landing import files
from headwater.landing.formats.stored import FeedFile
from headwater.parameters.landing import Feed

NIGHT = date(2026, 11, 22)
HEADERS = {
    "orders": "order_id,seller_id,buyer_id,ordered_at,brand",
    "complaints": "complaint_id,order_id,filed_at,text",
    "addresses": "address_id,seller_id,role",
    "supplier_links": "seller_id,supplier_id,kind",
}


class Landing:
    """A folder of feeds. Files get rising times of modification, so that they arrive in the order of writing."""

    def __init__(self, spark: Any, root: Path) -> None:
        self.spark, self.root, self._clock = spark, root, 1_795_000_000

    def put(self, path: str, content: str | bytes) -> Path:
        """Write a file below the landing folder; a text is UTF-8."""
        file = self.root / "landing" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        self._clock += 10
        os.utime(file, (self._clock, self._clock))
        return file

    def header_only(self, *feeds: str) -> None:
        for feed in feeds:
            self.put(f"{feed}/empty.csv", HEADERS[feed] + "\n")

    def config(self, *overrides: str, **feeds: Feed) -> Config:
        own = (f"paths.landing={self.root / 'landing'}", f"paths.lake={self.root / 'lake'}")
        return configuration.load(overrides=[*own, *overrides], environment={}).model_copy(update={"feeds": feeds})

    def listed(self, feed: str, config: Config | None = None) -> tuple[list[FeedFile], list[str]]:
        """The files of a feed with their columns, numbered from 1, and every fault."""
        config = config or self.config()
        found, faults = files.list_feed(self.spark, config, FEEDS[feed], NIGHT)
        found, unfit = files.inspect(self.spark, config, found)
        return [replace(f, intake_seq=i) for i, f in enumerate(found, 1)], faults + unfit

    def read(self, feed: str, config: Config | None = None) -> list[dict[str, Any]]:
        """The rows of a feed as they stand, in the order of the files; every feed here is free of faults."""
        config = config or self.config()
        found, faults = self.listed(feed, config)
        assert faults == []
        rows = files.read_files(self.spark, config, found).orderBy("_seq", "_block", "_position").collect()
        return [r.asDict() for r in rows]


@pytest.fixture
def landing(spark: Any, tmp_path: Path) -> Landing:
    return Landing(spark, tmp_path)


@pytest.fixture
def new_landing(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Landing]:
    return lambda: Landing(spark, tmp_path_factory.mktemp("landing"))
