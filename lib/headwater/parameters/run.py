"""Where things are, how Spark is run, what a night spans."""

from __future__ import annotations

from pydantic import Field

from headwater.parameters.section import Section


class Paths(Section):
    landing: str = Field("landing", description="address; folder with one sub-folder a feed (local, s3a, hdfs, abfss)")
    lake: str = Field("lake", description="address; root of the lake's tables")
    catalog: str = Field(
        "", description="name; when set, the tables of the lake are also called <catalog>.<layer>.<table>"
    )


class Session(Section):
    master: str = Field("", description="Spark master; empty: all cores of this machine, or what spark-submit provides")
    driver_memory_gb: int = Field(
        0, ge=0, le=512, description="GiB; 0: four tenths of the machine, at most 12 (Python needs room)"
    )
    shuffle_partitions: int = Field(
        0,
        ge=0,
        le=100_000,
        description="count; 0: four a local core (one with small_nights), or the cluster's own setting (adaptive execution merges)",
    )
    small_nights: bool = Field(
        False,
        description="switch; nights of up to a few million orders: no adaptive plans, a partition a core, the serial collector",
    )
    spark: dict[str, str] = Field(
        default_factory=dict, description="further Spark settings, as they are (spark.eventLog.dir, ...)"
    )


class Tokens(Section):
    key_file: str = Field("", description="path; file with the token key when HEADWATER_TOKEN_KEY is not set")


class Night(Section):
    window_days: int = Field(90, ge=1, le=730, description="days; how far back orders and complaints count")
    keep_orders_days: int = Field(
        400,
        ge=190,
        le=3650,
        description="days; how long clean/orders keeps an order (refunds by law: six months and the lag)",
    )
    lookup_days: int = Field(
        190, ge=1, le=1000, description="days; how far back a complaint's order is sought (six months and the lag)"
    )
