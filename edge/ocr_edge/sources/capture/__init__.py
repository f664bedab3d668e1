"""The capture thread, which alone touches the camera, and what it decides by."""

from ocr_edge.sources.capture.capturer import Capturer, CaptureStatus

__all__ = ["CaptureStatus", "Capturer"]
