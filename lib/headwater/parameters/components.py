"""How much of a graph goes through one process."""

from __future__ import annotations

from pydantic import Field

from headwater.parameters.section import Section


class Graph(Section):
    driver_edges: int = Field(
        20_000_000,
        ge=0,
        description="edges; up to so many, components are found and sources fitted on the driver, where one process needs no shuffle, "
        "above it on the executors, graphs contracted until so many are left; 0: never on the driver",
    )
    task_edges: int = Field(
        2_000_000,
        ge=2,
        description="edges that one Python task holds at a time while a graph is contracted, or one task of a sweep; bounds its memory",
    )
