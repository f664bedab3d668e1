"""The pictures of the documentation, drawn from what commands saved with ``--json``; ``draw.py`` is their command."""
