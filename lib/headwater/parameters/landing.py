"""How feeds are read, what money is worth, what a complaint counts."""

from __future__ import annotations

import re
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from headwater.parameters.section import Section


class Intake(Section):
    multi_line: bool = Field(
        True,
        description="switch; newlines inside quotes. Such a CSV file is read by one task: turn off for huge plain ones",
    )
    cache_below_mb: int = Field(
        512,
        ge=0,
        description="MB of files; a feed smaller than this is parsed once and kept, a larger one is scanned again",
    )
    sample_rows: int = Field(10_000, ge=1, description="rows of each group of like files that `validate` reads")
    one_task_mb: int = Field(
        256, ge=0, description="MB; `validate` names each larger file that cannot be cut and so is read by one task"
    )


class Money(Section):
    reporting_currency: str = Field("USD", pattern="^[A-Z]{3}$", description="ISO 4217; the currency of all sums")
    rates: dict[str, float] = Field(
        default_factory=dict,
        description="reporting currency per unit, by currency, where the feed `rates` has none on or before the order's "
        "day; an amount without a rate stays out of sums and is counted",
    )

    @field_validator("rates")
    @classmethod
    def rates_are_positive(cls, rates: dict[str, float]) -> dict[str, float]:
        wrong = [c for c, r in rates.items() if not r > 0 or len(c) != 3 or not c.isupper()]
        if wrong:
            raise ValueError(f"a rate is above 0 and its currency three capitals; wrong: {', '.join(sorted(wrong))}")
        return rates


class Hygiene(Section):
    """What a complaint counts (docs/model.md, step 0)."""

    counterfeit_reasons: list[str] = Field(
        default_factory=lambda: ["counterfeit"],
        min_length=1,
        description="reason codes that say counterfeit by themselves",
    )
    text_reasons: list[str] = Field(
        default_factory=lambda: ["not_as_described", "other"],
        description="reason codes whose text decides by the lexicon (a missing code counts as other)",
    )
    lexicon: str = Field("", description="path; TOML with the phrases that say counterfeit; empty: the one shipped")
    per_complainant_day: int = Field(
        3, ge=1, description="complaints; the most that one complainant adds in one day (the first by complaint_id)"
    )
    full_weight_total: int = Field(
        2, ge=1, description="complaints in the window up to which each of a complainant's weighs 1"
    )
    falling_power: float = Field(
        2.0, ge=0, le=10, description="weight beyond that: (full_weight_total / total) ^ power; 0: everybody weighs 1"
    )


class Feed(Section):
    """How one feed's files map to the contract."""

    path: str = Field("", description="address; empty: <paths.landing>/<feed>")
    rename: dict[str, str] = Field(default_factory=dict, description="contract column = column in the file")
    values: dict[str, dict[str, str]] = Field(
        default_factory=dict, description="contract column = {value in the file = value of the contract}"
    )
    defaults: dict[str, str] = Field(
        default_factory=dict, description="contract column = value where the file has none"
    )
    time_zone: str = Field("UTC", description="IANA name; zone of the times that carry none")
    time_formats: list[str] = Field(
        default_factory=list,
        description='Spark datetime patterns, tried in order, of times and days that are not ISO 8601: ["dd.MM.yyyy HH:mm"]',
    )
    decimal_mark: Literal[".", ","] = Field(
        ".", description='"," reads 1.234,56 and 1234,56; a number without a comma is read as with "."'
    )
    delimiter: str = Field(",", min_length=1, max_length=1, description="CSV field separator")
    encoding: str = Field("UTF-8", description="CSV character encoding")

    @field_validator("time_zone")
    @classmethod
    def zone_exists(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"no time zone is called {name!r}") from error
        return name

    @field_validator("time_formats")
    @classmethod
    def formats_tell_a_day(cls, formats: list[str]) -> list[str]:
        for pattern in formats:
            letters = set(re.sub("[^A-Za-z]", "", re.sub("'[^']*'", "", pattern)))
            if not letters <= set("yMLdHhKkmsSaVzOXxZ") or not all(letters & set(one) for one in ("y", "ML", "d")):
                raise ValueError(
                    f"{pattern!r} is no pattern with year (y), month (M) and day (d), as in dd.MM.yyyy HH:mm"
                )
        return formats
