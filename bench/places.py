"""Places on planted addresses of many countries and scripts, against their truth; and on neighbours that differ in one part.

The truth is the unit where one is said, else the house: an address that leaves its unit out is of its house. City-only addresses
name no place and are left out, but what is found for them counts if it joins them with one. Peers see the same texts.

Neighbours are what the marketplace does not plant: places of one street and number that differ in a state, district, block, zone, kind
of door or named building, each written in three or four ways.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from itertools import product
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


def neighbours() -> pd.DataFrame:
    """One row an address: `address_id`, the FIELDS and `truth`, with everything said that tells the place from the next one."""
    said = [*_in_china(), *_in_states(), *_in_houses()]
    rows = pd.DataFrame([dict.fromkeys(FIELDS) | fields | {"truth": truth} for truth, fields in said])
    return rows.assign(address_id=[f"N{i}" for i in range(len(rows))])


def _in_china() -> Iterator[tuple[str, dict[str, str]]]:
    """Districts, blocks with entrances, zones of a market, doors; in Han and in Latin, from the large to the small or back."""
    towns = [
        ("广东省", "深圳市", "福田区", "Futian"),
        ("广东省", "深圳市", "龙华区", "Longhua"),
        ("浙江省", "温州市", "苍南县", "Cangnan"),
    ]
    streets = [("建设路", "Jianshe Road"), ("建设北路", "Jianshe North Road"), ("山西南路", None), ("陕西南路", None)]
    parts = [
        ("3栋2单元", "Building 3, Unit 2"),
        ("2栋3单元", "Building 2, Unit 3"),
        ("A区", "Zone A"),
        ("B区", "Zone B"),
        ("一期", "Phase 1"),
    ]
    doors = [("502室", "Room 502"), ("503室", "Room 503")]
    cities = {"深圳市": "Shenzhen", "温州市": "Wenzhou"}
    for (province, city, district, ward), (road, street), (block, mark), (door, room) in product(
        towns, streets, parts, doors
    ):
        truth = f"{city}{district}{road}10号{block}{door}"
        yield truth, {"text": f"{province}{truth}"}
        yield truth, {"text": truth, "country": "CN"}
        yield truth, {"street": f"{district}{road}10号{block}{door}", "city": city.rstrip("市"), "country": "China"}
        if street:
            town = f"{cities[city]}, China"
            yield truth, {"text": f"{room}, {mark}, No. 10 {street}, {ward} District, {town}"}
            yield truth, {"text": f"10 {street}, {mark}, {room}, {ward}, {town}"}


def _in_states() -> Iterator[tuple[str, dict[str, str]]]:
    """Towns of one name in two states, and towns one letter apart; doors of four kinds."""
    towns = [
        ("Springfield", "IL", "62701", "US"), ("Springfield", "MA", "01103", "US"), ("Clinton", "NJ", "08809", "US"),
        ("Clifton", "NJ", "07013", "US"), ("Guadalupe", "Nuevo León", "67100", "MX"), ("Guadalupe", "Zacatecas", "98600", "MX"),
    ]  # fmt: skip
    for (city, state, code, country), number, door in product(
        towns, range(100, 130), ("Apt 5", "Shop 5", "3rd Floor", "Apt 3F")
    ):
        truth, line = f"{city} {state} {number} {door}", f"{number} Main St"
        yield truth, {"text": f"{line} {door}, {city}, {state} {code}", "country": country}
        yield truth, {"street": f"{line}, {door}", "city": city, "region": state, "country": country}
        yield truth, {"text": f"{door}, {number} Main Street, {city}, {state}", "country": country}


def _in_houses() -> Iterator[tuple[str, dict[str, str]]]:
    """Two named buildings at one number; rows and gates of a hall."""
    names, parts = (
        ("Alpha House", "Beta House", "Gamma Chambers"),
        ("Unit 5", "Stall 5, Row C", "Stall 5, Row D", "Stall 5, Gate 2"),
    )
    for name, part, number in product(names, parts, range(10, 40)):
        truth = f"{name} {part} {number}"
        yield truth, {"text": f"{part}, {name}, {number} High Street, Leeds, LS1 4AB, UK"}
        yield truth, {"text": f"{name}, {number} High St., {part}, Leeds, LS1 4AB", "country": "GB"}
        yield truth, {"street": f"{name}, {number} High Street, {part}", "city": "LEEDS", "country": "GB"}


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
    near = neighbours()
    texts = near.assign(text=text_of(near))
    lines.append({"method": "headwater, neighbours", "rows": len(near), **scores(found(near), near["truth"])})
    for t in (75, 90):  # no two texts are equal
        guess = similar_text(texts, t)
        lines.append({"method": f"rapidfuzz ratio >= {t}, the same", "rows": len(near), **scores(guess, near["truth"])})
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
