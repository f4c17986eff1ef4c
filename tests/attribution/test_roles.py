"""Roles: few brands make a producer, many a distributor; many suppliers and shops a warehouse; little seen, nothing said."""

import pandas as pd
import pytest

from headwater.attribution.find import find
from headwater.attribution.roles import effective, roles
from headwater.parameters.attribution import Roles

from .windows import window


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
    return broad, roles(gathered, find(gathered.market, gathered.listing_shop), broad, Roles()).assign(
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
