"""Rolling counters: what is said of 500 drawn ones at every tenth of a turn, and of photographs of a water meter.

    python benchmarks/counters.py --json out.json
    python benchmarks/counters.py --save DIR
    python benchmarks/counters.py --photos DATA_DIR/images/field_photos.tar

Each counter is a region of the daemon with ``rolling = "up"`` and a pattern that counts its wheels, read from one frame
with the defaults. *One too high* is what must never happen; *one too low* is said where two numbers next to each other
cannot be told apart.
"""

import argparse
import json
import sys
import tarfile
from collections import Counter as Counts
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from lib.drawn.counters import COUNT, SEED, TENTHS, Counter, counters
from lib.report import header, interval, machine, percent, save, table
from lib.scoring import wilson
from ocr_edge.bundles.load import Bundle, load
from ocr_edge.config.load import parse
from ocr_edge.daemon.scene import Scene
from ocr_edge.errors import OcrEdgeError
from ocr_edge.sources.base import Frame
from ocr_edge.system.counters import Counters

USAGE = 2
VERDICTS = ("right", "one too low", "one too high", "otherwise wrong", "silent")
TILTED = ((312.5, 21.8), (559.3, 190.4), (523.1, 243.2), (276.3, 74.6))
PHOTOS = {
    "water_530.48435.jpg": TILTED,
    "water_530.95675.jpg": TILTED,
    "water_531.24108.jpg": TILTED,
    "water_531.63071.jpg": TILTED,
    "water_ref_aligned.jpg": ((188, 61), (493, 61), (493, 125), (188, 125)),
}
"""Windows in the photographs of ``field_photos`` that show all wheels, equally wide; placed by eye."""


def said(
    image: np.ndarray,
    corners: Sequence[tuple[float, float]],
    wheels: int,
    bundle: Bundle,
    *,
    rolling: bool = True,
) -> str:
    """What the daemon says of a counter; empty where it says nothing."""
    places = [[round(x, 2), round(y, 2)] for x, y in corners]
    text = (
        f'[source]\nurl = "file:x"\n[[region]]\nname = "counter"\ncorners = {places}\n'
        f"pattern = '\\d{{{wheels}}}'\n[region.value]\nrolling = \"{'up' if rolling else ''}\"\n"
    )
    scene = Scene(parse(text, Path("counter.toml")), bundle, Counters())
    (reading,) = scene.answer([Frame(image, 0.0, 0.0, "drawn")])
    return reading.text


def verdict(truth: str, text: str) -> str:
    """Which of ``VERDICTS`` a text is."""
    text = text.replace(" ", "")
    if not text:
        return "silent"
    if len(text) != len(truth):
        return "otherwise wrong"
    away = (int(text) - int(truth)) % 10 ** len(truth)
    return {0: "right", 1: "one too high", 10 ** len(truth) - 1: "one too low"}.get(away, "otherwise wrong")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; the exit code."""
    args = parser().parse_args(argv)
    missing: list[str] = []
    drawn = list(counters(args.count, args.seed, missing))
    for line in missing:
        print(f"left out: {line}", file=sys.stderr)
    if args.save:
        keep(drawn, args.save)
        return 0
    try:
        bundle = load(Path(args.bundle) if args.bundle else None)
    except OcrEdgeError as error:
        print(f"counters.py: {error}", file=sys.stderr)
        return USAGE
    facts = machine() | {"counters": f"{len(drawn)} of {args.count}, seed {args.seed}"}
    facts |= {"bundle": bundle.manifest.name, "rolling": "off" if args.plain else "up"}
    found = [
        (one, said(one.image, one.corners, len(one.text), bundle, rolling=not args.plain)) for one in drawn
    ]
    text = f"{header(facts, {})}\n\n{by_turn(found)}\n\n{by_kind(found)}\n"
    if args.photos:
        text += f"\n{by_photo(list(photos(args.photos)), bundle, rolling=not args.plain)}\n"
    print(text, end="")
    rows = [
        {"name": c.name, "truth": c.text, "tenth": c.tenth, "said": s, "verdict": verdict(c.text, s)}
        for c, s in found
    ]
    save(args.markdown, text)
    save(args.json, {"machine": facts, "rows": rows})
    return 0


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    result = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = result.add_argument
    add("--bundle", default="", metavar="B", help="default: the shipped one")
    add("--count", type=int, default=COUNT, metavar="N", help=f"counters to draw (default: {COUNT})")
    add("--seed", type=int, default=SEED, help=f"another seed is another set (default: {SEED})")
    add("--photos", type=Path, metavar="TAR", help="field_photos.tar, whose water meters are read too")
    add("--plain", action="store_true", help="read them as any number, without 'rolling'")
    add("--save", type=Path, metavar="DIR", help="write the pictures and truth.jsonl there, and read nothing")
    add("--json", type=Path, metavar="FILE", help="every truth and what was said")
    add("--markdown", type=Path, metavar="FILE", help="the tables that are printed")
    return result


def by_turn(found: Sequence[tuple[Counter, str]]) -> str:
    """What was said for each tenth of a turn of the last wheel, and of all."""
    groups = {f"{tenth / TENTHS:.1f}": [f for f in found if f[0].tenth == tenth] for tenth in range(TENTHS)}
    return _table("turn", groups | {"all": list(found)})


def by_kind(found: Sequence[tuple[Counter, str]]) -> str:
    """The same for kinds of counters."""
    return _table(
        "counter",
        {
            "dark wheels": [f for f in found if f[0].dark],
            "light wheels": [f for f in found if not f[0].dark],
            "with red decimals": [f for f in found if f[0].decimals],
            "several wheels turning": [f for f in found if f[0].text.endswith("9") and f[0].tenth],
        },
    )


def by_photo(found: Sequence[tuple[str, str, np.ndarray]], bundle: Bundle, *, rolling: bool) -> str:
    """What is said of each photograph."""
    rows = []
    for name, truth, image in found:
        text = said(image, PHOTOS[name], len(truth), bundle, rolling=rolling)
        rows.append([name, truth, text, verdict(truth, text)])
    return table(["photograph", "truth", "said", ""], rows)


def photos(path: Path) -> Iterator[tuple[str, str, np.ndarray]]:
    """Name, truth and pixels of the photographs of an archive whose windows are known."""
    with tarfile.open(path) as archive:
        lines = archive.extractfile(next(n for n in archive.getnames() if n.endswith("ground_truth.jsonl")))
        for row in map(json.loads, lines or ()):
            name = Path(row["file"]).name
            member = next((n for n in archive.getnames() if n.endswith(row["file"])), None)
            if name in PHOTOS and member and (file := archive.extractfile(member)):
                pixels = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_COLOR)
                yield name, row["text"], np.ascontiguousarray(pixels[..., ::-1])


def keep(drawn: Sequence[Counter], folder: Path) -> None:
    """Write the pictures and their truth."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "truth.jsonl", "w", encoding="utf-8") as file:
        for one in drawn:
            cv2.imwrite(str(folder / f"{one.name}.png"), one.image[..., ::-1])
            row = {
                "file": f"{one.name}.png",
                "text": one.text,
                "tenth": one.tenth,
                "corners": [[round(x, 1), round(y, 1)] for x, y in one.corners],
            }
            file.write(json.dumps(row) + "\n")


def _table(first: str, groups: dict[str, list[tuple[Counter, str]]]) -> str:
    rows = []
    for name, members in groups.items():
        counts = Counts(verdict(one.text, text) for one, text in members)
        n = len(members)
        shares = [percent(counts[v] / n) if n else "-" for v in VERDICTS]
        rows.append([name, str(n), *shares, interval(wilson(counts["one too high"], n)) if n else "-"])
    return table([first, "n", *VERDICTS, "too high, 95 %"], rows)


if __name__ == "__main__":
    sys.exit(main())
