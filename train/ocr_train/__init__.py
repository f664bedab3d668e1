"""Build, train and measure character networks on a workstation."""

import ocr_edge as _  # noqa: F401 - first: OpenCV reads its settings when it is loaded
