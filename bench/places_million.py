"""How long resolving a million addresses takes on Spark, and how much memory: reading, keys, matching, the ids of groups.

The addresses are planted (`synthesise`), so a place has some four spellings. Memory is the resident set of the process tree, the
JVM and the Python workers included.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from headwater import session
from headwater.config import load
from headwater.parameters.places import PlaceParams
from headwater.places.places import (
    WRITTEN,
    address_keys,
    keyed_addresses,
    large_blocks,
    matched_keys,
    place_groups,
    resolved,
)
from headwater.places.rules import load_rules
from headwater.registry.carry import Known, carry
from headwater.registry.kinds import PLACE
from headwater.synthetic import MarketplaceParams, synthesise
from night import Watch

NIGHT = date(2026, 11, 22)
ADDRESSES_A_SHOP = 5


@click.command()
@click.option("--addresses", default=1_000_000, show_default=True, help="addresses, about")
@click.option(
    "--work", type=click.Path(path_type=Path, file_okay=False), default=Path("out/bench_places"), show_default=True
)
@click.option("--memory", default=3, show_default=True, help="GB that the JVM may have")
def main(addresses: int, work: Path, memory: int) -> None:
    """Prints seconds and peak memory of each step."""
    shops = addresses // ADDRESSES_A_SHOP
    synthesise(work, MarketplaceParams(orders=1_000, shops=shops, suppliers=shops // 20, guilty=2, format="parquet"))
    config = load(overrides=[f"session.driver_memory_gb={memory}"], environment={})
    spark = session.start(config, "places")
    rules, params, meter = load_rules(), PlaceParams(), Watch()
    rows = spark.read.parquet(str(work / "landing" / "addresses")).withColumnRenamed("address_id", "written_id")
    rows = rows.select("written_id", *WRITTEN)
    with meter.stage("read and count"):
        count = rows.count()
    with meter.stage("parse and key"):
        keyed = keyed_addresses(rows, rules, params).persist()
        keyed.count()
    with meter.stage("different keys"):
        keys = address_keys(keyed).persist()
        key_count = keys.count()
    with meter.stage("match"):
        matched = matched_keys(keys, key_count, large_blocks(keys, params), params).persist()
        places = matched.select("place_key").distinct().count()
    with meter.stage("ids (registry, one process)"):
        carried = carry(PLACE, place_groups(keys, matched).toPandas(), Known.nothing(), NIGHT)
        ids = spark.createDataFrame(carried.known.members[["member", "id"]])
    with meter.stage("resolve"):
        resolved(keyed, matched, ids).write.mode("overwrite").parquet(str(work / "resolved"))
    spark.stop()
    click.echo(f"{count:,} addresses, {key_count:,} different keys, {places:,} places")
    for name, stage in meter.stages.items():
        click.echo(f"{name:<30} {stage.seconds:7.1f} s {stage.peak_gb:6.1f} GiB")


if __name__ == "__main__":
    main()
