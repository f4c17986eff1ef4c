"""What an address leaves unsaid is taken from those that agree with it in the rest, if they all say the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

Ints = npt.NDArray[np.int64]
Gap = tuple[str, Sequence[str], Sequence[str]]


def filled(rows: pd.DataFrame, gaps: Iterable[Gap]) -> pd.DataFrame:
    """The rows with gaps filled one after the other: (column, columns that two rows must say alike, columns that they must say
    alike or both leave out). A gap that two answers would fit stays. The order of rows does not matter."""
    gaps = tuple(gaps)
    columns = {name for column, known, equal in gaps for name in (column, *known, *equal)}
    coded = {name: pd.factorize(rows[name]) for name in sorted(columns)}
    code: dict[str, Ints] = {name: values.astype(np.int64) for name, (values, _) in coded.items()}
    for column, known, equal in gaps:
        code[column] = _filled(code[column], [code[name] for name in known], [code[name] for name in equal])
    out = rows.copy()
    for column in {column for column, _, _ in gaps}:
        values = np.array([*coded[column][1], None], dtype=object)  # -1, the last, is null
        out[column] = pd.Series(values[code[column]], index=rows.index, dtype=object)
    return out


def _filled(codes: Ints, known: list[Ints], equal: list[Ints]) -> Ints:
    """Codes (-1: unsaid), with those filled whose group says one thing."""
    if len(codes) == 0:
        return codes
    able = np.ones(len(codes), dtype=bool)
    for column in known:
        able &= column >= 0
    group = np.zeros(len(codes), dtype=np.int64)
    for column in (*known, *equal):
        group = pd.factorize(group * (column.max() + 2) + column + 1)[0].astype(np.int64)
    said = able & (codes >= 0)
    lowest = np.full(group.max() + 1, np.iinfo(np.int64).max)
    highest = np.full(group.max() + 1, -1, dtype=np.int64)
    np.minimum.at(lowest, group[said], codes[said])
    np.maximum.at(highest, group[said], codes[said])
    alone = able & (codes < 0) & (lowest[group] == highest[group])
    return np.where(alone, highest[group], codes)
