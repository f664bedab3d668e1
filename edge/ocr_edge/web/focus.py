"""How sharp and how bright a frame is, for whoever turns the lens or sets the lamp."""

import cv2
import numpy as np

from ocr_edge.config.settings import Picture
from ocr_edge.contract.preprocess import luminance
from ocr_edge.contract.types import Image
from ocr_edge.geometry import rectify
from ocr_edge.regions import quality
from ocr_edge.web.view import View

BINS = 64
"""Bars of the histogram: a phone shows as many."""
DARK = 5
"""Grey level up to which a pixel may hide anything darker; the upper end is ``quality.BURNT``."""
MIDDLE = 480
"""Pixels of the side of the middle of the picture that is looked at: more would be halved, and fine focus is lost."""


def measured(view: View, region: str, limits: Picture) -> dict[str, object] | None:
    """Sharpness, exposure and histogram, as plain values; None where the region is not in sight.

    Args:
        view: A frame.
        region: Name of a region; empty for the middle of the picture.
        limits: Where each problem begins.
    """
    image = _part(view, region)
    if image is None:
        return None
    gray = luminance(image)
    judged = quality.judge(gray, limits)
    sharp = quality.edge_sharpness(gray)
    counts = cv2.calcHist([gray], [0], None, [BINS], [0, 256]).ravel()
    return {
        "sharpness": None if sharp is None else round(float(sharp), 4),
        "brightness": round(judged.brightness),
        "burnt": round(judged.overexposed, 4),
        "black": round(float((gray <= DARK).mean()), 4),
        "problem": judged.problem,
        "histogram": [round(float(count), 4) for count in counts / max(float(counts.max()), 1.0)],
    }


def _part(view: View, region: str) -> Image | None:
    """A region cut out, or the middle of the picture, which nobody sees where it is masked."""
    if region:
        corners = next((seen.corners for seen in view.regions if seen.region == region), None)
        if corners is None or not np.isfinite(corners).all():
            return None
        return rectify.rectify(view.image, [(float(x), float(y)) for x, y in corners]).image
    if view.masked:
        return None
    height, width = view.image.shape[:2]
    top, left = max(0, (height - MIDDLE) // 2), max(0, (width - MIDDLE) // 2)
    return view.image[top : top + MIDDLE, left : left + MIDDLE]
