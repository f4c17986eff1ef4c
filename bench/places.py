"""Places on planted addresses of many countries and scripts, against their truth; and how long a million addresses take.

The truth is the unit where one is said, else the house: an address that leaves its unit out is of its house. City-only addresses
name no place and are left out, but what is found for them counts if it joins them with one. Peers see the same texts.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import click
import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from headwater.parameters.places import PlaceParams
from headwater.places.match import match_places
from headwater.places.normalise import FIELDS, parse_addresses
from headwater.places.rules import load_rules
from headwater.synthetic import MarketplaceParams, synthesise
from real.places_dedupe import exact_text, scores, similar_text

PEER_ROWS = 8_000


def planted(shops: int, seed: int) -> pd.DataFrame:
    """One row an address of a planted marketplace with `truth`, the place it is as far as it says, and its true `nation`."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        suppliers = max(shops // 10, 20)
        params = MarketplaceParams(
            orders=1_000, shops=shops, suppliers=suppliers, guilty=2, seed=seed, format="parquet"
        )
        synthesise(root, params)
        rows = pq.read_table(root / "landing" / "addresses").to_pandas()
        truth = pq.read_table(root / "truth" / "addresses.parquet").to_pandas()
        nation = pq.read_table(root / "truth" / "places.parquet").to_pandas()[["place_id", "country"]]
    rows = rows.drop_duplicates("address_id", keep="last").merge(truth, on="address_id")
    rows = rows.merge(nation.rename(columns={"country": "nation"}), on="place_id", how="left")
    # Two places of one house whose unit is not said cannot be told apart, nor can two spellings be joined that say different things.
    rows["truth"] = rows["place_id"] + "|" + rows["precision"]
    return rows


def text_of(rows: pd.DataFrame) -> pd.Series:
    """The address in one line, for the peers."""
    lines = rows[list(FIELDS)].apply(lambda row: ", ".join(str(v) for v in row if isinstance(v, str) and v), axis=1)
    return lines.rename("text")


def found(rows: pd.DataFrame) -> pd.Series:
    """Headwater's place of each row."""
    parsed = parse_addresses(rows, load_rules(), PlaceParams())
    return match_places(parsed, PlaceParams())["place_label"].fillna(
        "alone " + rows["address_id"].reset_index(drop=True)
    )


def quality(shops: int, seed: int) -> pd.DataFrame:
    """Scores of every method over all rows, and of Headwater by country."""
    rows = planted(shops, seed)
    told = rows[rows["precision"] != "city"].reset_index(drop=True)
    start = time.perf_counter()
    label = found(told)
    lines = [
        {
            "method": "headwater, all",
            "rows": len(told),
            **scores(label, told["truth"]),
            "seconds": time.perf_counter() - start,
        }
    ]
    for nation, part in told.groupby("nation"):
        lines.append({"method": f"headwater, {nation}", "rows": len(part), **scores(label[part.index], part["truth"])})
    few = told[told["truth"].isin(np.unique(told["truth"])[:PEER_ROWS])].head(PEER_ROWS).reset_index(drop=True)
    texts = few.assign(text=text_of(few))
    peers = {
        "exact text": exact_text(texts),
        **{f"rapidfuzz ratio >= {t}": similar_text(texts, t) for t in (85, 90, 95)},
    }
    lines.append({"method": f"headwater, {len(few):,} rows", "rows": len(few), **scores(found(few), few["truth"])})
    for name, guess in peers.items():
        lines.append({"method": f"{name}, the same", "rows": len(few), **scores(guess, few["truth"])})
    return pd.DataFrame(lines)


@click.command()
@click.option(
    "--shops", default=4_000, show_default=True, help="shops of the planted marketplace: some six addresses each"
)
@click.option("--seed", default=71, show_default=True)
def main(shops: int, seed: int) -> None:
    """Prints the table of methods."""
    click.echo(quality(shops, seed).to_string(index=False, float_format=lambda value: f"{value:.3f}"))


if __name__ == "__main__":
    main()
