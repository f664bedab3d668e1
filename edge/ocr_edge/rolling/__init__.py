"""Counters whose digits stand on wheels: a wheel between two digits, and what the mechanics make of it."""
