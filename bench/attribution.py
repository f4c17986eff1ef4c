"""How fast sources are told from complaints: sweeps a second, seconds to convergence and memory at 1, 10 and 50 million edges.

    python bench/attribution.py                        1, 10 and 50 million edges (50 with 16 GB of memory)
    python bench/attribution.py --millions 50          50 million
    python bench/attribution.py --millions 1 --json out.json
    python bench/attribution.py --millions 1 --executors   the fit on Spark's executors too, as above graph.driver_edges

An *edge* is a non-zero of the share matrix in a cell with complaints: one complaint's goods may have come from that source. The
limit that a sweep is held against is one product of the same matrix with a vector by scipy (one core). The marketplace: sources
of power-law size, two to five possible sources a cell of orders, 3 % of the sources guilty at 20 times the base rate; complaints
are drawn from the model. Seconds of processor time stand beside seconds by the clock, for other processes take the latter; `load` is
how many processes wanted a core in the minute before. The peak is of the whole process, the drawing of the marketplace included.
With --executors the same cells are fitted by the other engine, in a local session: seconds, and the largest difference of a ln
Bayes factor, which must be below 1e-6.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click
import numpy as np
import scipy.sparse as sp

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from headwater import config as configuration
from headwater import session
from headwater.attribution.cells import Cells
from headwater.attribution.spike_slab import SourceFit, fit
from headwater.attribution.spread import fit_spread
from headwater.attribution.sweeps import LocalSweep, cores
from headwater.parameters.finding import SpikeSlabParams


def planted(edges: int, seed: int = 0) -> tuple[Cells, np.ndarray]:
    """Cells with complaints and some `edges` non-zeros, drawn from the model, and who is guilty; one source per hundred edges."""
    rng = np.random.default_rng(seed)
    sources = max(edges // 100, 10)
    size = rng.permutation((np.arange(sources) + 10.0) ** -0.8)
    ends = np.cumsum(size) / size.sum()
    guilty = rng.random(sources) < 0.03
    phi = np.where(guilty, LIFT, 0.0)
    expected = 1.0 / (1.0 + LIFT)  # complaints of a cell of orders at the base rate: the likeliest cell has one
    exposure, orders, parts, found = np.zeros(sources), 0, [], 0
    while found < edges:
        per = rng.integers(2, 6, 200_000)
        row = np.repeat(np.arange(len(per)), per)
        source = np.minimum(np.searchsorted(ends, rng.random(len(row))), sources - 1)
        share = rng.random(len(row)) + 0.1
        share /= np.bincount(row, weights=share)[row]
        rate = expected * (1.0 + np.bincount(row, weights=share * phi[source]))
        exposure += expected * np.bincount(source, weights=share, minlength=sources)
        orders += len(per)
        shares = sp.csr_matrix((share, (row, source)), shape=(len(per), sources))
        parts.append(shares[rng.random(len(per)) < rate])
        found += parts[-1].nnz
    cells = sp.vstack(parts).tocsr()
    kind = (np.arange(sources) % 2).astype(np.int64)
    return Cells(np.ones(cells.shape[0]), cells, exposure, kind, orders * expected), guilty


LIFT = 20.0  # extra rate of a guilty source, in base rates


def best(work: Callable[[], object], times: int = 5) -> tuple[float, float]:
    """Seconds by the clock and of processor time, each the least of some runs."""
    clock, processor = [], []
    for _ in range(times):
        start, used = time.perf_counter(), time.process_time()
        work()
        clock.append(time.perf_counter() - start)
        processor.append(time.process_time() - used)
    return min(clock), min(processor)


def measured(millions: float, executors: bool) -> dict[str, float]:
    """The numbers of one size."""
    cells, guilty = planted(round(millions * 1e6))
    params = SpikeSlabParams()
    phibar = np.where(guilty, LIFT, 0.1)
    product, product_cpu = best(lambda: cells.shares @ phibar)
    one, one_cpu = best(partial(LocalSweep(cells, params).gains, phibar))
    start, used = time.perf_counter(), time.process_time()
    got = fit(cells, params)
    took, used = time.perf_counter() - start, time.process_time() - used
    return {
        "edges": cells.shares.nnz, "cells": cells.shares.shape[0], "sources": cells.shares.shape[1], "cores": cores(),
        "product_ms": 1e3 * product, "sweep_ms": 1e3 * one, "sweep_over_product": one / product,
        "product_cpu_ms": 1e3 * product_cpu, "sweep_cpu_ms": 1e3 * one_cpu,
        "sweeps": got.sweeps, "converged": got.converged, "fit_s": took,
        "fit_cpu_s": used, "recall": float((got.posterior[guilty] > 0.5).mean()),
        "load": os.getloadavg()[0],
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        **(by_executors(cells, params, got) if executors else {}),
    }  # fmt: skip


def by_executors(cells: Cells, params: SpikeSlabParams, local: SourceFit) -> dict[str, float]:
    """The same fit on a local session's executors: seconds, the first run of a fresh JVM included, and how far it is from `local`."""
    config = configuration.load(environment={})
    spark = session.start(config, "bench attribution")
    try:
        start = time.perf_counter()
        got = fit_spread(spark, cells, params, config.graph.task_edges)
        took = time.perf_counter() - start
    finally:
        spark.stop()
    apart = float(np.abs(got.ln_bf - local.ln_bf).max())
    if apart > 1e-6:
        raise click.ClickException(f"the engines differ by {apart:g} in a ln Bayes factor")
    return {"executors_s": took, "executors_sweeps": got.sweeps, "apart": apart}


def memory_gb() -> float:
    """Memory of the machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


@click.command(help=__doc__)
@click.option("--millions", multiple=True, type=float, help="Edges, in millions; 1, 10 and 50 if none is given.")
@click.option("--executors", is_flag=True, help="Fit on Spark's executors too.")
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="Write the numbers here too.")
def main(millions: tuple[float, ...], executors: bool, out: Path | None) -> None:
    """Measure and print, one line a size."""
    rows = []
    for size in millions or (1.0, 10.0, 50.0)[: 3 if memory_gb() >= 16 else 2]:
        rows.append(measured(size, executors))
        click.echo("  ".join(f"{k} {v:.4g}" for k, v in rows[-1].items()))
    if out:
        out.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
