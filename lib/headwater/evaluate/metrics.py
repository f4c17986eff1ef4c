"""How good a ranking, a probability or a clustering is against a planted or verified truth.

Every ranking is by falling score with ties broken by position (callers order rows by key), so the same input gives the same number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri

from headwater.attribution.market import Bools, Floats, Ints


def ranking(score: Floats) -> Ints:
    """(n,) positions by falling score, ties by position; NaN is refused."""
    if np.isnan(score).any():
        raise ValueError("a score is NaN")
    return np.argsort(-score, kind="stable")


def average_precision(score: Floats, truth: Bools, there: int | None = None) -> float:
    """Mean of the precision at each true row of the ranking; NaN if nothing is true. Of `there` true ones those that are not in the
    ranking have precision 0."""
    hit = np.asarray(truth, dtype=np.float64)[ranking(score)]
    count = hit.sum() if there is None else there
    if not count:
        return float("nan")
    return float((np.cumsum(hit) / np.arange(1, len(hit) + 1) * hit).sum() / count)


def average_precision_interval(
    score: Floats, truth: Bools, rounds: int = 2000, confidence: float = 0.95
) -> tuple[float, float]:
    """Bootstrap interval of average precision over the rows (Efron 1979): how far another draw of the same kind would be off."""
    rng = np.random.default_rng(0)
    truth = np.asarray(truth, dtype=np.bool_)
    drawn = []
    for _ in range(rounds):
        rows = np.sort(rng.integers(0, len(truth), len(truth)))
        if truth[rows].any():
            drawn.append(average_precision(score[rows], truth[rows]))
    if not drawn:
        return 0.0, 1.0
    low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def precision_at(score: Floats, truth: Bools, k: int) -> float:
    """Share of true rows among the first k (or all, if fewer)."""
    return float(np.asarray(truth, dtype=np.float64)[ranking(score)[:k]].mean()) if len(score) else float("nan")


def recall_at(score: Floats, truth: Bools, k: int) -> float:
    """Share of the true rows that stand among the first k; NaN if nothing is true."""
    truth = np.asarray(truth, dtype=np.float64)
    return float(truth[ranking(score)[:k]].sum() / truth.sum()) if truth.sum() else float("nan")


def wilson(hits: float, trials: float, confidence: float = 0.95) -> tuple[float, float]:
    """Two-sided score interval of a share (Wilson 1927, JASA 22); (0, 1) without trials."""
    if trials <= 0:
        return 0.0, 1.0
    z = float(ndtri(0.5 + confidence / 2))
    share = hits / trials
    centre = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * np.sqrt(share * (1 - share) / trials + z * z / (4 * trials**2))
    return float(max(0.0, centre - half)), float(min(1.0, centre + half))


def brier(probability: Floats, truth: Bools) -> float:
    """Mean squared error of a probability (Brier 1950)."""
    return float(np.mean((probability - np.asarray(truth, dtype=np.float64)) ** 2))


def log_loss(probability: Floats, truth: Bools, floor: float = 1e-12) -> float:
    """Mean negative log likelihood, nats; probabilities are kept `floor` away from 0 and 1."""
    p = np.clip(probability, floor, 1 - floor)
    return float(-np.mean(np.where(truth, np.log(p), np.log1p(-p))))


@dataclass(frozen=True)
class Bin:
    """One row of a reliability table: rows with low <= probability < high (the last bin closed)."""

    low: float
    high: float
    rows: int
    mean_probability: float
    share_true: float
    share_low: float
    share_high: float


EDGES = (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)


def reliability(probability: Floats, truth: Bools, edges: tuple[float, ...] = EDGES) -> list[Bin]:
    """Reliability table: per bin of stated probability the true share with its Wilson interval; empty bins are left out."""
    bin_of = np.clip(np.searchsorted(edges, probability, side="right") - 1, 0, len(edges) - 2)
    rows = np.bincount(bin_of, minlength=len(edges) - 1)
    mean = np.bincount(bin_of, weights=probability, minlength=len(edges) - 1) / np.maximum(rows, 1)
    hits = np.bincount(bin_of, weights=np.asarray(truth, dtype=np.float64), minlength=len(edges) - 1)
    table = []
    for b in np.flatnonzero(rows):
        low, high = wilson(hits[b], rows[b])
        table.append(Bin(edges[b], edges[b + 1], int(rows[b]), float(mean[b]), float(hits[b] / rows[b]), low, high))
    return table


def b_cubed(found: Ints, truth: Ints) -> tuple[float, float, float]:
    """B-cubed precision, recall and F1 of a clustering (Bagga and Baldwin 1998); labels per item, any integers."""
    if not len(found):
        return float("nan"), float("nan"), float("nan")
    both, f, t = _overlap(found, truth)
    precision = float((both**2 / f).sum() / len(found))
    recall = float((both**2 / t).sum() / len(found))
    return precision, recall, 2 * precision * recall / (precision + recall)


def pairwise(found: Ints, truth: Ints) -> tuple[float, float, float]:
    """Precision, recall and F1 over pairs of items put together; NaN where there is no such pair."""
    both, _, _ = _overlap(found, truth)
    together = _pairs(both)
    found_pairs, true_pairs = _pairs(np.bincount(_codes(found))), _pairs(np.bincount(_codes(truth)))
    precision = together / found_pairs if found_pairs else float("nan")
    recall = together / true_pairs if true_pairs else float("nan")
    return precision, recall, 2 * together / (found_pairs + true_pairs) if found_pairs + true_pairs else float("nan")


def _codes(labels: Ints) -> Ints:
    return np.asarray(pd.factorize(labels)[0], dtype=np.int64)


def _overlap(found: Ints, truth: Ints) -> tuple[Floats, Floats, Floats]:
    """Sizes of each meeting of a found and a true cluster, of that found cluster and of that true cluster."""
    f, t = _codes(found), _codes(truth)
    pair, size = np.unique(f * (t.max() + 1) + t, return_counts=True) if len(f) else (f, f)
    by_found, by_true = np.bincount(f), np.bincount(t)
    width = t.max() + 1 if len(t) else 1
    return size.astype(np.float64), by_found[pair // width].astype(np.float64), by_true[pair % width].astype(np.float64)


def _pairs(size: Floats | Ints) -> float:
    size = np.asarray(size, dtype=np.float64)
    return float((size * (size - 1) / 2).sum())
