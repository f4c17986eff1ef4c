"""What an evaluation looks like: precision over k, stated against true probability, and nights or worlds beside each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from headwater.errors import ConfigurationError
from headwater.evaluate.lake import Evaluation, Ranking
from headwater.evaluate.metrics import Bin

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FEW = 20  # as many as an inspector may look at


def precision_over_k(axes: Axes, ranking: Ranking) -> None:
    """Share of guilty ones among the first k, with its 95 % interval."""
    k = [point.k for point in ranking.curve]
    axes.fill_between(k, [p.low for p in ranking.curve], [p.high for p in ranking.curve], alpha=0.25, linewidth=0)
    axes.plot(k, [p.share for p in ranking.curve])
    axes.set(xlabel="the first k", ylabel="share that is guilty", ylim=(0, 1.02), title=f"{ranking.kind}s")


def reliability_diagram(axes: Axes, bins: list[Bin]) -> None:
    """True share over stated probability, one point a bin with its interval and number; on the diagonal they agree."""
    axes.plot([0, 1], [0, 1], linewidth=0.8, linestyle=":", color="grey")
    for number, b in enumerate(bins):
        axes.plot([b.mean_probability] * 2, [b.share_low, b.share_high], color="C0", linewidth=1)
        axes.plot(b.mean_probability, b.share_true, "o", color="C0")
        aside = (5, 5 if number % 2 else -12)  # above and below in turn: near 0 and 1 the points lie close
        axes.annotate(str(b.rows), (b.mean_probability, b.share_true), textcoords="offset points", xytext=aside)
    axes.set(xlabel="stated probability", ylabel="share that is guilty", xlim=(-0.03, 1.09), ylim=(-0.07, 1.07))


def beside_each_other(axes: Axes, results: list[tuple[str, list[Ranking]]], kind: str = "supplier") -> None:
    """Average precision, and precision among the first `FEW` with its 95 % interval, of several nights or marketplaces."""
    rows = [(name, ranking) for name, rankings in results for ranking in rankings if ranking.kind == kind]
    for at, (_, ranking) in enumerate(rows):
        for point in (p for p in ranking.precision if p.k == FEW):
            axes.plot([point.low, point.high], [at, at], color="C1", linewidth=1)
            axes.plot(
                point.share, at, "|", color="C1", markersize=12, label=_once(axes, f"precision among the first {FEW}")
            )
        axes.plot(ranking.average_precision, at, "o", color="C0", label=_once(axes, "average precision"))
    axes.set(yticks=range(len(rows)), yticklabels=[name for name, _ in rows], xlim=(-0.02, 1.02), title=f"{kind}s")
    axes.set(ylim=(len(rows) - 0.5, -0.5))


def _once(axes: Axes, label: str) -> str:
    """A label for the legend, or none if it is there."""
    return "_" if label in axes.get_legend_handles_labels()[1] else label


def write(result: Evaluation, folder: Path, beside: list[tuple[str, list[Ranking]]] | None = None) -> list[Path]:
    """precision.png; reliability.png, where probabilities are stated; beside.png, if there is what to put beside it; the files written."""
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise ConfigurationError("plots need matplotlib: pip install 'headwater[notebooks]'") from error
    folder.mkdir(parents=True, exist_ok=True)
    files = []

    def save(figure: Figure, name: str) -> None:
        files.append(folder / name)
        figure.savefig(files[-1], dpi=120)

    count = len(result.rankings)
    if count:
        figure = Figure(figsize=(5 * count, 3.4), layout="constrained")
        for number, ranking in enumerate(result.rankings):
            precision_over_k(figure.add_subplot(1, count, number + 1), ranking)
        save(figure, "precision.png")
    if result.probabilities is not None:
        figure = Figure(figsize=(4.2, 4), layout="constrained")
        reliability_diagram(figure.add_subplot(), result.probabilities.bins)
        save(figure, "reliability.png")
    if beside and count:
        results = [("this night", result.rankings), *beside]
        figure = Figure(figsize=(5 * count, 1.6 + 0.35 * len(results)), layout="constrained")
        for number, ranking in enumerate(result.rankings):
            beside_each_other(figure.add_subplot(1, count, number + 1), results, ranking.kind)
        figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
        save(figure, "beside.png")
    return files
