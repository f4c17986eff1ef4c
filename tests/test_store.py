"""The lake: a night is replaced whole, faults of the rows are told plainly, and readers see what was published."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import pytest

from headwater import config
from headwater.errors import CheckFailedError, ConfigurationError, StorageError
from headwater.store import Lake, PublishedReader, absolute
from headwater.table import Column, Table
from headwater.tables.ops import NIGHTS

FIRST, SECOND, THIRD = date(2026, 11, 20), date(2026, 11, 21), date(2026, 11, 22)
COLUMNS = (
    Column("night", "date", "the night", required=True),
    Column("id", "string", "the id", required=True),
    Column("share", "double", "a share"),
    Column("brands", "array<string>", "brands"),
)
TOY = Table("model", "toy", "a toy", ("night", "id"), COLUMNS)
EMPTYABLE = Table("model", "maybe", "a toy or none", ("night", "id"), COLUMNS, may_be_empty=True)
BASE = {"night": FIRST, "id": "a", "share": 0.5, "brands": ["x"]}


def rows(frame) -> list[tuple]:
    return sorted(tuple(r) for r in frame.collect())


@pytest.fixture
def lake(spark, tmp_path) -> Lake:
    return Lake(spark, config.load(overrides=[f"paths.lake={tmp_path}/lake"], environment={}))


@pytest.fixture(scope="module")
def old(spark, tmp_path_factory) -> SimpleNamespace:
    """A lake with two nights, written five times, that the tests below only read."""
    lake = Lake(spark, config.load(overrides=[f"paths.lake={tmp_path_factory.mktemp('old')}"], environment={}))

    def frame(*values: tuple) -> object:
        return spark.createDataFrame(list(values), TOY.schema())

    one, two = (FIRST, "a", 0.5, ["x"]), (FIRST, "b", None, None)
    lake.write(TOY, frame(one, two).coalesce(1), FIRST)  # version 1
    lake.write(TOY, frame((SECOND, "a", 1.0, None)), SECOND)  # version 2
    lake.write(TOY, frame(two, one).coalesce(1), FIRST)  # version 3: the other way round
    lake.write(TOY, frame(one, (FIRST, "b", None, [])), FIRST)  # version 4: an empty list for null
    last = lake.write(TOY, frame((FIRST, "a", 0.5000001, ["x"]), two, (FIRST, "c", 0.0, None)), FIRST)  # version 5
    return SimpleNamespace(lake=lake, last=last, rows=[one, two])


def test_a_night_written_again_holds_the_later_rows_alone_and_other_nights_keep_theirs(old):
    assert (old.last.table, old.last.rows, old.last.version) == ("model/toy", 3, 5)
    assert old.lake.version(TOY) == 5
    assert [r[1:3] for r in rows(old.lake.read(TOY, FIRST))] == [("a", 0.5000001), ("b", None), ("c", 0.0)]
    assert rows(old.lake.read(TOY).where(f"night <> DATE'{FIRST}'")) == [(SECOND, "a", 1.0, None)]


def test_an_older_version_can_be_read(old):
    assert rows(old.lake.read(TOY, version=1)) == old.rows
    assert old.lake.read(TOY, version=0).count() == 0


def test_the_digest_is_one_for_the_same_rows_in_any_order_and_another_for_any_other_value(old):
    same, reordered, emptied, changed = [old.lake.digest(TOY, FIRST, version) for version in (2, 3, 4, 5)]
    assert same == reordered
    assert [rows for rows, _ in (same, emptied, changed)] == [2, 2, 3]
    assert len({same, emptied, changed, old.lake.digest(TOY, SECOND, 2)}) == 4
    assert len(same[1]) == 64


def test_a_table_that_may_be_empty_can_be_emptied(lake, rows_of):
    assert lake.write(EMPTYABLE, rows_of(EMPTYABLE, BASE, {}, {"id": "b"}), FIRST).rows == 2
    assert lake.write(EMPTYABLE, rows_of(EMPTYABLE, BASE).where("false"), FIRST).rows == 0
    assert lake.read(EMPTYABLE).isEmpty()


def test_rows_of_one_process_are_put_like_a_frame_and_read_like_one(lake, rows_of, spark):
    values = [(FIRST, "b", None, []), (FIRST, "a", float("nan"), None), (FIRST, "c", 0.5, ["x", ""])]
    written = lake.put(TOY, values, FIRST)
    assert (written.table, written.rows, written.version) == ("model/toy", 3, 1)
    assert lake.rows(TOY, FIRST, ["id"])["id"].to_pylist() == ["b", "a", "c"]
    put = lake.digest(TOY, FIRST)
    lake.write(TOY, rows_of(TOY, BASE, {"night": SECOND}), SECOND)
    lake.write(
        TOY, spark.createDataFrame([(n, i, None if i == "a" else s, b) for n, i, s, b in values], TOY.schema()), FIRST
    )
    assert lake.digest(TOY, FIRST) == put
    assert lake.put(TOY, lake.rows(TOY, FIRST).to_pandas().head(1), FIRST).rows == 1
    assert rows(lake.read(TOY)) == [(FIRST, "b", None, []), (SECOND, "a", 0.5, ["x"])]
    assert lake.put(EMPTYABLE, [], FIRST).rows == 0
    assert lake.rows(EMPTYABLE).num_rows == lake.rows(NIGHTS).num_rows == 0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "no rows for 2026-11-21; this table may not be empty"),
        ([(SECOND, None, 0.5, None)], "column id is null in a row, and it is required; nothing was written"),
        ([(FIRST, "a", 0.5, None)], "holds rows of another night than the one it is written for"),
        ([(SECOND, "a", 0.5, None)] * 2, "keys that stand twice: night=2026-11-21, id=a"),
        ([(SECOND, "a", "much", None)], "column share is not double"),
    ],
)
def test_rows_that_do_not_fit_are_not_put(old, values, message):
    before = old.lake.version(TOY)
    with pytest.raises(CheckFailedError, match=message):
        old.lake.put(TOY, values, SECOND)
    assert old.lake.version(TOY) == before


def test_only_rows_taken_and_dated_before_a_day_are_forgotten(lake, rows_of):
    dated = Table("model", "dated", "a toy of a day", ("night", "id"), (*COLUMNS, Column("day", "date", "its day")))
    base = {**BASE, "day": FIRST}
    lake.write(dated, rows_of(dated, base, {"id": "old"}, {"id": "of a later day", "day": SECOND}), FIRST)
    lake.write(dated, rows_of(dated, base, {"id": "taken later", "night": SECOND}), SECOND)
    lake.forget(dated, SECOND)
    assert sorted(r["id"] for r in lake.read(dated).collect()) == ["of a later day", "taken later"]


def test_an_empty_frame_is_refused_where_the_table_may_not_be_empty(old, rows_of):
    before = old.lake.version(TOY)
    with pytest.raises(CheckFailedError, match="model/toy: no rows for 2026-11-21; this table may not be empty"):
        old.lake.write(TOY, rows_of(TOY, BASE).where("false"), SECOND)
    assert old.lake.version(TOY) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": None}, "column id is null in a row, and it is required; nothing was written"),
        ({"night": SECOND}, "holds rows of another night than the one it is written for; nothing was written"),
    ],
)
def test_a_row_that_breaks_the_declaration_is_told_plainly_and_nothing_is_written(old, rows_of, change, message):
    before = old.lake.version(TOY)
    with pytest.raises(CheckFailedError) as caught:
        old.lake.write(TOY, rows_of(TOY, BASE, {}, change), FIRST)
    assert str(caught.value) == f"{old.lake.path(TOY)}: {message}"
    assert old.lake.version(TOY) == before


def test_up_to_five_keys_that_stand_twice_are_named(lake, rows_of):
    frame = rows_of(
        EMPTYABLE, BASE, {"id": "once"}, *({"id": f"k{i}", "share": j} for i in range(7) for j in (0.1, 0.2))
    )
    with pytest.raises(CheckFailedError) as caught:
        lake.write(EMPTYABLE, frame, FIRST)
    told = str(caught.value)
    assert [f"night=2026-11-20, id=k{i}" in told for i in range(7)] == [True] * 5 + [False] * 2
    assert "once" not in told


def test_a_frame_without_its_columns_is_refused_before_anything_is_made(lake, spark):
    with pytest.raises(CheckFailedError, match="column share is missing"):
        lake.write(TOY, spark.createDataFrame([(FIRST, "a")], "night date, id string"), FIRST)
    assert not lake.exists(TOY)
    assert lake.read(TOY).collect() == []
    assert lake.read(TOY, FIRST).columns == TOY.column_names


def test_a_catalog_gets_the_names_of_the_tables_and_the_lake_keeps_their_files(spark, tmp_path, rows_of):
    lake_path = tmp_path / "it's a lake"
    settings = config.load(overrides=["paths.catalog=spark_catalog", f"paths.lake={lake_path}"], environment={})
    lake = Lake(spark, settings)
    table = Table("toy_layer", "named", "a toy", ("night", "id"), COLUMNS)
    try:
        lake.write(table, rows_of(table, BASE, {}), FIRST)
        lake.write(table, rows_of(table, BASE, {"night": SECOND, "share": 0.75}), SECOND)
        named = spark.table("spark_catalog.toy_layer.named").orderBy("night").collect()
        assert [r["share"] for r in named] == [0.5, 0.75]
        assert lake.address(table) == "spark_catalog.toy_layer.named"
        assert lake.read(table, FIRST).count() == lake.read(table, FIRST, version=1).count() == 1
        assert (lake_path / "toy_layer" / "named" / "_delta_log").is_dir()
    finally:
        spark.sql("DROP SCHEMA IF EXISTS spark_catalog.toy_layer CASCADE")


def publish(lake: Lake, *published: tuple[int, date, int, int]) -> PublishedReader:
    """Publish (sequence, night, version of the toy, rows) and open the lake as a reader does."""
    records = [
        (n, night, f"run {n}", TOY.full_name, version, count, "0" * 64, "inputs", "")
        for n, night, version, count in published
    ]
    lake.append(NIGHTS, records)
    return PublishedReader(lake.root)


def test_a_reader_sees_each_night_as_it_was_published_and_no_later_write(old):
    # The version of the first night is one that is gone: it is read through the newest publication, that of the second.
    reader = publish(old.lake, (1, FIRST, 99, len(old.rows)), (2, SECOND, 3, 1))
    assert reader.nights == [FIRST, SECOND]
    assert reader.read(TOY).to_pylist() == [{"night": SECOND, "id": "a", "share": 1.0, "brands": None}]
    assert [tuple(r.values()) for r in reader.read(TOY, FIRST).to_pylist()] == old.rows
    assert reader.publication(FIRST)["model/toy"]["run_id"] == "run 1"
    with pytest.raises(
        ConfigurationError, match=r"2026-11-22 is not published; the latest nights are 2026-11-20, 2026-"
    ):
        reader.read(TOY, THIRD)
    with pytest.raises(StorageError, match="model/maybe was not published on 2026-11-20"):
        reader.read(EMPTYABLE, FIRST)

    reader = publish(old.lake, (3, FIRST, 5, 3))
    assert reader.publication(FIRST)["model/toy"]["run_id"] == "run 3"
    assert reader.read(TOY, FIRST)["id"].to_pylist() == ["a", "b", "c"]
    assert reader.read(TOY, SECOND).num_rows == 1

    # Rows that are not those that were published: said, not shown.
    reader = publish(old.lake, (4, FIRST, 5, 7))
    with pytest.raises(
        StorageError, match=r"3 rows of 2026-11-20, published were 7; .* headwater run --night 2026-11-20"
    ):
        reader.read(TOY, FIRST)


def test_a_lake_that_is_not_there_is_told_with_the_parameter_to_look_at(tmp_path):
    with pytest.raises(StorageError, match=r"ops/nights is not there; is paths.lake right"):
        PublishedReader(str(tmp_path / "nowhere"))


def test_a_lake_without_a_published_night_says_so(lake):
    lake.create(NIGHTS)
    with pytest.raises(StorageError, match="no night has been published"):
        PublishedReader(lake.root)


def test_a_plain_path_becomes_absolute_and_an_address_stays(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert absolute("lake") == str(tmp_path / "lake")
    assert absolute("s3a://bucket/lake/") == "s3a://bucket/lake"
