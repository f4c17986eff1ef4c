"""What people found out, and who is behind the shops: addresses -> places, supplier ids -> companies, shared values -> operators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwater.nightly.stages.operators import operators
from headwater.nightly.stages.resolution import resolution
from headwater.nightly.verdicts import collect_verdicts

if TYPE_CHECKING:
    from headwater.nightly.run import Run


def graph(run: Run) -> None:
    """The dimension feeds -> VERDICTS, VERDICT_CONFLICTS, PLACES, SUPPLIERS, VALUES_REFUSED; with orders -> LINKS, HUBS, MEMBERS,
    OPERATORS_FOUND."""
    collect_verdicts(run)
    addresses, values, reviewed = resolution(run)
    operators(run, addresses, values, reviewed)
    for frame in (addresses, values, reviewed):
        frame.unpersist()
