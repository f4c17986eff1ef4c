"""The whole marketplace on disk: `synthesise` draws it and writes its feeds night by night, with the truth beside."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headwater.errors import ConfigurationError
from headwater.synthetic.arrivals import complaint_deliveries, order_deliveries
from headwater.synthetic.attacks import plan_attacks
from headwater.synthetic.columns import DAY_SECONDS, Ints, plain
from headwater.synthetic.complaints import KINDS, complaint_table, complaint_truth, make_complaints
from headwater.synthetic.feeds import dimension_feeds
from headwater.synthetic.listings import Listings, make_listings
from headwater.synthetic.orders import OrderLines, order_chunks, order_table, order_truth
from headwater.synthetic.params import MarketplaceParams
from headwater.synthetic.truth import truth_tables
from headwater.synthetic.world import World, make_world
from headwater.synthetic.write import Deliveries

_PARAMS = "params.json"  # in truth/: says that a folder is ours to replace, and how to make it again


@dataclass(frozen=True)
class MarketplaceSummary:
    """What was written: `rows` by feed (bad rows included), complaints by their true kind, and rows sent again."""

    out: Path
    nights: tuple[str, ...]
    rows: dict[str, int]
    orders: int
    fake_orders: int
    complaints: dict[str, int]
    sent_again: dict[str, int]
    dirty_rows: int
    shops: int
    guilty_shops: int
    guilty_sources: int

    def __str__(self) -> str:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in self.complaints.items())
        return (
            f"{self.orders:,} order lines, {self.fake_orders / self.orders:.1%} of them fakes; complaints: {kinds}; "
            f"{self.guilty_sources} guilty sources behind {self.guilty_shops:,} of {self.shops:,} shops; in {self.out}"
        )


def synthesise(out: Path, params: MarketplaceParams | None = None) -> MarketplaceSummary:
    """Write a planted marketplace: `out`/landing/<feed>/ for the first night, `out`/arrivals/<night>/<feed>/ for each
    later one, and `out`/truth/*.parquet.

    What an earlier call wrote to `out` is replaced. Raises ConfigurationError where `out` holds a landing folder that
    no earlier call wrote. Memory is bounded by `chunk_rows`, not by `orders`.
    """
    params = params or MarketplaceParams()
    _clear(out)
    truth = out / "truth"
    truth.mkdir(parents=True)
    (truth / _PARAMS).write_text(params.model_dump_json(indent=2) + "\n", encoding="utf-8")
    world = make_world(params)
    listings, addresses = make_listings(world)
    counts: Counter[str] = Counter()
    with Deliveries(out, params) as deliveries:
        for feed, night, table in dimension_feeds(world, addresses):
            deliveries.put(feed, table, night)
        for name, table in truth_tables(world, addresses):
            deliveries.put_truth(name, table)
        _write_trade(world, listings, deliveries, counts)
        deliveries.put_truth("dirty", deliveries.spoilt)
        dirty_rows = int(pc.sum(deliveries.spoilt["rows"]).as_py() or 0)
    return MarketplaceSummary(
        out=out,
        nights=tuple(params.night_of(index).isoformat() for index in range(params.nights)),
        rows=dict(sorted(deliveries.rows.items())),
        orders=params.orders,
        fake_orders=counts["fake"],
        complaints={kind: counts[kind] for kind in KINDS},
        sent_again={what: counts[what] for what in ("corrected", "voided", "withdrawn")},
        dirty_rows=dirty_rows,
        shops=params.shops,
        guilty_shops=int(world.guilty_shop.sum()),
        guilty_sources=params.guilty,
    )


def deliver(out: Path, night: str) -> None:
    """Copy the files of a later night (ISO date) into `out`/landing, as a supplier of feeds would.

    Raises ConfigurationError where no files of that night were written.
    """
    arrived = out / "arrivals" / night
    if not arrived.is_dir():
        raise ConfigurationError(f"{arrived}: no files of that night; synthesise writes them with nights > 1")
    shutil.copytree(arrived, out / "landing", dirs_exist_ok=True)


def _clear(out: Path) -> None:
    """Remove what an earlier call wrote, and only that."""
    folders = [out / name for name in ("landing", "arrivals", "truth") if (out / name).exists()]
    if folders and not (out / "truth" / _PARAMS).exists():
        raise ConfigurationError(
            f"{out}: holds {folders[0].name}/ of unknown origin; choose an empty folder for synthesise"
        )
    for folder in folders:
        shutil.rmtree(folder)


def _write_trade(world: World, listings: Listings, deliveries: Deliveries, counts: Counter[str]) -> None:
    """Orders and complaints with their truth, chunk by chunk; complaints wait until their day is complete."""
    params = world.params
    waiting: list[pa.Table] = []
    last_day = 0
    for lines in order_chunks(world, listings, plan_attacks(world, listings)):
        if lines.day != last_day:
            waiting = _file_complaints(world, deliveries, waiting, last_day, counts)
            last_day = lines.day
        orders = order_table(world, listings, lines)
        for night, rows, what in order_deliveries(world, orders, lines.day, int(lines.row[0])):
            counts[what] += rows.num_rows
            deliveries.put("orders", rows, night, lines.day)
        deliveries.put_truth("orders", order_truth(world, listings, lines))
        counts["fake"] += int(listings.fake[lines.listing].sum())
        waiting.append(_complaints(world, listings, lines, deliveries, counts))
    _file_complaints(world, deliveries, waiting, params.days - 1, counts)


def _complaints(
    world: World, listings: Listings, lines: OrderLines, deliveries: Deliveries, counts: Counter[str]
) -> pa.Table:
    """The complaints about a chunk's lines with their `filed_day`; their truth is written at once."""
    complaints = make_complaints(world, listings, lines)
    deliveries.put_truth("complaints", complaint_truth(world, listings, lines, complaints))
    counts.update(dict(zip(KINDS, np.bincount(complaints.kind, minlength=len(KINDS)).tolist(), strict=True)))
    table = complaint_table(world, listings, lines, complaints)
    table = pa.table({name: plain(table[name]) for name in table.column_names})
    return table.append_column("filed_day", pa.array(complaints.filed // DAY_SECONDS - world.params.epoch_day))


def _file_complaints(
    world: World, deliveries: Deliveries, waiting: list[pa.Table], until: int, counts: Counter[str]
) -> list[pa.Table]:
    """Write the complaints filed up to a day, one delivery a day; what is filed later is returned."""
    table = pa.concat_tables(waiting)
    filed: Ints = table["filed_day"].to_numpy()
    for day in np.unique(filed[filed <= until]).tolist():
        rows = table.filter(pa.array(filed == day)).drop_columns(["filed_day"])
        for night, part, what in complaint_deliveries(world, rows, np.full(rows.num_rows, day), day):
            counts[what] += part.num_rows
            deliveries.put("complaints", part, night, day)
    return [table.filter(pa.array(filed > until))]
