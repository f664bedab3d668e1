"""Read letters and digits in pictures with a small two-branch network, on a Raspberry Pi."""

__version__ = "0.1.0"
