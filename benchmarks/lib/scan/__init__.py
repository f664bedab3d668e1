"""Attacks on every route of a running server; see ``scan.py``."""
