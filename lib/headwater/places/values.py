"""Values that identify somebody: phones, e-mails, registration numbers, payees and names, or the reason why not."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from itertools import pairwise
from typing import Literal

import pandas as pd
import phonenumbers

from headwater.parameters.places import PlaceParams
from headwater.places.locality import country_code, is_placeholder
from headwater.places.rules import Rules
from headwater.places.text import clean_text, fold, has_cjk, words

Kind = Literal["phone", "email", "registration_no", "payee_id", "name", "contact_name"]
# Those that say who somebody is by themselves; a name needs more.
DIRECT = ("payee_id", "registration_no", "phone", "email")
Cleaned = tuple[str | None, str | None]
REASONS = ("missing", "placeholder", "masked", "malformed", "test_value", "own_value")
MAX_VALUE = 300
# What stands for characters that are kept back: a star, or several of what is also written singly.
_MASK = re.compile(r"[*∗⁎✱✻]|[•●○∙·⋅‧・×■□█▇▪]{2}|\.{3}|#{3}|_{3}|\?{2}")
_CROSSES = {"phone": re.compile(r"x{2}"), "registration_no": re.compile(r"x{3}"), "payee_id": re.compile(r"x{3}")}
MOST_COUNTED = 4  # digits beside a placeholder: a year, a number of its own

_EMAIL = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@.,;<>]{2,}")
_GMAIL = frozenset({"gmail.com", "googlemail.com"})


def clean_value(kind: Kind, value: object, rules: Rules, params: PlaceParams, country: str | None = None) -> Cleaned:
    """One value -> (canonical value, None) or (None, reason); reason: missing | placeholder | masked (a part of it is kept back, so
    that strangers give the same) | malformed | test_value | own_value (the marketplace's own, from the parameters).

    phone: E.164, where the number has a length that its country uses (a number that no plan knows still tells two shops
    that both gave it; plans lag behind); one without +prefix is read as of `country` (a name or code), else of
    `default_phone_region`, unless it makes more sense with its first digits as a calling code; of no region, only as such and
    only where that is valid. email: lower case, without
    tag (and dots, where the host ignores them); registration_no: upper-case letters and digits, a payee_id too, unless it
    is an e-mail address; name: a company's, contact_name: a person's, see `normalise_name` and `normalise_person`.
    Raises ValueError for an unknown kind, never for a value.
    """
    if kind not in _CLEANERS:
        raise ValueError(f"unknown kind of value {kind!r}; one of {', '.join(sorted(_CLEANERS))}")
    if isinstance(value, float) and value.is_integer():  # an id that a reader of spreadsheets took for a number
        value = f"{value:.0f}"
    if value is None or (isinstance(value, float) and value != value) or not str(value).strip():
        return None, "missing"
    if _is_masked(kind, str(value)[:MAX_VALUE]):
        return None, "masked"
    text = clean_text(str(value), MAX_VALUE)
    if is_placeholder(text, rules):
        return None, "placeholder"
    if kind == "phone":
        return _phone(text, country_code(country, rules) or params.default_phone_region, params)
    return _CLEANERS[kind](text, rules, params)


def clean_values(
    kind: Kind, values: pd.Series, rules: Rules, params: PlaceParams, countries: pd.Series | None = None
) -> pd.DataFrame:
    """One row per input row with columns `value` and `reason`; each distinct value (and country) is cleaned once.

    `reason` is null where there is a value; its `value_counts` are the counts by reason.
    """
    asked = pd.DataFrame({"value": values, "country": countries}, index=values.index).astype(object)
    asked = asked.where(asked.notna(), None)
    distinct = asked.drop_duplicates()
    cleaned = [clean_value(kind, v, rules, params, c) for v, c in distinct.itertuples(index=False, name=None)]
    codes = pd.MultiIndex.from_frame(distinct).get_indexer(pd.MultiIndex.from_frame(asked))
    return pd.DataFrame(cleaned, columns=["value", "reason"], dtype=object).take(codes).set_axis(values.index)


def _is_masked(kind: Kind, written: str) -> bool:
    """Whether a part of the value is kept back: '****4821', 'j***@gmail.com', '138xxxx5678'. A text of nothing else is a placeholder."""
    text = unicodedata.normalize("NFKC", written).casefold()
    crosses = _CROSSES.get(kind)
    said = any(char.isalnum() and char != "x" for char in text)
    return said and bool(_MASK.search(text) or (crosses and crosses.search(text)))


def _phone(text: str, region: str | None, params: PlaceParams) -> Cleaned:
    own = {_e164(phone, params.default_phone_region) for phone in params.own_phones} - {None}
    digits = re.sub(r"\D", "", text)
    if len(digits) >= 5 and _is_test_number(digits):
        return None, "test_value"
    number = _e164(text, region)
    if number is None:
        return None, "malformed"
    return (None, "own_value") if number in own else (number, None)


def _e164(text: str, region: str | None) -> str | None:
    text = re.sub(r"^\W*00", "+", text)  # the international prefix of most countries; no trunk code is two noughts
    readings = [n for n in (_possible(text, region), _with_code(text, region)) if n is not None]
    if not readings:
        return None
    valid = [n for n in readings if phonenumbers.is_valid_number(n)] or readings
    chosen = valid[-1] if len(valid) == 2 and _says_code(text, *valid) else valid[0]
    return phonenumbers.format_number(chosen, phonenumbers.PhoneNumberFormat.E164)


def _possible(text: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    """The number, where it has a length that its country uses."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    possible = phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE
    return number if possible else None


def _with_code(text: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    """Another reading of a text without +: the plus was left out, '(86) 139 1234 5678'. Trunk codes are noughts.

    Only a number that its country's plan has, for some code begins any eleven digits. Where no region is known, a code of one
    digit must stand apart besides: '138 2468 3579' is Chinese, and valid in Canada."""
    digits = re.sub(r"[\W_]", "", text)
    if "+" in text or not digits.isdigit() or digits[0] == "0":
        return None
    number = _possible("+" + digits, None)
    if number is None or not phonenumbers.is_valid_number(number):
        return None
    code = str(number.country_code)
    return number if region or len(code) > 1 or _first_digits(text) == code else None


def _first_digits(text: str) -> str | None:
    """The digits that a text begins with, where they stand apart from others."""
    apart = re.match(r"\D*(\d+)(?=\D)", text)
    return apart[1] if apart else None


def _says_code(text: str, home: phonenumbers.PhoneNumber, abroad: phonenumbers.PhoneNumber) -> bool:
    """Whether of two valid readings the one with a calling code is meant: the code is the country's own or stands apart, or
    only that reading is a mobile phone; and numbers of the country are not written that way."""
    code = str(abroad.country_code)
    mobile = [phonenumbers.number_type(n) == phonenumbers.PhoneNumberType.MOBILE for n in (home, abroad)]
    said = code == str(home.country_code) or _first_digits(text) == code or mobile == [False, True]
    national = phonenumbers.format_number(home, phonenumbers.PhoneNumberFormat.NATIONAL)
    return said and not re.sub(r"\D", "", national).startswith(code)


def _is_test_number(digits: str) -> bool:
    """Six equal digits at the end (main lines end in four or five noughts), a run of seven, or +1 555-01xx."""
    if re.search(r"(\d)\1{5}$", digits) or len(set(digits)) == 1:
        return True
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(digits[-7:])}
    return steps in ({1}, {9}) or re.search(r"55501\d\d$", digits) is not None


def _email(text: str, rules: Rules, params: PlaceParams) -> Cleaned:
    text = text.removeprefix("mailto:").strip("<> ")
    if not _EMAIL.fullmatch(text):
        return None, "malformed"
    local, _, host = text.rpartition("@")
    table = rules.tables["placeholders"]
    local = local.split("+")[0] or local
    if host in _GMAIL:
        local, host = local.replace(".", "") or local, "gmail.com"
    value = f"{local}@{host}"
    if host in table["email_domains"] or local in table["email_locals"]:
        return None, "test_value"
    own = {own.lower().lstrip("@") for own in params.own_emails}
    return (None, "own_value") if value in own or host in own else (value, None)


def _identifier(text: str, rules: Rules, params: PlaceParams) -> Cleaned:
    bare = re.sub(r"[\W\d_]+", " ", text).strip()
    if bare and sum(map(str.isdigit, text)) <= MOST_COUNTED and is_placeholder(bare, rules):
        return None, "placeholder"  # 'pending 1', 'n/a 2024'
    plain = re.sub(r"[^0-9a-z]", "", fold(text, MAX_VALUE)).upper()
    if len(plain) < params.min_digits_id or not any(char.isdigit() for char in plain):
        return None, "malformed"
    digits = re.sub(r"\D", "", plain)
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(digits)}
    if plain.isdigit() and (len(set(plain)) == 1 or steps in ({1}, {9})):
        return None, "test_value"
    return plain, None


def _payee(text: str, rules: Rules, params: PlaceParams) -> Cleaned:
    return _email(text, rules, params) if "@" in text else _identifier(text, rules, params)


def _name(text: str, rules: Rules, _params: PlaceParams) -> Cleaned:
    plain = normalise_name(text, rules)
    return (plain, None) if len(plain) > 1 else (None, "malformed")


def _contact_name(text: str, rules: Rules, _params: PlaceParams) -> Cleaned:
    if words(text).replace(" ", "") in rules.offices:
        return None, "placeholder"
    plain = normalise_person(text, rules)
    return (plain, None) if len(plain) > 1 else (None, "malformed")


_CLEANERS: dict[str, Callable[[str, Rules, PlaceParams], Cleaned]] = {
    "phone": lambda text, _rules, params: _phone(text, params.default_phone_region, params),
    "email": _email,
    "registration_no": _identifier,
    "payee_id": _payee,
    "name": _name,
    "contact_name": _contact_name,
}


def normalise_person(name: str, rules: Rules) -> str:
    """A person's name in lower-case ASCII words without titles, sorted, for the family name stands first or last.

    'Mr. Wei WANG' and 'Wang Wei' are one; a name that is nothing but titles keeps its words. Idempotent.
    """
    tokens = words(name[:MAX_VALUE]).split()
    return " ".join(sorted([token for token in tokens if token not in rules.titles] or tokens))


def normalise_name(name: str, rules: Rules) -> str:
    """A person's or company's name in lower-case ASCII words, legal forms of many countries stripped.

    'Shenzhen Huaqiang Electronics Co., Ltd.' -> 'shenzhen huaqiang electronics'; 华强电子有限公司 -> 'huaqiangdianzi'.
    A name that is nothing but legal forms keeps its words. Idempotent.
    """
    text = clean_text(name, MAX_VALUE).replace("&", " and ")
    if has_cjk(text):
        text = _strip_cjk(text, rules)
    tokens = words(text).split()
    return " ".join(_strip_forms(tokens, rules) or tokens)


def _strip_cjk(text: str, rules: Rules) -> str:
    """Takes legal forms in Han and Hangul off either end, bracketed ones ('(株)') wherever they stand."""
    forms = rules.tables["legal_forms"]
    text = re.sub(rf"\(\s*(?:{'|'.join(forms['bracketed'])})\s*\)", " ", text).strip()
    either = "|".join(re.escape(form) for form in sorted(forms["cjk"], key=lambda form: (-len(form), form)))
    stripped = re.sub(rf"^(?:{either})\s*|\s*(?:{either})$", "", text)
    while stripped not in ("", text):
        text, stripped = stripped, re.sub(rf"^(?:{either})\s*|\s*(?:{either})$", "", stripped)
    return text


def _strip_forms(tokens: list[str], rules: Rules) -> list[str]:
    """Takes legal forms off the end, then off the start, until a name of one word is left or nothing is a form."""
    changed = True
    while changed:
        changed = False
        for form in [("and",), *rules.legal_suffixes]:  # 'GmbH & Co. KG'
            if len(tokens) > len(form) and tuple(tokens[-len(form) :]) == form:
                tokens, changed = tokens[: -len(form)], True
                break
    for form in rules.legal_prefixes:
        if len(tokens) > len(form) and tuple(tokens[: len(form)]) == form:
            return _strip_forms(tokens[len(form) :], rules)
    return tokens
