"""Connected components of 1 to 100 million edges: the two engines, and beside them what else one could use.

    python bench/components.py --millions 1,10 --shapes power,chains --work DIR

| engine | what runs |
|---|---|
| driver | `components` with everything on the driver: Spark reads, scipy finds |
| executors | `components` with nothing on the driver: contraction in rounds |
| handover | `components` contracting until a tenth of the edges is left, which the driver takes |
| loop | what one would write: the smallest label of the neighbours, by join and groupBy, until none changes; labels are checkpointed |
| networkx | reads the same files, builds a Graph |
| graphframes | `connectedComponents` of the JAR that --graphframes-jar names |

Every engine reads the same Parquet files of edges (src, dst: strings) and writes labels (id, component) as Parquet, in a process of
its own; the start of Spark is a column of its own. All get the same memory: the JVM's heap is --memory, and so is the limit on the
data of a process without a JVM. The labels of all must be the same rows, or the script ends with 1. An engine is stopped at --limit
seconds: its time is then a lower bound, `>`."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from headwater import machine
from night import Watch

ROOT = Path(__file__).resolve().parents[1]
ENGINES = ("driver", "executors", "handover", "loop", "networkx", "graphframes")
FILE = 1_000_000  # edges of a file
CHAIN = 20_000  # nodes of a chain


def names(numbers: Any) -> pa.Array:
    """Ids as marketplaces have them: their order says nothing about the graph."""
    scattered = (numbers.astype(np.uint64) * np.uint64(2654435761)) % np.uint64(2**32)
    return pc.binary_join_element_wise("shop-", pc.cast(pa.array(scattered), pa.string()), "")


def make(shape: str, edges: int, folder: Path) -> None:
    """Files of edges. power: both ends drawn with weight rank ^ -.7 among half as many nodes as edges. chains: of CHAIN nodes, shuffled."""
    if folder.exists():
        return
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    rng = np.random.default_rng(7)
    order = rng.permutation(edges) if shape == "chains" else None
    for part, start in enumerate(range(0, edges, FILE)):
        size = min(FILE, edges - start)
        if order is None:
            src, dst = (np.floor(edges / 2 * rng.random(size) ** (1 / 0.3)) for _ in range(2))
        else:
            edge = order[start : start + size]
            src = edge + edge // (CHAIN - 1)
            dst = src + 1
        pq.write_table(pa.table({"src": names(src), "dst": names(dst)}), partial / f"{part:04d}.parquet")
    partial.rename(folder)


# --- the engines; each writes its labels and says how many rounds it took, where it has any ---


def ours(spark: Any, folder: Path, out: Path, driver_edges: int) -> None:
    from headwater.graph.components import components
    from headwater.parameters.components import Graph

    edges = spark.read.parquet(str(folder))
    with components(edges, None, Graph(driver_edges=driver_edges), str(out.with_suffix(".scratch"))) as found:
        found.labels.write.parquet(str(out))


def loop(spark: Any, folder: Path, out: Path, said: Path) -> None:
    import pyspark.sql.functions as F

    edges = spark.read.parquet(str(folder))
    both = edges.unionByName(edges.select(F.col("dst").alias("src"), F.col("src").alias("dst"))).cache()
    labels = both.select(F.col("src").alias("id")).distinct().withColumn("label", F.col("id")).localCheckpoint()
    rounds, changed = 0, 1
    while changed:
        told = both.join(labels, both["src"] == labels["id"]).select(F.col("dst").alias("id"), "label")
        least = told.unionByName(labels).groupBy("id").agg(F.min("label").alias("label")).localCheckpoint()
        old = labels.withColumnRenamed("label", "old")
        changed = least.join(old, on="id").where("label <> old").count()
        labels = least
        rounds += 1
        said.write_text(str(rounds))
    labels.select("id", F.col("label").alias("component")).write.parquet(str(out))


def graphframes(spark: Any, folder: Path, out: Path) -> None:
    import pyspark.sql.functions as F

    edges = spark.read.parquet(str(folder))
    nodes = edges.select(F.explode(F.array("src", "dst")).alias("id")).distinct()
    spark.sparkContext.setCheckpointDir(str(out.with_suffix(".checkpoint")))
    frame = spark._jvm.org.graphframes.GraphFrame.apply(nodes._jdf, edges._jdf)
    from pyspark.sql import DataFrame

    found = DataFrame(frame.connectedComponents().run(), spark).cache()
    least = found.groupBy("component").agg(F.min("id").alias("least"))
    found.join(least, on="component").select("id", F.col("least").alias("component")).write.parquet(str(out))


def by_networkx(folder: Path, out: Path) -> None:
    import networkx as nx

    table = pq.read_table(folder)
    graph = nx.Graph(zip(table["src"].to_pylist(), table["dst"].to_pylist(), strict=True))
    rows = [(node, least) for part in nx.connected_components(graph) for least in [min(part)] for node in part]
    out.mkdir()
    pq.write_table(pa.table({"id": [r[0] for r in rows], "component": [r[1] for r in rows]}), out / "0.parquet")


def run_one(task: dict[str, Any]) -> dict[str, Any]:
    """Run one engine in this process: seconds and peak memory of its start and of itself."""
    folder, out, engine = Path(task["folder"]), Path(task["out"]), task["engine"]
    watch = Watch()
    if engine == "networkx":
        resource.setrlimit(resource.RLIMIT_DATA, (task["memory"] << 30,) * 2)
        with watch.stage("run"):
            by_networkx(folder, out)
    else:
        with watch.stage("start"):
            spark = session_of(task)
            spark.range(1).count()
        with watch.stage("run"):
            if engine == "loop":
                loop(spark, folder, out, out.with_suffix(".rounds"))
            elif engine == "graphframes":
                graphframes(spark, folder, out)
            else:
                ours(spark, folder, out, {"driver": 2**40, "executors": 0, "handover": task["edges"] // 10}[engine])
        spark.stop()
    return {name: {"seconds": stage.seconds, "peak_gb": stage.peak_gb} for name, stage in watch.stages.items()}


def session_of(task: dict[str, Any]) -> Any:
    """The session that a run would have, with the memory of the bench."""
    from headwater import config, session

    settings = config.load(overrides=[f"session.driver_memory_gb={task['memory']}"], environment={})
    spark = {"spark.local.dir": str(Path(task["out"]).parent)}
    if task["jar"]:
        jars = [*machine.delta_jars(), Path(task["jar"])]
        spark["spark.driver.extraClassPath"] = os.pathsep.join(str(jar) for jar in jars)
    update = {"master": task["master"], "spark": spark}
    return session.start(settings.model_copy(update={"session": settings.session.model_copy(update=update)}), "bench")


# --- what runs them ---


def alone(task: dict[str, Any], limit: float) -> dict[str, Any]:
    """One engine in a process group of its own, which ends at the limit (and twenty seconds for its start)."""
    command = [sys.executable, __file__, "--one", json.dumps(task)]
    log = Path(task["out"]).with_suffix(".log").open("w")
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True)
    try:
        told, _ = run.communicate(timeout=limit + 20)
    except subprocess.TimeoutExpired:
        os.killpg(run.pid, signal.SIGKILL)
        run.communicate()
        return {"stopped": limit}
    if run.returncode:
        lines = [line for line in Path(log.name).read_text().splitlines() if "Error" in line]
        return {"failed": lines[-1][:200] if lines else f"exit code {run.returncode}"}
    return dict(json.loads(told.splitlines()[-1]))


def fingerprint(out: Path) -> list[Any]:
    """Rows, components, and a hash of the labels that does not depend on their order."""
    import duckdb

    query = "SELECT count(*), count(DISTINCT component), bit_xor(hash(id, component))::VARCHAR FROM read_parquet(?)"
    return list(duckdb.execute(query, [f"{out}/*.parquet"]).fetchone() or ())


def measure(shape: str, edges: int, engines: list[str], options: dict[str, Any]) -> dict[str, Any]:
    """One graph through the engines."""
    work = options["work"]
    folder = work / f"{shape}-{edges}"
    make(shape, edges, folder)
    results: dict[str, Any] = {}
    for engine in engines:
        place = work / "run"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        task = {"engine": engine, "edges": edges, "folder": str(folder), "out": str(place / "labels")}
        task |= {key: options[key] for key in ("memory", "master", "jar")}
        result = alone(task, options["limit"])
        rounds = place / "labels.rounds"
        result |= {"rounds": int(rounds.read_text())} if rounds.exists() else {}
        result |= {"labels": fingerprint(place / "labels")} if "run" in result else {}
        results[engine] = result
        click.echo(f"  {shape} {edges:,} {engine}: {json.dumps(result)}", err=True)
        shutil.rmtree(place)
    found = {json.dumps(r["labels"]) for r in results.values() if "labels" in r}
    return {"shape": shape, "edges": edges, "engines": results, "same": len(found) < 2}


def seconds(result: dict[str, Any]) -> tuple[str, float] | None:
    """An engine's time and whether that is a bound."""
    if "run" in result:
        return "", result["run"]["seconds"]
    return (">", result["stopped"]) if "stopped" in result else None


def show(graphs: list[dict[str, Any]]) -> None:
    """A block a graph: seconds, start of Spark apart, memory, rounds, and how many times faster than the loop."""
    for graph in graphs:
        click.echo(f"\n{graph['shape']}, {graph['edges']:,} edges")
        click.echo(f"  {'engine':<12}{'seconds':>10}{'start':>8}{'peak GiB':>10}{'rounds':>8}{'x loop':>9}  labels")
        against = seconds(graph["engines"].get("loop", {}))
        for name, result in graph["engines"].items():
            took = seconds(result)
            told = f"{took[0]}{took[1]:.1f}" if took else "failed"
            start = f"{result['start']['seconds']:.1f}" if "start" in result else ""
            peak = f"{result['run']['peak_gb']:.1f}" if "run" in result else ""
            times = f"{against[0]}{against[1] / took[1]:.1f}" if against and took and not took[0] else ""
            note = str(result.get("labels", result.get("failed", "stopped")))
            click.echo(f"  {name:<12}{told:>10}{start:>8}{peak:>10}{result.get('rounds', ''):>8}{times:>9}  {note}")
        click.echo("  the labels of all engines are the same" if graph["same"] else "  THE LABELS DIFFER")


@click.command()
@click.option("--millions", default="1", show_default=True, help="Sizes in millions of edges, by commas.")
@click.option("--shapes", default="power,chains", show_default=True)
@click.option("--engines", default=",".join(ENGINES[:5]), show_default=True)
@click.option("--memory", default=6, show_default=True, help="GiB for each engine.")
@click.option("--limit", default=1200.0, show_default=True, help="Seconds after which an engine is stopped.")
@click.option("--master", default="", help="Spark master, e.g. local-cluster[2,1,4096]; default: all cores here.")
@click.option("--graphframes-jar", "jar", default="", help="Path of GraphFrames' JAR; adds that engine.")
@click.option("--work", type=click.Path(file_okay=False, path_type=Path), default=ROOT / "out" / "bench_components")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of the table.")
@click.option("--one", hidden=True, help="JSON of one measurement, to be made in this process.")
def main(millions: str, shapes: str, engines: str, one: str | None, as_json: bool, **options: Any) -> None:
    """Measure connected components; exit 1 if engines disagree."""
    if one:
        click.echo(json.dumps(run_one(json.loads(one))))
        return
    wanted = engines.split(",") + (["graphframes"] if options["jar"] and "graphframes" not in engines else [])
    if unknown := set(wanted) - set(ENGINES):
        raise click.UsageError(f"--engines: {', '.join(sorted(unknown))} are none of {', '.join(ENGINES)}")
    options["work"] = options["work"].absolute()
    options["work"].mkdir(parents=True, exist_ok=True)
    setting = {"cores": machine.cores(), "memory_gb": machine.memory_gb(), **{k: str(v) for k, v in options.items()}}
    click.echo(f"configuration: {json.dumps(setting)}", err=True)
    sizes = [round(float(text) * 1e6) for text in millions.split(",")]
    graphs = [measure(shape, edges, wanted, options) for edges in sizes for shape in shapes.split(",")]
    click.echo(json.dumps({"configuration": setting, "graphs": graphs}, indent=2)) if as_json else show(graphs)
    if not all(graph["same"] for graph in graphs):
        sys.exit(1)


if __name__ == "__main__":
    main()
