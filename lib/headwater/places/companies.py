"""Supplier ids -> companies, in one process: which ids are one company, by what, and where the papers contradict it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

# What joins two ids, the strongest first.
REASONS = ("registration_no", "name_and_phone", "name_and_place")
CONTRADICTED, TOO_MANY = "contradicted", "too_many_ids"


def companies(facts: pd.DataFrame, max_ids: int) -> pd.DataFrame:
    """FACTS (supplier_id, reason, key, registration; one row an id and what it shares) -> (supplier_id, company, reason, doubt).

    One row an id of `facts`. `company` is the smallest id of those that are one; `reason` the strongest fact that joins this id
    to another, null where none does. `registration` (null: not said) is what the id's company is registered under: two
    registrations are two companies, so a weaker fact never joins them, neither at once nor by way of a third id that is silent.
    `doubt` says why a fact was left alone: contradicted (by registrations), too_many_ids (a key that more than `max_ids` ids
    share is an agent's or a form's). The order of rows does not matter."""
    rows = facts.drop_duplicates(["supplier_id", "reason", "key"]).sort_values(["supplier_id", "reason", "key"])
    node, ids = pd.factorize(rows["supplier_id"], sort=True)
    rows = rows.assign(node=node, shared=rows["reason"] + "\x1f" + rows["key"], doubt=None)
    size = rows.groupby("shared")["node"].transform("nunique")
    rows["doubt"] = rows["doubt"].mask(size > max_ids, TOO_MANY)
    weak = rows["reason"] != REASONS[0]
    papers = rows.groupby("shared")["registration"].transform("nunique")
    rows["doubt"] = rows["doubt"].mask(weak & rows["doubt"].isna() & (papers > 1), CONTRADICTED)
    label = _components(rows[rows["doubt"].isna()], len(ids))
    papers = rows["registration"].groupby(label[rows["node"]]).transform("nunique")
    rows["doubt"] = rows["doubt"].mask(weak & rows["doubt"].isna() & (papers > 1), CONTRADICTED)
    kept = rows[rows["doubt"].isna()]
    label = _components(kept, len(ids))
    joins = kept[kept.groupby("shared")["node"].transform("nunique") > 1]
    by = joins.assign(rank=joins["reason"].map({r: i for i, r in enumerate(REASONS)})).groupby("node")["rank"].min()
    doubts = rows[rows["doubt"].notna()].groupby("node")["doubt"].min()
    everybody = pd.RangeIndex(len(ids))
    first = pd.Series(ids, dtype=object).groupby(label).transform("first")  # ids are sorted, so the smallest
    return pd.DataFrame(
        {
            "supplier_id": ids,
            "company": first,
            "reason": by.reindex(everybody).map(dict(enumerate(REASONS))),
            "doubt": doubts.reindex(everybody),
        },
        dtype=object,
    )


def _components(rows: pd.DataFrame, count: int) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """Component of each node over the bipartite graph of nodes and what they share."""
    shared, keys = pd.factorize(rows["shared"])
    size = count + len(keys)
    edges = (np.ones(len(rows), dtype=np.int8), (rows["node"].to_numpy(), shared + count))
    label: np.ndarray[tuple[int], np.dtype[np.int32]] = connected_components(
        coo_array(edges, shape=(size, size)), directed=False
    )[1]
    return label[:count]
