"""Places, companies and refused values of a night of the planted marketplace, against its truth."""

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from pyspark.sql import functions as F

from headwater.store import Lake
from headwater.tables.clean import CLEAN_ADDRESSES, CLEAN_SUPPLIERS
from headwater.tables.model import ORDER_EXPOSURE, PLACES, SUPPLIERS, VALUES_REFUSED


@pytest.fixture(scope="module")
def lake(spark, small_lake):
    return Lake(spark, small_lake)


@pytest.fixture(scope="module")
def truth(small_lake):
    folder = Path(small_lake.paths.landing).parent / "truth"
    return {file.stem: pq.read_table(file).to_pandas() for file in folder.glob("*.parquet")}


def pairs(*labels: pd.Series) -> int:
    """Pairs of rows that agree in all labels."""
    size = pd.concat(labels, axis=1).value_counts()
    return int((size * (size - 1) // 2).sum())


def test_every_supplier_id_has_a_company_and_companies_are_the_planted_ones(lake, truth):
    found = lake.read(SUPPLIERS).toPandas()
    named = lake.read(ORDER_EXPOSURE).where("supplier_id is not null").select("supplier_id").distinct().toPandas()
    assert set(named["supplier_id"]) <= set(found["supplier_id"])
    both = found.merge(truth["suppliers"].rename(columns={"company_id": "true_company"}), on="supplier_id")
    assert pairs(both["company_id"], both["true_company"]) == pairs(both["company_id"]), "two companies as one"
    assert pairs(both["company_id"], both["true_company"]) >= 0.8 * pairs(both["true_company"])


def test_places_join_what_is_one_place_and_nothing_else(lake, truth):
    found = lake.read(PLACES).toPandas()
    both = found.merge(truth["addresses"].rename(columns={"place_id": "true_place"}), on="address_id")
    told = both[both["precision"] != "city"]
    true = told["true_place"] + "|" + told["precision"]
    agreed = pairs(told["place_id"], true.rename("true"))
    assert agreed >= 0.97 * pairs(told["place_id"])
    assert agreed >= 0.8 * pairs(true)
    assert not both[both["precision"] == "city"]["may_be_source"].any()


def test_a_supplier_and_a_shop_at_one_place_say_so(lake):
    suppliers = (
        lake.read(SUPPLIERS).where("unit_key is not null or building_key is not null").select("place_id").distinct()
    )
    shared = lake.read(PLACES).join(suppliers, on="place_id", how="left_semi")
    assert shared.where("role = 'dispatch'").select("place_id").distinct().count() > suppliers.count() // 2


def test_every_row_of_a_feed_has_a_value_or_is_counted_as_refused(lake):
    refused = lake.read(VALUES_REFUSED).groupBy("feed", "kind").agg(F.sum("rows").alias("n")).collect()
    counts = {(r["feed"], r["kind"]): r["n"] for r in refused}
    addresses = lake.read(CLEAN_ADDRESSES).count()
    assert 0 < counts["addresses", "phone"] < addresses
    silent = lake.read(PLACES).where("reason is not null").count()
    assert counts.get(("addresses", "address"), 0) == silent
    numbers = lake.read(SUPPLIERS).where("registration_no is not null").count()
    assert counts["suppliers", "registration_no"] == lake.read(CLEAN_SUPPLIERS).count() - numbers
