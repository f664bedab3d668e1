"""Upper and lower case in lines: what the line's geometry and the character model know that a crop does not.

    python benchmarks/case.py DATA_DIR --json out.json

Letters whose two cases share a shape can be told apart only by their size and place among their neighbours. Counted
are characters of words that were cut rightly, with geometry and character model switched on and off.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lib.our_lines import MissingSwitchError, check_switches, open_pipeline, read_set
from lib.picture_sets import PictureSet, SetError
from lib.report import header, interval, machine, percent, save, table
from lib.scoring import normalise, wilson
from lib.systems.ours import about_bundle
from ocr_edge.errors import OcrEdgeError

SETS = ("iiit5k_words", "icdar2013_words", "icdar2015_words")
"""Word crops whose truth keeps the case."""
SHARED = frozenset("cCkKoOpPsSuUvVwWxXzZ")
"""Letters whose two cases have one shape."""
TWINS = {"0 O o": frozenset("0Oo"), "1 I l i": frozenset("1Ili")}
"""Characters that are confused across letters and digits too."""
SWITCHES: dict[str, dict[str, Any]] = {
    "geometry and model": {},
    "geometry alone": {"context": False},
    "model alone": {"geometry": False},
    "neither": {"geometry": False, "context": False},
}
"""Keywords of ``Pipeline`` for each row."""
USAGE = 2


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many are right."""

    right: int
    n: int

    def __add__(self, other: "Share") -> "Share":
        return Share(self.right + other.right, self.n + other.n)

    def cells(self) -> list[str]:
        """Count, share and its 95 % interval for a table."""
        if not self.n:
            return ["0", "-", ""]
        return [str(self.n), percent(self.right / self.n), interval(wilson(self.right, self.n))]


NONE = Share(0, 0)


def same_but_for_case(truth: str, said: str) -> bool:
    """Whether two texts differ in nothing but case, so that each character stands for its neighbour in the other."""
    return len(truth) == len(said) and truth.lower() == said.lower()


def same_but_for_twins(truth: str, said: str) -> bool:
    """Whether two texts differ in nothing but case and twins such as ``0`` and ``O``."""
    return len(truth) == len(said) and _folded(truth) == _folded(said)


def cased(truth: str, said: str) -> Share:
    """Letters of one shape in both cases, and how many have the right case; none where more than case differs."""
    if not same_but_for_case(truth, said):
        return NONE
    pairs = [(t, s) for t, s in zip(truth, said, strict=True) if t in SHARED]
    return Share(sum(t == s for t, s in pairs), len(pairs))


def twins(truth: str, said: str, members: frozenset[str]) -> Share:
    """Characters among twins, and how many are right; none where more than case and twins differs."""
    if not same_but_for_twins(truth, said):
        return NONE
    pairs = [(t, s) for t, s in zip(truth, said, strict=True) if t in members]
    return Share(sum(t == s for t, s in pairs), len(pairs))


def named(truth: str, said: str) -> Share:
    """All characters of a word for which as many were said as it has, and how many are right."""
    if len(truth) != len(said):
        return NONE
    return Share(sum(t == s for t, s in zip(truth, said, strict=True)), len(truth))


def count(pairs: Sequence[tuple[str, str]]) -> dict[str, Share]:
    """Every share over pairs of truth and what was said."""
    sums: dict[str, Share] = {}
    for truth, said in pairs:
        parts = {"case": cased(truth, said), "62 classes": named(truth, said)}
        parts |= {name: twins(truth, said, members) for name, members in TWINS.items()}
        parts |= {"words": Share(truth == said, 1)}
        for name, part in parts.items():
            sums[name] = sums.get(name, NONE) + part
    return sums


def _folded(text: str) -> str:
    return text.lower().translate(str.maketrans("0li", "o11"))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; the exit code."""
    args = parser().parse_args(argv)
    facts = machine() | {"split": args.split}
    try:
        result = measure(args)
    except (OcrEdgeError, SetError) as error:
        print(f"case.py: {error}", file=sys.stderr)
        return USAGE
    text = f"{header(facts, {'ocr-edge': result['about']})}\n\n{tables(result['modes'])}\n"
    print(text, end="")
    save(args.markdown, text)
    save(args.json, {"machine": facts, **result})
    return 0


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    result = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = result.add_argument
    add("data", type=Path, metavar="DATA_DIR", help="folder with NAME.tar or NAME/ for each set")
    add("--split", choices=("validation", "test"), default="test", help="default: test")
    add("--bundle", type=Path, metavar="B", help="default: the shipped one")
    add("--limit", type=int, default=0, metavar="N", help="at most N pictures a set, spread evenly")
    add("--json", type=Path, metavar="FILE", help="every number and what was said about every picture")
    add("--markdown", type=Path, metavar="FILE", help="the tables that are printed")
    return result


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """Every row: its shares, and each truth with what was said."""
    modes: dict[str, dict[str, Any]] = {}
    about: Mapping[str, str] = {}
    for mode, switches in SWITCHES.items():
        try:
            check_switches(switches)
        except MissingSwitchError as error:
            print(f"{mode}: left out: {error}", file=sys.stderr)
            continue
        bundle, pipeline = open_pipeline(args.bundle, **switches)
        about, labels = about_bundle(bundle), bundle.manifest.texts
        pairs = []
        for name in SETS:
            with PictureSet(args.data, name) as opened:
                for said in read_set(opened, args.split, args.limit, pipeline):
                    pairs.append((normalise(said.truth, labels), normalise(said.text(), labels)))
        shares = {name: asdict(share) for name, share in count(pairs).items()}
        modes[mode] = {"switches": switches, "shares": shares, "pairs": pairs}
        print(f"{mode}: {len(pairs)} pictures read", file=sys.stderr)
    return {"about": about, "modes": modes}


def tables(modes: Mapping[str, Mapping[str, Any]]) -> str:
    """Case, classes and whole words; then the twins."""
    parts = []
    for names in (("case", "62 classes", "words"), tuple(TWINS)):
        columns = ["known", *(cell for name in names for cell in ("n", name, "95 %"))]
        rows = [
            [
                mode,
                *(
                    cell
                    for name in names
                    for cell in Share(**values["shares"].get(name, asdict(NONE))).cells()
                ),
            ]
            for mode, values in modes.items()
        ]
        parts.append(table(columns, rows))
    return "\n\n".join(parts)


if __name__ == "__main__":
    sys.exit(main())
