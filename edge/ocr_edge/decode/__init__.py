"""From scored candidates to text: the best path, line geometry, the owner's pattern. Pure."""
