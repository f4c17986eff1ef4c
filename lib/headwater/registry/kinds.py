"""The kinds of thing that have a stable id, and the words that their events use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A kind of group: its name (`subject_kind`), the letter its ids begin with, and what its members are called."""

    name: str
    letter: str
    member: str
    members: str

    def count(self, n: int) -> str:
        """A number of members in words."""
        return f"{n:,} {self.member if n == 1 else self.members}"


PLACE = Kind("place", "P", "address", "addresses")
SUPPLIER = Kind("supplier", "U", "supplier id", "supplier ids")
OPERATOR = Kind("operator", "O", "shop", "shops")
CASE = Kind("case", "C", "source", "sources")
