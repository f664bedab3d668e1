"""What is wrong with a configuration or this machine, in plain words, and what to type.

Each module holds checks of one kind: functions from a ``Probe``, which looks at the machine, to ``Finding``s. The lists
in ``examine`` say which of them ``ocr-edge check`` runs and which ``ocr-edge doctor`` adds.
"""
