"""Operators by both engines: nobody can tell from the rows which one found them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyspark.sql.functions as F
import pytest

from headwater.errors import CheckFailedError
from headwater.graph import collect, distributed, tell
from headwater.graph.bipartite import IDENTITY
from headwater.graph.checks import check_largest
from headwater.graph.components import Components, components
from headwater.graph.engines import operators_told
from headwater.graph.hubs import OWN
from headwater.graph.operators import ABOUT, EDGE, EDGES
from headwater.graph.said import Pair, Said
from headwater.parameters.components import Graph
from headwater.parameters.graph import Hubs, Operators

Edge = tuple[str, str, str]
SHOPS_SCHEMA = pa.schema([(name, pa.bool_() if name in OWN.values() else pa.string()) for name in ABOUT])
ODD = ['"', "'; drop--", "\U0001f600", "é" * 10_000, "a\nb", "s", "v"]
HUBS = Hubs(parties=4, parties_wide=2, wide_countries=3, wide_categories=3, placeholder_shops=20)
OPERATORS = Operators(max_shops=9, cut_passes=3)
IN_PROCESS, DISTRIBUTED = Graph(), Graph(driver_edges=0, task_edges=120)


def planted(seed: int) -> tuple[list[Edge], list[tuple[Any, ...]], Said]:
    """Groups of shops with values of their own, some of one text and two types; values across groups, few and many; what people
    said of shops and values, with cycles and contradictions."""
    rng = random.Random(seed)
    groups = [[f"g{g:02d}-{i}" for i in range(rng.randint(1, 14))] for g in range(40)] + [ODD]
    kinds = [kind.name for kind in IDENTITY]
    edges = {
        (shop, rng.choice(kinds), f"{g}/{rng.randint(0, 4)}")
        for g, group in enumerate(groups)
        for shop in group
        for _ in range(rng.randint(0, 5))
    }
    shops = [shop for group in groups for shop in group]
    for number in range(40):
        kind = rng.choice(kinds)
        edges |= {(shop, kind, f"across {number} \U0001f600") for shop in rng.sample(shops, rng.randint(2, 9))}
    edges |= {(shop, "phone", "everybody's") for shop in shops}
    edges |= {(shop, "unit_address", "hall") for shop in rng.sample(shops, 40)}
    about = [
        (s, rng.choice([None, "DE", "CN", "US", "FR"]), rng.choice([None, "toys", "shoes", "bags"])) for s in shops
    ]
    about += [(f"alone {i}", None, None) for i in range(60)]
    large = [f"large {i:02d}" for i in range(14)]
    edges |= {(s, "payee_id", "large") for s in large} | {(s, "registration_no", "large") for s in large[:10]}
    about = [(*row, *(rng.choice([None, False, True]) for _ in OWN)) for row in about]
    about += [(s, "DE", f"goods {i}", None, i > 11, True) for i, s in enumerate(large)]
    pairs = [rng.sample(group, 2) for group in groups if len(group) > 3]
    must = [
        *pairs[:4],
        ["g00-0", "g01-0"],
        ["g01-0", "g02-0"],
        ["g02-0", "g00-0"],
        ["g03-0", "nobody"],
        ["alone 1", "alone 2"],
    ]
    cannot = [*pairs[3:20], ["g00-0", "g02-0"], ["g02-0", "g00-0"], ["g04-0", "g04-0"]]
    values = sorted({(kind, value) for _, kind, value in edges})
    listed, cleared = rng.sample(values, 6), rng.sample(values, 6)
    return (
        sorted(edges),
        about,
        Said(
            must=tuple(Pair(f"m{i:02d}", *pair) for i, pair in enumerate(must)),
            cannot=tuple(Pair(f"n{i:02d}", *pair) for i, pair in enumerate(cannot)),
            hubs={kind: frozenset(v for k, v in listed if k == kind) for kind, _ in listed},
            no_hubs={
                kind: frozenset(v for k, v in [*cleared, listed[0]] if k == kind) for kind, _ in [*cleared, listed[0]]
            },
            whose={listed[1]: "3pl"},
        ),
    )


def told(spark: Any, folder: Path, world: Any, graph: Graph, params: Operators = OPERATORS) -> dict[str, Any]:
    """What an engine tells of a world: its tables as rows in order."""
    edges, shops, said = world
    given, about = (
        pa.table(
            [pa.array([row[i] if i < len(row) else None for row in rows], f.type) for i, f in enumerate(schema)], schema
        )
        for rows, schema in ((edges, EDGES), (shops, SHOPS_SCHEMA))
    )
    with operators_told(tell.frame(spark, given), about, said, HUBS, params, graph, str(folder / "scratch")) as found:
        tables = [found.members, found.shapes, found.hubs.toArrow(), found.edges.toArrow()]
        rows = [sorted(table.to_pylist(), key=repr) for table in tables]
        engine, broken = found.engine, found.contradictions
    assert not list((folder / "scratch").glob("*"))
    names = ("members", "shapes", "hubs", "edges")
    return dict(zip(names, rows, strict=True)) | {"contradictions": broken, "engine": engine}


@pytest.mark.parametrize("seed", range(2))
def test_both_engines_tell_the_same_to_the_last_digit(spark: Any, tmp_path: Path, seed: int) -> None:
    world = planted(seed)
    one, other = (told(spark, tmp_path, world, graph) for graph in (IN_PROCESS, DISTRIBUTED))
    assert (one.pop("engine"), other.pop("engine")) == ("in_process", "distributed")
    for name in one:
        assert one[name] == other[name], name
    sizes = [row["shops"] for row in one["shapes"]]
    assert max(sizes) > 3
    assert any(row["oversize"] for row in one["shapes"])
    assert {row["decided_by"] for row in one["hubs"]} == {"degree", "review"}
    assert len({row["payees"] for row in one["hubs"]}) > 3
    assert ("payee_id", "large") not in {(row["type"], row["value"]) for row in one["hubs"]}
    assert {row["ties"] for row in one["edges"]} == {True, False}
    assert len({row["kind"] for row in one["contradictions"]}) >= 4


def test_no_edges_leave_every_shop_alone_by_both_engines(spark: Any, tmp_path: Path) -> None:
    shops = [(name, None, None) for name in ODD]
    one = told(spark, tmp_path, ([], shops, Said(must=(Pair("m", "s", "v"),))), Graph(driver_edges=0))
    assert one["engine"] == "in_process", "no edge is not more than none"
    edges = [("s", "phone", "1"), ("x", "phone", "1")]
    other = told(spark, tmp_path, (edges, [*shops, ("x", None, None)], Said()), DISTRIBUTED)
    assert sorted(row["shops"] for row in other["shapes"]) == [1] * 6 + [2]


PAYEE = [(shop, "payee_id", "P") for shop in "abc"]
SHOPS = [(shop, None, None) for shop in "abc"]


def test_components_that_tear_an_edge_stop_the_run_and_are_named(
    spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def torn(*args: Any) -> Iterator[Any]:
        with components(*args) as found:
            labels = found.labels.withColumn("component", F.expr("if(id = 'sb', 'sb', component)"))
            yield Components(labels, found.engine)

    monkeypatch.setattr(distributed, "components", torn)
    with pytest.raises(CheckFailedError, match="'sb' in 'sb', 'vpayee_id:P' in 'sa'") as told_of:
        told(spark, tmp_path, (PAYEE, SHOPS, Said()), DISTRIBUTED)
    assert told_of.value.exit_code == 4


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ("member is null or member.seller_id <> 'b'", "'b': 0 labels"),
        ("fault = 'never'", "each node must be in exactly one group"),
    ],
)
def test_a_shop_that_a_batch_loses_stops_the_run_and_is_named(
    spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str, named: str
) -> None:
    tied = distributed._tied
    monkeypatch.setattr(distributed, "_tied", lambda *args: tied(*args).where(wrong))
    with pytest.raises(CheckFailedError, match=named):
        told(spark, tmp_path, (PAYEE, SHOPS, Said()), Graph(driver_edges=1, task_edges=120))


def test_what_does_not_hold_in_a_batch_stops_the_run(
    spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distributed, "faults", lambda *_: ["3 shops are wrong: a, b, c"])
    batch = pa.table({**{n: pa.array([row[i] for row in PAYEE]) for i, n in enumerate(EDGE)}, "parties": [3, 3, 3]})
    rows = distributed._tied_in(batch, 3, Said(), OPERATORS)
    assert rows["fault"].drop_null().to_pylist() == ["3 shops are wrong: a, b, c"]
    stored = tell.frame(spark, rows)
    monkeypatch.setattr(distributed, "_tied", lambda *_: stored)
    with pytest.raises(CheckFailedError, match="3 shops are wrong: a, b, c"):
        told(spark, tmp_path, (PAYEE, SHOPS, Said()), Graph(driver_edges=1, task_edges=120))


def test_an_operator_above_the_guard_is_named_unless_a_person_tied_it(spark: Any, tmp_path: Path) -> None:
    must = tuple(Pair(f"m{i}", one, other) for i, (one, other) in enumerate(["ab", "bc"]))
    params = Operators(max_shops=2)
    found = told(spark, tmp_path, (PAYEE, SHOPS, Said(must=must)), Graph(driver_edges=1, task_edges=120), params)
    assert [row["shops"] for row in found["shapes"]] == [3]
    members = spark.createDataFrame([(s, "a") for s in "abc"], "seller_id string, group string")
    nobody, somebody = (
        spark.createDataFrame(rows, "seller_id string, type string, value string")
        for rows in ([], [("a", "must_link", "m")])
    )
    assert distributed._unpinned(members, somebody).count() == 0
    with pytest.raises(CheckFailedError, match="'a' has 3"):
        check_largest(distributed._unpinned(members, nobody), 2, group="group")


def test_a_hub_that_ties_and_a_tie_across_operators_stop_the_run_and_are_named(
    spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the executors told is held against the hubs that were judged, and against the operators."""
    one_task = Graph(driver_edges=1, task_edges=120)
    tied = distributed._tied

    def also(row: str) -> Any:
        return lambda *args: tied(*args).withColumn("edge", F.expr(f"if(edge.seller_id = 'b', {row}, edge)"))

    def with_edge(seller: str, kind: str, value: str) -> str:
        fields = f"'seller_id', '{seller}', 'type', '{kind}', 'value', '{value}', 'ties', true, 'reason', null"
        return f"cast(named_struct({fields}) as struct<seller_id: string, type: string, value: string, ties: boolean, reason: string>)"

    phones = [(f"s{i}", "phone", "1") for i in range(6)]
    shops = [*SHOPS, *((f"s{i}", None, None) for i in range(6)), ("d", None, None)]
    for row, named in (
        (with_edge("b", "phone", "1"), "a hub must tie nobody:\n  - 'b' by phone '1'"),
        (
            with_edge("d", "payee_id", "P"),
            "both ends of a tie must be in one operator:\n  - 'a' in 'a' by payee_id 'P'\n  - 'd' in 'd'",
        ),
    ):
        monkeypatch.setattr(distributed, "_tied", also(row))
        with pytest.raises(CheckFailedError, match=named) as told_of:
            told(spark, tmp_path, (PAYEE + phones, shops, Said()), one_task)
        assert told_of.value.exit_code == 4


def test_edges_come_to_the_driver_in_slices(spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = planted(0)
    whole = told(spark, tmp_path, world, IN_PROCESS)
    taken = []
    monkeypatch.setattr(collect, "SLICE", 100)
    to_arrow = type(tell.frame(spark, pa.table({"x": [1]}))).toArrow
    monkeypatch.setattr(
        "pyspark.sql.classic.dataframe.DataFrame.toArrow", lambda frame: taken.append(to_arrow(frame)) or taken[-1]
    )
    assert told(spark, tmp_path, world, IN_PROCESS) == whole
    assert len([t for t in taken if t.column_names == EDGE]) > 5
