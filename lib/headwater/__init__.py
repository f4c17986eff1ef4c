"""Headwater: from complaints to the suppliers and places that suspected fakes come from."""

__version__ = "0.1.0"
