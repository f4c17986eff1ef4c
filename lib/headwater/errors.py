"""The few kinds of error, each with the exit code of the command line. A message says what, where and what to do."""

from __future__ import annotations

from collections.abc import Iterable


class HeadwaterError(Exception):
    """Base of every error that a user can repair; the command line prints it without a traceback."""

    exit_code = 1


class ConfigurationError(HeadwaterError):
    """The configuration or the command's words are wrong; found before Spark starts."""

    exit_code = 2


class InputRefusedError(HeadwaterError):
    """A feed is missing, or its files do not have the columns or the form that the contract asks for."""

    exit_code = 3


class CheckFailedError(HeadwaterError):
    """An invariant does not hold, or the publish gate said no; nothing was published."""

    exit_code = 4


class LockedError(HeadwaterError):
    """Another run holds the lake."""

    exit_code = 5


class StorageError(HeadwaterError):
    """A table cannot be read or written."""

    exit_code = 1


def listed(faults: Iterable[str]) -> str:
    """Several faults as one message, a line each, so that all can be repaired in one go."""
    return "\n".join(f"  - {fault}" for fault in faults)
