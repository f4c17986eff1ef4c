"""When rows arrive: late and early ones, and orders and complaints that are sent again with new values on a later night."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headwater.synthetic.columns import Bools, Ints, plain
from headwater.synthetic.feeds import night_index
from headwater.synthetic.world import STREAM_UPDATES, World, stream

ORDER_FEED, COMPLAINT_FEED = range(2)


class Delivery(NamedTuple):
    """Rows of one day that arrive on one night: `what` is new | corrected | voided | withdrawn."""

    night: int  # index of the night that takes them
    rows: pa.Table
    what: str


def arrival_nights(world: World, day: Ints, first_row: int, feed: int) -> Ints:
    """The night index on which each row arrives: `late` of them one to three nights after their day's, `early` of them one
    or two before it.

    What would arrive after the last night arrives with it, so that every row is delivered once; the first night takes all
    of the history, so that only the days of later nights can come early.
    """
    params = world.params
    if params.nights == 1:
        return np.zeros(len(day), np.int64)
    rng = stream(params, STREAM_UPDATES, feed, first_row)
    delay = np.where(rng.random(len(day)) < params.late, rng.integers(1, 4, len(day)), 0)
    sooner = stream(params, STREAM_UPDATES, feed + 8, first_row)
    early = (delay == 0) & (sooner.random(len(day)) < params.early)
    return night_index(world, day + np.where(early, -sooner.integers(1, 3, len(day)), delay))


def order_deliveries(world: World, table: pa.Table, day: int, first_row: int) -> tuple[Ints, Iterator[Delivery]]:
    """Each order line's night of arrival, and the deliveries of a chunk: new rows, then corrections and voids.

    Only a line that is not voided already is sent again.
    """
    arrival = arrival_nights(world, np.full(table.num_rows, day), first_row, ORDER_FEED)
    return arrival, _order_deliveries(world, table, arrival, day, first_row)


def _order_deliveries(world: World, table: pa.Table, arrival: Ints, day: int, first_row: int) -> Iterator[Delivery]:
    yield from _new(table, arrival)
    size, params = table.num_rows, world.params
    if params.nights == 1:
        return
    again, later = _again(world, arrival, np.full(size, day), first_row, ORDER_FEED)
    again &= ~table["voided"].to_numpy(zero_copy_only=False)
    lot = stream(params, STREAM_UPDATES, 2, first_row).random(size)
    corrected = again & (lot < params.corrected)
    voided = again & (lot >= params.corrected) & (lot < params.corrected + params.voided)
    more = pc.cast(pc.add(pc.fill_null(table["quantity"], 1), 1), pa.int32())
    yield from _revised(table, corrected, later, "quantity", more, "corrected")
    yield from _revised(table, voided, later, "voided", pa.array(np.ones(size, bool)), "voided")


def complaint_deliveries(world: World, table: pa.Table, arrival: Ints, day: int) -> Iterator[Delivery]:
    """The deliveries of the complaints filed on a day: new ones, then withdrawals of those that are not yet withdrawn."""
    yield from _new(table, arrival)
    if world.params.nights == 1:
        return
    size = table.num_rows
    again, later = _again(world, arrival, np.full(size, day), day, COMPLAINT_FEED)
    again &= ~pc.fill_null(pc.equal(table["status"], "withdrawn"), False).to_numpy(zero_copy_only=False)
    withdrawn = again & (stream(world.params, STREAM_UPDATES, 3, day).random(size) < world.params.withdrawn)
    yield from _revised(table, withdrawn, later, "status", pa.array(["withdrawn"] * size), "withdrawn")


def _new(table: pa.Table, arrival: Ints) -> Iterator[Delivery]:
    nights = np.unique(arrival)
    for night in nights.tolist():
        yield Delivery(night, table if len(nights) == 1 else table.filter(pa.array(arrival == night)), "new")


def _again(world: World, arrival: Ints, day: Ints, first_row: int, feed: int) -> tuple[Bools, Ints]:
    """Which rows could be sent again, and on which night: one to three after their day's, and after their arrival."""
    rng = stream(world.params, STREAM_UPDATES, feed + 4, first_row)
    later = night_index(world, day) + rng.integers(1, 4, len(day))
    return (later > arrival) & (later < world.params.nights), later


def _revised(table: pa.Table, chosen: Bools, later: Ints, column: str, values: Any, what: str) -> Iterator[Delivery]:
    """The chosen rows with new values in one column, night by night; key and time stay as they were."""
    if not chosen.any():
        return
    fresh = plain(table[column]) if pa.types.is_dictionary(table[column].type) else table[column]
    revised = table.set_column(table.column_names.index(column), column, pc.cast(values, fresh.type))
    for night in np.unique(later[chosen]).tolist():
        yield Delivery(night, revised.filter(pa.array(chosen & (later == night))), what)
