"""The whole marketplace on disk: `synthesise` draws it and writes its feeds night by night, with the truth beside."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from headwater.errors import ConfigurationError
from headwater.synthetic.arrivals import COMPLAINT_FEED, arrival_nights, complaint_deliveries, order_deliveries
from headwater.synthetic.attacks import plan_attacks
from headwater.synthetic.columns import Ints, plain
from headwater.synthetic.complaints import KINDS, complaint_table, complaint_truth, make_complaints
from headwater.synthetic.feeds import dimension_feeds
from headwater.synthetic.ledger import Ledger, plan_files
from headwater.synthetic.listings import Listings, make_listings
from headwater.synthetic.orders import OrderLines, order_chunks, order_table, order_truth
from headwater.synthetic.params import MarketplaceParams
from headwater.synthetic.people import make_world
from headwater.synthetic.references import reference_feeds
from headwater.synthetic.truth import truth_tables
from headwater.synthetic.world import World
from headwater.synthetic.write import Deliveries

_PARAMS = "params.json"  # in truth/: says that a folder is ours to replace, and how to make it again
_FILES = "files.parquet"  # in truth/: what each night brings and takes away


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
        for feed, night, table in chain(dimension_feeds(world, addresses), reference_feeds(world)):
            deliveries.put(feed, table, night)
        for name, table in truth_tables(world, addresses):
            deliveries.put_truth(name, table)
        ledger = Ledger(params)
        _write_trade(world, listings, deliveries, counts, ledger)
        deliveries.put_truth("dirty", deliveries.spoilt)
        deliveries.put_truth("nights", ledger.table())
        dirty_rows = int(pc.sum(deliveries.spoilt["rows"]).as_py() or 0)
    files = plan_files(out, params, deliveries.files)
    pq.write_table(files, truth / _FILES, compression="zstd")
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
    """Do to `out`/landing what a later night (ISO date) does: its files arrive, old ones among them, and some are gone.

    Nights are delivered in their order. Raises ConfigurationError where no files of that night were written.
    """
    arrived = out / "arrivals" / night
    if not arrived.is_dir():
        raise ConfigurationError(f"{arrived}: no files of that night; synthesise writes them with nights > 1")
    shutil.copytree(arrived, out / "landing", dirs_exist_ok=True, copy_function=shutil.copyfile)
    for row in pq.read_table(out / "truth" / _FILES).to_pylist():
        if row["night"].isoformat() == night and row["what"] == "gone":
            (out / "landing" / row["feed"] / row["path"]).unlink(missing_ok=True)


def _clear(out: Path) -> None:
    """Remove what an earlier call wrote, and only that."""
    folders = [out / name for name in ("landing", "arrivals", "truth") if (out / name).exists()]
    if folders and not (out / "truth" / _PARAMS).exists():
        raise ConfigurationError(
            f"{out}: holds {folders[0].name}/ of unknown origin; choose an empty folder for synthesise"
        )
    for folder in folders:
        shutil.rmtree(folder)


def _write_trade(
    world: World, listings: Listings, deliveries: Deliveries, counts: Counter[str], ledger: Ledger
) -> None:
    """Orders and complaints with their truth, chunk by chunk; complaints wait until their day is complete."""
    params = world.params
    waiting: list[pa.Table] = []
    last_day = 0
    for lines in order_chunks(world, listings, plan_attacks(world, listings)):
        if lines.day != last_day:
            waiting = _file_complaints(world, deliveries, waiting, last_day, counts, ledger)
            last_day = lines.day
        orders = order_table(world, listings, lines)
        arrival, parts = order_deliveries(world, orders, lines.day, int(lines.row[0]))
        for delivery in parts:
            counts[delivery.what] += delivery.rows.num_rows
            ledger.order(delivery, lines.day)
            deliveries.put("orders", delivery.rows, delivery.night, _folder_day(params, lines.day, delivery.night))
        counted = np.maximum(arrival, ledger.own_night(lines.day))
        deliveries.put_truth(
            "orders", order_truth(world, listings, lines).append_column("night", _dates(params, counted))
        )
        counts["fake"] += int(listings.fake[lines.listing].sum())
        waiting.append(_complaints(world, listings, lines, counts))
    _file_complaints(world, deliveries, waiting, params.days - 1, counts, ledger)


def _folder_day(params: MarketplaceParams, day: int, night: int) -> int:
    """The dt= folder of rows of a day that arrive on a night: rows from the future lie in the night's own folder."""
    return min(day, params.days - params.nights + night)


def _dates(params: MarketplaceParams, nights: Ints) -> pa.Array:
    return pa.array([params.night_of(index) for index in range(params.nights)], pa.date32()).take(pa.array(nights))


def _complaints(world: World, listings: Listings, lines: OrderLines, counts: Counter[str]) -> pa.Table:
    """The complaints about a chunk's lines, each with its truth in columns `true_`, until their day is complete."""
    complaints = make_complaints(world, listings, lines)
    counts.update(dict(zip(KINDS, np.bincount(complaints.kind, minlength=len(KINDS)).tolist(), strict=True)))
    table, truth = (
        complaint_table(world, listings, lines, complaints),
        complaint_truth(world, listings, lines, complaints),
    )
    columns = {name: plain(table[name]) for name in table.column_names}
    return pa.table(columns | {f"true_{name}": plain(truth[name]) for name in truth.column_names})


def _file_complaints(
    world: World,
    deliveries: Deliveries,
    waiting: list[pa.Table],
    until: int,
    counts: Counter[str],
    ledger: Ledger,
) -> list[pa.Table]:
    """Write the complaints filed up to a day and their truth, one delivery a day; what is filed later is returned."""
    params, table = world.params, pa.concat_tables(waiting)
    filed: Ints = table["true_filed_day"].to_numpy()
    for day in np.unique(filed[filed <= until]).tolist():
        whole = table.filter(pa.array(filed == day))
        true = [name for name in whole.column_names if name.startswith("true_")]
        rows, arrival = (
            whole.drop_columns(true),
            arrival_nights(world, np.full(whole.num_rows, day), day, COMPLAINT_FEED),
        )
        for delivery in complaint_deliveries(world, rows, arrival, day):
            counts[delivery.what] += delivery.rows.num_rows
            ledger.complaint(delivery, day)
            deliveries.put("complaints", delivery.rows, delivery.night, _folder_day(params, day, delivery.night))
        truth = whole.select(true).rename_columns([name.removeprefix("true_") for name in true])
        counted = np.maximum(arrival, ledger.own_night(day))
        deliveries.put_truth("complaints", truth.append_column("night", _dates(params, counted)))
    return [table.filter(pa.array(filed > until))]
