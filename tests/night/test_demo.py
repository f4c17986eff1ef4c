"""What the README promises, typed as its reader would: the demo, its commands, its ranking, and spark-submit to a cluster."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from headwater import machine
from headwater.attribution import gamma_poisson
from headwater.evaluate.metrics import average_precision
from headwater.store import PublishedReader
from headwater.tables.published import SHOPS, SOURCES

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
NIGHT = re.search(r"^NIGHT := (\S+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M).group(1)  # type: ignore[union-attr]
pytestmark = pytest.mark.slow


def headwater(folder: Path, words: str) -> subprocess.CompletedProcess[str]:
    """Run a headwater command in `folder`; it must end well."""
    command = [sys.executable, "-m", "headwater.cli", *shlex.split(words)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"headwater {words}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the commands of `make run` were typed."""
    folder = tmp_path_factory.mktemp("demo")
    shutil.copytree(ROOT / "conf", folder / "conf")
    recipe = re.search(r"^run:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    assert recipe
    for line in recipe.group(1).splitlines():
        headwater(folder, line.strip().removeprefix("$(BIN)/headwater ").replace("$(NIGHT)", NIGHT))
    return folder


def test_every_command_of_the_readme_runs(demo):
    commands = re.findall(r"^    \.venv/bin/headwater (.+)$", README, re.M)
    assert len(commands) >= 6
    for words in commands:
        if not words.startswith("run "):  # the fixture has run it
            assert headwater(demo, words).stdout.strip()
    assert f"run --night {NIGHT} --config conf/local.toml" in commands
    makes = re.findall(r"^    make (\w+)", README, re.M)
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    assert {"run", "test"} <= set(makes) <= set(targets)


def test_every_link_of_the_readme_leads_somewhere():
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_demo_shows_ten_suspects_each_and_why(demo):
    told = headwater(demo, "show --config conf/local.toml").stdout
    assert "Suspected sources" in told
    assert "Shops by complaints over expected" in told
    whole = re.findall(r"^ +\d+ +[SDBRL][0-9a-f]{16} .* (?:>0\.999|0\.\d{3}) +[+-]\d+\.\d ", told, re.M)
    assert len(whole) == 10, "every number is shown whole"
    why = re.search(r"headwater (show source \S+ --set \S+)", told)
    assert why
    evidence = headwater(demo, why.group(1)).stdout
    assert "Evidence for" in evidence
    assert "Evidence against" in evidence
    shop = re.findall(r"^ +1 +(S\d+)", told, re.M)[-1]
    assert f"Shop {shop}" in headwater(demo, f"show shop {shop} --config conf/local.toml").stdout


def test_the_nights_ranking_finds_guilty_suppliers_better_than_every_simpler_one(demo, record_property):
    """Average precision over the suppliers that orders can name, on the demo of `make run`.

    Unweighted, a supplier gets all complaints and orders of every shop that a declared link ties to it."""
    truth = pd.read_parquet(demo / "demo" / "truth" / "sources.parquet")
    nameable = truth[~truth["unlisted"] & truth["supplier_id"].notna()].groupby("supplier_id")["guilty"].any()
    reader = PublishedReader(str(demo / "demo" / "lake"))
    sources = reader.read(SOURCES).to_pandas().query("type == 'supplier'")
    shares = sources.set_index(sources["members"].str[0]).reindex(nameable.index)
    shops = _linked_shops(demo, reader).reindex(nameable.index).fillna(0)
    observed, expected = shops["observed"].to_numpy(), shops["expected"].to_numpy()
    mixture = gamma_poisson.fit(*gamma_poisson.squash(observed, expected))
    scores = {
        "complaint count": shops["complaints"],
        "raw rate": shops["complaints"] / shops["orders"].clip(lower=1),
        "EB05": pd.Series(gamma_poisson.quantile(mixture, observed, expected, 0.05)),
        "share-weighted count": shares["complaints"],
        "share-weighted rate": shares["complaints"] / shares["orders"],
        "share-weighted EB05": shares["lift_low"],
        "spike and slab (the night)": shares["log_odds"].fillna(-np.inf),
    }
    guilty = nameable.to_numpy(dtype=bool)
    precision = {name: average_precision(score.fillna(0).to_numpy(), guilty) for name, score in scores.items()}
    told = [f"average precision over {len(guilty)} suppliers, {guilty.sum()} guilty:"]
    told += [f"  {name:<26} {value:.3f}" for name, value in precision.items()]
    record_property("told", "\n".join(told))
    best = precision.pop("spike and slab (the night)")
    assert best > max(precision.values())


def _linked_shops(demo: Path, reader: PublishedReader) -> pd.DataFrame:
    """By supplier: orders, complaints, observed and expected of all shops that declare a link to it."""
    sums = ["orders", "complaints", "observed", "expected"]
    shops = reader.read(SHOPS).to_pandas().set_index("seller_id")[sums]
    links = pd.concat(pd.read_csv(f) for f in (demo / "demo" / "landing" / "supplier_links").glob("*.csv"))
    pairs = links[["seller_id", "supplier_id"]].drop_duplicates().join(shops, on="seller_id", how="inner")
    return pairs.groupby("supplier_id")[sums].sum()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A standalone Spark cluster on loopback, one worker of two cores: its master's address."""
    import pyspark

    home = Path(pyspark.__file__).parent
    work = tmp_path_factory.mktemp("cluster")
    machine.prepare_environment()
    environment = {**os.environ, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_DAEMON_MEMORY": "512m"}
    environment["SPARK_WORKER_WEBUI_PORT"] = str(_free_port())
    port, ui = _free_port(), _free_port()
    deploy = [str(home / "bin" / "spark-class"), "org.apache.spark.deploy"]
    master = f"spark://127.0.0.1:{port}"
    starts = [
        [deploy[0], f"{deploy[1]}.master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", str(ui)],
        [
            deploy[0],
            f"{deploy[1]}.worker.Worker",
            *f"--host 127.0.0.1 --cores 2 --memory 2g -d {work} {master}".split(),
        ],
    ]
    log = work / "log"
    with log.open("wb") as out:
        processes = [subprocess.Popen(s, env=environment, stdout=out, stderr=subprocess.STDOUT) for s in starts]
        try:
            _wait_for("Successfully registered with master", log)
            yield master
        finally:
            for process in processes:
                process.terminate()
                process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(words: str, log: Path, seconds: int = 120) -> None:
    for _ in range(seconds * 5):
        if words in log.read_text(errors="replace"):
            return
        time.sleep(0.2)
    raise AssertionError(log.read_text(errors="replace")[-2000:])


def test_spark_submit_runs_the_same_night_on_a_cluster(cluster, tiny_lake, tmp_path):
    """The README's two lines, with JARs that are here in place of --packages: the same digests as on one machine."""
    import pyspark

    zipped = re.search(r"^    (\(cd lib .+\))$", README, re.M)
    submit = re.search(r"^    (spark-submit .+\\\n.+)$", README, re.M)
    assert zipped
    assert submit
    for part in ("lib", "jobs", "conf"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    archive = shutil.make_archive(str(tmp_path / "headwater"), "zip", tmp_path / "lib", "headwater")
    assert Path(archive).name in submit.group(1)
    home = Path(pyspark.__file__).parent
    words = shlex.split(submit.group(1).replace("\\\n", " "))
    packages = words.index("--packages")
    jars = ",".join(str(jar) for jar in machine.delta_jars())
    command = [str(home / "bin" / "spark-submit"), "--master", cluster, "--jars", jars]
    # What a small machine needs to be quick; it changes no row.
    quick = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
    settings = {
        "spark.executor.memory": "1g",
        "spark.sql.shuffle.partitions": "2",
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.driver.extraJavaOptions": quick,
        "spark.executor.extraJavaOptions": quick,
        "spark.ui.enabled": "false",
    }
    command += [part for name, value in settings.items() for part in ("--conf", f"{name}={value}")]
    command += [w for w in words[packages + 2 :] if w != "spark-submit"]
    command += ["--set", f"paths.landing={tiny_lake.paths.landing}", "--set", f"paths.lake={tmp_path / 'lake'}"]
    command += [
        "--set",
        f"money.rates={_toml(tiny_lake.money.rates)}",
        "--set",
        f"strata.root_rate={tiny_lake.strata.root_rate}",
    ]
    command += ["--set", "intake.multi_line=true"]
    environment = {**os.environ, "SPARK_HOME": str(home), "PYSPARK_PYTHON": sys.executable, "PYTHONPATH": ""}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    here, there = PublishedReader(tiny_lake.paths.lake), PublishedReader(str(tmp_path / "lake"))
    night = here.nights[-1]
    assert {t: r["digest"] for t, r in there.publication(night).items()} == {
        t: r["digest"] for t, r in here.publication(night).items()
    }


def _toml(values: dict[str, float]) -> str:
    return "{" + ", ".join(f"{name} = {json.dumps(value)}" for name, value in values.items()) + "}"
