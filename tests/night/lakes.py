"""What the tests of nights share: a night at another lake, and nobody who listens."""

from pathlib import Path

from headwater.config import Config
from headwater.store import Written


def elsewhere(config: Config, lake: Path) -> Config:
    """The same configuration with another lake."""
    return config.model_copy(update={"paths": config.paths.model_copy(update={"lake": str(lake)})})


def quiet(_written: Written) -> None:
    """Nobody listens."""
