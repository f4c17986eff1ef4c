"""A night twice, and what a night may not leave behind."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from headwater.errors import CheckFailedError, InputRefusedError
from headwater.nightly.run import run_night
from headwater.store import Lake, PublishedReader
from headwater.tables.clean import CLEAN_COMPLAINTS, CLEAN_ORDERS, REJECTS
from headwater.tables.ops import CARRIED, FILES, INTAKE
from headwater.tables.published import FUNNEL, PUBLISHED, SHOPS

from .lakes import elsewhere, quiet


def digests(lake: str) -> dict[str, str]:
    reader = PublishedReader(lake)
    return {name: row["digest"] for name, row in reader.publication(reader.nights[-1]).items()}


@pytest.mark.slow
def test_the_same_night_again_publishes_the_same_rows(spark, small_lake, tmp_path):
    config = elsewhere(small_lake, tmp_path / "lake")
    shutil.copytree(small_lake.paths.lake, config.paths.lake)
    before = digests(config.paths.lake)
    night = PublishedReader(config.paths.lake).nights[-1]
    again = run_night(spark, config, night, quiet)
    assert again.digests == before
    assert set(before) == {t.full_name for t in (*PUBLISHED, *CARRIED)}
    assert len(PublishedReader(config.paths.lake).nights) == 1


def test_no_buyer_and_no_key_stands_in_the_lake_or_the_event_log(spark, small_lake, event_log):
    """Every file of the lake and the log of all that Spark was told, searched for raw buyer ids and for the key."""
    import pyarrow.csv

    landing = Path(small_lake.paths.landing)
    buyers = {
        name.as_py().encode()
        for feed, column in (("orders", "buyer_id"), ("complaints", "complainant_id"))
        for file in (landing / feed).iterdir()
        for name in pyarrow.csv.read_csv(file, parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True))[
            column
        ].unique()
        if name.as_py()
    }
    assert len(buyers) > 1000
    columns = {b for table in (CLEAN_ORDERS, CLEAN_COMPLAINTS, REJECTS) for b in _values(spark, small_lake, table)}
    assert columns, "the tables hold something"
    assert not buyers & columns
    key = os.environ["HEADWATER_TOKEN_KEY"].encode()
    some = sorted(buyers)[::500]
    for file in [p for root in (Path(small_lake.paths.lake), event_log) for p in root.rglob("*") if p.is_file()]:
        content = file.read_bytes()
        assert key not in content, f"the key stands in {file}"
        assert not [b for b in some if b in content], f"a buyer stands in {file}"


def _values(spark: Any, config: Any, table: Any) -> set[bytes]:
    """Every text of a table's columns."""
    frame = Lake(spark, config).read(table)
    texts = [c for c, kind in frame.dtypes if kind == "string"]
    return {value.encode() for column in texts for value in frame.select(column).distinct().toPandas()[column].dropna()}


def test_every_row_of_every_file_is_accounted_for(spark, small_lake):
    rows = Lake(spark, small_lake).read(INTAKE).collect()
    required = {"orders", "complaints", "addresses", "supplier_links"}
    assert {r["feed"] for r in rows} == required | {"sellers", "suppliers", "brands"}
    assert all(r["read"] == r["accepted"] + r["rejected"] for r in rows)
    assert sum(r["read"] for r in rows if r["feed"] == "orders") >= 20_000


def test_the_funnel_reconciles_with_the_shops(small_lake):
    reader = PublishedReader(small_lake.paths.lake)
    funnel, shops = reader.read(FUNNEL).to_pylist()[0], reader.read(SHOPS).to_pandas()
    assert funnel["orders"] == shops["orders"].sum()
    assert funnel["complaints"] == shops["complaints"].sum()
    assert funnel["shops"] == len(shops)
    assert funnel["shops_suspected"] == (shops["eb05"] > 1).sum()
    assert shops.sort_values("rank")["eb05"].is_monotonic_decreasing


def test_a_night_without_a_required_feed_is_refused_and_leaves_nothing(spark, small_lake, tmp_path):
    landing = tmp_path / "landing"
    shutil.copytree(small_lake.paths.landing, landing, ignore=shutil.ignore_patterns("addresses", "supplier_links"))
    paths = small_lake.paths.model_copy(update={"landing": str(landing), "lake": str(tmp_path / "lake")})
    config = small_lake.model_copy(update={"paths": paths})
    with pytest.raises(InputRefusedError, match=r"(?s)addresses: no file.*supplier_links: no file"):
        run_night(spark, config, PublishedReader(small_lake.paths.lake).nights[-1], quiet)
    assert not Lake(spark, config).exists(FILES)
    assert not list((tmp_path / "lake").rglob("*.parquet"))


def test_a_night_that_was_begun_and_not_published_holds_up_the_next(spark, small_lake, tmp_path):
    from datetime import timedelta

    config = elsewhere(small_lake, tmp_path / "lake")
    night = PublishedReader(small_lake.paths.lake).nights[-1]
    run_night(spark, config, night, quiet, ["intake"])
    with pytest.raises(CheckFailedError, match=f"headwater run --night {night}"):
        run_night(spark, config, night + timedelta(days=1), quiet, ["intake"])
