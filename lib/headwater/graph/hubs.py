"""Which values are hubs: given by too many unrelated shops to identify anybody, decided anew every night."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from headwater.graph.bipartite import (
    KINDS,
    NUMBER,
    PAPERS,
    PROOF,
    UNFORGEABLE,
    WEAK,
    Bipartite,
    Bools,
    Ints,
    distinct_count,
    group,
)
from headwater.parameters.graph import Hubs

# What a shop gives that no other shop gives: a payee, a registration number, a phone or e-mail or address. It ties nobody and is no
# edge, but who has one is known to differ from others who have. SHOPS says of each shop whether it has one, in these columns.
ALONE = "contact"
OWN = {kind: f"own_{kind}" for kind in (*PAPERS, ALONE)}
Own: TypeAlias = Mapping[str, Bools]
REVIEWED, CLEARED = 1, -1  # what a person said of a value; 0: nothing


@dataclass(frozen=True)
class Spread:
    """How each value lies over the shops, one row a value; `hub` says whether it identifies nobody."""

    shops: Ints
    parties: Ints  # unrelated: nothing rarer ties them
    countries: Ints
    categories: Ints
    payees: Ints  # parties that are known to be different, by a payee or registration number of each
    hub: Bools
    decided_by: NDArray[np.str_]  # degree | verdict | feed; '' for no hub
    placeholder: Bools


def judge_values(graph: Bipartite, country: Ints, category: Ints, own: Own, said: Ints, params: Hubs) -> Spread:
    """The graph, the country and main category of each shop as numbers (-1: unknown), what shops have of their `own`, what people
    `said` of each value (REVIEWED, CLEARED or 0) -> the spread of each value.

    The parties of a payee or registration number are the groups that other rare values make of its shops, and payee and
    number together, however common (`papers_together`); those of any other value are the groups that payees and registration
    numbers make, once their own hubs are out. So a phone that one operator's twenty shops give has one party, an agent's
    that twenty strangers give has twenty."""
    degree, n = graph.degree, len(graph.kind)
    proof = PROOF[graph.kind]
    paper = (proof == UNFORGEABLE) & (graph.kind != NUMBER["must_link"])
    countries = _known(graph, country)
    categories = _known(graph, category)
    wide = (countries >= params.wide_countries) | (categories >= params.wide_categories)
    common = is_placeholder(degree, max(graph.shops, 1), params)
    papers = papers_together(graph, own, ~common & (said != REVIEWED))
    parties, strangers = np.ones(n, np.int64), np.zeros(n, bool)
    for kind in np.unique(graph.kind[proof == UNFORGEABLE]):
        rare = (graph.kind != kind) & (proof != WEAK) & (degree <= params.parties)
        used = rare[graph.value]
        related = group(graph.shops, graph.shop[used], graph.value[used], papers.label)
        mine = graph.kind == kind
        parties[mine] = distinct_count(graph.value, related[graph.shop], n)[mine]
        known = np.any([own[name] for name in OWN if name != KINDS[kind].name], axis=0)
        known |= papers.both
        known[graph.shop[used]] = True
        rows = known[graph.shop]
        apart = distinct_count(graph.value[rows], related[graph.shop[rows]], n)
        told = np.bincount(graph.value[rows], minlength=n)
        largest, several = _sizes(graph.value[rows], related[graph.shop[rows]], n)
        witnessed = _other_paper(graph, own, KINDS[kind].name)[graph.shop]
        registered = distinct_count(graph.value[witnessed], related[graph.shop[witnessed]], n)
        clients = all_clients(apart, largest, several, told, registered, params)
        strangers[mine] = (all_strangers(apart, told, params) | clients)[mine]
    one = one_operators(papers.agree, papers.differ, degree, params)
    hub = np.asarray(too_many_papers(parties, strangers, one, wide, said, params) & paper)
    used = ((proof == UNFORGEABLE) & ~hub)[graph.value]
    related = group(graph.shops, graph.shop[used], graph.value[used])
    other = proof != UNFORGEABLE
    parties[other] = distinct_count(graph.value, related[graph.shop], n)[other]
    payees = _proven(graph, related, own, hub)
    hub |= too_many(parties, payees, wide, graph.kind == NUMBER["email"], said, params) & other
    return Spread(
        shops=degree,
        parties=parties,
        countries=countries,
        categories=categories,
        payees=payees,
        hub=hub,
        decided_by=np.where(hub, np.where(said == REVIEWED, "review", "degree"), ""),
        placeholder=hub & common,
    )


def parties_known(graph: Bipartite, parties: Ints) -> Spread:
    """The spread of values that were judged before: none of them is a hub, and only their parties are known."""
    unknown, no = np.zeros(len(graph.kind), np.int64), np.zeros(len(graph.kind), bool)
    return Spread(graph.degree, parties, unknown, unknown, unknown, no, no.astype(str), no)


def too_many(parties: Any, payees: Any, wide: Any, mailbox: Any, said: Any, params: Hubs) -> Any:
    """Whether a phone, e-mail or address is a hub, of arrays or of columns: by its unrelated parties, and by those of them that
    are known to be different, unless a person says otherwise. `wide`: its shops spread as strangers do."""
    proven = (payees > params.mailbox_proven) | ((payees > params.parties_proven) & (~mailbox | wide))
    many = (parties > params.parties) | (wide & (parties > params.parties_wide)) | proven
    return (said == REVIEWED) | (many & (said != CLEARED))


def too_many_papers(parties: Any, strangers: Any, one: Any, wide: Any, said: Any, params: Hubs) -> Any:
    """The same of a payee or registration number: it takes many times more parties, or that its shops are `strangers`; and that
    they are not `one` operator's."""
    many = (parties > params.unforgeable_factor * params.parties) | (
        wide & (parties > params.unforgeable_factor * params.parties_wide)
    )
    return (said == REVIEWED) | ((many | strangers) & ~one & (said != CLEARED))


def all_strangers(apart: Any, told: Any, params: Hubs) -> Any:
    """Whether nearly every shop of a payee or registration number is a party of its own; of the shops that give anything else
    (`told` of them, in `apart` parties): nothing is known of the others."""
    return (apart > params.parties_wide) & (apart > params.unforgeable_share * told)


def all_clients(apart: Any, largest: Any, several: Any, told: Any, registered: Any, params: Hubs) -> Any:
    """Whether a payee or registration number is that of an agent for clients of several shops each: of its parties none holds more
    than half of the shops that give anything else, two or more have `several` shops, and a few are `registered`, with a paper of the
    other kind. An operator that hides has his own party, and shops that are each on their own."""
    few = (apart >= params.parties_wide) & (registered > params.parties_proven)
    return few & (2 * largest <= told) & (several > 1)


def one_operators(agree: Any, differ: Any, shops: Any, params: Hubs) -> Any:
    """Whether a payee or registration number of so many shops is one operator's: more of them `agree` in the other paper, too, than
    `differ` in it, and they are no small part of all; the rest gives no other paper."""
    return (agree > params.parties_wide) & (agree > differ) & (shops - agree <= params.unforgeable_share * shops)


def is_placeholder(shops: Any, market: Any, params: Hubs) -> Any:
    """Whether so many of the marketplace's shops give a value that it is a default of some form, nobody's."""
    return (shops / market >= params.placeholder_share) & (shops >= params.placeholder_shops)


@dataclass(frozen=True)
class Papers:
    """What payees and registration numbers say together. `both`: shops that give one of each; `label`: groups of those that give
    the same two. Of each value, `agree`: its shops in the largest such group; `differ`: its others that give both kinds."""

    both: Bools
    label: Ints
    agree: Ints
    differ: Ints


def papers_together(graph: Bipartite, own: Own, usable: Bools) -> Papers:
    """What payees and registration numbers, as far as they are `usable`, say together.

    A bank and a register know nothing of each other, so they are two witnesses, however many shops give what they say. Phone,
    e-mail, address and even payee are one: an agent or a warehouse lends them together, to any number of strangers, but not the
    number of its company. A shop that gives two papers of a kind, or one of its own, agrees with nobody."""
    n = len(graph.kind)
    paper = [(usable & (graph.kind == NUMBER[kind]))[graph.value] for kind in PAPERS]
    shared = np.array([np.bincount(graph.shop[rows], minlength=graph.shops) for rows in paper])
    alone = np.array([own[kind] for kind in PAPERS])
    both = ((shared == 1) & ~alone).all(axis=0)
    # Edges are in the order of values, so those of one kind are before those of the next.
    rows = np.flatnonzero(np.any(paper, axis=0) & both[graph.shop])
    rows = rows[np.argsort(graph.shop[rows], kind="stable")]
    payee, number = graph.value[rows[::2]], graph.value[rows[1::2]]
    pair = payee * n + number
    _, back, times = np.unique(pair, return_inverse=True, return_counts=True)
    agree = np.zeros(n, np.int64)
    for value in (payee, number):
        np.maximum.at(agree, value, times[back])
    told = np.any(paper, axis=0) & ((shared > 0) | alone).all(axis=0)[graph.shop]
    differ = np.bincount(graph.value[told], minlength=n) - agree
    return Papers(both, group(graph.shops, graph.shop[rows[::2]], pair), agree, differ)


def _sizes(value: Ints, party: Ints, values: int) -> tuple[Ints, Ints]:
    """Of each value the shops of its largest party, and its parties of two shops or more; one row a shop that gives it."""
    width = int(party.max()) + 1 if len(party) else 1
    pairs, shops = np.unique(value * width + party, return_counts=True)
    out = np.zeros(values, np.int64)
    np.maximum.at(out, pairs // width, shops)
    return out, np.bincount(pairs[shops > 1] // width, minlength=values)


def _other_paper(graph: Bipartite, own: Own, kind: str) -> Bools:
    """Shops that give a paper of another kind, whoever else gives it."""
    others = [name for name in PAPERS if name != kind]
    has = np.any([own[name] for name in others], axis=0)
    has[graph.shop[np.isin(graph.kind, [NUMBER[name] for name in others])[graph.value]]] = True
    return np.asarray(has, bool)


def _known(graph: Bipartite, attribute: Ints) -> Ints:
    """Different known attributes of the shops of each value."""
    known = attribute[graph.shop] >= 0
    return distinct_count(graph.value[known], attribute[graph.shop][known], len(graph.kind))


def _proven(graph: Bipartite, related: Ints, own: Own, hub: Bools) -> Ints:
    """Parties of each value of which any two are known to differ: both have a payee, or both a registration number, and none in
    common (else they were one party). Of the two kinds the one that tells more apart."""
    found = np.zeros(len(graph.kind), np.int64)
    for kind in PAPERS:
        shared = ((graph.kind == NUMBER[kind]) & ~hub)[graph.value]
        has = own[kind].copy()
        has[graph.shop[shared]] = True
        rows = has[graph.shop]
        found = np.maximum(found, distinct_count(graph.value[rows], related[graph.shop[rows]], len(found)))
    return found
