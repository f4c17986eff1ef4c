"""Parameters: every dial explained, wrong settings refused, presets valid and ordered."""

import pytest
from pydantic import ValidationError

from headwater.synthetic import PRESETS, MarketplaceParams


def test_every_dial_says_what_it_is():
    for name, field in MarketplaceParams.model_fields.items():
        assert field.description, name
        assert len(field.description) > 15, name


@pytest.mark.parametrize(
    "wrong",
    [{"guilty": 600}, {"nights": 91}, {"direct": 0.8}, {"shops": 5}, {"named_share": 1.5}, {"complaint_rate": 1}],
)
def test_settings_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValidationError):
        MarketplaceParams(**wrong)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_preset_can_be_overridden(name):
    assert MarketplaceParams.preset(name, orders=123).orders == 123


def test_an_unknown_preset_is_refused():
    with pytest.raises(KeyError):
        MarketplaceParams.preset("brutal")


def test_nights_end_with_the_night_asked_for():
    params = MarketplaceParams(nights=3)
    assert [params.night_of(index).isoformat() for index in range(3)] == ["2026-11-20", "2026-11-21", "2026-11-22"]
    assert params.day_of(params.days - 1) == "2026-11-22"
