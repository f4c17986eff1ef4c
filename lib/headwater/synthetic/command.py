"""`headwater synthesise`: a preset with overrides, written unless the same is there already."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from headwater.errors import ConfigurationError, listed
from headwater.synthetic.market import synthesise as write_marketplace
from headwater.synthetic.params import MarketplaceParams
from headwater.synthetic.presets import PRESETS


def synthesise(out: Path, preset: str, overrides: tuple[str, ...], keep: bool) -> str:
    """Write the marketplace to `out`; with `keep`, one of the same parameters is left as it is. What was done, in a sentence.

    Raises ConfigurationError for an unknown preset, a parameter that does not exist or a value out of its bounds."""
    if preset not in PRESETS:
        raise ConfigurationError(f"no preset is called {preset!r}; there are {', '.join(sorted(PRESETS))}")
    try:
        params = MarketplaceParams.preset(preset, **dict(_override(text) for text in overrides))
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False)]
        raise ConfigurationError("The marketplace's parameters have faults:\n" + listed(faults)) from error
    planted = out / "truth" / "params.json"
    if keep and planted.is_file() and planted.read_text(encoding="utf-8") == params.model_dump_json(indent=2) + "\n":
        return f"{out}: holds this marketplace already and was left as it is"
    return str(write_marketplace(out, params))


def _override(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    if not sign:
        raise ConfigurationError(f"--set {text}: write it as name=value")
    try:
        return name, tomllib.loads(f"v = {value}")["v"]
    except tomllib.TOMLDecodeError:
        return name, value
