"""``python -m ocr_edge``."""

import sys

from ocr_edge.cli import main

sys.exit(main())
