"""Of lines that are said to be so sure, how many are right? For each reader, on sets of words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lib.our_lines import Said, open_pipeline, read_set
from lib.picture_sets import PictureSet, Rules
from lib.report import interval, percent, table
from lib.scoring import as_written, normalise, wilson

WORDS = ("iiit5k_words", "icdar2013_words", "icdar2015_words", "svt_words")
SURE = (0.9, 0.99)
"""What a bundle promises of lines: of those said at 0.9 and more, 90 % are right."""
PLAIN, WRITTEN = "letters and digits", "as written"
COLUMNS = ("lines of words, read by", "counted", "said at", "lines", "of all", "right", "95 %")


@dataclass(frozen=True, slots=True)
class Claim:
    """Lines that are at least so sure.

    Attributes:
        reader: One of ``ours.READERS``.
        counted: ``PLAIN`` or ``WRITTEN``: the second over sets whose truth has marks alone.
        threshold: Least confidence.
        found: Lines found, however unsure; a line with a character that was not read is none.
        said: Of these, those that are so sure.
        right: Of these, those whose text is the truth. A second line in a picture of one word is always wrong.
    """

    reader: str
    counted: str
    threshold: float
    found: int
    said: int
    right: int


def measure(
    data: Path, bundle: Path | None, readers: Sequence[str], split: str, limit: int
) -> list[dict[str, Any]]:
    """The claims of each reader, as plain values.

    Args:
        data: Folder of the picture sets.
        bundle: The bundle's folder; None for the shipped one.
        readers: Of ``ours.READERS``.
        split: What is read.
        limit: At most so many pictures a set; 0 for all.

    Raises:
        OcrEdgeError: The bundle cannot be loaded, or lacks what a reader needs.
        SetError: A set is missing or damaged.
    """
    found = []
    # All first: one that the bundle lacks is refused before anything is read.
    pipelines = {reader: open_pipeline(bundle, reader=reader) for reader in readers}
    for reader, (loaded, pipeline) in pipelines.items():
        pairs = []
        for name in WORDS:
            with PictureSet(data, name) as opened:
                pairs += [(one, opened.rules) for one in read_set(opened, split, limit, pipeline)]
        found += claims(reader, pairs, loaded.manifest.texts)
    return [asdict(one) for one in found]


def claims(reader: str, read: Iterable[tuple[Said, Rules]], labels: Sequence[str]) -> list[Claim]:
    """What a reader claims of pictures, each with the rules of its set."""
    read = list(read)
    return [
        _claim(reader, counted, threshold, read, labels) for counted in (PLAIN, WRITTEN) for threshold in SURE
    ]


def _claim(
    reader: str, counted: str, threshold: float, read: Sequence[tuple[Said, Rules]], labels: Sequence[str]
) -> Claim:
    kept = normalise if counted == PLAIN else as_written
    found = said = right = 0
    for one, rules in read:
        if counted == WRITTEN and not rules.marks:
            continue
        truth = kept(one.truth, labels, ignore_case=rules.ignore_case)
        sure = [kept(text, labels, ignore_case=rules.ignore_case) for text in one.sure(threshold)]
        found += len(one.sure(0.0))
        said += len(sure)
        right += int(truth in sure)
    return Claim(reader, counted, threshold, found, said, right)


def claims_table(claims: Sequence[Mapping[str, Any]]) -> str:
    """One line for each reader, what is counted, and each threshold."""
    rows = []
    for claim in claims:
        one = Claim(**claim)
        share = one.right / one.said if one.said else float("nan")
        bounds = interval(wilson(one.right, one.said)) if one.said else ""
        of_all = percent(one.said / one.found if one.found else float("nan"))
        rows.append(
            [one.reader, one.counted, f"{one.threshold:g}", str(one.said), of_all, percent(share), bounds]
        )
    return table(COLUMNS, rows, 2)
