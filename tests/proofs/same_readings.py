"""Compares two outputs of ``ocr-edge read --format json``: the same texts, and how far apart the rest is.

    same_readings.py ONE.jsonl OTHER.jsonl

Ends with 1 when a picture is missing on one side or reads differently.
"""

import json
import sys
from collections import Counter
from pathlib import Path


def load(path: str) -> dict[str, dict]:
    """The readings of a file by the name of their picture."""
    readings = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]
    return {reading["source"]: reading for reading in readings}


def characters(reading: dict) -> list[dict]:
    """All characters of a reading, in reading order."""
    return [character for line in reading["lines"] for character in line["characters"]]


def main(one_path: str, other_path: str) -> int:
    """Compare, report and say how the process ends."""
    one, other = load(one_path), load(other_path)
    steps: Counter[float] = Counter()
    boxes = count = 0
    different = sorted(one.keys() ^ other.keys())
    for name in sorted(one.keys() & other.keys()):
        a, b = one[name], other[name]
        if a["text"] != b["text"]:
            different.append(f"{name}: {a['text']!r} and {b['text']!r}")
            continue
        for left, right in zip(characters(a), characters(b), strict=True):
            count += 1
            steps[round(abs(left["confidence"] - right["confidence"]), 4)] += 1
            boxes = max(boxes, *(abs(p - q) for p, q in zip(left["box"], right["box"], strict=True)))
    print(f"pictures: {len(one)}, characters: {count}")
    print(
        f"largest difference of a character's confidence: {max(steps, default=0)}; equal: {steps[0.0]} of {count}"
    )
    print(f"largest difference of a box: {boxes} pixels")
    for line in different:
        print(f"DIFFERENT {line}")
    if not count:
        print("DIFFERENT nothing was read")
    return 1 if different or not count else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
