"""What is wrong with a machine or configuration, and how to repair it."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlparse

from headwater import machine, tokens
from headwater.config import Config
from headwater.errors import HeadwaterError
from headwater.feeds import FEEDS, TABLE_NAME
from headwater.store import absolute

LEAST_MEMORY_GB = 3.0
LEAST_DISK_GB = 2.0
PINNED = {"pyspark": "4.2.0", "delta-spark": "4.4.0"}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: whether it is good, and how to repair it if not."""

    what: str
    good: bool
    detail: str
    repair: str = ""


def examine(config: Config) -> list[Finding]:
    """Java, Delta's JARs, versions, memory, disk, key, write access and feeds, in that order; starts no Spark."""
    steps: tuple[Callable[[Config], list[Finding]], ...] = (_java, _jars, _packages, _memory, _key, _lake, _feeds)
    return [finding for step in steps for finding in step(config)]


def _java(_: Config) -> list[Finding]:
    try:
        home = machine.java_home()
    except HeadwaterError as error:
        return [Finding("Java", False, "none that fits", str(error))]
    return [Finding("Java", True, f"{machine.java_version(home / 'bin' / 'java')} in {home}")]


def _jars(_: Config) -> list[Finding]:
    repair = "`make setup` fetches them once; or put them there by hand"
    faults = {c: machine.jar_fault(c) for c in machine.DELTA_JARS}
    return [
        Finding(f"JAR {c.split(':')[1]}", fault is None, fault or str(machine.jar_path(c)), repair)
        for c, fault in faults.items()
    ]


def _packages(_: Config) -> list[Finding]:
    found = {name: _installed(name) for name in PINNED}
    return [
        Finding(name, found[name] == version, found[name], f"pip install {name}=={version}: the JARs are built for it")
        for name, version in PINNED.items()
    ]


def _installed(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "is not installed"


def _memory(_: Config) -> list[Finding]:
    have = machine.memory_gb()
    return [
        Finding(
            "memory",
            have >= LEAST_MEMORY_GB,
            f"{have:.1f} GiB, {machine.cores()} cores",
            f"a night needs {LEAST_MEMORY_GB:.0f} GiB or more: use a larger machine, or spark-submit to a cluster",
        )
    ]


def _key(config: Config) -> list[Finding]:
    try:
        tokens.load_key(config)
    except HeadwaterError as error:
        return [Finding("token key", False, "none", str(error))]
    file = Path(config.tokens.key_file)
    if config.tokens.key_file and file.is_file() and file.stat().st_mode & 0o077:
        return [Finding("token key", False, f"{file} can be read by others", f"chmod 600 {file}")]
    return [Finding("token key", True, "is set")]


def _lake(config: Config) -> list[Finding]:
    if config.paths.catalog or urlparse(config.paths.lake).scheme not in ("", "file"):
        return [Finding("lake", True, f"{config.paths.catalog or config.paths.lake} (not local; a run will tell)")]
    root = Path(urlparse(absolute(config.paths.lake)).path)
    probe = root
    try:
        while not probe.exists():
            probe = probe.parent
        test = probe / ".headwater-write-test"
        test.touch()
        test.unlink()
    except OSError as error:
        return [Finding("lake", False, f"{root}: {error.strerror}", "give this user write access, or set paths.lake")]
    free = shutil.disk_usage(probe).free / 2**30
    return [
        Finding("lake", free >= LEAST_DISK_GB, f"{root}, {free:.0f} GiB free", "free some space, or set paths.lake")
    ]


def _feeds(config: Config) -> list[Finding]:
    findings = []
    for feed in FEEDS.values():
        address = config.feed_path(feed.name)
        is_name = re.match(TABLE_NAME, address) and not Path(address).exists()
        if urlparse(address).scheme not in ("", "file") or is_name:
            findings.append(
                Finding(f"feed {feed.name}", True, f"{address} (not local; `headwater validate` will tell)")
            )
            continue
        root = Path(urlparse(absolute(address)).path)
        files = sum(1 for p in root.rglob("*") if p.is_file()) if root.is_dir() else 0
        repair = f"set paths.landing, or path in [feeds.{feed.name}]; `make run` plants a marketplace in demo/"
        findings.append(
            Finding(f"feed {feed.name}", files > 0 or not feed.required, f"{address}: {files} files", repair)
        )
    return findings
