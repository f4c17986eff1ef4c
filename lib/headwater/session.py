"""The only place that builds a SparkSession: local, with memory and partitions sized from the machine, or what spark-submit provides."""

from __future__ import annotations

import os
from pathlib import Path

from pyspark.sql import SparkSession

from headwater import machine
from headwater.config import Config

# True for every run, wherever it runs: the same rows must come out.
MEANING = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    # pandas writes nanoseconds; Spark reads them only as integers, which the intake converts.
    "spark.sql.legacy.parquet.nanosAsLong": "true",
    # A bad CSV line is only seen when all its columns are parsed.
    "spark.sql.csv.parser.columnPruning.enabled": "false",
    # Feeds come in GB18030, windows-1252 and whatever else a Java knows.
    "spark.sql.legacy.javaCharsets": "true",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.parquet.compression.codec": "zstd",
    # By itself S3 tells no checksum, and a file that was copied again would be another one. No other store looks at this.
    "spark.hadoop.fs.s3a.etag.checksum.enabled": "true",
}
# PySpark and Spark note for each column where in the program it was made, for the words of an error. A night makes thousands, and
# each costs ten calls to the JVM and a walk of its stack. A stage is named by the traceback anyway.
QUICK = {
    "spark.python.sql.dataFrameDebugging.enabled": "false",
    "spark.sql.dataFrameQueryContext.enabled": "false",
}
HEAP = 0.4  # of this machine's memory is the JVM's; the driver's Python has as much again when sources are fitted
# Measured on small machines: a Delta table's first read 20 s -> 8 s, VACUUM 70 s -> 5 s.
LOCAL = {
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "4",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "50000",
}


def submitted() -> bool:
    """True where spark-submit started this process: its master, memory and JARs stand."""
    return "PYSPARK_GATEWAY_PORT" in os.environ


def start(config: Config, app: str = "headwater") -> SparkSession:
    """The session of this run, in UTC and with Delta."""
    settings = MEANING | QUICK
    if not submitted():
        machine.prepare_environment()
        settings |= _local(config)
    settings |= config.session.spark
    builder = SparkSession.builder.appName(app)
    for key, value in settings.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def _local(config: Config) -> dict[str, str]:
    cores = machine.cores()
    memory = config.session.driver_memory_gb or max(1, min(12, int(machine.memory_gb() * HEAP)))
    log4j = Path(__file__).with_name("log4j2.properties")
    options = f"-Duser.timezone=UTC -Dlog4j2.configurationFile=file:{log4j}"
    # Planning anew after each shuffle pays where shuffles are large; on a small night each would be one more job.
    small = config.session.small_nights
    adaptive = {"spark.sql.adaptive.enabled": "false"} if small else {}
    if small:
        options += " -XX:+UseSerialGC"
    return (
        LOCAL
        | adaptive
        | {
            "spark.master": config.session.master or f"local[{cores}]",
            "spark.driver.memory": f"{memory}g",
            "spark.sql.shuffle.partitions": str(config.session.shuffle_partitions or (cores if small else 4 * cores)),
            "spark.driver.extraJavaOptions": options,
            "spark.driver.extraClassPath": os.pathsep.join(str(jar) for jar in machine.delta_jars()),
            "spark.jars": ",".join(str(jar) for jar in machine.delta_jars()) if config.session.master else "",
        }
    )
