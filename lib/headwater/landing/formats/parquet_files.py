"""Parquet: typed columns, each as the text that a CSV file would hold."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from headwater.config import Config
from headwater.errors import InputRefusedError
from headwater.landing.formats.stored import FeedFile, as_pattern, hadoop_path, place_columns
from headwater.landing.parse import FIRST_INEXACT, as_text, inexact


def inspect(spark: Any, file: FeedFile) -> FeedFile:
    """The file with its columns, its schema, and which columns are nanoseconds: Spark reads those as plain numbers."""
    from py4j.protocol import Py4JJavaError

    jvm = spark._jvm
    place = hadoop_path(spark, file.path)
    try:
        source = jvm.org.apache.parquet.hadoop.util.HadoopInputFile.fromPath(place, spark._jsc.hadoopConfiguration())
        reader = jvm.org.apache.parquet.hadoop.ParquetFileReader.open(source)
        try:
            schema = reader.getFooter().getFileMetaData().getSchema()
            fields = [schema.getType(i) for i in range(schema.getFieldCount())]
            columns = tuple(f.getName() for f in fields)
            nano = tuple(
                (f.getName(), "nanoseconds_utc" if "NANOS,true" in f.toString() else "nanoseconds")
                for f in fields
                if "(TIMESTAMP(NANOS," in f.toString()
            )
        finally:
            reader.close()
    except Py4JJavaError as error:
        reason = (str(error.java_exception.getMessage()).splitlines() or ["no reason given"])[0]
        raise InputRefusedError(f"{file.feed}: {file.path}: not a readable Parquet file ({reason})") from error
    return replace(file, columns=columns, schema=schema.toString(), nanoseconds=nano)


def scan(spark: Any, config: Config, files: list[FeedFile], known: dict[str, str], sample: int | None) -> Any:
    """The rows of files with one schema: the known columns as text, and their place."""
    reader = spark.read.option("recursiveFileLookup", True)  # a dt= folder is not a column
    frame = reader.parquet(*[as_pattern(f.path) for f in files])
    return as_texts(frame, known, sample, dict(files[0].nanoseconds))


def as_texts(frame: Any, known: dict[str, str], sample: int | None, types: dict[str, str]) -> Any:
    """Typed columns as text, which of them are inexact, and the rows' place; `types` says what Spark's own type does not."""
    import pyspark.sql.functions as F

    if sample is not None:
        frame = frame.limit(sample)
    own = {f.name: f.dataType.simpleString() for f in frame.schema.fields} | types
    texts = [as_text(F.col(f"`{column}`"), own[column]).alias(name) for name, column in known.items()]
    numbers = [(name, column) for name, column in known.items() if own[column] in FIRST_INEXACT]
    doubtful = [F.when(inexact(F.col(f"`{column}`"), own[column]), F.lit(name)) for name, column in numbers]
    names = [F.array_compact(F.array(*doubtful)).alias("_inexact")] if doubtful else []
    return frame.select(*texts, *names, F.lit(None).cast("string").alias("_line"), *place_columns())
