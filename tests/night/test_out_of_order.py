"""Nights out of the ordinary: complaints that are corrected beyond recognition, and a night that is run after the one that follows it."""

from __future__ import annotations

import os
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from headwater import config
from headwater.nightly.run import run_night
from headwater.store import Lake, PublishedReader
from headwater.synthetic import MarketplaceParams, synthesise
from headwater.tables.model import COMPLAINTS_COUNTED, COMPLAINTS_UNMATCHED, ORDER_EXPOSURE
from headwater.tables.ops import FILES
from headwater.tables.published import FUNNEL

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PARAMS = MarketplaceParams(orders=1_000, shops=25, suppliers=20, guilty=2, fake_rate=0.2, days=10)
FIRST: date = PARAMS.night
SECOND, THIRD, FOURTH = (FIRST + timedelta(days=n) for n in (1, 2, 3))
ORDER = "order_id,seller_id,buyer_id,listing_id,category,unit_price,currency,ordered_at\n"
COMPLAINT = "complaint_id,order_id,complainant_id,reason_code,filed_at,status\n"
NEVER = date(1970, 1, 1)


def order(name: str, day: date) -> str:
    return f"{name},X1,b-{name},L-X1,shoes,10.00,USD,{day}T10:00:00Z\n"


def complaint(name: str, filed: date, status: str = "open") -> str:
    return f"c {name},{name},b-{name},counterfeit,{filed}T12:00:00Z,{status}\n"


@pytest.fixture(scope="module")
def history(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """The first, third and fourth night published, then the second. `counted` and `waits` are ours of each night, as it was left."""
    root = tmp_path_factory.mktemp("order")
    synthesise(root, PARAMS)
    own = [f"paths.landing={root / 'landing'}", f"paths.lake={root / 'lake'}"]
    settings = config.load(ROOT / "conf" / "local.toml", overrides=own, environment={})
    lake = Lake(spark, settings)
    clock = iter(range(2_000_000_000, 3_000_000_000, 10))

    def put(path: str, text: str) -> None:
        file = root / "landing" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        os.utime(file, times=(now := next(clock), now))

    told: dict[date, Any] = {}

    def run(night: date) -> None:
        run_night(spark, settings, night, lambda _written: None)
        counted = lake.read(COMPLAINTS_COUNTED, night).where("complaint_id like 'c %'").collect()
        waits = lake.read(COMPLAINTS_UNMATCHED, night).where("complaint_id like 'c %'").collect()
        told[night] = {r["complaint_id"] for r in counted}, {r["complaint_id"]: r["why"] for r in waits}

    put("orders/x1.csv", ORDER + "".join(order(name, FIRST) for name in ("stays", "gone", "never")))
    put("complaints/x1.csv", COMPLAINT + "".join(complaint(name, FIRST) for name in ("stays", "gone", "never")))
    run(FIRST)
    put("complaints/x2.csv", COMPLAINT + complaint("gone", NEVER, "withdrawn") + complaint("never", NEVER))
    run(THIRD)
    run(FOURTH)
    after = PublishedReader(lake.root)
    put("orders/x3.csv", ORDER + order("between", SECOND) + order("ahead", THIRD))
    run(SECOND)
    return SimpleNamespace(spark=spark, config=settings, lake=lake, told=told, before=after)


def test_a_complaint_that_is_too_old_by_its_last_word_never_counts_again_and_every_night_is_published(history):
    assert history.told[FIRST] == ({"c stays", "c gone", "c never"}, {})
    assert history.told[THIRD] == ({"c stays"}, {"c gone": "too_old", "c never": "too_old"})
    assert history.told[FOURTH] == ({"c stays"}, {"c gone": "replaced", "c never": "replaced"})
    funnel = {night: history.before.read(FUNNEL, night).to_pylist()[0] for night in (THIRD, FOURTH)}
    assert [funnel[night]["complaints_too_old"] for night in (THIRD, FOURTH)] == [2, 0]


def test_a_night_that_never_ran_may_run_between_two_that_did_and_says_what_rests_on_it(history):
    reader = PublishedReader(history.lake.root)
    assert reader.nights == [FIRST, SECOND, THIRD, FOURTH]
    assert reader.stale == [THIRD, FOURTH]
    # It takes what no night has taken, rests on the night before it, and leaves the newer ones as they were published.
    taken = history.lake.rows(FILES, SECOND, ["path"])["path"].to_pylist()
    assert [path.rpartition("/")[2] for path in taken] == ["x3.csv"]
    assert history.told[SECOND] == history.told[FIRST]
    for night in (THIRD, FOURTH):
        assert reader.publication(night) == history.before.publication(night)
    by_day = history.lake.read(ORDER_EXPOSURE, SECOND).where("seller_id = 'X1'").groupBy("day").sum("orders").collect()
    assert [tuple(row) for row in by_day] == [(SECOND, 1)]

    # Run again, the next night holds its orders, that of its own day too.
    before = history.before.read(FUNNEL, THIRD).to_pylist()[0]
    run_night(history.spark, history.config, THIRD, lambda _written: None)
    reader = PublishedReader(history.lake.root)
    assert reader.stale == [FOURTH]
    assert reader.read(FUNNEL, THIRD).to_pylist()[0]["orders"] == before["orders"] + 2
