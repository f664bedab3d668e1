"""Makes the pictures of tests/truth/pictures and their truth; run by hand, the tests only read what it made.

    python tests/truth/make.py [--data DIR]

Needs Pillow, fontconfig and the families named below (Debian: fonts-dejavu, fonts-liberation, fonts-roboto,
fonts-lato, fonts-noto-core, fonts-inconsolata). The same seeds draw the same pictures up to FreeType's rounding.
Nothing here comes from the renderer that training uses. Real pictures are cut out again with ``--data``, a folder with
``orand_strings.tar`` and ``tesseract_test.tar``; without it they stay as they are.
"""

import argparse
import io
import json
import sys
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from lib.drawn.ink import Ink, dots, font_file, printed, segments, stacked
from lib.drawn.photographed import Look, jpeg, photograph

HERE = Path(__file__).resolve().parent
SEED = 2026
DRAWN = "drawn by tests/truth/make.py"
ORAND = "ORAND-CAR, validation part (MIT)"
TESSERACT = "Tesseract's eurotext (Apache-2.0)"

WHITE, BLACK, CREAM, GREY = (242, 242, 240), (24, 24, 26), (226, 216, 196), (150, 152, 154)
LCD, LCD_INK = (168, 184, 150), (38, 46, 40)
RED, GREEN, BLUE, AMBER = (255, 70, 50), (90, 255, 120), (190, 225, 255), (255, 180, 60)
DARK = (16, 16, 18)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A text, what it is drawn with, and how it is seen.

    Attributes:
        name: The file's name without ending.
        kind: What it stands for in the floors.
        text: Its lines.
        style: ``segments``, ``dots``, or a family and style such as ``Roboto:Bold``.
        size: Pixels of an em, of a cell's height or between two dots.
        look: How it is seen.
        options: Further arguments of what draws it.
    """

    name: str
    kind: str
    text: str
    style: str
    size: float
    look: Look = field(default_factory=Look)
    options: dict[str, float] = field(default_factory=dict)

    def ink(self) -> Ink:
        """The text's ink."""
        lines = [self._line(line) for line in self.text.split("\n")]
        gap = round(0.5 * lines[0].shape[0])
        return stacked(lines, gap, centred=self.kind in {"plate", "label"})

    def _line(self, text: str) -> Ink:
        if self.style == "segments":
            return segments(text, round(self.size), **self.options)
        if self.style == "dots":
            return dots(text, self.size, **self.options)
        family, _, style = self.style.partition(":")
        return printed(text, font_file(family, style or "Regular"), self.size, **self.options)


DRAWINGS = (
    # Values
    Drawing("value-temperature", "value", "-3.4 °C", "DejaVu Sans", 40),
    Drawing("value-decimal", "value", "12.5", "Liberation Sans:Bold", 44,
            Look(CREAM, BLACK, margin=1.1, noise=4)),
    Drawing("value-weight", "value", "3,5 kg", "Roboto", 38, Look(WHITE, (20, 40, 90), lean=0.25)),
    Drawing("value-meter", "value", "00482.317 m³", "Liberation Sans", 34, Look(BLACK, WHITE, shade=0.3)),
    Drawing("value-percent", "value", "67 %", "Lato:Bold", 46, Look((20, 96, 62), WHITE, blur=0.9)),
    Drawing("value-price", "value", "12,99 €", "DejaVu Sans:Bold", 40, Look((250, 214, 60), (160, 20, 20))),
    Drawing("value-dollars", "value", "$1,249.00", "Liberation Serif:Bold", 40,
            Look(WHITE, BLACK, shadow=0.35)),
    Drawing("value-date", "value", "24/11/2026", "Roboto", 36, Look(GREY, BLACK, noise=6)),
    Drawing("value-date-iso", "value", "2026-11-24", "DejaVu Sans Mono", 30,
            Look(CREAM, (60, 40, 30), lean=0.25)),
    Drawing("value-time", "value", "17:42:05", "Noto Sans", 38, Look(DARK, AMBER, margin=0.8)),
    Drawing("value-pressure", "value", "+1.013 bar", "Inconsolata", 36, Look(WHITE, BLACK, blur=1.1)),
    Drawing("value-small", "value", "0.75 l", "Liberation Sans", 19, Look(WHITE, BLACK, blur=0.4)),
    # Displays
    Drawing("display-scale", "display", "1.284", "segments", 56,
            Look(LCD, LCD_INK, shade=0.2), {"ghost": 0.08}),
    Drawing("display-clock", "display", "23:59", "segments", 64, Look(DARK, RED, blur=1.0)),
    Drawing("display-freezer", "display", "-18.5", "segments", 52, Look((10, 18, 14), GREEN), {"slant": 0.0}),
    Drawing("display-oven", "display", "180°C", "segments", 48, Look(DARK, BLUE, lean=0.25), {"thick": 0.1}),
    Drawing("display-pump", "display", "215.7\n84.12", "segments", 44,
            Look(LCD, LCD_INK, noise=5), {"slant": 0.12}),
    Drawing("display-meter", "display", "073546", "segments", 40,
            Look((186, 192, 180), (30, 34, 36), shadow=0.3)),
    Drawing("display-train", "display", "GATE B12", "dots", 5, Look(DARK, AMBER)),
    Drawing("display-printer", "display", "PAPER: 38%\nINK LOW", "dots", 4,
            Look(LCD, LCD_INK, lean=0.25), {"size": 0.95}),
    Drawing("display-lift", "display", "-2", "dots", 8, Look(DARK, RED, blur=1.2)),
    # Codes
    Drawing("code-serial", "code", "SN: 4F-20871-C", "DejaVu Sans Mono", 28, Look(WHITE, BLACK, noise=4)),
    Drawing("code-slash", "code", "AB-1234/56", "Liberation Mono:Bold", 34, Look(GREY, BLACK, shade=0.35)),
    Drawing("code-lot", "code", "LOT L7203-09", "dots", 4,
            Look(WHITE, (40, 40, 60), blur=0.7), {"size": 1.0}),
    Drawing("code-part", "code", "P/N 98.224.0-7", "Roboto:Medium", 32, Look((30, 60, 110), WHITE)),
    Drawing("code-bracket", "code", "(01)04012345(10)7B", "Liberation Sans", 28,
            Look(WHITE, BLACK, lean=0.25)),
    Drawing("code-address", "code", "192.168.0.17:8080", "Inconsolata", 30, Look(DARK, (120, 240, 140))),
    # Words
    Drawing("word-serif", "word", "Exit", "Liberation Serif:Bold", 44, Look((20, 110, 60), WHITE, lean=0.25)),
    Drawing("word-upper", "word", "DANGER!", "Liberation Sans:Bold", 42,
            Look((190, 30, 30), WHITE, shade=0.3)),
    Drawing("word-hyphen", "word", "Check-in", "Lato", 38, Look((20, 60, 120), (250, 214, 60), noise=5)),
    Drawing("word-blurred", "word", "Reservoir", "Noto Sans:Bold", 36, Look(CREAM, (70, 40, 30), blur=1.6)),
    Drawing("word-small", "word", "Output", "Roboto", 18, Look(WHITE, BLACK, blur=0.4, quality=80)),
    # Plates
    Drawing("plate-white", "plate", "M-KX 4072", "Liberation Sans Narrow:Bold", 52,
            Look(WHITE, BLACK, lean=0.25)),
    Drawing("plate-yellow", "plate", "GV 318 T", "DejaVu Sans Condensed:Bold", 46,
            Look((240, 196, 40), BLACK, noise=7)),
    Drawing("plate-blue", "plate", "8FJR 265", "Roboto Condensed:Bold", 48,
            Look((224, 230, 240), (24, 40, 120), shadow=0.3)),
    # Labels
    Drawing("label-type", "label", "Type: XR-200\n230 V~ 50 Hz\n1.8 A", "Liberation Sans", 26,
            Look((196, 198, 200), BLACK, shade=0.25)),
    Drawing("label-room", "label", "Room 2.14\nDr. A. Novak", "Lato", 30, Look((60, 62, 66), WHITE)),
    Drawing("label-expiry", "label", "EXP 03/2028\nLOT 77-B", "DejaVu Sans Mono:Bold", 26,
            Look(WHITE, (40, 40, 50), noise=6)),
    # Lines
    Drawing("line-notice", "line", "Please ring the bell twice, then wait.", "Liberation Serif", 28,
            Look(CREAM, BLACK, noise=4)),
    Drawing("line-question", "line", "Is the pump running? No: it stopped at 6 p.m.", "DejaVu Sans", 22,
            Look(WHITE, BLACK, lean=0.25)),
    Drawing("line-dark", "line", "Battery low - charge now (2 h 15 min).", "Roboto", 26,
            Look(DARK, (220, 230, 236))),
    Drawing("line-quote", "line", "\"Don't open the cover,\" she said; he did.", "Liberation Serif:Italic", 28,
            Look(WHITE, (40, 30, 60), shade=0.3)),
    Drawing("line-mail", "line", "Write to office@example.org & call +44 20 7946 0018", "Lato", 24,
            Look((226, 232, 240), (20, 40, 90))),
)  # fmt: skip

CHEQUES = {
    "a8": ("7.456", "7456"),
    "ad": ("52.757", "52757"),
    "b5": ("2970", "2970"),
    "bc": ("19.571.-", "19571"),
    "b3": ("1.686", "1686"),
    "9f": ("109", "109"),
}
"""First two digits of the file's key in ORAND: what is written, and the digits that the set's own truth gives."""
EUROTEXT = {
    (88, 58, 850): "The (quick) [brown] {fox} jumps!",
    (88, 109, 910): "Over the $43,456.78 <lazy> #90 dog",
    (88, 159, 860): "& duck/goose, as 12.5% of E-mail",
    (88, 210, 936): "from aspammer@website.com is spam.",
    (84, 460, 860): "salta sopra il cane pigro. El zorro",
}
"""Left, top and right of lines in the scan, and what they say."""
LINE_STEP, LINE_DROP = 50, 0.011
"""Pixels from line to line, and how many they fall for each pixel to the right: the scan lies askew."""


def main() -> None:
    """Draw all, cut out what is real, write the truth."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="folder with the two archives of real pictures"
    )
    args = parser.parse_args()
    folder = HERE / "pictures"
    folder.mkdir(exist_ok=True)
    rows = []
    for drawing in DRAWINGS:
        random = np.random.default_rng([SEED, zlib.crc32(drawing.name.encode())])
        picture = photograph(drawing.ink(), drawing.look, random)
        (folder / f"{drawing.name}.jpg").write_bytes(jpeg(picture, drawing.look.quality))
        rows.append(row(f"{drawing.name}.jpg", drawing.kind, drawing.text, DRAWN))
    for index, (written, _) in enumerate(CHEQUES.values(), 1):
        rows.append(row(f"handwriting-{index}.jpg", "handwriting", written, ORAND))
    for index, line in enumerate(EUROTEXT.values(), 1):
        rows.append(row(f"scan-{index}.png", "scan", line, TESSERACT))
    if args.data:
        for name, data in real(args.data):
            (folder / name).write_bytes(data)
    (HERE / "truth.jsonl").write_text(
        "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), "utf-8"
    )


def row(file: str, kind: str, text: str, source: str) -> dict[str, str]:
    """A line of truth.jsonl."""
    return {"file": file, "kind": kind, "text": text, "source": source}


def real(data: Path) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of every real picture: cheques as they are, lines cut out of a scan."""
    with tarfile.open(data / "orand_strings.tar") as tar:
        truths = [json.loads(line) for line in taken(tar, "ground_truth.jsonl").splitlines()]
        for index, (key, (_, digits)) in enumerate(CHEQUES.items(), 1):
            (file,) = [
                one["file"]
                for one in truths
                if one["split"] == "validation" and f".rf.{key}" in one["file"] and one["text"] == digits
            ]
            yield f"handwriting-{index}.jpg", taken(tar, file)
    with tarfile.open(data / "tesseract_test.tar") as tar:
        scan = Image.open(io.BytesIO(taken(tar, "images/eurotext.png")))
    for index, box in enumerate(EUROTEXT, 1):
        file = io.BytesIO()
        line(scan, *box).save(file, "PNG", optimize=True)
        yield f"scan-{index}.png", file.getvalue()


def line(scan: Image.Image, left: int, top: int, right: int) -> Image.Image:
    """A line that lies askew, without what its neighbours reach into its rectangle."""
    fall = round(LINE_DROP * (right - left))
    cut = scan.convert("L").crop((left, top - 6, right, top + LINE_STEP + fall + 6))
    band = Image.new("L", cut.size)
    corners = [(0, 6), (cut.width, 6 + fall), (cut.width, 6 + fall + LINE_STEP), (0, 6 + LINE_STEP)]
    ImageDraw.Draw(band).polygon(corners, fill=255)
    return Image.composite(cut, Image.new("L", cut.size, 255), band).convert("1")


def taken(tar: tarfile.TarFile, name: str) -> bytes:
    """A file of an archive.

    Raises:
        KeyError: It is not there.
    """
    names = {member.name.removeprefix("./"): member for member in tar.getmembers()}
    opened = tar.extractfile(names[name])
    if opened is None:
        raise KeyError(name)
    return opened.read()


if __name__ == "__main__":
    main()
