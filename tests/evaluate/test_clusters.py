"""Operators on small planted marketplaces: what a change of the rules may not cost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from headwater.evaluate.clusters import Planted, methods, planted, scores, with_agents
from headwater.parameters.graph import Hubs, Operators
from headwater.synthetic.params import MarketplaceParams

SMALL = {"shops": 600, "suppliers": 100, "guilty": 8, "orders": 1_000, "seed": 101}
OPEN = {"shared_payee": 0.95, "shared_phone": 0.9, "shared_return": 0.9}


def world(preset: str, **dials: Any) -> Planted:
    return planted(MarketplaceParams.preset(preset, **{**SMALL, **dials}))


@pytest.fixture(scope="module")
def nuisance() -> Planted:
    return world("demo")


def judged(place: Planted) -> dict[str, dict[str, float]]:
    return {name: scores(label, place.operator) for name, (label, _) in methods(place, Hubs(), Operators()).items()}


def test_clean_values_give_precision_and_recall_above_95_percent() -> None:
    ours = judged(world("clean", **OPEN))["core, then members"]
    kinds = [f"{how} {what}" for how in ("pairwise", "B-cubed") for what in ("precision", "recall")]
    assert min(ours[kind] for kind in kinds) > 0.95


def test_with_every_nuisance_precision_stays_above_95_percent_where_plain_components_fail(nuisance: Planted) -> None:
    found = judged(nuisance)
    ours, plain = found["core, then members"], found["connected components"]
    assert ours["pairwise precision"] > 0.95
    assert ours["B-cubed precision"] > 0.95
    assert plain["pairwise precision"] < 0.8
    assert ours["pairwise recall"] > 0.9 * found["findable"]["pairwise recall"]


NOBODY: dict[str, Any] = dict.fromkeys(
    ("agent_phones", "third_party", "market_halls", "hall_shops", "return_centres", "direct", "drop_shippers"), 0.0
)
SHARED: dict[str, dict[str, Any]] = {
    "agents' phones": {"agent_phones": 0.2},
    "small agents": {"agent_phones": 0.2, "agents": 12},
    "third-party warehouses": {"third_party": 0.5},
    "market halls": {"market_halls": 0.1, "hall_shops": 0.2},
    "return centres": {"return_centres": 0.5},
}


@pytest.mark.parametrize("what", list(SHARED))
@pytest.mark.parametrize("seed", [101, 202])
def test_what_strangers_share_costs_less_than_two_points_of_precision_where_plain_components_lose_much(
    what: str, seed: int
) -> None:
    without, found = (judged(world("demo", **NOBODY | dials, seed=seed)) for dials in ({}, SHARED[what]))
    ours, plain = "core, then members", "connected components, any address"
    lost = {name: without[name]["pairwise precision"] - found[name]["pairwise precision"] for name in (ours, plain)}
    assert lost[plain] > 0.25
    assert lost[ours] < 0.02
    assert found[ours]["largest"] <= without[ours]["largest"] + 1


@pytest.mark.parametrize("seed", [101, 202])
@pytest.mark.parametrize(
    ("kinds", "clients"),
    [
        (("phone", "unit_address", "contact_address"), [3, 4, 5, 8, 10]),
        (("phone", "email"), [3, 4, 5, 8, 10]),
        (("payee_id",), [5, 8, 12, 20]),
    ],
)
def test_the_clients_of_small_agents_stay_strangers(kinds: tuple[str, ...], clients: list[int], seed: int) -> None:
    alone = world("demo", seed=seed)
    agents = with_agents(alone, kinds, clients, seed, alike=True)
    without, found = (judged(place) for place in (alone, agents))
    ours, plain = "core, then members", "connected components"
    assert found[plain]["pairwise precision"] < 0.6
    assert found[ours]["pairwise precision"] > max(0.95, without[ours]["pairwise precision"] - 0.02)
    assert found[ours]["pairwise recall"] > without[ours]["pairwise recall"] - 0.05


def test_what_is_findable_is_the_truth_cut_where_nothing_ties(nuisance: Planted) -> None:
    label, _ = methods(nuisance, Hubs(), Operators())["findable"]
    pairs = np.unique(np.column_stack([label, nuisance.operator]), axis=0)
    assert len(pairs) == len(np.unique(label))
