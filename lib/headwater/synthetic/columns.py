"""Arrow columns out of numpy arrays, without a Python object per row."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

TIMESTAMP = pa.timestamp("us", tz="UTC")
MONEY = pa.decimal128(18, 2)
DAY_SECONDS = 86_400


def ids(prefix: str, numbers: Ints, width: int, mask: Bools | None = None) -> pa.Array:
    """`prefix` + number, zero-padded to `width` digits, as one string a row; null where `mask`.

    Raises ValueError where a number is negative or needs more digits.
    """
    if len(numbers) and (numbers.min() < 0 or numbers.max() >= 10**width):
        raise ValueError(f"ids {prefix}: a number does not fit {width} digits")
    head = np.frombuffer(prefix.encode(), np.uint8)
    out = np.empty((len(numbers), len(head) + width), np.uint8)
    out[:, : len(head)] = head
    rest = numbers.astype(np.int64, copy=True)
    for column in range(out.shape[1] - 1, len(head) - 1, -1):
        rest, digit = np.divmod(rest, 10)
        out[:, column] = digit + ord("0")
    offsets = np.arange(len(numbers) + 1, dtype=np.int32) * np.int32(out.shape[1])
    buffers = [_validity(mask), pa.py_buffer(offsets), pa.py_buffer(out)]
    return pa.Array.from_buffers(pa.string(), len(numbers), buffers)


@lru_cache(maxsize=32)
def id_pool(prefix: str, count: int, width: int) -> pa.Array:
    """The ids of rows 0 .. count - 1, made once and taken from again and again."""
    return ids(prefix, np.arange(count), width)


def money(cents: Ints, mask: Bools | None = None) -> pa.Array:
    """Minor units as decimal(18,2); null where `mask`."""
    words = np.stack([cents, cents >> 63], axis=1)  # a 128-bit integer is the 64-bit one and its sign
    return pa.Array.from_buffers(MONEY, len(cents), [_validity(mask), pa.py_buffer(np.ascontiguousarray(words))])


def times(seconds: Ints, mask: Bools | None = None) -> pa.Array:
    """Seconds since 1970 as UTC timestamps; null where `mask`."""
    return pa.array(seconds * 1_000_000, mask=mask).cast(TIMESTAMP)


def taken(values: Sequence[str | None] | pa.Array, index: NDArray[Any], mask: Bools | None = None) -> pa.Array:
    """`values[index]` as a dictionary column (cheap to write); null where `mask`."""
    pool = values if isinstance(values, pa.Array) else pa.array(values, pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(index.astype(np.int32), mask=mask), pool)


def plain(column: Any) -> Any:
    """A dictionary column as plain strings; anything else unchanged."""
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column


def joined(*parts: Any, between: str = "") -> pa.Array:
    """String columns (and constants) put together row by row; null where any part is."""
    return pc.binary_join_element_wise(*(p if isinstance(p, str) else plain(p) for p in parts), between)


def where(mask: Bools, yes: Any, no: Any) -> pa.Array:
    """`yes` where `mask`, else `no`, for columns and constants."""
    return pc.if_else(pa.array(mask), plain(yes) if isinstance(yes, pa.Array) else yes, plain(no))


def cleared(column: Any, mask: Bools) -> pa.Array:
    """The column with nulls where `mask`."""
    return pc.if_else(pa.array(mask), pa.scalar(None, plain(column).type), plain(column))


def expand(starts: Ints, counts: Ints) -> Ints:
    """The concatenated ranges starts[i] .. starts[i] + counts[i] - 1."""
    firsts = np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(starts, counts) + np.arange(int(counts.sum()), dtype=np.int64) - firsts


def position(groups: Ints) -> Ints:
    """Each row's running number (from 0) within its group, in row order."""
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(groups) else np.zeros(0, np.int64)
    run = np.arange(len(groups)) - np.repeat(first, np.diff(np.r_[first, len(groups)]))
    out = np.empty(len(groups), np.int64)
    out[order] = run
    return out


def draw(rng: np.random.Generator, weights: Floats, size: int) -> Ints:
    """`size` indices drawn with probability in proportion to `weights`."""
    edges = np.cumsum(weights)
    at: Ints = np.searchsorted(edges, rng.random(size) * edges[-1], side="right")
    return np.minimum(at, len(weights) - 1)


def draw_within(rng: np.random.Generator, edges: Floats, first: Ints, last: Ints) -> Ints:
    """One index a row, drawn by weight from first..last; `edges` are the cumulated weights over all."""
    low = np.where(first > 0, edges[first - 1], 0.0)
    at = low + (edges[last] - low) * rng.random(len(first))
    return np.clip(np.searchsorted(edges, at, side="right"), first, last)


def _validity(mask: Bools | None) -> pa.Buffer | None:
    return None if mask is None else pa.py_buffer(np.packbits(~mask, bitorder="little"))
