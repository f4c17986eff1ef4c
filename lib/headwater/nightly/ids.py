"""A stage's groups -> their stable ids: the previous night's registry is read, tonight's is written with its events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from headwater.registry.carry import Known, carry
from headwater.registry.kinds import Kind
from headwater.store import PublishedReader
from headwater.tables.ops import IDENTITIES, REGISTRY
from headwater.tables.published import CHANGES

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from headwater.nightly.run import Run


def carry_ids(run: Run, kind: Kind, groups: pd.DataFrame) -> pd.DataFrame:
    """GROUPS (group, member string, weight bigint; one row a member) -> (member, id).

    Writes the kind's rows of REGISTRY, IDENTITIES and CHANGES for the night; what other kinds wrote stays. A stage calls it once
    a kind and night. `headwater.registry.carry` says what a member and a weight should be and what the ids hold."""
    done = carry(kind, groups[["group", "member", "weight"]], _known(run, kind), run.night)
    for table, rows, column in (
        (REGISTRY, done.known.members, "kind"),
        (IDENTITIES, done.known.identities, "kind"),
        (CHANGES, done.events, "subject_kind"),
    ):
        run.wrote(run.lake.put(table, rows, run.night, part=(column, kind.name)))
    tonight = done.known.members["last_night"] == run.night
    return done.known.members.loc[tonight, ["member", "id"]]


def ids_of(run: Run, kind: Kind, groups: DataFrame) -> DataFrame:
    """`carry_ids` for frames: their rows come to the driver."""
    carried = carry_ids(run, kind, groups.select("group", "member", "weight").toPandas())
    rows: DataFrame = run.lake.spark.createDataFrame(carried, "member string, id string")
    return rows


def _known(run: Run, kind: Kind) -> Known:
    """What the latest published night before this one knew of the kind; nothing before the kind's first night."""
    if run.previous is None:
        return Known.nothing()
    published = PublishedReader(run.lake.root)
    members, identities = (
        published.read(table, run.previous, kind=[kind.name]).to_pandas() for table in (REGISTRY, IDENTITIES)
    )
    return Known(members, identities)
