"""The dials of the planted marketplace: one frozen model, each with its unit and why it is what it is."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from headwater.synthetic.presets import PRESETS

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]


class MarketplaceParams(BaseModel):
    """What is planted, how it is hidden, and how it is written. The defaults are the demo: a look, not a benchmark."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # How much, when, and in which form
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
    nights: Positive = Field(
        default=1, description="nights in sequence; the first brings the history, each other its own files"
    )
    format: Literal["csv", "csv.gz", "parquet"] = Field(
        default="csv", description="file format of every feed; CSV can be looked at, Parquet carries millions of rows"
    )
    chunk_rows: Positive = Field(
        default=1_000_000, description="order lines made at once; bounds the memory, and other chunks are other draws"
    )
    feeds_extra: bool = Field(
        default=False, description="write hubs and rates too; without them conf's own tables serve, as at most users"
    )

    # Shops and the people behind them
    size_exponent: float = Field(
        default=0.9,
        gt=0,
        description="exponent of the Zipf law of shop sizes, shifted by ten ranks so that none is a tenth of all",
    )
    multi_shop: Share = Field(
        default=0.15,
        description="share of operators that run more than one shop (two to twenty); the clusters to be found",
    )
    shared_payee: Share = Field(
        default=0.8, description="chance that a shop uses its operator's payee rather than its own"
    )
    shared_phone: Share = Field(
        default=0.6, description="the same for the phone; people change phones more than bank accounts"
    )
    shared_return: Share = Field(
        default=0.6,
        description="the same for the home and return address; a link that a small place proves and a hub does not",
    )
    drop_shippers: Share = Field(
        default=0.05,
        description="share of shops without stock: many suppliers, all sent from these; innocent, yet tied to many",
    )
    agents: Positive = Field(default=4, description="registration agents; few, so that each one's phone is a true hub")
    agent_phones: Share = Field(
        default=0.06,
        description="share of shops that give the phone of a registration agent: a shared phone that proves nothing",
    )
    centres: Positive = Field(default=4, description="return centres; few, so that each is shared by very many shops")
    return_centres: Share = Field(
        default=0.2, description="share of shops whose return address is a return centre: shared by strangers"
    )

    # Suppliers, places and what ties them to shops
    portfolio: float = Field(
        default=2.0,
        ge=0,
        description="mean number of a shop's honest suppliers beyond the first: what guilt is confounded with",
    )
    halls: Positive = Field(default=3, description="market halls; few, so that each holds many unrelated stalls")
    market_halls: Share = Field(
        default=0.1, description="share of suppliers with a stall in a market hall: one address, many strangers"
    )
    honest_discounters: Share = Field(
        default=0.05, description="share of honest suppliers at half price, so that cheap is no proof"
    )
    unlisted: Share = Field(
        default=0.12, description="share of suppliers that are never named: only their place can be found"
    )
    direct: Share = Field(
        default=0.45,
        description="share of shop-supplier pairs sent from the supplier's own place, where the place tells the source",
    )
    warehouses: Positive = Field(default=12, description="third-party warehouses; their sizes follow a Zipf law too")
    third_party: Share = Field(
        default=0.25, description="share sent from a third-party warehouse that many unrelated shops use"
    )
    links_told: Share = Field(
        default=0.7, description="share of shop-supplier pairs that stand in supplier_links: papers are never complete"
    )
    links_false: Share = Field(
        default=0.05, description="links to suppliers never bought from, per true link: declared to look respectable"
    )

    # Guilt and how it hides
    operators_per_guilty: float = Field(
        default=1.6,
        ge=0,
        description="mean number of operators a guilty source feeds beyond the first; most feed few shops",
    )
    fakes: Share = Field(
        default=0.8, description="share of a guilty source's listings that are fakes; the rest is genuine"
    )
    camouflage: Share = Field(
        default=0.6, description="share of a guilty shop's orders that are honest suppliers' goods"
    )
    full_price_fakes: Share = Field(
        default=0.25, description="share of guilty sources that ask the full price, so that dear is no proof"
    )
    moving: Share = Field(
        default=0.1,
        description="share of guilty sources that change place in mid-window: the trail breaks, the id stays",
    )
    re_emerging: Share = Field(
        default=0.1,
        description="share of guilty sources that pause and come back under a new supplier id: the id breaks",
    )
    concealment: Share = Field(
        default=0.3,
        description="share of suppliers' names that guilty pairs hold back: who has something to hide tells less",
    )
    named_share: Share = Field(
        default=0.6, description="chance that an order names its supplier; shops differ around it"
    )
    dispatch_unknown: Share = Field(
        default=0.1, description="share of orders without dispatch_address_id: couriers do not always report it"
    )

    # Complaints
    base_rate: float = Field(
        default=1e-3,
        gt=0,
        lt=1,
        description="counterfeit complaints per order of genuine goods. Real marketplaces see about 1.16e-4; the demo "
        "has nine times that, or its 200,000 orders would hold some twenty such complaints and nothing to rank against",
    )
    fake_rate: float = Field(
        default=0.08, gt=0, lt=1, description="counterfeit complaints per order of fakes: most buyers never notice"
    )
    other_rate: float = Field(
        default=0.008,
        ge=0,
        lt=1,
        description="complaints of other reasons (damaged, late, ...) per order: the bulk to be told apart",
    )
    delay_days: float = Field(
        default=10.0, gt=0, description="mean days from order to complaint, gamma of shape 2: late orders look clean"
    )
    drift: float = Field(
        default=0.3, ge=0, description="change of a category's base rate over the window, in natural logs"
    )
    malicious_share: float = Field(
        default=0.1, ge=0, lt=0.9, description="share of counterfeit complaints that rivals bought; Alibaba saw .24"
    )
    attack_size: Positive = Field(
        default=14, description="complaints of one attack on one shop, over five days: enough to look like an excess"
    )
    few_accounts: Share = Field(
        default=0.5,
        description="share of attacks from three accounts; the others from accounts with two each, below any cap",
    )
    text_only: Share = Field(
        default=0.15,
        description="share of complaints without reason_code, whose text tells the reason: work for the lexicon",
    )
    repeated: Share = Field(
        default=0.02, description="share of complaints that the same buyer files twice for one line: to be counted once"
    )
    orphans: Share = Field(
        default=0.004,
        description="share of complaints whose order is not in the feed: they must be counted as unmatched",
    )

    # How it is written
    messy_addresses: Share = Field(
        default=0.35,
        description="share of addresses misspelt, abbreviated or in one line: spellings that one place must survive",
    )
    native_script: Share = Field(
        default=0.3, description="share of addresses in China in Chinese script: the same place in two alphabets"
    )
    city_only: Share = Field(
        default=0.04, description="share of addresses that tell the city alone: an area, never a source"
    )
    missing: Share = Field(
        default=0.01, description="share of optional values left empty, and of brands in capitals: messy but valid"
    )
    extra_lines: Share = Field(
        default=0.06,
        description="share of rows that are a further line of the order before: a complaint may not say which",
    )
    mixed_orders: Share = Field(
        default=0.15,
        description="share of further lines of another seller than the first: then a lineless complaint is ambiguous",
    )
    dirty: Share = Field(
        default=0.0,
        description="bad rows added per feed and night, as a share of its rows, spread evenly over its rules, at least "
        "one a rule; every column is then text, also in Parquet, for only text can be unreadable",
    )

    # What later nights bring besides new rows
    late: Share = Field(
        default=0.01, description="share of rows that arrive one to three nights late: the window must restate"
    )
    corrected: Share = Field(
        default=0.002, description="share of order lines sent again with another quantity: the later row wins"
    )
    voided: Share = Field(
        default=0.003, description="share of order lines sent again as voided: they leave the exposure"
    )
    withdrawn: Share = Field(
        default=0.02, description="share of complaints sent again as withdrawn: they no longer count"
    )
    updated: Share = Field(
        default=0.002,
        description="share of sellers, addresses and links sent again each night with new values: upserts by key",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.guilty >= self.suppliers:
            raise ValueError("guilty must be below suppliers: the honest ones are what they hide among")
        if self.nights > self.days:
            raise ValueError("nights must not exceed days: every night brings at least one day")
        if self.direct + self.third_party > 1:
            raise ValueError("direct + third_party must not exceed 1: the rest is sent from the shop's home")
        if self.shops < 20 or self.suppliers < 20:
            raise ValueError("shops and suppliers must be at least 20 each: every category needs a supplier")
        return self

    @property
    def first_day(self) -> date:
        """The first UTC day of orders."""
        return self.night - timedelta(days=self.days - 1)

    @property
    def epoch_day(self) -> int:
        """Days from 1970-01-01 to the first day, so that day numbers turn into timestamps."""
        return (self.first_day - date(1970, 1, 1)).days

    def night_of(self, index: int) -> date:
        """The date of the night with this index, 0 being the first."""
        return self.night - timedelta(days=self.nights - 1 - index)

    def day_of(self, day: int) -> str:
        """ISO date of a day number of the window."""
        return (datetime.combine(self.first_day, datetime.min.time()) + timedelta(days=day)).date().isoformat()

    @classmethod
    def preset(cls, name: str, **overrides: Any) -> MarketplaceParams:
        """A named difficulty (`demo`, `clean`, `easy`, `hard`, `sly`) with any field overridden.

        Raises KeyError for an unknown name and pydantic's ValidationError for a bad value.
        """
        return cls(**{**PRESETS[name], **overrides})
