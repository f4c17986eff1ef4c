"""What the readers of addresses hand over: parts as found, before fields and aliases are applied."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Mark(NamedTuple):
    """A numbered part of a place: its kind ('tower', 'zone', 'shop') and its number or letter, which belong together."""

    kind: str
    value: str


@dataclass
class Draft:
    """The parts of one address as read from one text; every part is folded, None where nothing was said.

    `city_native`, `street_native` and `name_native` are in Han as written, where they are."""

    country: str | None = None
    region: str | None = None
    city: str | None = None
    city_native: str | None = None
    district: str | None = None
    township: str | None = None
    postcode: str | None = None
    street: str | None = None
    street_native: str | None = None
    street_type: str | None = None
    direction: str | None = None
    number: str | None = None
    name: str | None = None
    name_native: str | None = None
    blocks: list[Mark] = field(default_factory=list)
    doors: list[Mark] = field(default_factory=list)
    floor: str | None = None
    before_postcode: str | None = None
    after_postcode: str | None = None
    cjk: bool = False

    def fill(self, other: Draft) -> None:
        """Takes from a second text of the same address what the first one lacks."""
        if self.city is None:
            self.city, self.city_native = other.city, other.city_native
        if self.name is None and self.name_native is None:
            self.name, self.name_native = other.name, other.name_native
        for name in ("country", "region", "district", "township", "postcode", "floor"):
            if getattr(self, name) is None:
                setattr(self, name, getattr(other, name))
        if self.street is None:
            for name in ("street", "street_native", "street_type", "direction", "cjk"):
                setattr(self, name, getattr(other, name))
        if self.number is None and (self.street == other.street or other.street is None):
            self.number = other.number
        self.blocks = self.blocks or other.blocks
        self.doors = self.doors or other.doors
