"""Reading what was written, as text: csv from the standard library is the independent reader."""

import csv
import gzip
import io
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from headwater.synthetic.write import as_text


def lines(path: Path) -> Iterator[list[str]]:
    """The fields of each CSV line, the header first."""
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8")
    yield from csv.reader(io.StringIO(text, newline=""), strict=True)


def feed(folder: Path) -> pd.DataFrame:
    """All rows of a feed's folder as text, in the order of the files; an empty field is an empty string."""
    parquet = sorted(folder.rglob("*.parquet"))
    if parquet:
        # One file at a time: the folder name dt= shall not become a column.
        frames = [as_text(pq.ParquetFile(path).read()).to_pandas().fillna("") for path in parquet]
        return pd.concat(frames, ignore_index=True)
    tables = [list(lines(path)) for path in sorted(folder.iterdir())]
    return pd.DataFrame([row for table in tables for row in table[1:]], columns=tables[0][0])


def truth(out: Path, name: str) -> pd.DataFrame:
    """A table of the truth."""
    return pq.read_table(out / "truth" / f"{name}.parquet").to_pandas()
