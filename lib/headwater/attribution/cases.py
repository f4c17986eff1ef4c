"""Sources that cannot be told apart are one case: nearly the same cells, merged by single link, judged by the merged column."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from headwater.attribution.cells import Cells
from headwater.attribution.market import Floats, Ints
from headwater.attribution.spike_slab import SourceFit, bayes_factors
from headwater.parameters.finding import CaseParams, SpikeSlabParams


def group_cases(flow: sp.csr_matrix, params: CaseParams | None = None) -> Ints:
    """(sources,) case of each source: the smallest source number in it.

    `flow` (cells of orders x sources, CSR) expected complaints E_c w_cj. Single link over pairs with cosine >= `cosine`; a source
    without exposure stays alone. Two sources of cosine c share cells, so the sparse product finds every pair.
    """
    params = params or CaseParams()
    columns = flow.tocsc()
    norm = np.sqrt(np.asarray(columns.power(2).sum(axis=0)).ravel())
    unit = (columns @ sp.diags(np.where(norm > 0, 1 / np.maximum(norm, 1e-300), 0.0))).tocsc()
    sources = unit.shape[1]
    left: list[Ints] = []
    right: list[Ints] = []
    for start in range(0, sources, params.block):
        near = (unit[:, start : start + params.block].T @ unit).tocoo()
        pick = (near.data >= params.cosine - 1e-12) & (near.row + start < near.col)
        left.append(near.row[pick] + start)
        right.append(near.col[pick])
    src, dst = np.concatenate([*left, np.zeros(0, int)]), np.concatenate([*right, np.zeros(0, int)])
    graph = sp.csr_matrix((np.ones(len(src)), (src, dst)), shape=(sources, sources))
    _, label = connected_components(graph, directed=False)
    smallest = np.full(label.max(initial=-1) + 1, sources)
    np.minimum.at(smallest, label, np.arange(sources))
    return np.asarray(smallest[label], dtype=np.int64)


def case_bayes_factors(cells: Cells, fit: SourceFit, case: Ints, params: SpikeSlabParams | None = None) -> Floats:
    """(sources,) ln BF of the merged column of each source's case, other sources held fixed; alone: its own ln BF.

    The merged column is the mean of its members' shares and exposures; none of its members counts as a rival.
    """
    params = params or SpikeSlabParams()
    out = fit.ln_bf.copy()
    members = np.flatnonzero(np.bincount(case, minlength=len(case))[case] > 1)
    if not len(members):
        return out
    heads, group = np.unique(case[members], return_inverse=True)
    size = np.bincount(group)
    merge = sp.csr_matrix((1.0 / size[group], (members, group)), shape=(len(case), len(heads)))
    total = sp.csr_matrix((fit.phibar[members], (members, group)), shape=merge.shape)
    shares = (cells.shares @ merge).tocoo()
    inside = (cells.shares @ total).tocsr()
    own = _elements(inside, shares)
    others = fit.explained[shares.row] - own
    if cells.late is not None:  # late sources outside take nothing from a case that one of the others is in
        late = np.where(cells.late, fit.phibar, 0.0)
        first = np.bincount(group, weights=~cells.late[members], minlength=len(heads)) > 0
        mine = sp.csr_matrix((late[members], (members, group)), shape=merge.shape)
        outside = (cells.shares @ late)[shares.row] - _elements((cells.shares @ mine).tocsr(), shares)
        others = others - np.where(first[shares.col], outside, 0.0)
    others = np.maximum(others, 1.0)
    gain = cells.observed[shares.row][:, None] * np.log1p(np.multiply.outer(shares.data / others, params.grid))
    collect = sp.csr_matrix((np.ones(shares.nnz), (shares.col, np.arange(shares.nnz))), shape=(len(heads), shares.nnz))
    loglik = collect @ gain - np.multiply.outer(fit.exposure @ merge, params.grid)
    merged, _ = bayes_factors(np.asarray(loglik), params.log_weights)
    out[members] = np.round(merged, params.decimals)[group] + 0.0
    return out


def _elements(matrix: sp.csr_matrix, at: sp.coo_matrix) -> Floats:
    """(non-zeros of `at`,) the matrix there; asked for no element, scipy hands back a matrix and no numbers."""
    return np.asarray(matrix[at.row, at.col]).ravel() if at.nnz else np.zeros(0)
