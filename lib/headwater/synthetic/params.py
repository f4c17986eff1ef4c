"""All dials of the planted marketplace in one frozen model, and what must hold between them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Self

from pydantic import model_validator

from headwater.synthetic.dials import Dials, People, Supply, Traps, Volume
from headwater.synthetic.presets import PRESETS
from headwater.synthetic.troubles import Grievances, Guilt, Later, Writing

SECTIONS: tuple[type[Dials], ...] = (Volume, People, Traps, Supply, Guilt, Grievances, Writing, Later)


class MarketplaceParams(Later, Writing, Grievances, Guilt, Supply, Traps, People, Volume):
    """What is planted, how it is hidden, and how it is written. The defaults are the demo: a look, not a benchmark."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.guilty >= self.suppliers:
            raise ValueError("guilty must be below suppliers: the honest ones are what they hide among")
        if self.nights > self.days:
            raise ValueError("nights must not exceed days: every night brings at least one day")
        if self.direct + self.third_party > 1:
            raise ValueError("direct + third_party must not exceed 1: the rest is sent from the shop's home")
        if self.messy_addresses + self.misspelt > 1:
            raise ValueError("messy_addresses + misspelt must not exceed 1: the rest is written in fields")
        if self.shops < 20 or self.suppliers < 20:
            raise ValueError("shops and suppliers must be at least 20 each: every category needs a supplier")
        return self

    @property
    def first_day(self) -> date:
        """The first UTC day of orders."""
        return self.night - timedelta(days=self.days - 1)

    @property
    def epoch_day(self) -> int:
        """Days from 1970-01-01 to the first day, so that day numbers turn into timestamps."""
        return (self.first_day - date(1970, 1, 1)).days

    def night_of(self, index: int) -> date:
        """The date of the night with this index, 0 being the first."""
        return self.night - timedelta(days=self.nights - 1 - index)

    def day_of(self, day: int) -> str:
        """ISO date of a day number of the window."""
        return (datetime.combine(self.first_day, datetime.min.time()) + timedelta(days=day)).date().isoformat()

    @classmethod
    def preset(cls, name: str, **overrides: Any) -> MarketplaceParams:
        """A named difficulty (headwater.synthetic.presets) with any dial overridden.

        Raises KeyError for an unknown name and pydantic's ValidationError for a bad value.
        """
        return cls(**{**PRESETS[name].dials, **overrides})
