"""Complaints about the lines of one chunk: genuine, mistaken, malicious or about something else, with their delay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from headwater.synthetic.columns import DAY_SECONDS, Bools, Floats, Ints, id_pool, ids, joined, taken, times, where
from headwater.synthetic.listings import Listings
from headwater.synthetic.orders import OrderLines
from headwater.synthetic.rates import complaint_rates
from headwater.synthetic.texts import ABROAD, ENGLISH, LANGUAGES, REASONS, complaint_texts
from headwater.synthetic.vocabulary import BRANDS, DESTINATIONS
from headwater.synthetic.world import STREAM_COMPLAINTS, World, stream

KINDS = ["genuine", "mistaken", "malicious", "other"]
GENUINE, MISTAKEN, MALICIOUS, OTHER = range(4)
COUNTERFEIT = REASONS.index("counterfeit")
STATUSES = ["open", "upheld", "rejected", "withdrawn"]
COMPLAINANTS = ["buyer", "brand", "authority"]
_LANGUAGE = np.array([LANGUAGES.index(language) for _, _, language in DESTINATIONS])


@dataclass(frozen=True)
class Complaints:
    """One row a complaint; `at` is its line's position within the chunk, `copy` 1 for the same buyer's second one."""

    at: Ints
    copy: Ints
    kind: Ints
    reason: Ints
    filed: Ints  # seconds since 1970
    orphan: Bools  # names an order that is not there


def make_complaints(world: World, listings: Listings, lines: OrderLines) -> Complaints:
    """The complaints about these lines that were filed before the end of the window.

    Counterfeit complaints are Bernoulli at `fake_rate` for fakes and at the category's base rate for genuine goods;
    the delay is gamma of shape 2, so of the last days' complaints most are still to come.
    """
    params = world.params
    rng = stream(params, STREAM_COMPLAINTS, int(lines.row[0]))
    size = len(lines.row)
    lot, rate = rng.random(size), complaint_rates(params, listings, lines.listing, lines.day)
    kind = np.select(
        [lines.attack, (lot < rate) & listings.fake[lines.listing], lot < rate, lot < rate + params.other_rate],
        [MALICIOUS, GENUINE, MISTAKEN, OTHER],
        -1,
    )
    at = np.flatnonzero(kind >= 0)
    copies = 1 + (rng.random(len(at)) < params.repeated)
    copy = np.arange(int(copies.sum())) - np.repeat(np.cumsum(copies) - copies, copies)
    at = np.repeat(at, copies)
    kind = kind[at]
    mean = np.where(kind == MALICIOUS, 2.0, params.delay_days)
    wait = rng.gamma(2.0, size=len(at)) * mean / 2 + copy * rng.uniform(0.1, 3, len(at))
    filed = lines.seconds[at] + (wait * DAY_SECONDS).astype(np.int64) + 60
    # Some who hold a fake call it something else; who complains of something else rarely means a fake.
    reason = np.where(kind == OTHER, rng.choice(len(REASONS), len(at), p=[0, 0.35, 0.25, 0.3, 0.1]), COUNTERFEIT)
    unsure = (kind == GENUINE) & (rng.random(len(at)) < 0.12)
    reason = np.where(unsure, REASONS.index("not_as_described"), reason)
    orphan = rng.random(len(at)) < params.orphans
    kept = filed < (params.epoch_day + params.days) * DAY_SECONDS
    return Complaints(*(column[kept] for column in (at, copy, kind, reason, filed, orphan)))


def complaint_ids(lines: OrderLines, complaints: Complaints) -> pa.Array:
    """Ids made of the line's row, so that they need no counter over chunks."""
    return ids("C", lines.row[complaints.at] * 2 + complaints.copy, 11)


def complaint_table(world: World, listings: Listings, lines: OrderLines, complaints: Complaints) -> pa.Table:
    """The complaints feed, one row a complaint, in the language of the destination or, now and then, of the complainant."""
    params, at, kind = world.params, complaints.at, complaints.kind
    rng = stream(params, STREAM_COMPLAINTS, int(lines.row[0]), 1)
    size, listing = len(at), lines.listing[at]
    text_only = rng.random(size) < params.text_only
    language = _languages(rng.random(size), lines.destination[at])
    order = np.where(complaints.orphan, 9_000_000_000 + lines.row[at], lines.head[at])
    who, complainant = _complainants(rng, listings.brand[listing], lines.buyer[at], kind)
    return pa.table(
        {
            "complaint_id": complaint_ids(lines, complaints),
            "order_id": ids("O", order, 10),
            "line_no": pa.array(lines.line[at], pa.int32(), mask=rng.random(size) < 0.3),
            "ordered_at": times(lines.seconds[at], rng.random(size) < 0.3),
            "seller_id": ids("S", listings.shop[listing], 6, rng.random(size) < 0.3),
            "complainant_id": complainant,
            "complainant_kind": taken(COMPLAINANTS, who, (who == 0) & (rng.random(size) < 0.5)),
            "reason_code": taken(REASONS, complaints.reason, text_only),
            "text": _texts(rng, complaints.reason, language, ~text_only & (rng.random(size) < 0.2)),
            "filed_at": times(complaints.filed),
            "status": taken(STATUSES, _status(rng, kind), rng.random(size) < params.missing),
        }
    )


def _languages(lot: Floats, destination: Ints) -> Ints:
    """The language of the destination, but for a tenth: half of those write English, half a language from abroad."""
    abroad = ABROAD + (lot * 20 * (len(LANGUAGES) - ABROAD)).astype(int)
    return np.select([lot < 0.05, lot < 0.1], [abroad, ENGLISH], _LANGUAGE[destination])


def _complainants(rng: np.random.Generator, brand: Ints, buyer: Ints, kind: Ints) -> tuple[Ints, pa.Array]:
    """Who complains: mostly the buyer; of fakes also the brand's owner, rarely an authority."""
    lot = rng.random(len(kind))
    genuine = (kind == GENUINE) & (brand >= 0)
    who = np.select([genuine & (lot < 0.05), genuine & (lot < 0.06)], [1, 2], 0)
    owner = joined("BRAND-", taken(BRANDS, np.maximum(brand, 0)))
    authority = taken([f"AUTH-{number:02d}" for number in range(5)], rng.integers(0, 5, len(kind)))
    return who, where(who == 1, owner, where(who == 2, authority, ids("B", buyer, 9)))


def _status(rng: np.random.Generator, kind: Ints) -> Ints:
    """Most cases are open; those decided are mostly decided rightly."""
    lot = rng.random(len(kind))
    right = np.where(np.isin(kind, (GENUINE, OTHER)), 1, 2)
    return np.select([lot < 0.12, lot < 0.14, lot < 0.16], [right, 3 - right, 3], 0)


def _texts(rng: np.random.Generator, reason: Ints, language: Ints, silent: Bools) -> Any:
    written = complaint_texts(rng, reason, language)
    return where(silent, pa.scalar(None, pa.string()), written)


def complaint_truth(world: World, listings: Listings, lines: OrderLines, complaints: Complaints) -> pa.Table:
    """One row a complaint: what it truly is, and the line it truly is about."""
    at = complaints.at
    source = world.suppliers.source[listings.supplier[lines.listing[at]]]
    return pa.table(
        {
            "complaint_id": complaint_ids(lines, complaints),
            "order_id": ids("O", lines.head[at], 10),
            "line_no": pa.array(lines.line[at], pa.int32()),
            "kind": taken(KINDS, complaints.kind),
            "orphan": pa.array(complaints.orphan),
            "source_id": taken(id_pool("SRC", world.params.suppliers, 5), source),
            "filed_day": pa.array(complaints.filed // DAY_SECONDS - world.params.epoch_day, pa.int32()),
        }
    )
