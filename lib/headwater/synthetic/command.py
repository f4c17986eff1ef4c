"""`headwater synthesise`: a preset with overrides, written unless the same is there already; and the list of all dials."""

from __future__ import annotations

import textwrap
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from headwater.errors import ConfigurationError, listed
from headwater.synthetic.market import synthesise as write_marketplace
from headwater.synthetic.params import SECTIONS, MarketplaceParams
from headwater.synthetic.presets import PRESETS

_WIDTH = 110


def synthesise(out: Path, preset: str, overrides: tuple[str, ...], keep: bool) -> str:
    """Write the marketplace to `out`; with `keep`, one of the same parameters is left as it is. What was done, in a sentence.

    Raises ConfigurationError for an unknown preset, a parameter that does not exist or a value out of its bounds."""
    if preset not in PRESETS:
        raise ConfigurationError(f"no preset is called {preset!r}; there are {', '.join(PRESETS)}")
    params = _params(preset, dict(_override(text) for text in overrides))
    planted = out / "truth" / "params.json"
    if keep and planted.is_file() and planted.read_text(encoding="utf-8") == params.model_dump_json(indent=2) + "\n":
        return f"{out}: holds this marketplace already and was left as it is"
    return str(write_marketplace(out, params))


def _params(preset: str, overrides: dict[str, Any]) -> MarketplaceParams:
    unknown = sorted(overrides.keys() - MarketplaceParams.model_fields.keys())
    if unknown:
        raise ConfigurationError(
            f"no dial of the marketplace is called {', '.join(map(repr, unknown))}; synthesise --list shows them all"
        )
    try:
        return MarketplaceParams.preset(preset, **overrides)
    except ValidationError as error:
        faults = [
            f"{'.'.join(map(str, e['loc']))}: {e['msg']}".removeprefix(": ") for e in error.errors(include_url=False)
        ]
        raise ConfigurationError("The marketplace's parameters have faults:\n" + listed(faults)) from error


def _override(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    if not sign:
        raise ConfigurationError(f"--set {text}: write it as name=value")
    try:
        return name.strip(), tomllib.loads(f"v = {value}")["v"]
    except tomllib.TOMLDecodeError:
        return name.strip(), value.strip()


def presets() -> str:
    """One line a preset: what it asks."""
    return "\n".join(f"{name:<11} {preset.meaning}" for name, preset in PRESETS.items())


def listing() -> str:
    """Every preset with what it turns, and every dial with its default, unit and reason, section by section."""
    parts = ["Presets"]
    for name, preset in PRESETS.items():
        turned = ", ".join(f"{dial}={value}" for dial, value in preset.dials.items()) or "the defaults"
        parts += [
            f"  {name}: {preset.meaning}",
            textwrap.fill(turned, _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6),
        ]
    for section in SECTIONS:
        parts += ["", str(section.__doc__)]
        for dial in section.__annotations__:
            field = section.model_fields[dial]
            default = "true" if field.default is True else "false" if field.default is False else field.default
            why = textwrap.fill(str(field.description), _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6)
            parts += [f"  {dial} = {default}", why]
    return "\n".join(parts)
