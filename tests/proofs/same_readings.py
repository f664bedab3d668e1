"""Compares two outputs of ``ocr-edge read --format json`` line by line: texts, confidences and boxes.

    same_readings.py ONE.jsonl OTHER.jsonl

Processors round differently, so a line that is a toss-up may fall either way: such lines are printed. The exit
status is 1 when a picture is missing, or a line that one side is sure of is not read by the other.
"""

import json
import sys
from pathlib import Path

SURE = 0.9
"""Confidence of a line from which on both must read it."""


def load(path: str) -> dict[str, dict]:
    """The readings of a file by the name of their picture."""
    readings = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]
    return {reading["source"]: reading for reading in readings}


def pair(one: list[dict], other: list[dict]) -> tuple[list[tuple[dict, dict]], list[tuple[str, dict]]]:
    """Lines that both read, and those of one side alone with the sign of that side."""
    rest = list(other)
    both, alone = [], []
    for line in one:
        twin = next((candidate for candidate in rest if candidate["text"] == line["text"]), None)
        if twin is None:
            alone.append(("<", line))
        else:
            rest.remove(twin)
            both.append((line, twin))
    return both, alone + [(">", line) for line in rest]


def main(one_path: str, other_path: str) -> int:
    """Compare, report and say how the process ends."""
    one, other = load(one_path), load(other_path)
    missing = sorted(one.keys() ^ other.keys())
    same = lines = characters = equal = wrong = 0
    furthest = box = 0.0
    for name in sorted(one.keys() & other.keys()):
        same += one[name]["text"] == other[name]["text"]
        both, alone = pair(one[name]["lines"], other[name]["lines"])
        for side, line in alone:
            wrong += line["confidence"] >= SURE
            print(f"{side} {name}: {line['text']!r}, confidence {line['confidence']}")
        lines += len(both)
        for left, right in both:
            for a, b in zip(left["characters"], right["characters"], strict=True):
                characters += 1
                far = abs(a["confidence"] - b["confidence"])
                equal += far < 0.001
                furthest = max(furthest, far)
                box = max(box, *(abs(p - q) for p, q in zip(a["box"], b["box"], strict=True)))
    print(
        f"pictures with the same text: {same} of {len(one | other)}; missing on one side: {missing or 'none'}"
    )
    print(f"lines with the same text: {lines}, of {characters} characters")
    print(
        f"their confidences: {equal} within 0.001, the furthest {furthest:.4f} apart; boxes: {box:.0f} pixels"
    )
    print(f"lines that one side alone is sure of ({SURE} and above): {wrong}")
    return 1 if wrong or missing or not lines else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
