"""Which values are hubs: given by too many unrelated shops to identify anybody, decided anew every night."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headwater.graph.bipartite import NUMBER, PROOF, UNFORGEABLE, Bipartite, Bools, Ints, distinct_count, group
from headwater.parameters.graph import Hubs

REVIEWED, CLEARED = 1, -1  # what a person said of a value; 0: nothing


@dataclass(frozen=True)
class Spread:
    """How each value lies over the shops, one row a value; `hub` says whether it identifies nobody."""

    shops: Ints
    parties: Ints  # unrelated: nothing rarer ties them
    countries: Ints
    categories: Ints
    payees: Ints
    hub: Bools
    decided_by: NDArray[np.str_]  # degree | verdict | feed; '' for no hub
    placeholder: Bools


def judge_values(graph: Bipartite, country: Ints, category: Ints, said: Ints, params: Hubs) -> Spread:
    """The graph, the country and main category of each shop as numbers (-1: unknown), what people `said` of each value
    (REVIEWED, CLEARED or 0) -> the spread of each value.

    The parties of a payee or registration number are the groups that other rare values make of its shops; those of any
    other value are the groups that payees and registration numbers make, once their own hubs are out. So a phone that
    one operator's twenty shops give has one party, an agent's that twenty strangers give has twenty."""
    degree, n = graph.degree, len(graph.kind)
    not_a_word = graph.kind != NUMBER["must_link"]
    proof = PROOF[graph.kind]
    countries = _known(graph, country)
    categories = _known(graph, category)
    wide = (countries >= params.wide_countries) | (categories >= params.wide_categories)
    parties = np.ones(n, np.int64)
    for kind in np.unique(graph.kind[proof == UNFORGEABLE]):
        rare = (graph.kind != kind) & (degree <= params.parties)
        used = rare[graph.value]
        related = group(graph.shops, graph.shop[used], graph.value[used])
        mine = graph.kind == kind
        parties[mine] = distinct_count(graph.value, related[graph.shop], n)[mine]
    factor = np.where(proof == UNFORGEABLE, params.unforgeable_factor, 1.0)
    hub = np.asarray(too_many(parties, wide, factor, said, params) & (proof == UNFORGEABLE) & not_a_word)
    used = ((proof == UNFORGEABLE) & ~hub)[graph.value]
    related = group(graph.shops, graph.shop[used], graph.value[used])
    other = proof != UNFORGEABLE
    parties[other] = distinct_count(graph.value, related[graph.shop], n)[other]
    hub |= too_many(parties, wide, factor, said, params) & other
    share = degree / max(graph.shops, 1)
    return Spread(
        shops=degree,
        parties=parties,
        countries=countries,
        categories=categories,
        payees=_payees(graph),
        hub=hub,
        decided_by=np.where(hub, np.where(said == REVIEWED, "review", "degree"), ""),
        placeholder=hub & (share >= params.placeholder_share) & (degree >= params.placeholder_shops),
    )


def parties_known(graph: Bipartite, parties: Ints) -> Spread:
    """The spread of values that were judged before: none of them is a hub, and only their parties are known."""
    unknown, no = np.zeros(len(graph.kind), np.int64), np.zeros(len(graph.kind), bool)
    return Spread(graph.degree, parties, unknown, unknown, unknown, no, no.astype(str), no)


def too_many(parties: Any, wide: Any, factor: Any, said: Any, params: Hubs) -> Any:
    """Whether a value is a hub, of arrays or of columns: by its unrelated parties, unless a person says otherwise.

    `wide`: its shops spread as strangers do; `factor`: how many times more parties its kind takes."""
    many = (parties > factor * params.parties) | (wide & (parties > factor * params.parties_wide))
    return (said == REVIEWED) | (many & (said != CLEARED))


def _known(graph: Bipartite, attribute: Ints) -> Ints:
    """Different known attributes of the shops of each value."""
    known = attribute[graph.shop] >= 0
    return distinct_count(graph.value[known], attribute[graph.shop][known], len(graph.kind))


def _payees(graph: Bipartite) -> Ints:
    """Different payees of the shops of each value; a shop without a payee that others give counts as one of its own."""
    paid = graph.kind[graph.value] == NUMBER["payee_id"]
    payee = np.arange(graph.shops) + len(graph.kind)
    # A shop of several payees counts by the first.
    payee[graph.shop[paid][::-1]] = graph.value[paid][::-1]
    return distinct_count(graph.value, payee[graph.shop], len(graph.kind))
