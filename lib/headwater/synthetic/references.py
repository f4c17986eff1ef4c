"""The feeds that people keep: brands, reviewed hubs, earlier verdicts, rates of exchange."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from headwater.synthetic.addresses import ONE_LINE, agent_lines, warehouse_phones, written_places
from headwater.synthetic.columns import DAY_SECONDS, ids, joined, money, taken, times
from headwater.synthetic.feeds import night_index
from headwater.synthetic.listings import brand_price_usd
from headwater.synthetic.vocabulary import BRANDS, CATEGORIES, CURRENCIES, PLACEHOLDER_EMAILS, PLACEHOLDER_PHONES
from headwater.synthetic.world import CENTRE, HALL, STREAM_FEEDS, STREAM_VERDICTS, WAREHOUSE, World, stream

_BECAUSE = ["ranked", "random", "tip"]


def reference_feeds(world: World) -> Iterator[tuple[str, int, pa.Table]]:
    """(feed, night index, table) of these feeds; hubs and rates only with `feeds_extra`, verdicts only if there are any."""
    params = world.params
    yield "brands", 0, _brands(world)
    if params.feeds_extra:
        hubs = hub_table(world)
        reviewed = hubs["what"].cast(pa.string()).to_numpy(zero_copy_only=False) != "placeholder"
        told = reviewed & (stream(params, STREAM_FEEDS, 5).random(hubs.num_rows) < params.hubs_told)
        yield from _night_by_night("hubs", hubs.filter(pa.array(told)), params.nights)
        yield from _rates(world)
    if params.verdicts:
        yield from _night_by_night("verdicts", verdict_table(world), params.nights)


def _night_by_night(name: str, table: pa.Table, nights: int) -> Iterator[tuple[str, int, pa.Table]]:
    """Half of the rows on the first night, the others on the later ones, evenly: people go on reviewing and judging."""
    first = table.num_rows if nights == 1 else (table.num_rows + 1) // 2
    yield name, 0, table.slice(0, first)
    for night in range(1, nights):
        at = [first + (table.num_rows - first) * part // (nights - 1) for part in (night - 1, night)]
        yield name, night, table.slice(at[0], at[1] - at[0])


def _brands(world: World) -> pa.Table:
    """One row a brand; the authorised sellers are honest shops."""
    rng = stream(world.params, STREAM_FEEDS, 6)
    honest = np.flatnonzero(~world.guilty_shop)
    sellers = [ids("S", rng.choice(honest, len(BRANDS)), 6) for _ in range(3)]
    category = np.repeat(np.arange(len(CATEGORIES)), len(BRANDS) // len(CATEGORIES))
    return pa.table(
        {
            "brand": pa.array(BRANDS),
            "reference_price": money(np.round(brand_price_usd() * 100).astype(np.int64)),
            "currency": taken(["USD"], np.zeros(len(BRANDS), int)),
            "authorised_sellers": joined(*sellers, between=";"),
            "safety": pa.array(np.array([c.safety for c in CATEGORIES])[category]),
        }
    )


def hub_table(world: World) -> pa.Table:
    """Every value that strangers share, one row a (kind, value): warehouses, halls and return centres by address, agents and
    warehouses by phone, and the placeholders, which are nobody's."""
    places, shops = world.places, world.shops
    agents = np.unique(shops.agent[(shops.agent >= 0) & ~shops.no_phone])
    used = np.unique(np.concatenate([world.edges.place, shops.centre, places.hall]))
    rows = used[(used >= 0) & (places.kind[used] >= WAREHOUSE)]
    kind = places.kind[rows]
    text = written_places(world, rows, np.full(len(rows), ONE_LINE), np.zeros(len(rows), bool), 7)["text"]
    phones = ids("+86", agent_lines(agents), 11)
    given = [(shops.no_phone, PLACEHOLDER_PHONES), (shops.no_email, PLACEHOLDER_EMAILS)]
    typed = [sorted({words[i] for i in (np.flatnonzero(who) % len(words)).tolist()}) for who, words in given]
    what = np.select([kind == HALL, kind == CENTRE], [1, 2], 0)
    rest = sum(len(words) for words in typed)
    houses = rows[kind == WAREHOUSE]
    lines = warehouse_phones(places, shops, houses, np.zeros(len(houses), int))
    kinds = ("address", "phone", "email", "phone")
    sizes = (len(rows), len(agents) + len(typed[0]), len(typed[1]), len(houses))
    return pa.table(
        {
            "kind": np.repeat(kinds, sizes).tolist(),
            "value": pa.concat_arrays([text, phones, pa.array(typed[0] + typed[1], pa.string()), lines]),
            "what": taken(
                ["3pl", "market", "returns_centre", "agent", "placeholder"],
                np.r_[what, np.repeat([3, 4, 0], [len(agents), rest, len(houses)])],
            ),
        }
    )


def verdict_table(world: World) -> pa.Table:
    """Earlier judgements, one row a verdict: suppliers found guilty or not, and pairs of shops of one operator or of two.

    `verdicts_wrong` of them are wrong, as people are; half of the suppliers were looked at by chance."""
    params, suppliers, shops = world.params, world.suppliers, world.shops
    rng, n = stream(params, STREAM_VERDICTS), params.verdicts
    pair = rng.random(n) < 0.2
    boss = np.unique(shops.operator, return_index=True)[1][shops.operator]
    members = np.flatnonzero(boss != np.arange(len(boss)))
    related = (rng.random(n) < 0.5) & (len(members) > 0)
    shop = np.where(related, rng.choice(members if len(members) else len(boss), n), rng.integers(0, len(boss), n))
    other = np.where(related, boss[shop], (shop + 1 + rng.integers(0, len(boss) - 1, n)) % len(boss))
    listed = np.flatnonzero(~suppliers.unlisted)
    guilty = listed[suppliers.guilty[listed]]
    by_chance = rng.random(n) < 0.5
    supplier = np.where(
        by_chance | (len(guilty) == 0), rng.choice(listed, n), rng.choice(guilty if len(guilty) else listed, n)
    )
    truth = np.where(pair, shops.operator[shop] == shops.operator[other], suppliers.guilty[supplier])
    said = truth ^ (rng.random(n) < params.verdicts_wrong)
    unsure = ~pair & (rng.random(n) < 0.1)
    verdict = np.select([unsure, pair], [2, np.where(said, 3, 4)], np.where(said, 0, 1))
    decided = (params.epoch_day + rng.integers(0, max(params.days - params.nights, 1), n)) * DAY_SECONDS + 36_000
    because = np.where(pair, 2, np.where(by_chance, 1, 0))
    subjects = ids("SUP", supplier, 5), ids("S", shop, 6)
    return pa.table(
        {
            "verdict_id": ids("V", np.arange(n), 6),
            "subject_kind": taken(["supplier", "pair"], pair.astype(int)),
            "subject_id": pa.concat_arrays(subjects).take(pa.array(np.arange(n) + n * pair)),
            "other_id": ids("S", other, 6, ~pair),
            "verdict": taken(["confirmed", "cleared", "unsure", "must_link", "cannot_link"], verdict),
            "reliability": pa.array(np.round(rng.uniform(0.8, 0.99, n), 2)),
            "author": taken(["inspector.a", "inspector.b", "brand.desk"], rng.integers(0, 3, n)),
            "reason": taken(["test purchase", "site visit", "papers"], rng.integers(0, 3, n)),
            "decided_at": times(decided),
            "expires_at": times(decided + 365 * DAY_SECONDS, rng.random(n) < 0.8),
            "inspected_because": taken(_BECAUSE, because),
            "inspection_probability": pa.array(np.where(by_chance, 0.05, 0.6), mask=pair),
        }
    )


def _rates(world: World) -> Iterator[tuple[str, int, pa.Table]]:
    """US dollars for one unit of each currency and day: a walk that ends at the rates prices were made with."""
    params = world.params
    rng = stream(params, STREAM_FEEDS, 8)
    steps = rng.normal(0, 0.003, (params.days, len(CURRENCIES)))
    steps[:, 0] = 0.0
    walk = np.exp(np.cumsum(steps, 0) - steps.sum(0)) * np.array(list(CURRENCIES.values()))
    day = np.repeat(np.arange(params.days), len(CURRENCIES))
    index = night_index(world, day)
    for night in range(params.nights):
        rows = np.flatnonzero(index == night)
        table = {
            "currency": taken(list(CURRENCIES), rows % len(CURRENCIES)),
            "day": pa.array((params.epoch_day + day[rows]).astype(np.int32)).cast(pa.date32()),
            "rate": pa.array(np.round(walk.ravel()[rows], 6)),
        }
        yield "rates", night, pa.table(table)
