"""Columns that tables share, and how a column is declared."""

from __future__ import annotations

from headwater.table import Column

NIGHT = Column("night", "date", "the night", required=True)
TAKEN = Column("night", "date", "the night whose run took the file", required=True)
SAID = Column("taken", "date", "the night whose run took the file that says so last", required=True)
SEQ = Column("intake_seq", "bigint", "number of the file in the order of arrival (-> ops/files)", required=True)
SELLER = Column("seller_id", "string", "the shop", required=True)


def col(name: str, type: str, meaning: str, unit: str = "", required: bool = True) -> Column:
    return Column(name, type, meaning, unit, required)


def opt(name: str, type: str, meaning: str, unit: str = "") -> Column:
    return Column(name, type, meaning, unit)
