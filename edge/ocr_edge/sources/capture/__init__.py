"""The capture thread, which alone touches the camera, and what it decides by."""

from ocr_edge.sources.capture.capturer import Capturer
from ocr_edge.sources.capture.shared import CaptureStatus

__all__ = ["CaptureStatus", "Capturer"]
