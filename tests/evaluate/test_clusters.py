"""Operators on small planted marketplaces: what a change of the rules may not cost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from headwater.evaluate.clusters import Planted, methods, planted, scores
from headwater.parameters.graph import Hubs, Operators
from headwater.synthetic.params import MarketplaceParams

SMALL = {"shops": 600, "suppliers": 100, "guilty": 8, "orders": 1_000, "seed": 101}
OPEN = {"shared_payee": 0.95, "shared_phone": 0.9, "shared_return": 0.9}


def world(preset: str, **dials: Any) -> Planted:
    return planted(MarketplaceParams.preset(preset, **SMALL, **dials))


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


def test_planted_agents_cost_less_than_two_points_of_precision(nuisance: Planted) -> None:
    ours = judged(nuisance)["core, then members"]["pairwise precision"]
    without = judged(world("demo", agent_phones=0.0))["core, then members"]["pairwise precision"]
    assert without - ours < 0.02 + 1e-9


def test_what_is_findable_is_the_truth_cut_where_nothing_ties(nuisance: Planted) -> None:
    label, _ = methods(nuisance, Hubs(), Operators())["findable"]
    pairs = np.unique(np.column_stack([label, nuisance.operator]), axis=0)
    assert len(pairs) == len(np.unique(label))
