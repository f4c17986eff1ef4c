"""`headwater evaluate`: published nights without Spark, against a truth folder or later verdicts."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

from headwater.config import Config
from headwater.errors import ConfigurationError
from headwater.evaluate.lake import Evaluation, RoleCount, evaluate
from headwater.evaluate.truth import Truth, later_verdicts, planted_truth
from headwater.store import PublishedReader
from headwater.tables import published as published_tables
from headwater.tables.published import SOURCES

# What is read of each table of a truth folder.
TRUTH = {
    "suppliers": ("supplier_id", "guilty", "role"),
    "places": ("place_id", "guilty", "role"),
    "addresses": ("address_id", "place_id"),
    "operators": ("seller_id", "operator_id"),
}


def read_truth(folder: Path) -> Truth:
    """The truth folder of `headwater synthesise`."""
    files = {name: folder / f"{name}.parquet" for name in TRUTH}
    tables = {name: pd.read_parquet(file) for name, file in files.items() if file.is_file()}
    lacking = [name for name in TRUTH if name not in tables]
    lacking += [f"{name}.{c}" for name in tables for c in TRUTH[name] if c not in tables[name]]
    if lacking:
        raise ConfigurationError(
            f"{folder} is no truth folder of this `headwater synthesise`: it lacks {', '.join(lacking)}"
        )
    return planted_truth(tables)


def read_verdicts(file: Path, night: date, sources: pd.DataFrame) -> Truth:
    """A file of verdicts (CSV or Parquet, columns of the verdicts feed)."""
    if not file.is_file():
        raise ConfigurationError(f"{file}: no such file of verdicts")
    rows = pd.read_parquet(file) if file.suffix == ".parquet" else pd.read_csv(file, dtype=str)
    lacking = {"verdict_id", "subject_kind", "subject_id", "verdict", "decided_at"} - set(rows.columns)
    if lacking:
        raise ConfigurationError(f"{file}: verdicts lack the columns {', '.join(sorted(lacking))}")
    return later_verdicts(rows, night, sources)


def evaluate_lake(config: Config, night: date | None, truth: Path | None, verdicts: Path | None) -> Evaluation:
    """The newest (or the given) published night, judged; all nights before it tell how long detection took."""
    if (truth is None) == (verdicts is None):
        raise ConfigurationError("name what to judge by: --truth FOLDER or --verdicts FILE, one of them")
    reader = PublishedReader(config.paths.lake)
    night = night or reader.nights[-1]
    nights = {n: reader.read(SOURCES, n).to_pandas() for n in reader.nights if n <= night}
    if night not in nights:
        reader.publication(night)  # says which nights there are
    published = next((t for t in published_tables.PUBLISHED if t.name == "operators"), None)
    operators = None
    if published is not None and published.full_name in reader.publication(night):
        operators = reader.read(published, night).to_pandas()
    if truth is not None:
        return evaluate(night, nights, read_truth(truth), operators)
    assert verdicts is not None
    return evaluate(night, nights, read_verdicts(verdicts, night, nights[night]), None, basis="verdicts")


def in_words(result: Evaluation) -> str:
    """The result as lines for a terminal."""
    lines = [f"night {result.night}, judged by {result.basis}"]
    for ranking in result.rankings:
        lines.append(
            f"{ranking.kind}s: {ranking.sources} ranked, {ranking.guilty} guilty ({ranking.missed} never shown); "
            f"average precision {ranking.average_precision:.3f}"
        )
        for p, r in zip(ranking.precision, ranking.recall, strict=False):
            lines.append(
                f"  first {p.k:<3} {p.hits:3d} guilty: precision {p.share:.2f} [{p.low:.2f}, {p.high:.2f}], "
                f"recall {r.share:.2f}"
            )
    if result.probabilities is not None:
        said = result.probabilities
        lines.append(
            f"probabilities of {said.sources} sources: Brier {said.brier:.4f}, log loss {said.log_loss:.4f}; at .99 or "
            f"more {said.sure.hits} of {said.sure.trials} guilty, at least {said.sure.low:.3f} (95 %)"
        )
        for b in said.bins:
            lines.append(
                f"  {b.low:.2f}-{b.high:.2f} n={b.rows:<5d} stated {b.mean_probability:.3f}, "
                f"true {b.share_true:.3f} [{b.share_low:.3f}, {b.share_high:.3f}]"
            )
    if result.role is not None:
        lines.append(f"role right for {result.role.hits} of {result.role.trials}; true role (down), said (across)")
        lines += _confusion(result.roles)
    if result.operators is not None:
        lines.append("operators, B-cubed: " + ", ".join(f"{k} {v:.3f}" for k, v in result.operators.items()))
    waits = [n for n in result.nights_to_detection.values() if n is not None]
    never = len(result.nights_to_detection) - len(waits)
    lines.append(
        f"of {len(result.nights_to_detection)} guilty sources shown, {len(waits)} reached the first 50 of their kind, "
        f"{sum(n == 0 for n in waits)} on their first night; {never} have not yet"
    )
    return "\n".join(lines)


def _confusion(counts: list[RoleCount]) -> list[str]:
    """True roles down, what was said across."""
    of = {(c.role, c.said): c.sources for c in counts}
    across = sorted({c.said for c in counts})
    head = f"  {'':18}" + "".join(f"{said:>18}" for said in across)
    return [head] + [
        f"  {role:18}" + "".join(f"{of.get((role, said), 0):18d}" for said in across)
        for role in sorted({c.role for c in counts})
    ]
