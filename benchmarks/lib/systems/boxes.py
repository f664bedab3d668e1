"""RapidOCR's detector alone, as a process: paths of pictures on stdin, outlines and CPU time as JSON on stdout."""

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import cv2

from lib.systems import UnavailableError
from lib.systems.peers import RapidOcr


def main() -> int:
    """Answer until stdin ends; the first line says what answers."""
    try:
        peer = RapidOcr()
    except UnavailableError as error:
        print(json.dumps({"unavailable": str(error)}), flush=True)
        return 1
    print(json.dumps({"about": peer.about}), flush=True)
    for line in sys.stdin:
        image = cv2.imread(line.strip(), cv2.IMREAD_COLOR)
        began = time.process_time()
        quads = peer.outlines(image)
        print(json.dumps({"quads": quads, "cpu_s": time.process_time() - began}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
