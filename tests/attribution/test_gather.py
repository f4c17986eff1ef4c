"""What comes to the driver of a window: declared links that hold in it."""

from datetime import UTC, date, datetime

from headwater.attribution.gather import declared
from headwater.tables.clean import CLEAN_SUPPLIER_LINKS

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
