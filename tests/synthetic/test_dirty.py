"""Bad rows: each breaks one rule, their counts are exact, and no good row is lost or changed."""

import gzip
import json
import re
from collections import Counter
from datetime import datetime

import pandas as pd
import pyarrow as pa
import pytest

from headwater.feeds import FEEDS
from headwater.landing.formats import json_files
from headwater.synthetic import MarketplaceParams, synthesise
from headwater.synthetic.dirty import feed_rules, rule_names

from .reading import feed, lines, truth

BASE = {
    "orders": 8_000,
    "shops": 120,
    "suppliers": 60,
    "guilty": 5,
    "days": 20,
    "feeds_extra": True,
    "verdicts": 40,
    "chunk_rows": 150,
}
FORMS = ["csv", "csv.gz", "jsonl", "jsonl.gz", "parquet"]
NUMBERS = {"int": r"[+-]?\d{1,18}", "decimal": r"[+-]?\d{1,16}(\.\d{1,2})?", "number": r"[+-]?\d+(\.\d+)?"}


def readable(kind: str, value: str) -> bool:
    if kind in NUMBERS:
        return re.fullmatch(NUMBERS[kind], value) is not None
    if kind == "bool":
        return value in ("true", "false")
    if kind == "list":
        return not value.startswith("[")
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def faults(name: str, row: dict[str, str]) -> list[str]:
    """The rules that a row breaks, worked out from the contract alone."""
    out = []
    for field in FEEDS[name].fields:
        value = row.get(field.name) or ""
        if not value:
            out += [f"missing_{field.name}"] if field.required else []
        elif field.type != "text" and not readable(field.type, value):
            out.append(f"bad_{field.name}")
        elif field.allowed and value not in field.allowed:
            out.append(f"unknown_{field.name}")
        elif field.low is not None or field.high is not None:
            above = field.low is None or (float(value) > field.low if field.open_low else float(value) >= field.low)
            below = field.high is None or (float(value) < field.high if field.open_high else float(value) <= field.high)
            out += [] if above and below else [f"range_{field.name}"]
    return out


def rows_of(folder, form) -> tuple[list[dict[str, str]], int]:
    """The rows of a feed that can be read, as text, and how many lines cannot."""
    if form == "parquet":
        return feed(folder).to_dict("records"), 0
    if form.startswith("csv"):
        header, *rows = [fields for path in folder.iterdir() for fields in lines(path)]
        good = [dict(zip(header, fields, strict=True)) for fields in rows if len(fields) == len(header)]
        return good, len(rows) - len(good)
    good, unreadable = [], 0
    for line in feed_lines(folder):
        try:
            good.append(json.loads(line))
        except ValueError:
            unreadable += 1
    return good, unreadable


def feed_lines(folder) -> list[str]:
    raw = [path.read_bytes() for path in sorted(folder.iterdir())]
    return [
        line for part in raw for line in (gzip.decompress(part) if part[:2] == b"\x1f\x8b" else part).split(b"\n")[:-1]
    ]


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    out = tmp_path_factory.mktemp("good")
    synthesise(out, MarketplaceParams(**BASE))
    return out


@pytest.fixture(scope="module", params=FORMS)
def bad(request, tmp_path_factory):
    out = tmp_path_factory.mktemp("bad")
    return out, synthesise(out, MarketplaceParams(**BASE, dirty=0.05, format=request.param)), request.param


def test_bad_rows_are_counted_exactly_and_break_one_rule_each(bad):
    out, _, form = bad
    planted = truth(out, "dirty")
    for name, spec in FEEDS.items():
        rows, unreadable = rows_of(out / "landing" / name, form)
        broken = [faults(name, row) for row in rows]
        assert max(map(len, broken)) == 1
        found = Counter(rule for rules in broken for rule in rules)
        kept = pd.DataFrame([row for row, rules in zip(rows, broken, strict=True) if not rules])
        found["superseded"] = int(kept.duplicated(list(spec.key)).sum())
        found |= {"unreadable_line": unreadable} if unreadable else {}
        expected = planted[planted.feed == name]
        assert dict(found) == dict(zip(expected.rule, expected.rows, strict=True))
        assert set(found) == set(rule_names(spec, lines=form != "parquet"))


def test_without_the_bad_rows_the_feed_is_the_clean_one(bad, good):
    out, _, form = bad
    for name, spec in FEEDS.items():
        rows, _ = rows_of(out / "landing" / name, form)
        whole = feed(good / "landing" / name)
        frame = pd.DataFrame([row for row in rows if not faults(name, row)], columns=list(whole.columns)).fillna("")
        frame = frame.drop_duplicates(list(spec.key), keep="last", ignore_index=True)  # the later row of a key wins
        keys = list(whole.columns)
        pd.testing.assert_frame_equal(
            frame.sort_values(keys, ignore_index=True), whole.sort_values(keys, ignore_index=True)
        )


def test_the_share_of_bad_rows_is_as_asked_and_the_summary_counts_them(bad):
    out, summary, _ = bad
    dirty = truth(out, "dirty")
    assert summary.dirty_rows == dirty.rows.sum()
    assert dirty[dirty.feed == "orders"].rows.sum() == pytest.approx(0.05 * 8_000, rel=0.1)
    assert summary.rows["orders"] == 8_000 + dirty[dirty.feed == "orders"].rows.sum()


def test_the_intake_reads_of_json_lines_what_stands_in_the_csv_files(tmp_path):
    """So every bad row that is found in the one is found in the other; the lines that are no objects are those planted."""
    params = {**BASE, "orders": 1_500, "days": 5, "dirty": 0.05}
    for form in ("csv", "jsonl"):
        synthesise(tmp_path / form, MarketplaceParams(**params, format=form))
    planted = truth(tmp_path / "jsonl", "dirty")
    for name, spec in FEEDS.items():
        columns = {field.name: field.name for field in spec.fields}
        text = feed_lines(tmp_path / "jsonl" / "landing" / name)
        read = json_files.reader(columns)(pa.array(text, pa.binary())).to_pylist()
        lost = planted[(planted.feed == name) & (planted.rule == "unreadable_line")].rows.sum()
        assert sum(row["_line"] is not None for row in read) == lost > 0
        rows, _ = rows_of(tmp_path / "csv" / "landing" / name, "csv")
        whole = [tuple(row.get(column) or None for column in columns) for row in rows]
        assert [tuple(row[column] for column in columns) for row in read if row["_line"] is None] == whole


def test_every_field_of_the_contract_has_its_rules():
    for spec in FEEDS.values():
        names = [rule.name for rule in feed_rules(spec)]
        assert len(names) == len(set(names))
        for field in spec.fields:
            assert (f"missing_{field.name}" in names) == field.required
            assert (f"bad_{field.name}" in names) == (field.type != "text")
            assert (f"unknown_{field.name}" in names) == bool(field.allowed)
            assert (f"range_{field.name}" in names) == (field.low is not None or field.high is not None)


def test_a_clean_marketplace_breaks_no_rule(good):
    for name in FEEDS:
        assert [row for row in feed(good / "landing" / name).to_dict("records") if faults(name, row)] == []
