"""From the model's log odds to a probability with its record: what calibrated it, on what, and how well (docs/model.md, step 5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from scipy.special import expit

from headwater.attribution.calibrate import FEATURES, features, proximity, temper, wilson_low
from headwater.attribution.calibrator import PLANTED, Quality, calibrator
from headwater.attribution.find import Found
from headwater.attribution.gather import Gathered
from headwater.attribution.market import Floats
from headwater.parameters.finding import CalibrationParams, Tempering

EDGES = (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)


@dataclass(frozen=True)
class Bin:
    """Of `rows` sources given a probability in [low, high), `guilty` were; `mean` is what was said on average, if it was kept."""

    low: float
    high: float
    rows: int
    mean: float | None
    guilty: int


@dataclass(frozen=True)
class Calibration:
    """The record of a calibrator: what it was fitted on, when, and how well it did on rows that it was not fitted on."""

    calibration_id: str
    fitted_on: str
    night: date | None
    n: int
    method: str
    brier: float | None
    log_loss: float | None
    bins: tuple[Bin, ...]
    notes: str
    verdicts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Belief:
    """(sources,) probability with its interval, the record that stands behind it, and `of`: (log odds, features) -> probability."""

    probability: Floats
    low: Floats
    high: Floats
    record: Calibration
    of: Callable[[Floats, Floats], Floats]


def planted(log_odds: Floats, tempering: Tempering) -> Belief:
    """The posterior tempered by what planted marketplaces taught. The interval is what was seen of sources given such a probability
    on marketplaces that taught nothing (Wilson, 95 %), widened to hold the probability itself."""

    def of(odds: Floats, _x: Floats) -> Floats:
        return np.asarray(np.round(temper(odds, tempering), 9))

    p = of(log_odds, log_odds)
    bins = tuple(Bin(low, high, rows, None, guilty) for low, high, rows, guilty in tempering.bins)
    record = Calibration(
        f"{PLANTED}-{tempering.rows}", tempering.record, None, tempering.rows, "Platt scaling of the posterior log odds",
        tempering.brier, tempering.log_loss, bins,
        "learnt on planted marketplaces, not on verdicts of this one",
    )  # fmt: skip
    low, high = interval(p, bins)
    return Belief(p, low, high, record, of)


def features_of(window: Gathered, found: Found, score: Floats, lift_low: Floats, params: CalibrationParams) -> Floats:
    """(sources x 5) what a calibrator from verdicts reads (`calibrate.FEATURES`): a source's own verdicts are in none of them.

    The evidence is what it is after the doubt of identity, so that without verdicts the tempered posterior comes out."""
    prior = found.fit.prior
    own = expit(score - found.by_goods)  # the guilt of its suppliers would come back to a place as its neighbours'
    near = proximity(found.flow, own - own.mean(), params) if len(score) else score
    x = features(score - log_odds_of(prior), prior, lift_low, near, found.fit.exposure)
    return np.round(x, 9) + 0.0


def learnt(score: Floats, x: Floats, past: pd.DataFrame, tempering: Tempering, params: CalibrationParams) -> Belief:
    """The belief that the verdicts so far support; without any, `planted`.

    past: one row a verdict in the order of decision: verdict_id, `FEATURES` as they stood the night before it, guilty, weight, decided
    (date)."""
    if not len(past) or not len(score):
        return planted(score, tempering)
    told = past[list(FEATURES)].to_numpy(np.float64)
    weight = past["weight"].to_numpy(np.float64)
    made = calibrator(told, past["guilty"].to_numpy(np.bool_), weight, tempering, params)
    p, low, high = (np.round(v, 9) for v in made.probability(x))
    quality, night = made.quality, past["decided"].max()
    judged = "" if quality.brier is None else ", judged on the latest of them, which did not teach it"
    record = Calibration(
        f"{made.method}-{night}-{made.verdicts}", f"planted marketplaces and {made.verdicts} verdicts{judged}",
        night, made.verdicts, made.method,
        quality.brier, quality.log_loss, _bins(quality),
        "around what planted marketplaces taught; each verdict weighs one over its chance of having been inspected",
        tuple(sorted(past["verdict_id"].astype(str))),
    )  # fmt: skip
    return Belief(p, low, high, record, lambda _odds, features: np.round(made.probability(features)[0], 9))


def _bins(quality: Quality) -> tuple[Bin, ...]:
    """Reliability on later verdicts; empty bins are left out."""
    if quality.probability is None or quality.guilty is None:
        return ()
    at = np.clip(np.searchsorted(EDGES, quality.probability, side="right") - 1, 0, len(EDGES) - 2)
    return tuple(
        Bin(
            EDGES[b],
            EDGES[b + 1],
            int((at == b).sum()),
            round(float(quality.probability[at == b].mean()), 9),
            int(quality.guilty[at == b].sum()),
        )
        for b in np.unique(at).tolist()
    )


def interval(probability: Floats, bins: tuple[Bin, ...]) -> tuple[Floats, Floats]:
    """(sources,) low and high end: the Wilson interval of the record's bin; where the record has no such rows, nothing is known."""
    low, high = np.zeros_like(probability), np.ones_like(probability)
    for b in bins:
        inside = (probability >= b.low) & ((probability < b.high) | (b.high >= 1))
        low[inside] = wilson_low(b.guilty, b.rows)
        high[inside] = 1 - wilson_low(b.rows - b.guilty, b.rows)
    return np.round(np.minimum(low, probability), 9), np.round(np.maximum(high, probability), 9)


def record_columns(record: Calibration, night: date) -> pd.DataFrame:
    """The record as CALIBRATIONS declares it, one row."""
    bins = [{"low": b.low, "high": b.high, "sources": b.rows, "mean": b.mean, "guilty": b.guilty} for b in record.bins]
    row = {
        "night": night,
        "calibration_id": record.calibration_id,
        "fitted_on": record.fitted_on,
        "fitted_night": record.night,
        "n": record.n,
        "method": record.method,
        "brier": record.brier,
        "log_loss": record.log_loss,
        "reliability": bins,
        "notes": record.notes,
        "verdicts": list(record.verdicts),
    }
    return pd.DataFrame([row])


def stated(p: float) -> str:
    """A probability to two digits, never 0 or 1."""
    return "above 0.99" if p > 0.995 else "below 0.01" if p < 0.005 else f"{p:.2f}"


def in_words(record: Calibration) -> str:
    """What stands behind the number, wherever it is shown. Verdicts teach around what planted marketplaces taught, however many."""
    if record.calibration_id.startswith(PLANTED):
        return "calibrated on planted marketplaces, not on verdicts"
    known = "" if record.brier is None else f", Brier score {record.brier:.2f} on the latest of them"
    many = "1 verdict" if record.n == 1 else f"{record.n} verdicts"
    return f"calibrated on planted marketplaces and {many} up to {record.night}{known}"


def log_odds_of(probability: Floats) -> Floats:
    """ln(p / (1 - p)), kept finite."""
    p = np.clip(probability, 1e-12, 1 - 1e-12)
    return np.asarray(np.log(p) - np.log1p(-p))


def with_verdicts(probability: Floats, shift: Floats) -> Floats:
    """A verdict's log odds are added after the calibrator: it is never a feature of its own source."""
    return np.round(np.where(shift == 0, probability, expit(log_odds_of(probability) + shift)), 9)
