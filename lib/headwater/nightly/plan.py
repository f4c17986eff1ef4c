"""What a run of a night would do: the files it would take, the keys that would meet, the worst of them, and the memory that takes.
Reads the landing zone and the lake; writes nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pyspark.sql.functions as F
from pyspark.sql import DataFrame

from headwater.config import Config
from headwater.exposure.orders import latest
from headwater.feeds import FEEDS
from headwater.landing import clean, files
from headwater.landing.formats.stored import FeedFile
from headwater.landing.intake import night_files
from headwater.nightly.estimates import block_pairs, memory_lines, rows_of, shared_values
from headwater.nightly.stages.resolution import all_written
from headwater.places.identity import address_values, seller_values
from headwater.places.places import address_keys, compared_blocks, keyed_addresses, large_blocks
from headwater.places.rules import load_rules
from headwater.places.suppliers import supplier_rows
from headwater.store import Lake
from headwater.tables.clean import CLEAN
from headwater.tables.model import ORDER_EXPOSURE


@dataclass(frozen=True)
class FeedPlan:
    """A feed's files of the night: how many, their bytes, and the rows they hold (`exact`: counted, else estimated)."""

    name: str
    files: int
    bytes: int
    rows: int
    exact: bool


@dataclass(frozen=True)
class Worst:
    """A key on which much would meet: what it is a key of, itself, how much meets, and what will be done about it."""

    kind: str
    key: str
    count: int
    what: str


@dataclass(frozen=True)
class Plan:
    """`counts`: number and what it counts, in order. `worst` by kind, the largest first. `memory`: sentences."""

    night: date
    feeds: list[FeedPlan]
    counts: list[tuple[int, str]]
    worst: list[Worst]
    memory: list[str]


def plan_night(spark: Any, config: Config, night: date, top: int) -> Plan:
    """The plan of a night, with the `top` worst keys of each kind.

    Feeds of addresses, sellers, suppliers and links are read whole, orders as far as `intake.sample_rows` of each group of like files.
    Raises InputRefusedError as the intake would."""
    lake = Lake(spark, config)
    taken, faults, _ = night_files(lake, config, night)
    inspected, unfit = files.inspect(spark, config, taken)
    files.refuse(faults + unfit)
    with files.broken_files_refused(inspected):
        return _planned(lake, config, night, inspected, top)


def _planned(lake: Lake, config: Config, night: date, taken: list[FeedFile], top: int) -> Plan:
    params = config.places
    rules = load_rules(params.words)
    feeds = [
        FeedPlan(n, len(mine), sum(f.bytes for f in mine), *rows_of(lake.spark, config, mine))
        for n, mine in _by_feed(taken)
    ]
    addresses = _current(lake, config, night, taken, "addresses").persist()
    sellers = _current(lake, config, night, taken, "sellers")
    links = _current(lake, config, night, taken, "supplier_links")
    orders = _sample(lake, config, taken, "orders")
    ids = supplier_rows(_current(lake, config, night, taken, "suppliers"), links, lake.read(ORDER_EXPOSURE).limit(0))
    written = all_written(addresses, ids, _current(lake, config, night, taken, "hubs"))
    keyed = keyed_addresses(written, rules, params)
    keys = address_keys(keyed).persist()
    blocks = keys.where("block is not null").groupBy("block").count().persist()
    key_count, large = keys.count(), large_blocks(keys, params)
    spellings = compared_blocks(keys, key_count, large, params).persist()
    pairs, left_alone, worst_spellings = block_pairs(spellings, params, top)
    values = address_values(addresses, rules, params).unionByName(seller_values(sellers, addresses, rules, params))
    shared = shared_values(values, top)
    worst_block = _largest(blocks.select("block", "count"), 1)
    counts = [
        (addresses.count(), "addresses of shops, as of the night"),
        (key_count, "different typed keys of them and of suppliers and hubs, which is what is matched"),
        (blocks.count(), "house numbers and named places, the blocks they are matched in"),
        (len(large), "of these with more keys than places.max_block_keys, left alone"),
        (pairs, "pairs of spellings to be compared"),
        (left_alone, "blocks of more spellings than places.block_cap, left alone"),
        (ids.count(), "supplier ids"),
    ]
    worst = [
        *(Worst("house number or name", k, n, _block_fate(n, params.max_block_keys)) for k, n in _largest(blocks, top)),
        *(Worst(f"spellings: {kind}", k, n, _block_fate(n, params.block_cap)) for kind, k, n in worst_spellings),
        *(Worst(f"hub candidate: {kind}", value, shops, "shops give it") for kind, value, shops in shared),
        *(Worst("seller in the sample of orders", k, n, "order lines") for k, n in _heavy(orders, "seller_id", top)),
        *(
            Worst("supplier in the sample of orders", k, n, "order lines")
            for k, n in _heavy(orders, "supplier_id", top)
        ),
        *(Worst("supplier of many shops", k, n, "links") for k, n in _heavy(links, "supplier_id", top)),
    ]
    memory = memory_lines(config, key_count, worst_block[0][1] if worst_block else 0, {f.name: f.rows for f in feeds})
    for frame in (addresses, keys, blocks, spellings):
        frame.unpersist()
    return Plan(night, feeds, counts, worst, memory)


def _by_feed(taken: list[FeedFile]) -> list[tuple[str, list[FeedFile]]]:
    return [(name, [f for f in taken if f.feed == name]) for name in FEEDS]


def _good(lake: Lake, config: Config, taken: list[FeedFile], name: str, sample: int | None) -> DataFrame | None:
    """The good rows of the night's files of a feed, typed; None without files. Buyers are not read: a plan needs no token."""
    mine = [replace(f, intake_seq=i) for i, f in enumerate(taken) if f.feed == name]
    if not mine:
        return None
    rows = files.read_files(lake.spark, config, mine, sample)
    return clean.judge(rows, FEEDS[name], config, lambda buyer: buyer).where(F.size("rules") == 0)


def _current(lake: Lake, config: Config, night: date, taken: list[FeedFile], name: str) -> DataFrame:
    """The rows of a feed that would stand: those of the lake up to the night, with the night's files."""
    columns = ["night", "intake_seq", *(f.name for f in FEEDS[name].fields)]
    rows = lake.read(CLEAN[name]).where(F.col("night") < F.lit(night)).select(*columns)
    new = _good(lake, config, taken, name, None)
    if new is not None:
        said = new.withColumns({"night": F.lit(night), "intake_seq": F.col("_seq")})
        rows = rows.unionByName(said.select(*columns))
    return latest(rows, *FEEDS[name].key)


def _sample(lake: Lake, config: Config, taken: list[FeedFile], name: str) -> DataFrame:
    found = _good(lake, config, taken, name, config.intake.sample_rows)
    return lake.read(CLEAN[name]).limit(0) if found is None else found


def _heavy(rows: DataFrame, column: str, top: int) -> list[tuple[str, int]]:
    return _largest(rows.where(F.col(column).isNotNull()).groupBy(column).count(), top)


def _largest(counted: DataFrame, top: int) -> list[tuple[str, int]]:
    """The `top` rows of (key, count), the largest first, ties by key."""
    key, count = counted.columns
    return [(r[0], r[1]) for r in counted.orderBy(F.desc(count), key).limit(top).collect()]


def _block_fate(count: int, cap: int) -> str:
    return f"beyond the cap of {cap:,}: only equal keys are joined" if count > cap else "compared"
