"""Networks that name characters: as bundles, on held-out data, timed, alone and in sequence."""
