"""FRAUDAR, the dense block that camouflage cannot hide (Hooi et al. 2016, KDD): greedy peeling with column weights 1 / ln(degree + 5).

Peeled in batches (Bahmani, Kumar and Vassilvitskii 2012, PVLDB 5(5)): a round takes every node of less than (1 + epsilon) times the mean
weight, so a few dozen vectorised rounds give a densest block within 2 (1 + epsilon) of the best.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from headwater.attribution.market import Floats


def fraudar(edges: sp.csr_matrix, epsilon: float = 0.05) -> Floats:
    """(columns,) suspicion of each column of a bipartite rows x columns matrix of edge weights: higher survives longer.

    The score is the mean density of the last subgraph that still held the column, plus its own weight there as a tie-break
    below the distance of any two rounds. A column without an edge scores 0.
    """
    weight = np.diff(edges.tocsc().indptr)
    graph = (edges @ sp.diags(1.0 / np.log(weight + 5.0))).tocsr()
    rows, columns = np.ones(graph.shape[0], dtype=bool), np.ones(graph.shape[1], dtype=bool)
    score = np.zeros(graph.shape[1])
    level = 0
    while columns.any() and rows.any():
        row_weight = np.where(rows, graph @ columns.astype(np.float64), np.inf)
        column_weight = np.where(columns, graph.T @ rows.astype(np.float64), np.inf)
        total = float(column_weight[columns].sum())
        if total <= 0:
            break
        level += 1
        density = total / (rows.sum() + columns.sum())
        score[columns] = level + column_weight[columns] / (1.0 + column_weight[columns].max())
        limit = (1 + epsilon) * density
        out_rows, out_columns = rows & (row_weight <= limit), columns & (column_weight <= limit)
        if not (out_rows.any() or out_columns.any()):  # every node is alike: the block itself
            break
        rows, columns = rows & ~out_rows, columns & ~out_columns
    return score
