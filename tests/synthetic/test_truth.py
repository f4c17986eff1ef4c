"""The truth is consistent: what it names is in the feeds, and what was asked for is what was planted."""

import pandas as pd
import pytest

from headwater.feeds import FEEDS
from headwater.synthetic import MarketplaceParams, synthesise

from .reading import feed, truth

ASKED = {
    "placeholder_phones": ("operators", "placeholder_phone"),
    "placeholder_emails": ("operators", "placeholder_email"),
    "agent_phones": ("operators", "agent_phone"),
    "return_centres": ("operators", "return_centre"),
    "hall_shops": ("operators", "market_stall"),
    "drop_shippers": ("operators", "drop_shipper"),
}


@pytest.fixture(scope="module")
def params():
    return MarketplaceParams(
        orders=10_000,
        shops=1_500,
        suppliers=400,
        guilty=40,
        days=30,
        verdicts=200,
        feeds_extra=True,
        double_ids=0.1,
        placeholder_phones=0.1,
        placeholder_emails=0.1,
        hall_shops=0.1,
        moving=0.2,
        re_emerging=0.2,
        orphans=0.02,
    )


@pytest.fixture(scope="module")
def out(params, tmp_path_factory):
    folder = tmp_path_factory.mktemp("truth")
    synthesise(folder, params)
    return folder


@pytest.fixture(scope="module")
def feeds(out):
    return {name: feed(out / "landing" / name) for name in FEEDS}


def digits(phones: pd.Series) -> pd.Series:
    return phones.str.replace(r"\D", "", regex=True).str[-9:]


def test_all_ten_feeds_are_written_with_the_columns_of_the_contract(feeds):
    for name, rows in feeds.items():
        assert set(rows.columns) <= {field.name for field in FEEDS[name].fields}, name
        assert set(FEEDS[name].required_columns) <= set(rows.columns), name
        assert len(rows) > 0
        assert not rows.duplicated(list(FEEDS[name].key)).any(), name


def test_every_id_of_the_truth_is_in_the_feeds(out, feeds):
    assert set(truth(out, "operators").seller_id) == set(feeds["sellers"].seller_id)
    assert set(truth(out, "addresses").address_id) == set(feeds["addresses"].address_id)
    suppliers = truth(out, "suppliers").merge(truth(out, "sources"), on=["supplier_id", "source_id"])
    assert set(suppliers[~suppliers.unlisted].supplier_id) == set(feeds["suppliers"].supplier_id)
    assert set(truth(out, "complaints").complaint_id) == set(feeds["complaints"].complaint_id)
    orders = truth(out, "orders").astype({"line_no": str})
    assert set(zip(orders.order_id, orders.line_no, strict=True)) == set(
        zip(feeds["orders"].order_id, feeds["orders"].line_no, strict=True)
    )
    assert set(orders.supplier_id) <= set(truth(out, "suppliers").supplier_id)
    for name in ("addresses", "sources", "trade", "orders"):
        assert set(truth(out, name).place_id) <= set(truth(out, "places").place_id), name


def test_as_many_are_guilty_as_were_asked_for(out, params):
    sources, places = truth(out, "sources"), truth(out, "places")
    assert sources[sources.guilty].source_id.nunique() == params.guilty
    assert sources.source_id.nunique() == params.suppliers
    assert set(places[places.guilty].place_id) == set(sources[sources.guilty].place_id)
    assert set(places[places.guilty].kind) == {"supplier"}
    assert sources[sources.moves].source_id.nunique() == round(params.moving * params.guilty)
    assert sources[sources.re_emerges].source_id.nunique() == round(params.re_emerging * params.guilty)
    honest = sources[~sources.guilty].drop_duplicates("source_id")
    assert honest.discounter.mean() == pytest.approx(params.honest_discounters, abs=0.03)
    assert honest[honest.discounter].price_level.max() < honest[~honest.discounter].price_level.median()
    fed = truth(out, "trade").merge(sources[sources.guilty], on="supplier_id").seller_id
    operators = truth(out, "operators")
    assert set(operators[operators.guilty].seller_id) == set(fed)


@pytest.mark.parametrize("dial", ASKED)
def test_the_share_of_each_trap_is_as_asked(out, params, dial):
    table, column = ASKED[dial]
    assert truth(out, table)[column].mean() == pytest.approx(getattr(params, dial), abs=0.025)


def test_what_the_shops_of_an_operator_share_and_what_strangers_share(out, feeds):
    sellers = feeds["sellers"].merge(truth(out, "operators"), on="seller_id")
    for column in ("payee_id", "registration_no", "email"):
        told = sellers[(sellers[column] != "") & ~(sellers.placeholder_email & (column == "email"))]
        owners = told.groupby(column).operator_id.nunique()
        assert (owners == 1).all(), f"{column}: only shops of one operator share it"
        assert told[column].duplicated().sum() > 20
    phone = digits(sellers.phone)
    own = sellers[~sellers.agent_phone & ~sellers.placeholder_phone].assign(digits=phone)
    assert (own.groupby("digits").operator_id.nunique() == 1).all()
    agents = sellers[sellers.agent_phone & ~sellers.placeholder_phone].assign(digits=phone)
    assert (agents.groupby("digits").operator_id.nunique() > 3).all()
    for flag, column in (("placeholder_phone", "phone"), ("placeholder_email", "email")):
        strangers = sellers[sellers[flag]].groupby(column).operator_id.nunique()
        assert strangers.min() > 3, flag


def test_a_contact_with_a_unit_ties_the_shops_of_an_operator(out, feeds):
    addresses = (
        feeds["addresses"].merge(truth(out, "addresses"), on="address_id").merge(truth(out, "places"), on="place_id")
    )
    rows = addresses.merge(truth(out, "operators"), on="seller_id")
    rows = rows[(rows.role_x == "return") & (rows.precision == "unit") & (rows.contact_name != "")]
    same = rows.groupby(["contact_name", "place_id"]).agg(
        shops=("seller_id", "nunique"), who=("operator_id", "nunique")
    )
    assert (same.shops > 1).sum() > 5
    assert (same.who == 1).all()


def test_two_ids_of_one_company_agree_in_number_or_in_name_and_phone(out, feeds):
    true = truth(out, "suppliers")
    doubled = true[true.duplicated("company_id", keep=False)]
    assert len(doubled) == 2 * round(0.1 * 400)
    rows = feeds["suppliers"].merge(doubled, on="supplier_id")
    for _, pair in rows.groupby("company_id"):
        if len(pair) < 2:
            continue  # not listed
        number = pair.registration_no.iloc[0]
        same_number = number != "" and pair.registration_no.nunique() == 1
        assert same_number != (digits(pair.phone).nunique() == 1)
        assert pair.name.str.split().str[:3].str.join(" ").nunique() == 1
    assert doubled.supplier_id.isin(truth(out, "orders").supplier_id).mean() > 0.5, "shops use both"
    # who came back under a new id shares nothing with the old one on paper, though it is one source
    others = feeds["suppliers"].merge(true[~true.company_id.isin(doubled.company_id)], on="supplier_id")
    for column in ("name", "phone"):
        assert not others[column].duplicated().any()


def test_a_distributor_deals_in_more_than_a_producer(out, feeds):
    orders = feeds["orders"].astype({"line_no": int})[["order_id", "line_no", "category", "brand"]]
    sold = (
        truth(out, "orders").merge(orders, on=["order_id", "line_no"]).merge(truth(out, "suppliers"), on="supplier_id")
    )
    sold = sold[(sold.category != "") & (sold.brand != "")].assign(brand=lambda frame: frame.brand.str.lower())
    range_of = sold.groupby(["role", "company_id"])[["category", "brand"]].nunique()
    assert range_of.loc["producer"].max().tolist() == [1, 2]
    assert range_of.loc["distributor"].mean().min() > 2
    trade = truth(out, "trade").merge(truth(out, "suppliers"), on="supplier_id")
    shops = trade[~trade.guilty].groupby(["role", "company_id"]).seller_id.nunique().groupby("role").mean()
    assert shops["distributor"] > 2 * shops["producer"]


def test_reviewed_hubs_are_a_part_of_the_planted_ones(out, feeds, params):
    true, told = truth(out, "hubs"), feeds["hubs"]
    assert set(true.what) == {"3pl", "market", "returns_centre", "agent", "placeholder"}
    both = told.merge(true, on=["kind", "value", "what"])
    assert len(both) == len(told) < len(true)
    shops = feeds["sellers"]
    agents = digits(true[true.what == "agent"].value)
    assert agents.isin(digits(shops.phone)).all()
    houses = true[(true.what == "3pl") & (true.kind == "phone")]
    sent_from = feeds["addresses"][feeds["addresses"].role == "dispatch"].assign(digits=lambda rows: digits(rows.phone))
    users = sent_from[sent_from.digits.isin(digits(houses.value))].groupby("digits").seller_id.nunique()
    assert len(users) == len(houses)
    assert users.max() > 3, "strangers share the phone of a warehouse"
    assert not digits(houses.value).isin(digits(shops.phone)).any()
    assert true[true.what == "placeholder"].value.isin(set(shops.phone) | set(shops.email)).all()


def test_verdicts_are_right_as_often_as_asked(out, feeds, params):
    verdicts = feeds["verdicts"]
    assert len(verdicts) == params.verdicts
    guilty = truth(out, "suppliers").set_index("supplier_id").guilty
    suppliers = verdicts[verdicts.verdict.isin(["confirmed", "cleared"])]
    right = guilty.reindex(suppliers.subject_id).to_numpy() == (suppliers.verdict == "confirmed").to_numpy()
    operator = truth(out, "operators").set_index("seller_id").operator_id
    pairs = verdicts[verdicts.subject_kind == "pair"]
    one = operator.reindex(pairs.subject_id).to_numpy() == operator.reindex(pairs.other_id).to_numpy()
    right_pairs = one == (pairs.verdict == "must_link").to_numpy()
    assert set(pairs.verdict) == {"must_link", "cannot_link"}
    wrong = 1 - (right.sum() + right_pairs.sum()) / (len(right) + len(right_pairs))
    assert wrong == pytest.approx(params.verdicts_wrong, abs=0.04)
    assert (pairs.subject_id != pairs.other_id).all()
