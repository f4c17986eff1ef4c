"""What is true of the planted marketplace, for evaluation: read by tests and benchmarks, never by the pipeline."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from headwater.synthetic.addresses import PRECISIONS, Addresses, written_places
from headwater.synthetic.columns import id_pool, ids, taken
from headwater.synthetic.references import hub_table
from headwater.synthetic.vocabulary import CITIES
from headwater.synthetic.world import CENTRE, CITY_OF_BLOCK, HALL, HOME, PLACE_KINDS, WAREHOUSE, World

ROLES = ["producer", "distributor", "shared_warehouse", "logistics", "market"]


def truth_tables(world: World, addresses: Addresses) -> Iterator[tuple[str, pa.Table]]:
    """(name, table): sources, suppliers, operators, places, addresses, trade, hubs."""
    yield "sources", _sources(world)
    yield "suppliers", _suppliers(world)
    yield "operators", _operators(world)
    yield "places", _places(world)
    yield "addresses", _addresses(addresses)
    yield "trade", _trade(world)
    yield "hubs", hub_table(world)


def _sources(world: World) -> pa.Table:
    """One row a (source_id, supplier_id, place_id): one that moved, came back or has two ids at once has several."""
    suppliers = world.suppliers
    moved = np.flatnonzero(suppliers.second_place >= 0)
    rows = np.r_[np.arange(len(suppliers.source)), moved]
    place = np.r_[suppliers.place, suppliers.second_place[moved]]
    change = np.isin(suppliers.source[rows], suppliers.source[suppliers.returned])
    doubled = np.isin(suppliers.company[rows], suppliers.company[suppliers.alias])
    order = np.lexsort((place, rows, suppliers.source[rows]))
    rows, place, change, doubled = rows[order], place[order], change[order], doubled[order]
    return pa.table(
        {
            "source_id": ids("SRC", suppliers.source[rows], 5),
            "supplier_id": ids("SUP", rows, 5),
            "place_id": ids("PL", place, 7),
            "guilty": pa.array(suppliers.guilty[rows]),
            "unlisted": pa.array(suppliers.unlisted[rows]),
            "price_level": pa.array(suppliers.price_level[rows]),
            "moves": pa.array(suppliers.second_place[rows] >= 0),
            "re_emerges": pa.array(change),
            "discounter": pa.array(suppliers.discounter[rows]),
            "double_id": pa.array(doubled),
            "role": taken(ROLES, suppliers.distributor[rows].astype(int)),
        }
    )


def _suppliers(world: World) -> pa.Table:
    """One row a supplier id: ids of one `company_id` are one company on paper; who came back has another, of one source."""
    suppliers = world.suppliers
    return pa.table(
        {
            "supplier_id": ids("SUP", np.arange(len(suppliers.source)), 5),
            "source_id": ids("SRC", suppliers.source, 5),
            "company_id": ids("CO", suppliers.company, 5),
            "guilty": pa.array(suppliers.guilty),
            "role": taken(ROLES, suppliers.distributor.astype(int)),
        }
    )


def _operators(world: World) -> pa.Table:
    """One row a seller: the operator behind it, and what may make it look like more or less than it is."""
    shops = world.shops
    return pa.table(
        {
            "operator_id": ids("OP", shops.operator, 6),
            "seller_id": ids("S", np.arange(len(shops.operator)), 6),
            "guilty": pa.array(world.guilty_shop),
            "drop_shipper": pa.array(shops.drop_shipper),
            "agent_phone": pa.array(shops.agent >= 0),
            "placeholder_phone": pa.array(shops.no_phone),
            "placeholder_email": pa.array(shops.no_email),
            "market_stall": pa.array(world.places.hall[shops.home] >= 0),
            "return_centre": pa.array(shops.centre >= 0),
        }
    )


def _places(world: World) -> pa.Table:
    """One row a place that anybody uses, its address as a careful clerk would write it; a stall names its hall.

    `guilty` is a place of a guilty source; a warehouse that fakes pass through is not. Homes have no `role`."""
    places, suppliers, shops = world.places, world.suppliers, world.shops
    used = [world.edges.place, shops.home, shops.centre, suppliers.place, suppliers.second_place, places.hall]
    rows = np.unique(np.concatenate(used))
    rows = rows[rows >= 0]
    guilty, distributor = np.zeros(len(places.kind), bool), np.zeros(len(places.kind), bool)
    for place in (suppliers.place, suppliers.second_place):
        guilty[place[(place >= 0) & suppliers.guilty]] = True
        distributor[place[(place >= 0) & suppliers.distributor]] = True
    kind = places.kind[rows]
    role = np.select([kind == WAREHOUSE, kind == HALL, kind == CENTRE, distributor[rows]], [2, 4, 3, 1], 0)
    city, hall = CITY_OF_BLOCK[places.block[rows]], places.hall[rows]
    written = written_places(world, rows, np.zeros(len(rows), np.int64), np.zeros(len(rows), bool), 8)
    return pa.table(
        {
            "place_id": ids("PL", rows, 7),
            "kind": taken(PLACE_KINDS, kind),
            "role": taken(ROLES, role, kind == HOME),
            "guilty": pa.array(guilty[rows]),
            "hall_id": ids("PL", np.maximum(hall, 0), 7, hall < 0),
            "street": written["street"],
            "city": taken([c.name for c in CITIES], city),
            "country": taken([c.country for c in CITIES], city),
        }
    )


def _addresses(addresses: Addresses) -> pa.Table:
    """One row an address as written: the place it is, and how much of it the text tells."""
    rows = np.arange(len(addresses.shop))
    return pa.table(
        {
            "address_id": ids("A", rows, 7),
            "place_id": ids("PL", addresses.place, 7),
            "precision": taken(PRECISIONS, addresses.precision),
        }
    )


def _trade(world: World) -> pa.Table:
    """One row a (shop, supplier, dispatch place) with its days: start <= day < end, counted from the first day."""
    edges = world.edges
    return pa.table(
        {
            "seller_id": taken(id_pool("S", world.params.shops, 6), edges.shop),
            "supplier_id": taken(id_pool("SUP", len(world.suppliers.source), 5), edges.supplier),
            "place_id": ids("PL", edges.place, 7),
            "start": pa.array(edges.start, pa.int32()),
            "end": pa.array(edges.end, pa.int32()),
        }
    )
