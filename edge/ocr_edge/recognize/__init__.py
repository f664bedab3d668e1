"""Run the networks that name characters and read lines, and choose between their answers."""
