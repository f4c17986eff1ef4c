"""Which sources explain the complaints: every part of the source model."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from headwater.parameters.section import Section

Array = npt.NDArray[Any]
LATE = ("building", "return", "latent")
SIGNS = (
    "price below peers",
    "not as described",
    "refunds",
    "shops opened together",
    "operators of confirmed sources",
)


class ShareParams(Section):
    """Parameters of the share inference; the grids are searched by held-out likelihood every night."""

    link_weights: tuple[float, ...] = Field(
        (0.0, 0.3, 1.0, 3.0, 10.0), strict=False, description="pseudo-orders a declared link may count for"
    )
    unseen: tuple[float, ...] = Field(
        (0.3, 1.0, 3.0, 10.0, 30.0), strict=False, description="pseudo-orders of a shop's never-named suppliers"
    )
    siblings: tuple[float, ...] = Field(
        (0.0, 1.0, 3.0, 10.0, 30.0, 100.0),
        strict=False,
        description="pseudo-orders that the other shops of a shop's operator may count for together",
    )
    sibling_parts: tuple[float, ...] = Field(
        (0.0, 0.1, 0.25, 0.5, 0.75, 0.9),
        strict=False,
        description="where no order names its supplier: part of what a shop's links leave out that its siblings' links may tell",
    )
    concentrations: tuple[float, ...] = Field(
        (0.03, 0.1, 0.3, 1.0, 3.0, 10.0),
        strict=False,
        description="pseudo-orders by which a listing leans on its shop: small if listings have one supplier",
    )
    block: int = Field(1 << 18, ge=1, description="cells whose shares are made at once: bounds the memory on the way")
    ships_own: float = Field(
        0.7, ge=0, le=1, description="share of a supplier's goods that leave its usual places rather than the shop's"
    )
    place_pseudo: float = Field(
        2.0, gt=0, description="pseudo-orders before a place's named orders tell who ships there"
    )
    use_places: bool = Field(True, description="whether dispatch places help to infer suppliers")
    declared_places: float = Field(
        1.0,
        ge=0,
        description="order lines that a declared dispatch address counts for where an order names none: a few named ones outweigh it",
    )
    declared_unknown: float = Field(
        2.0,
        gt=0,
        description="order lines below which the rest of a shop's is unknown: one declared address alone does not say where all comes from",
    )
    minimum: float = Field(
        0.01, ge=0, description="shares below this are dropped (to unknown): they blow up memory and tell nothing"
    )


class HygieneParams(Section):
    """Parameters of the complaint weights."""

    count_exponent: float = Field(
        1.0, ge=0, description="default: an account's k complaints weigh k ** -this each; 1 caps its sum at one"
    )
    burst_days: int = Field(
        5, ge=0, description="days around a filing in which other accounts' complaints on the shop are a burst"
    )
    burst_slope: float = Field(
        0.0, ge=0, description="default fall of the log odds per ln(1 + burst): bursts are also what fakes cause"
    )
    burst_doubt: float = Field(
        1.0,
        ge=0,
        description="while corroboration is learnt, a complaint in a burst of b others where d were due counts ((1 + d) / (1 + b)) ** this",
    )
    learn: bool = Field(True, description="whether weights are learnt by corroboration; otherwise the default stands")
    folds: int = Field(4, ge=2, description="folds of shops: a complaint is judged by the other folds' complaints")
    spread: float = Field(1.5, gt=0, description="prior standard deviation of the learnt slopes, log odds per unit")
    account_pseudo: float = Field(
        3.0, gt=0, description="complaints after which an account's own record outweighs that of its like"
    )
    minimum: float = Field(0.02, ge=0, le=1, description="least weight: a complaint never counts for exactly nothing")


class SpikeSlabParams(Section):
    """Parameters of the source model; every field says its unit and why it has its default."""

    grid_points: int = Field(
        8,
        ge=2,
        description="effect sizes tried per source (count) in a sweep: steps of 170 %, a quarter of the slab's width",
    )
    fine_points: int = Field(
        47,
        ge=2,
        description="effect sizes tried once the sweeps ended: steps of 16 %, as those of honest rates (finding.honest)",
    )
    lift_min: float = Field(
        0.3,
        gt=0,
        description="smallest extra rate phi, in base rates: a large seller of some fakes hardly draws more complaints",
    )
    lift_max: float = Field(
        300.0, gt=0, description="largest extra rate phi, in base rates: 3.5 % of orders complained about"
    )
    lift_centre: float = Field(
        6.0,
        gt=0,
        description="median of the slab, in base rates: below what fakes draw, for guilty sources sell genuine goods too",
    )
    lift_spread: float = Field(
        2.0,
        gt=0,
        description="standard deviation of ln phi in the slab: wide, so that few complaints clear nobody. It is not learnt: sources "
        "that are found out have large effects, and the slab would leave out the others",
    )
    typical: float = Field(
        15.0,
        gt=0,
        description="extra rate of goods that are fakes, in base rates, until decisive sources tell tonight's",
    )
    typical_pseudo: float = Field(3.0, gt=0, description="pseudo-sources at it")
    prior_start: float = Field(
        0.05, gt=0, lt=1, description="share of guilty sources before anything is seen, per type"
    )
    prior_min: float = Field(1e-6, gt=0, description="floor of the learnt share, so that log odds stay finite")
    prior_max: float = Field(
        0.2, lt=1, description="ceiling of the learnt share: a market of crooks would explain everything away"
    )
    prior_hits: float = Field(1.0, ge=0, description="pseudo-count of guilty sources when the share is learnt")
    prior_size: float = Field(20.0, gt=0, description="pseudo-count of all sources when the share is learnt")
    damping: float = Field(
        0.5, gt=0, le=1, description="part of a new mean effect taken over per sweep: 1 oscillates between rivals"
    )
    decisive: float = Field(
        0.5,
        ge=0,
        le=1,
        description="posterior from which a source teaches prior share and background. At 0 all do, as in the "
        "textbook: then thousands of sources that nothing is known of explain complaints by their prior alone, and the "
        "background runs to its floor",
    )
    learn_every: int = Field(12, ge=1, description="sweeps between two updates of prior shares and background")
    sweeps_max: int = Field(120, ge=1, description="sweeps at most; 25-60 are usual")
    tolerance: float = Field(1e-3, gt=0, description="largest change of a probability at which the sweeps stop")
    background_min: float = Field(0.1, gt=0, le=1, description="least share of the complaints left to the background")
    background_pseudo: float = Field(
        1.0, ge=0, description="pseudo-complaints, observed as expected: keeps the rate finite without complaints"
    )
    block: int = Field(1 << 16, ge=64, description="edges per block of a sweep: its scratch stays in the cache")
    strip: int = Field(1 << 19, ge=64, description="edges per thread's piece of a sweep; a multiple of blocks")
    decimals: int = Field(9, ge=0, description="digits kept when values are published: rounded once, at the end")

    @cached_property
    def grid(self) -> Array:
        """The effect sizes phi_g, log-spaced, in base rates."""
        return np.exp(np.linspace(np.log(self.lift_min), np.log(self.lift_max), self.grid_points))

    @cached_property
    def fine(self) -> SpikeSlabParams:
        """The same with all effect sizes of what is published: a source of many complaints fits between two of a sweep's."""
        return SpikeSlabParams.model_validate(self.model_dump() | {"grid_points": self.fine_points})

    @cached_property
    def log_weights(self) -> Array:
        """ln omega_g: the slab's log-normal prior on the grid, normalised."""
        raw = -0.5 * ((np.log(self.grid) - np.log(self.lift_centre)) / self.lift_spread) ** 2
        return np.asarray(raw - np.log(np.exp(raw).sum()), dtype=np.float64)


class HonestParams(Section):
    """Parameters of how much honest sources differ."""

    spreads: tuple[float, ...] = Field(
        (0.0, 0.25, 0.5, 0.75, 1.0, 1.25),
        strict=False,
        min_length=1,
        description="standard deviations tried of ln of an honest source's rate; at 0 all draw the common one",
    )
    spread_scale: float = Field(
        0.5,
        gt=0,
        description="scale of their half-normal prior: honest goods differ by some factor of two; nights tell more",
    )
    rate_max: float = Field(
        11.0, gt=1, description="highest rate of an honest source, in common rates, and one over the lowest"
    )
    rates: int = Field(16, ge=1, description="rates tried on either side of the common one (count): steps of 16 %")

    @cached_property
    def effects(self) -> Array:
        """(R,) rho_r - 1, the rates evenly spaced by their logarithms; the middle one is 0."""
        return np.asarray(np.expm1(np.arange(-self.rates, self.rates + 1) * np.log(self.rate_max) / self.rates))

    @cached_property
    def by_spread(self) -> Array:
        """(spreads x R) ln of each rate's chance if honest rates spread so, normalised on the grid."""
        logs = np.log1p(self.effects)
        rows = [-0.5 * ((logs + s**2 / 2) / s) ** 2 if s else np.where(logs == 0, 0.0, -np.inf) for s in self.spreads]
        return np.stack([row - np.log(np.exp(row).sum()) for row in rows])

    @cached_property
    def log_prior(self) -> Array:
        """(spreads,) ln of the prior of each spread, up to a constant."""
        return -0.5 * (np.array(self.spreads) / self.spread_scale) ** 2


class SideParams(Section):
    """Parameters of the evidence beyond complaints."""

    use: tuple[str, ...] = Field(SIGNS, strict=False, description="signs in use, by name")
    price_pseudo: float = Field(
        20.0, gt=0, description="order lines at peers' prices added to a source: few orders, no opinion"
    )
    price_cap: float = Field(0.5, gt=0, description="discount (natural log) beyond which cheaper tells no more")
    count_pseudo: float = Field(
        3.0, gt=0, description="pseudo-events at the common rate added to counts of other complaints and refunds"
    )
    opened_pseudo: float = Field(
        3.0,
        gt=0,
        description="pairs of shops added to those that opened together and to those expected: few shops, no opinion",
    )
    company_pseudo: float = Field(
        3.0, gt=0, description="shops of operators who sell no confirmed source's goods, added to a source's own"
    )
    slope_spread: float = Field(
        1.5, gt=0, description="prior standard deviation of a slope, log odds per standard deviation of the sign"
    )
    lift_max: float = Field(
        4.0, ge=0, description="most that the signs add to or take from the log odds: a likelihood ratio of 55"
    )
    clear_at: float = Field(
        -2.0, description="ln Bayes factor at which complaints half cancel a rise: below it they clear the source"
    )
    clear_width: float = Field(0.5, gt=0, description="how gradually they do, natural log units")
    rounds: int = Field(4, ge=0, description="rounds of learning; three usually settle the slopes")


ReliabilityBin = Annotated[tuple[float, float, int, int], Field(strict=False)]


class Tempering(Section):
    """How the posterior log odds become a probability without verdicts; learnt on planted marketplaces, see `record`."""

    intercept: float = Field(0.0, description="added to the log odds")
    slope: float = Field(1.0, gt=0, description="factor of the log odds; below 1 the model was too sure of itself")
    ceiling: float = Field(
        0.989, gt=0, le=1, description="highest probability published; below .99 unless the record bears .97 out"
    )
    rows: int = Field(0, ge=0, description="sources that it was learnt on")
    sure: int = Field(0, ge=0, description="of them at .99 or more before the ceiling")
    right: int = Field(0, ge=0, description="of those, guilty")
    record: str = Field("not learnt", description="marketplaces, seeds and revision that it was learnt on")
    bins: tuple[ReliabilityBin, ...] = Field(
        (),
        strict=False,
        description="reliability on marketplaces that it was not learnt on (bench/finding.py --reliability): probability from, to, "
        "sources, guilty",
    )
    brier: float | None = Field(None, ge=0, description="Brier score there")
    log_loss: float | None = Field(None, ge=0, description="mean negative log likelihood there, natural logs")


PLANTED = Tempering(
    intercept=0.0,
    slope=1.0,
    ceiling=1.0,
    rows=18718,
    sure=829,
    right=826,
    record="bazaar and guilds, seeds 0-3, clean, camouflage, unnamed, malicious, sly, hard, sparse, swarm, uneven, crowds",
    bins=(
        (0.5, 0.75, 1035, 736),
        (0.75, 0.9, 1324, 1125),
        (0.9, 0.95, 246, 240),
        (0.95, 0.99, 564, 558),
        (0.99, 1.0, 2553, 2537),
    ),
    brier=0.0403,
    log_loss=0.1532,
)


class CalibrationParams(Section):
    """Parameters of the calibration."""

    prior_mean: tuple[float, ...] = Field(
        (1.0, 1.0, 0.0, 0.0, 0.0), strict=False, description="without verdicts: the model's own posterior"
    )
    prior_spread: tuple[float, ...] = Field(
        (0.3, 0.3, 0.3, 0.3, 0.3),
        strict=False,
        description="prior standard deviation per feature: some thirty verdicts outweigh it",
    )
    weight_max: float = Field(
        20.0, ge=1, description="cap of one over the inspection probability: one rare find is not the market"
    )
    intercept_spread: float = Field(
        0.5,
        gt=0,
        description="prior standard deviation of the intercept: the share of guilty sources differs by market",
    )
    isotonic_from: int = Field(
        300, ge=50, description="verdicts from which the shape is learnt too (isotonic), not only the slope"
    )
    held_out: float = Field(
        0.3, gt=0, lt=1, description="share of the verdicts, the latest, on which a fit to the earlier ones is judged"
    )
    least_later: int = Field(20, ge=1, description="later verdicts below which nothing is said of how well it does")
    neighbour: float = Field(0.8, ge=0, le=0.8, description="2h of the proximity: above .8 it echoes for too long")
    rounds: int = Field(60, ge=1, description="rounds of the proximity: .8 ** 60 is a millionth")
    sure: float = Field(0.99, gt=0.5, lt=1, description="probability that must be kept ..")
    kept: float = Field(0.97, gt=0.5, lt=1, description="... this often (Wilson lower bound), or is not published")
    alone_from: float = Field(
        0.1,
        description="log odds below which, left without the operator that says most, a source rests on him alone: signs alone lift it to "
        "0, even odds, and somebody else's complaints have to say a little more",
    )
    signs_from: float = Field(
        1.0,
        description="log odds that signs beside complaints have to add before a supplier is called sure: guilty ones nearly always have "
        "them, those whom a paid crowd accuses have none",
    )
    signs_tell: float = Field(
        0.1,
        ge=0,
        description="log odds a standard deviation that the best sign has to be worth before its absence says anything",
    )
    alone_most: float = Field(
        0.75,
        gt=0.5,
        lt=1,
        description="highest probability of what rests on one operator or on complaints alone: of such suppliers 83 % were guilty "
        "on the bench's marketplaces, and fewer where many accounts attack one shop or one supplier",
    )

    @property
    def not_sure(self) -> float:
        """The highest probability of what may not be called sure."""
        return round(self.sure - 1e-3, 9)


class VerdictParams(Section):
    """Parameters of verdicts and test purchases."""

    reliability: float = Field(0.95, gt=0.5, lt=1, description="chance that a verdict is right where it states none")
    leak: float = Field(
        0.02,
        gt=0,
        lt=1,
        description="chance that a purchase is counterfeit though no known source of the shop is guilty",
    )
    floor: float = Field(
        0.05, gt=0, lt=1, description="least chance of genuine goods from a guilty source: they mix, and buyers err"
    )


class CaseParams(Section):
    """Parameters of the cases."""

    cosine: float = Field(
        0.98, gt=0, le=1, description="cosine of expected-exposure vectors from which two sources are one case"
    )
    block: int = Field(
        4096, ge=1, description="sources compared at once: bounds the memory of the product of exposures"
    )


class ExplainParams(Section):
    """Parameters of the explanation."""

    top: int = Field(
        20, ge=1, description="shops shown per source, by size of their contribution; one row carries the rest"
    )
    decimals: int = Field(9, ge=0, description="digits of a contribution; the qualifier takes what rounding leaves")


class FindParams(Section):
    """Parameters of the finding, stage by stage."""

    shares: ShareParams = Field(ShareParams(), description="whose goods an order carries")
    hygiene: HygieneParams = Field(HygieneParams(), description="what a complaint weighs")
    model: SpikeSlabParams = Field(SpikeSlabParams(), description="which sources explain the complaints")
    honest: HonestParams = Field(HonestParams(), description="how much honest sources differ")
    side: SideParams = Field(SideParams(), description="what speaks beside complaints")
    tempering: Tempering = Field(PLANTED, description="the probability without verdicts")
    calibration: CalibrationParams = Field(CalibrationParams(), description="the probability with verdicts")
    verdicts: VerdictParams = Field(VerdictParams(), description="what a verdict or a test purchase weighs")
    cases: CaseParams = Field(CaseParams(), description="sources that cannot be told apart")
    by_listing: bool = Field(
        True, description="whether a complaint is placed by its listing's named orders, or by its shop's alone"
    )
    place_odds: float = Field(
        -2.0, description="added to the log odds of places: a place is suspected where no supplier explains as much"
    )
    lone_place_odds: float = Field(
        -4.0,
        description="added for a place that one shop alone uses: it is the shop's own, and would explain its suppliers away",
    )
    late: tuple[str, ...] = Field(
        LATE,
        strict=False,
        description="types of sources that have what suppliers and dispatch places leave of the complaints, by name",
    )
    building_odds: float = Field(
        -1.0, description="added to the log odds of buildings: of last resort as a place is, but its doors come first"
    )
    return_odds: float = Field(
        -2.0,
        description="added to the log odds of return places: where goods go back to is weaker evidence than where they come from",
    )
    latent_odds: float = Field(
        -1.0,
        description="added to the log odds of an operator's unknown supply: nobody names it, and nothing else of it is seen",
    )
    passes: int = Field(
        2, ge=1, description="passes over weights and signs: in the second, signs help to tell paid complaints"
    )
    doubt_identity: bool = Field(
        True,
        description="whether a source is believed no further than that any of the goods complained about were its own",
    )
    operator_alone: float = Field(
        0.25,
        ge=0,
        lt=1,
        description="chance that what the shops of one operator say of a source is bought or his own doing: sources that others speak "
        "of, too, rank before it",
    )
    goods_fake: float = Field(
        0.95,
        ge=0,
        lt=1,
        description="chance that the goods of a guilty supplier are fakes, where they make a place suspected",
    )
    owned_from: float = Field(
        0.8,
        gt=0.5,
        le=1,
        description="share of a place's exposure through one supplier from which it is that supplier's",
    )
