"""``?without=LIST.csv``: rows that a list names are left out of training, and of nothing else.

A relative path starts from the folder that the data lies in. The list has the columns ``data,file,label`` and
whatever else its reader likes: ``data`` is the file name of the data set, so that one list serves several of
them. ``ocr-train suspects`` writes such lists.
"""

import csv
import logging
from collections.abc import Sequence

from ocr_edge.errors import ConfigError
from ocr_train.datasets.base import Sample, Spec

_LOGGER = logging.getLogger(__name__)

COLUMNS = ("data", "file", "label")


def leave_out(spec: Spec, samples: list[Sample], labels: Sequence[str]) -> list[Sample]:
    """The samples that the spec's list does not name; all of them where it has no list.

    Args:
        spec: Where the samples come from.
        samples: What was loaded.
        labels: The ordered labels that samples point into.

    Raises:
        ConfigError: The list cannot be read; it names a row that is not for training; or it was made from other
            data, which shows where its label of a row is not the row's.
    """
    if "without" not in spec.options:
        return samples
    path = spec.path.parent / spec.options["without"]
    named = _read(spec)
    for sample in samples:
        if sample.file not in named:
            continue
        if sample.split != "train":
            raise ConfigError(
                f"{path}: names {sample.file} of {spec.path.name}, whose split is {sample.split!r}; "
                "only training rows may be left out"
            )
        if labels[sample.label] != named[sample.file]:
            raise ConfigError(
                f"{path}: {sample.file} of {spec.path.name} is {named[sample.file]!r} in the list and "
                f"{labels[sample.label]!r} in the data; the list was made from other data, make it again"
            )
    kept = [sample for sample in samples if sample.file not in named]
    _LOGGER.info("%s: %d training rows left out, by %s", spec.name, len(samples) - len(kept), path)
    return kept


def _read(spec: Spec) -> dict[str, str]:
    """The label of each file of this data set that the list names."""
    path = spec.path.parent / spec.options["without"]
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
            if missing:
                raise ConfigError(f"{path}: lacks the column {', '.join(missing)}")
            return {row["file"]: row["label"] for row in reader if row["data"] == spec.path.name}
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not a readable list ({error})") from error
