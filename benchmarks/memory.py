"""Memory of reading a picture: each in a fresh process, at the sizes that cameras and scanners give.

    python benchmarks/memory.py examples/display.jpg --size 2048x1152
    python benchmarks/memory.py page.png

For each picture: what the process takes with the bundle loaded, the most it took up to the end of the first reading,
and of the third. The picture itself is part of it, decoded: 7 MiB for 2048x1152, 25 MiB for a page of 300 dpi.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from lib import report

ONE = """
import json, sys
from pathlib import Path
import cv2
from ocr_edge import Reader
from ocr_edge.sources.pictures import load

def mib(name):
    line = next(line for line in open("/proc/self/status") if line.startswith(name))
    return int(line.split()[1]) / 1024

reader = Reader(sys.argv[2] or None)
loaded = mib("VmRSS")
image = load(Path(sys.argv[1]))
if sys.argv[3]:
    width, height = map(int, sys.argv[3].split("x"))
    image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
reader.read(image)
first = mib("VmHWM")
reader.read(image)
reader.read(image)
print(json.dumps([image.shape[1], image.shape[0], loaded, first, mib("VmHWM")]))
"""
"""Reads one picture three times."""


def main() -> int:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pictures", nargs="+", type=Path, metavar="PICTURE")
    parser.add_argument("--size", default="", metavar="WIDTHxHEIGHT", help="scale each picture to this first")
    parser.add_argument("--bundle", default="", help="default: the shipped one")
    args = parser.parse_args()
    rows = []
    for path in args.pictures:
        command = [sys.executable, "-c", ONE, str(path), args.bundle, args.size]
        width, height, *mib = json.loads(subprocess.check_output(command, text=True))
        rows.append([path.name, f"{width}x{height}", *(f"{value:.0f}" for value in mib)])
    print(report.header(report.machine(), {}))
    print()
    columns = ["picture", "size", "MiB with the bundle loaded", "peak, 1 reading", "peak, 3 readings"]
    print(report.table(columns, rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
