"""What is wrong with this machine, in plain words, and what to type.

Each module holds checks of one kind: functions from a ``Probe``, which looks at the machine, to ``Check``s, which say
what was found. A check that has nothing to say about this machine gives none.
"""
