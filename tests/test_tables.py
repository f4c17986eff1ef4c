"""The declarations of all tables, and the names that the published ones promise to their readers."""

from __future__ import annotations

import re

import pytest

from headwater.feeds import FEEDS
from headwater.tables import TABLES
from headwater.tables.clean import CLEAN
from headwater.tables.ops import ENTERED_VERDICTS, NIGHTS
from headwater.tables.published import PUBLISHED

LAYERS = ("clean", "model", "published", "ops")
# The published columns as readers know them: a column may be added, never renamed.
PROMISED = {
    "sources": """night rank source_id case_id kind role name country city probability probability_low probability_high
        calibration_id ln_bayes_factor suspicion_rank in_capacity lift lift_low complaints expected attributed shops
        operators orders value brands safety_risk first_seen last_seen trend reasons members""",
    "cases": "night case_id state source_ids opened closed probability harm safety_risk prior_notices reasons",
    "shops": "night seller_id operator_id complaints expected ebgm eb05 probability main_source_id",
    "evidence": """night source_id evidence_id kind subject_id contribution adds_to observed expected ln_bf_without signal
        detail refs""",
    "funnel": "night orders complaints complaint_rate",
    "changes": "night event_id event subject_kind subject_id from_ids to_ids detail",
}
# Columns that were added to those.
ADDED = {
    "sources": "type observed named_orders log_odds harm",
    "cases": "",
    "shops": "orders observed value rank",
    "evidence": "shops",
    "funnel": """complaints_explained complaints_weighed
        complaints_unmatched complaints_no_order complaints_ambiguous_line complaints_hint_mismatch
        complaints_too_old complaints_not_counted waiting_rows rejected_rows shops shops_suspected sources
        sources_suspected orders_naming_supplier value value_at_risk unpriced currency notes""",
    "changes": "",
}
PROMISED_KEYS = {
    "sources": ("night", "source_id"),
    "cases": ("night", "case_id"),
    "shops": ("night", "seller_id"),
    "evidence": ("night", "source_id", "evidence_id"),
    "funnel": ("night",),
    "changes": ("night", "event_id"),
}
BY_NAME = {t.full_name: t for t in TABLES}


def columns_of(table):
    return [pytest.param(table, column, id=f"{table.full_name}.{column.name}") for column in table.columns]


@pytest.mark.parametrize(("table", "column"), [p for table in TABLES for p in columns_of(table)])
def test_every_column_has_a_meaning_and_a_name_in_small_letters(table, column):
    assert column.meaning.strip()
    assert re.fullmatch("[a-z][a-z0-9_]*", column.name)


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.full_name)
def test_a_key_column_is_required_or_its_meaning_says_when_it_is_null(table):
    columns = {c.name: c for c in table.columns}
    silent = [k for k in table.key if not columns[k].required and "null" not in columns[k].meaning]
    assert silent == []


@pytest.mark.parametrize("table", [t for t in TABLES if t not in (NIGHTS, ENTERED_VERDICTS)], ids=lambda t: t.full_name)
def test_a_table_is_written_night_by_night(table):
    assert table.partitions[0] == table.key[0] == "night"
    assert table.layer in LAYERS
    assert table.grain


def test_every_type_is_one_that_spark_knows(spark):
    for table in TABLES:
        assert [f.name for f in table.schema().fields] == table.column_names


def test_no_two_tables_have_one_name():
    assert len(BY_NAME) == len(TABLES)
    assert {t.full_name for t in PUBLISHED} == {name for name in BY_NAME if name.startswith("published/")}


@pytest.mark.parametrize("name", sorted(PROMISED))
def test_a_published_column_is_one_that_was_promised_or_added_on_purpose(name):
    table = BY_NAME[f"published/{name}"]
    assert table.key == PROMISED_KEYS[name]
    assert set(table.column_names) - {*PROMISED[name].split()} - {*ADDED[name].split()} == set()


@pytest.mark.parametrize("feed", FEEDS.values(), ids=lambda f: f.name)
def test_a_clean_table_holds_its_feed_with_tokens_for_buyers_and_without_their_words(feed):
    names = set(CLEAN[feed.name].column_names)
    kept = {f.token or f.name for f in feed.fields if not f.private}
    assert kept <= names
    assert names.isdisjoint({f.name for f in feed.fields if f.token or f.private})
    assert set(feed.key) <= set(CLEAN[feed.name].key)


def test_money_is_exact():
    inexact = [
        f"{t.full_name}.{c.name}"
        for t in PUBLISHED
        for c in t.columns
        if c.unit == "reporting currency" and c.type != "decimal(18,2)"
    ]
    assert inexact == []
