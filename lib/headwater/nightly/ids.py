"""A stage's groups -> their stable ids: the previous night's registry is read, tonight's is written with its events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pyspark.sql.functions as F
from pyspark.sql import DataFrame

from headwater.registry.carry import Known, carry
from headwater.registry.kinds import Kind
from headwater.tables.ops import IDENTITIES, REGISTRY
from headwater.tables.published import CHANGES

if TYPE_CHECKING:
    from headwater.nightly.run import Run
    from headwater.table import Table


def carry_ids(run: Run, kind: Kind, groups: DataFrame) -> DataFrame:
    """GROUPS (group, member string, weight bigint; one row a member) -> (member, id), by way of the driver.

    Writes the kind's rows of REGISTRY, IDENTITIES and CHANGES for the night; what other kinds wrote stays. A stage calls it once
    a kind and night. `headwater.registry.carry` says what a member and a weight should be and what the ids hold."""
    done = carry(kind, groups.select("group", "member", "weight").toPandas(), _known(run, kind), run.night)
    _write(run, REGISTRY, done.known.members, "kind", kind)
    _write(run, IDENTITIES, done.known.identities, "kind", kind)
    _write(run, CHANGES, done.events, "subject_kind", kind)
    tonight = run.lake.read(REGISTRY, run.night).where(
        (F.col("kind") == kind.name) & (F.col("last_night") == F.col("night"))
    )
    return tonight.select("member", "id")


def _known(run: Run, kind: Kind) -> Known:
    """What the latest published night before this one knew of the kind; nothing before the kind's first night."""
    if run.previous is None:
        return Known.nothing()
    members, identities = (
        run.lake.published(table, run.previous).where(F.col("kind") == kind.name).toPandas()
        for table in (REGISTRY, IDENTITIES)
    )
    return Known(members, identities)


def _write(run: Run, table: Table, rows: pd.DataFrame, column: str, kind: Kind) -> None:
    """The kind's rows of the night, the file as small as it is: they come from one process."""
    frame = run.lake.spark.createDataFrame(rows.astype(object), table.schema()).coalesce(1)
    run.wrote(run.lake.write(table, frame, run.night, part=(column, kind.name)))
