"""Text to typed values and the rules a row can break: Column -> Column, nothing throws, nothing is rounded.

Every value is first read as text (`as_text`), then by its type, so that one rule serves CSV and Parquet alike."""

from __future__ import annotations

import re

import pyspark.sql.functions as F
from pyspark.sql import Column

from headwater.feeds import FALSE, TRUE, Field
from headwater.parameters.landing import Feed

# From the year 1000: what stands for "never" in other systems (0001-01-01) is no time, and Python knows no year 0.
TIME = r"^[1-9]\d{3}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?)?( ?(Z|UTC|[+-]\d{2}:?\d{2}))?$"
# A day may be written as its midnight, as tools do that know no days.
DAY = r"^[1-9]\d{3}-\d{2}-\d{2}([T ]00:00(:00(\.0*)?)?( ?(Z|UTC|[+-]00:?00))?)?$"
ZONE = r"( ?(Z|UTC)|[T ]\d{2}:.*[+-]\d{2}:?\d{2})$"
WHOLE = r"^[+-]?\d{1,18}(\.0*)?$"
MONEY = r"^[+-]?(\d{1,16}(\.\d{0,2}0*)?|\.\d{1,2}0*)$"
NUMBER = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$"
# A decimal comma, and what may stand between groups of three digits before it.
GROUPING = ".' \u00a0\u202f"
WITH_COMMA = rf"^[+-]?(\d+|\d{{1,3}}([{GROUPING}]\d{{3}})+),\d+$"
# Blanks of every script, not only the ASCII space; a list, for a regular expression costs ten times as much.
BLANKS = (
    " \t\n\r\v\f\u0085\u00a0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000\ufeff"
)


# From here on the next whole number is none of the type: an id may have been another before it was stored so.
FIRST_INEXACT = {"double": 2**53, "float": 2**24}


def as_text(source: Column, type_name: str) -> Column:
    """The value as the text that a CSV file would hold; a time that knows its zone gets a Z, a whole number no point."""
    if type_name == "timestamp":
        return F.date_format(source, "yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'")
    if type_name == "timestamp_ntz":
        return F.date_format(source, "yyyy-MM-dd'T'HH:mm:ss.SSSSSS")
    if type_name in ("nanoseconds", "nanoseconds_utc"):
        # Divided as integers: as doubles, a time of today would be off by a microsecond.
        time = F.timestamp_micros(F.call_function("div", source, F.lit(1000)))
        return as_text(time, "timestamp" if type_name == "nanoseconds_utc" else "timestamp_ntz")
    if type_name in ("double", "float"):
        # No exponent for the sizes that occur: 1.0E8 is money like 100000000.0; below 1 it would lose digits.
        text = source.cast("string")
        plain = F.when(F.abs(source) >= 1, text.try_cast("decimal(38,10)").cast("string"))
        return _whole(F.when(text.contains("E"), F.coalesce(plain, text)).otherwise(text))
    if type_name.startswith("decimal("):
        return _whole(source.cast("string"))
    if type_name.startswith(("array<", "map<", "struct<")):
        return F.to_json(source)
    if type_name in ("binary", "string"):
        # Bytes that are no UTF-8 become a replacement character: one of them must not end the night.
        return F.make_valid_utf8(source.cast("string"))
    return source.cast("string")


def _whole(text: Column) -> Column:
    """Without places that are all zero: whole numbers become doubles where a tool knows no other that may be missing, and an id in
    such a column is its digits."""
    return F.regexp_replace(text, r"\.0+$", "")


def inexact(source: Column, type_name: str) -> Column:
    """Whether the value is so large, or none, that its digits may not be those that were meant."""
    return F.abs(source) >= F.lit(float(FIRST_INEXACT[type_name]))


def clean_text(text: Column) -> Column:
    """Without blanks around; null if nothing is left."""
    return F.nullif(F.btrim(text, F.lit(BLANKS)), F.lit(""))


def read_value(text: Column, type_name: str, time_zone: str) -> Column:
    """The typed value, null where the text is not one."""
    if type_name == "int":
        return F.when(text.rlike(WHOLE), F.regexp_replace(text, r"\..*$", "").try_cast("bigint"))
    if type_name == "decimal":
        return F.when(text.rlike(MONEY), text.try_cast("decimal(18,2)"))
    if type_name == "number":
        return F.when(text.rlike(NUMBER), text.try_cast("double"))
    if type_name == "timestamp":
        # Java leaves out seconds that are zero; Spark then cannot read a zone.
        minutes = (F.length(text) > 16) & (F.substring(text, 17, 1) != ":")
        full = F.when(minutes, F.overlay(text, F.lit(":00"), 17, 0)).otherwise(text)
        time = F.when(text.rlike(TIME), full.try_cast("timestamp"))
        if time_zone == "UTC":
            return time
        return F.when(text.rlike(ZONE), time).otherwise(F.to_utc_timestamp(time, time_zone))
    if type_name == "bool":
        lower = F.lower(text)
        return F.when(lower.isin(*TRUE), F.lit(True)).when(lower.isin(*FALSE), F.lit(False))
    if type_name == "date":
        return F.when(text.rlike(DAY), F.substring(text, 1, 10).try_cast("date"))
    if type_name == "list":
        # An array arrives as the JSON that as_text makes of it; a CSV file may hold either.
        array = text.startswith("[")
        parts = F.when(array, F.from_json(text, "array<string>")).otherwise(F.split(text, ";"))
        return F.array_compact(F.transform(parts, clean_text))
    return text


def as_written_here(text: Column, type_name: str, mapping: Feed) -> Column:
    """The text of a number with a decimal comma, or of a time in one of the configured patterns, as `read_value` reads it; any other
    text as it is."""
    if type_name in ("decimal", "number") and mapping.decimal_mark == ",":
        plain = F.translate(text, f",{GROUPING}", ".")
        return F.when(text.rlike(WITH_COMMA), plain).otherwise(text)
    if type_name in ("timestamp", "date"):
        times = [
            F.date_format(F.try_to_timestamp(text, F.lit(pattern)), "yyyy-MM-dd'T'HH:mm:ss.SSSSSS" + _zone_of(pattern))
            for pattern in mapping.time_formats
        ]
        return F.coalesce(*times, text)
    return text


def _zone_of(pattern: str) -> str:
    """'Z' where a time read by the pattern knows its zone, and so is an instant."""
    return "'Z'" if re.search("[VzOXxZ]", re.sub("'[^']*'", "", pattern)) else ""


def field_text(field: Field, mapping: Feed, source: Column | None) -> Column:
    """The text of a field: as in the file, mapped by the configuration, with the configured and then the contract's default."""
    text = clean_text(source) if source is not None else F.lit(None).cast("string")
    values = mapping.values.get(field.name, {})
    if values:
        known = F.create_map(*[F.lit(part) for pair in sorted(values.items()) for part in pair])
        text = F.coalesce(F.try_element_at(known, text), text)
    text = as_written_here(text, field.type, mapping)
    default = mapping.defaults.get(field.name, field.default)
    if default is not None:
        text = F.coalesce(text, F.lit(default))
    return F.lower(text) if field.allowed else text


def field_value(field: Field, text: Column, time_zone: str) -> Column:
    value = read_value(text, field.type, time_zone)
    return F.upper(value) if field.name in ("currency", "country") else value


def field_rules(field: Field, text: Column, value: Column) -> list[Column]:
    """One column a rule: its name where the field breaks it, else null."""
    rules = []
    if field.required:
        rules.append(F.when(text.isNull(), F.lit(f"missing_{field.name}")))
    if field.type != "text":
        rules.append(F.when(text.isNotNull() & value.isNull(), F.lit(f"bad_{field.name}")))
    if field.allowed:
        rules.append(F.when(text.isNotNull() & ~text.isin(*field.allowed), F.lit(f"unknown_{field.name}")))
    beyond = []
    if field.low is not None:
        beyond.append(value <= field.low if field.open_low else value < field.low)
    if field.high is not None:
        beyond.append(value >= field.high if field.open_high else value > field.high)
    if beyond:
        either = beyond[0] if len(beyond) == 1 else beyond[0] | beyond[1]
        rules.append(F.when(either, F.lit(f"range_{field.name}")))
    return rules
