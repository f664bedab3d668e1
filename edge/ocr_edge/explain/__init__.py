"""Pictures of every step of a reading, so that a person sees why something was misread.

``trace`` keeps what a pipeline did, a module for each picture draws it, ``folder`` writes them all.
"""
