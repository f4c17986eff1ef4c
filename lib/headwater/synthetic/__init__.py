"""A planted marketplace with its truth: feeds as the contract asks for them, and who is guilty of what."""

from headwater.synthetic.market import MarketplaceSummary, deliver, synthesise
from headwater.synthetic.params import MarketplaceParams
from headwater.synthetic.presets import PRESETS

__all__ = ["PRESETS", "MarketplaceParams", "MarketplaceSummary", "deliver", "synthesise"]
