"""How well shops are put together into operators on planted marketplaces, beside plain connected components.

python bench/operators.py             every marketplace, three seeds
python bench/operators.py --seeds 1   a look
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import click
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from headwater.evaluate.clusters import methods, planted, scores, with_agents
from headwater.parameters.graph import Hubs, Operators
from headwater.synthetic.params import MarketplaceParams

# Values as an operator that does not hide gives them: nearly every shop the operator's own.
OPEN = {"shared_payee": 0.95, "shared_phone": 0.9, "shared_return": 0.9}
WORLDS: dict[str, tuple[str, dict[str, Any]]] = {
    "clean values": ("clean", OPEN),
    "clean values, operators that hide": ("clean", {}),
    "every nuisance": ("demo", {}),
    "every nuisance, no agents": ("demo", {"agent_phones": 0.0}),
    "every nuisance, no 3PL, halls, centres": (
        "demo",
        {"third_party": 0.0, "market_halls": 0.0, "hall_shops": 0.0, "return_centres": 0.0},
    ),
    "a third with agents' phones": ("demo", {"agent_phones": 0.3, "return_centres": 0.5}),
    "300 shops": ("demo", {"shops": 300, "suppliers": 60, "guilty": 6}),
    "20 small agents": ("demo", {"agents": 20}),
    "100 agents of two clients": ("demo", {"agents": 100}),
    "8,000 shops": ("demo", {"shops": 8_000, "suppliers": 1_600, "guilty": 120}),
    "large operators": ("demo", {"large_operators": 12}),
    "large operators, clean values": ("clean", OPEN | {"large_operators": 12}),
    "small warehouses": ("demo", {}),
    "payment agents": ("demo", {}),
}
# What the planted marketplace has no dial for: values that so many strangers share, each group its own.
WAREHOUSE = ("phone", "unit_address", "contact_address")
AGENTS: dict[str, tuple[tuple[str, ...], list[int]]] = {
    "small warehouses": (WAREHOUSE, [3, 3, 3, 3, 4, 4, 4, 5, 5, 6, 8, 10]),
    "payment agents": (("payee_id",), [5, 5, 6, 6, 8, 10, 12, 20, 40]),
}

SHOWN = ("pairwise recall", "B-cubed precision", "B-cubed recall")


@click.command()
@click.option("--seeds", default=3, show_default=True, type=click.IntRange(1))
@click.option("--only", default="", help="Marketplaces whose name holds this.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def main(seeds: int, only: str, as_json: bool) -> None:
    """Mean over seeds; precision also as its worst."""
    if not as_json:
        click.echo(
            "| marketplace | method | pairwise precision (worst) | recall | B-cubed precision | recall | largest | hubs | s |"
        )
        click.echo("|---|---|---|---|---|---|---|---|---|")
    for name, (preset, dials) in WORLDS.items():
        if only not in name:
            continue
        rows: dict[str, list[dict[str, float]]] = {}
        for seed in range(101, 101 + seeds):
            world = planted(MarketplaceParams.preset(preset, **dials, seed=seed, orders=1_000))
            if name in AGENTS:
                world = with_agents(world, *AGENTS[name], seed, alike=True)
            start = time.monotonic()
            for method, (label, hubs) in methods(world, Hubs(), Operators()).items():
                rows.setdefault(method, []).append(scores(label, world.operator) | {"hubs": hubs})
            seconds = time.monotonic() - start
        for method, found in rows.items():
            mean = {key: float(np.mean([row[key] for row in found])) for key in found[0]}
            worst = min(row["pairwise precision"] for row in found)
            if as_json:
                click.echo(json.dumps({"marketplace": name, "method": method, "worst": worst, **mean}))
                continue
            precision = f"{mean['pairwise precision']:.3f} ({worst:.3f})"
            cells = [name, method, precision, *(f"{mean[key]:.3f}" for key in SHOWN), f"{mean['largest']:.0f}"]
            click.echo("| " + " | ".join([*cells, f"{mean['hubs']:.0f}", f"{seconds:.1f}"]) + " |")


if __name__ == "__main__":
    main()
