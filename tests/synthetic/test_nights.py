"""Nights in sequence: what the truth says of each night is what an independent reader of its files counts."""

import hashlib

import pandas as pd
import pytest

from headwater.synthetic import MarketplaceParams, deliver, synthesise

from .reading import feed, truth

NIGHTS = ["2026-11-19", "2026-11-20", "2026-11-21", "2026-11-22"]
MANY = {"late": 0.1, "early": 0.1, "corrected": 0.05, "voided": 0.05, "withdrawn": 0.3, "updated": 0.05}
SIZE = {"orders": 6_000, "shops": 120, "suppliers": 60, "guilty": 6, "days": 20, "other_rate": 0.1, "chunk_rows": 200}


@pytest.fixture(scope="module", params=["csv", "jsonl", "parquet"])
def nights(request, tmp_path_factory):
    """The marketplace, and what was read on each of its nights: feed -> rows of the files that are new by their content."""
    out = tmp_path_factory.mktemp("nights")
    synthesise(out, MarketplaceParams(**SIZE, **MANY, nights=4, format=request.param))
    seen: set[str] = set()
    read = []
    for night in NIGHTS:
        if night != NIGHTS[0]:
            deliver(out, night)
        read.append({folder.name: new_rows(folder, night, seen) for folder in sorted((out / "landing").iterdir())})
    return out, read


def new_rows(folder, night, seen) -> pd.DataFrame:
    """The rows of files whose content was not seen before; a dt= folder of a later day is left for its night."""
    parts = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if path.parent.name.removeprefix("dt=") > night and path.parent != folder:
            continue
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest not in seen:
            seen.add(digest)
            parts.append(feed(path))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def standing(read, name, keys, time, until):
    """(rows that count, rows that wait) after a night: the latest version of each key, by the night of its day."""
    rows = pd.concat([night[name] for night in read], ignore_index=True)
    waits = rows[time].str[:10] > until
    return rows[~waits].drop_duplicates(keys, keep="last"), rows[waits]


@pytest.mark.parametrize("index", range(4))
def test_each_night_counts_what_the_truth_says(nights, index):
    out, read = nights
    said = truth(out, "nights").iloc[index]
    assert str(said.night) == NIGHTS[index]
    orders, waiting = standing(read[: index + 1], "orders", ["order_id", "line_no"], "ordered_at", NIGHTS[index])
    live = orders[orders.voided != "true"]
    quantity = live.quantity.replace("", "1").astype(int)
    assert (said.order_lines, said.quantity) == (len(live), quantity.sum())
    assert (said.voided_lines, said.orders_waiting) == (len(orders) - len(live), len(waiting))
    complaints, waiting = standing(read[: index + 1], "complaints", ["complaint_id"], "filed_at", NIGHTS[index])
    gone = (complaints.status == "withdrawn").sum()
    assert (said.complaints, said.withdrawn, said.complaints_waiting) == (len(complaints), gone, len(waiting))


def test_every_kind_of_change_is_there(nights):
    out, read = nights
    said = truth(out, "nights")
    for column in ("order_rows_again", "complaint_rows_again"):
        assert (said[column].iloc[1:] > 0).all(), column
    assert (said.orders_waiting.iloc[:-1] > 0).all()
    assert said.complaints_waiting.iloc[:-1].sum() > 0
    assert said[["orders_waiting", "complaints_waiting"]].iloc[-1].sum() == 0
    late = [
        (night["orders"].ordered_at.str[:10] < date).any() for night, date in zip(read[1:], NIGHTS[1:], strict=True)
    ]
    assert all(late)
    assert all(len(night[name]) for night in read for name in ("sellers", "addresses", "supplier_links"))


def test_files_come_again_and_vanish_as_the_truth_says(nights):
    out, read = nights
    files = truth(out, "files")
    for index, night in enumerate(NIGHTS):
        mine = files[files.night.astype(str) == night]
        taken = mine[mine.what == "new"].groupby("feed").rows.sum()
        found = {name: len(rows) for name, rows in read[index].items() if len(rows)}
        assert found == taken.to_dict()
        if index:
            assert {"same", "copy", "gone"} <= set(mine.what)
    gone = files[files.what == "gone"]
    assert not [row for row in gone.itertuples() if (out / "landing" / row.feed / row.path).exists()]


def test_the_truth_of_a_row_names_the_night_on_which_it_first_counts(nights):
    out, read = nights
    for name, time, keys in (
        ("orders", "ordered_at", ["order_id", "line_no"]),
        ("complaints", "filed_at", ["complaint_id"]),
    ):
        rows = pd.concat([night[name].assign(arrived=date) for night, date in zip(read, NIGHTS, strict=True)])
        first = rows.drop_duplicates(keys).assign(day=lambda frame, time=time: frame[time].str[:10])
        first["first"] = first[["arrived", "day"]].max(axis=1)
        true = truth(out, name).astype(dict.fromkeys(keys, str))
        both = first.merge(true, on=keys, validate="one_to_one")
        assert len(both) == len(true) == len(first)
        assert (both["first"] == both.night.astype(str)).all()


@pytest.mark.parametrize(
    ("name", "keys"), [("hubs", ["kind", "value"]), ("rates", ["currency", "day"]), ("verdicts", ["verdict_id"])]
)
def test_a_feed_that_people_keep_grows_on_every_night_to_what_one_night_would_hold(tmp_path, name, keys):
    kept = {**SIZE, "feeds_extra": True, "verdicts": 11}
    synthesise(tmp_path / "whole", MarketplaceParams(**kept))
    synthesise(tmp_path / "parts", MarketplaceParams(**kept, nights=4))
    folders = ["landing", *(f"arrivals/{night}" for night in NIGHTS[1:])]
    parts = [feed(tmp_path / "parts" / folder / name) for folder in folders]
    assert all(len(rows) for rows in parts)
    together, whole = pd.concat(parts)[keys], feed(tmp_path / "whole" / "landing" / name)[keys]
    assert sorted(together.itertuples(index=False)) == sorted(whole.itertuples(index=False))
