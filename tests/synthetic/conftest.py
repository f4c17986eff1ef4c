"""One small marketplace for the tests that only read, and the parameters that it was made with."""

from pathlib import Path

import pytest

from headwater.synthetic import MarketplaceParams, MarketplaceSummary, synthesise

SMALL = {"orders": 12_000, "shops": 200, "suppliers": 80, "guilty": 8, "days": 40, "fake_rate": 0.1}


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> MarketplaceSummary:
    return synthesise(tmp_path_factory.mktemp("market"), MarketplaceParams(**SMALL, feeds_extra=True))


@pytest.fixture
def small_params() -> dict[str, object]:
    return dict(SMALL)


@pytest.fixture
def small_out(small: MarketplaceSummary) -> Path:
    return small.out
