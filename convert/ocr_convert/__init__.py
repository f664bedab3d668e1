"""Turn trained models into bundles for the device, and prove that nothing was lost on the way."""
