"""What must hold of a partition before anything is built on it. Each function raises CheckFailedError that names up to five keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyspark.sql.functions as F
from pyspark.sql import Window

from headwater.errors import CheckFailedError, listed
from headwater.graph.bipartite import PAPERS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

NAMED = 5


def check_partition(labels: DataFrame, nodes: DataFrame, node: str = "id", group: str = "component") -> None:
    """LABELS (node, group), NODES (node): every node has one label, and nothing else has any."""
    have = labels.groupBy(node).agg(F.count(F.lit(1)).alias("labels"), F.count(group).alias("named"))
    both = nodes.select(node).distinct().withColumn("wanted", F.lit(1)).join(have, on=node, how="full_outer")
    wrong = both.where("wanted is null or labels is null or labels <> 1 or named <> 1")
    _refuse(
        wrong,
        "each node must be in exactly one group",
        node,
        lambda r: (
            f"{r[node]!r}: "
            + (
                "not among the nodes"
                if r["wanted"] is None
                else f"{r['labels'] or 0} labels, {r['named'] or 0} with a group"
            )
        ),
    )


def check_edges(edges: DataFrame, labels: DataFrame, node: str = "id", group: str = "component") -> None:
    """EDGES (src, dst) that were used, LABELS: both ends of every edge are in one group."""
    ends = edges.select("src", "dst")
    for end in ("src", "dst"):
        ends = ends.join(labels.select(F.col(node).alias(end), F.col(group).alias(f"{end}_group")), on=end, how="left")
    wrong = ends.where("not (src_group <=> dst_group) or src_group is null")
    _refuse(
        wrong,
        "both ends of an edge that was used must be in one group",
        "src",
        lambda r: f"{r['src']!r} in {r['src_group']!r}, {r['dst']!r} in {r['dst_group']!r}",
        "dst",
    )


def check_largest(labels: DataFrame, guard: int, group: str = "component") -> None:
    """LABELS: no group has more than `guard` members."""
    wrong = labels.groupBy(group).agg(F.count(F.lit(1)).alias("members")).where(F.col("members") > guard)
    _refuse(
        wrong, f"no group may have more than {guard:,} members", group, lambda r: f"{r[group]!r} has {r['members']:,}"
    )


def check_ties(ties: DataFrame, members: DataFrame, hubs: DataFrame) -> None:
    """TIES (seller_id, type, value), MEMBERS (seller_id, group), HUBS (type, value): a value ties at least two shops of one operator;
    a payee or registration number ties shops of no more than one; a hub ties nobody."""
    value = ["type", "value"]
    _refuse(
        ties.join(hubs.select(*value), on=value, how="left_semi"),
        "a hub must tie nobody",
        "seller_id",
        lambda r: f"{r['seller_id']!r} by {r['type']} {r['value']!r}",
        *value,
    )
    ends = ties.join(members.select("seller_id", "group"), on="seller_id", how="left")
    ends = ends.groupBy(*value, "group").agg(F.count(F.lit(1)).alias("shops"), F.min("seller_id").alias("first"))
    groups = F.when(F.col("type").isin(*PAPERS), F.count(F.lit(1)).over(Window.partitionBy(*value)))
    _refuse(
        ends.withColumn("groups", groups).where(F.col("group").isNull() | (F.col("shops") < 2) | (F.col("groups") > 1)),
        "both ends of a tie must be in one operator",
        "first",
        lambda r: f"{r['first']!r} in {r['group']!r} by {r['type']} {r['value']!r}",
        *value,
    )


def _refuse(wrong: DataFrame, rule: str, key: str, tell: Any, *further: str) -> None:
    rows = wrong.orderBy(key, *further).limit(NAMED).collect()
    if rows:
        raise CheckFailedError(f"{rule}:\n" + listed(tell(row) for row in rows))
