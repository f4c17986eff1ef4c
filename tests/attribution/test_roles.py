"""Roles: few brands make a producer, many a distributor; many suppliers and shops a warehouse; little seen, nothing said."""

import pandas as pd
import pytest

from headwater.attribution.beside import Known
from headwater.attribution.find import find
from headwater.attribution.roles import effective, roles
from headwater.parameters.attribution import Roles

from .windows import NO_HUBS, window


@pytest.fixture(scope="module")
def found():
    """Place w ships six suppliers' goods into six shops, h the goods of s0 alone, q little of anything."""
    flows = [{"seller_id": f"a{i}", "place": "w", "supplier_id": f"s{i}"} for i in range(6)]
    flows += [{"seller_id": f"a{i}", "place": "h", "supplier_id": "s0"} for i in range(2)]
    flows += [{"seller_id": f"a{i}", "place": "q", "supplier_id": f"s{i}", "orders": 1} for i in range(2)]
    gathered = window(flows, [{"seller_id": "a0", "place": "w", "supplier_id": "s0"}])
    lines = [("s0", "shoes", "x", 50), ("s0", "shoes", "y", 50)]
    lines += [("s1", f"c{i}", "b", 10) for i in range(10)] + [("s2", "shoes", "x", 19)]
    broad = effective(pd.DataFrame(lines, columns=["supplier_id", "category", "brand", "lines"]))
    keys = [*gathered.ids.suppliers, *gathered.ids.places]
    return broad, roles(gathered, find(gathered.market, gathered.listing_shop), broad, NO_HUBS, Roles()).assign(
        key=keys
    ).set_index("key")


def test_the_effective_number_of_brands_is_that_of_equal_ones(found):
    assert found[0].loc["s0", "brands"] == pytest.approx(2)
    assert found[0].loc["s1", "brands"] == pytest.approx(10)


@pytest.mark.parametrize(
    ("key", "role"),
    [("s0", "producer"), ("s1", "distributor"), ("s2", "unknown"), ("s5", "unknown"), ("w", "shared_warehouse"),
     ("h", "producer"), ("q", "unknown")],
)  # fmt: skip
def test_a_role_follows_from_goods_and_shops(found, key, role):
    assert found[1].loc[key, "role"] == role
    assert found[1].loc[key, "role_reason"]


@pytest.fixture(scope="module")
def halls():
    """A hall of stalls, a returns centre that sends nothing out, one that people name for returns alone, a place of two shops."""
    flows = [{"seller_id": f"a{i}", "place": place} for i in range(12) for place in ("hall", "stall", "stall2")]
    flows += [{"seller_id": "a0", "place": "centre"}]
    facts = Known(
        pd.DataFrame(
            [("hall", "H", False), ("stall", "H", True), ("stall2", "H", True)],
            columns=["place_id", "building_key", "unit"],
        ),
        pd.DataFrame(
            [(f"a{i}", place) for i in range(12) for place in ("centre", "back")] + [("a0", "two"), ("a1", "two")],
            columns=["seller_id", "place_id"],
        ),
    )
    gathered = window(flows, [{"seller_id": "a0", "place": "stall"}], known=facts)
    hubs = pd.DataFrame(
        [("building", "H", "market", "12 shops"), ("return", "centre", "returns_centre", "12 shops")],
        columns=["type", "value", "kind", "reason"],
    )
    broad = pd.DataFrame({"lines": [], "brands": []})
    rows = roles(gathered, find(gathered.market, gathered.listing_shop), broad, hubs, Roles())
    ids, kind = gathered.ids, gathered.market.kind
    rows["key"] = [*zip(kind, [*ids.places, *ids.buildings, *ids.returns], strict=True)]
    return rows.set_index("key")


@pytest.mark.parametrize(
    ("key", "role"),
    [((1, "hall"), "market"), ((2, "H"), "market"), ((1, "stall"), "unknown"), ((1, "centre"), "logistics"),
     ((3, "centre"), "logistics"), ((3, "back"), "logistics"), ((3, "two"), "unknown")],
)  # fmt: skip
def test_a_hall_is_a_market_and_where_goods_of_many_go_back_to_is_logistics(halls, key, role):
    assert halls.loc[[key], "role"].iloc[0] == role
    assert halls.loc[[key], "role_reason"].iloc[0]
