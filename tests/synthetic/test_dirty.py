"""Bad rows: each breaks one rule, their counts are exact, and no good row is lost or changed."""

from collections import Counter
from datetime import datetime
from decimal import Decimal, InvalidOperation

import pandas as pd
import pytest

from headwater.synthetic import MarketplaceParams, synthesise
from headwater.synthetic.dirty import FEED_RULES

from .reading import feed, lines, truth

ENUMERATIONS = {
    "role": {"dispatch", "return", "registered", "pickup"},
    "kind": {"purchase", "invoice", "consignment", "declared"},
    "reason_code": {"counterfeit", "not_as_described", "damaged", "not_received", "other"},
    "status": {"open", "upheld", "rejected", "withdrawn"},
    "complainant_kind": {"buyer", "brand", "authority"},
}
KEYS = {
    "orders": ["order_id", "line_no"],
    "complaints": ["complaint_id"],
    "addresses": ["address_id"],
    "supplier_links": ["seller_id", "supplier_id", "kind"],
    "sellers": ["seller_id"],
    "suppliers": ["supplier_id"],
    "brands": ["brand"],
    "rates": ["currency", "day"],
}


def readable(kind: str, value: str) -> bool:
    try:
        match kind:
            case "int":
                int(value)
            case "decimal":
                Decimal(value)
            case "timestamp" | "date":
                datetime.fromisoformat(value)
            case _:
                return value in ("true", "false")
    except (ValueError, InvalidOperation):
        return False
    return True


def faults(name: str, row: dict[str, str]) -> list[str]:
    """The rules that a row breaks, worked out from the contract alone."""
    rules = FEED_RULES[name]
    out = [f"missing_{column}" for column in rules.required if row[column] == ""]
    present = {column: value for column, value in row.items() if value != ""}
    out += [f"bad_{c}" for c, kind in rules.types.items() if c in present and not readable(kind, present[c])]
    for column in rules.ranges:
        if column in present and f"bad_{column}" not in out:
            number = Decimal(present[column])
            low, high = {"quantity": (1, None), "confidence": (Decimal("1e-9"), 1)}.get(column, (0, None))
            if number < low or (high is not None and number > high):
                out.append(f"range_{column}")
    allowed = {column: ENUMERATIONS[column] for column in rules.choices}
    return out + [f"unknown_{c}" for c, values in allowed.items() if c in present and present[c] not in values]


@pytest.fixture(scope="module")
def markets(tmp_path_factory):
    base = {
        "orders": 8_000,
        "shops": 120,
        "suppliers": 60,
        "guilty": 5,
        "days": 20,
        "feeds_extra": True,
        "chunk_rows": 150,
    }
    out = tmp_path_factory.mktemp("dirty")
    synthesise(out / "good", MarketplaceParams(**base))
    summary = synthesise(out / "bad", MarketplaceParams(**base, dirty=0.05))
    return out / "good", out / "bad", summary


@pytest.mark.parametrize("name", sorted(FEED_RULES))
def test_bad_rows_are_counted_exactly_and_break_one_rule_each(markets, name):
    _, bad, _ = markets
    found: Counter[str] = Counter()
    for path in (bad / "landing" / name).iterdir():
        header, *rows = lines(path)
        good: list[dict[str, str]] = []
        for fields in rows:
            if len(fields) != len(header):
                found["unreadable_line"] += 1
                continue
            row = dict(zip(header, fields, strict=True))
            broken = faults(name, row)
            assert len(broken) <= 1
            found.update(broken)
            good += [] if broken else [row]
        if name in KEYS:
            found["superseded"] += int(pd.DataFrame(good).duplicated(KEYS[name]).sum())
    expected = truth(bad, "dirty")
    expected = expected[expected.feed == name]
    assert dict(found) == dict(zip(expected.rule, expected.rows, strict=True))
    assert set(found) >= {rule for rule, _, _ in FEED_RULES[name].rules()}


@pytest.mark.parametrize("name", sorted(FEED_RULES))
def test_without_the_bad_rows_the_feed_is_the_clean_one(markets, name):
    good, bad, _ = markets
    path = next((bad / "landing" / name).iterdir())
    header, *rows = lines(path)
    kept = [dict(zip(header, fields, strict=True)) for fields in rows if len(fields) == len(header)]
    frame = pd.DataFrame([row for row in kept if not faults(name, row)], columns=header)
    # the later row of a key wins
    frame = frame.drop_duplicates(KEYS[name], keep="last", ignore_index=True) if name in KEYS else frame
    whole = feed(good / "landing" / name)
    keys = list(whole.columns)
    pd.testing.assert_frame_equal(
        frame.sort_values(keys, ignore_index=True), whole.sort_values(keys, ignore_index=True)
    )


def test_the_share_of_bad_rows_is_as_asked_and_the_summary_counts_them(markets):
    _, bad, summary = markets
    dirty = truth(bad, "dirty")
    assert summary.dirty_rows == dirty.rows.sum()
    assert dirty[dirty.feed == "orders"].rows.sum() == pytest.approx(0.05 * 8_000, rel=0.05)
    assert summary.rows["orders"] == 8_000 + dirty[dirty.feed == "orders"].rows.sum()


def test_parquet_has_every_rule_but_the_unreadable_line(tmp_path):
    params = {
        "orders": 2_000,
        "shops": 40,
        "suppliers": 40,
        "guilty": 3,
        "days": 10,
        "format": "parquet",
        "dirty": 0.02,
    }
    synthesise(tmp_path, MarketplaceParams(**params))
    dirty = truth(tmp_path, "dirty")
    assert "unreadable_line" not in set(dirty.rule)
    rows = [row for row in feed(tmp_path / "landing" / "orders").to_dict("records") if faults("orders", row)]
    expected = dirty[(dirty.feed == "orders") & (dirty.rule != "superseded")]
    assert len(rows) == expected.rows.sum()


def test_a_clean_marketplace_breaks_no_rule(small_out):
    for folder in (small_out / "landing").iterdir():
        broken = [row for row in feed(folder).to_dict("records") if faults(folder.name, row)]
        assert broken == []
