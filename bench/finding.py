"""How well suspected sources are found: planted marketplaces x difficulties x seeds x every baseline, as a table and JSON.

    python bench/finding.py                     the whole table (some minutes, one core)
    python bench/finding.py --only hard -n 2    one difficulty, two seeds
    python bench/finding.py --ablation          what each part of the finding is worth
    python bench/finding.py --reliability       what a stated probability is worth
    python bench/finding.py --temper            learn the tempering anew, on the tuning families only

The bench's marketplaces (family `ports`, seeds from 1000) are of a structure that nothing was tuned on; the tuning ones are
`bazaar` and `guilds`, seeds below 1000 (lib/headwater/evaluate/worlds.py).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
from scipy.stats import t as student

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from headwater.attribution.calibrate import learn_tempering, temper
from headwater.attribution.find import find
from headwater.evaluate import metrics
from headwater.evaluate.baselines import ABLATIONS, BASELINES, evidence, oracle
from headwater.evaluate.tables import market_of
from headwater.evaluate.worlds import BENCH_SEED, DIFFICULTIES, FAMILIES, World, make_world
from headwater.parameters.finding import FindParams, Tempering

Scores = dict[str, np.ndarray]
OURS = "Headwater"


def compared(world: World) -> Scores:
    """Score of every supplier by every method."""
    market, listing_shop = market_of(world)
    ground = evidence(market, listing_shop)
    count = market.suppliers
    scores = {name: rank(ground)[:count] for name, rank in BASELINES.items()}
    return scores | {OURS: find(market, listing_shop).score[:count], "oracle (EBGM)": oracle(world)}


def ablated(world: World) -> Scores:
    """Score of every supplier with one part of the finding taken away."""
    market, listing_shop = market_of(world)
    return {name: find(market, listing_shop, p).score[: market.suppliers] for name, p in ABLATIONS.items()}


def graded(world: World, scores: Scores) -> dict[str, dict[str, float]]:
    """Per method: average precision, P@20, recall@50 and honest sources in the top 50 that a paid complaint names."""
    sold = np.bincount(world.supplier, minlength=world.params.suppliers) > 0
    false = np.bincount(world.supplier[world.complaint_order[world.complaint_false]], minlength=len(sold)) > 0
    truth, framed = world.guilty[sold], (false & ~world.guilty)[sold]
    out = {}
    for name, score in scores.items():
        s = score[sold]
        out[name] = {
            "ap": metrics.average_precision(s, truth),
            "p20": metrics.precision_at(s, truth, 20),
            "recall50": metrics.recall_at(s, truth, 50),
            "framed_top_guilty": float(framed[metrics.ranking(s)[: int(truth.sum())]].sum()),
        }
    return out


def interval(values: list[float]) -> tuple[float, float]:
    """Mean and half width of its 95 % interval over seeds (Student)."""
    v = np.asarray(values)
    half = float(student.ppf(0.975, len(v) - 1) * v.std(ddof=1) / np.sqrt(len(v))) if len(v) > 1 else float("nan")
    return float(v.mean()), half


def table(score: Callable[[World], Scores], names: list[str], family: str, seeds: range) -> dict[str, Any]:
    """{difficulty: {method: {metric: [mean, half width]}}}, printed by average precision as it goes."""
    result: dict[str, Any] = {}
    for name in names:
        runs = [graded(w, score(w)) for w in (make_world(DIFFICULTIES[name], seed, family) for seed in seeds)]
        result[name] = {m: {k: interval([r[m][k] for r in runs]) for k in runs[0][m]} for m in runs[0]}
        click.echo(f"\n{name} ({family}, seeds {seeds.start}-{seeds.stop - 1})")
        click.echo(f"  {'method':32} {'AP':>13} {'P@20':>6} {'R@50':>6} {'framed':>6}")
        for method, row in sorted(result[name].items(), key=lambda kv: (-kv[1]["ap"][0], kv[0])):
            mean, half = row["ap"]
            rest = [row[k][0] for k in ("p20", "recall50", "framed_top_guilty")]
            click.echo(f"  {method:32} {mean:.3f} +- {half:.3f} {rest[0]:6.2f} {rest[1]:6.2f} {rest[2]:6.2f}")
    return result


def believed(
    names: list[str], families: tuple[str, ...], seeds: range
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """(log odds, guilty, discounter) of the suppliers of each marketplace."""
    for family in families:
        for name in names:
            for seed in seeds:
                world = make_world(DIFFICULTIES[name], seed, family)
                sold = np.bincount(world.supplier, minlength=world.params.suppliers) > 0
                score = find(*market_of(world)).score[: len(sold)]
                yield score[sold], world.guilty[sold], world.discounter[sold]


def reliability(names: list[str], family: str, seeds: range) -> dict[str, Any]:
    """Reliability of the published probability, printed; nothing is learnt here."""
    odds, guilty, discounter = (np.concatenate(v) for v in zip(*believed(names, (family,), seeds), strict=True))
    p = temper(odds, FindParams().tempering)
    bins = metrics.reliability(p, guilty)
    for b in bins:
        stated = f"  {b.low:.2f}-{b.high:.2f} n={b.rows:5d} stated {b.mean_probability:.3f}"
        click.echo(f"{stated} true {b.share_true:.3f} [{b.share_low:.3f}, {b.share_high:.3f}]")
    accused = int((discounter & (p >= 0.9)).sum())
    click.echo(
        f"  Brier {metrics.brier(p, guilty):.4f}  log loss {metrics.log_loss(p, guilty):.4f}  discounters at .9: {accused}"
    )
    return {"bins": [vars(b) for b in bins], "brier": metrics.brier(p, guilty), "discounters": accused}


def learnt(names: list[str], seeds: range) -> Tempering:
    """The tempering from the tuning families."""
    odds, guilty, _ = (np.concatenate(v) for v in zip(*believed(names, ("bazaar", "guilds"), seeds), strict=True))
    return learn_tempering(odds, guilty, f"bazaar and guilds, seeds {seeds.start}-{seeds.stop - 1}, {', '.join(names)}")


@click.command(help=__doc__)
@click.option("--only", multiple=True, type=click.Choice(list(DIFFICULTIES)), help="Difficulties; all if none.")
@click.option("-n", "--seeds", default=5, show_default=True, help="Seeds per difficulty.")
@click.option("--family", default="ports", type=click.Choice(list(FAMILIES)), show_default=True)
@click.option("--ablation", "mode", flag_value="ablation", help="One part of the finding taken away at a time.")
@click.option("--reliability", "mode", flag_value="reliability", help="Stated probability against the truth.")
@click.option("--temper", "mode", flag_value="temper", help="Learn the tempering on the tuning families.")
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="Write the numbers here too.")
def main(only: tuple[str, ...], seeds: int, family: str, mode: str | None, out: Path | None) -> None:
    """Run the chosen table and write it."""
    names = list(only) or list(DIFFICULTIES)
    first = BENCH_SEED if family == "ports" else 0
    span = range(first, first + seeds)
    if mode == "temper":
        result: Any = learnt(names, range(seeds)).model_dump()
        click.echo(json.dumps(result, indent=1))
    elif mode == "reliability":
        result = reliability(names, family, span)
    else:
        result = table(ablated if mode == "ablation" else compared, names, family, span)
    if out:
        out.write_text(json.dumps(result, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
