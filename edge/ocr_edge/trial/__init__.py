"""Trying regions on one picture: what the daemon would say of it, drawn, and what could be read in it at all."""
