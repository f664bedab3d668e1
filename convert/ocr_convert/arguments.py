"""The command line of ``ocr-convert``."""

import argparse
from pathlib import Path

from ocr_edge import __version__
from ocr_edge.system.arguments import Parser

DESCRIPTION = "``ocr-convert``: trained networks in, a verified bundle for the device out."
CALIBRATION = 1500
"""Representative samples of a character stage."""

EPILOG = """\
examples:
  ocr-convert --quantize runs/x/model.keras --samples tar:crops.tar --out mybundle
  ocr-convert --quantize runs/x/model.keras --data data --out mybundle     (samples of the run's own recipe)
  ocr-convert --quantize small.keras large.keras --escalate-below 0.9 --samples tar:crops.tar --out cascade
  ocr-convert --quantize runs/line/model.keras --data data --beside default --out mybundle     (a line stage)
  ocr-convert --quantize runs/detect/model.keras --data data --beside default --out mybundle     (a detector)
  ocr-convert --quantize --adopt ocr_model.h5 --labels 0-9a-zA-Z --samples folder:characters --out adopted

exit codes: 0 written; 1 the network is poor or lost too much by conversion, nothing written; 2 usage or data; 3 bundle;
130 stopped by Ctrl-C, nothing written
"""


def parser() -> argparse.ArgumentParser:
    """What the program understands."""
    made = Parser(
        prog="ocr-convert",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    made.add_argument(
        "models", nargs="*", type=Path, metavar="MODEL.keras", help="one a stage, in the order they run"
    )
    made.add_argument(
        "--quantize", action="store_true", help="full int8; without it the bundle computes in float32"
    )
    made.add_argument(
        "--adopt", type=Path, metavar="FILE.h5", help="take in the original project's network instead"
    )
    made.add_argument(
        "--labels",
        metavar="ORDER",
        help="class order of the networks (default: as their run.json says), and of samples whose classes are numbers",
    )
    made.add_argument(
        "--input-scale",
        type=float,
        default=255.0,
        metavar="X",
        help="with --adopt: what its pixels were divided by (default 255)",
    )
    made.add_argument(
        "--samples",
        nargs="+",
        metavar="SPEC",
        help="data sets: their train split calibrates, their validation split verifies",
    )
    made.add_argument(
        "--data",
        default="data",
        metavar="DIR",
        help="folder of the recipe's data, where --samples is not given (default data)",
    )
    made.add_argument(
        "--calibration", type=int, metavar="N", help=f"representative samples (default {CALIBRATION})"
    )
    made.add_argument(
        "--escalate-below",
        type=float,
        action="append",
        default=[],
        metavar="P",
        help="confidence under which a character goes on to the next stage; once for each stage but the last",
    )
    made.add_argument(
        "--combine",
        choices=("replace", "mean"),
        help="how scores of stages are combined (default replace)",
    )
    made.add_argument(
        "--beside",
        metavar="BUNDLE",
        help="with a line stage or a detector: take the other stages of this bundle, a folder or the name of one that"
        " ships",
    )
    made.add_argument(
        "--force",
        action="store_true",
        help="convert a network that names most held-out glyphs wrong all the same",
    )
    made.add_argument("--name", help="name of the bundle (default: that of its folder)")
    made.add_argument("--out", type=Path, required=True, metavar="BUNDLE", help="folder to write")
    made.add_argument(
        "-v", "--verbose", action="store_true", help="more lines on stderr, and TensorFlow's own"
    )
    return made
