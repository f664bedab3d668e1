"""Where text is: a network's map of the whole picture, and the outlines of its lines."""
