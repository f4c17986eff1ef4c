"""What the readers of addresses hand over: parts as found, before fields and aliases are applied."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Draft:
    """The parts of one address as read from one text; every part is folded, None where nothing was said."""

    country: str | None = None
    region: str | None = None
    city: str | None = None
    postcode: str | None = None
    street: str | None = None
    street_type: str | None = None
    direction: str | None = None
    number: str | None = None
    named_building: str | None = None
    buildings: list[str] = field(default_factory=list)
    units: list[str] = field(default_factory=list)
    floor: str | None = None
    before_postcode: str | None = None
    cjk: bool = False

    def fill(self, other: Draft) -> None:
        """Takes from a second text of the same address what the first one lacks."""
        for name in ("country", "region", "city", "postcode", "floor", "named_building"):
            if getattr(self, name) is None:
                setattr(self, name, getattr(other, name))
        if self.street is None:
            self.street, self.street_type, self.direction = other.street, other.street_type, other.direction
            self.cjk = other.cjk
        if self.number is None and (self.street == other.street or other.street is None):
            self.number = other.number
        self.buildings = self.buildings or other.buildings
        self.units = self.units or other.units
