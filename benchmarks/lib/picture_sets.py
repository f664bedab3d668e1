"""Picture sets: what is known about each, and its pictures with their truth from a folder or an archive."""

import json
import tarfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, TypeVar

from lib.scoring import Measure

T = TypeVar("T")
TRUTH_NAME = "ground_truth.jsonl"

Layout = Literal["line", "plate", "photo", "page"]
"""What is in the picture: one line that fills it, a plate, a scene with a little text, or a page of text."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How a set is read and scored.

    Attributes:
        layout: What its pictures show; peers with a page mode are told.
        measure: ``contained`` where the truth is only part of what the picture shows.
        ignore_case: Whether the truth was written in one case whatever the picture shows.
        split: What is measured unless asked otherwise: ``test``, or more where that would be too few.
        ordered: Whether the truth is in reading order; without, an error rate means nothing.
        pattern: What an owner knows of the text's form; ours is measured once more with it, in a row of its own.
        marked_pattern: The same with the marks that the picture shows, for bundles that can say them.
        own_patterns: Whether the set has a pattern, and perhaps a check digit, for each picture.
        marks: Whether the truth has the punctuation and spaces that the picture shows; without, they count nowhere.
        only: Characters that alone count, because the truth leaves out others that the picture shows; empty for all.
        part: Field of the truth that may be right where the whole is not, such as ``integer``.
        sample: At most so many pictures unless ``--limit`` says otherwise; 0 for all.
        left_out: Files whose truth is known to be wrong.
    """

    layout: Layout
    measure: Measure = "exact"
    ignore_case: bool = False
    split: str = "test"
    ordered: bool = True
    pattern: str = ""
    marked_pattern: str = ""
    own_patterns: bool = False
    marks: bool = False
    only: str = ""
    part: str = ""
    sample: int = 0
    left_out: tuple[str, ...] = ()

    def pattern_for(self, labels: Sequence[str]) -> str:
        """The pattern for a bundle of such labels: with marks where it can say them."""
        sayable = self.marked_pattern and "." in labels
        return self.marked_pattern if sayable else self.pattern

    @property
    def has_share_right(self) -> bool:
        """Whether a picture can be right as a whole; a page never is, its figure is the error rate."""
        return self.layout != "page" or not self.has_error_rate

    @property
    def has_error_rate(self) -> bool:
        """Whether the truth says all that the picture shows, in order."""
        return self.ordered and self.measure == "exact"


PLATE = "[A-NP-Z0-9]{5,8}"
"""Number plates as an owner would describe those of the United States."""

FIGURE = r"[0-9]+(\.[0-9]+)?"
"""A display's figure, with its decimal point where it shows one."""
PRINTED = ("images/falsepositives_07.jpg", "images/falsepositives_14.jpg")
"""Pages of print among the pictures in which nothing is to be read."""
HELD_OUT = "validation+test"
"""All that nothing is trained on, where the test part alone is too small."""

SETS = {
    "iiit5k_words": Rules("line"),
    "icdar2013_words": Rules("line", marks=True),
    "icdar2015_words": Rules("line", marks=True),
    "svt_words": Rules("line", ignore_case=True),
    "sroie_lines": Rules("line", ignore_case=True, marks=True, sample=200),
    "meter_lcd_crops": Rules("line", pattern="[0-9]+", marked_pattern=FIGURE, marks=True, only="0123456789."),
    "orand_strings": Rules("line", pattern="[0-9]+"),
    "openalpr_us_plate_crops": Rules("plate", "contained", split="all", pattern=PLATE),
    "us_plate_photos": Rules("plate", "contained", ignore_case=True, pattern="[A-Z0-9]{4,8}"),
    "openalpr_plates": Rules("photo", "contained", split="all", pattern=PLATE),
    "openalpr_more_cars": Rules("photo", "contained", ignore_case=True, pattern=PLATE),
    "sevenseg_photos": Rules(
        "photo",
        "contained",
        split=HELD_OUT,
        pattern="[0-9]+",
        marked_pattern=FIGURE,
        marks=True,
        part="integer",
    ),
    "field_photos": Rules(
        "photo", "values", ignore_case=True, own_patterns=True, marks=True, part="contained"
    ),
    "no_text": Rules("photo", "silent", left_out=PRINTED),
    "hand_page_photos": Rules("page", split="all", marks=True),
    "sroie_receipts": Rules("page", ignore_case=True, split="all", marks=True),
    "unlv_aspose": Rules("page", marks=True),
    "tesseract_test": Rules("page", split="all", marks=True),
    "scribe_documents": Rules("page", split="all", marks=True),
    "funsd_forms": Rules("page", ordered=False),
}


class SetError(ValueError):
    """A set is unknown, missing or damaged."""


@dataclass(frozen=True, slots=True)
class Example:
    """One picture and what it says.

    Attributes:
        name: The file's name within the set.
        path: Where it lies.
        truth: Its text as written down.
        values: Values that must all be lines of their own, in letters and digits; only of sets measured by them.
        written: The same with their marks.
        part: What of the truth may be right where the whole is not.
        pattern: What the owner of this picture knows of its text's form.
        check: Name of the check digit that goes with it.
    """

    name: str
    path: Path
    truth: str
    values: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    part: str = ""
    pattern: str = ""
    check: str = ""


class PictureSet:
    """The pictures of one set; an archive is unpacked for as long as the set is open.

    Args:
        data: Folder that holds ``NAME/`` or ``NAME.tar``.
        name: One of ``SETS``.

    Raises:
        SetError: The set is unknown, missing or damaged.
    """

    def __init__(self, data: Path, name: str) -> None:
        if name not in SETS:
            raise SetError(f"{name}: unknown set; known are {', '.join(SETS)}")
        self.name, self.rules = name, SETS[name]
        self._stack = ExitStack()
        self._folder = data / name
        archive = data / f"{name}.tar"
        if not (self._folder / TRUTH_NAME).is_file():
            if not archive.is_file():
                raise SetError(f"{name}: neither {self._folder / TRUTH_NAME} nor {archive} is there")
            self._folder = Path(self._stack.enter_context(TemporaryDirectory(prefix="ocr-edge-bench-")))
            with tarfile.open(archive) as tar:
                tar.extractall(self._folder, filter="data")

    def __enter__(self) -> "PictureSet":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def examples(self, split: str, limit: int = 0) -> list[Example]:
        """The pictures of a split.

        Args:
            split: ``train``, ``validation`` or ``test``, several joined by ``+``, or ``all``.
            limit: At most so many, spread evenly; 0 for all.

        Raises:
            SetError: The list of truths is damaged.
        """
        try:
            rows = [
                json.loads(line)
                for line in (self._folder / TRUTH_NAME).read_text("utf-8").split("\n")
                if line
            ]
            chosen = [row for row in rows if split == "all" or row["split"] in split.split("+")]
            known = [row for row in chosen if row["file"] not in self.rules.left_out]
            examples = [self._example(row) for row in known]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SetError(f"{self.name}: {TRUTH_NAME} is damaged ({error!r})") from error
        return spread(examples, limit)

    def _example(self, row: Mapping[str, Any]) -> Example:
        """A picture by its line of the list of truths."""
        rules, path = self.rules, self._folder / row["file"]
        if rules.measure == "values":
            values = {"values": tuple(row["values"]), "written": tuple(row["written"])}
            if not values["values"]:
                raise ValueError(f"{row['file']}: values: at least one is needed")
        else:
            values = {}
        own = {key: row[key] or "" for key in ("pattern", "check") if rules.own_patterns}
        part = row[rules.part] if rules.part and rules.measure != "values" else ""
        return Example(row["file"], path, row["text"], **values, part=part, **own)


def spread(items: Sequence[T], limit: int) -> list[T]:
    """At most ``limit`` items, evenly over all; 0 for every one. Neighbours are often of one scene."""
    if not limit or len(items) <= limit:
        return list(items)
    return [items[index * len(items) // limit] for index in range(limit)]


def present(data: Path) -> list[str]:
    """The known sets that are in a folder and whose truth is in reading order, in the order of ``SETS``."""
    return [
        name
        for name, rules in SETS.items()
        if rules.ordered and ((data / name / TRUTH_NAME).is_file() or (data / f"{name}.tar").is_file())
    ]
