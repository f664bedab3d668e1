"""Picture in, reading out: segment, recognise, decode. Pure: no file, camera or clock but the caller's."""

from ocr_edge.contract.types import Image
from ocr_edge.reading import Reading


class Pipeline:
    """Placeholder of the interface: ``read(image, source=..., time=...) -> Reading``."""

    def read(self, image: Image, *, source: str = "", time: float = 0.0) -> Reading:
        """Read one RGB picture, uint8, shape ``(H, W, 3)``."""
        raise NotImplementedError
