"""Named difficulties of the planted marketplace, as overrides of the defaults."""

from __future__ import annotations

from typing import Any

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

PRESETS: dict[str, dict[str, Any]] = {
    "demo": {},
    "clean": {
        "malicious_share": 0.0,
        "messy_addresses": 0.0,
        "native_script": 0.0,
        "city_only": 0.0,
        "missing": 0.0,
        "dispatch_unknown": 0.0,
        "links_false": 0.0,
        "orphans": 0.0,
        "repeated": 0.0,
        "text_only": 0.0,
        "agent_phones": 0.0,
        "market_halls": 0.0,
        "return_centres": 0.0,
        "moving": 0.0,
        "re_emerging": 0.0,
        "drift": 0.0,
    },
    "easy": {**_LARGE, "named_share": 0.6, "malicious_share": 0.05, "camouflage": 0.4},
    "hard": {**_LARGE, "named_share": 0.05, "malicious_share": 0.24, "few_accounts": 1.0, "camouflage": 0.6},
    "sly": {
        **_LARGE,
        "named_share": 0.15,
        "malicious_share": 0.24,
        "few_accounts": 0.0,
        "camouflage": 0.7,
        "concealment": 0.5,
    },
}
