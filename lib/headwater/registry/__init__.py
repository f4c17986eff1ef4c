"""Ids of places, operators and sources that stay the same over nights; the manual is in `carry`."""
