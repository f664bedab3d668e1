"""Pictures for tests: drawn, encoded, written to a file, compared."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow


def encoded(image: Pillow.Image, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def scene() -> np.ndarray:
    """A picture whose four quarters differ, so that every turn of it shows."""
    image = np.zeros((40, 64, 3), np.uint8)
    image[:20, :32], image[:20, 32:] = (200, 10, 30), (20, 180, 40)
    image[20:, :32], image[20:, 32:] = (10, 30, 220), (240, 240, 240)
    return image


@pytest.fixture
def put(tmp_path: Path):
    def write(data: bytes, name: str = "picture") -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


def close(found: np.ndarray, expected: np.ndarray, tolerance: int = 6) -> bool:
    inner = np.abs(found.astype(int) - expected.astype(int))
    return found.shape == expected.shape and np.median(inner) <= tolerance and inner.mean() <= 2 * tolerance
