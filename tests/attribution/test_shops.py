"""Shops on Spark: the frames around the kernel that test_gamma_poisson proves."""

from datetime import date

import numpy as np
import pytest

from headwater.attribution import gamma_poisson
from headwater.attribution.shops import fit_mixture, shop_counts, shops, squashed, with_lift
from headwater.parameters.attribution import Shrinkage

NIGHT = date(2026, 11, 22)
PARAMS = Shrinkage()
SUBJECTS = "seller_id string, observed double, expected double"


@pytest.fixture(scope="module")
def subjects(spark):
    rng = np.random.default_rng(5)
    expected = rng.gamma(0.5, 2.0, 400).round(4)
    observed = rng.poisson(expected * np.where(rng.random(400) < 0.1, 12, 0.6)).astype(float)
    rows = [(f"s{i:03}", float(y), float(e)) for i, (y, e) in enumerate(zip(observed, expected, strict=True))]
    return spark.createDataFrame([*rows, ("none", 0.0, 0.0)], SUBJECTS)


def test_squashing_keeps_all_subjects_complaints_and_expectations(subjects):
    cells, all_rows = squashed(subjects, PARAMS).toPandas(), subjects.toPandas()
    assert cells["count"].sum() == len(all_rows)
    assert (cells["observed"] * cells["count"]).sum() == all_rows["observed"].sum()
    assert (cells["expected"] * cells["count"]).sum() == pytest.approx(all_rows["expected"].sum(), rel=1e-9)
    assert len(cells) < len(all_rows)


def test_the_fit_and_the_lift_do_not_depend_on_the_order_of_rows(subjects):
    shuffled = subjects.orderBy("observed").repartition(3)
    mixture = fit_mixture(subjects, PARAMS)
    assert mixture == fit_mixture(shuffled, PARAMS)
    one, two = (
        with_lift(f, mixture, 0.05, ("ebgm", "eb05")).toPandas().sort_values("seller_id", ignore_index=True)
        for f in (subjects, shuffled)
    )
    assert one.equals(two)
    kernel = gamma_poisson.quantile(mixture, one["observed"].to_numpy(), one["expected"].to_numpy(), 0.05)
    assert np.allclose(one["eb05"], kernel, atol=1e-9)


def test_better_evidence_ranks_higher(spark, subjects):
    """Twice the complaints on the same orders, or the same complaints on half the orders: more suspected."""
    pairs = [("few", 2.0, 1.0), ("many", 4.0, 1.0), ("same", 4.0, 2.0), ("large", 40.0, 10.0)]
    frame = with_lift(spark.createDataFrame(pairs, SUBJECTS), fit_mixture(subjects, PARAMS), 0.05, ("ebgm", "eb05"))
    low = {r["seller_id"]: r["eb05"] for r in frame.collect()}
    assert low["many"] > low["few"]
    assert low["many"] > low["same"]
    assert low["large"] > low["many"]


def test_a_shop_is_counted_whether_it_has_orders_or_complaints(spark):
    cells = spark.createDataFrame(
        [("a", 10, 5, 3 * 10**11), ("a", 5, 0, 10**11)],
        "seller_id string, orders bigint, value_minor bigint, expected_pico bigint",
    )
    complaints = spark.createDataFrame(
        [("a", 2, 1500), ("b", 1, 1000)], "seller_id string, complaints bigint, weight_milli bigint"
    )
    rows = {r["seller_id"]: r for r in shop_counts(cells, complaints).collect()}
    assert (rows["a"]["orders"], rows["a"]["complaints"], rows["a"]["observed"], rows["a"]["expected"]) == (
        15,
        2,
        1.5,
        0.4,
    )
    assert (rows["b"]["orders"], rows["b"]["expected"], rows["b"]["observed"]) == (0, 0.0, 1.0)


def test_shops_are_ranked_by_eb05_and_carry_what_their_sources_say(spark):
    numbers = "orders bigint, value_minor bigint, complaints bigint, observed double, expected double, ebgm double, eb05 double"
    lifted = spark.createDataFrame(
        [(s, "O1", 1, 1, 1, 1.0, 0.1, 5.0, eb05) for s, eb05 in (("a", 2.0), ("b", 3.0))],
        f"seller_id string, operator_id string, {numbers}",
    )
    said = spark.createDataFrame([("a", 0.7, "S1")], "seller_id string, probability double, main_source_id string")
    rows = {r["seller_id"]: r for r in shops(lifted, said, NIGHT).collect()}
    assert [rows["b"]["rank"], rows["a"]["rank"]] == [1, 2]
    assert (rows["a"]["probability"], rows["a"]["main_source_id"]) == (0.7, "S1")
    assert (rows["b"]["probability"], rows["b"]["main_source_id"]) == (None, None)
