"""Whether a region still reads as it did: what each day was like, compared with its own first weeks."""
