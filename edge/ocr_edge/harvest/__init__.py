"""Lines that were not read for sure: kept, labelled by their owner, exported for training."""
