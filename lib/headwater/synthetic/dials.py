"""The dials of a marketplace as it is: volume, people, suppliers, and what strangers share. Each says its unit and why."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]


class Dials(BaseModel):
    """One section; its docstring is its heading."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Volume(Dials):
    """How much, when, and in which form"""

    seed: Count = Field(default=7, description="seed of every draw; the same parameters give the same bytes")
    orders: Positive = Field(
        default=200_000, description="order lines over the whole window; a laptop reads them in seconds"
    )
    shops: Positive = Field(
        default=3_000, description="sellers; enough that a raw count of complaints follows size, not guilt"
    )
    suppliers: Positive = Field(
        default=600,
        description="suppliers, honest and guilty together; a fifth of the shops, as wholesale is narrower than retail",
    )
    guilty: Positive = Field(
        default=45, description="guilty sources among the suppliers; 7 % makes a top list worth reading"
    )
    night: date = Field(default=date(2026, 11, 22), description="last UTC day written, the last full one")
    days: Positive = Field(default=90, description="UTC days of orders up to and with the night; one evidence window")
    format: Literal["csv", "csv.gz", "jsonl", "jsonl.gz", "parquet"] = Field(
        default="csv", description="file format of every feed; CSV can be looked at, Parquet carries millions of rows"
    )
    chunk_rows: Positive = Field(
        default=1_000_000, description="order lines made at once; bounds the memory, and other chunks are other draws"
    )


class People(Dials):
    """Shops and the operators behind them"""

    size_exponent: float = Field(
        default=0.9,
        gt=0,
        description="exponent of the Zipf law of shop sizes, shifted by ten ranks so that none is a tenth of all",
    )
    multi_shop: Share = Field(
        default=0.15,
        description="share of operators that run more than one shop (two to twenty); the clusters to be found",
    )
    large_operators: Count = Field(
        default=0,
        description="operators of twenty to sixty shops; as many shops as an agent has clients, so that counting shops tells neither",
    )
    shared_payee: Share = Field(
        default=0.8, description="chance that a shop uses its operator's payee rather than its own"
    )
    shared_phone: Share = Field(
        default=0.6, description="the same for the phone; people change phones more than bank accounts"
    )
    shared_email: Share = Field(
        default=0.3, description="the same for the e-mail address; a new one costs nothing, so few are shared"
    )
    shared_registration: Share = Field(
        default=0.7, description="the same for the registration number; a second company costs money"
    )
    shared_return: Share = Field(
        default=0.6,
        description="the same for the home and return address; a link that a small place proves and a hub does not",
    )
    shared_contact: Share = Field(
        default=0.7, description="the same for the contact named at the address; with a unit it ties, alone it does not"
    )
    registered: Share = Field(
        default=0.6, description="share of shops that give a registration number; private sellers have none"
    )
    opened_together: Share = Field(
        default=0.3,
        description="share of operators who opened all their shops within ten days, as honest chains do, too",
    )
    drop_shippers: Share = Field(
        default=0.05,
        description="share of shops without stock: many suppliers, all sent from these; innocent, yet tied to many",
    )


class Traps(Dials):
    """What strangers share, so that linking by it accuses the innocent"""

    agents: Positive = Field(default=4, description="registration agents; few, so that each one's phone is a true hub")
    agent_phones: Share = Field(
        default=0.06,
        description="share of shops that give the phone of a registration agent: a shared phone that proves nothing",
    )
    placeholder_phones: Share = Field(
        default=0.03, description="share of shops whose phone is 0000000000, n/a or the like: shared by whoever is lazy"
    )
    placeholder_emails: Share = Field(
        default=0.02,
        description="share of shops whose e-mail is none@none.com or the like: the same trap in another field",
    )
    centres: Positive = Field(default=4, description="return centres; few, so that each is shared by very many shops")
    return_centres: Share = Field(
        default=0.2, description="share of shops whose return address is a return centre: shared by strangers"
    )
    halls: Positive = Field(default=3, description="market halls; few, so that each holds many unrelated stalls")
    market_halls: Share = Field(
        default=0.1, description="share of suppliers with a stall in a market hall: one address, many strangers"
    )
    hall_shops: Share = Field(
        default=0.04, description="share of shops at home in a stall of a market hall, of which some forget the number"
    )
    units: Share = Field(
        default=0.3, description="share of other places that are a unit of a building; the rest is a whole building"
    )
    warehouses: Positive = Field(default=12, description="third-party warehouses; their sizes follow a Zipf law too")
    third_party: Share = Field(
        default=0.25, description="share sent from a third-party warehouse (3PL) that many unrelated shops use"
    )


class Supply(Dials):
    """Suppliers, their roles and names, and what ties them to shops"""

    portfolio: float = Field(
        default=2.0,
        ge=0,
        description="mean number of a shop's honest suppliers beyond the first: what guilt is confounded with",
    )
    distributors: Share = Field(
        default=0.25,
        description="share of suppliers that deal in all categories and serve three times the shops; the rest are "
        "producers of one category and at most two brands",
    )
    honest_discounters: Share = Field(
        default=0.05, description="share of honest suppliers at half price, so that cheap is no proof"
    )
    unlisted: Share = Field(
        default=0.12, description="share of suppliers that are never named: only their place can be found"
    )
    double_ids: Share = Field(
        default=0.04,
        description="share of suppliers known under two ids at once, with the same registration number or the same name "
        "and phone: two that are one company",
    )
    direct: Share = Field(
        default=0.45,
        description="share of shop-supplier pairs sent from the supplier's own place, where the place tells the source",
    )
    links_told: Share = Field(
        default=0.7, description="share of shop-supplier pairs that stand in supplier_links: papers are never complete"
    )
    links_false: Share = Field(
        default=0.05, description="links to suppliers never bought from, per true link: declared to look respectable"
    )
    named_share: Share = Field(
        default=0.6, description="chance that an order names its supplier; shops differ around it"
    )
    dispatch_unknown: Share = Field(
        default=0.1, description="share of orders without dispatch_address_id: couriers do not always report it"
    )
