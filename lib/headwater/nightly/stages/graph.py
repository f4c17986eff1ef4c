"""Who is behind the shops: addresses as written -> places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwater.exposure.orders import latest
from headwater.places.identity import address_values, values_refused
from headwater.places.places import places
from headwater.places.rules import load_rules
from headwater.tables.clean import CLEAN_ADDRESSES
from headwater.tables.model import PLACES, VALUES_REFUSED

if TYPE_CHECKING:
    from headwater.nightly.run import Run


def graph(run: Run) -> None:
    """CLEAN_ADDRESSES -> PLACES, VALUES_REFUSED."""
    rules, params = load_rules(), run.config.places
    addresses = latest(run.up_to_now(CLEAN_ADDRESSES), "address_id").persist()
    run.write(PLACES, places(addresses, run.night, addresses.count(), rules, params))
    values = address_values(addresses, rules, params)
    run.write(VALUES_REFUSED, values_refused(values, run.night))
    addresses.unpersist()
