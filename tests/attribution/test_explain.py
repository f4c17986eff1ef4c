"""A rank's explanation adds up, and says what each shop is worth."""

import numpy as np
import pytest
import scipy.sparse as sp

from headwater.attribution.cells import Cells, entries_of
from headwater.attribution.explain import QUALIFIER, REST, SHOP, explain
from headwater.attribution.spike_slab import bayes_factors, fit
from headwater.attribution.sweeps import log_likelihoods
from headwater.parameters.finding import ExplainParams, SpikeSlabParams


def example(seed=0, shops=30, sources=8):
    """Complaint cells, each of one shop; exposure of every shop through every source, also of clean shops."""
    rng = np.random.default_rng(seed)
    flow = rng.gamma(0.5, 0.1, (shops, sources)) * (rng.random((shops, sources)) < 0.5)
    share = flow / np.maximum(flow.sum(axis=1, keepdims=True), 1e-9)
    shop = np.sort(rng.integers(0, shops // 2, 40))
    observed = rng.choice([0.5, 1.0, 2.0], 40)
    cells = Cells(
        observed, sp.csr_matrix(share[shop]), flow.sum(axis=0), np.zeros(sources, dtype=np.int64), float(flow.sum())
    )
    return cells, shop, sp.csr_matrix(flow)


@pytest.mark.parametrize("seed", range(4))
def test_the_contributions_add_up_to_the_bayes_factor(seed):
    cells, shop, flow = example(seed)
    got = fit(cells)
    why = explain(cells, got, shop, flow, np.arange(8), params=ExplainParams(top=5))
    sums = np.bincount(why.source, weights=why.contribution, minlength=8)
    np.testing.assert_allclose(sums, got.ln_bf, atol=1e-6)


def test_the_qualifier_is_minus_the_divergence_of_slab_and_posterior():
    cells, shop, flow = example(1)
    got = fit(cells)
    loglik = log_likelihoods(entries_of(cells), got.explained, got.phibar, got.exposure, SpikeSlabParams())
    _, q = bayes_factors(loglik, SpikeSlabParams().log_weights)
    kl = (q * (np.log(np.maximum(q, 1e-300)) - SpikeSlabParams().log_weights)).sum(axis=1)
    why = explain(cells, got, shop, flow, np.arange(8))
    np.testing.assert_allclose(why.contribution[why.kind == QUALIFIER], -kl, atol=1e-6)
    assert (why.contribution[why.kind == QUALIFIER] <= 1e-9).all()


def test_without_a_shop_is_the_fit_that_never_saw_it():
    cells, shop, flow = example(2)
    got = fit(cells)
    why = explain(cells, got, shop, flow, np.array([3]))
    row = np.flatnonzero((why.kind == SHOP) & (why.observed > 0))[0]
    gone = why.shop[row]
    keep = shop != gone
    rest = Cells(cells.observed[keep], cells.shares[keep], cells.exposure, cells.kind, cells.expected_total)
    exposure = got.exposure - got.scale * flow[gone].toarray()[0]
    loglik = log_likelihoods(entries_of(rest), got.explained[keep], got.phibar, exposure, SpikeSlabParams())
    expected = bayes_factors(loglik, SpikeSlabParams().log_weights)[0][3]
    assert why.ln_bf_without[row] == pytest.approx(expected, abs=1e-8)


def test_observed_and_expected_of_a_source_add_up_over_its_rows():
    cells, shop, flow = example(3)
    got = fit(cells)
    why = explain(cells, got, shop, flow, np.arange(8), params=ExplainParams(top=3))
    observed = np.bincount(why.source, weights=why.observed, minlength=8)
    expected = np.bincount(why.source, weights=why.expected, minlength=8)
    np.testing.assert_allclose(observed, cells.shares.T @ cells.observed, atol=1e-9)
    np.testing.assert_allclose(expected, got.exposure, atol=1e-9)
    assert (why.kind == REST).any()


def test_a_clean_shop_speaks_against_and_a_shop_with_complaints_for():
    cells = Cells(np.array([4.0]), sp.csr_matrix([[1.0]]), np.array([0.6]), np.array([0]), 5.0)
    got = fit(cells)
    why = explain(
        cells, got, np.array([7]), sp.csr_matrix(([0.1, 0.5], ([7, 9], [0, 0])), shape=(10, 1)), np.array([0])
    )
    by_shop = dict(zip(why.shop.tolist(), why.contribution.tolist(), strict=True))
    assert by_shop[7] > 0 > by_shop[9]


def test_a_source_without_evidence_is_explained_by_nothing():
    cells = Cells(np.array([4.0]), sp.csr_matrix([[1.0, 0.0]]), np.array([0.6, 0.0]), np.array([0, 0]), 5.0)
    why = explain(cells, fit(cells), np.array([0]), sp.csr_matrix(([0.6], ([0], [0])), shape=(3, 2)), np.array([1]))
    assert why.kind.tolist() == [QUALIFIER]
    assert why.contribution[0] == pytest.approx(0.0, abs=1e-9)
