"""What a table is: declared once, conformed to at the end of each stage, documented from the declaration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwater.errors import CheckFailedError, listed

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import StructType


@dataclass(frozen=True)
class Column:
    """One column: `type` in Spark's DDL; `required` columns are never null; `unit` where a number has one."""

    name: str
    type: str
    meaning: str
    unit: str = ""
    required: bool = False


@dataclass(frozen=True)
class Table:
    """One Delta table of the lake. `grain` says what a row is; `partitions` are its folders, the night or day first."""

    layer: str
    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    partitions: tuple[str, ...] = ("night",)
    may_be_empty: bool = False

    def __post_init__(self) -> None:
        names = [c.name for c in self.columns]
        wrong = [n for n in (*self.key, *self.partitions) if n not in names] + [n for n in names if names.count(n) > 1]
        if wrong:
            raise ValueError(f"{self.full_name}: undeclared or repeated columns {wrong}")

    @property
    def full_name(self) -> str:
        return f"{self.layer}/{self.name}"

    @property
    def column_names(self) -> list[str]:
        return [c.name for c in self.columns]

    @property
    def ddl(self) -> str:
        return ", ".join(f"`{c.name}` {c.type}" for c in self.columns)

    def schema(self) -> StructType:
        from pyspark.sql.types import StructType

        schema = StructType.fromDDL(self.ddl)
        assert isinstance(schema, StructType)
        return schema

    def conform(self, frame: DataFrame) -> DataFrame:
        """The declared columns in their order; every missing column and wrong type is reported at once."""
        have = {f.name: f.dataType for f in frame.schema.fields}
        names = frame.columns
        faults = [f"column {c.name} is missing" for c in self.columns if c.name not in have]
        faults += [f"column {c.name} stands twice" for c in self.columns if names.count(c.name) > 1]
        faults += [
            f"column {f.name} is {have[f.name].simpleString()}, declared {f.dataType.simpleString()}"
            for f in self.schema().fields
            if f.name in have and have[f.name].simpleString() != f.dataType.simpleString()
        ]
        if faults:
            raise CheckFailedError(f"{self.full_name} does not fit its declaration:\n" + listed(faults))
        return frame.select(*self.column_names)
