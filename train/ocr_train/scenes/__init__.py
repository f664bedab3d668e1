"""Training of detectors: scenes with text drawn for the purpose, photographed ones with its outlines, and their maps.

``sheet`` is what text is written on, ``writing`` is how; ``kinds`` and ``instruments`` are the things that carry text;
``clutter`` looks like text and is none; ``compose`` puts them before a background; ``maps`` says what the network is to
answer.
"""
