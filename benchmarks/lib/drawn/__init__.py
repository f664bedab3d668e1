"""Pictures with known text or known texture, drawn when they are needed."""
