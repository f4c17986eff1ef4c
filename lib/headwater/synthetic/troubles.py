"""The dials of what makes it hard: guilt, complaints, how it is written, later nights. Each says its unit and why."""

from __future__ import annotations

from pydantic import Field

from headwater.synthetic.dials import Count, Dials, Positive, Share


class Guilt(Dials):
    """Guilt, and how it hides"""

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


class Grievances(Dials):
    """Complaints, true and bought"""

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
        default=0.5, description="share of attacks from three accounts; the others come from many accounts"
    )
    per_account: Positive = Field(
        default=2, description="complaints of one of the many accounts; two stay below any cap, one looks like a victim"
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


class Writing(Dials):
    """How it is written: messy but valid, and with `dirty` also wrong"""

    messy_addresses: Share = Field(
        default=0.26,
        description="share of addresses abbreviated, in capitals or in one line: spellings that one place must survive",
    )
    misspelt: Share = Field(
        default=0.09,
        description="share of addresses with a letter left out or doubled: forgiven in words, never in numbers",
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
    feeds_extra: bool = Field(
        default=False, description="write hubs and rates too; without them conf's own tables serve, as at most users"
    )
    hubs_told: Share = Field(
        default=0.6,
        description="share of the true hubs in the reviewed list of the feed hubs: a list is never complete",
    )
    verdicts: Count = Field(
        default=0,
        description="earlier judgements in the feed verdicts, on suppliers and pairs of shops; none, as on a first night",
    )
    verdicts_wrong: Share = Field(
        default=0.05, description="share of the judgements that are wrong: people's reliability is about .95"
    )
    dirty: Share = Field(
        default=0.0,
        description="bad rows added per feed and night, as a share of its rows, spread evenly over its rules, at least "
        "one a rule; every column is then text, also in Parquet, for only text can be unreadable",
    )


class Later(Dials):
    """Several nights in sequence, and what the later ones bring besides new rows"""

    nights: Positive = Field(
        default=1, description="nights in sequence; the first brings the history, each other its own files"
    )
    late: Share = Field(
        default=0.01, description="share of rows that arrive one to three nights late: the window must restate"
    )
    early: Share = Field(
        default=0.002, description="share of rows that arrive one or two nights early: rows from the future, that wait"
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
    copied: bool = Field(
        default=True,
        description="each later night brings two old files again, one by its own name and one by another: taken once",
    )
    vanishing: bool = Field(
        default=True, description="each later night an old file is gone: what was taken from it stays"
    )
