"""What ``soak.py`` stands on: the world it gives the daemon and takes away, and its judgement."""
