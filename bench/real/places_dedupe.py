"""Places against truth: 3,337 addresses of early-childhood sites in Chicago with the site each one is (dedupe-examples).

The truth is about sites (name, address and phone together), so two sites in one building count against a method that
reads addresses alone. Every method sees the same rows. Neither name nor phone is used.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
import pandas as pd
from rapidfuzz import fuzz
from rapidfuzz.process import cdist
from scipy.sparse.csgraph import connected_components

from headwater.parameters.places import PlaceParams
from headwater.places.match import match_places
from headwater.places.normalise import parse_addresses
from headwater.places.rules import load_rules

FILE = "csv_example_input_with_true_ids.csv"
PEER_THRESHOLDS = (85, 90, 95)


def sites(folder: Path) -> pd.DataFrame:
    """One row an address as typed: address_id, text, postcode, and `truth`, the site."""
    raw = pd.read_csv(folder / FILE, dtype=str)
    names = {"Id": "address_id", "Address": "text", "Zip": "postcode", "True Id": "truth"}
    return raw.rename(columns=names)[list(names.values())]


def exact_text(rows: pd.DataFrame) -> pd.Series:
    """Peer 1: equal text, but for case and outer spaces."""
    return rows["text"].str.strip().str.casefold()


def similar_text(rows: pd.DataFrame, threshold: float) -> pd.Series:
    """Peer 2: single link over rapidfuzz's ratio of whole texts (lower case, single-spaced) at a threshold."""
    text = rows["text"].str.casefold().str.split().str.join(" ")
    codes, distinct = pd.factorize(text)
    near = cdist(distinct, distinct, scorer=fuzz.ratio, score_cutoff=threshold, dtype=np.uint8) > 0
    return pd.Series(connected_components(near, directed=False)[1][codes], index=rows.index).astype(str)


def places(rows: pd.DataFrame, *, label: str, exact: bool = False) -> pd.Series:
    """Headwater's own: the exact typed key, or the label after both tiers."""
    params = PlaceParams(default_country="US", default_city="Chicago")
    parsed = parse_addresses(rows[["address_id", "text", "postcode"]], load_rules(), params)
    found = parsed["address_key"] if exact else match_places(parsed, params)[label]
    return found.fillna("alone " + rows["address_id"])


def scores(found: pd.Series, truth: pd.Series) -> dict[str, float]:
    """Pairwise precision, recall, F1; and B-cubed (Bagga and Baldwin 1998) precision, recall, F1."""
    both = found.astype(str) + "\x1f" + truth

    def pairs(label: pd.Series) -> float:
        size = label.value_counts()
        return float((size * (size - 1) / 2).sum())

    def of_row(label: pd.Series) -> pd.Series:
        return label.map(label.value_counts())

    precision, recall = pairs(both) / max(pairs(found), 1), pairs(both) / pairs(truth)
    b_precision, b_recall = (of_row(both) / of_row(found)).mean(), (of_row(both) / of_row(truth)).mean()
    return {
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / max(precision + recall, 1e-12),
        "b3_precision": b_precision,
        "b3_recall": b_recall,
        "b3_f1": 2 * b_precision * b_recall / (b_precision + b_recall),
    }


def methods() -> dict[str, Callable[[pd.DataFrame], pd.Series]]:
    """Name -> rows to labels, in the order of the table."""
    table: dict[str, Callable[[pd.DataFrame], pd.Series]] = {"exact text": exact_text}
    for threshold in PEER_THRESHOLDS:
        table[f"rapidfuzz ratio >= {threshold}"] = lambda rows, t=threshold: similar_text(rows, t)
    table["headwater: exact key"] = lambda rows: places(rows, label="place_label", exact=True)
    table["headwater: place"] = lambda rows: places(rows, label="place_label")
    table["headwater: building"] = lambda rows: places(rows, label="building_label")
    return table


@click.command()
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True, help="folder")
def main(data: Path) -> None:
    """Prints the table of methods."""
    rows = sites(data)
    lines = []
    for name, method in methods().items():
        start = time.perf_counter()
        found = method(rows)
        seconds = time.perf_counter() - start
        lines.append({"method": name, **scores(found, rows["truth"]), "groups": found.nunique(), "seconds": seconds})
    click.echo(f"{len(rows):,} addresses, {rows['truth'].nunique():,} true sites")
    click.echo(pd.DataFrame(lines).to_string(index=False, float_format=lambda value: f"{value:.3f}"))


if __name__ == "__main__":
    main()
