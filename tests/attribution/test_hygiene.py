"""What a complaint weighs."""

import numpy as np
import pytest

from headwater.attribution.hygiene import account_ages, bursts, default_weights, shops_of_account, surprise, weights
from headwater.attribution.market import Complaints
from headwater.parameters.finding import HygieneParams


def complaints(shop, account, filed=None):
    shop, account = np.asarray(shop, dtype=np.int64), np.asarray(account, dtype=np.int64)
    zero = np.zeros(len(shop), dtype=np.int64)
    filed = zero if filed is None else np.asarray(filed, dtype=np.int64)
    return Complaints(shop, zero, zero - 1, zero - 1, account, zero, filed, np.zeros(len(shop)))


def test_by_default_an_account_sums_to_one_complaint():
    got = default_weights(complaints([1, 1, 2, 3], [7, 7, 7, 8]), 0.0, HygieneParams())
    assert got == pytest.approx([1 / 3, 1 / 3, 1 / 3, 1.0])


def test_a_burst_counts_other_accounts_on_the_shop_within_the_days():
    c = complaints([1, 1, 1, 1, 2], [1, 2, 2, 3, 4], [10, 12, 13, 30, 12])
    assert bursts(c, 5).tolist() == [2.0, 1.0, 1.0, 0.0, 0.0]
    assert bursts(complaints([], []), 5).tolist() == []


def test_a_burst_surprises_by_what_the_shops_orders_let_expect():
    c = complaints([1, 1, 1, 2], [1, 2, 3, 4], [10, 12, 13, 89])
    burst = bursts(c, 5)
    quiet, busy = surprise(c, burst, 0.0, 5), surprise(c, burst, np.array([90.0, 90.0, 90.0, 0.0]), 5)
    assert quiet == pytest.approx(np.log1p([2, 2, 2, 0]))
    assert busy == pytest.approx([np.log(3 / 12)] * 3 + [0.0]), "eleven of ninety days"
    assert shops_of_account(complaints([1, 2, 2, 3], [7, 7, 7, 8])).tolist() == [2, 2, 2, 1]


def test_what_people_found_teaches_what_complaints_like_it_are_worth():
    """Attackers who file two each; the model believes them, people looked at half of the shops and found nothing."""
    c, false = market_with(30, 2)
    fooled = lambda train: (np.full(len(c.shop), 0.9), 0.06)  # noqa: E731
    judged = np.where(false & (c.shop < 103), 0.0, np.nan)
    before, after = weights(c, fooled, 0.0), weights(c, fooled, 0.0, judged)
    unseen = false & (c.shop >= 103)
    assert before[unseen].mean() > 0.9
    assert after[unseen].mean() < before[unseen].mean() - 0.1


def test_an_account_is_as_old_as_its_complaints_are_apart():
    c = complaints([1, 2, 3, 4, 5], [7, 7, 9, 7, 8], [10, 70, 3, 40, 5])
    assert account_ages(c).tolist() == [60.0, 60.0, 0.0, 60.0, 0.0]
    assert account_ages(complaints([], [])).tolist() == []


def test_accounts_as_old_as_those_that_people_found_wrong_lose_weight():
    """Accounts with four complaints on four shops, of one day or of a quarter; the model believes both, people looked at half."""
    each = 4
    account = np.repeat(np.arange(200), each)
    shop = account * each + np.tile(np.arange(each), 200)
    of_a_day = account < 100
    filed = np.where(of_a_day, account % 80, np.tile([0, 30, 60, 88], 200))
    single = 10_000 + np.arange(100)
    c = complaints(np.r_[shop, single], np.r_[account, single], np.r_[filed, single % 89])
    fooled = lambda train: (np.full(len(c.shop), 0.9), 0.06)  # noqa: E731
    judged = np.where(account % 2 == 1, np.nan, np.where(of_a_day, 0.0, 1.0))
    got = weights(c, fooled, 0.0, np.r_[judged, np.full(100, np.nan)])[: len(account)]
    unseen = account % 2 == 1
    assert got[unseen & ~of_a_day].mean() > got[unseen & of_a_day].mean() + 0.1


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
    got = weights(c, guilty_shops(c), 0.0)
    assert got[false].mean() < 0.1
    assert got[~false].mean() > 0.9


def test_a_heavy_complainer_who_is_right_keeps_the_weight():
    c, _ = market_with(3, 20)
    right = complaints(
        np.r_[c.shop, np.arange(15)], np.r_[c.account, np.full(15, 5000)], np.r_[c.filed, np.full(15, 3)]
    )
    got = weights(right, guilty_shops(right), 0.0)
    assert got[-15:].mean() > 0.7
    assert default_weights(right, 0.0, HygieneParams())[-15:].mean() < 0.1


def test_too_few_complaints_to_learn_from_keep_the_default():
    c = complaints([1, 1, 2], [1, 1, 2])
    assert weights(c, guilty_shops(c), 0.0).tolist() == default_weights(c, 0.0, HygieneParams()).tolist()


def test_where_not_even_single_complaints_are_corroborated_nothing_is_learnt_and_the_default_stands():
    c, _ = market_with(30, 2)
    deaf = lambda train: (np.full(len(c.shop), 0.02), 0.023)  # noqa: E731
    np.testing.assert_array_equal(weights(c, deaf, 0.0), default_weights(c, 0.0, HygieneParams()))


def test_bursts_that_a_shops_orders_let_expect_teach_as_single_complaints_do():
    c = complaints(np.repeat(np.arange(30), 9), np.arange(270), np.tile(np.arange(9) * 10, 30))
    taught = []
    for due in (0.0, 9.0):
        weights(
            c,
            lambda train: (taught.append(train), (np.full(len(train), 0.5), 0.1))[1],
            due,
            None,
            HygieneParams(burst_days=10),
        )
    alone, expected = (sum(taught[at : at + 4]) / 3 for at in (0, 4))
    assert alone.max() < 0.51
    assert expected.min() > 0.7


def test_no_complaints_have_no_weights():
    c = complaints([], [])
    assert weights(c, guilty_shops(c), 0.0).shape == (0,)


def test_weights_do_not_depend_on_the_order_of_rows():
    c, _ = market_with(30, 2)
    turn = np.random.default_rng(1).permutation(len(c.shop))
    mixed = complaints(c.shop[turn], c.account[turn], c.filed[turn])
    np.testing.assert_allclose(
        weights(c, guilty_shops(c), 0.0)[turn], weights(mixed, guilty_shops(mixed), 0.0), atol=1e-9
    )


def test_no_complaint_weighs_more_than_one_or_nothing():
    c, _ = market_with(30, 2)
    got = weights(c, guilty_shops(c), 0.0)
    assert got.min() >= HygieneParams().minimum
    assert got.max() <= 1
