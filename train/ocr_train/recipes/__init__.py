"""Recipes that ship with the package: ``original`` and ``shipped``."""
