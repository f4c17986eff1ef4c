"""How well suspected sources are found: planted marketplaces x difficulties x seeds x every baseline, as a table and JSON.

    python bench/finding.py -n 10 -j 2          the whole table, ten seeds, two processes
    python bench/finding.py --only hard -n 2    one difficulty, two seeds
    python bench/finding.py --ablation          what each part of the finding is worth
    python bench/finding.py --late              what buildings, return places and unknown supply are worth
    python bench/finding.py --reliability       what a stated probability is worth
    python bench/finding.py --temper            learn the tempering anew, on the tuning families only

The bench's marketplaces (family `ports`, seeds from 1000) are of a structure that nothing was tuned on; the tuning ones are
`bazaar` and `guilds`, seeds below 1000 (lib/headwater/evaluate/worlds.py).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import click
import numpy as np
from scipy.stats import t as student

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from headwater.attribution.calibrate import learn_tempering
from headwater.attribution.find import find
from headwater.attribution.sweeps import keep_to_one_core
from headwater.evaluate import metrics
from headwater.evaluate.attacks import framed, moved, without_paid
from headwater.evaluate.baselines import ABLATIONS, BASELINES, evidence, oracle
from headwater.evaluate.tables import market_of
from headwater.evaluate.worlds import BENCH_SEED, DIFFICULTIES, FAMILIES, World, make_world
from headwater.evaluate.worth import late_grades
from headwater.parameters.finding import LATE, CalibrationParams, Tempering

Scores = dict[str, np.ndarray]
Task = TypeVar("Task")
Done = TypeVar("Done")
OURS = "Headwater"


def compared(world: World) -> Scores:
    """Score of every supplier, then dispatch place, by every method; the oracle knows suppliers alone."""
    market, listing_shop = market_of(world)
    ground = evidence(market, listing_shop)
    scores = {name: rank(ground) for name, rank in BASELINES.items()}
    return scores | {OURS: find(market, listing_shop).score[: market.early], "oracle (EBGM)": oracle(world)}


def ours(world: World) -> Scores:
    """Score of every supplier and dispatch place by the finding alone."""
    market, listing_shop = market_of(world)
    return {OURS: find(market, listing_shop).score[: market.early]}


def ablated(world: World) -> Scores:
    """Score of every supplier and dispatch place with one part of the finding taken away."""
    market, listing_shop = market_of(world)
    return {name: find(market, listing_shop, p).score[: market.early] for name, p in ABLATIONS.items()}


MODES = {"compared": compared, "ablation": ablated, "ours": ours}
METRICS = ("ap", "p10", "p20", "p50", "r50", "framed", "moved", "places")


def graded(world: World, scores: Scores) -> dict[str, dict[str, float]]:
    """Per method: average precision, P@k, recall@50 and framed suppliers among the first as many as there are guilty ones; of the
    suppliers that somebody names and that nobody confirmed. `places`: average precision over the dispatch places that orders name.
    `moved`, of the finding alone (`run`): framed suppliers in the first 50 that would not be there without paid complaints."""
    sold = (np.bincount(world.supplier, minlength=world.params.suppliers) > 0) & ~world.hidden & ~world.confirmed
    truth, paid = world.guilty[sold], framed(world)[sold]
    used = np.bincount(world.place[world.place >= 0], minlength=world.places) > 0
    count = len(sold)
    return {
        name: {
            "ap": metrics.average_precision(score[:count][sold], truth),
            **{f"p{k}": metrics.precision_at(score[:count][sold], truth, k) for k in (10, 20, 50)},
            "r50": metrics.recall_at(score[:count][sold], truth, 50),
            "framed": float(paid[metrics.ranking(score[:count][sold])[: int(truth.sum())]].sum()),
            "moved": float("nan"),
            "places": metrics.average_precision(score[count:][used], world.guilty_places[used])
            if len(score) > count
            else float("nan"),
        }
        for name, score in scores.items()
    }


def run(task: tuple[str, str, str, int]) -> dict[str, dict[str, float]]:
    """The grades of one marketplace: (mode, difficulty, family, seed)."""
    mode, name, family, seed = task
    world = make_world(DIFFICULTIES[name], seed, family)
    scores = MODES[mode](world)
    rows = graded(world, scores)
    if mode == "compared":
        count = world.params.suppliers
        before = ours(without_paid(world))[OURS][:count]
        rows[OURS]["moved"] = float(moved(world, before, scores[OURS][:count]).sum())
    return rows


def interval(values: list[float]) -> tuple[float, float]:
    """Mean and half width of its 95 % interval over seeds (Student)."""
    v = np.asarray(values)
    half = float(student.ppf(0.975, len(v) - 1) * v.std(ddof=1) / np.sqrt(len(v))) if len(v) > 1 else float("nan")
    return float(v.mean()), half


def spread_out(work: Callable[[Task], Done], tasks: list[Task], jobs: int) -> Iterator[Done]:
    """Results in the order of the tasks, made by `jobs` processes of one thread each."""
    if jobs == 1:
        yield from map(work, tasks)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=keep_to_one_core) as pool:
        yield from pool.map(work, tasks)


def table(mode: str, names: list[str], family: str, seeds: range, jobs: int) -> dict[str, Any]:
    """{difficulty: {method: {metric: [mean, half width]}}}, printed by average precision as it goes."""
    result: dict[str, Any] = {}
    done = spread_out(run, [(mode, name, family, seed) for name in names for seed in seeds], jobs)
    for name in names:
        runs = [next(done) for _ in seeds]
        result[name] = {m: {k: interval([r[m][k] for r in runs]) for k in METRICS} for m in runs[0]}
        click.echo(f"\n{name} ({family}, seeds {seeds.start}-{seeds.stop - 1})")
        click.echo(f"  {'method':32} {'AP':>15}" + "".join(f"{k:>7}" for k in METRICS[1:]))
        for method, row in sorted(result[name].items(), key=lambda kv: (-kv[1]["ap"][0], kv[0])):
            mean, half = row["ap"]
            click.echo(f"  {method:32} {mean:.3f} +- {half:.3f} " + "".join(f"{row[k][0]:7.2f}" for k in METRICS[1:]))
    return result


def late(task: tuple[str, str, int]) -> dict[str, dict[str, float]]:
    """The late sources of one marketplace, by type: (difficulty, family, seed)."""
    name, family, seed = task
    world = make_world(DIFFICULTIES[name], seed, family)
    market, listing_shop = market_of(world)
    return late_grades(world, market, find(market, listing_shop))


def late_table(names: list[str], family: str, seeds: range, jobs: int) -> dict[str, Any]:
    """{difficulty: {type: {grade: mean over the seeds that have guilty ones of that type}}}, printed as it goes."""
    result: dict[str, Any] = {}
    done = spread_out(late, [(name, family, seed) for name in names for seed in seeds], jobs)
    for name in names:
        runs = [next(done) for _ in seeds]
        click.echo(
            f"\n{name} ({family}, seeds {seeds.start}-{seeds.stop - 1}): average precision, mean of marketplaces"
        )
        grades = {k: [r[k] for r in runs if k in r] for k in LATE}
        result[name] = {
            k: {g: float(np.mean([r[g] for r in rows])) for g in rows[0]} for k, rows in grades.items() if rows
        }
        for k, row in result[name].items():
            half = interval([r["ap"] for r in grades[k]])[1]
            click.echo(
                f"  {k:9} Headwater {row['ap']:.3f} +- {half:.3f}  EB05 {row['eb05']:.3f}  suppliers and places {row['others']:.3f}"
                f"  guilty {row['guilty']:.1f} of {row['sources']:.0f}  suspected {row['said']:.1f}, rightly {row['right']:.1f}"
            )
    return result


def believed(task: tuple[str, str, int]) -> tuple[np.ndarray, ...]:
    """(log odds, probability, guilty, discounter, held back for resting on one operator) of the suppliers of one marketplace:
    (difficulty, family, seed)."""
    name, family, seed = task
    world = make_world(DIFFICULTIES[name], seed, family)
    sold = (np.bincount(world.supplier, minlength=world.params.suppliers) > 0) & ~world.confirmed
    found = find(*market_of(world))
    odds, said, left = (of[: len(sold)][sold] for of in (found.odds, found.probability, found.left))
    held = (left < CalibrationParams().alone_from) & (said == CalibrationParams().alone_most)
    return odds, said, world.guilty[sold], world.discounter[sold], held


def reliability(names: list[str], family: str, seeds: range, jobs: int) -> dict[str, Any]:
    """Reliability of the published probability by difficulty and over all, printed; nothing is learnt here."""
    worlds = list(spread_out(believed, [(name, family, seed) for name in names for seed in seeds], jobs))
    result = {}
    for k, name in enumerate([*names, "all"]):
        some = worlds if name == "all" else worlds[k * len(seeds) : (k + 1) * len(seeds)]
        _, p, guilty, discounter, held = (np.concatenate(v) for v in zip(*some, strict=True))
        bins = metrics.reliability(p, guilty)
        sure = [b for b in bins if b.low >= 0.99]
        click.echo(f"{name} ({family}, seeds {seeds.start}-{seeds.stop - 1})")
        for b in bins if name == "all" else sure:
            stated = f"  {b.low:.2f}-{b.high:.2f} n={b.rows:5d} stated {b.mean_probability:.3f}"
            click.echo(f"{stated} true {b.share_true:.3f} [{b.share_low:.3f}, {b.share_high:.3f}]")
        accused = int((discounter & (p >= 0.9)).sum())
        result[name] = {
            "bins": [vars(b) for b in bins], "brier": metrics.brier(p, guilty), "log_loss": metrics.log_loss(p, guilty),
            "discounters": accused, "of_discounters": int(discounter.sum()),
        }  # fmt: skip
        click.echo(
            f"  Brier {result[name]['brier']:.4f}  log loss {result[name]['log_loss']:.4f}"
            f"  discounters at .9: {accused} of {int(discounter.sum())}"
            f"  held back: {int(held.sum())}, guilty {int(guilty[held].sum())}"
        )
    return result


def learnt(names: list[str], seeds: range, jobs: int) -> Tempering:
    """The tempering from the tuning families; what is held back is stated otherwise and teaches nothing."""
    tasks = [(name, family, seed) for family in ("bazaar", "guilds") for name in names for seed in seeds]
    odds, _, guilty, _, held = (np.concatenate(v) for v in zip(*spread_out(believed, tasks, jobs), strict=True))
    return learn_tempering(
        odds[~held], guilty[~held], f"bazaar and guilds, seeds {seeds.start}-{seeds.stop - 1}, {', '.join(names)}"
    )


def _spoken(value: Any) -> Any:
    """What JSON can say: null for a number that is none (the interval of one seed, what a mode does not measure)."""
    if isinstance(value, dict):
        return {name: _spoken(v) for name, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_spoken(v) for v in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


@click.command(help=__doc__)
@click.option("--only", multiple=True, type=click.Choice(list(DIFFICULTIES)), help="Difficulties; all if none.")
@click.option("-n", "--seeds", default=5, show_default=True, help="Seeds per difficulty.")
@click.option(
    "--from", "first", type=int, help="First seed; 1000 for the bench's family, 0 for the others, if not given."
)
@click.option("-j", "--jobs", default=1, show_default=True, help="Processes: marketplaces side by side.")
@click.option("--ours", "mode", flag_value="ours", help="The finding alone, without baselines: quick.")
@click.option("--family", default="ports", type=click.Choice(list(FAMILIES)), show_default=True)
@click.option("--ablation", "mode", flag_value="ablation", help="One part of the finding taken away at a time.")
@click.option("--late", "mode", flag_value="late", help="What late sources are worth, against the truth.")
@click.option("--reliability", "mode", flag_value="reliability", help="Stated probability against the truth.")
@click.option("--temper", "mode", flag_value="temper", help="Learn the tempering on the tuning families.")
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="Write the numbers here too.")
def main(
    only: tuple[str, ...], seeds: int, first: int | None, jobs: int, family: str, mode: str | None, out: Path | None
) -> None:
    """Run the chosen table and write it."""
    names = list(only) or list(DIFFICULTIES)
    start = first if first is not None else BENCH_SEED if family == "ports" else 0
    span = range(start, start + seeds)
    result: Any
    if mode == "temper":
        result = learnt(names, span if first is not None else range(seeds), jobs).model_dump()
        click.echo(json.dumps(result, indent=1))
    elif mode == "late":
        result = late_table(names, family, span, jobs)
    elif mode == "reliability":
        result = reliability(names, family, span, jobs)
    else:
        result = table(mode or "compared", names, family, span, jobs)
    if out:
        out.write_text(json.dumps(_spoken(result), indent=1, allow_nan=False), encoding="utf-8")


if __name__ == "__main__":
    main()
