"""Where things stand and how they are turned: transforms, pictures cut out upright, slant."""
