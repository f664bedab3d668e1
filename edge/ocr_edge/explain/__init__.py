"""Five pictures of a reading, so that a person sees why something was misread.

``account`` sorts what the pipeline told, a module draws each picture or two, ``folder`` writes them all.
"""
