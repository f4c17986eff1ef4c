"""Slips of the pen: within a block, rare spellings are corrected to the commonest one they resemble."""

from __future__ import annotations

from functools import reduce

import numpy as np
import numpy.typing as npt
import pandas as pd
from rapidfuzz.distance import OSA
from rapidfuzz.process import cpdist
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from headwater.parameters.places import PlaceParams

Ints = npt.NDArray[np.int64]


def glued(columns: pd.DataFrame) -> pd.Series:
    """The columns of each row as one string, separated and null-marked."""
    texts = (columns[name].astype(object).fillna("\x00") for name in columns)
    return reduce(lambda left, right: left + "\x1f" + right, texts).astype(object)


def hard_words(name: str, min_letters: int) -> str:
    """The words of a name that must agree to the letter: short ones and those with a digit ('58', 'yi', 'lake')."""
    return " ".join(sorted(w for w in name.split() if len(w) < min_letters or not w.isalpha()))


def correct(
    names: pd.Series, blocks: pd.DataFrame, support: pd.Series, params: PlaceParams
) -> tuple[pd.Series, pd.DataFrame]:
    """Names (words; null allowed), what must agree for two rows to be compared, how often each row occurs -> the corrected
    names, and the blocks that were too large: block, spellings.

    Two spellings resemble each other when their short words and digits are the same, their first letter is the same
    (slips seldom hit it: Pollock and Zamora 1984, "Automatic spelling correction in scientific and scholarly text",
    Communications of the ACM 27(4)) and their optimal string alignment distance (one insertion, deletion, change or
    swap of neighbours counts one), without spaces, is within what their length pays for. Spellings are joined by single
    link and every component is cut into stars around its most written spelling (ties: the smallest), so a chain of
    slips never reaches further than one step from the centre. The order of rows does not matter.
    """
    empty = pd.DataFrame({"block": pd.Series(dtype=object), "spellings": pd.Series(dtype=np.int64)})
    known = names.notna() & blocks.notna().all(axis=1)
    if params.typo_max_edits == 0 or not known.any():
        return names, empty
    distinct = names[known].drop_duplicates()
    hard = distinct.map(lambda name: hard_words(name, params.typo_min_letters) + "|" + name[0])
    signs = names[known].map(pd.Series(hard.to_numpy(), index=distinct.to_numpy()))
    block = glued(blocks[known]) + "\x1f" + signs
    spelt = names[known].str.replace(" ", "", regex=False)
    written = pd.DataFrame({"block": block, "plain": spelt, "name": names[known], "n": support[known]})
    # One node a spelling without spaces; it is shown as its most written form with spaces.
    nodes: pd.DataFrame = written.groupby(["block", "plain", "name"])["n"].sum().reset_index()
    nodes = nodes.sort_values(["block", "plain", "n", "name"], ascending=[True, True, False, True])
    nodes["n"] = nodes.groupby(["block", "plain"])["n"].transform("sum")
    nodes = nodes.drop_duplicates(["block", "plain"]).reset_index(drop=True)
    sizes = nodes.groupby("block")["plain"].transform("size").to_numpy()
    capped = nodes.loc[sizes > params.block_cap].groupby("block").size().rename("spellings").reset_index()
    nodes = nodes[(sizes > 1) & (sizes <= params.block_cap)].reset_index(drop=True)
    if nodes.empty:
        return names, capped
    left, right = _similar(nodes, params)
    centre = _stars(left, right, nodes, params.star_rounds)
    moved = pd.Series(nodes["name"].to_numpy()[centre], index=pd.MultiIndex.from_frame(nodes[["block", "plain"]]))
    asked = pd.MultiIndex.from_arrays([block, spelt])
    found = moved.reindex(asked).to_numpy()
    corrected = names.copy()
    corrected.loc[known] = np.where(pd.isna(found), names[known].to_numpy(), found)
    return corrected, capped


def _similar(nodes: pd.DataFrame, params: PlaceParams) -> tuple[Ints, Ints]:
    """All pairs of rows within a block (rows are sorted by block) whose distance their length pays for."""
    starts = nodes["block"].ne(nodes["block"].shift()).to_numpy()
    first = np.flatnonzero(starts)
    ends = np.append(first[1:], len(nodes))[np.cumsum(starts) - 1]
    rows = np.arange(len(nodes), dtype=np.int64)
    partners = ends - rows - 1
    left = np.repeat(rows, partners)
    right = left + 1 + np.arange(len(left)) - np.repeat(np.cumsum(partners) - partners, partners)
    text = nodes["plain"].to_numpy()
    length = nodes["plain"].str.len().to_numpy()
    paid = np.minimum(params.typo_max_edits, np.minimum(length[left], length[right]) // params.typo_letters_per_edit)
    near = np.abs(length[left] - length[right]) <= paid
    left, right, paid = left[near & (paid > 0)], right[near & (paid > 0)], paid[near & (paid > 0)]
    if len(left) == 0:
        return left, right
    cutoff = params.typo_max_edits
    edits = cpdist(text[left].tolist(), text[right].tolist(), scorer=OSA.distance, score_cutoff=cutoff, dtype=np.int32)
    return left[edits <= paid], right[edits <= paid]


def _stars(left: Ints, right: Ints, nodes: pd.DataFrame, rounds: int) -> Ints:
    """Row -> row of its centre. Each round takes the most written row of every component left, and its neighbours."""
    count = len(nodes)
    centre = np.arange(count, dtype=np.int64)
    order = (
        nodes.assign(row=centre).sort_values(["n", "name", "block"], ascending=[False, True, True])["row"].to_numpy()
    )
    priority = np.empty(count, dtype=np.int64)
    priority[order] = np.arange(count)
    for _ in range(rounds):
        if len(left) == 0:
            break
        graph = coo_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(count, count))
        _, component = connected_components(graph, directed=False)
        best = np.full(component.max() + 1, count, dtype=np.int64)
        np.minimum.at(best, component, priority)
        leads = priority == best[component]
        centre[right[leads[left]]] = left[leads[left]]
        centre[left[leads[right]]] = right[leads[right]]
        done = leads | (centre != np.arange(count))
        keep = ~(done[left] | done[right])
        left, right = left[keep], right[keep]
    return centre
