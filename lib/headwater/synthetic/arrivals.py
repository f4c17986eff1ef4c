"""When rows arrive: late ones, and orders and complaints that are sent again with new values on a later night."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headwater.synthetic.columns import Bools, Ints, plain
from headwater.synthetic.feeds import night_index
from headwater.synthetic.world import STREAM_UPDATES, World, stream


def arrival_nights(world: World, day: Ints, first_row: int, feed: int) -> Ints:
    """The night index on which each row arrives; `late` of them one to three nights after their day's night.

    What would arrive after the last night arrives with it, so that every row is delivered once.
    """
    params = world.params
    rng = stream(params, STREAM_UPDATES, feed, first_row)
    delay = np.where(rng.random(len(day)) < params.late, rng.integers(1, 4, len(day)), 0)
    return night_index(world, day + delay)


def order_deliveries(world: World, table: pa.Table, day: int, first_row: int) -> Iterator[tuple[int, pa.Table, str]]:
    """(night index, rows, what) of one chunk of orders: new rows, then corrections and voids on later nights."""
    size, params = table.num_rows, world.params
    arrival = arrival_nights(world, np.full(size, day), first_row, 0)
    yield from _new(table, arrival)
    again, later = _again(world, arrival, np.full(size, day), first_row, 0)
    rng = stream(params, STREAM_UPDATES, 2, first_row)
    lot = rng.random(size)
    corrected = again & (lot < params.corrected)
    voided = again & (lot >= params.corrected) & (lot < params.corrected + params.voided)
    more = pc.cast(pc.add(pc.fill_null(table["quantity"], 1), 1), pa.int32())
    yield from _revised(table, corrected, later, "quantity", more, "corrected")
    yield from _revised(table, voided, later, "voided", pa.array(np.ones(size, bool)), "voided")


def complaint_deliveries(
    world: World, table: pa.Table, filed: Ints, first_row: int
) -> Iterator[tuple[int, pa.Table, str]]:
    """(night index, rows, what) of complaints filed on the days `filed`: new ones, then withdrawals on later nights."""
    size, params = table.num_rows, world.params
    arrival = arrival_nights(world, filed, first_row, 1)
    yield from _new(table, arrival)
    again, later = _again(world, arrival, filed, first_row, 1)
    withdrawn = again & (stream(params, STREAM_UPDATES, 3, first_row).random(size) < params.withdrawn)
    yield from _revised(table, withdrawn, later, "status", pa.array(["withdrawn"] * size), "withdrawn")


def _new(table: pa.Table, arrival: Ints) -> Iterator[tuple[int, pa.Table, str]]:
    nights = np.unique(arrival)
    for night in nights.tolist():
        yield night, table if len(nights) == 1 else table.filter(pa.array(arrival == night)), "new"


def _again(world: World, arrival: Ints, day: Ints, first_row: int, feed: int) -> tuple[Bools, Ints]:
    """Which rows could be sent again, and on which night: one to three after their day's, and after their arrival."""
    rng = stream(world.params, STREAM_UPDATES, feed + 4, first_row)
    later = night_index(world, day) + rng.integers(1, 4, len(day))
    return (later > arrival) & (later < world.params.nights), later


def _revised(
    table: pa.Table, chosen: Bools, later: Ints, column: str, values: Any, what: str
) -> Iterator[tuple[int, pa.Table, str]]:
    """The chosen rows with new values in one column, night by night; key and time stay as they were."""
    if not chosen.any():
        return
    fresh = plain(table[column]) if pa.types.is_dictionary(table[column].type) else table[column]
    revised = table.set_column(table.column_names.index(column), column, pc.cast(values, fresh.type))
    for night in np.unique(later[chosen]).tolist():
        yield night, revised.filter(pa.array(chosen & (later == night))), what
