"""Where pictures come from: files, folders, videos, cameras. One file per kind of source."""

LIVE_PIXELS = 2**24
"""Largest picture that the daemon keeps: 17 million pixels, 48 MiB as RGB. Larger ones are halved or refused."""
