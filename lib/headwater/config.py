"""Every parameter, once: its type, default, bounds, unit and why. Values come, later over earlier, from the defaults here,
one TOML file, `HEADWATER__SECTION__NAME` in the environment, and `--set section.name=value`. Validated before Spark starts;
all faults are reported at once, each with where it came from. Secrets are never here: the token key comes from
`HEADWATER_TOKEN_KEY` or from the file that `tokens.key_file` names."""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args, get_origin
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from headwater.errors import ConfigurationError, listed
from headwater.feeds import FEEDS

ENVIRONMENT_PREFIX = "HEADWATER__"


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Paths(Section):
    landing: str = Field("landing", description="address; folder with one sub-folder a feed (local, s3a, hdfs, abfss)")
    lake: str = Field("lake", description="address; root of the lake's tables")
    catalog: str = Field(
        "", description="name; when set, the tables of the lake are also called <catalog>.<layer>.<table>"
    )


class Session(Section):
    master: str = Field("", description="Spark master; empty: all cores of this machine, or what spark-submit provides")
    driver_memory_gb: int = Field(
        0, ge=0, le=512, description="GiB; 0: half of the machine, at most 12 (Python needs room)"
    )
    shuffle_partitions: int = Field(
        0,
        ge=0,
        le=100_000,
        description="count; 0: four a local core, or the cluster's own setting (adaptive execution merges)",
    )
    quick_start: bool = Field(
        False, description="switch; C1 compiler and serial collector: starts twice as fast, slower on a long night"
    )
    spark: dict[str, str] = Field(
        default_factory=dict, description="further Spark settings, as they are (spark.eventLog.dir, ...)"
    )


class Tokens(Section):
    key_file: str = Field("", description="path; file with the token key when HEADWATER_TOKEN_KEY is not set")


class Night(Section):
    window_days: int = Field(90, ge=1, le=730, description="days; how far back orders and complaints count")
    lookup_days: int = Field(
        190, ge=1, le=1000, description="days; how far back a complaint's order is sought (six months and the lag)"
    )


class Intake(Section):
    multi_line: bool = Field(
        True,
        description="switch; newlines inside quotes. Such a CSV file is read by one task: turn off for huge plain ones",
    )
    cache_below_mb: int = Field(
        512,
        ge=0,
        description="MB of files; a feed smaller than this is parsed once and kept, a larger one is scanned again",
    )
    sample_rows: int = Field(10_000, ge=1, description="rows a file that `validate` reads")


class Money(Section):
    reporting_currency: str = Field("USD", pattern="^[A-Z]{3}$", description="ISO 4217; the currency of all sums")
    rates: dict[str, float] = Field(
        default_factory=dict,
        description="reporting currency per unit, by currency; an amount without a rate stays out of sums and is counted",
    )

    @field_validator("rates")
    @classmethod
    def rates_are_positive(cls, rates: dict[str, float]) -> dict[str, float]:
        wrong = [c for c, r in rates.items() if not r > 0 or len(c) != 3 or not c.isupper()]
        if wrong:
            raise ValueError(f"a rate is above 0 and its currency three capitals; wrong: {', '.join(sorted(wrong))}")
        return rates


class Hygiene(Section):
    """What a complaint counts (docs/model.md, step 0)."""

    counterfeit_reasons: list[str] = Field(
        default_factory=lambda: ["counterfeit"],
        min_length=1,
        description="reason codes that say counterfeit by themselves",
    )
    text_reasons: list[str] = Field(
        default_factory=lambda: ["not_as_described", "other"],
        description="reason codes whose text decides by the lexicon (a missing code counts as other)",
    )
    lexicon: str = Field("", description="path; TOML with the phrases that say counterfeit; empty: the one shipped")
    per_complainant_day: int = Field(
        3, ge=1, description="complaints; the most that one complainant adds in one day (the first by complaint_id)"
    )
    full_weight_total: int = Field(
        2, ge=1, description="complaints in the window up to which each of a complainant's weighs 1"
    )
    falling_power: float = Field(
        2.0, ge=0, le=10, description="weight beyond that: (full_weight_total / total) ^ power; 0: everybody weighs 1"
    )


class Strata(Section):
    """What was to be expected (docs/model.md, step 1)."""

    band_ratio: float = Field(2.0, gt=1, description="ratio of neighbouring price bands; fixed, never data quantiles")
    bands: int = Field(14, ge=1, le=64, description="count; the last band is open (band 0: below 1 unit of money)")
    seller_cap: float = Field(0.01, gt=0, le=1, description="share; no seller weighs more than this in a stratum")
    pseudo_orders: float = Field(
        20_000.0,
        gt=0,
        description="orders; how strongly a stratum is shrunk to its parent (two complaints at the root rate)",
    )
    root_rate: float = Field(
        1.16e-4, gt=0, lt=1, description="complaints per order; takes the missing weight at the root"
    )


class Delay(Section):
    """Reporting delay: which share of an order day's complaints has been filed by now (docs/model.md, step 1)."""

    mean_days: float = Field(12.0, gt=0, le=365, description="days; mean of the curve that is assumed without data")
    pseudo_complaints: float = Field(30.0, ge=0, description="complaints; the weight of the assumed curve")


class Shares(Section):
    """Through which source the orders that name none flow (docs/model.md, shares)."""

    listing_dominance: float = Field(
        0.9,
        gt=0.5,
        le=1,
        description="share; a listing's complaints go to its suppliers when one has at least this share",
    )
    link_orders: float = Field(1.0, ge=0, description="orders that one declared link or dispatch address counts for")
    unknown_orders: float = Field(
        1.0, ge=0, description="orders added to the unknown share of a shop: few named orders say little"
    )


class Ranking(Section):
    lower_quantile: float = Field(0.05, gt=0, lt=0.5, description="probability; EB05 and lift_low are this quantile")
    squash_width: float = Field(
        0.05, gt=0, le=1, description="ln units; width of the bins of E in which the mixture is fitted"
    )
    evidence_sources: int = Field(
        500, ge=1, description="sources; for how many of the top ranks evidence rows are written"
    )
    evidence_shops: int = Field(
        10, ge=1, description="shops for and shops against a source; one row carries the rest of each"
    )


class Feed(Section):
    """How one feed's files map to the contract."""

    path: str = Field("", description="address; empty: <paths.landing>/<feed>")
    rename: dict[str, str] = Field(default_factory=dict, description="contract column = column in the file")
    values: dict[str, dict[str, str]] = Field(
        default_factory=dict, description="contract column = {value in the file = value of the contract}"
    )
    defaults: dict[str, str] = Field(
        default_factory=dict, description="contract column = value where the file has none"
    )
    time_zone: str = Field("UTC", description="IANA name; zone of the times that carry none")
    delimiter: str = Field(",", min_length=1, max_length=1, description="CSV field separator")
    encoding: str = Field("UTF-8", description="CSV character encoding")

    @field_validator("time_zone")
    @classmethod
    def zone_exists(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"no time zone is called {name!r}") from error
        return name


FEED_NAMES = Literal[
    "orders", "complaints", "addresses", "supplier_links", "sellers", "suppliers", "brands", "hubs", "verdicts", "rates"
]


class Config(Section):
    paths: Paths = Paths()
    session: Session = Session()
    tokens: Tokens = Tokens()
    night: Night = Night()
    intake: Intake = Intake()
    money: Money = Money()
    hygiene: Hygiene = Hygiene()
    strata: Strata = Strata()
    delay: Delay = Delay()
    shares: Shares = Shares()
    ranking: Ranking = Ranking()
    feeds: dict[FEED_NAMES, Feed] = Field(default_factory=dict, description="mapping of each feed")

    def contradictions(self) -> list[tuple[str, str]]:
        """Values that are fine one by one but not together: a key and what is wrong with it."""
        faults = []
        if self.night.lookup_days < self.night.window_days:
            faults.append(
                ("night.lookup_days", "must be at least night.window_days: a complaint's order may be that old")
            )
        if self.money.rates.get(self.money.reporting_currency, 1.0) != 1.0:
            faults.append((f"money.rates.{self.money.reporting_currency}", "must be 1: it is money.reporting_currency"))
        both = set(self.hygiene.counterfeit_reasons) & set(self.hygiene.text_reasons)
        if both:
            faults.append(
                ("hygiene.text_reasons", f"holds {', '.join(sorted(both))}, as hygiene.counterfeit_reasons does")
            )
        for name in sorted(FEEDS.keys() & self.feeds.keys()):
            known = {field.name for field in FEEDS[name].fields}
            mapping = self.feed(name)
            for part in ("rename", "values", "defaults"):
                unknown = sorted(getattr(mapping, part).keys() - known)
                faults += [(f"feeds.{name}.{part}.{c}", f"the feed has no column {c} in the contract") for c in unknown]
        return faults

    def feed(self, name: str) -> Feed:
        return self.feeds.get(name, Feed())  # type: ignore[call-overload, no-any-return]

    def feed_path(self, name: str) -> str:
        return self.feed(name).path or f"{self.paths.landing.rstrip('/')}/{name}"

    def model_hash(self) -> str:
        """SHA-256 of everything that may change a result: all but where things are and how Spark is run."""
        kept = self.model_dump(mode="json", exclude={"paths", "session", "tokens"})
        for feed in kept["feeds"].values():
            feed.pop("path")
        plain = Feed().model_dump(mode="json", exclude={"path"})
        kept["feeds"] = {name: feed for name, feed in kept["feeds"].items() if feed != plain}
        return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def load(
    file: Path | None = None, overrides: Iterable[str] = (), environment: Mapping[str, str] | None = None
) -> Config:
    """The configuration from `file`, the environment and `section.name=value` overrides.

    Raises ConfigurationError that lists every unknown key, wrong type, bound and contradiction with its origin."""
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    faults: list[str] = []
    if file is not None:
        try:
            _merge(values, tomllib.loads(file.read_text(encoding="utf-8")), origins, str(file))
        except FileNotFoundError:
            raise ConfigurationError(f"{file}: no such configuration file; name one with --config") from None
        except OSError as error:
            raise ConfigurationError(f"{file}: cannot be read: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{file}: not valid TOML: {error}") from error
    for name, text in sorted((os.environ if environment is None else environment).items()):
        if name.startswith(ENVIRONMENT_PREFIX):
            path, is_text = _parameter([part.lower() for part in name.removeprefix(ENVIRONMENT_PREFIX).split("__")])
            _put(values, path, text if is_text else _value(text), origins, f"environment {name}", faults)
    for override in overrides:
        key, sign, text = override.partition("=")
        if not sign or not key.strip():
            faults.append(f"--set {override}: write it as section.name=value")
            continue
        path, is_text = _parameter(key.strip().split("."))
        _put(values, path, text if is_text else _value(text), origins, "--set", faults)
    config, wrong = _validated(values)
    faults += [_fault(e, origins) for e in wrong]
    faults += [f"{key}{_origin(key, origins)}: {what}" for key, what in config.contradictions()]
    if faults:
        raise ConfigurationError("The configuration has faults:\n" + listed(faults))
    return config


def _validated(values: dict[str, Any]) -> tuple[Config, list[Any]]:
    """The configuration and its faults; where there are faults, without the keys at fault, so that the rest is checked too."""
    wrong: list[Any] = []
    while True:
        try:
            return Config.model_validate(values), wrong
        except ValidationError as error:
            found = error.errors(include_url=False)
            wrong += found
            for fault in found:
                _drop(values, [part for part in fault["loc"] if part != "[key]"])


def _drop(values: dict[str, Any], path: list[Any]) -> None:
    """Remove the value at `path`; a path into a list or a text removes all of it."""
    node: Any = values
    for part in path[:-1]:
        if not isinstance(node.get(part), dict):
            path = [part]
            break
        node = node[part]
    node.pop(path[-1], None)


def _value(text: str) -> Any:
    """A value typed on a command line: TOML where it parses as TOML, else the text itself, for its fault to be told."""
    try:
        return tomllib.loads(f"v = {text}")["v"]
    except tomllib.TOMLDecodeError:
        return text


def _parameter(path: list[str]) -> tuple[list[str], bool]:
    """The path of a typed parameter, a mapping's key in one piece though it holds dots, and whether its value is text."""
    kind: Any = Config
    for i, part in enumerate(path):
        if get_origin(kind) is dict:
            kind = get_args(kind)[1]
            if kind in (str, float):
                return [*path[:i], ".".join(path[i:])], kind is str
            continue
        field = getattr(kind, "model_fields", {}).get(part)
        if field is None:
            return path, False
        kind = field.annotation
    return path, kind is str


def _merge(into: dict[str, Any], layer: dict[str, Any], origins: dict[str, str], origin: str, at: str = "") -> None:
    for key, value in layer.items():
        path = f"{at}.{key}" if at else key
        origins[path] = origin
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value, origins, origin, path)
        else:
            into[key] = value
            if isinstance(value, dict):
                _merge(value, dict(value), origins, origin, path)


def _put(
    values: dict[str, Any], path: list[str], value: Any, origins: dict[str, str], origin: str, faults: list[str]
) -> None:
    node = values
    for part in path[:-1]:
        node = node.setdefault(part, {})
        if not isinstance(node, dict):
            faults.append(f"{'.'.join(path)} ({origin}): {part} is a value, not a section")
            return
    node[path[-1]] = value
    origins[".".join(path)] = origin


def _fault(error: Any, origins: dict[str, str]) -> str:
    path = ".".join(str(part) for part in error["loc"] if part != "[key]")
    if error["type"] == "extra_forbidden":
        # Its value is not shown: a token key written here by mistake would stand in the log.
        return f"{path}{_origin(path, origins)}: unknown key"
    given = "" if isinstance(error["input"], dict | Config | type(None)) else f"; given: {error['input']!r}"
    return f"{path}{_origin(path, origins)}: {error['msg'].removeprefix('Value error, ')}{given}"


def _origin(path: str, origins: dict[str, str]) -> str:
    """Where the value at `path`, the nearest section around it, or the first value within it came from."""
    known = path
    while known and known not in origins:
        known = known.rpartition(".")[0]
    origin = origins.get(known) or next((o for key, o in origins.items() if key.startswith(f"{path}.")), "")
    return f" ({origin})" if origin else ""


def reference() -> str:
    """conf/base.toml: every parameter with its default, unit and why, as TOML that can be copied from."""
    lines = [
        "# Every parameter with its default, unit and reason. Generated from lib/headwater/config.py by `make docs`;",
        "# copy the lines you want to change into your own file and name that with --config.",
    ]
    for name, field in Config.model_fields.items():
        section = field.annotation
        if not (isinstance(section, type) and issubclass(section, Section)):
            continue
        lines += ["", f"[{name}]"]
        lines += _reference_lines(section, section())
    lines += ["", "# One such section a feed: orders, complaints, addresses, supplier_links, ...", "[feeds.orders]"]
    lines += _reference_lines(Feed, Feed())
    return "\n".join(lines) + "\n"


def _reference_lines(section: type[Section], defaults: Section) -> list[str]:
    lines = []
    for name, field in section.model_fields.items():
        value = getattr(defaults, name)
        text = "{}" if isinstance(value, dict) else json.dumps(value)
        lines += [f"# {field.description}", f"{name} = {text}"]
    return lines


def parse_night(text: str) -> date:
    """A night as typed: YYYY-MM-DD."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"{text!r} is not a night; write it as YYYY-MM-DD, for example 2026-11-22") from None
