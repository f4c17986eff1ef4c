"""The configuration: what wins over what, and that every fault is told at once with its file and key."""

from __future__ import annotations

from datetime import date
from functools import reduce
from pathlib import Path

import pytest

from headwater import config
from headwater.config import Config, load
from headwater.errors import ConfigurationError
from headwater.feeds import FEEDS
from headwater.parameters.landing import Feed
from headwater.parameters.section import Section

ROOT = Path(__file__).resolve().parents[1]
OUTSIDE_THE_MODEL = {"paths", "session", "tokens"}
# One other value for each type of parameter; a text needs one that its pattern allows.
OTHER = {"reporting_currency": "EUR", "counterfeit_reasons": ["fake"], "text_reasons": ["fake"], "rates": {"EUR": 1.1}}


def faults_of(tmp_path: Path, text: str, *overrides: str, **environment: str) -> list[str]:
    """The lines of the error that this file, these overrides and this environment raise."""
    file = tmp_path / "own.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load(file, overrides, environment)
    return str(caught.value).splitlines()


def other_value(name: str, value: object) -> object:
    if name in OTHER:
        return OTHER[name]
    if isinstance(value, bool):
        return not value
    if isinstance(value, tuple):
        return (*value, "other")
    return value + 1 if isinstance(value, int) else (value * 0.9 or 0.1) if isinstance(value, float) else "other"


def parameters() -> list[tuple[str, str]]:
    """(section, name) of every parameter outside the feeds; a section within another is called outer.inner."""
    sections = [(name, field.annotation) for name, field in Config.model_fields.items() if name != "feeds"]
    found = []
    for path, section in sections:
        for key, field in section.model_fields.items():
            if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
                sections.append((f"{path}.{key}", field.annotation))
            else:
                found.append((path, key))
    return found


def replaced(values: Section, path: list[str], new: object) -> Section:
    """The same with another value at `path`."""
    rest = replaced(getattr(values, path[0]), path[1:], new) if path[1:] else new
    return values.model_copy(update={path[0]: rest})


def test_all_faults_are_told_at_once_each_with_its_key_and_where_it_came_from(tmp_path):
    lines = faults_of(
        tmp_path,
        '[nights]\nwindow = 1\n[night]\nwindow_days = "90"\nwindows = 3\n[strata]\nseller_cap = 2.0\n[feeds.ordres]\npath = "x"\n',
        "shrinkage.squash_width=0",
        "intake",
        HEADWATER__DELAY__MEAN_DAYS="soon",
    )
    file = tmp_path / "own.toml"
    told = "\n".join(lines[1:])
    assert f"nights ({file}): unknown key" in told
    assert f"night.window_days ({file}): Input should be a valid integer; given: '90'" in told
    assert f"night.windows ({file}): unknown key" in told
    assert f"strata.seller_cap ({file}): Input should be less than or equal to 1; given: 2.0" in told
    assert f"feeds.ordres ({file}): Input should be 'orders'" in told
    assert "shrinkage.squash_width (--set): Input should be greater than 0; given: 0" in told
    assert "--set intake: write it as section.name=value" in told
    assert "delay.mean_days (environment HEADWATER__DELAY__MEAN_DAYS): Input should be a valid number" in told
    assert len(lines) == 9


def test_values_that_contradict_each_other_are_told_together_with_the_other_faults(tmp_path):
    lines = faults_of(
        tmp_path,
        "[night]\nwindow_days = 200\nlookup_days = 100\n[money.rates]\nUSD = 2.0\n"
        '[hygiene]\ntext_reasons = ["counterfeit"]\n[feeds.orders.rename]\nsellerid = "Shop"\n[ranking]\ncapacity = -1\n',
    )
    file = tmp_path / "own.toml"
    told = "\n".join(lines)
    assert f"night.lookup_days ({file}): must be at least night.window_days" in told
    assert f"money.rates.USD ({file}): must be 1" in told
    assert f"hygiene.text_reasons ({file}): holds counterfeit" in told
    assert f"feeds.orders.rename.sellerid ({file}): the feed has no column sellerid" in told
    assert f"ranking.capacity ({file}): Input should be greater than or equal to 0" in told
    assert len(lines) == 6


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_a_number_that_is_none_is_refused(tmp_path, number):
    assert "strata.pseudo_orders" in faults_of(tmp_path, f"[strata]\npseudo_orders = {number}\n")[1]


def test_a_section_that_holds_a_value_is_told(tmp_path):
    lines = faults_of(tmp_path, "night = 5\n", HEADWATER__NIGHT__WINDOW_DAYS="7")
    assert any("night.window_days" in line and "night is a value, not a section" in line for line in lines)
    assert any("night" in line and "valid dictionary" in line for line in lines)


def test_rates_are_above_zero_and_named_by_three_capitals(tmp_path):
    [_, line] = faults_of(tmp_path, "[money.rates]\neur = 1.1\nGBP = 0\nCNY = 0.14\n")
    assert "money.rates" in line
    assert "wrong: GBP, eur" in line


def test_a_time_zone_that_does_not_exist_is_told(tmp_path):
    [_, line] = faults_of(tmp_path, '[feeds.orders]\ntime_zone = "Mars/Olympus"\n')
    assert "feeds.orders.time_zone" in line
    assert "no time zone is called 'Mars/Olympus'" in line


def test_a_file_that_is_no_toml_is_told_with_its_place(tmp_path):
    [line] = faults_of(tmp_path, "[paths\n")
    assert str(tmp_path / "own.toml") in line
    assert "not valid TOML" in line
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="not valid TOML"):
        load(tmp_path / "bytes.toml", environment={})


def test_a_file_that_is_missing_or_a_folder_is_told(tmp_path):
    with pytest.raises(ConfigurationError, match="no such configuration file"):
        load(tmp_path / "none.toml", environment={})
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load(tmp_path, environment={})


def test_an_override_wins_over_the_environment_over_the_file_over_the_default(tmp_path):
    file = tmp_path / "own.toml"
    file.write_text("[night]\nwindow_days = 1\nlookup_days = 201\n[strata]\nbands = 3\n")
    environment = {"HEADWATER__NIGHT__WINDOW_DAYS": "2", "HEADWATER__STRATA__BANDS": "4", "HEADWATER_OTHER": "x"}
    loaded = load(file, ["night.window_days=3", "strata.bands=5", "strata.bands=6"], environment)
    assert (loaded.night.window_days, loaded.strata.bands) == (3, 6)
    assert load(file, environment=environment).night.window_days == 2
    assert load(file, environment={}).night.window_days == 1
    assert load(file, environment={}).night.lookup_days == 201
    assert load(environment={}).night.window_days == Config().night.window_days


def test_a_text_that_looks_like_a_number_stays_a_text():
    loaded = load(
        overrides=[
            "paths.lake=2026",
            "feeds.orders.delimiter=1",
            "feeds.orders.defaults.line_no=7",
            "feeds.complaints.values.reason_code.03=counterfeit",
            "session.master=true",
        ],
        environment={"HEADWATER__PATHS__LANDING": "1e5", "HEADWATER__FEEDS__ORDERS__RENAME__SELLER_ID": "12"},
    )
    assert (loaded.paths.lake, loaded.paths.landing, loaded.session.master) == ("2026", "1e5", "true")
    assert loaded.feed("orders").defaults == {"line_no": "7"}
    assert loaded.feed("orders").rename == {"seller_id": "12"}
    assert loaded.feed("complaints").values == {"reason_code": {"03": "counterfeit"}}


def test_a_key_of_a_mapping_may_hold_dots():
    loaded = load(overrides=["session.spark.spark.eventLog.enabled=true", "money.rates.EUR=1.1"], environment={})
    assert loaded.session.spark == {"spark.eventLog.enabled": "true"}
    assert loaded.money.rates == {"EUR": 1.1}


def test_a_mapping_can_be_given_whole_in_the_environment():
    loaded = load(environment={"HEADWATER__MONEY__RATES": "{EUR = 1.08, CNY = 0.14}"})
    assert loaded.money.rates == {"EUR": 1.08, "CNY": 0.14}


@pytest.mark.parametrize("section", sorted(OUTSIDE_THE_MODEL))
def test_where_things_are_and_how_spark_runs_does_not_change_the_hash_of_the_model(section):
    values = getattr(Config(), section)
    changed = {name: {"a": "b"} if name == "spark" else other_value(name, v) for name, v in values}
    assert Config(**{section: type(values)(**changed)}).model_hash() == Config().model_hash()


@pytest.mark.parametrize(("section", "name"), [p for p in parameters() if p[0] not in OUTSIDE_THE_MODEL])
def test_every_parameter_of_the_model_changes_its_hash(section, name):
    path = [*section.split("."), name]
    default = reduce(getattr, path, Config())
    assert replaced(Config(), path, other_value(name, default)).model_hash() != Config().model_hash()


def test_how_a_feed_is_mapped_changes_the_hash_and_where_it_is_does_not():
    def hashed(**feed: object) -> str:
        return Config(feeds={"orders": Feed(**feed)}).model_hash()

    assert hashed(path="elsewhere") == hashed() == Config().model_hash()
    others = [
        {"rename": {"seller_id": "Shop"}},
        {"values": {"voided": {"y": "true"}}},
        {"defaults": {"currency": "EUR"}},
        {"time_zone": "Asia/Shanghai"},
        {"time_formats": ["dd.MM.yyyy"]},
        {"decimal_mark": ","},
        {"delimiter": ";"},
        {"encoding": "GBK"},
    ]
    assert {name for feed in others for name in feed} | {"path"} == set(Feed.model_fields)
    assert len({hashed(), *(hashed(**feed) for feed in others)}) == 1 + len(others)


def test_a_token_key_is_no_parameter_and_one_written_by_mistake_is_not_repeated(tmp_path):
    secret = "0123456789abcdef-secret"
    lines = faults_of(tmp_path, f'[tokens]\nkey = "{secret}"\n', HEADWATER__TOKENS__SECRET=secret)
    assert secret not in "\n".join(lines)
    assert any("tokens.key" in line and "unknown key" in line for line in lines)
    loaded = load(environment={"HEADWATER_TOKEN_KEY": secret})
    assert secret not in loaded.model_dump_json()
    assert loaded.model_hash() == Config().model_hash()


@pytest.mark.parametrize("file", sorted((ROOT / "conf").glob("*.toml")), ids=lambda file: file.name)
def test_the_files_in_conf_load(file):
    assert load(file, environment={}).paths.lake


def test_the_base_file_holds_every_parameter_at_its_default():
    base = load(ROOT / "conf" / "base.toml", environment={})
    assert base.feed("orders") == Feed()
    assert base.model_copy(update={"feeds": {}}) == Config()
    text = (ROOT / "conf" / "base.toml").read_text()
    # One that is unset by default stands as a comment: TOML has no null.
    assert all(f"\n{name} = " in text or f"\n# {name} = " in text for _, name in parameters())


def test_every_parameter_says_what_it_is_for():
    sections = [field.annotation for name, field in Config.model_fields.items() if name != "feeds"]
    for section in sections:
        within = [field.annotation for field in section.model_fields.values()]
        sections += [s for s in within if isinstance(s, type) and issubclass(s, Section)]
    assert all(issubclass(section, Section) for section in sections)
    bare = [f"{s.__name__}.{n}" for s in [*sections, Feed] for n, f in s.model_fields.items() if not f.description]
    assert bare == []


def test_every_feed_that_is_read_can_be_mapped_and_no_other():
    for feed in FEEDS:
        assert load(overrides=[f"feeds.{feed}.path=s3a://other/x"], environment={}).feed_path(feed) == "s3a://other/x"
    with pytest.raises(ConfigurationError, match=r"feeds\.order .*: Input should be 'orders', 'complaints'"):
        load(overrides=["feeds.order.path=x"], environment={})


def test_a_feed_lies_under_landing_unless_it_has_a_path_of_its_own():
    loaded = load(overrides=["paths.landing=in/", "feeds.orders.path=s3a://other/orders"], environment={})
    assert loaded.feed_path("orders") == "s3a://other/orders"
    assert loaded.feed_path("complaints") == "in/complaints"


def test_a_night_is_a_date():
    assert config.parse_night("2026-11-22") == date(2026, 11, 22)
    for text in ("2026-02-30", "today", "22.11.2026"):
        with pytest.raises(ConfigurationError, match="write it as YYYY-MM-DD"):
            config.parse_night(text)
