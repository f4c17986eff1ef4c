"""ADDRESSES -> PLACES by one normalised text key: the same letters and digits are the same place, nothing else is."""

from __future__ import annotations

from datetime import date

import pyspark.sql.functions as F
from pyspark.sql import Column, DataFrame

from headwater.tables import PLACES

PARTS = ("text", "street", "city", "region", "postcode", "country")
WHOLE_AREA = ("city", "region", "postcode", "country")


def _words(text: Column) -> Column:
    """Letters and digits in lower case, one space between words."""
    return F.trim(F.regexp_replace(F.lower(F.coalesce(text, F.lit(""))), r"[^\p{L}\p{N}]+", " "))


def places(addresses: DataFrame, night: date) -> DataFrame:
    """ADDRESSES -> PLACES: one row an address.

    The key is the address's words in order. An address is at street level when, without its city, region, postcode and country,
    letters and a number remain; any other is an area, which is never a source: many unrelated people live in a postcode."""
    rows = addresses.select(
        "*",
        F.concat_ws(" ", *[_words(F.col(p)) for p in PARTS]).alias("_all"),
        _words(F.col("street")).alias("_street"),
    )
    rest = F.concat(F.lit(" "), _words(F.concat_ws(" ", "text", "street")), F.lit(" "))
    for part in WHOLE_AREA:
        word = _words(F.col(part))
        rest = F.when(word != "", F.replace(rest, F.concat(F.lit(" "), word, F.lit(" ")), F.lit(" "))).otherwise(rest)
    street_level = rest.rlike(r"\p{L}{2}") & rest.rlike(r"\p{N}")
    key = F.trim(F.regexp_replace("_all", r" +", " "))
    return PLACES.conform(
        rows.select(
            F.lit(night).alias("night"),
            "address_id",
            F.concat(F.lit("P"), F.substring(F.sha2(key, 256), 1, 16)).alias("place_id"),
            "seller_id",
            "role",
            F.when(street_level, F.lit("street")).otherwise(F.lit("area")).alias("level"),
            F.nullif(F.coalesce("text", F.concat_ws(", ", *PARTS[1:])), F.lit("")).alias("name"),
            "city",
            "country",
        )
    )
