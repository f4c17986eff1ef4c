"""Headwater: from complaints to the suppliers and places that suspected fakes come from."""
