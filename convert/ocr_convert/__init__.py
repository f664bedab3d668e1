"""Turn trained models into bundles for the device, and prove that nothing was lost on the way."""

import ocr_edge as _  # noqa: F401 - first: OpenCV reads its settings when it is loaded
