"""What training, conversion and the device agree on: labels, types, preprocessing, tensors, manifest.

This package imports nothing else of ours, so that a change here is seen for what it is: a change of the contract.
"""
