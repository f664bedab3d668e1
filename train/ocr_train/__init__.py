"""Build, train and measure character networks on a workstation."""
