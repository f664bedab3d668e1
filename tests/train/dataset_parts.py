"""Pictures and archives of pictures, for tests of data sets."""

import csv
import io
import tarfile
from pathlib import Path

import cv2
import numpy as np

from ocr_edge.contract.labels import DEFAULT
from ocr_train import datasets


def picture(seed: int = 0, size: tuple[int, int] = (9, 6)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)


def png(image: np.ndarray) -> bytes:
    return cv2.imencode(".png", image[..., ::-1] if image.ndim == 3 else image)[1].tobytes()


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def write_tar(path: Path, rows: list[dict[str, str]], files: dict[str, bytes]) -> str:
    table = io.StringIO()
    writer = csv.DictWriter(table, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    with tarfile.open(path, "w") as archive:
        for name, data in {**files, "labels.csv": table.getvalue().encode()}.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return f"tar:{path}"


def labels_of(dataset: datasets.Dataset) -> str:
    return "".join(DEFAULT[sample.label] for sample in dataset.samples)
