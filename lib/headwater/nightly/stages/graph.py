"""Who is behind the shops: addresses as written -> places, supplier ids -> companies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwater.nightly.stages.resolution import resolution

if TYPE_CHECKING:
    from headwater.nightly.run import Run


def graph(run: Run) -> None:
    """The dimension feeds -> PLACES, SUPPLIERS, VALUES_REFUSED."""
    addresses, values = resolution(run)
    for frame in (addresses, values):
        frame.unpersist()
