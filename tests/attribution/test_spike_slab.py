"""The source model against hand computation, planted truth and bad input."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp

from headwater.attribution.cells import Cells, collapse, entries_of
from headwater.attribution.spike_slab import bayes_factors, fit
from headwater.attribution.sweeps import log_likelihoods
from headwater.parameters.finding import SpikeSlabParams

PARAMS = SpikeSlabParams()


def cells(observed, shares, exposure, kind=None, expected_total=None, **more):
    shares = sp.csr_matrix(np.asarray(shares, dtype=float))
    exposure = np.asarray(exposure, dtype=float)
    kind = np.zeros(shares.shape[1], dtype=np.int64) if kind is None else np.asarray(kind)
    total = float(exposure.sum()) if expected_total is None else expected_total
    return Cells(np.asarray(observed, dtype=float), shares, exposure, kind, total, **more)


def planted(seed, sources=60, guilty=6, per=40):
    """Each source has `per` cells of its own and some shared; the guilty ones draw complaints at 20 times the rate."""
    rng = np.random.default_rng(seed)
    first, second = rng.integers(0, sources, (2, sources * per))
    mix = rng.choice([0.0, 0.5], sources * per)
    rows = np.arange(sources * per)
    shares = sp.csr_matrix(
        (np.concatenate([1 - mix, mix]), (np.concatenate([rows, rows]), np.concatenate([first, second]))),
        shape=(sources * per, sources),
    )
    expected = rng.gamma(1.0, 0.02, sources * per)
    phi = np.where(np.arange(sources) < guilty, 20.0, 0.0)
    observed = rng.poisson(expected * (1 + shares @ phi)).astype(float)
    got = Cells(observed, shares, shares.T @ expected, np.zeros(sources, dtype=np.int64), float(expected.sum()))
    return got, np.arange(sources) < guilty


def test_the_log_likelihood_is_the_formula_by_hand():
    c = cells([2.0, 1.0], [[1.0, 0.0], [0.4, 0.6]], [0.5, 0.3])
    phibar = np.array([3.0, 5.0])
    explained = 1 + c.shares @ phibar
    got = log_likelihoods(entries_of(c), explained, phibar, c.exposure, PARAMS)
    for g, phi in enumerate(PARAMS.grid):
        assert got[0, g] == pytest.approx(2 * np.log(1 + phi) + np.log(1 + 0.4 * phi / (1 + 0.6 * 5)) - 0.5 * phi)
        assert got[1, g] == pytest.approx(np.log(1 + 0.6 * phi / (1 + 0.4 * 3)) - 0.3 * phi)


def test_the_blocks_of_a_sweep_change_nothing():
    c, _ = planted(3)
    zero = np.zeros(c.shares.shape[1])
    ones = np.ones(len(c.observed))
    small = log_likelihoods(entries_of(c), ones, zero, c.exposure, SpikeSlabParams(block=64))
    large = log_likelihoods(entries_of(c), ones, zero, c.exposure, PARAMS)
    np.testing.assert_allclose(small, large, rtol=1e-12, atol=1e-12)


def test_the_bayes_factor_averages_the_likelihood_over_the_slab():
    n = PARAMS.grid_points
    loglik = np.array([[0.0] * n, list(range(n))])
    ln_bf, q = bayes_factors(loglik, PARAMS.log_weights)
    assert ln_bf[0] == pytest.approx(0.0, abs=1e-12)
    assert ln_bf[1] == pytest.approx(logsumexp(np.arange(n) + PARAMS.log_weights))
    np.testing.assert_allclose(q.sum(axis=1), 1.0)


def test_planted_sources_are_found_and_honest_ones_are_not():
    c, guilty = planted(1)
    got = fit(c)
    assert got.converged
    assert got.posterior[guilty].min() > 0.9
    assert got.posterior[~guilty].max() < 0.5


def test_attributed_and_background_complaints_add_up():
    c, _ = planted(2)
    got = fit(c)
    assert got.attributed.sum() + got.background == pytest.approx(c.observed.sum(), abs=1e-6)


def test_a_hub_with_volume_is_exonerated_and_the_small_source_named():
    # Both touch the cell with 8 complaints; the hub also has 10 expected complaints elsewhere without one.
    got = fit(cells([8.0], [[1.0, 1.0]], [0.2, 10.0], expected_total=10.0))
    assert got.ln_bf[0] > 5
    assert got.ln_bf[1] < 0
    assert got.attributed[0] > got.attributed[1]


def test_a_source_explained_by_another_loses_its_evidence():
    alone = fit(cells([3.0], [[1.0]], [0.3], expected_total=20.0))
    c = cells([3.0, 9.0], [[1.0, 1.0], [0.0, 1.0]], [0.3, 0.4], expected_total=20.0)
    both = fit(c)
    assert both.ln_bf[0] < alone.ln_bf[0] - 2


def test_what_a_supplier_owns_never_explains_the_supplier_away():
    # The place has the same complaints on half the exposure: without the rule it takes them all.
    shares = [[1.0, 1.0]] * 6
    rivals = fit(cells([1.0] * 6, shares, [0.4, 0.2], kind=[0, 1], expected_total=20.0))
    owned = fit(cells([1.0] * 6, shares, [0.4, 0.2], kind=[0, 1], expected_total=20.0, owner=np.array([-1, 0])))
    assert owned.ln_bf[0] > rivals.ln_bf[0] + 2
    assert owned.posterior[0] > 0.9
    assert owned.posterior[1] < 0.5


def test_more_complaints_never_lower_a_lone_source():
    values = [fit(cells([y], [[1.0]], [0.5], expected_total=50.0)).ln_bf[0] for y in (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)]
    assert values == sorted(values)
    assert values[0] < 0 < values[-1]


def test_clean_exposure_always_speaks_for_a_source():
    values = [fit(cells([2.0], [[1.0]], [x], expected_total=50.0)).ln_bf[0] for x in (0.01, 0.1, 1.0, 10.0)]
    assert values == sorted(values, reverse=True)


def test_the_offset_moves_the_odds_and_not_the_evidence():
    base = fit(cells([2.0], [[1.0]], [0.3], expected_total=50.0))
    moved = fit(cells([2.0], [[1.0]], [0.3], expected_total=50.0, offset=np.array([-3.0])))
    assert moved.posterior[0] < base.posterior[0]


def test_permuting_cells_and_sources_permutes_the_answer():
    c, _ = planted(5)
    rng = np.random.default_rng(0)
    row, col = rng.permutation(len(c.observed)), rng.permutation(len(c.exposure))
    other = Cells(c.observed[row], c.shares[row][:, col].tocsr(), c.exposure[col], c.kind[col], c.expected_total)
    a, b = fit(c), fit(other)
    np.testing.assert_allclose(a.ln_bf[col], b.ln_bf, atol=1e-6)
    np.testing.assert_allclose(a.explained[row], b.explained, atol=1e-6)


def test_the_same_input_gives_the_same_bytes():
    c, _ = planted(6)
    assert fit(c).ln_bf.tobytes() == fit(c).ln_bf.tobytes()


def test_collapsing_equal_cells_is_exact():
    c, _ = planted(7)
    small, row = collapse(c)
    assert small.shares.shape[0] < c.shares.shape[0]
    assert abs(small.shares[row] - c.shares).max() == 0
    assert small.observed.sum() == pytest.approx(c.observed.sum())
    zero, ones = np.zeros(len(c.exposure)), np.ones(len(c.observed))
    np.testing.assert_allclose(
        log_likelihoods(entries_of(c), ones, zero, c.exposure, PARAMS),
        log_likelihoods(entries_of(small), ones[: len(small.observed)], zero, c.exposure, PARAMS),
        atol=1e-9,
    )


def test_without_complaints_everybody_is_below_the_prior():
    got = fit(cells(np.zeros(0), np.zeros((0, 3)), [1.0, 0.0, 5.0], expected_total=6.0))
    assert np.isfinite(got.ln_bf).all()
    assert (got.ln_bf <= 0).all()
    assert got.ln_bf[1] == 0


def test_one_complaint_accuses_nobody_beyond_doubt():
    got = fit(cells([1.0], [[1.0, 0.0]], [0.1, 3.0], expected_total=30.0))
    assert 0 < got.posterior[0] < 0.9


def test_a_complaint_where_none_was_expected_is_finite():
    got = fit(cells([3.0, 1.0], [[1.0], [0.0]], [0.0], expected_total=0.0))
    assert np.isfinite([*got.ln_bf, *got.posterior, *got.attributed, got.background]).all()


def test_shares_above_one_are_carried():
    got = fit(cells([2.0, 2.0], [[0.9, 0.9], [3.0, 0.0]], [0.5, 0.5], expected_total=9.0))
    assert np.isfinite(got.ln_bf).all()
    assert got.attributed.sum() + got.background == pytest.approx(4.0, abs=1e-6)


def test_a_source_with_every_shop_is_the_background():
    rng = np.random.default_rng(4)
    y = rng.poisson(0.5, 400).astype(float)
    got = fit(cells(y, np.ones((400, 1)), [float(y.sum())], expected_total=float(y.sum())))
    assert got.posterior[0] < 0.05


def test_no_sources_at_all_is_no_error():
    got = fit(cells([1.0, 2.0], np.zeros((2, 0)), np.zeros(0), expected_total=3.0))
    assert got.background == pytest.approx(3.0)


def test_bad_arrays_are_refused_with_every_fault_named():
    with pytest.raises(ValueError, match=r"observed.*\n?.*expected_total"):
        Cells(np.array([-1.0]), sp.csr_matrix((1, 1)), np.array([1.0]), np.array([0]), float("nan"))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(0, 50), min_size=1, max_size=8),
    st.integers(1, 4),
    st.integers(0, 2**32 - 1),
    st.floats(0, 1e6),
)
def test_nothing_is_ever_nan(observed, sources, seed, scale):
    rng = np.random.default_rng(seed)
    shares = rng.random((len(observed), sources)) * (rng.random((len(observed), sources)) < 0.6)
    got = fit(cells(observed, shares, rng.random(sources) * scale, expected_total=scale * sources))
    for values in (got.ln_bf, got.posterior, got.phibar, got.attributed, got.prior):
        assert np.isfinite(values).all()
    assert got.attributed.sum() + got.background == pytest.approx(sum(observed), abs=1e-5)
