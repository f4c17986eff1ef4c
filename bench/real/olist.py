"""A night on a real marketplace: Olist, 2016-2018, with low reviews in place of complaints.

    python bench/real/olist.py --data DIR     # DIR holds olist/; default: HEADWATER_DATA, else ../shared/data

conf/olist.toml maps the columns. What no mapping can do is prepared here, value by value as the files hold it:
  orders          items joined to their order, customer and product (an order without items is no order line; counted)
  complaints      reviews of one or two stars, joined to the customer. A review without an id goes by its order's id, and
                  the dates that one of the two samples writes as month/day/year are written as year-month-day
  addresses       the sellers' file as it is: zip code, city and state, no street
  supplier_links  a header without rows: Olist does not say who supplies a shop
So the run can rank shops, must say that it can suspect no source, and must account for every row.

Then the time split: do the shops with the highest EB05 of the first half of the orders do worse in the second?
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lib"))

from headwater import config as configuration
from headwater import session, tokens
from headwater.attribution import gamma_poisson
from headwater.config import Config
from headwater.errors import HeadwaterError
from headwater.nightly.run import run_night
from headwater.progress import Progress
from headwater.store import Lake
from headwater.tables.clean import REJECTS
from headwater.tables.model import COMPLAINTS_UNMATCHED
from headwater.tables.ops import INTAKE
from headwater.tables.published import FUNNEL, SHOPS

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = ROOT / "conf" / "olist.toml"
NIGHT = date(2018, 10, 17)  # the last order's day
LOW = ("1", "2")
TOP = 30  # shops, as in docs/model.md, step 2
DRAWS = 2_000
SUBSTITUTE = "Low reviews (one or two stars) stand in for complaints of counterfeit goods: they say what buyers disliked, not what is fake."


def data_folder() -> Path:
    """The folder that holds olist/, unless one is named: HEADWATER_DATA, else shared/data beside the checkout."""
    return Path(os.environ.get("HEADWATER_DATA") or ROOT.parent / "shared" / "data")


def read(data: Path, name: str) -> pd.DataFrame:
    """One of Olist's files, every value as it is written: no number, date or missing value is guessed."""
    return pd.read_csv(data / "olist" / name, dtype=str, keep_default_na=False, encoding="utf-8")


def iso_dates(texts: pd.Series) -> pd.Series:
    """Month/day/year texts as year-month-day; texts of any other form stay as they are."""
    american = pd.to_datetime(texts, format="%m/%d/%Y %H:%M", errors="coerce")
    return texts.where(american.isna(), american.dt.strftime("%Y-%m-%d %H:%M"))


def prepare(data: Path, landing: Path) -> list[str]:
    """Write the four feeds under `landing`; what was done, in sentences."""
    orders, items, reviews = (read(data, f"{name}.csv.gz") for name in ("orders", "order_items", "order_reviews"))
    customers, products = read(data, "customers.csv.gz"), read(data, "olist_products_dataset.csv.gz")
    buyer = orders[["order_id", "order_purchase_timestamp", "customer_id"]].merge(
        customers[["customer_id", "customer_unique_id", "customer_state"]],
        on="customer_id",
        how="left",
        validate="many_to_one",
    )
    category = products[["product_id", "product_category_name"]]
    lines = items.merge(buyer, on="order_id", how="inner", validate="many_to_one")
    lines = lines.merge(category, on="product_id", how="left", validate="many_to_one")
    unnamed = reviews["review_id"] == ""
    complaints = reviews.assign(
        complaint_id=reviews["review_id"].where(~unnamed, reviews["order_id"]),
        review_creation_date=iso_dates(reviews["review_creation_date"]),
    )
    low = complaints[complaints["review_score"].isin(LOW)]
    low = low.merge(buyer[["order_id", "customer_unique_id"]], on="order_id", how="left", validate="many_to_one")
    _write(landing, "orders", lines.drop(columns=["shipping_limit_date", "freight_value", "src", "customer_id"]))
    _write(landing, "complaints", low.drop(columns=["review_id", "review_answer_timestamp", "src"]))
    _write(landing, "supplier_links", pd.DataFrame(columns=["seller_id", "supplier_id", "kind"]))
    (landing / "addresses").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(data / "olist" / "olist_sellers_dataset.csv", landing / "addresses" / "sellers.csv")
    without = int((~orders["order_id"].isin(items["order_id"])).sum())
    return [
        f"{len(lines):,} order lines of {len(orders) - without:,} orders; {without:,} further orders have no item and give no line",
        f"{len(low):,} complaints: the reviews of one or two stars among {len(reviews):,}; "
        f"{int(low['review_comment_message'].str.contains(chr(10)).sum()):,} of them hold a newline inside quotes, "
        f"{int((low['complaint_id'] == low['order_id']).sum()):,} have no review id and go by their order's",
        "no supplier links: the feed is a header",
    ]


def _write(landing: Path, feed: str, rows: pd.DataFrame) -> None:
    (landing / feed).mkdir(parents=True, exist_ok=True)
    rows.to_csv(landing / feed / f"{feed}.csv", index=False, lineterminator="\n", encoding="utf-8")


@dataclass(frozen=True)
class Outcome:
    """What a night left: `files` (feed, read, accepted, rejected), rejects by (feed, rule), complaints without their order
    by reason, the funnel's row, all shops by rank."""

    files: list[dict[str, Any]]
    rejects: dict[tuple[str, str], int]
    unmatched: dict[str, int]
    funnel: dict[str, Any]
    shops: list[dict[str, Any]]


def outcome(lake: Lake, night: date) -> Outcome:
    """Collect it from the lake."""
    import pyspark.sql.functions as F

    broken = lake.read(REJECTS, night).select("feed", F.explode("rules").alias("rule")).groupBy("feed", "rule").count()
    unmatched = lake.read(COMPLAINTS_UNMATCHED, night).groupBy("why").count()
    return Outcome(
        [r.asDict() for r in lake.read(INTAKE, night).orderBy("feed", "path").collect()],
        {(r["feed"], r["rule"]): r["count"] for r in broken.orderBy("feed", "rule").collect()},
        {r["why"]: r["count"] for r in unmatched.orderBy("why").collect()},
        lake.read(FUNNEL, night).collect()[0].asDict(),
        [r.asDict() for r in lake.read(SHOPS, night).orderBy("rank").collect()],
    )


def time_split(data: Path, sample: str | None = None) -> pd.DataFrame:
    """The future of shops picked by their past: one row a way to pick, with `rate`, `low`, `high`, `orders`, `shops`.

    The unit is a reviewed order of a shop, bad if its lowest review has one star; the cut is the median order time, and
    only shops with reviewed orders on both sides can be picked. Past: reviews written by the cut. Future: the share of bad
    orders, all picked shops together; its 95 % interval resamples the picked shops (or draws 30 at random). `sample`: only
    orders of one of the two samples that the data set joins, whose one-star rates differ threefold."""
    orders, items, reviews = (read(data, f"{name}.csv.gz") for name in ("orders", "order_items", "order_reviews"))
    reviews = reviews.assign(
        written=pd.to_datetime(iso_dates(reviews["review_creation_date"]), format="mixed"),
        stars=reviews["review_score"].astype(int),
    )
    if sample:
        orders = orders[orders["src"] == sample]
    sales = items[["order_id", "seller_id"]].drop_duplicates()
    sales = sales[sales["order_id"].isin(reviews["order_id"])].merge(orders, on="order_id", how="inner")
    ordered = pd.to_datetime(sales["order_purchase_timestamp"])
    cut = ordered.quantile(0.5)
    one_star = reviews[reviews["stars"] == 1]
    known = sales["order_id"].isin(one_star.loc[one_star["written"] <= cut, "order_id"])
    bad = sales["order_id"].isin(one_star["order_id"])
    past = known[ordered <= cut].groupby(sales["seller_id"]).agg(orders="size", bad="sum")
    future = bad[ordered > cut].groupby(sales["seller_id"]).agg(future="size", future_bad="sum")
    expected = past["orders"] * past["bad"].sum() / past["orders"].sum()
    mixture = gamma_poisson.fit(*gamma_poisson.squash(past["bad"], expected))
    scored = past.assign(
        eb05=gamma_poisson.quantile(mixture, past["bad"], expected, 0.05), raw=past["bad"] / past["orders"]
    )
    shops = scored.join(future, how="inner").reset_index()
    generator = np.random.default_rng(20181017)
    rows = []
    for name, score in (("highest EB05", "eb05"), ("highest raw rate", "raw")):
        top = shops.sort_values([score, "seller_id"], ascending=[False, True]).head(TOP)
        rows.append(_future(name, top, generator.integers(0, len(top), (DRAWS, len(top)))))
    shuffled = np.argsort(generator.random((DRAWS, len(shops))), axis=1)[:, :TOP]
    rows.append(_future("random", shops, shuffled))
    return pd.DataFrame(rows)


def _future(name: str, shops: pd.DataFrame, draws: np.ndarray) -> dict[str, Any]:
    """Pooled future rate of shops, with the 2.5 % and 97.5 % quantiles over `draws` (a row of positions each)."""
    orders, bad = shops["future"].to_numpy(), shops["future_bad"].to_numpy()
    low, high = np.quantile(bad[draws].sum(axis=1) / orders[draws].sum(axis=1), [0.025, 0.975])
    return {
        "picked by": name,
        "rate": bad.sum() / orders.sum(),
        "low": low,
        "high": high,
        "orders": int(orders.sum()),
        "shops": len(shops),
    }


def show(found: Outcome, top: int) -> None:
    """Print it."""
    click.echo("\nEvery row is accounted for (accepted + rejected = read):")
    for file in found.files:
        total = f"{file['accepted']:>7,} + {file['rejected']:>5,} = {file['read']:>7,}"
        click.echo(f"  {file['feed']:<15} {total}   {Path(file['path']).name}")
    click.echo("\nRejects by rule:")
    for (feed, rule), count in found.rejects.items():
        click.echo(f"  {feed:<15} {rule:<25} {count:>5,}")
    if not found.rejects:
        click.echo("  none")
    click.echo("\nComplaints without their order line, by reason:")
    for why, count in found.unmatched.items():
        click.echo(f"  {why:<20} {count:>5,}")
    row = found.funnel
    click.echo(
        f"\nNight {row['night']}: {row['orders']:,} order lines, {row['complaints']:,} complaints counted, "
        f"{row['complaints_unmatched']:,} without their order line, {row['rejected_rows']:,} rows rejected, "
        f"{row['waiting_rows']:,} waiting for a later night\n"
        f"{row['shops_suspected']:,} of {row['shops']:,} shops have more complaints than chance explains; "
        f"{row['sources']:,} sources have complaints"
    )
    for note in row["notes"]:
        click.echo(f"note: {note}")
    click.echo(f"note: {SUBSTITUTE}")
    click.echo("\nrank  shop                              orders  complaints  expected   EBGM   EB05")
    for shop in found.shops[:top]:
        click.echo(
            f"{shop['rank']:>4}  {shop['seller_id']:<32} {shop['orders']:>7,} {shop['complaints']:>11,} "
            f"{shop['expected']:>9.2f} {shop['ebgm']:>6.2f} {shop['eb05']:>6.2f}"
        )


def show_split(data: Path) -> None:
    """Print the time split of the whole and of the larger sample."""
    click.echo(f"\nTime split: share of one-star orders in the second half of {TOP} shops picked by the first half")
    for name, sample in (("both samples", None), ("the larger sample", "cabg")):
        click.echo(f"  {name}")
        for row in time_split(data, sample).itertuples(index=False):
            picked, rate, low, high, orders, shops = row
            click.echo(
                f"    {picked:<17} {rate:.3f}   95 % {low:.3f} to {high:.3f}   {orders:,} orders of {shops:,} shops"
            )


@click.command()
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), default=data_folder)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Default: out/olist in the checkout.")
@click.option("--night", type=click.DateTime(["%Y-%m-%d"]), default=str(NIGHT), show_default="2018-10-17")
@click.option("--set", "overrides", multiple=True, metavar="SECTION.NAME=VALUE", help="Override one parameter.")
@click.option("--top", default=15, show_default=True, type=click.IntRange(1), help="Shops to show.")
@click.pass_obj
def main(spark: Any, data: Path, out: Path | None, night: Any, overrides: tuple[str, ...], top: int) -> None:
    """Run a night on Olist and print what it found, and what it cannot say."""
    out = out or ROOT / "out" / "olist"
    if not (data / "olist").is_dir():
        raise click.UsageError(f"{data} holds no folder olist/; name its parent with --data or HEADWATER_DATA")
    try:
        config = load(out, overrides)
        tokens.load_key(config)
        for sentence in prepare(data, out / "landing"):
            click.echo(sentence)
        found = run(spark, config, night.date())
    except HeadwaterError as error:
        click.echo(f"olist: {error}", err=True)
        sys.exit(error.exit_code)
    show(found, top)
    show_split(data)


def run(spark: Any, config: Config, night: date) -> Outcome:
    """Run the night in the session given, else in one of its own."""
    with Progress() as progress:
        using = spark or session.start(config, "headwater olist")
        try:
            return outcome(run_night(using, config, night, progress.wrote).lake, night)
        finally:
            if spark is None:
                using.stop()


def load(out: Path, overrides: tuple[str, ...] = ()) -> Config:
    """conf/olist.toml with the landing feeds and the lake under `out`."""
    places = (f"paths.landing={out / 'landing'}", f"paths.lake={out / 'lake'}")
    return configuration.load(CONFIGURATION, (*places, *overrides))


if __name__ == "__main__":
    main()
