"""Which lines of a picture stand, and in which order a person reads them. Pure."""
