"""Operators found on a planted marketplace's feeds, in one process, beside plain connected components and what can be found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from headwater.evaluate.metrics import b_cubed, pairwise
from headwater.graph import tell
from headwater.graph.bipartite import PAPERS, bipartite, group
from headwater.graph.hubs import ALONE, OWN
from headwater.graph.operators import find_operators
from headwater.graph.said import Said
from headwater.graph.shops import HOME_ROLES
from headwater.parameters.graph import Hubs, Operators
from headwater.parameters.places import PlaceParams
from headwater.places.identity import OWN_COUNTRY
from headwater.places.match import match_places
from headwater.places.normalise import HOUSES, parse_addresses
from headwater.places.rules import load_rules
from headwater.places.values import DIRECT, clean_values
from headwater.synthetic.addresses import make_addresses
from headwater.synthetic.feeds import dimension_feeds
from headwater.synthetic.params import MarketplaceParams
from headwater.synthetic.people import make_world
from headwater.synthetic.world import World

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Planted:
    """Identity values of a planted marketplace (seller_id, type, value); what else its shops share, houses and warehouses' phones; its
    shops with country and category, and the truth."""

    edges: pd.DataFrame
    used: pd.DataFrame
    shops: pa.Table
    operator: Ints


def planted(params: MarketplaceParams) -> Planted:
    """The first night's feeds, read as the night reads them; no orders are drawn."""
    world = make_world(params)
    addresses, *_ = make_addresses(world)
    feeds = {name: table for name, night, table in dimension_feeds(world, addresses) if night == 0}
    sellers, written = feeds["sellers"].to_pandas(), feeds["addresses"]
    rules, place_params = load_rules(), PlaceParams()
    rows = written.to_pandas()
    parsed = parse_addresses(written.combine_chunks().to_batches()[0], rules, place_params)
    labels = match_places(parsed, place_params).set_index("address_id")
    rows["place"] = rows["address_id"].map(labels["place_label"])
    rows["building"] = rows["address_id"].map(labels["building_label"])
    rows["level"] = rows["address_id"].map(parsed.set_index("address_id")["level"])
    said = [*(rows[rows["role"].isin(roles)] for roles in OWN_COUNTRY), rows]
    homes = [
        r.groupby("seller_id")["country"].agg(lambda c: c.dropna().min() if c.nunique() == 1 else None) for r in said
    ]
    home = homes[0].combine_first(homes[1]).combine_first(homes[2])
    parts = [_values(sellers, kind, sellers["seller_id"].map(home)) for kind in DIRECT]
    at_home = rows[rows["role"].isin(HOME_ROLES)]
    parts.append(_values(at_home, "phone", at_home["country"]))
    unit = at_home[at_home["level"] == "unit"]
    parts.append(pd.DataFrame({"seller_id": unit["seller_id"], "type": "unit_address", "value": unit["place"]}))
    contact = clean_values("contact_name", unit["contact_name"], rules, place_params)["value"]
    parts.append(
        pd.DataFrame(
            {"seller_id": unit["seller_id"], "type": "contact_address", "value": contact + " @ " + unit["place"]}
        )
    )
    edges = pd.concat(parts).dropna().drop_duplicates(ignore_index=True).astype(str)
    house = rows[rows["level"].isin(HOUSES)]
    houses = pd.DataFrame({"seller_id": house["seller_id"], "type": "building", "value": house["building"]})
    phones = _values(rows, "phone", rows["country"])
    used = pd.concat([houses, phones]).dropna().drop_duplicates(ignore_index=True).astype(str)
    registered = rows[rows["role"] == "registered"].drop_duplicates("seller_id").set_index("seller_id")["country"]
    return Planted(edges, used, _shops(world, sellers["seller_id"], registered), world.shops.operator.astype(np.int64))


def _values(rows: pd.DataFrame, kind: str, country: pd.Series) -> pd.DataFrame:
    cleaned = clean_values(kind, rows[kind], load_rules(), PlaceParams(), country)  # type: ignore[arg-type]
    return pd.DataFrame({"seller_id": rows["seller_id"], "type": kind, "value": cleaned["value"]})


def _shops(world: World, sellers: pd.Series, country: pd.Series) -> pa.Table:
    return pa.table(
        {
            "seller_id": pa.array(sellers.astype(str), pa.string()),
            "country": pa.array(sellers.map(country), pa.string(), from_pandas=True),
            "category": pa.array(world.shops.category.astype(str), pa.string()),
        }
    )


def with_agents(
    world: Planted, kinds: Sequence[str], clients: Sequence[int], seed: int, alike: bool = False
) -> Planted:
    """The same with one agent a number of `clients`: shops at random, of one category if they are `alike`, that all give the agent's
    value of each of the kinds, beside their own; instead of their own payee, for a shop is paid once."""
    draws = np.random.default_rng([seed, len(clients)])
    sellers = draws.permutation(world.shops["seller_id"].to_numpy(zero_copy_only=False))
    if alike:
        category = dict(zip(*(world.shops[name].to_pylist() for name in ("seller_id", "category")), strict=True))
        sellers = np.array(sorted(sellers, key=category.__getitem__))  # stable, so still at random within a category
        starts = draws.choice(len(sellers) // max(clients), len(clients), replace=False) * max(clients)
    else:
        starts = np.cumsum([0, *clients[:-1]])
    chosen = [(f"agent {i}", s) for i, n in enumerate(clients) for s in sellers[starts[i] : starts[i] + n]]
    given = [
        pd.DataFrame({"seller_id": [s for _, s in chosen], "type": k, "value": [a for a, _ in chosen]}) for k in kinds
    ]
    paid = (world.edges["type"] == "payee_id") & world.edges["seller_id"].isin([s for _, s in chosen])
    own = world.edges[~paid] if "payee_id" in kinds else world.edges
    return replace(world, edges=pd.concat([own, *given], ignore_index=True))


def candidates(world: Planted) -> pa.Table:
    """The values that two shops or more give."""
    given = world.edges.groupby(["type", "value"])["seller_id"].transform("nunique")
    return pa.Table.from_pandas(world.edges[given > 1], preserve_index=False)


def about(world: Planted) -> pa.Table:
    """The shops, with what each gives that no other shop gives."""
    given = world.edges.groupby(["type", "value"])["seller_id"].transform("nunique")
    alone, sellers = world.edges[given == 1], world.shops["seller_id"].to_pandas()
    kind = alone["type"].where(alone["type"].isin(PAPERS), ALONE)
    table = world.shops
    for name, column in OWN.items():
        table = table.append_column(column, pa.array(sellers.isin(alone.loc[kind == name, "seller_id"])))
    return table


def methods(world: Planted, hubs: Hubs, params: Operators) -> dict[str, tuple[Ints, int]]:
    """(operator of each shop, hubs) by method: ours; plain connected components of all shared identity values, and of all houses and
    phones that any address says besides; and `findable`, the truth as far as any identity value ties it: no method can find more."""
    edges = candidates(world)
    found = find_operators(edges, about(world), Said(), hubs, params)
    order = np.argsort(np.argsort(world.shops["seller_id"].to_numpy()))
    graph = bipartite(edges, world.shops["seller_id"])
    truth = world.operator[np.argsort(order)]
    plain = group(graph.shops, graph.shop, graph.value)
    sellers = pd.Index(graph.sellers.to_pylist())
    start = plain[sellers.get_indexer(world.used["seller_id"])]
    used = group(graph.shops, start, pd.factorize(world.used["type"] + ":" + world.used["value"])[0], plain)
    within = group(graph.shops, graph.shop, graph.value * (int(truth.max()) + 1) + truth[graph.shop])
    return {
        "core, then members": (found.label[order], tell.hubs(found).num_rows),
        "connected components": (plain[order], 0),
        "connected components, any address": (used[order], 0),
        "findable": (within[order], 0),
    }


def scores(label: Ints, truth: Ints) -> dict[str, float]:
    """Pairwise and B-cubed precision and recall, and the size of the largest operator."""
    pair, cubed = pairwise(label, truth), b_cubed(label, truth)
    return {
        "pairwise precision": pair[0],
        "pairwise recall": pair[1],
        "B-cubed precision": cubed[0],
        "B-cubed recall": cubed[1],
        "largest": float(np.unique(label, return_counts=True)[1].max()),
    }
