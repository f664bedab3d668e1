"""What a sample may say instead, and which samples belong together because they are in doubt alike. Pure."""

from ocr_edge.decode.line_decoder import LOOK_ALIKES
from ocr_edge.harvest.sample import About, Named

MOST = 6
"""Suggestions of a sample: more are slower to look through than to type."""
LIKELY = 0.02
"""Probability from which an alternative is suggested."""


def suggestions(about: About) -> list[str]:
    """Other texts that a sample may show, the likeliest first: its rivals, then its doubtful characters exchanged."""
    found = list(about.others)
    doubtful = sorted(about.characters, key=lambda character: character.confidence)[:2]
    swaps = [(p, each, text) for each in doubtful for text, p in each.alternatives if text != each.text]
    for p, each, text in sorted(swaps, key=lambda swap: -swap[0]):
        if p >= LIKELY:
            found.append(_with(about, each, text))
    return [text for text in dict.fromkeys(found) if text and text != about.text][:MOST]


def group(about: About) -> str:
    """The characters between which its least sure one is in doubt, such as ``0OoQD``; empty where nothing was read."""
    weakest = about.weakest
    if weakest is None:
        return ""
    for texts in LOOK_ALIKES:
        if weakest.text in texts:
            return texts
    rivals = [text for text, _ in weakest.alternatives if text != weakest.text][:1]
    return "".join(sorted({weakest.text, *rivals}))


def _with(about: About, exchanged: Named, text: str) -> str:
    parts = [(" " if c.space else "") + (text if c is exchanged else c.text) for c in about.characters]
    return "".join(parts).strip()
