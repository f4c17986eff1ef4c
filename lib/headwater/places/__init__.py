"""Addresses as written -> places."""
