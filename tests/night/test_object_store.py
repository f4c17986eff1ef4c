"""A night whose feeds and lake are in an object store: an S3 server on loopback, as the README's settings address one."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from headwater.store import PublishedReader, read_rows
from headwater.tables.ops import FILES
from headwater.tables.published import SHOPS

ROOT = Path(__file__).resolve().parents[2]
BUCKET = "market"
# What a cluster's image has: the connector, and of the AWS SDK only what it uses (the bundle weighs 686 MB).
SDK = "software.amazon.awssdk"
PACKAGES = ["org.apache.hadoop:hadoop-aws:3.5.0"]
PACKAGES += [
    f"{SDK}:{part}:2.35.4" for part in ("s3", "s3-transfer-manager", "sts", "apache-client", "netty-nio-client")
]
SETTINGS = """

[session.spark]
"spark.driver.defaultJavaOptions" = "-XX:TieredStopAtLevel=1" # two small nights do not pay for the optimising compiler
"spark.jars.packages" = "{packages}"
"spark.jars.excludes" = "software.amazon.awssdk:bundle"
"spark.jars.ivy" = "{ivy}"
"spark.hadoop.fs.s3a.endpoint" = "{endpoint}"
"spark.hadoop.fs.s3a.endpoint.region" = "us-east-1"
"spark.hadoop.fs.s3a.path.style.access" = "true"
"spark.hadoop.fs.s3a.connection.ssl.enabled" = "false"
"""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """The address of an S3 server that lives as long as the module."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


@pytest.fixture
def credentials(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a person sets in the environment: for Spark and for what reads small tables without it."""
    told = {"ACCESS_KEY_ID": "key", "SECRET_ACCESS_KEY": "secret", "REGION": "us-east-1", "ENDPOINT_URL": endpoint}
    for name, value in (told | {"ALLOW_HTTP": "true"}).items():
        monkeypatch.setenv(f"AWS_{name}", value)


@pytest.fixture
def prompt(credentials: None, new_prompt: Any) -> Iterator[Any]:
    with new_prompt(os.environ | {"COLUMNS": "200"}) as prompt:
        yield prompt


@pytest.mark.slow
def test_a_night_in_an_object_store_publishes_what_a_night_on_a_disk_does(tiny_lake, endpoint, prompt, tmp_path):
    import boto3

    client = boto3.client("s3", endpoint_url=endpoint)
    client.create_bucket(Bucket=BUCKET)
    landing = Path(tiny_lake.paths.landing)
    for file in sorted((p for p in landing.rglob("*") if p.is_file()), key=lambda p: (p.stat().st_mtime_ns, p)):
        client.upload_file(str(file), BUCKET, f"landing/{file.relative_to(landing)}")
    settings = tmp_path / "store.toml"
    store = SETTINGS.format(packages=",".join(PACKAGES), ivy=tmp_path / "ivy", endpoint=endpoint)
    settings.write_text((ROOT / "conf" / "local.toml").read_text() + store)
    where = ["--config", str(settings), "--set", "session.driver_memory_gb=2"]
    where += ["--set", f"paths.landing=s3a://{BUCKET}/landing", "--set", f"paths.lake=s3a://{BUCKET}/lake"]

    on_disk = PublishedReader(tiny_lake.paths.lake)
    done = prompt.headwater("run", "--night", str(on_disk.nights[-1]), *where)
    if done.returncode and ("unresolved dependency" in done.stderr or "download failed" in done.stderr):
        pytest.skip("no Maven repository in reach has Hadoop's connector for S3")
    assert done.returncode == 0, done.stderr[-3000:]
    in_store = PublishedReader(f"s3a://{BUCKET}/lake")
    same, other = (
        {name: row["digest"] for name, row in reader.publication(reader.nights[-1]).items()}
        for reader in (on_disk, in_store)
    )
    assert other == same

    # The next night takes what is new; a copy, under another name or put again later, is known by the etag that S3 gives it.
    copied = client.list_objects_v2(Bucket=BUCKET, Prefix="landing/orders/")["Contents"][0]["Key"]
    content = client.get_object(Bucket=BUCKET, Key=copied)["Body"].read()
    folder, _, name = copied.rpartition("/")
    for key in (copied, f"{folder}/again-{name}"):
        client.put_object(Bucket=BUCKET, Key=key, Body=content)
    client.put_object(Bucket=BUCKET, Key="landing/hubs/new.csv", Body=b"kind,value\nphone,1\n")
    second = on_disk.nights[-1] + timedelta(days=1)
    done = prompt.headwater("run", "--night", str(second), *where)
    assert done.returncode == 0, done.stderr[-3000:]
    taken = read_rows(f"s3a://{BUCKET}/lake", FILES)
    assert [row["path"].partition("landing/")[2] for row in taken if row["night"] == second] == ["hubs/new.csv"]
    assert all("etag" in row["content"] for row in taken)

    worst = in_store.read(SHOPS)["seller_id"][0].as_py()
    shown = prompt.headwater("show", "shop", worst, *where)
    assert shown.returncode == 0, shown.stderr
    assert worst in shown.stdout
