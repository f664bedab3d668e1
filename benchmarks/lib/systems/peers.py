"""The peers: optional, in process, told what kind of picture they get where they can be told."""

import argparse
import os
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

from lib.systems import Picture, UnavailableError, imported

PEERS = ("tesseract", "rapidocr")


def chosen(text: str) -> list[str]:
    """Names of peers from a list with commas, as an argument's type."""
    names = [name for name in text.split(",") if name]
    unknown = sorted(set(names) - set(PEERS))
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r}: known are {', '.join(PEERS)}")
    return names


class Tesseract:
    """Tesseract 5 in process, through ``tesserocr``.

    Args:
        tessdata: Folder of its language data; empty to look where distributions put it.
    """

    MODES: ClassVar = {"line": "SINGLE_LINE", "plate": "SINGLE_BLOCK", "photo": "SPARSE_TEXT", "page": "AUTO"}
    """Page mode for each layout; on plates sparse text contained the truth no more often than a block."""

    def __init__(self, tessdata: str = "") -> None:
        self._package = imported("tesserocr")
        folder = tessdata or os.environ.get("TESSDATA_PREFIX") or self._find()
        self._api = self._package.PyTessBaseAPI(path=folder, lang="eng")
        name = self._package.tesseract_version().splitlines()[0].partition(" ")[2]
        self.about = {"tesseract": name, "tesserocr": version("tesserocr")}

    def read(self, picture: Picture) -> tuple[str, Mapping[str, float]]:
        """Read a picture."""
        self._api.SetPageSegMode(getattr(self._package.PSM, self.MODES[picture.layout]))
        self._api.SetImageBytes(picture.data, picture.width, picture.height, 3, 3 * picture.width)
        return self._api.GetUTF8Text(), {}

    @staticmethod
    def _find() -> str:
        """The first folder with the English language data."""
        for root in ("/usr/share", "/usr/local/share", "/opt/homebrew/share"):
            for pattern in ("tesseract-ocr/*/tessdata", "tessdata"):
                for found in sorted(Path(root).glob(pattern), reverse=True):
                    if (found / "eng.traineddata").is_file():
                        return str(found)
        raise UnavailableError("no eng.traineddata found; install tesseract-ocr-eng or set TESSDATA_PREFIX")


class RapidOcr:
    """RapidOCR with the PP-OCRv6 small models of its wheel; a line is not searched for first."""

    MODELS: ClassVar = ("PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx")

    def __init__(self, threads: int = 1) -> None:
        package = imported("rapidocr")
        folder = Path(str(package.__file__)).parent / "models"
        missing = [name for name in self.MODELS if not (folder / name).is_file()]
        if missing:
            raise UnavailableError(
                f"rapidocr {version('rapidocr')} is installed without {', '.join(missing)}"
            )
        imported("cv2").setNumThreads(threads)
        engine = "EngineConfig.onnxruntime"
        small = {"ocr_version": package.OCRVersion.PPOCRV6, "model_type": package.ModelType.SMALL}
        self._engine = package.RapidOCR(
            params={
                "Global.log_level": "critical",
                f"{engine}.intra_op_num_threads": threads,
                f"{engine}.inter_op_num_threads": threads,
                **{f"{part}.{key}": value for part in ("Det", "Rec") for key, value in small.items()},
            }
        )
        self.about = {name: version(name) for name in ("rapidocr", "onnxruntime")} | {
            "models": "PP-OCRv6 small"
        }

    def read(self, picture: Picture) -> tuple[str, Mapping[str, float]]:
        """Read a picture."""
        search = picture.layout != "line"
        bgr = picture.array()[..., ::-1].copy()
        result = self._engine(bgr, use_det=search, use_cls=search, use_rec=True)
        return "\n".join(result.txts or ()), {}

    def outlines(self, bgr: Any) -> list[list[list[float]]]:
        """What its detector alone finds: four corners each, in the picture's pixels.

        Args:
            bgr: uint8, shape ``(H, W, 3)``.
        """
        result = self._engine(bgr, use_det=True, use_cls=False, use_rec=False)
        boxes = getattr(result, "boxes", None)
        return [] if boxes is None else [[[float(x), float(y)] for x, y in box] for box in boxes]
