"""The named parts of a picture: where they are now, whether they can be read, and whether they have changed."""
