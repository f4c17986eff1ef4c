"""Buyers' tokens: the same for the same buyer and key, and neither the key nor a buyer's id where others can read it."""

from __future__ import annotations

import stat

import pyarrow as pa
import pytest

from headwater import config, tokens
from headwater.errors import ConfigurationError

KEY, OTHER_KEY = b"a key of sixteen bytes or more", b"another key of sixteen and more"


def settings(file: object = "") -> config.Config:
    return config.load(overrides=[f"tokens.key_file={file}"], environment={})


@pytest.fixture
def no_key(monkeypatch):
    monkeypatch.delenv(tokens.KEY_VARIABLE)


def test_one_buyer_has_one_token_and_no_other_buyer_has_it():
    made = tokens.tokenise(pa.array(["ann", "bob", "ann", "Ann", ""]), KEY).to_pylist()
    assert made[0] == made[2]
    assert len(set(made)) == 4
    assert all(len(token) == 2 * tokens.TOKEN_BYTES for token in made)
    assert tokens.tokenise(pa.array(["ann"]), KEY).to_pylist() == made[:1]


def test_another_key_gives_another_token():
    ids = pa.array(["ann"])
    assert tokens.tokenise(ids, KEY) != tokens.tokenise(ids, OTHER_KEY)
    assert tokens.tokenise(ids, KEY) != tokens.tokenise(ids, KEY + b"!")


def test_a_missing_buyer_stays_missing():
    assert tokens.tokenise(pa.array([None, "ann", None]), KEY).is_null().to_pylist() == [True, False, True]
    assert tokens.tokenise(pa.array([None], pa.null()), KEY).to_pylist() == [None]
    assert tokens.tokenise(pa.array([], pa.string()), KEY).to_pylist() == []


def test_a_batch_with_a_dictionary_gives_the_tokens_of_its_values():
    plain = pa.array(["ann", None, "bob", "ann"])
    whole = tokens.tokenise(plain, KEY)
    assert tokens.tokenise(plain.dictionary_encode(), KEY) == whole
    assert tokens.tokenise(plain.dictionary_encode()[2:], KEY) == whole[2:]
    assert tokens.tokenise(plain.cast(pa.large_string()), KEY) == whole


def test_a_new_key_can_be_read_by_its_owner_alone_and_is_never_overwritten(tmp_path, no_key):
    file = tmp_path / "secrets" / "token.key"
    assert tokens.make_key(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    first = tokens.load_key(settings(file))
    assert len(first) >= tokens.SHORTEST_KEY
    assert not tokens.make_key(file)
    assert tokens.load_key(settings(file)) == first
    assert tokens.make_key(tmp_path / "second.key")
    assert tokens.load_key(settings(tmp_path / "second.key")) != first


def test_the_environment_wins_over_the_key_file_and_an_empty_one_does_not_count(tmp_path, monkeypatch):
    file = tmp_path / "token.key"
    file.write_bytes(KEY + b"\n")
    monkeypatch.setenv(tokens.KEY_VARIABLE, OTHER_KEY.decode())
    assert tokens.load_key(settings(file)) == OTHER_KEY
    monkeypatch.setenv(tokens.KEY_VARIABLE, " \n")
    assert tokens.load_key(settings(file)) == KEY


def test_a_key_may_be_any_bytes(tmp_path, no_key):
    (tmp_path / "token.key").write_bytes(bytes(range(128, 160)))
    assert tokens.load_key(settings(tmp_path / "token.key")) == bytes(range(128, 160))


def test_a_key_that_is_missing_or_short_is_refused_with_the_way_out(tmp_path, no_key):
    with pytest.raises(ConfigurationError, match=r"no token key: set HEADWATER_TOKEN_KEY, or tokens\.key_file"):
        tokens.load_key(settings())
    with pytest.raises(ConfigurationError, match=r"none\.key: No such file .*`headwater key`"):
        tokens.load_key(settings(tmp_path / "none.key"))
    (tmp_path / "short.key").write_text("fifteen bytes..\n")
    with pytest.raises(ConfigurationError, match="shorter than 16 bytes") as caught:
        tokens.load_key(settings(tmp_path / "short.key"))
    assert "fifteen" not in str(caught.value)


def test_neither_the_key_nor_a_buyer_stands_in_a_plan_or_the_event_log(spark, event_log, capsys):
    frame = spark.createDataFrame(pa.table({"buyer_id": ["buyer-of-secrets", None, "buyer-of-secrets"]}))
    made = frame.select(tokens.token_function(spark, KEY)("buyer_id").alias("token"))
    assert [row["token"] for row in made.collect()] == tokens.tokenise(
        pa.array(["buyer-of-secrets", None, "buyer-of-secrets"]), KEY
    ).to_pylist()
    made.explain(extended=True)
    plan = capsys.readouterr().out
    log = "".join(file.read_text(errors="replace") for file in event_log.rglob("*") if file.is_file())
    assert "to_token(buyer_id" in plan
    assert "SparkListenerSQLExecutionStart" in log
    for text in (plan, log):
        assert KEY.decode() not in text
        assert "buyer-of-secrets" not in text
