"""Text to typed values and the rules a row can break: Column -> Column, nothing throws, nothing is rounded.

Every value is first read as text (`as_text`), then by its type, so that one rule serves CSV and Parquet alike."""

from __future__ import annotations

import pyspark.sql.functions as F
from pyspark.sql import Column

from headwater.config import Feed
from headwater.feeds import Field

TIME = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?)?( ?(Z|UTC|[+-]\d{2}:?\d{2}))?$"
ZONE = r"( ?(Z|UTC)|[T ]\d{2}:.*[+-]\d{2}:?\d{2})$"
WHOLE = r"^[+-]?\d{1,18}(\.0*)?$"
MONEY = r"^[+-]?\d{1,16}(\.\d{0,2}0*)?$"
NUMBER = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$"
TRUE, FALSE = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")
# Blanks of every script, not only the ASCII space.
BLANK = r"^[\s\p{Z}\x{FEFF}]+|[\s\p{Z}\x{FEFF}]+$"


def as_text(source: Column, type_name: str) -> Column:
    """The value as the text that a CSV file would hold; a time that knows its zone gets a Z."""
    if type_name == "timestamp":
        return F.date_format(source, "yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'")
    if type_name == "timestamp_ntz":
        return F.date_format(source, "yyyy-MM-dd'T'HH:mm:ss.SSSSSS")
    if type_name == "nanoseconds_utc":
        return as_text(F.timestamp_micros(F.floor(source / 1000).cast("bigint")), "timestamp")
    if type_name == "nanoseconds":
        return as_text(F.timestamp_micros(F.floor(source / 1000).cast("bigint")), "timestamp_ntz")
    if type_name in ("double", "float"):
        # No exponent for the sizes that occur: 1.0E8 is money like 100000000.0.
        text = source.cast("string")
        return F.when(text.contains("E"), F.coalesce(text.try_cast("decimal(38,6)").cast("string"), text)).otherwise(
            text
        )
    if type_name == "binary":
        return F.decode(source, "UTF-8")
    return source.cast("string")


def clean_text(text: Column) -> Column:
    """Without blanks around; null if nothing is left."""
    return F.nullif(F.regexp_replace(text, BLANK, ""), F.lit(""))


def read_value(text: Column, type_name: str, time_zone: str) -> Column:
    """The typed value, null where the text is not one."""
    if type_name == "int":
        return F.when(text.rlike(WHOLE), F.regexp_replace(text, r"\..*$", "").try_cast("bigint"))
    if type_name == "decimal":
        return F.when(text.rlike(MONEY), text.try_cast("decimal(18,2)"))
    if type_name == "number":
        return F.when(text.rlike(NUMBER), text.try_cast("double"))
    if type_name == "timestamp":
        time = F.when(text.rlike(TIME), text.try_cast("timestamp"))
        if time_zone == "UTC":
            return time
        return F.when(text.rlike(ZONE), time).otherwise(F.to_utc_timestamp(time, time_zone))
    if type_name == "bool":
        lower = F.lower(text)
        return F.when(lower.isin(*TRUE), F.lit(True)).when(lower.isin(*FALSE), F.lit(False))
    return text


def field_text(field: Field, mapping: Feed, source: Column | None) -> Column:
    """The text of a field: as in the file, mapped by the configuration, with the configured and then the contract's default."""
    text = clean_text(source) if source is not None else F.lit(None).cast("string")
    values = mapping.values.get(field.name, {})
    if values:
        known = F.create_map(*[F.lit(part) for pair in sorted(values.items()) for part in pair])
        text = F.coalesce(F.try_element_at(known, text), text)
    if field.allowed:
        text = F.lower(text)
    default = mapping.defaults.get(field.name, field.default)
    return text if default is None else F.coalesce(text, F.lit(default))


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
        beyond.append(value > field.high)
    if beyond:
        either = beyond[0] if len(beyond) == 1 else beyond[0] | beyond[1]
        rules.append(F.when(either, F.lit(f"range_{field.name}")))
    return rules
