"""The configuration: every section of parameters (headwater.parameters). Values come, later over earlier, from their defaults, one
TOML file, `HEADWATER__SECTION__NAME` in the environment, and `--set section.name=value`. Validated before Spark starts;
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
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from pydantic import Field, ValidationError

from headwater import __version__
from headwater.errors import ConfigurationError, listed
from headwater.feeds import FEEDS
from headwater.parameters.attribution import Delay, Peers, Ranking, Roles, Shrinkage, Strata
from headwater.parameters.components import Graph
from headwater.parameters.finding import FindParams
from headwater.parameters.graph import Hubs, Links, Operators
from headwater.parameters.landing import Feed, Hygiene, Intake, Money
from headwater.parameters.places import PlaceParams
from headwater.parameters.run import Night, Paths, Session, Tokens
from headwater.parameters.section import Section

ENVIRONMENT_PREFIX = "HEADWATER__"

if TYPE_CHECKING:
    FeedName = str
else:
    FeedName = Literal[tuple(FEEDS)]


class Config(Section):
    paths: Paths = Paths()
    session: Session = Session()
    tokens: Tokens = Tokens()
    night: Night = Night()
    intake: Intake = Intake()
    money: Money = Money()
    hygiene: Hygiene = Hygiene()
    places: PlaceParams = PlaceParams()
    links: Links = Links()
    hubs: Hubs = Hubs()
    operators: Operators = Operators()
    graph: Graph = Graph()
    strata: Strata = Strata()
    delay: Delay = Delay()
    shrinkage: Shrinkage = Shrinkage()
    peers: Peers = Peers()
    finding: FindParams = FindParams()
    ranking: Ranking = Ranking()
    roles: Roles = Roles()
    feeds: dict[FeedName, Feed] = Field(default_factory=dict, description="mapping of each feed")

    def contradictions(self) -> list[tuple[str, str]]:
        """Values that are fine one by one but not together: a key and what is wrong with it."""
        faults = []
        if self.night.lookup_days < self.night.window_days:
            faults.append(
                ("night.lookup_days", "must be at least night.window_days: a complaint's order may be that old")
            )
        if self.night.keep_orders_days < self.night.lookup_days:
            faults.append(
                ("night.keep_orders_days", "must be at least night.lookup_days: so far back orders are sought")
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
        return self.feeds.get(name, Feed())

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

    def made_by(self) -> str:
        """What beside its files decides a night's rows: hash of `model_hash` and the program's version."""
        return hashlib.sha256(f"{self.model_hash()} {__version__}".encode()).hexdigest()


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
        "# Every parameter with its default, unit and reason. Generated from lib/headwater/parameters by `make docs`;",
        "# copy the lines you want to change into your own file and name that with --config.",
    ]
    for name, field in Config.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, Section):
            lines += _reference_section(name, section())
    lines += ["", "# One such section a feed: orders, complaints, addresses, supplier_links, ...", "[feeds.orders]"]
    lines += _reference_lines(Feed, Feed())
    return "\n".join(lines) + "\n"


def _reference_section(name: str, values: Section) -> list[str]:
    """A section and, after its own values, the sections within it."""
    within = {key: value for key in type(values).model_fields if isinstance(value := getattr(values, key), Section)}
    lines = ["", f"[{name}]", *_reference_lines(type(values), values)]
    for key, value in within.items():
        lines += _reference_section(f"{name}.{key}", value)
    return lines


def _reference_lines(section: type[Section], defaults: Section) -> list[str]:
    lines = []
    for name, field in section.model_fields.items():
        value = getattr(defaults, name)
        if isinstance(value, Section):
            continue
        lines += [f"# {field.description}"]
        lines += [f'# {name} = "..."' if value is None else f"{name} = {'{}' if value == {} else json.dumps(value)}"]
    return lines


def parse_night(text: str) -> date:
    """A night as typed: YYYY-MM-DD."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"{text!r} is not a night; write it as YYYY-MM-DD, for example 2026-11-22") from None
