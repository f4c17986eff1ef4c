"""Keyed tokens in place of buyers: a buyer's id never stands in the lake, the logs or a plan.

token = hex of BLAKE2b(id, keyed, 128 bits): the same buyer gets the same token as long as the key lives, and without the
key nobody can test a guess. The key travels to the workers as a Spark broadcast, never inside an expression."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from headwater.config import Config
from headwater.errors import ConfigurationError

KEY_VARIABLE = "HEADWATER_TOKEN_KEY"
SHORTEST_KEY = 16
TOKEN_BYTES = 16


def load_key(config: Config) -> bytes:
    """The key from the environment, else from `tokens.key_file`; at least 16 bytes."""
    key = os.environ.get(KEY_VARIABLE, "").encode().strip()
    where = KEY_VARIABLE
    if not key and config.tokens.key_file:
        where = config.tokens.key_file
        try:
            key = Path(where).read_bytes().strip()
        except OSError as error:
            raise ConfigurationError(
                f"tokens.key_file {where}: {error.strerror}; make one with `headwater key`"
            ) from error
    if not key:
        raise ConfigurationError(
            f"no token key: set {KEY_VARIABLE}, or tokens.key_file to a file made by `headwater key`"
        )
    if len(key) < SHORTEST_KEY:
        raise ConfigurationError(f"the token key in {where} is shorter than {SHORTEST_KEY} bytes; use `headwater key`")
    return key


def make_key(file: Path) -> bool:
    """Write a new random key to `file`, readable by its owner alone; False if the file was there already."""
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(secrets.token_hex(32) + "\n")
    return True


def tokenise(ids: pa.Array, key: bytes) -> pa.Array:
    """One token an id (null stays null); each distinct id of the batch is hashed once."""
    encoded = ids.cast(pa.string()).dictionary_encode()
    keyed = hashlib.blake2b(key=hashlib.sha256(key).digest(), digest_size=TOKEN_BYTES)

    def token(text: str) -> str:
        state = keyed.copy()
        state.update(text.encode())
        return state.hexdigest()

    tokens = pa.array([token(text) for text in encoded.dictionary.to_pylist()], pa.string())
    return tokens.take(encoded.indices)


def token_function(spark: Any, key: bytes) -> Callable[[Any], Any]:
    """A function Column -> Column that replaces ids by tokens; the plan holds the broadcast's number, not the key."""
    import pyspark.sql.functions as F

    shared = spark.sparkContext.broadcast(key)

    def to_token(ids: pa.Array) -> pa.Array:
        return tokenise(ids, shared.value)

    function: Callable[[Any], Any] = F.arrow_udf(to_token, "string")  # type: ignore[attr-defined]
    return function
