"""Slips of the pen: within a block, rare spellings are corrected to the commonest one they resemble."""

from __future__ import annotations

from functools import reduce
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from rapidfuzz.distance import OSA
from rapidfuzz.process import cpdist
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from headwater.parameters.places import PlaceParams

Ints = npt.NDArray[np.int64]


def hard_words(name: str, min_letters: int) -> str:
    """The words of a name that must agree to the letter: short ones and those with a digit ('58', 'yi', 'lake')."""
    return " ".join(sorted(w for w in name.split() if len(w) < min_letters or not w.isalpha()))


class Corrected(NamedTuple):
    """Corrected names; whether a row's block was too large to be compared; and the blocks of two spellings or more: block,
    spellings."""

    names: pd.Series
    capped: pd.Series
    blocks: pd.DataFrame


def correct(names: pd.Series, blocks: pd.DataFrame, support: pd.Series, params: PlaceParams) -> Corrected:
    """Names (words; null allowed), what must be said and agree for two rows to be compared, how often each row occurs -> the
    names with slips corrected, block by block.

    Two spellings resemble each other when their short words and digits are the same, their first letter is the same
    (slips seldom hit it: Pollock and Zamora 1984, "Automatic spelling correction in scientific and scholarly text",
    Communications of the ACM 27(4)) and their optimal string alignment distance (one insertion, deletion, change or
    swap of neighbours counts one), without spaces, is within what their length pays for, and word by word where they have as
    many words. Spellings are joined by single
    link and every component is cut into stars around its most written spelling (ties: the smallest), so a chain of
    slips never reaches further than one step from the centre. The order of rows does not matter.
    """
    known = names.notna() & blocks.notna().all(axis=1)
    nobody = pd.Series(False, index=names.index)
    if params.typo_max_edits == 0 or not known.any():
        nothing = pd.DataFrame({"block": pd.Series(dtype=object), "spellings": pd.Series(dtype=np.int64)})
        return Corrected(names, nobody, nothing)
    block = _blocks(names[known], blocks[known], params)
    spelt = names[known].str.replace(" ", "", regex=False)
    nodes = _spellings(block, spelt, names[known], support[known])
    sizes = nodes.groupby("block").size().rename("spellings")
    large = sizes.index[sizes > params.block_cap]
    capped = nobody.copy()
    capped[known] = block.isin(large).to_numpy()
    report = sizes[sizes > 1].reset_index()
    compared = nodes[nodes["block"].map(sizes).between(2, params.block_cap)].reset_index(drop=True)
    if compared.empty:
        return Corrected(names, capped, report)
    left, right = _similar(compared, params)
    centre = _stars(left, right, compared, params.star_rounds)
    moved = pd.Series(compared["name"].to_numpy()[centre], index=pd.MultiIndex.from_frame(compared[["block", "plain"]]))
    found = moved.reindex(pd.MultiIndex.from_arrays([block, spelt])).to_numpy()
    corrected = names.copy()
    corrected.loc[known] = np.where(pd.isna(found), names[known].to_numpy(), found)
    return Corrected(corrected, capped, report)


def _blocks(names: pd.Series, blocks: pd.DataFrame, params: PlaceParams) -> pd.Series:
    """What two names must share to be compared, as text: 'US 7, springfield, b...' (hard words, then the first letter)."""
    distinct = names.drop_duplicates()
    signs = [f"{hard_words(name, params.typo_min_letters)} {name[0]}...".strip() for name in distinct]
    sign = names.map(pd.Series(signs, index=distinct.to_numpy(), dtype=object))
    return reduce(lambda left, right: left + ", " + right, (blocks[name] for name in blocks)) + ", " + sign


def _spellings(block: pd.Series, plain: pd.Series, names: pd.Series, support: pd.Series) -> pd.DataFrame:
    """One row a block and spelling without spaces, shown as its most written form with spaces, with how often it is written."""
    written = pd.DataFrame({"block": block, "plain": plain, "name": names, "n": support})
    nodes: pd.DataFrame = written.groupby(["block", "plain", "name"])["n"].sum().reset_index()
    nodes = nodes.sort_values(["block", "plain", "n", "name"], ascending=[True, True, False, True])
    nodes["n"] = nodes.groupby(["block", "plain"])["n"].transform("sum")
    return nodes.drop_duplicates(["block", "plain"]).reset_index(drop=True)


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
    left, right = left[edits <= paid], right[edits <= paid]
    name = nodes["name"].to_numpy()
    ours = np.array([_words_pay(name[i], name[j], params) for i, j in zip(left, right, strict=True)], dtype=bool)
    return left[ours], right[ours]


def _words_pay(one: str, other: str, params: PlaceParams) -> bool:
    """Whether each word pays for its own edits: 'Building North' is not 'Building South'. Words that run together cannot tell."""
    words, others = one.split(), other.split()
    if len(words) != len(others):
        return True
    length = params.typo_letters_per_edit
    return all(OSA.distance(w, o) <= min(len(w), len(o)) // length for w, o in zip(words, others, strict=True))


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
