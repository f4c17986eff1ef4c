"""One run at a time a lake: a file made only if absent, with who holds it; a dead holder's lock is taken over."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from headwater.errors import LockedError

NAME = "_run.lock"


@contextmanager
def held(spark: Any, lake_root: str, run_id: str) -> Iterator[None]:
    """Hold the lake for this run. Raises LockedError that names the holder while another process that lives has it.

    The file is made by the store's create-if-absent: exclusive on local disks and HDFS; on S3 treat a lake as having one writer."""
    jvm = spark._jvm
    place = jvm.org.apache.hadoop.fs.Path(f"{lake_root}/{NAME}")
    system = place.getFileSystem(spark._jsc.hadoopConfiguration())
    mine = {"run_id": run_id, "host": socket.gethostname(), "pid": os.getpid()}
    if not _create(system, place, mine):
        holder = _holder(system, place)
        if holder and not _is_dead(holder):
            raise LockedError(
                f"{place}: run {holder['run_id']} on {holder['host']} (process {holder['pid']}) is writing to this lake; "
                "wait for it, or remove that file if you know that it is gone"
            )
        system.delete(place, False)
        if not _create(system, place, mine):
            raise LockedError(f"{place}: another run took the lake at this moment; try again")
    try:
        yield
    finally:
        system.delete(place, False)


def _create(system: Any, place: Any, content: dict[str, Any]) -> bool:
    from py4j.protocol import Py4JJavaError

    try:
        stream = system.create(place, False)
    except Py4JJavaError as error:
        if "AlreadyExists" in error.java_exception.getClass().getName():
            return False
        raise
    stream.write(bytearray(json.dumps(content).encode()))
    stream.close()
    return True


def _holder(system: Any, place: Any) -> dict[str, Any] | None:
    from py4j.protocol import Py4JJavaError

    try:
        stream = system.open(place)
    except Py4JJavaError as error:
        if "FileNotFound" in error.java_exception.getClass().getName():
            return None  # released at this moment
        raise
    try:
        return dict(json.loads(bytes(stream.readAllBytes()).decode()))
    except ValueError:
        return None  # its writer died between making and filling the file
    finally:
        stream.close()


def _is_dead(holder: dict[str, Any]) -> bool:
    """True only where it can be known: a process of this very machine that is no more."""
    if holder.get("host") != socket.gethostname():
        return False
    pid = int(holder.get("pid", -1))
    if pid == os.getpid():
        return True
    return not Path(f"/proc/{pid}").exists() if Path("/proc").is_dir() else False
