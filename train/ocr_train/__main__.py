"""``python -m ocr_train``."""

import sys

from ocr_train.cli import main

# Worker processes import this module again where they are spawned.
if __name__ == "__main__":
    sys.exit(main())
