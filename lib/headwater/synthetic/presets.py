"""Named difficulties of the planted marketplace, as overrides of the defaults."""

from __future__ import annotations

from typing import Any, NamedTuple


class Preset(NamedTuple):
    """What a preset asks, in a sentence, and the dials it turns."""

    meaning: str
    dials: dict[str, Any]


# Real marketplaces' rate needs millions of orders before a ranking exists, so the graded presets come in that size.
_LARGE: dict[str, Any] = {
    "orders": 10_000_000,
    "shops": 40_000,
    "suppliers": 6_000,
    "guilty": 300,
    "base_rate": 1.16e-4,
    "fake_rate": 0.02,
    "format": "parquet",
    "feeds_extra": True,
}
_NO_NUISANCE: dict[str, Any] = dict.fromkeys(
    (
        "malicious_share",
        "messy_addresses",
        "misspelt",
        "native_script",
        "city_only",
        "missing",
        "dispatch_unknown",
        "links_false",
        "orphans",
        "repeated",
        "text_only",
        "agent_phones",
        "placeholder_phones",
        "placeholder_emails",
        "market_halls",
        "hall_shops",
        "return_centres",
        "double_ids",
        "moving",
        "re_emerging",
        "drift",
    ),
    0.0,
)

PRESETS: dict[str, Preset] = {
    "demo": Preset("200,000 orders with every nuisance, complaints nine times as common as in the world: a look", {}),
    "clean": Preset("the demo without nuisances: papers complete, addresses in fields, no attack", _NO_NUISANCE),
    "easy": Preset(
        "10 million orders (so are all below): six in ten name their supplier, few attacks",
        {**_LARGE, "named_share": 0.6, "malicious_share": 0.05, "camouflage": 0.4},
    ),
    "camouflage": Preset(
        "seven in ten orders of a guilty shop are honest goods",
        {**_LARGE, "named_share": 0.6, "malicious_share": 0.0, "camouflage": 0.7, "concealment": 0.5},
    ),
    "unnamed": Preset(
        "one order in twenty names its supplier",
        {**_LARGE, "named_share": 0.05, "malicious_share": 0.0, "camouflage": 0.4},
    ),
    "malicious": Preset(
        "24 % of the counterfeit complaints are bought, half of the attacks from few accounts",
        {**_LARGE, "named_share": 0.6, "malicious_share": 0.24, "camouflage": 0.4},
    ),
    "sly": Preset(
        "bought complaints from many accounts with two each, 15 % of orders named",
        {
            **_LARGE,
            "named_share": 0.15,
            "malicious_share": 0.24,
            "few_accounts": 0.0,
            "camouflage": 0.7,
            "concealment": 0.5,
        },
    ),
    "swarm": Preset(
        "like sly, but every bought complaint has an account of its own",
        {
            **_LARGE,
            "named_share": 0.15,
            "malicious_share": 0.24,
            "few_accounts": 0.0,
            "per_account": 1,
            "camouflage": 0.4,
        },
    ),
    "hard": Preset(
        "everything at once: 5 % named, 24 % bought by few accounts, 60 % camouflage",
        {**_LARGE, "named_share": 0.05, "malicious_share": 0.24, "few_accounts": 1.0, "camouflage": 0.6},
    ),
    "sparse": Preset(
        "fakes draw half as many complaints: four in ten of the guilty draw fewer than three",
        {
            **_LARGE,
            "named_share": 0.15,
            "malicious_share": 0.12,
            "few_accounts": 0.0,
            "camouflage": 0.4,
            "fake_rate": 0.01,
        },
    ),
}
