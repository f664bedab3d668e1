"""``python -m ocr_edge.diagnose [FILE]``: what a configuration's checks find, a line of JSON each, for the doctor."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from ocr_edge.diagnose.examine import CONFIGURATION, examine
from ocr_edge.diagnose.probe import look

for finding in examine(look(Path(sys.argv[1]) if sys.argv[1:] else None), CONFIGURATION):
    print(json.dumps(asdict(finding)), flush=True)
