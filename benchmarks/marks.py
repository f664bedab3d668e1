"""Which marks are lost or taken for characters: points, commas, colons, slashes, hyphens, per cent, degrees, brackets.

    python benchmarks/marks.py --bundle B --json out.json
    python benchmarks/marks.py --save DIR

300 values are drawn (``lib/drawn/marked_values.py``) and read whole. Truth and reading are laid beside each other with
the fewest edits, spaces left out; what stands beside a mark is what became of it.
"""

import argparse
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from lib.drawn.marked_values import COUNT, MARKS, MEDIA, SEED, Marked, values
from lib.report import header, interval, machine, percent, save, table
from lib.scoring import NOT_READ, judge, score, written
from lib.systems import SYSTEMS, Picture, UnavailableError, open_system
from ocr_edge.errors import OcrEdgeError

USAGE = 2
_EDIT = 1_000
"""Weighs an edit against what decides between ways with equally many edits."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a mark, over a set.

    Attributes:
        n: How often it was there.
        right: Read as itself.
        lost: Nothing was said in its place.
        characters: Letters and digits said in its place, with their counts.
        others: Other marks said in its place, or that something was there that has no name.
        invented: How often it was said where there is another mark, a character or nothing.
    """

    n: int
    right: int
    lost: int
    characters: dict[str, int]
    others: dict[str, int]
    invented: int


def beside(truth: str, said: str) -> list[tuple[str, str]]:
    """Two texts beside each other with the fewest edits (Levenshtein, 1966).

    Where several ways have equally few, that one is taken in which the fewest marks stand beside a letter or digit.

    Returns:
        Pairs of a character of the truth and one that was said; empty on one side where it has no partner.
    """
    table = [[(_EDIT * (i + j), 0, 0) for j in range(len(said) + 1)] for i in range(len(truth) + 1)]
    for i in range(len(truth) + 1):
        for j in range(len(said) + 1):
            ways = []
            if i and j:
                ways.append((table[i - 1][j - 1][0] + _cost(truth[i - 1], said[j - 1]), 1, 1))
            if i:
                ways.append((table[i - 1][j][0] + _EDIT, 1, 0))
            if j:
                ways.append((table[i][j - 1][0] + _EDIT, 0, 1))
            table[i][j] = min(ways, key=lambda way: way[0], default=(0, 0, 0))
    pairs, i, j = [], len(truth), len(said)
    while i or j:
        _, down, right = table[i][j]
        pairs.append((truth[i - 1] if down else "", said[j - 1] if right else ""))
        i, j = i - down, j - right
    return pairs[::-1]


def _cost(one: str, other: str) -> int:
    return 0 if one == other else _EDIT + (one.isalnum() != other.isalnum())


def fates(texts: Sequence[tuple[str, str]]) -> dict[str, Fate]:
    """What became of each mark over pairs of truth and what was said."""
    pairs: Counter[tuple[str, str]] = Counter()
    for truth, said in texts:
        pairs.update(beside("".join(truth.split()), "".join(said.split())))
    result = {}
    for mark in MARKS:
        there = {said: count for (truth, said), count in pairs.items() if truth == mark}
        wrong = {said: count for said, count in there.items() if said not in (mark, "")}
        result[mark] = Fate(
            n=sum(there.values()),
            right=there.get(mark, 0),
            lost=there.get("", 0),
            characters={said: count for said, count in wrong.items() if said.isalnum()},
            others={said: count for said, count in wrong.items() if not said.isalnum()},
            invented=sum(count for (truth, said), count in pairs.items() if said == mark != truth),
        )
    return result


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; the exit code."""
    args = parser().parse_args(argv)
    missing: list[str] = []
    drawn = list(values(args.count, args.seed, missing))
    for line in missing:
        print(f"left out: {line}", file=sys.stderr)
    if args.save:
        keep(drawn, args.save)
        return 0
    facts = machine() | {
        "values": f"{len(drawn)} of {args.count}, seed {args.seed}, pictures {fingerprint(drawn)}"
    }
    try:
        options = {"bundle": args.bundle} if args.system == "ocr-edge" else {}
        system = open_system(args.system, **options)
    except (UnavailableError, OcrEdgeError) as error:
        print(f"marks.py: {error}", file=sys.stderr)
        return USAGE
    said = [written(system.read(as_picture(one))[0]) for one in drawn]
    text = f"{header(facts, {args.system: system.about})}\n\n{by_medium(drawn, said)}\n\n{by_mark(drawn, said)}\n"
    print(text, end="")
    rows = [
        {"file": d.name, "medium": d.medium, "truth": d.text, "said": s}
        for d, s in zip(drawn, said, strict=True)
    ]
    save(args.markdown, text)
    save(args.json, {"machine": facts, "about": system.about, "rows": rows})
    return 0


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    result = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = result.add_argument
    add("--bundle", default="", metavar="B", help="default: the shipped one")
    add("--system", default="ocr-edge", choices=[name for name in SYSTEMS if name != "characters"])
    add("--count", type=int, default=COUNT, metavar="N", help=f"values to draw (default: {COUNT})")
    add("--seed", type=int, default=SEED, help=f"another seed is another set (default: {SEED})")
    add(
        "--save",
        type=Path,
        metavar="DIR",
        help="write the pictures and ground_truth.jsonl there, and read nothing",
    )
    add("--json", type=Path, metavar="FILE", help="every truth and what was said")
    add("--markdown", type=Path, metavar="FILE", help="the tables that are printed")
    return result


def by_medium(drawn: Sequence[Marked], said: Sequence[str]) -> str:
    """Exact rates and error rates for each medium and all."""
    rows = []
    for medium in [*dict.fromkeys(MEDIA), "all"]:
        pairs = [(d.text, s) for d, s in zip(drawn, said, strict=True) if medium in (d.medium, "all")]
        whole = score([judge(truth, text, "exact") for truth, text in pairs])
        joined = score(
            [judge(truth.replace(" ", ""), text.replace(" ", ""), "exact") for truth, text in pairs]
        )
        letters = score([judge(_letters(truth), _letters(text), "exact") for truth, text in pairs])
        rates = [percent(one.rate) for one in (whole, joined, letters)]
        rows.append(
            [medium, str(whole.n), rates[0], interval(whole.interval), *rates[1:], percent(whole.cer)]
        )
    return table(["medium", "n", "exact", "95 %", "spaces aside", "letters and digits", "error rate"], rows)


def by_mark(drawn: Sequence[Marked], said: Sequence[str]) -> str:
    """What became of each mark."""
    rows = []
    for mark, fate in fates([(d.text, s) for d, s in zip(drawn, said, strict=True)]).items():
        shares = [percent(count / fate.n) if fate.n else "-" for count in (
            fate.right, fate.lost, sum(fate.characters.values()), sum(fate.others.values())
        )]  # fmt: skip
        commonest = Counter(fate.characters).most_common(3)
        most = " ".join(f"{character} {count}" for character, count in commonest)
        rows.append([f"`{mark}`", str(fate.n), *shares, most, str(fate.invented)])
    columns = [
        "mark",
        "n",
        "right",
        "lost",
        "as a character",
        "as another mark",
        "commonest characters",
        "invented",
    ]
    return table(columns, rows)


def as_picture(one: Marked) -> Picture:
    """In the form that systems take."""
    height, width = one.image.shape[:2]
    return Picture(height, width, one.image.tobytes(), "line")


def keep(drawn: Sequence[Marked], folder: Path) -> None:
    """Write the pictures and their truth in the form of a picture set (see README.md)."""
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    for one in drawn:
        cv2.imwrite(str(folder / one.name), one.image[..., ::-1])
        rows.append({"file": one.name, "text": one.text, "medium": one.medium, "split": "test"})
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "ground_truth.jsonl").write_text(lines, "utf-8")


def fingerprint(drawn: Sequence[Marked]) -> str:
    """The first 12 hexadecimal digits of a SHA-256 over all pixels; FreeType's versions differ a little."""
    digest = hashlib.sha256()
    for one in drawn:
        digest.update(one.image.tobytes())
    return digest.hexdigest()[:12]


def _letters(text: str) -> str:
    return "".join(character for character in text if character.isalnum() or character == NOT_READ)


if __name__ == "__main__":
    sys.exit(main())
