"""How fast the bundles are on this machine: pictures, measurements, and how they are told."""
