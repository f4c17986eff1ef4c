"""Night after night on one lake: what comes late, twice, corrected, withdrawn or for an older night, and runs that break off."""

from __future__ import annotations

import os
import shutil
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pyspark.sql.functions as F
import pytest

from headwater import config
from headwater.errors import CheckFailedError, InputRefusedError
from headwater.nightly.run import STAGES, run_night
from headwater.store import Lake, PublishedReader, Written
from headwater.synthetic import MarketplaceParams, synthesise
from headwater.tables.clean import CLEAN_ORDERS
from headwater.tables.model import (
    COMPLAINTS_COUNTED,
    COMPLAINTS_PLACED,
    COMPLAINTS_UNMATCHED,
    CURRENT,
    LISTING_SUPPLIERS,
    ORDER_EXPOSURE,
    PLACES,
)
from headwater.tables.ops import CHECKS, FILES, INTAKE
from headwater.tables.published import FUNNEL

from .lakes import elsewhere, quiet

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PARAMS = MarketplaceParams(orders=1_500, shops=30, suppliers=20, guilty=2, fake_rate=0.2, days=20)
FIRST: date = PARAMS.night
SECOND, THIRD = FIRST + timedelta(days=1), FIRST + timedelta(days=2)
ORDER = "order_id,seller_id,buyer_id,listing_id,category,unit_price,currency,ordered_at,supplier_id,voided\n"
COMPLAINT = "complaint_id,order_id,complainant_id,reason_code,filed_at,status\n"


class Landing:
    """The feeds' folder; files arrive in the order of writing."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.clock = 2_000_000_000
        self.said = ""

    def put(self, path: str, text: str) -> Path:
        file = self.root / "landing" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return self.touch(file)

    def touch(self, file: Path) -> Path:
        self.clock += 10
        os.utime(file, (self.clock, self.clock))
        return file


def order(name: str, day: date = FIRST, seller: str = "X1", supplier: str = "", voided: str = "") -> str:
    return f"{name},{seller},b-{name},L-{seller},shoes,10.00,USD,{day}T10:00:00Z,{supplier},{voided}\n"


def complaint(name: str, of: str, day: date, status: str = "") -> str:
    return f"{name},{of},b-{of},counterfeit,{day}T12:00:00Z,{status}\n"


def address(name: str, seller: str, street: str) -> str:
    return f"{name},{seller},dispatch,{street},Springfield,US\n"


ADDRESS = "address_id,seller_id,role,street,city,country\n"


def night_one(landing: Landing) -> None:
    """The planted marketplace, and beside it a shop of our own."""
    lines = [order(name) for name in ("kept", "grown", "moved", "voided")]
    landing.put("orders/x1.csv", ORDER + "".join(lines) + order("of the third", THIRD))
    says = [complaint(f"c {name}", name, FIRST) for name in ("kept", "moved", "voided", "late")]
    landing.said = COMPLAINT + "".join(says) + complaint("c withdrawn", "grown", FIRST)
    landing.put("complaints/x1.csv", landing.said)
    landing.put(
        "addresses/x1.csv", ADDRESS + address("xa1", "X1", "1 Old Street") + address("xa2", "X1", "5 Same Road")
    )


def night_two(landing: Landing) -> None:
    """A late order, corrections, a void, a withdrawal, an address that moved; old files come again and one is gone."""
    lines = [
        order("late"),
        order("grown", seller="X2", supplier="P9"),
        order("moved", seller="X3", supplier="P9"),
        order("voided", voided="true"),
        order("new", SECOND, "X2", "P9"),
    ]
    landing.put("orders/x2.csv", ORDER + "".join(lines))
    landing.put("complaints/x2.csv", COMPLAINT + complaint("c withdrawn", "grown", FIRST, "withdrawn"))
    landing.put("addresses/x2.csv", ADDRESS + address("xa1", "X1", "9 New Street"))
    old = landing.root / "landing" / "orders" / "x1.csv"
    landing.touch(old)
    landing.touch(Path(shutil.copy(old, old.with_name("x1 again.csv"))))
    (landing.root / "landing" / "complaints" / "x1.csv").unlink()


@pytest.fixture(scope="module")
def history(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """Two nights, published one after the other."""
    root = tmp_path_factory.mktemp("nights")
    synthesise(root, PARAMS)
    settings = config.load(
        ROOT / "conf" / "local.toml",
        overrides=[f"paths.landing={root / 'landing'}", f"paths.lake={root / 'lake'}"],
        environment={},
    )
    landing = Landing(root)
    night_one(landing)
    runs = [run_night(spark, settings, FIRST, quiet)]
    night_two(landing)
    shutil.copytree(root / "lake", root / "broken")
    runs.append(run_night(spark, settings, SECOND, quiet))
    return SimpleNamespace(spark=spark, config=settings, lake=Lake(spark, settings), landing=landing, runs=runs)


def of(lake: Lake, table: Any, night: date, where: str = "true") -> list[Any]:
    return lake.read(table, night).where(where).collect()


def test_each_file_is_taken_once_whatever_its_time_and_a_file_that_is_gone_is_missed_by_no_later_night(history):
    taken = {night: [r["path"].rpartition("/")[2] for r in of(history.lake, FILES, night)] for night in (FIRST, SECOND)}
    assert {"x1.csv", "x1 again.csv"} & set(taken[SECOND]) == set()
    assert sorted(taken[SECOND]) == ["x2.csv"] * 3
    assert taken[FIRST].count("x1.csv") == 3


def test_no_row_is_lost_in_any_file_of_any_night_and_every_check_is_written_down(history):
    rows = history.lake.read(INTAKE).collect()
    assert {r["night"] for r in rows} == {FIRST, SECOND}
    assert all(r["read"] == r["accepted"] + r["rejected"] for r in rows)
    checks = history.lake.read(CHECKS).collect()
    assert all(r["passed"] for r in checks)
    for name in ("complaints filed in the window", "complaints sought tonight", "orders of the shops"):
        assert sum(r["name"] == name for r in checks) == 2


def test_the_window_of_each_night_is_the_plain_sum_of_the_lines_as_they_stand(history):
    for night in (FIRST, SECOND):
        lines = history.lake.read(CLEAN_ORDERS).where(F.col("night") <= F.lit(night)).toPandas()
        lines = lines.sort_values(["night", "intake_seq"]).drop_duplicates(["day", "order_id", "line_no"], keep="last")
        first = night - timedelta(days=history.config.night.window_days)
        inside = lines[~lines["voided"] & (lines["day"] <= night) & (lines["day"] > first)]
        plain = inside.groupby(["day", "seller_id"]).agg(orders=("order_id", "size"), quantity=("quantity", "sum"))
        run = next(r for r in history.runs if r.night == night)
        ledger = run.ledger(ORDER_EXPOSURE).where(F.col("day") > F.lit(first)).toPandas()
        summed = ledger.groupby(["day", "seller_id"])[["orders", "quantity"]].sum()
        pd.testing.assert_frame_equal(summed[summed["orders"] != 0], plain, check_dtype=False)
        [funnel] = of(history.lake, FUNNEL, night)
        assert funnel["orders"] == len(inside)
        assert funnel["waiting_rows"] >= (lines["day"] > night).sum() >= 1
        named = inside[inside["supplier_id"].notna() & inside["listing_id"].notna()]
        named = named.groupby(["seller_id", "listing_id", "supplier_id"]).size()
        listings = run.ledger(LISTING_SUPPLIERS).where(F.col("day") > F.lit(first)).toPandas()
        listings = listings.groupby(["seller_id", "listing_id", "supplier_id"])["orders"].sum()
        assert listings[listings != 0].to_dict() == named.to_dict()


def test_complaints_wait_follow_their_orders_and_stop_counting(history):
    ours = "complaint_id like 'c %'"
    told = {
        night: {r["complaint_id"]: r["seller_id"] for r in of(history.lake, COMPLAINTS_PLACED, night, ours)}
        | {r["complaint_id"]: r["why"] for r in of(history.lake, COMPLAINTS_UNMATCHED, night, ours)}
        for night in (FIRST, SECOND)
    }
    assert told[FIRST] == {
        "c kept": "X1",
        "c moved": "X1",
        "c voided": "X1",
        "c withdrawn": "X1",
        "c late": "no_order",
    }
    assert told[SECOND] == {"c moved": "X3", "c voided": "no_order", "c withdrawn": "X2", "c late": "X1"}
    counted = [
        {r["complaint_id"]: r["seller_id"] for r in of(history.lake, COMPLAINTS_COUNTED, night, ours)}
        for night in (FIRST, SECOND)
    ]
    assert counted == [
        dict.fromkeys(["c kept", "c moved", "c voided", "c withdrawn"], "X1"),
        {"c kept": "X1", "c moved": "X3", "c late": "X1"},
    ]


def test_a_dimension_stands_as_it_was_said_last_on_each_night(history):
    streets = [
        {r["address_id"]: r["street"] for r in of(history.lake, CURRENT["addresses"], night, "seller_id = 'X1'")}
        for night in (FIRST, SECOND)
    ]
    assert streets == [
        {"xa1": "1 Old Street", "xa2": "5 Same Road"},
        {"xa1": "9 New Street", "xa2": "5 Same Road"},
    ]
    count = history.lake.read(CURRENT["addresses"]).groupBy("night").count().collect()
    assert len({r["count"] for r in count}) == 1
    places = [
        {r["address_id"]: r["place_id"] for r in of(history.lake, PLACES, n, "seller_id = 'X1'")}
        for n in (FIRST, SECOND)
    ]
    assert places[0]["xa2"] == places[1]["xa2"]
    assert places[0]["xa1"] != places[1]["xa1"]


class BrokenOffError(Exception):
    """The run ends here, as if it were killed."""


def stop_after(table: str) -> Any:
    def say(written: Written) -> None:
        if written.table == table:
            raise BrokenOffError

    return say


# In each stage a table in its midst.
BREAKS = {
    "intake": "clean/orders",
    "exposure": "model/order_exposure",
    "graph": "model/places",
    "attribution": "model/stratum_rates",
    "publish": "ops/checks",
}


def test_a_night_that_breaks_off_within_each_stage_and_at_each_border_ends_in_the_same_digests(history):
    """A lake that holds the first night; the second breaks off in the midst of each stage and after it."""
    root = history.landing.root / "broken"
    config = elsewhere(history.config, root)
    first = PublishedReader(str(root)).publication(FIRST)
    assert list(BREAKS) == list(STAGES)
    for stage, table in BREAKS.items():
        with pytest.raises(BrokenOffError):
            run_night(history.spark, config, SECOND, stop_after(table), [stage])
        assert PublishedReader(str(root)).nights == [FIRST]
        run = run_night(history.spark, config, SECOND, quiet, [stage])
    assert run.digests == history.runs[1].digests
    assert PublishedReader(str(root)).publication(FIRST) == first


def test_an_older_night_that_takes_later_files_leaves_newer_ones_alone_and_they_say_that_they_are_stale(history):
    def funnel_of(night: date) -> dict[str, Any]:
        return PublishedReader(history.lake.root).read(FUNNEL, night).to_pylist()[0]

    def published() -> Any:
        return PublishedReader(history.lake.root).publication(SECOND)

    before, pinned = {night: funnel_of(night) for night in (FIRST, SECOND)}, published()
    late = order("forgotten", FIRST - timedelta(days=1)) + order("grown", seller="X9")
    history.landing.put("orders/x0.csv", ORDER + late)
    with pytest.raises(InputRefusedError, match=r"complaints/x1\.csv is gone"):
        run_night(history.spark, history.config, FIRST, quiet, refresh=True)
    history.landing.put("complaints/x1.csv", history.landing.said)
    run_night(history.spark, history.config, FIRST, quiet, refresh=True)
    assert funnel_of(FIRST)["orders"] == before[FIRST]["orders"] + 1
    assert (funnel_of(SECOND), published()) == (before[SECOND], pinned)
    assert PublishedReader(history.lake.root).stale == [SECOND]
    with pytest.raises(CheckFailedError, match=f"headwater run --night {SECOND}: a night before it was made anew"):
        run_night(history.spark, history.config, THIRD, quiet, ["intake"])
