"""What was to be expected, and how shops and sources are shrunk and ranked."""

from __future__ import annotations

from pydantic import Field

from headwater.parameters.section import Section

ROOT_RATE = 1.16e-4  # complaints of counterfeit kind per order: one in ten thousand orders draws one


class Strata(Section):
    """What was to be expected (docs/model.md, step 1)."""

    band_ratio: float = Field(2.0, gt=1, description="ratio of neighbouring price bands; fixed, never data quantiles")
    bands: int = Field(14, ge=1, le=64, description="count; the last band is open (band 0: below 1 unit of money)")
    seller_cap: float = Field(0.01, gt=0, le=1, description="share; no seller weighs more than this in a stratum")
    pseudo_orders: float = Field(
        20_000.0,
        gt=0,
        description="orders; how strongly a stratum is shrunk to its parent (two complaints at the root rate)",
    )
    root_rate: float = Field(
        ROOT_RATE, gt=0, lt=1, description="complaints per order; takes the missing weight at the root"
    )


class Delay(Section):
    """Reporting delay: which share of an order day's complaints has been filed by now (docs/model.md, step 1)."""

    mean_days: float = Field(
        12.0,
        gt=0,
        le=365,
        description="days; mean of the curve assumed without data (before the window cuts it): delivery, then a look",
    )
    shape: float = Field(
        2.0,
        gt=0,
        description="shape of that curve (negative binomial, the discrete gamma; 1: geometric); 2, for few complain "
        "before the goods have come",
    )
    pseudo_complaints: float = Field(
        30.0, gt=0, description="complaints; the weight of the assumed curve: a few days of a small marketplace"
    )
    floor: float = Field(
        1e-6, gt=0, lt=1, description="share; least F, so that expected complaints are never multiplied by zero"
    )


class Peers(Section):
    """What a piece should cost: its peers' prices (docs/model.md, step 3a)."""

    least_lines: int = Field(
        20, ge=1, description="order lines; a category and brand with fewer is held against its category alone"
    )
    seller_cap: float = Field(0.1, gt=0, le=1, description="share; no seller weighs more than this in a median")
    bin_width: float = Field(
        0.01, gt=0, lt=1, description="natural log; width of the bins of the median: 1 %, far below what is told apart"
    )
    cap: float = Field(
        2.0,
        gt=0,
        le=10,
        description="natural log; farthest that a mean may lie from its peers: beyond, it is a mistake",
    )


class Roles(Section):
    """What a source is in the chain (docs/model.md, roles)."""

    least_lines: int = Field(20, ge=1, description="order lines that name a supplier; with fewer its role is unknown")
    producer_brands: float = Field(
        3.5,
        ge=1,
        description="brands of a category, in effect; with more a supplier is a distributor: three, and what goes astray",
    )
    warehouse_suppliers: float = Field(
        3.0, ge=1, description="suppliers in effect whose goods leave a place; from here it is shared"
    )
    warehouse_shops: int = Field(5, ge=1, description="shops that a shared warehouse serves at least")
    logistics_operators: int = Field(
        10, ge=2, description="operators whose goods go back to one place; from here it is nobody's own"
    )


class Ranking(Section):
    """What is published of shops and sources, and how much of their evidence."""

    lower_quantile: float = Field(0.05, gt=0, lt=0.5, description="probability; EB05 and lift_low are this quantile")
    evidence_sources: int = Field(
        500, ge=1, description="sources; for how many of the top ranks evidence rows are written"
    )
    evidence_shops: int = Field(
        10, ge=1, description="shops for and shops against a source; one row carries the rest of each"
    )
    evidence_complaints: int = Field(10, ge=0, description="single complaints, and declared links, shown of a source")
    shown_from: float = Field(
        0.1,
        gt=0,
        lt=1,
        description="probability; from here a supplier is published though nobody complained: worth a look",
    )
    suspect_from: float = Field(
        0.5, gt=0, lt=1, description="probability; from here a source is called suspected: rather guilty than not"
    )
    capacity: int = Field(50, ge=0, description="sources; how many of the top ranks can be looked into in one night")


class Shrinkage(Section):
    """Shrinkage of observed over expected (docs/model.md, step 2).

    The penalty steadies a fit on few subjects or rare complaints; many drown it."""

    squash_width: float = Field(
        0.05,
        gt=0,
        description="width of a squashing bin, in ln E: 5 % is far below the Poisson noise of any subject",
    )
    expected_floor: float = Field(
        ROOT_RATE,
        gt=0,
        description="complaints; least E of a subject that has a complaint: a complaint proves an order, and this is "
        "one order at the prior rate",
    )
    penalty_subjects: float = Field(
        5.0,
        gt=0,
        description="subjects that the penalty below is worth. At 1 a lone subject makes its own prior; towards 10 "
        "simulated sparse subjects (E about .02) gain and dense ones begin to lose",
    )
    elevated_mean: float = Field(
        15.0,
        gt=0,
        description="lift; centre of the penalty on the elevated mean, as in the sources' effect prior",
    )
    elevated_mean_sd: float = Field(1.2, gt=0, description="natural log units; its width, as in the sources' prior")
    ordinary_mean_sd: float = Field(
        1.0, gt=0, description="natural log units; width of the penalty on the ordinary mean around a lift of 1"
    )
    shape_sd: float = Field(
        1.0, gt=0, description="natural log units; width of the penalty on both shapes, around 1 and 2"
    )
    elevated_share: float = Field(
        0.05,
        gt=0,
        lt=1,
        description="share of subjects; centre of the penalty on pi, the sources' starting prior",
    )
    elevated_share_sd: float = Field(2.0, gt=0, description="logits; wide, for the share of bad subjects is unknown")
    chunk_rows: int = Field(1 << 18, ge=1, description="rows solved at once by the quantile: bounds memory (25 MB)")
