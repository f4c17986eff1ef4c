"""Reading what was written, as text: csv from the standard library is the independent reader."""

import csv
import gzip
import io
import json
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


def objects(path: Path) -> list[dict[str, str]]:
    """The objects of each JSON line, every value as the text that a CSV file holds."""
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8")
    rows = [json.loads(line) for line in text.split("\n")[:-1]]
    return [{k: v if isinstance(v, str) else json.dumps(v) for k, v in row.items()} for row in rows]


def feed(source: Path) -> pd.DataFrame:
    """All rows of a feed's folder (or one file) as text, in the order of the files; an empty field is an empty string."""
    files = sorted(path for path in source.rglob("*") if path.is_file()) if source.is_dir() else [source]
    if files[0].suffix == ".parquet":
        # One file at a time: the folder name dt= shall not become a column.
        frames = [as_text(pq.ParquetFile(path).read()).to_pandas().fillna("") for path in files]
        return pd.concat(frames, ignore_index=True)
    if ".jsonl" in files[0].suffixes:
        return pd.DataFrame([row for path in files for row in objects(path)]).fillna("")
    tables = [list(lines(path)) for path in files]
    return pd.DataFrame([row for table in tables for row in table[1:]], columns=tables[0][0])


def truth(out: Path, name: str) -> pd.DataFrame:
    """A table of the truth."""
    return pq.read_table(out / "truth" / f"{name}.parquet").to_pandas()
