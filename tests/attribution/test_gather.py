"""What comes to the driver of a window: declared links that hold in it, suppliers by the company that they are."""

from datetime import UTC, date, datetime

import numpy as np
import pandas as pd

from headwater.attribution.beside import Known
from headwater.attribution.gather import companies, declared, flow_sums, of_companies
from headwater.attribution.told import source_keys
from headwater.tables.clean import CLEAN_SUPPLIER_LINKS
from headwater.tables.model import COMPLAINTS_COUNTED, PLACES, SUPPLIERS

from .windows import window

NIGHT = date(2026, 11, 22)
BASE = {"night": NIGHT, "intake_seq": 1, "seller_id": "s", "kind": "invoice", "confidence": 0.5}


def test_a_link_that_ended_before_the_window_or_begins_after_it_does_not_count(rows_of):
    """Of a window of ten days, 13 to 22 November."""
    links = rows_of(
        CLEAN_SUPPLIER_LINKS,
        BASE,
        {"supplier_id": "always"},
        {"supplier_id": "always", "kind": "declared", "confidence": None},
        {"supplier_id": "ended before", "last_seen": datetime(2026, 11, 12, 23, 59, tzinfo=UTC)},
        {"supplier_id": "ended on its first day", "last_seen": datetime(2026, 11, 13, tzinfo=UTC)},
        {"supplier_id": "begins on its last day", "first_seen": datetime(2026, 11, 22, 23, 59, tzinfo=UTC)},
        {"supplier_id": "begins after", "first_seen": datetime(2026, 11, 23, tzinfo=UTC)},
        {"supplier_id": "ended, then again", "kind": "purchase", "last_seen": datetime(2025, 1, 1, tzinfo=UTC)},
        {"supplier_id": "ended, then again", "first_seen": datetime(2026, 11, 20, tzinfo=UTC)},
    )
    found = {r["supplier_id"]: (r["weight"], r["kind"]) for r in declared(links, NIGHT, 10).collect()}
    assert found == {
        "always": (1.0, "declared, invoice"),
        "ended on its first day": (0.5, "invoice"),
        "begins on its last day": (0.5, "invoice"),
        "ended, then again": (0.5, "invoice"),
    }


def test_ids_that_are_one_company_are_one_supplier(rows_of):
    firms = rows_of(
        SUPPLIERS,
        {"night": NIGHT},
        {"supplier_id": "u2", "company_id": "U1"},
        {"supplier_id": "u1", "company_id": "U1"},
        {"supplier_id": "w", "company_id": "U2"},
    )
    links = rows_of(
        CLEAN_SUPPLIER_LINKS,
        BASE,
        *({"supplier_id": s} for s in ("u1", "u2", "w", "unheard of")),
        {"supplier_id": "u2"},
    )
    got = of_companies(links, companies(firms)).groupBy("supplier_id").count().collect()
    assert {r["supplier_id"]: r["count"] for r in got} == {"u1": 3, "w": 1, "unheard of": 1}
    named = pd.DataFrame({"company_id": ["U1", "U2"], "called": ["u1", "w"]})
    gathered = window([{"supplier_id": s} for s in ("u1", "w", "unheard of")], known=Known(companies=named))
    assert gathered.ids.suppliers.tolist() == ["u1", "unheard of", "w"]
    assert source_keys(gathered).tolist()[:3] == ["U1", "unheard of", "U2"]


def test_shops_opened_on_a_day_from_the_start_of_the_window_or_nobody_knows():
    times = ["2026-08-25T23:59:00Z", "2026-08-24T12:00:00Z", None, "2020-01-01T00:00:00Z"]
    opened = pd.DataFrame({"seller_id": list("abcz"), "opened_at": [pd.Timestamp(t) for t in times]})
    gathered = window([{"seller_id": s} for s in "abcd"], known=Known(opened=opened))
    # The window of 90 days up to 22 November begins on 25 August.
    assert gathered.market.opened.tolist()[:2] == [0, -1]
    assert np.isnan(gathered.market.opened[2:]).all()
    assert np.isnan(window([{"seller_id": "a"}]).market.opened).all()


def test_a_refund_of_a_line_that_was_complained_about_as_counterfeit_says_nothing_more(rows_of, spark):
    """Two complain about one line that is refunded, one about a line that is not, one that goods are not as described."""
    day = date(2026, 11, 10)
    cell = {"seller_id": "s", "dispatch_address_id": None, "supplier_id": "u"}
    sums = (
        "seller_id string, dispatch_address_id string, supplier_id string, refunded long, first_day date, last_day date"
    )
    cells = spark.createDataFrame([(*cell.values(), 5, day, day)], sums)
    said = {"night": NIGHT, "kind": "counterfeit", "day": day, "filed_day": day, "line_no": 1, "weight_milli": 1000}
    heard = rows_of(
        COMPLAINTS_COUNTED,
        said | cell,
        {"complaint_id": "one", "order_id": "o", "refunded": True},
        {"complaint_id": "another", "order_id": "o", "refunded": True},
        {"complaint_id": "unpaid", "order_id": "p", "refunded": False},
        {"complaint_id": "made before it was asked", "order_id": "q", "refunded": None},
        {"complaint_id": "not as described", "order_id": "r", "refunded": True, "kind": "not_as_described"},
    )
    nothing = rows_of(PLACES, {}), companies(rows_of(SUPPLIERS, {}))
    got = flow_sums(cells, cells.limit(0), heard, *nothing).collect()
    assert [(r["seller_id"], r["supplier_id"], r["refunded"], r["other"]) for r in got] == [("s", "u", 4, 1)]
