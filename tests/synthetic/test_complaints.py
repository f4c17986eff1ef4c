"""Complaints: about orders that exist, at the rates asked for, late, in many tongues, and some of them bought."""

import numpy as np
import pandas as pd
import pytest

from headwater.landing.lexicon import Lexicon
from headwater.synthetic import MarketplaceParams, MarketplaceSummary, synthesise
from headwater.synthetic.rates import base_rates
from headwater.synthetic.texts import LANGUAGES, REASONS, complaint_texts
from headwater.synthetic.vocabulary import CATEGORIES

from .reading import feed, truth


@pytest.fixture(scope="module")
def loud(tmp_path_factory: pytest.TempPathFactory) -> MarketplaceSummary:
    """A marketplace with enough complaints to measure shares on."""
    params = MarketplaceParams(
        orders=60_000,
        shops=400,
        suppliers=100,
        guilty=12,
        base_rate=0.01,
        fake_rate=0.3,
        malicious_share=0.24,
        orphans=0.02,
    )
    return synthesise(tmp_path_factory.mktemp("loud"), params)


def joined(out) -> pd.DataFrame:
    complaints = feed(out / "landing" / "complaints")
    return complaints.merge(truth(out, "complaints"), on="complaint_id", suffixes=("", "_true"), validate="one_to_one")


def test_every_complaint_is_about_an_order_that_exists_unless_planted_otherwise(loud):
    rows = joined(loud.out)
    known = rows.order_id.isin(feed(loud.out / "landing" / "orders").order_id)
    assert (known == ~rows.orphan).all()
    assert rows.orphan.mean() == pytest.approx(0.02, abs=0.012)
    assert (rows.order_id == rows.order_id_true)[~rows.orphan].all()


def test_hints_agree_with_the_order(loud):
    rows = joined(loud.out)
    rows = rows[~rows.orphan].assign(line_no=lambda frame: frame.line_no_true.astype(str))
    both = rows.merge(feed(loud.out / "landing" / "orders"), on=["order_id", "line_no"], suffixes=("", "_order"))
    assert len(both) == len(rows)
    for hint in ("seller_id", "ordered_at"):
        told = both[both[hint] != ""]
        assert (told[hint] == told[f"{hint}_order"]).all()
        assert 0.6 < len(told) / len(both) < 0.8
    assert (both.filed_at > both.ordered_at_order).all()
    buyers = both[both.complainant_kind.isin(["", "buyer"])]
    assert (buyers.complainant_id == buyers.buyer_id).all()


def test_genuine_complaints_are_about_fakes_and_mistaken_ones_are_not(loud):
    rows = joined(loud.out).merge(
        truth(loud.out, "orders"), left_on=["order_id_true", "line_no_true"], right_on=["order_id", "line_no"]
    )
    assert rows[rows.kind == "genuine"].fake.all()
    assert not rows[rows.kind.isin(["mistaken", "malicious"])].fake.any()


def test_shares_of_kinds_are_as_asked(loud):
    kinds = loud.complaints
    counterfeit = kinds["genuine"] + kinds["mistaken"] + kinds["malicious"]
    assert kinds["malicious"] / counterfeit == pytest.approx(0.24, abs=0.04)
    orders = truth(loud.out, "orders")
    # the gamma delay hides what is still to come: about 11 % of a window of 90 days at a mean of 10 days
    assert kinds["mistaken"] / (~orders.fake).sum() == pytest.approx(0.01 * 0.89, rel=0.15)
    assert kinds["genuine"] / orders.fake.sum() == pytest.approx(0.3 * 0.89, rel=0.15)


def test_late_orders_look_clean_because_complaints_take_time(loud):
    rows = joined(loud.out)
    rows = rows[rows.kind.isin(["genuine", "mistaken"])]
    orders = truth(loud.out, "orders").merge(
        feed(loud.out / "landing" / "orders")[["order_id", "ordered_at"]].drop_duplicates("order_id"), on="order_id"
    )
    days = orders.ordered_at.str[:10].value_counts()
    ordered = rows.order_id_true.map(orders.drop_duplicates("order_id").set_index("order_id").ordered_at).str[:10]
    rate = (ordered.value_counts().reindex(days.index).fillna(0) / days).sort_index()
    assert rate.iloc[-5:].mean() < 0.4 * rate.iloc[20:60].mean()
    assert feed(loud.out / "landing" / "complaints").filed_at.max() < "2026-11-23"


def test_attacks_come_from_few_accounts_or_from_many_with_two_complaints_each(tmp_path):
    sizes = {}
    for few in (0.0, 1.0):
        params = MarketplaceParams(
            orders=20_000, shops=100, suppliers=40, guilty=4, few_accounts=few, malicious_share=0.5, repeated=0
        )
        synthesise(tmp_path / str(few), params)
        rows = joined(tmp_path / str(few))
        sizes[few] = rows[rows.kind == "malicious"].complainant_id.value_counts()
    assert sizes[0.0].max() <= 2
    assert 3 < sizes[1.0].max() <= 5


def test_an_attack_is_a_burst_on_one_honest_shop(loud):
    rows = joined(loud.out)
    orders = feed(loud.out / "landing" / "orders").assign(line=lambda frame: frame.line_no.astype(int))
    rows = rows[rows.kind == "malicious"].merge(
        orders, left_on=["order_id_true", "line_no_true"], right_on=["order_id", "line"], suffixes=("", "_order")
    )
    operators = truth(loud.out, "operators").set_index("seller_id")
    assert not operators.guilty.reindex(rows.seller_id_order).any()
    # fourteen complaints within five days, against a few in three months
    per_shop = rows.groupby("seller_id_order").complaint_id.nunique()
    assert per_shop.median() >= 10


def test_texts_tell_the_reason_in_the_language_of_the_destination(loud):
    rows = joined(loud.out)
    chinese = rows[rows.text.str.contains("假|仿冒")]
    assert len(chinese)
    assert set(chinese.reason_code) <= {"counterfeit", ""}
    german = rows[rows.text.str.contains("Fälschung|gefälscht|Plagiat")]
    assert set(german.reason_code) <= {"counterfeit", ""}
    assert set(german.kind) <= {"genuine", "mistaken", "malicious"}
    assert rows.text.str.contains("\n").any()
    assert rows.text.str.contains('"').any()
    assert (rows.reason_code == "").mean() == pytest.approx(0.15, abs=0.03)
    assert (rows[rows.reason_code == ""].text != "").all()


def test_every_language_tells_a_counterfeit_to_the_lexicon_and_nothing_else_as_one():
    """However a text is opened and closed."""
    reads = Lexicon.load()
    rng = np.random.default_rng(0)
    for language, tongue in enumerate(LANGUAGES):
        for reason, name in enumerate(REASONS):
            texts = complaint_texts(rng, np.full(300, reason), np.full(300, language))
            assert len(texts.unique()) > 25
            said = set(reads.is_counterfeit(texts).to_pylist())
            assert said == {name == "counterfeit"}, (tongue, name)


def test_a_twentieth_writes_in_a_language_from_abroad(loud):
    texts = joined(loud.out).text
    texts = texts[texts != ""]
    letters = {"pt": "[ãõ]|artigo|danific|racha", "ru": "[а-я]", "ar": "[ا-ي]", "ja": "[ぁ-ん]", "ko": "[가-힣]"}
    share = {tongue: texts.str.contains(some).mean() for tongue, some in letters.items()}
    assert all(0.004 < part < 0.025 for part in share.values()), share


def test_base_rates_average_to_the_rate_asked_for_and_drift():
    params = MarketplaceParams(drift=0.5)
    weights = [category.weight for category in CATEGORIES]
    middle = base_rates(params, params.days / 2)
    assert sum(middle * weights) / sum(weights) == pytest.approx(params.base_rate)
    early, late = base_rates(params, 0), base_rates(params, params.days)
    assert (late > early).any()
    assert (late < early).any()
    assert base_rates(MarketplaceParams(drift=0), 0) == pytest.approx(base_rates(MarketplaceParams(drift=0), 80))
