"""The samples that a bundle is calibrated with and verified on, as the command line names them."""

import argparse
from collections.abc import Sequence

from ocr_convert.trained import Trained
from ocr_edge.contract import labels as label_orders
from ocr_edge.errors import ConfigError
from ocr_train import datasets
from ocr_train.datasets import Dataset
from ocr_train.feed import located


def data(
    arguments: argparse.Namespace, trained: Sequence[Trained], labels: Sequence[str]
) -> tuple[list[Dataset], list[Dataset]]:
    """Data to calibrate with and data to verify on, from --samples or from the recipe of the first run."""
    specs = arguments.samples
    if not specs:
        sources = trained[0].record.get("recipe", {}).get("sources", [])
        if not sources:
            raise ConfigError("no run.json beside the model names its data; give --samples SPEC")
        specs = [located(source["data"], arguments.data) for source in sources]
    calibration: list[Dataset] = []
    held_out: list[Dataset] = []
    for spec in specs:
        dataset = datasets.load(_in_order(spec, arguments.labels), labels)
        for split, target in (("train", calibration), ("validation", held_out)):
            samples = [sample for sample in dataset.samples if sample.split == split]
            if samples:
                target.append(Dataset(dataset.name, samples))
    check_both(calibration, held_out, "sample")
    return calibration, held_out


def _in_order(spec: str, order: str | None) -> str:
    """A spec whose classes, where they are numbers, count in the order of --labels unless it says another itself."""
    place, mark, split = spec.partition("#")
    path, _, options = place.partition("?")
    if order not in label_orders.ORDERS or "labels=" in options or path.startswith("emnist:"):
        return spec
    return f"{path}?labels={order}{'&' * bool(options)}{options}{mark}{split}"


def check_both(calibration: Sequence[object], held_out: Sequence[object], what: str) -> None:
    """Refuse data of one split alone: what calibrated would also verify, or nothing would."""
    if not calibration or not held_out:
        missing = "train" if not calibration else "validation"
        raise ConfigError(
            f"--samples: no {what} of the {missing} split; both splits are needed, to calibrate and to verify"
        )
