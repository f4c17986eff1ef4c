"""Is a brand's own reference price a better yardstick than the median of its peers? Guilty suppliers of a planted night, by discount.

    python bench/reference_price.py demo/lake demo/truth

Of the suppliers that orders of the window name: the mean of ln(price / yardstick) over those orders, shrunk to none, as
`attribution/side.py` does. Yardsticks: `peers`, the median of category and brand; `reference`, the brands feed where it has the brand,
else peers; `shifted`, the reference at the discount that is usual for brands. The brands feed must be in the reporting currency.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click
import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from headwater.attribution.expected import CELL_NAMES
from headwater.evaluate import metrics
from headwater.parameters.attribution import Peers
from headwater.parameters.finding import SideParams
from headwater.store import PublishedReader
from headwater.store.arrow import load
from headwater.tables.model import CURRENT, PRICE_EXPOSURE, PRICE_PEERS

GROUP, MICRO = ["category", "brand"], 10**6


def priced(lake: str, days: int) -> pd.DataFrame:
    """One row a cell, category and brand of the newest night's window: lines, mean ln price, and the yardsticks."""
    night = PublishedReader(lake).nights[-1]
    rows, peers, brands = (
        load(lake, t, n) for t, n in ((PRICE_EXPOSURE, None), (PRICE_PEERS, night), (CURRENT["brands"], night))
    )
    assert rows is not None
    assert peers is not None
    assert brands is not None
    all_days, known, said = rows.to_pandas(), peers.to_pandas(), brands.to_pandas()
    day = pd.to_datetime(all_days["day"])
    inside = all_days[(day > pd.Timestamp(night) - pd.Timedelta(days=days)) & (day <= pd.Timestamp(night))]
    cells = inside.groupby([*CELL_NAMES, *GROUP], dropna=False)[["lines", "ln_price_micro"]].sum().reset_index()
    cells = cells[(cells["lines"] > 0) & cells["supplier_id"].notna()].reset_index(drop=True)
    cells["mean"] = cells["ln_price_micro"] / cells["lines"] / MICRO
    whole = known["brand"].isna()
    enough = ~whole & (known["lines"] >= Peers().least_lines)
    near = known[enough].set_index(GROUP)["ln_price_micro"] / MICRO
    wide = known[whole].set_index("category")["ln_price_micro"] / MICRO
    near_of = near.reindex(pd.MultiIndex.from_frame(cells[GROUP])).to_numpy()
    cells["peers"] = np.where(np.isnan(near_of), wide.reindex(cells["category"]).to_numpy(), near_of)
    own = pd.Series(
        np.log(said["reference_price"].astype(float).to_numpy()), index=said["brand"].str.strip().str.lower()
    )
    reference = own.reindex(cells["brand"]).to_numpy()
    both = ~np.isnan(near_of) & ~np.isnan(reference)
    usual = float(pd.Series((near_of - reference)[both]).groupby(cells["brand"].to_numpy()[both]).median().median())
    cells["reference"] = np.where(np.isnan(reference), cells["peers"], reference)
    cells["shifted"] = np.where(np.isnan(reference), cells["peers"], reference + usual)
    return cells


@click.command(help=__doc__)
@click.argument("lake", type=click.Path(exists=True, file_okay=False))
@click.argument("truth", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--days", default=90, show_default=True, help="Days of the window.")
def main(lake: str, truth: Path, days: int) -> None:
    """Print average precision and the area under the curve by yardstick."""
    cells, side, cap = priced(lake, days), SideParams(), Peers().cap
    guilty = pd.read_parquet(truth / "suppliers.parquet").set_index("supplier_id")["guilty"]
    lines = cells.groupby("supplier_id")["lines"].sum()
    bad = guilty.reindex(lines.index).to_numpy(dtype=bool)
    click.echo(f"{len(bad)} suppliers named, {int(bad.sum())} guilty")
    for name in ("peers", "reference", "shifted"):
        below = (cells["mean"] - cells[name]).clip(-cap, cap) * cells["lines"]
        score = -(below.groupby(cells["supplier_id"]).sum() / (lines + side.price_pseudo))
        rank = score.rank().to_numpy()[bad].sum() - bad.sum() * (bad.sum() + 1) / 2
        auc = rank / (bad.sum() * (~bad).sum())
        click.echo(
            f"  {name:10} AUC {auc:.3f}  average precision {metrics.average_precision(score.to_numpy(), bad):.3f}"
        )


if __name__ == "__main__":
    main()
