"""Every parameter of links, hubs and operators once: default, unit and why."""

from __future__ import annotations

from pydantic import Field

from headwater.parameters.section import Section


class Links(Section):
    """What a shop gives or uses, one row a fact (docs/operators.md)."""

    refs_kept: int = Field(
        20, ge=1, description="source rows named on a link; a value on a million rows of one shop stays one small row"
    )
    max_value: int = Field(
        300, ge=60, description="characters of a value; a longer one is kept as its first part and a hash of the whole"
    )


class Hubs(Section):
    """When a value is shared by too many unrelated shops to identify anybody. Unrelated: nothing rarer ties them."""

    parties: int = Field(
        10, ge=2, description="unrelated parties; a value of more is a hub, however narrow: families are smaller"
    )
    parties_wide: int = Field(
        4,
        ge=1,
        description="unrelated parties; the same where they spread over countries or categories as strangers do",
    )
    parties_proven: int = Field(
        2,
        ge=1,
        description="parties that are known to be different, for each has a payee or registration number of its own; the same: "
        "an operator that hides pays few of its shops apart",
    )
    mailbox_proven: int = Field(
        3,
        ge=1,
        description="the same of an e-mail that does not spread widely: agents and warehouses lend a phone to their clients, "
        "hardly ever a mailbox",
    )
    wide_countries: int = Field(3, ge=1, description="countries of its shops from which on a value spreads widely")
    wide_categories: int = Field(4, ge=1, description="main categories of its shops from which on it spreads widely")
    unforgeable_factor: float = Field(
        4.0,
        ge=1,
        description="ratio; so many times more parties for a payee or registration number, which a bank or a register "
        "has checked: it takes a payment agent to share one with strangers",
    )
    unforgeable_share: float = Field(
        0.7,
        gt=0,
        le=1,
        description="parties per shop; a payee or registration number of more than `parties_wide` is a hub also where nearly every "
        "shop of it is one: the shops of an operator share more than that. No more than this share of its shops may be without "
        "the paper of the other kind in which the others agree",
    )
    placeholder_share: float = Field(
        0.2, gt=0, le=1, description="share of all shops; a hub that so many give is a default of some form, nobody's"
    )
    placeholder_shops: int = Field(50, ge=2, description="shops; fewer make no placeholder, whatever their share")


class Operators(Section):
    """How shops become operators: core first, then members (docs/operators.md)."""

    alone_parties: int = Field(
        2,
        ge=2,
        description="unrelated parties; one rare value ties alone if no more give it: a third is as often an agent's client. "
        "Sets the threshold of summed rarity, ln(shops / this): chance that a stranger shares a value falls with its rarity, "
        "strangers grow with the shops",
    )
    alone_mailbox: int = Field(
        3, ge=2, description="unrelated parties; the same of an e-mail among shops that no core claims"
    )
    strength_weak: float = Field(
        0.6,
        gt=0,
        lt=1,
        description="share of the rarity of a unit address, with or without its contact, that counts: tenants change, "
        "flats are shared, so it never ties alone",
    )
    strength_unforgeable: float = Field(
        2.0, ge=1, description="ratio; what the rarity of a payee or registration number counts: it is cut last"
    )
    passes: int = Field(
        2, ge=1, le=10, description="passes of attaching members; each may attach what the one before made recognisable"
    )
    values_a_shop: int = Field(
        30, ge=2, description="rarest values of a shop that are paired; bounds the pairs of a hostile row"
    )
    max_shops: int = Field(
        200, ge=2, description="shops; the guard. A larger component is cut by a rising threshold and marked oversize"
    )
    cut_passes: int = Field(
        12, ge=1, le=100, description="steps of the rising threshold; after the last one only must-links hold"
    )
