"""Picture sets: what is known about each, and its pictures with their truth from a folder or an archive."""

import json
import tarfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, TypeVar

from scoring import Measure

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
        split: What is measured unless asked otherwise: ``test``, or ``all`` where that would be too few.
        ordered: Whether the truth is in reading order; without, an error rate means nothing.
        pattern: What an owner knows of the text's form; ours is measured once more with it, in a row of its own.
    """

    layout: Layout
    measure: Measure = "exact"
    ignore_case: bool = False
    split: str = "test"
    ordered: bool = True
    pattern: str = ""

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

SETS = {
    "iiit5k_words": Rules("line"),
    "icdar2013_words": Rules("line"),
    "icdar2015_words": Rules("line"),
    "svt_words": Rules("line", ignore_case=True),
    "orand_strings": Rules("line", pattern="[0-9]+"),
    "openalpr_us_plate_crops": Rules("plate", "contained", split="all", pattern=PLATE),
    "openalpr_plates": Rules("photo", "contained", split="all", pattern=PLATE),
    "sevenseg_photos": Rules("photo", "contained", split="all", pattern="[0-9]+"),
    "hand_page_photos": Rules("page", split="all"),
    "sroie_receipts": Rules("page", ignore_case=True, split="all"),
    "unlv_aspose": Rules("page"),
    "tesseract_test": Rules("page", split="all"),
    "scribe_documents": Rules("page", split="all"),
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
    """

    name: str
    path: Path
    truth: str


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
            split: ``train``, ``validation``, ``test`` or ``all``.
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
            chosen = [row for row in rows if split in ("all", row["split"])]
            examples = [Example(row["file"], self._folder / row["file"], row["text"]) for row in chosen]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SetError(f"{self.name}: {TRUTH_NAME} is damaged ({error!r})") from error
        return spread(examples, limit)


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
