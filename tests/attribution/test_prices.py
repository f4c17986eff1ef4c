"""What a piece should cost: medians that no seller moves, brands with few lines held against their category, wrong prices bounded."""

import math
from datetime import date

import pytest

from headwater.attribution.prices import cell_prices, price_peers
from headwater.parameters.attribution import Peers
from headwater.tables.model import PRICE_EXPOSURE, PRICE_PEERS

NIGHT = date(2026, 11, 22)
PARAMS = Peers(least_lines=5, seller_cap=0.5, bin_width=0.001, cap=1.0)
BASE = {"night": NIGHT, "day": NIGHT, "seller_id": "a", "category": "shoes", "brand": "acme", "lines": 1}


def priced(price: float, lines: int = 1, **more: object) -> dict:
    return {"lines": lines, "ln_price_micro": round(lines * math.log(price) * 1e6), **more}


@pytest.fixture
def night(rows_of):
    """Shops a, b, c sell Acme at 100; d sells at 50, and as many as all others; Rare has few lines; e's price is a mistake."""
    rows = rows_of(
        PRICE_EXPOSURE,
        BASE,
        *[priced(100, 5, seller_id=s) for s in "abc"],
        priced(50, 15, seller_id="d"),
        priced(200, 2, seller_id="a", brand="rare"),
        priced(1e6, 1, seller_id="e"),
        priced(7, 1, seller_id="f", category="toys", brand="?"),
        priced(100, 9, seller_id="old", day=date(2026, 1, 1)),
    )
    peers = price_peers(rows, NIGHT, 90, PARAMS)
    return peers, cell_prices(rows, peers, NIGHT, 90, PARAMS)


def test_the_median_of_a_brand_is_that_of_its_lines_and_no_seller_has_more_than_the_cap(night):
    peers = {(r["category"], r["brand"]): r for r in night[0].collect()}
    assert night[0].columns == PRICE_PEERS.column_names
    assert math.exp(peers[("shoes", "acme")]["ln_price_micro"] / 1e6) == pytest.approx(100, rel=0.002)
    assert peers[("shoes", "acme")]["lines"] == 31
    assert ("shoes", None) in peers


def test_each_cell_sums_how_far_its_lines_lie_from_their_peers(night):
    below = {r["seller_id"]: r["below_micro"] / 1e6 for r in night[1].collect()}
    assert below["b"] == pytest.approx(0, abs=0.01)
    assert below["d"] == pytest.approx(15 * math.log(0.5), rel=0.01)
    # Two lines of a rare brand: held against all shoes, whose median is Acme's.
    assert below["a"] == pytest.approx(2 * math.log(2), rel=0.01)
    assert below["e"] == pytest.approx(1.0, rel=0.001), "a mistake counts no more than the cap"
    assert below["f"] == pytest.approx(0, abs=0.01), "the only one of its kind is its own peer"
    assert "old" not in below
