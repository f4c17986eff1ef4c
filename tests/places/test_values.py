"""Phones, e-mails, registration numbers, payees and names -> a value or the reason why there is none."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.parameters.places import PlaceParams
from headwater.places.values import REASONS, clean_value, clean_values, normalise_name

from .shared import RULES

PARAMS = PlaceParams(
    default_phone_region="US", own_phones=("+1 312 726 1234",), own_emails=("market.com", "help@other.com")
)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("phone", "(312) 726-5678", "+13127265678"),
        ("phone", "+86 755 8376 1234", "+8675583761234"),
        ("phone", "３１２ ７２６ ５６７８", "+13127265678"),
        ("phone", 3127265678.0, "+13127265678"),
        ("email", " Foo@Shop.COM ", "foo@shop.com"),
        ("email", "Foo.Bar+x@googlemail.com", "foobar@gmail.com"),
        ("registration_no", "HRB 123.455", "HRB123455"),
        ("payee_id", "acct_19-Xy", "ACCT19XY"),
        ("payee_id", "Pay.Me@Shop.com", "pay.me@shop.com"),
        ("name", "Foo Trading Co., Ltd.", "foo trading"),
        ("contact_name", "Mr. Wei  WANG", "wang wei"),
        ("contact_name", "Dr.", "dr"),
    ],
)
def test_a_value_has_one_form(kind: str, value: object, expected: str) -> None:
    assert clean_value(kind, value, RULES, PARAMS) == (expected, None)


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        ("phone", None, "missing"),
        ("phone", "  ", "missing"),
        ("phone", float("nan"), "missing"),
        ("phone", "0", "placeholder"),
        ("phone", "-", "placeholder"),
        ("phone", "xxx", "placeholder"),
        ("payee_id", "****", "placeholder"),
        ("phone", "1111111111", "test_value"),
        ("phone", "1234567890", "test_value"),
        ("phone", "+1 312 555 0123", "test_value"),
        ("phone", "312 999 9999", "test_value"),
        ("phone", "12", "malformed"),
        ("email", "noemail@shop.de", "test_value"),
        ("phone", "312-726-1234", "own_value"),
        ("email", "N/A", "placeholder"),
        ("email", "x@", "malformed"),
        ("email", "test@shop.com", "test_value"),
        ("email", "a@example.com", "test_value"),
        ("email", "sales@market.com", "own_value"),
        ("email", "HELP@other.com", "own_value"),
        ("registration_no", "0000000", "test_value"),
        ("registration_no", "123456789", "test_value"),
        ("registration_no", "ab1", "malformed"),
        ("payee_id", "none", "placeholder"),
        ("name", "无", "placeholder"),
        ("name", "unknown", "placeholder"),
        ("name", "😀", "placeholder"),
        ("phone", "+1 312 726", "malformed"),
        ("contact_name", "Returns Department", "placeholder"),
        ("contact_name", "客服", "placeholder"),
        ("contact_name", "X", "malformed"),
        ("payee_id", "****4821", "masked"),
        ("payee_id", "IBAN DE89 •••• •••• 4821", "masked"),
        ("payee_id", "XXXX-XXXX-4821", "masked"),
        ("payee_id", "acct ●●●● 4821", "masked"),
        ("payee_id", "····4821", "masked"),
        ("payee_id", "DE89...4821", "masked"),
        ("payee_id", "j***@gmail.com", "masked"),
        ("registration_no", "91440300MA5＊＊＊＊＊8B", "masked"),
        ("registration_no", "12####78", "masked"),
        ("email", "j***@gmail.com", "masked"),
        ("email", "j…@gmail.com", "masked"),
        ("phone", "138****5678", "masked"),
        ("phone", "138xxxx5678", "masked"),
        ("phone", "138 ×××× 5678", "masked"),
        ("contact_name", "王*", "masked"),
        ("name", "W*** Trading", "masked"),
        ("registration_no", "pending1", "placeholder"),
        ("registration_no", "applied for 2024", "placeholder"),
        ("registration_no", "N/A 2024", "placeholder"),
        ("payee_id", "TBD-01", "placeholder"),
        ("payee_id", "unknown 12", "placeholder"),
    ],
)
def test_what_is_no_value_says_why(kind: str, value: object, reason: str) -> None:
    assert clean_value(kind, value, RULES, PARAMS) == (None, reason)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("phone", "+1 312 726 5678 x12"),  # an extension
        ("registration_no", "ESX1234567X"),
        ("registration_no", "NO 923 609 016"),  # "no" says nothing of it
        ("registration_no", "NA12345678"),
        ("payee_id", "test-94481223"),
        ("email", "lee.xxi@shop.com"),
        ("contact_name", "Jean-Luc · Martin"),
        ("name", "Foxx & Co."),
    ],
)
def test_what_only_looks_masked_or_like_a_filler_is_a_value(kind: str, value: str) -> None:
    assert clean_value(kind, value, RULES, PARAMS)[1] is None


@pytest.mark.parametrize(
    "names",
    [
        ("Foo Trading Co., Ltd.", "FOO TRADING LIMITED", "Foo Trading", "Foo Trading Company Inc"),
        ("Müller GmbH & Co. KG", "MULLER GMBH", "Müller"),
        ("Dupont S.A.R.L.", "SARL Dupont", "Dupont SAS"),
        ("ООО Ромашка", "Romashka LLC", "Ромашка"),
        ("深圳华强电子有限公司", "深圳华强电子股份有限公司", "深圳华强电子"),
        ("株式会社トヨタ", "トヨタ株式会社", "(株)トヨタ"),
        ("Acme Sp. z o.o.", "ACME SP Z O O", "Acme"),
        ("Acme, s.r.o.", "Acme SRO"),
        ("PT Sinar Jaya Tbk", "Sinar Jaya"),
        ("ＡＣＭＥ　Ｌｔｄ", "acme"),
    ],
)
def test_legal_forms_are_stripped_in_many_countries(names: tuple[str, ...]) -> None:
    assert len({normalise_name(name, RULES) for name in names}) == 1


def test_a_name_that_is_only_legal_forms_keeps_a_word() -> None:
    assert normalise_name("Ltd", RULES) == "ltd"
    assert normalise_name("Co Ltd", RULES) == "co"


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("8613824683579", "CN", "+8613824683579"),
        ("8613824683579", "DE", "+8613824683579"),  # of the two valid readings only this one is a mobile phone
        ("(86) 138 2468 3579", "DE", "+8613824683579"),
        ("86-755-83761234", "DE", "+8675583761234"),
        ("49 151 24683579", "DE", "+4915124683579"),
        ("151 24683579", "DE", "+4915124683579"),
        ("89 24683579", "DE", "+498924683579"),
        ("13824683579", "CN", "+8613824683579"),  # no American number
        ("532 246 83 57", "TR", "+905322468357"),  # a Cuban number too
        ("(51) 99246-8357", "BR", "+5551992468357"),  # a Peruvian one too
        ("391 246 8357", "IT", "+393912468357"),
        ("(212) 736-3100", "US", "+12127363100"),
        ("7911 246835", "GB", "+447911246835"),
    ],
)
def test_a_phone_without_its_plus_is_read_as_it_makes_sense(text: str, country: str, number: str) -> None:
    assert clean_value("phone", text, RULES, PlaceParams(), country) == (number, None)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("86 138 2468 3579", "+8613824683579"),
        ("1 (312) 726-5678", "+13127265678"),
        ("1 382 468 3579", "+13824683579"),
        ("8613824683579", "+8613824683579"),
        ("13824683579", None),  # Chinese or Canadian
        ("138 2468 3579", None),
        ("13924683579", None),  # no plan has it
        ("030 901820", None),
    ],
)
def test_a_phone_of_no_country_is_read_only_where_its_calling_code_makes_it_valid(
    text: str, number: str | None
) -> None:
    assert clean_value("phone", text, RULES, PlaceParams())[0] == number


def test_a_phone_is_read_as_of_its_country_and_two_noughts_are_a_plus() -> None:
    def phone(value: str, country: str | None = None) -> str | None:
        return clean_value("phone", value, RULES, PlaceParams(), country)[0]

    assert phone("030 901820") is None
    forms = [("030 901820", "DE"), ("030 901820", "Germany"), ("0049 30 901820", None), ("+49 (0)30 901820", "FR")]
    assert {phone(*form) for form in forms} == {"+4930901820"}


def test_different_companies_keep_different_names() -> None:
    assert normalise_name("Foo Trading Ltd", RULES) != normalise_name("Foo Textile Ltd", RULES)


def test_reasons_are_counted_by_column() -> None:
    column = pd.Series(["(312) 726-5678", None, "n/a", "312 726 5678", "1111111111"], index=[5, 4, 3, 2, 1])
    got = clean_values("phone", column, RULES, PARAMS)
    assert got.index.tolist() == [5, 4, 3, 2, 1]
    assert got["value"].dropna().tolist() == ["+13127265678", "+13127265678"]
    assert got["reason"].value_counts().to_dict() == {"missing": 1, "placeholder": 1, "test_value": 1}
    assert clean_values("phone", column[:0], RULES, PARAMS).empty


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown kind"):
        clean_value("fax", "1", RULES, PARAMS)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["phone", "email", "registration_no", "payee_id", "name", "contact_name"]), st.text(max_size=400)
)
def test_any_text_gives_a_value_or_a_reason_and_a_value_stays_itself(kind: str, text: str) -> None:
    value, reason = clean_value(kind, text, RULES, PARAMS)
    assert (value is None) != (reason is None)
    assert reason is None or reason in REASONS
    if value is not None:
        assert clean_value(kind, value, RULES, PARAMS)[0] in (value, None)
    assert normalise_name(normalise_name(text, RULES), RULES) == normalise_name(text, RULES)
