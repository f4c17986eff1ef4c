"""Feeds that mean no good, from addresses and sellers as written to operators: all of it ends in rows, hubs and contradictions."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pyspark.sql.functions as F
import pytest

from headwater.graph.engines import operators_told
from headwater.graph.facts import facts
from headwater.graph.links import candidates, counted_links, own_values
from headwater.graph.said import Pair, Said
from headwater.graph.shops import all_shops
from headwater.parameters.components import Graph
from headwater.parameters.graph import Hubs, Links, Operators
from headwater.parameters.places import PlaceParams
from headwater.places.identity import address_values, seller_values
from headwater.places.places import address_keys, keyed_addresses, large_blocks, matched_keys, places, resolved
from headwater.places.rules import load_rules
from headwater.tables.clean import CLEAN_ADDRESSES, CLEAN_ORDERS, CLEAN_SELLERS, CLEAN_SUPPLIER_LINKS
from headwater.tables.model import COMPLAINT_EXPOSURE, ORDER_EXPOSURE, SUPPLIERS

NIGHT = date(2026, 11, 22)
ROWS, SHOPS = 100_000, 2_000
ODD = ["o'neil \"; drop", "\U0001f600", "é" * 10_000, "a\nb", "\\", "NULL"]
RULES, PARAMS = load_rules(), PlaceParams()


@pytest.fixture(scope="module")
def feeds(spark: Any) -> tuple[Any, Any]:
    """SELLERS and ADDRESSES: one phone on every row, one address 100,000 times, and shops of odd ids that share a payee."""
    said = {"night": F.lit(NIGHT), "intake_seq": F.lit(1).cast("bigint"), "phone": F.lit("+49 30 901820")}

    def conformed(frame: Any, table: Any) -> Any:
        have = set(frame.columns)
        return frame.select(
            *[
                (F.col(f.name) if f.name in have else F.lit(None)).cast(f.dataType).alias(f.name)
                for f in table.schema().fields
            ]
        )

    written = spark.range(ROWS).select(
        F.concat(F.lit("A"), "id").alias("address_id"),
        F.concat(F.lit("s"), F.col("id") % SHOPS).alias("seller_id"),
        F.lit("return").alias("role"),
        F.lit("Hauptstr. 12, Unit 3, 10115 Berlin, Germany").alias("text"),
        F.lit("Ann Wu").alias("contact_name"),
    )
    odd = spark.createDataFrame([(name, "PAY-\U0001f600-77") for name in ODD], "seller_id string, payee_id string")
    sellers = spark.range(SHOPS).select(F.concat(F.lit("s"), "id").alias("seller_id")).unionByName(odd, True)
    sellers, addresses = sellers.withColumns(said), written.withColumns(said)
    return conformed(sellers, CLEAN_SELLERS).persist(), conformed(addresses, CLEAN_ADDRESSES).persist()


@pytest.fixture(scope="module")
def told(spark: Any, feeds: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What comes of the feeds by each engine, and how many keys and links there were on the way."""
    sellers, addresses = feeds

    def none(table: Any) -> Any:
        return spark.createDataFrame([], table.schema())

    keyed = keyed_addresses(addresses.withColumnRenamed("address_id", "written_id"), RULES, PARAMS).persist()
    keys = address_keys(keyed).persist()
    matched = matched_keys(keys, keys.count(), large_blocks(keys, PARAMS), PARAMS)
    ids = spark.createDataFrame([], "member string, id string")
    where = places(addresses, resolved(keyed, matched, ids), NIGHT).persist()
    values = address_values(addresses, RULES, PARAMS).unionByName(seller_values(sellers, addresses, RULES, PARAMS))
    orders, links = none(ORDER_EXPOSURE), none(CLEAN_SUPPLIER_LINKS)
    shops = all_shops(orders, none(COMPLAINT_EXPOSURE), sellers, where, links).persist()
    rows = facts(values, where, none(SUPPLIERS), addresses, links, orders, none(CLEAN_ORDERS), Links())
    counted = counted_links(rows, shops.count(), Links()).persist()
    about = shops.join(own_values(counted), on="seller_id", how="left").toArrow()
    cycle = [(ODD[i], ODD[(i + 1) % 3]) for i in range(3)]
    said = Said(
        must=tuple(Pair(f"m{i}", *pair) for i, pair in enumerate([*cycle, ("s1", "s2")])),
        cannot=tuple(Pair(f"n{i}", *pair) for i, pair in enumerate([*cycle, ("s2", "s1")])),
    )
    out: dict[str, Any] = {"keys": keys.count(), "links": counted.collect(), "shops": shops.count()}
    for engine, graph in (("in_process", Graph()), ("distributed", Graph(driver_edges=0, task_edges=1_000))):
        scratch = str(Path(tmp_path_factory.mktemp("hostile")) / "scratch")
        with operators_told(candidates(counted), about, said, Hubs(), Operators(), graph, scratch) as found:
            assert found.engine == engine
            tables = (found.members, found.shapes, found.hubs.toArrow(), found.edges.toArrow())
            out[engine] = [sorted(map(repr, table.to_pylist())) for table in tables]
            out["members"], out["hubs"] = found.members.to_pylist(), found.hubs.toArrow().to_pylist()
            out["contradictions"] = found.contradictions
    return out


@pytest.mark.slow
def test_one_address_a_hundred_thousand_times_is_one_key_and_a_row_a_shop_with_a_few_rows_named(told: Any) -> None:
    assert told["keys"] == 1
    kinds = Counter(row["type"] for row in told["links"])
    assert kinds["unit_address"] == kinds["contact_address"] == SHOPS
    assert kinds["phone"] == told["shops"] == SHOPS + len(ODD)
    assert max(row["support"] for row in told["links"]) == ROWS // SHOPS + 1
    assert max(len(row["refs"]) for row in told["links"]) == Links().refs_kept


@pytest.mark.slow
def test_what_everybody_gives_is_a_hub_and_ties_nobody(told: Any) -> None:
    assert {(row["type"], row["kind"]) for row in told["hubs"]} == {
        (kind, "placeholder") for kind in ("phone", "unit_address", "contact_address")
    }
    sizes = Counter(Counter(row["group"] for row in told["members"]).values())
    assert sizes[1] >= SHOPS
    assert max(sizes) <= len(ODD)


@pytest.mark.slow
def test_odd_ids_share_a_payee_and_cyclic_words_hold_apart_whom_they_name(told: Any) -> None:
    group = {row["seller_id"]: row["group"] for row in told["members"]}
    assert len(group) == SHOPS + len(ODD)
    assert len({group[name] for name in ODD[:3]}) == 3, "each cannot-link holds its two shops apart"
    assert len({group[name] for name in ODD[3:]}) == 1, "the payee ties the others"
    assert group["s1"] != group["s2"]
    kinds = Counter(row["kind"] for row in told["contradictions"])
    assert kinds["must_link_not_kept"] == 4
    assert kinds["cannot_link_against_evidence"] >= 1


@pytest.mark.slow
def test_both_engines_tell_the_same_of_it(told: Any) -> None:
    assert told["in_process"] == told["distributed"]
