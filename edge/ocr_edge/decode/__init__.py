"""From a line's posteriors to its text: the best path, the owner's pattern, check digits, likely words. Pure."""
