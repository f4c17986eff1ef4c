"""`headwater evaluate`: published nights without Spark, against a truth folder or later verdicts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa

from headwater.config import Config
from headwater.errors import ConfigurationError
from headwater.evaluate.lake import Evaluation, Ranking, RoleCount, evaluate, rankings_of
from headwater.evaluate.truth import Truth, as_id, later_verdicts, planted_truth
from headwater.parameters.finding import LATE
from headwater.store import PublishedReader, arrow
from headwater.tables.model import VERDICTS
from headwater.tables.ops import ENTERED_VERDICTS
from headwater.tables.published import OPERATORS, SOURCES

# What is read of each table of a truth folder.
TRUTH = {
    "suppliers": ("supplier_id", "guilty", "role"),
    "places": ("place_id", "guilty", "role"),
    "addresses": ("address_id", "place_id"),
    "operators": ("seller_id", "operator_id"),
}
JUDGE = ("verdict_id", "subject_kind", "subject_id", "verdict", "author", "decided_at")
OPTIONAL = "author"
THE_LAKE = "lake"  # in place of a file: the verdicts that the lake holds


def read_truth(folder: Path) -> Truth:
    """The truth folder of `headwater synthesise`."""
    files = {name: folder / f"{name}.parquet" for name in TRUTH}
    tables = {name: _frame(file) for name, file in files.items() if file.is_file()}
    lacking = [name for name in TRUTH if name not in tables]
    lacking += [f"{name}.{c}" for name in tables for c in TRUTH[name] if c not in tables[name]]
    if lacking:
        raise ConfigurationError(
            f"{folder} is no truth folder of this `headwater synthesise`: it lacks {', '.join(lacking)}"
        )
    return planted_truth(tables)


def _frame(file: Path) -> pd.DataFrame:
    """A Parquet file, or a CSV file as text."""
    try:
        if file.suffix == ".parquet":
            return pd.read_parquet(file)
        return pd.read_csv(file, dtype=str, encoding="utf-8-sig")
    except (OSError, ValueError, pa.ArrowException) as error:
        raise ConfigurationError(f"{file} cannot be read: {error}") from error


def check_ids(folder: Path, truth: Truth, sources: pd.DataFrame, operators: pd.DataFrame | None) -> None:
    """Raise ConfigurationError for a column of ids none of which the night has: another marketplace's truth, or ids written otherwise."""
    if not truth.guilty:
        raise ConfigurationError(
            f"{folder}: suppliers.parquet and places.parquet have no row; there is nothing to judge by"
        )
    early = sources[~sources["type"].isin(LATE)]

    def members(kind: str) -> set[str]:
        return {as_id(m) for some in early.loc[early["kind"] == kind, "members"] for m in some}

    sellers = set() if operators is None else {as_id(s) for shops in operators["seller_ids"] for s in shops}
    for table, column, mine, where, theirs in (
        ("suppliers", "supplier_id", truth.known("supplier"), "the night", members("supplier")),
        ("addresses", "address_id", truth.place_of, "the night", members("place")),
        ("addresses", "place_id", truth.place_of.values(), "places.parquet", truth.known("place")),
        ("operators", "seller_id", truth.operator, "the night", sellers),
    ):
        if mine and theirs and not set(mine) & set(theirs):
            raise ConfigurationError(
                f"{folder / table}.parquet, {column}: none of its {len(set(mine)):,} ids is one of the {len(theirs):,} of {where}; "
                f"it has {min(mine)!r}, {where} {min(theirs)!r}"
            )


def read_verdicts(file: Path) -> pd.DataFrame:
    """A file of verdicts: CSV or Parquet, columns of the verdicts feed."""
    if not file.is_file():
        raise ConfigurationError(f"{file}: no such file of verdicts (`{THE_LAKE}` takes those of the lake)")
    rows = _frame(file)
    lacking = set(JUDGE) - {OPTIONAL} - set(rows.columns)
    if lacking:
        raise ConfigurationError(f"{file}: verdicts lack the columns {', '.join(sorted(lacking))}")
    return rows


def verdicts_of(lake: str, night: date) -> pd.DataFrame:
    """Every verdict that the lake holds: those that the night knew, of the feed too, and those entered at the command line."""
    stored = [arrow.load(lake, VERDICTS, night, columns=JUDGE), arrow.load(lake, ENTERED_VERDICTS, columns=JUDGE)]
    rows = pa.concat_tables([rows for rows in stored if rows is not None] or [arrow.schema(VERDICTS).empty_table()])
    every: pd.DataFrame = rows.select(JUDGE).to_pandas()
    return every.drop_duplicates("verdict_id", ignore_index=True)


def evaluate_lake(config: Config, night: date | None, truth: Path | None, verdicts: str | None) -> Evaluation:
    """The newest (or the given) published night, judged; all nights before it tell how long detection took."""
    if (truth is None) == (verdicts is None):
        raise ConfigurationError("name what to judge by: --truth FOLDER or --verdicts FILE, one of them")
    reader = PublishedReader(config.paths.lake)
    night = night or reader.nights[-1]
    nights = {n: reader.read(SOURCES, n).to_pandas() for n in reader.nights if n <= night}
    published = reader.publication(night)  # says which nights there are
    if verdicts is not None:
        said = verdicts_of(reader.root, reader.nights[-1]) if verdicts == THE_LAKE else read_verdicts(Path(verdicts))
        try:
            found = later_verdicts(said, night, nights[night])
        except ConfigurationError as error:
            raise ConfigurationError(f"{reader.root if verdicts == THE_LAKE else verdicts}: {error}") from error
        return evaluate(night, nights, found, basis="verdicts")
    assert truth is not None
    operators = reader.read(OPERATORS, night).to_pandas() if OPERATORS.full_name in published else None
    planted = read_truth(truth)
    check_ids(truth, planted, nights[night], operators)
    return evaluate(night, nights, planted, operators)


def read_beside(words: Iterable[str]) -> list[tuple[str, list[Ranking]]]:
    """NAME=FILE ...: the rankings of evaluations that were kept with --json, by name."""
    results = []
    for word in words:
        name, sign, file = word.partition("=")
        if not (name and sign and file):
            raise ConfigurationError(
                f"--beside {word}: write it as NAME=FILE, a FILE of `headwater evaluate --json FILE`"
            )
        try:
            results.append((name, rankings_of(Path(file).read_text(encoding="utf-8"))))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigurationError(f"--beside {word}: {file} is no file of `headwater evaluate --json`") from error
    return results


def keep(
    result: Evaluation, out: Path | None, plots: Path | None, beside: list[tuple[str, list[Ranking]]]
) -> list[Path]:
    """Write the numbers to `out` and draw into the folder `plots`, where they are given; the plots that were drawn."""
    try:
        if out is not None:
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text(result.as_json(), encoding="utf-8")
        if plots is None:
            return []
        from headwater.evaluate.plots import write

        return write(result, plots, beside)
    except OSError as error:
        raise ConfigurationError(f"this cannot be written: {error}") from error


def in_words(result: Evaluation) -> str:
    """The result as lines for a terminal."""
    lines = [f"night {result.night}, judged by {result.basis}"]
    for ranking in result.rankings:
        missed = f", {ranking.missed} of them never shown" if ranking.missed else ""
        lines.append(
            f"{ranking.kind}s: {ranking.sources} ranked, {ranking.guilty} guilty{missed}; "
            f"average precision {ranking.average_precision:.3f}"
        )
        for p, r in zip(ranking.precision, ranking.recall, strict=False):
            lines.append(
                f"  first {p.k:<3} {p.hits:3d} guilty: precision {p.share:.2f} [{p.low:.2f}, {p.high:.2f}], "
                f"recall {r.share:.2f}"
            )
    lines += _counted(result)
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


def _counted(result: Evaluation) -> list[str]:
    """Why these counts are not those of `show` and `synthesise`."""
    left, judged = result.left_out, sum(r.sources for r in result.rankings)
    total = judged + left.late + left.unknown + left.again
    again = (left.again, "more of a supplier or place that is judged")
    if result.basis == "verdicts":
        why = [(left.late + left.unknown, "of which no later verdict speaks"), again]
    else:
        late = (left.late, "buildings, return places and unknown supply, of which the truth says nothing")
        why = [late, (left.unknown, "that the truth does not know"), again]
    told = "; ".join(f"{n} {words}" for n, words in why if n)
    lines = [f"{judged} of {total} published sources are judged" + (f", left out: {told}" if told else "")]
    if any(r.missed for r in result.rankings):
        lines.append(
            "guilty are ids of the truth, those of one source once; never shown: nobody complained of their goods, or nobody names them"
        )
    return lines


def _confusion(counts: list[RoleCount]) -> list[str]:
    """True roles down, what was said across."""
    of = {(c.role, c.said): c.sources for c in counts}
    across = sorted({c.said for c in counts})
    head = f"  {'':18}" + "".join(f"{said:>18}" for said in across)
    return [head] + [
        f"  {role:18}" + "".join(f"{of.get((role, said), 0):18d}" for said in across)
        for role in sorted({c.role for c in counts})
    ]
