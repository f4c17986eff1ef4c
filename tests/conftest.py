"""Shared by all tests: one Spark session in one JVM, sized for a small machine, with an event log that a test reads."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
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


@pytest.fixture(scope="session")
def event_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the shared session's event log."""
    return tmp_path_factory.mktemp("events")


@pytest.fixture(scope="session")
def spark(event_log: Path) -> Iterator[Any]:
    """The one session of all tests."""
    from headwater import config, session

    settings = config.load(
        overrides=["session.small_nights=true", "session.driver_memory_gb=3", "session.shuffle_partitions=2"],
        environment={},
    )
    extra = {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": f"file:{event_log}",
        "spark.eventLog.compress": "false",
        # Two workers share two cores, and plans are many and rows few: what the optimising compiler makes is hardly run.
        "spark.driver.defaultJavaOptions": "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=512m",
    }
    settings = settings.model_copy(update={"session": settings.session.model_copy(update={"spark": extra})})
    started = session.start(settings, "tests")
    yield started
    started.stop()


@pytest.fixture
def rows_of(spark: Any) -> Callable[..., Any]:
    """(table, base row, overrides ...) -> a frame of that table: each row is the base row with its overrides."""

    def build(table: Any, base: dict[str, Any], *overrides: dict[str, Any]) -> Any:
        names = table.column_names
        return spark.createDataFrame([tuple({**base, **o}.get(n) for n in names) for o in overrides], table.schema())

    return build


@pytest.fixture(scope="session")
def small_lake(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The configuration of one night of a small planted marketplace (20,000 order lines, 300 shops), run and published."""
    from headwater import config
    from headwater.nightly.run import run_night
    from headwater.synthetic import MarketplaceParams, synthesise

    root = tmp_path_factory.mktemp("small")
    params = MarketplaceParams(orders=20_000, shops=300, suppliers=60, guilty=6, fake_rate=0.15)
    synthesise(root, params)
    settings = config.load(
        ROOT / "conf" / "local.toml",
        overrides=[f"paths.landing={root / 'landing'}", f"paths.lake={root / 'lake'}"],
        environment={},
    )
    run_night(spark, settings, params.night, lambda _written: None)
    return settings
