"""Lines of text to train a line stage with: rendered, composed of real characters, and real ones, as strips.

``texts`` says what is written, ``typefaces``, ``displays`` and ``crops`` turn it into ink, ``surface`` puts the ink on
something, ``camera`` takes the picture, ``render`` is all of it. Made for speed: masks of whole lines, arithmetic on
uint8, chance from Python's own generator.
"""
