"""How long clean/orders keeps an order, and which nights can still be run again because of it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from headwater.errors import CheckFailedError
from headwater.parameters.run import Night
from headwater.tables.clean import CLEAN_ORDERS

if TYPE_CHECKING:
    from headwater.nightly.run import Run


def check_kept(night: date, newest: date | None, params: Night) -> None:
    """Raise CheckFailedError if a night is so old that orders which it would search are no longer kept."""
    oldest = (newest or night) - timedelta(days=params.keep_orders_days - params.lookup_days)
    if night < oldest:
        raise CheckFailedError(
            f"night {night} cannot be run again: after night {newest} clean/orders keeps {params.keep_orders_days} days "
            f"(night.keep_orders_days), and this night would search {params.lookup_days} more; the oldest that can is {oldest}"
        )


def forget_orders(run: Run, newest: date | None, first: date | None) -> None:
    """After the newest night: drop the orders, taken and ordered, of days before those that are kept. `first`: the oldest night.

    The ledger of exposure holds what they counted, and no window, look-up or refund reaches back so far."""
    kept_from = run.night - timedelta(days=run.config.night.keep_orders_days)
    if first is not None and first < kept_from and (newest is None or newest <= run.night):
        run.lake.forget(CLEAN_ORDERS, kept_from)
