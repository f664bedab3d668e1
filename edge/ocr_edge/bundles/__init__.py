"""Bundles: those that ship, those that are installed, how one is taken in, proven and loaded."""
