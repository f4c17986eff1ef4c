"""What an evaluation looks like: precision over k, stated against true probability, and nights or worlds beside each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from headwater.errors import ConfigurationError
from headwater.evaluate.lake import Evaluation, Ranking
from headwater.evaluate.metrics import Bin

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def precision_over_k(axes: Axes, ranking: Ranking) -> None:
    """Share of guilty ones among the first k, with its 95 % interval."""
    k = [point.k for point in ranking.curve]
    axes.fill_between(k, [p.low for p in ranking.curve], [p.high for p in ranking.curve], alpha=0.25, linewidth=0)
    axes.plot(k, [p.share for p in ranking.curve])
    axes.set(xlabel="the first k", ylabel="share that is guilty", ylim=(0, 1.02), title=f"{ranking.kind}s")


def reliability_diagram(axes: Axes, bins: list[Bin]) -> None:
    """True share over stated probability, one point a bin with its interval and number; on the diagonal they agree."""
    axes.plot([0, 1], [0, 1], linewidth=0.8, linestyle=":", color="grey")
    for b in bins:
        axes.plot([b.mean_probability] * 2, [b.share_low, b.share_high], color="C0", linewidth=1)
        axes.plot(b.mean_probability, b.share_true, "o", color="C0")
        axes.annotate(str(b.rows), (b.mean_probability, b.share_true), textcoords="offset points", xytext=(5, -10))
    axes.set(xlabel="stated probability", ylabel="share that is guilty", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))


def beside_each_other(axes: Axes, results: dict[str, Evaluation], kind: str = "supplier") -> None:
    """Average precision and precision among the first 20 of several nights or marketplaces."""
    names, ap, p20 = [], [], []
    for name, result in results.items():
        for ranking in result.rankings:
            if ranking.kind == kind:
                names.append(name)
                ap.append(ranking.average_precision)
                p20.append(next((p.share for p in ranking.precision if p.k == 20), float("nan")))
    rows = range(len(names))
    axes.plot(ap, rows, "o", label="average precision")
    axes.plot(p20, rows, "|", markersize=12, label="precision at 20")
    axes.set(yticks=list(rows), yticklabels=names, xlim=(0, 1.02), title=f"{kind}s")
    axes.legend(loc="lower left")


def write(result: Evaluation, folder: Path) -> list[Path]:
    """precision.png, reliability.png (where probabilities are stated) in `folder`; the files written."""
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise ConfigurationError("plots need matplotlib: pip install 'headwater[notebooks]'") from error
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    if result.rankings:
        figure = Figure(figsize=(5 * len(result.rankings), 3.4), layout="constrained")
        for number, ranking in enumerate(result.rankings):
            precision_over_k(figure.add_subplot(1, len(result.rankings), number + 1), ranking)
        files.append(folder / "precision.png")
        figure.savefig(files[-1], dpi=120)
    if result.probabilities is not None:
        figure = Figure(figsize=(4.2, 4), layout="constrained")
        reliability_diagram(figure.add_subplot(), result.probabilities.bins)
        files.append(folder / "reliability.png")
        figure.savefig(files[-1], dpi=120)
    return files
