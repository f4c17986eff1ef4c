"""Every parameter of places and suppliers once: default, unit and why."""

from __future__ import annotations

from pydantic import Field

from headwater.parameters.section import Section


class PlaceParams(Section):
    """How addresses and values are read and matched; frozen, so that a night is a function of it."""

    words: str = Field(
        "", description="path; TOML with the words that addresses and names are written with; empty: the one shipped"
    )
    default_country: str | None = Field(
        None, pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2 of an address that names no country; none: unknown"
    )
    default_city: str | None = Field(
        None, description="city of a street address that names none; only for a feed that is all of one city"
    )
    default_phone_region: str | None = Field(
        None,
        pattern="^[A-Z]{2}$",
        description="alpha-2 region of a phone without +prefix whose country nothing says; none: such a phone is read only "
        "where its first digits are a calling code and what follows is a valid number",
    )
    own_addresses: tuple[str, ...] = Field(
        (),
        strict=False,
        description="the marketplace's own addresses as text: thousands of sellers copy them into their forms",
    )
    own_phones: tuple[str, ...] = Field((), strict=False, description="the marketplace's own phones: same reason")
    own_emails: tuple[str, ...] = Field(
        (), strict=False, description="the marketplace's own e-mail addresses or domains: same reason"
    )
    max_text: int = Field(
        400, ge=50, description="characters of one field that are read; no address is longer, hostile rows are"
    )
    typo_min_letters: int = Field(
        5, ge=2, description="letters; a shorter word must be identical, for Lake and Lane are two streets"
    )
    typo_letters_per_edit: int = Field(
        5, ge=2, description="letters of the name that pay for one edit (insert, delete, change, swap)"
    )
    typo_max_edits: int = Field(
        2, ge=0, le=3, description="edits forgiven at most in one name; 0 turns the fuzzy tier off"
    )
    fine_postcodes: tuple[str, ...] = Field(
        ("GB", "CA", "NL", "IE", "JP", "SG"),
        strict=False,
        description="alpha-2 of countries whose postcode is a street or a few houses: there the city need not agree",
    )
    block_cap: int = Field(
        200, ge=2, description="different spellings compared within one block; a larger block is reported, not compared"
    )
    max_block_keys: int = Field(
        200_000,
        ge=1,
        description="different addresses of one house number that are matched in one process (some 2 kB each); "
        "in a larger block only equal keys are joined, and `headwater plan` names it",
    )
    star_rounds: int = Field(
        8, ge=1, description="rounds in which a chain of spellings is cut into stars around its commonest spelling"
    )
    min_digits_id: int = Field(
        4, ge=1, description="characters of a registration number or payee id, below which it is no value"
    )
    max_company_ids: int = Field(
        50,
        ge=2,
        description="supplier ids that one number or name may join; beyond it is an agent's or a form's, and joins none",
    )
