"""Who runs which shops, in words: operators, one operator, one place, and why two shops are one or are not; without Spark."""

from __future__ import annotations

from datetime import date
from typing import Any

import networkx as nx
import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console
from rich.table import Table as Grid

from headwater.errors import ConfigurationError
from headwater.graph.bipartite import MUST_LINK
from headwater.report.words import dicts
from headwater.store import PublishedReader
from headwater.tables.model import CONTRADICTIONS, HUBS, LINKS, MEMBERS, PLACES, VERDICTS
from headwater.tables.published import OPERATORS

CAREFUL = "They share it and nothing more follows: a supplier, warehouse or building has many customers who do not know each other."
ROWS = 4  # source rows told of each value


def operators(console: Console, reader: PublishedReader, night: date, top: int) -> None:
    """Where shops may be linked too far: the largest operators, those that hang on one value, the values that link most."""
    rows = reader.read(OPERATORS, night)
    several = rows.filter(pc.greater(rows["shops"], 1))
    console.print(
        f"[bold]Operators on {night}[/]: {rows.num_rows:,}, {several.num_rows:,} of them with several shops, "
        f"{pc.sum(rows['oversize']).as_py() or 0:,} cut out of a component above the guard"
    )
    _table(console, "Largest", _first(several, top, ("shops", "descending"), ("operator_id", "ascending")))
    hanging = several.filter(pc.greater(several["bridge_shops"], 0))
    _table(
        console, "Held by one value", _first(hanging, top, ("bridge_shops", "descending"), ("operator_id", "ascending"))
    )
    ids = several["seller_id" if "seller_id" in several.column_names else "seller_ids"]
    members = pc.list_flatten(ids).to_pylist()
    links = reader.model(LINKS, night, seller_id=members) if members else None
    if links is not None:
        tying = links.filter(links["ties"]).group_by(["type", "value"]).aggregate([([], "count_all")])
        _values(console, _first(tying, top, ("count_all", "descending"), ("type", "ascending"), ("value", "ascending")))
    hubs = reader.model(HUBS, night)
    demoted = hubs.filter(pc.greater(hubs["demoted"], 0))
    console.print(
        f"[bold]Hubs[/]: {hubs.num_rows:,} values, {demoted.num_rows:,} of them identity values that no longer tie"
    )
    for hub in _first(hubs, top, ("demoted", "descending"), ("shops", "descending"), ("value", "ascending")):
        console.print(f"  {hub['kind']}: {hub['type']} {hub['shown'] or hub['value']}: {hub['reason']}")
    for row in dicts(reader.model(CONTRADICTIONS, night)):
        console.print(f"[yellow]contradiction[/] {row['verdict_id']}: {row['detail']}; {row['outcome']}")


def far_linked(operators: pa.Table, values: list[dict[str, Any]], top: int) -> list[str]:
    """OPERATORS_FOUND of a night and the values that tie most shops (type, value, shops) -> where shops may be linked too far, a line
    a check, for whoever watches a run: the largest operators, those that hang on one value, the values that link most."""
    several = operators.filter(pc.greater(operators["shops"], 1))
    hanging = several.filter(pc.greater(several["bridge_shops"], 0))
    order = ("operator_id", "ascending")
    largest = [
        f"{row['operator_id']} ({row['shops']:,} shops)"
        for row in _ranked(several, top, ("shops", "descending"), order)
    ]
    held = [
        f"{row['operator_id']} ({row['bridge_shops']:,} of {row['shops']:,} shops by {row['bridge_value']})"
        for row in _ranked(hanging, top, ("bridge_shops", "descending"), order)
    ]
    linking = [f"{row['type']} {row['value']} ({row['shops']:,} shops)" for row in values[:top]]
    cut = pc.sum(operators["oversize"]).as_py() or 0
    told = (
        (f"{several.num_rows:,} operators of several shops, the largest", largest),
        ("operators held by one value", held),
        ("values that link most", linking),
        ("operators cut out of a component above the guard", [f"{cut:,}"] if cut else []),
    )
    lines = (f"{what}: {', '.join(names) or 'none'}" for what, names in told)
    return ["".join(c if c.isprintable() else " " for c in line) for line in lines]


def operator(console: Console, reader: PublishedReader, night: date, operator_id: str) -> None:
    """One operator: its shops, what ties them, what it hangs on."""
    rows = reader.read(OPERATORS, night)
    found = dicts(rows.filter(pc.equal(rows["operator_id"], operator_id)))
    if not found:
        raise ConfigurationError(f"no operator {operator_id!r} on {night}; `headwater show operators` lists them")
    [row] = found
    console.print(f"[bold]Operator {operator_id}[/] on {night}: shops that are suspected to be run by the same people")
    for reason in row["reasons"]:
        console.print(f"  {reason}")
    graph = _graph(reader, night, row["seller_ids"])
    central = nx.betweenness_centrality(graph) if len(graph) < 2_000 else {}
    for value in sorted((n for n in graph if n[0] == "value"), key=lambda n: (-graph.degree(n), n)):
        shops = ", ".join(sorted(n[1] for n in graph[value])[:10])
        middle = f"; between the others: {central[value]:.2f}" if value in central else ""
        console.print(
            f"  {value[1]} {graph.nodes[value]['shown']}: {graph.degree(value)} of its shops ({shops}){middle}"
        )
    bridges = sorted({n for edge in nx.bridges(graph) for n in edge if n[0] == "value"})
    console.print(
        "  Hangs on: " + (", ".join(f"{n[1]} {graph.nodes[n]['shown']}" for n in bridges) or "no single value")
    )
    for reached in row["sources"]:
        console.print(f"  Suspected source of its shops: {reached}")


def why(console: Console, reader: PublishedReader, night: date, one: str, other: str) -> None:
    """Why two shops are one operator, the values between them each with its rows; or why they are not."""
    rows = {row["seller_id"]: row for row in reader.model(MEMBERS, night, seller_id=[one, other]).to_pylist()}
    for shop in (one, other):
        if shop not in rows:
            raise ConfigurationError(f"no shop {shop!r} on {night}")
    ids = rows[one]["operator_id"], rows[other]["operator_id"]
    if one == other or ids[0] == ids[1]:
        _way(console, reader, night, ids[0], one, other)
    else:
        console.print(f"[bold]{_plain(one)} and {_plain(other)} are not one operator[/] ({ids[0]}, {ids[1]})")
        for row in dicts(_pairs(reader, night, [one, other], "cannot_link")):
            console.print(f"  A person holds them apart: {_verdict(row)}")
        _shared(console, reader, night, one, other)
    pairs = reader.model(CONTRADICTIONS, night, subject_id=[one, other])
    for row in dicts(pairs.filter(pc.is_in(pairs["other_id"], pa.array([one, other])))):
        console.print(f"  [yellow]contradiction[/] {row['verdict_id']}: {row['detail']}; {row['outcome']}")


def _way(console: Console, reader: PublishedReader, night: date, operator_id: str, one: str, other: str) -> None:
    rows = reader.read(OPERATORS, night)
    [row] = rows.filter(pc.equal(rows["operator_id"], operator_id)).to_pylist()
    console.print(f"[bold]{_plain(one)} and {_plain(other)} are suspected to be one operator[/] ({operator_id})")
    graph = _graph(reader, night, row["seller_ids"])
    ends = ("shop", one), ("shop", other)
    if one == other or not nx.has_path(graph, *ends):
        console.print("  They are the same shop." if one == other else "  What tied them is no longer in force.")
        return
    way = nx.shortest_path(graph, *ends, weight="cost")
    for before, value, after in zip(way[::2], way[1::2], way[2::2], strict=False):
        both = f"{_plain(before[1])} and {_plain(after[1])}"
        if value[1] == MUST_LINK.name:
            console.print(f"  {both} are one because a person says so: {graph.nodes[value]['shown']}")
            continue
        console.print(
            f"  {both} give the same {value[1]}: {graph.nodes[value]['shown']} "
            f"({graph.nodes[value]['shops']:,} shops give it, rarity {graph.nodes[value]['rarity']:.1f})"
        )
        for shop in (before, after):
            console.print(f"    {_plain(shop[1])}: {_plain(', '.join(graph.edges[shop, value]['refs'][:ROWS]))}")
    if row["bridges"]:
        console.print(f"  Against: {row['bridge_shops']} of its {row['shops']} shops hang on one value alone")


def _shared(console: Console, reader: PublishedReader, night: date, one: str, other: str) -> None:
    by_shop: dict[str, dict[tuple[str, str], dict[str, Any]]] = {one: {}, other: {}}
    for raw, safe in _both(reader.model(LINKS, night, seller_id=[one, other])):
        by_shop[raw["seller_id"]][raw["type"], raw["value"]] = safe
    shared = sorted(by_shop[one].keys() & by_shop[other].keys())
    if not shared:
        console.print("  No feed gives a value, supplier or place that both of them have.")
    for key in shared:
        row = by_shop[one][key]
        if row["reason"]:
            what = row["reason"]
        elif row["class"] == "relationship":
            what = CAREFUL
        else:
            what = "Rare, but not enough by itself: no second independent value, or more parties give it than may tie alone."
        console.print(f"  both: {row['type']} {row['shown'] or row['value']} ({row['shops']:,} shops). {what}")
        for shop in (one, other):
            console.print(
                f"    {_plain(shop)}: {', '.join(by_shop[shop][key]['refs'][:ROWS]) or 'orders of the window'}"
            )


def place(console: Console, reader: PublishedReader, night: date, place_id: str, top: int) -> None:
    """One place: how it is written, who uses it and as what, and whether it is a hub."""
    written = dicts(reader.model(PLACES, night, place_id=[place_id]))
    if not written:
        raise ConfigurationError(f"no place {place_id!r} on {night}")
    first = written[0]
    console.print(f"[bold]Place {place_id}[/] on {night}: {first['name'] or 'nothing readable'} ({first['level']})")
    console.print(f"  {len(written):,} addresses of {len({row['seller_id'] for row in written}):,} shops mean it")
    links = dicts(reader.model(LINKS, night, value=[place_id]))
    for kind in sorted({row["type"] for row in links}):
        mine = [row for row in links if row["type"] == kind]
        orders = sum(row["orders"] or 0 for row in mine)
        shops = ", ".join(row["seller_id"] for row in mine[:top])
        console.print(f"  {kind}: {len(mine):,} shops, {orders:,} orders: {shops}{' ...' if len(mine) > top else ''}")
    for hub in dicts(reader.model(HUBS, night, value=[place_id])):
        console.print(f"  {hub['kind']}: {hub['reason']}; it ties nobody")


def _graph(reader: PublishedReader, night: date, shops: list[str]) -> nx.Graph:
    """The values that tie some shops, and the must-links, ready to print; the rarer a value, the shorter the way through it."""
    graph = nx.Graph()
    graph.add_nodes_from(("shop", shop) for shop in shops)
    for raw, row in _both(_pairs(reader, night, shops, MUST_LINK.name)):
        value = ("value", MUST_LINK.name, raw["verdict_id"])
        graph.add_node(value, shown=_verdict(row), shops=2, rarity=0.0)
        for shop in (raw["subject_id"], raw["other_id"]):
            graph.add_edge(("shop", shop), value, refs=[], cost=1.0)
    for raw, row in _both(reader.model(LINKS, night, seller_id=shops)):
        if not raw["ties"]:
            continue
        value = ("value", raw["type"], raw["value"])
        graph.add_node(value, shown=row["shown"] or row["value"], shops=raw["shops"], rarity=raw["rarity"])
        graph.add_edge(("shop", raw["seller_id"]), value, refs=row["refs"], cost=1 + 1 / (1 + max(raw["rarity"], 0.0)))
    return graph


def _pairs(reader: PublishedReader, night: date, shops: list[str], word: str) -> pa.Table:
    """The verdicts in force that say `word` of two of these shops."""
    rows = reader.model(VERDICTS, night, subject_kind=["pair"], verdict=[word], subject_id=shops, other_id=shops)
    return rows.filter(rows["in_force"])


def _verdict(row: dict[str, Any]) -> str:
    """A verdict that is ready to print, in a few words."""
    return f"{row['verdict_id']} by {row['author']}" + (f" ({row['reason']})" if row["reason"] else "")


def _both(rows: pa.Table) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Each row as it is, and safe to print."""
    return list(zip(rows.to_pylist(), dicts(rows), strict=True))


def _plain(text: str) -> str:
    return str(dicts(pa.table({"text": [text]}))[0]["text"])


def _ranked(rows: pa.Table, top: int, *keys: tuple[str, str]) -> list[dict[str, Any]]:
    return list(rows.take(pc.sort_indices(rows, sort_keys=list(keys))).slice(0, top).to_pylist())


def _first(rows: pa.Table, top: int, *keys: tuple[str, str]) -> list[dict[str, Any]]:
    return dicts(rows.take(pc.sort_indices(rows, sort_keys=list(keys))).slice(0, top))


def _table(console: Console, title: str, rows: list[dict[str, Any]]) -> None:
    grid = Grid(title=title, title_justify="left", box=None, pad_edge=False)
    grid.add_column("operator", no_wrap=True)
    for name in ("shops", "core", "weakest link", "bridges", "shops on one", "density", "complaints", "lift at least"):
        grid.add_column(name, justify="right")
    for row in rows:
        grid.add_row(
            row["operator_id"],
            f"{row['shops']:,}",
            f"{len(row['core']):,}",
            f"{row['weakest_link']:.1f}",
            f"{row['bridges']:,}",
            f"{row['bridge_shops']:,}",
            f"{row['density']:.2f}",
            f"{row['complaints']:,}",
            f"{row['lift_low']:.1f}",
        )
    console.print(grid)


def _values(console: Console, rows: list[dict[str, Any]]) -> None:
    console.print("[bold]Values that link most[/]")
    for row in rows:
        console.print(f"  {row['type']} {row['value']}: {row['count_all']:,} shops")
