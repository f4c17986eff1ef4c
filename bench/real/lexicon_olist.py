"""How well the lexicon reads real complaints: the Portuguese reviews of Olist, against labels given by hand.

    python bench/real/lexicon_olist.py --data DIR     # DIR holds olist/order_reviews.csv.gz

Labels (olist_counterfeit_labels.csv: review_id, label; ids only):
  counterfeit  the text says that what came is fake, a replica, pirated, or not the original it was sold as
  borderline   a compatible, generic, remanufactured or other maker's article came instead of the original; or a hint
  no           candidates that use the same words of something else, or deny them
A review without a label counts as `no`: all texts with a suspicious word were read at every score, and the remaining
texts of score 1 to 3 that speak of the goods rather than of the delivery were skimmed. Borderline reviews count neither
as hit nor as miss.

The lexicon's authors had read these reviews, so the numbers say that it reads them, not how it will do elsewhere.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click
import pandas as pd
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lib"))

from headwater.landing.lexicon import Lexicon

LABELS = Path(__file__).with_name("olist_counterfeit_labels.csv")


def wilson(hits: int, tries: int, z: float = 1.959964) -> tuple[float, float]:
    """95 % interval of a proportion (Wilson 1927); (0, 1) without tries."""
    if not tries:
        return 0.0, 1.0
    centre = (hits + z * z / 2) / (tries + z * z)
    half = z * (hits * (tries - hits) / tries + z * z / 4) ** 0.5 / (tries + z * z)
    return centre - half, centre + half


def read_reviews(data: Path) -> pd.DataFrame:
    """One row a distinct (review_id, text) that has a text; title and message are two clauses of it."""
    raw = pd.read_csv(data / "olist" / "order_reviews.csv.gz", dtype=str, keep_default_na=False)
    text = raw["review_comment_title"].str.strip() + ". " + raw["review_comment_message"].str.strip()
    reviews = raw[["review_id", "review_score"]].assign(text=text)
    return reviews[text.str.len() > 2].drop_duplicates(["review_id", "text"], ignore_index=True)


def labelled() -> pd.DataFrame:
    """What a person read in a review: REVIEW_ID, LABEL."""
    return pd.read_csv(LABELS, dtype=str)


def judged(data: Path, read: Lexicon) -> pd.DataFrame:
    """The reviews with their `label` and what the lexicon `says`."""
    reviews = read_reviews(data).merge(labelled(), on="review_id", how="left", validate="many_to_one")
    says = read.is_counterfeit(pa.array(reviews["text"], pa.string())).to_numpy(zero_copy_only=False)
    return reviews.fillna({"label": "no"}).assign(says=says)


@click.command()
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--show", is_flag=True, help="Explain every hit and every miss (prints words of the reviews).")
@click.option("--lexicon", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Another lexicon.")
def main(data: Path, show: bool, lexicon: Path | None) -> None:
    """Print precision and recall of the lexicon on the Olist reviews."""
    read = Lexicon.load(lexicon)
    reviews = judged(data, read)
    labels = labelled()
    missing = set(labels["review_id"]) - set(reviews["review_id"])
    clear = reviews[reviews["label"] != "borderline"]
    true = clear["label"] == "counterfeit"
    hits, said, truly = int((clear["says"] & true).sum()), int(clear["says"].sum()), int(true.sum())
    print(f"reviews with text {len(reviews)}   labelled {len(labels)} ({len(missing)} not in the data)")
    print(f"counterfeit {truly}   said {said}   right {hits}   borderline {len(reviews) - len(clear)}, "
          f"of which said {int((reviews['says'] & (reviews['label'] == 'borderline')).sum())}")  # fmt: skip
    for name, tries in (("precision", said), ("recall", truly)):
        low, high = wilson(hits, tries)
        print(f"{name:9} {hits / tries if tries else float('nan'):.3f}   95 % Wilson {low:.3f} to {high:.3f}")
    if show:
        for row in reviews[reviews["says"] | (reviews["label"] != "no")].itertuples():
            print(f"{row.review_id[:8]} {row.label:11} {read.explain(row.text)}")


if __name__ == "__main__":
    main()
