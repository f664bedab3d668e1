"""Data sets behind one interface: a spec such as ``tar:crops.tar#validation`` becomes labelled glyphs."""

from collections.abc import Callable, Sequence

from ocr_edge.errors import ConfigError
from ocr_train.datasets import emnist, folder, npz, tar, without
from ocr_train.datasets.base import Dataset, Sample, Spec

__all__ = ["LOADERS", "Dataset", "Sample", "Spec", "load"]

LOADERS: dict[str, Callable[[Spec, Sequence[str]], Dataset]] = {
    "folder": folder.load,
    "tar": tar.load,
    "npz": npz.load,
    "emnist": emnist.load,
}
"""The loader of each kind of spec."""


def load(text: str, labels: Sequence[str]) -> Dataset:
    """Load the samples that a spec names.

    Args:
        text: ``KIND:PATH[?key=value&...][#split]``; see ``Spec``.
        labels: The ordered labels that sample indices point into.

    Returns:
        The data set, with at least one sample.

    Raises:
        ConfigError: The spec is malformed, its file or list is missing or unreadable, or no sample is left.
    """
    spec = Spec.parse(text)
    if spec.kind not in LOADERS:
        raise ConfigError(f"data {text!r}: unknown kind {spec.kind!r}; known are {', '.join(LOADERS)}")
    if not spec.path.exists():
        raise ConfigError(f"data {text!r}: {spec.path} does not exist")
    dataset = LOADERS[spec.kind](spec, labels)
    selected = spec.select(dataset.samples)
    samples = without.leave_out(spec, selected, labels)
    if not samples:
        found = ", ".join(sorted({sample.split for sample in dataset.samples})) or "none"
        raise ConfigError(f"data {text!r}: no usable sample is left (splits found: {found})")
    return Dataset(spec.name, samples, len(selected) - len(samples))
