"""Texts that go over two rows: what is said of 100 drawn plates, and of photographs with a plate of two rows.

    python benchmarks/rows.py --json out.json
    python benchmarks/rows.py --save DIR
    python benchmarks/rows.py --photos DATA_DIR/images/field_photos.tar

Each plate is a region of the daemon with ``rows = 2`` and its kind's pattern, read from one frame with the defaults,
and once more as one line each (``rows`` left out), joined afterwards.
"""

import argparse
import json
import re
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from lib.drawn.plates import COUNT, SEED, Plate, plates
from lib.report import header, interval, machine, percent, save, table
from lib.scoring import wilson
from ocr_edge.bundles.load import Bundle, load
from ocr_edge.config.load import parse
from ocr_edge.daemon.scene import Scene
from ocr_edge.errors import OcrEdgeError
from ocr_edge.sources.base import Frame
from ocr_edge.system.counters import Counters

USAGE = 2
WAYS = {
    "as one text, with its pattern": (True, True),
    "as one text, without": (True, False),
    "line by line": (False, False),
}
"""Ways to read a plate: whether ``rows = 2`` is given, and the pattern."""
PHOTO, PATTERN = "plate_vietnam_motor.jpg", r"\d{2}[A-Z]\d{6}"
"""The photograph of ``field_photos`` that shows a text of two rows, and its pattern."""
PLACES = {"whole picture": None, "the plate": "[[200, 115], [298, 115], [298, 180], [200, 180]]"}
"""Regions of it; the second was placed by eye."""


def said(image: np.ndarray, bundle: Bundle, pattern: str, rows: bool, corners: str | None = None) -> str:
    """The letters and digits that the daemon says of a picture."""
    text = '[source]\nurl = "file:x"\n[[region]]\nname = "plate"\n' + ("rows = 2\n" if rows else "")
    text += f"pattern = '{pattern}'\n" if pattern else ""
    text += f"corners = {corners}\n" if corners else ""
    scene = Scene(parse(text, Path("plate.toml")), bundle, Counters())
    (reading,) = scene.answer([Frame(image, 0.0, 0.0, "drawn")])
    return re.sub(r"[\W_]", "", reading.text)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; the exit code."""
    args = parser().parse_args(argv)
    missing: list[str] = []
    drawn = list(plates(args.count, args.seed, missing))
    for line in missing:
        print(f"left out: {line}", file=sys.stderr)
    if args.save:
        keep(drawn, args.save)
        return 0
    try:
        bundle = load(Path(args.bundle) if args.bundle else None)
    except OcrEdgeError as error:
        print(f"rows.py: {error}", file=sys.stderr)
        return USAGE
    facts = machine() | {
        "plates": f"{len(drawn)} of {args.count}, seed {args.seed}",
        "bundle": bundle.manifest.name,
    }
    found = [
        {
            name: said(one.image, bundle, one.pattern if patterned else "", rows)
            for name, (rows, patterned) in WAYS.items()
        }
        for one in drawn
    ]
    text = f"{header(facts, {})}\n\n{by_way(drawn, found)}\n"
    if args.photos:
        truth, image = photo(args.photos)
        rows = [[PHOTO, name, truth, said(image, bundle, PATTERN, True, at)] for name, at in PLACES.items()]
        text += "\n" + table(["photograph", "region", "truth", "said"], rows) + "\n"
    print(text, end="")
    save(args.markdown, text)
    save(
        args.json,
        {
            "machine": facts,
            "rows": [{"name": d.name, "truth": d.text} | f for d, f in zip(drawn, found, strict=True)],
        },
    )
    return 0


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    result = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = result.add_argument
    add("--bundle", default="", metavar="B", help="default: the shipped one")
    add("--count", type=int, default=COUNT, metavar="N", help=f"plates to draw (default: {COUNT})")
    add("--seed", type=int, default=SEED, help=f"another seed is another set (default: {SEED})")
    add("--photos", type=Path, metavar="TAR", help="field_photos.tar, whose plates of two rows are read too")
    add("--save", type=Path, metavar="DIR", help="write the pictures and truth.jsonl there, and read nothing")
    add("--json", type=Path, metavar="FILE", help="every truth and what was said")
    add("--markdown", type=Path, metavar="FILE", help="the tables that are printed")
    return result


def by_way(drawn: Sequence[Plate], found: Sequence[dict[str, str]]) -> str:
    """How many are right, wrong and silent, for each way to read them."""
    rows = []
    for way in WAYS:
        right = sum(texts[way] == one.text for one, texts in zip(drawn, found, strict=True))
        silent = sum(not texts[way] for texts in found)
        n = len(drawn)
        shares = [percent(count / n) for count in (right, n - right - silent, silent)]
        rows.append([way, str(n), shares[0], interval(wilson(right, n)), *shares[1:]])
    return table(["read", "n", "right", "95 %", "wrong", "silent"], rows)


def photo(path: Path) -> tuple[str, np.ndarray]:
    """Truth and pixels of ``PHOTO`` in an archive."""
    with tarfile.open(path) as archive:
        files = {Path(name).name: name for name in archive.getnames()}
        lines = archive.extractfile(files["ground_truth.jsonl"])
        rows = {Path(row["file"]).name: row for row in map(json.loads, lines or ())}
        file = archive.extractfile(files[PHOTO])
        data = np.frombuffer(file.read() if file else b"", np.uint8)
    return rows[PHOTO]["text"], np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])


def keep(drawn: Sequence[Plate], folder: Path) -> None:
    """Write the pictures and their truth."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "truth.jsonl", "w", encoding="utf-8") as file:
        for one in drawn:
            cv2.imwrite(str(folder / f"{one.name}.png"), one.image[..., ::-1])
            file.write(
                json.dumps({"file": f"{one.name}.png", "text": one.text, "pattern": one.pattern}) + "\n"
            )


if __name__ == "__main__":
    sys.exit(main())
