"""Feeds as they arrive -> clean tables and rejects."""
