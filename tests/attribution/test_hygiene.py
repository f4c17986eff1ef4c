"""What a complaint weighs."""

import numpy as np
import pytest

from headwater.attribution.hygiene import bursts, default_weights, weights
from headwater.attribution.market import Complaints
from headwater.parameters.finding import HygieneParams


def complaints(shop, account, filed=None):
    shop, account = np.asarray(shop, dtype=np.int64), np.asarray(account, dtype=np.int64)
    zero = np.zeros(len(shop), dtype=np.int64)
    filed = zero if filed is None else np.asarray(filed, dtype=np.int64)
    return Complaints(shop, zero, zero - 1, zero - 1, account, zero, filed, np.zeros(len(shop)))


def test_by_default_an_account_sums_to_one_complaint():
    got = default_weights(complaints([1, 1, 2, 3], [7, 7, 7, 8]), HygieneParams())
    assert got == pytest.approx([1 / 3, 1 / 3, 1 / 3, 1.0])


def test_a_burst_counts_other_accounts_on_the_shop_within_the_days():
    c = complaints([1, 1, 1, 1, 2], [1, 2, 2, 3, 4], [10, 12, 13, 30, 12])
    assert bursts(c, 5).tolist() == [2.0, 1.0, 1.0, 0.0, 0.0]
    assert bursts(complaints([], []), 5).tolist() == []


def market_with(attack_accounts, per_account, seed=0):
    """200 genuine single complaints on 20 guilty shops, an attack on 5 other shops."""
    rng = np.random.default_rng(seed)
    genuine = rng.integers(0, 20, 200)
    attack = 100 + rng.integers(0, 5, attack_accounts * per_account)
    account = np.r_[np.arange(200), 1000 + np.repeat(np.arange(attack_accounts), per_account)]
    c = complaints(np.r_[genuine, attack], account, rng.integers(0, 90, len(account)))
    return c, np.r_[np.zeros(200, bool), np.ones(len(attack), bool)]


def guilty_shops(c):
    """A stand-in for the model: it has learnt that shops below 20 share a guilty source; 5 % of orders are theirs."""
    return lambda train: (np.where(c.shop < 20, 0.9, 0.02), 0.06)


@pytest.mark.parametrize(("accounts", "each"), [(3, 20), (30, 2)])
def test_uncorroborated_accounts_lose_their_weight(accounts, each):
    c, false = market_with(accounts, each)
    got = weights(c, guilty_shops(c))
    assert got[false].mean() < 0.1
    assert got[~false].mean() > 0.9


def test_a_heavy_complainer_who_is_right_keeps_the_weight():
    c, _ = market_with(3, 20)
    right = complaints(
        np.r_[c.shop, np.arange(15)], np.r_[c.account, np.full(15, 5000)], np.r_[c.filed, np.full(15, 3)]
    )
    got = weights(right, guilty_shops(right))
    assert got[-15:].mean() > 0.7
    assert default_weights(right, HygieneParams())[-15:].mean() < 0.1


def test_too_few_complaints_to_learn_from_keep_the_default():
    c = complaints([1, 1, 2], [1, 1, 2])
    assert weights(c, guilty_shops(c)).tolist() == default_weights(c, HygieneParams()).tolist()


def test_no_complaints_have_no_weights():
    c = complaints([], [])
    assert weights(c, guilty_shops(c)).shape == (0,)


def test_weights_do_not_depend_on_the_order_of_rows():
    c, _ = market_with(30, 2)
    turn = np.random.default_rng(1).permutation(len(c.shop))
    mixed = complaints(c.shop[turn], c.account[turn], c.filed[turn])
    np.testing.assert_allclose(weights(c, guilty_shops(c))[turn], weights(mixed, guilty_shops(mixed)), atol=1e-9)


def test_no_complaint_weighs_more_than_one_or_nothing():
    c, _ = market_with(30, 2)
    got = weights(c, guilty_shops(c))
    assert got.min() >= HygieneParams().minimum
    assert got.max() <= 1
