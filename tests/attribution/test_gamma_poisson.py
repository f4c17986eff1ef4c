"""Gamma-Poisson shrinkage against integration, by hand, on planted parameters and on inputs that say little."""

import json
from dataclasses import asdict
from itertools import pairwise
from math import exp, lgamma, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import approx_fprime, brentq
from scipy.special import gammainc, gammaincinv, logit

from headwater.attribution import gamma_poisson
from headwater.attribution.gamma_poisson import Mixture, ebgm, fit, posterior_pi, quantile, squash
from headwater.parameters.attribution import Shrinkage

SKEWED = Mixture(0.0969, 0.204, 0.0582, 1.415, 1.838)  # a wide elevated component, as drug safety data give
PLANTED = Mixture(0.05, 2.0, 0.15, 3.0, 4.0)
GRID = [(y, e) for y in (0.0, 0.5, 1.0, 3.0, 10.0, 50.0) for e in (0.001, 0.1, 1.0, 20.0)]
PIECES = (-160, -40, -20, -12, -8, -5, -3, -2, -1, 0, 1, 2, 3, 4, 5, 7, 12)


def simulated(mixture, subjects, seed, typical_expected=5.0):
    rng = np.random.default_rng(seed)
    elevated = rng.random(subjects) < mixture.pi
    lift = np.where(
        elevated, rng.gamma(mixture.a1, 1 / mixture.b1, subjects), rng.gamma(mixture.a2, 1 / mixture.b2, subjects)
    )
    expected = typical_expected * rng.lognormal(0, 1, subjects)
    return lift, rng.poisson(lift * expected).astype(float), expected


def integral(mixture, y, e, weight, upto=PIECES[-1]):
    """Of weight(u) x prior x likelihood over u = ln lift, piece by piece, so that no peak is missed."""

    def component(a, b, u):
        return exp(a * log(b) + (a + y) * u - (b + e) * exp(u) - lgamma(a))

    def integrand(u):
        elevated, ordinary = component(mixture.a1, mixture.b1, u), component(mixture.a2, mixture.b2, u)
        return weight(u) * (mixture.pi * elevated + (1 - mixture.pi) * ordinary)

    ends = [*(p for p in PIECES if p < upto), upto]
    return sum(quad(integrand, a, b, epsabs=0, epsrel=1e-11, limit=200)[0] for a, b in pairwise(ends))


@pytest.mark.parametrize("mixture", [SKEWED, PLANTED])
def test_ebgm_and_eb05_agree_with_direct_integration(mixture):
    for y, e in GRID:
        whole = integral(mixture, y, e, lambda u: 1.0)
        geometric_mean = np.exp(integral(mixture, y, e, lambda u: u) / whole)
        assert ebgm(mixture, y, e)[0] == pytest.approx(geometric_mean, rel=1e-7), (y, e)
        eb05 = quantile(mixture, y, e, 0.05)[0]
        assert integral(mixture, y, e, lambda u: 1.0, upto=np.log(eb05)) / whole == pytest.approx(0.05, rel=1e-7), (
            y,
            e,
        )


def test_posterior_share_agrees_with_direct_integration():
    elevated_only = Mixture(1.0, PLANTED.a1, PLANTED.b1, PLANTED.a2, PLANTED.b2)
    for y, e in GRID:
        share = PLANTED.pi * integral(elevated_only, y, e, lambda u: 1.0) / integral(PLANTED, y, e, lambda u: 1.0)
        assert posterior_pi(PLANTED, y, e)[0] == pytest.approx(share, rel=1e-7), (y, e)


def test_a_single_gamma_is_done_by_hand():
    exponential = Mixture(1.0, 1.0, 1.0, 1.0, 1.0)
    euler = 0.5772156649015329
    assert exponential.mean == 1.0
    assert ebgm(exponential, 0, 0)[0] == pytest.approx(np.exp(-euler))  # E ln of an exponential
    assert quantile(exponential, 0, 0, 0.05)[0] == pytest.approx(-np.log(0.95), rel=1e-10)
    assert ebgm(exponential, 1, 1)[0] == pytest.approx(np.exp(1 - euler) / 2)  # Gamma(2, 2): digamma(2) = 1 - euler
    median = quantile(exponential, 1, 1, 0.5)[0]
    assert (1 + 2 * median) * np.exp(-2 * median) == pytest.approx(0.5, rel=1e-10)


@pytest.mark.parametrize("q", [1e-4, 0.05, 0.5, 0.975])
def test_quantiles_are_exact_to_ten_digits(q):
    for y, e in GRID:
        y_shape, weight = y, posterior_pi(SKEWED, y, e)[0]

        def excess(u, y_shape=y_shape, weight=weight, e=e):
            elevated = gammainc(SKEWED.a1 + y_shape, (SKEWED.b1 + e) * np.exp(u))
            return weight * elevated + (1 - weight) * gammainc(SKEWED.a2 + y_shape, (SKEWED.b2 + e) * np.exp(u)) - q

        exact = np.exp(brentq(excess, -200, 20, xtol=1e-14, rtol=1e-15, maxiter=500))
        assert quantile(SKEWED, y, e, q)[0] == pytest.approx(exact, rel=1e-10), (y, e)


def test_a_gap_between_the_components_does_not_mislead_the_quantile():
    two_points = Mixture(0.5, 1e3, 1.0, 1e3, 1e3)  # lifts of 1000 and of 1, and nothing between
    assert quantile(two_points, 0, 0, 0.499)[0] == pytest.approx(gammaincinv(1e3, 0.998) / 1e3, rel=1e-9)
    assert quantile(two_points, 0, 0, 0.501)[0] == pytest.approx(gammaincinv(1e3, 0.002), rel=1e-9)
    assert 1 < quantile(two_points, 0, 0, 0.5)[0] < 1000


def test_quantile_does_not_depend_on_the_chunks():
    y, e = (np.array(v) for v in zip(*GRID, strict=True))
    small = quantile(PLANTED, y, e, 0.05, Shrinkage(chunk_rows=5))
    assert np.array_equal(small, quantile(PLANTED, y, e, 0.05))


@pytest.mark.parametrize("mixture", [SKEWED, PLANTED])
def test_more_complaints_never_mean_less_suspicion(mixture):
    y = np.linspace(0.1, 60, 600)
    for e in (1e-3, 0.3, 5.0, 40.0):
        expected = np.full_like(y, e)
        for score in (ebgm(mixture, y, expected), quantile(mixture, y, expected, 0.05)):
            assert np.all(np.diff(score) > 0)


def test_more_orders_without_complaints_clear_a_subject():
    e = np.geomspace(1e-3, 1e3, 50)
    assert np.all(np.diff(ebgm(PLANTED, np.zeros(50), e)) < 0)


def test_accusing_is_more_careful_than_detecting():
    y, e = (np.array(v) for v in zip(*GRID, strict=True))
    low, middle, high = (quantile(PLANTED, y, e, 0.05), ebgm(PLANTED, y, e), quantile(PLANTED, y, e, 0.95))
    assert np.all(low < middle)
    assert np.all(middle < high)


def test_planted_parameters_are_found_again():
    _, y, e = simulated(PLANTED, 20_000, seed=7)
    found = fit(*squash(y, e))
    assert found.pi == pytest.approx(PLANTED.pi, abs=0.006)
    assert found.a1 / found.b1 == pytest.approx(PLANTED.a1 / PLANTED.b1, rel=0.1)
    assert found.a2 / found.b2 == pytest.approx(PLANTED.a2 / PLANTED.b2, rel=0.02)
    assert found.a1 == pytest.approx(PLANTED.a1, rel=0.25)
    assert found.a2 == pytest.approx(PLANTED.a2, rel=0.12)
    with_truth = np.log(ebgm(PLANTED, y, e))
    assert np.sqrt(np.mean((np.log(ebgm(found, y, e)) - with_truth) ** 2)) < 0.02


def test_one_lift_in_twenty_lies_below_eb05():
    lift, y, e = simulated(PLANTED, 20_000, seed=11, typical_expected=2.0)
    mixture = fit(*squash(y, e))
    assert np.mean(lift < quantile(mixture, y, e, 0.05)) == pytest.approx(0.05, abs=0.006)


def test_the_gradient_is_the_slope():
    _, y, e = simulated(PLANTED, 300, seed=3)
    objective = gamma_poisson._objective(y, e, np.ones_like(y), gamma_poisson.DEFAULTS)
    for a1, m1, a2, m2, pi in gamma_poisson._STARTS:
        theta = np.array([*np.log([a1, m1, a2, m2]), logit(pi)])
        slope = approx_fprime(theta, lambda t: objective(t)[0], 1e-6)
        assert objective(theta)[1] == pytest.approx(slope, abs=2e-5)


def test_squashing_hardly_changes_the_fit():
    _, y, e = simulated(PLANTED, 5_000, seed=5)
    cells = squash(y, e)
    assert len(cells[0]) < 2_500
    assert np.log(ebgm(fit(*cells), y, e)) == pytest.approx(np.log(ebgm(fit(y, e), y, e)), abs=0.005)


def test_the_order_of_the_subjects_changes_nothing():
    _, y, e = simulated(PLANTED, 2_000, seed=9)
    shuffled = np.random.default_rng(1).permutation(len(y))
    for before, after in zip(squash(y, e), squash(y[shuffled], e[shuffled]), strict=True):
        assert np.array_equal(before, after)
    assert fit(y, e) == fit(y[shuffled], e[shuffled])
    assert np.array_equal(quantile(PLANTED, y, e, 0.05)[shuffled], quantile(PLANTED, y[shuffled], e[shuffled], 0.05))


def test_squash_is_exact_in_complaints_and_keeps_the_sums():
    y, e, n = squash([1.0, 1.0004, 2.0, 1.0, 0.0], [1.005, 1.01, 1.01, 3.0, 0.0])
    assert y.tolist() == [0.0, 1.0, 1.0, 2.0]
    assert n.tolist() == [1.0, 2.0, 1.0, 1.0]
    assert e == pytest.approx([0.0, 1.0075, 3.0, 1.01])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5000), st.floats(0, 1e6)), max_size=40))
def test_squash_loses_no_subject_and_no_expected_complaint(subjects):
    observed, expected = np.array([s[0] / 1000 for s in subjects]), np.array([s[1] for s in subjects])
    y, e, n = squash(observed, expected)
    assert n.sum() == len(subjects)
    assert np.sum(n * e) == pytest.approx(expected.sum())
    assert np.sum(n * y) == pytest.approx(observed.sum())
    assert list(zip(y, e, strict=True)) == sorted(zip(y, e, strict=True))


def test_parts_that_are_squashed_apart_can_be_squashed_again():
    _, y, e = simulated(PLANTED, 1_000, seed=2)
    parts = [squash(y[:400], e[:400]), squash(y[400:], e[400:])]
    again = squash(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    for column, whole in zip(again, squash(y, e), strict=True):
        assert column == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize(
    ("observed", "expected"),
    [
        pytest.param([], [], id="nobody"),
        pytest.param([0.0], [0.0], id="one without orders"),
        pytest.param([0.0] * 500, [1.0] * 500, id="no complaints at all"),
        pytest.param([5.0], [1e-3], id="one subject, five complaints, hardly an order"),
        pytest.param([5.0], [1e-300], id="one subject, five complaints, E next to nothing"),
        pytest.param([3.0] * 500, [3.0] * 500, id="all the same"),
        pytest.param([1e6], [1.0], id="absurdly many"),
        pytest.param([0.25, 0.5, 1.75], [1.0, 1.0, 1.0], id="fractions"),
    ],
)
def test_input_that_says_little_gets_a_calm_answer(observed, expected):
    mixture = fit(observed, expected)
    assert all(np.isfinite(v) and v > 0 for v in asdict(mixture).values())
    assert mixture.a1 / mixture.b1 >= mixture.a2 / mixture.b2
    y, e = np.array([0.0, 0.0, 0.2, 1.0, 5.0]), np.array([0.0, 10.0, 0.0, 1.0, 1e-9])
    for score in (ebgm(mixture, y, e), quantile(mixture, y, e, 0.05), posterior_pi(mixture, y, e)):
        assert np.all(np.isfinite(score))
        assert np.all(score >= 0)


def test_no_complaints_accuse_nobody_and_a_lone_subject_does_not_make_its_own_prior():
    nothing = fit(np.zeros(500), np.ones(500))
    assert quantile(nothing, 0, 1, 0.05)[0] < ebgm(nothing, 0, 1)[0] < 0.05
    lone = fit([5.0], [0.001])
    assert 10 < quantile(lone, 5, 0.001, 0.05)[0] < 500  # raw: 5,000
    same = fit([3.0] * 500, [3.0] * 500)
    assert ebgm(same, 3, 3)[0] == pytest.approx(1.0, abs=0.02)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1e4), st.floats(0, 1e4)), min_size=1, max_size=15))
def test_any_subjects_get_finite_scores_below_the_raw_rate_or_the_prior(subjects):
    y, e = np.array([s[0] for s in subjects]), np.array([s[1] for s in subjects])
    mixture = fit(y, e)
    middle, low = ebgm(mixture, y, e), quantile(mixture, y, e, 0.05)
    assert np.all(np.isfinite(middle) & np.isfinite(low) & (low >= 0))
    raw = y / np.maximum(e, 1.16e-4)
    component_means = np.array([mixture.a1 / mixture.b1, mixture.a2 / mixture.b2])
    assert np.all(middle <= np.maximum(raw, component_means.max()) * (1 + 1e-9))


def test_without_orders_the_posterior_is_the_prior():
    assert posterior_pi(PLANTED, 0, 0)[0] == pytest.approx(PLANTED.pi)
    median = quantile(PLANTED, 0, 0, 0.5)[0]
    share = PLANTED.pi * gammainc(2, 0.15 * median) + (1 - PLANTED.pi) * gammainc(3, 4 * median)
    assert share == pytest.approx(0.5, rel=1e-9)
    assert np.isfinite(ebgm(PLANTED, 2, 0)[0])
    assert ebgm(PLANTED, 2, 0)[0] == ebgm(PLANTED, 2, 1.16e-4)[0] > ebgm(PLANTED, 0, 0)[0]


def test_a_fraction_of_a_complaint_lies_between_none_and_one():
    none, half, one = ebgm(PLANTED, [0.0, 0.5, 1.0], [1.0, 1.0, 1.0])
    assert none < half < one


def test_a_mixture_goes_through_json():
    _, y, e = simulated(PLANTED, 500, seed=4)
    mixture = fit(y, e)
    assert Mixture(**json.loads(json.dumps(asdict(mixture)))) == mixture


@pytest.mark.parametrize(
    ("observed", "expected", "count"),
    [
        ([-1.0], [1.0], [1.0]),
        ([1.0], [np.nan], [1.0]),
        ([np.inf], [1.0], [1.0]),
        ([1.0], [1.0], [0.0]),
        ([1.0], [1.0, 2.0], [1.0]),
    ],
)
def test_numbers_that_cannot_be_are_refused(observed, expected, count):
    with pytest.raises(ValueError):
        fit(observed, expected, count)
    with pytest.raises(ValueError):
        squash(observed, expected, count)


@pytest.mark.parametrize("q", [0.0, 1.0, -0.1, np.nan])
def test_a_quantile_needs_a_probability(q):
    with pytest.raises(ValueError):
        quantile(PLANTED, 1, 1, q)


def test_a_mixture_that_is_no_distribution_is_refused():
    with pytest.raises(ValueError):
        Mixture(0.5, 1.0, 0.0, 1.0, 1.0)
    with pytest.raises(ValueError):
        Mixture(1.5, 1.0, 1.0, 1.0, 1.0)
