"""Shared by all tests: one Spark session in one JVM, sized for a small machine, with an event log that a test reads."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOKEN_KEY = "a-key-for-tests-0123456789abcdef"
os.environ["HEADWATER_TOKEN_KEY"] = TOKEN_KEY


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What a test has to tell beside that it passed (`record_property("told", ...)`), whichever worker ran it."""
    for report in (r for outcome in ("passed", "failed") for r in terminalreporter.getreports(outcome)):
        for name, text in report.user_properties:
            if name == "told" and report.when == "call":
                terminalreporter.write_line(text)


# Modules that take minutes, the longest first: one that began last would leave the other worker idle.
LONGEST = [
    "night/test_planted_nights.py",
    "night/test_nights.py",
    "night/test_out_of_order.py",
    "night/test_golden.py",
    "night/test_object_store.py",
    "night/test_demo.py",
    "night/test_verdicts_night.py",
    "nightly/test_sources_night.py",
    "nightly/test_operators_night.py",
    "test_notebooks.py",
    "night/test_olist.py",
    "landing/test_fuzz.py",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest modules first, the others in the order of their names."""
    place = {ROOT / "tests" / name: number for number, name in enumerate(LONGEST)}
    assert all(path.is_file() for path in place), "each is a module"
    items.sort(key=lambda item: place.get(item.path, len(place)))


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run of the tests see."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@contextmanager
def made_once(folder: Path) -> Iterator[bool]:
    """Whether the folder is to be filled; whoever asks meanwhile waits. What was begun and not ended is begun anew."""
    done = folder.with_suffix(".done")
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        yield not done.exists()
        done.touch()


@pytest.fixture(scope="session")
def event_log(shared: Path) -> Path:
    """The folder of the event logs of all workers' sessions."""
    return shared / "events"


@pytest.fixture(scope="session")
def spark(event_log: Path) -> Iterator[Any]:
    """The one session of all tests of a worker."""
    from headwater import config, session

    mine = event_log / os.environ.get("PYTEST_XDIST_WORKER", "alone")
    mine.mkdir(parents=True)
    settings = config.load(
        overrides=["session.small_nights=true", "session.driver_memory_gb=3", "session.shuffle_partitions=2"],
        environment={},
    )
    extra = {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": f"file:{mine}",
        "spark.eventLog.compress": "false",
        # Two workers share two cores, and plans are many and rows few: what the optimising compiler makes is hardly run.
        "spark.driver.defaultJavaOptions": "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=512m",
    }
    settings = settings.model_copy(update={"session": settings.session.model_copy(update={"spark": extra})})
    started = session.start(settings, "tests")
    yield started
    started.stop()


# One command a line.
PROGRAM = """
import json, sys
from headwater.cli import main
for line in sys.stdin:
    try:
        main(json.loads(line))
    except SystemExit as end:
        print(f"{sys.argv[1]}{end.code}", flush=True)
"""
ENDED = "ended with code "


class Prompt:
    """A process of its own in which commands are typed one after the other: a Java starts once a process, and is slow until it is
    warm."""

    def __init__(self, environment: dict[str, str], errors: Path) -> None:
        self.errors = errors
        paths = os.pathsep.join([str(ROOT / "lib"), *sys.path])
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, ENDED],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors.open("w"),
            text=True,
            env=environment | {"PYTHONPATH": paths},
        )

    def headwater(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command's code and what it said."""
        before = len(self.errors.read_text())
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        said = []
        for line in self.process.stdout:
            if line.startswith(ENDED):
                told = self.errors.read_text()[before:]
                return subprocess.CompletedProcess(words, int(line.removeprefix(ENDED)), "".join(said), told)
            said.append(line)
        raise AssertionError(self.errors.read_text()[-3000:])


@pytest.fixture(scope="session")
def new_prompt(tmp_path_factory: pytest.TempPathFactory) -> Callable[[dict[str, str]], Any]:
    """A `Prompt` with an environment, for as long as it is open."""

    @contextmanager
    def open_prompt(environment: dict[str, str]) -> Iterator[Prompt]:
        prompt = Prompt(environment, tmp_path_factory.mktemp("prompt") / "errors")
        try:
            yield prompt
        finally:
            prompt.process.kill()
            prompt.process.communicate()

    return open_prompt


@pytest.fixture
def rows_of(spark: Any) -> Callable[..., Any]:
    """(table, base row, overrides ...) -> a frame of that table: each row is the base row with its overrides."""

    def build(table: Any, base: dict[str, Any], *overrides: dict[str, Any]) -> Any:
        names = table.column_names
        return spark.createDataFrame([tuple({**base, **o}.get(n) for n in names) for o in overrides], table.schema())

    return build


def planted_night(spark: Any, root: Path, **market: Any) -> Any:
    """The configuration of the first night of a planted marketplace, run and published by the first worker that asks for it. No
    test writes there: others read it, in this worker or the next."""
    from headwater import config
    from headwater.nightly.run import run_night
    from headwater.synthetic import MarketplaceParams, synthesise

    settings = config.load(
        ROOT / "conf" / "local.toml",
        overrides=[f"paths.landing={root / 'landing'}", f"paths.lake={root / 'lake'}"],
        environment={},
    )
    with made_once(root) as wanted:
        if wanted:
            params = MarketplaceParams(**market)
            synthesise(root, params)
            run_night(spark, settings, params.night, lambda _written: None)
    return settings


@pytest.fixture(scope="session")
def small_lake(spark: Any, shared: Path) -> Any:
    """The configuration of one night of a small planted marketplace (20,000 order lines, 300 shops), run and published; read only."""
    market = {"orders": 20_000, "shops": 300, "suppliers": 60, "guilty": 6, "fake_rate": 0.15}
    return planted_night(spark, shared / "small", **market)


@pytest.fixture(scope="session")
def tiny_lake(spark: Any, shared: Path) -> Any:
    """As `small_lake`, of 1,000 order lines and 25 shops: where the statement is the same however many rows there are."""
    market = {"orders": 1_000, "shops": 25, "suppliers": 20, "guilty": 2, "fake_rate": 0.2, "days": 10}
    return planted_night(spark, shared / "tiny", **market)
