"""Networks with a few bytes changed, whose hashes agree: what a bad card, a bad converter or bad intent may give."""

import json
import random
import shutil
from pathlib import Path

from ocr_edge.bundles.builtin import shipped
from ocr_edge.contract.files import MANIFEST_NAME, sha256
from tests.attack import children
from tests.edge import hand_made_line

PICTURE = Path(__file__).parents[2] / "examples" / "cheque-4.jpg"
REAL_CHILD = 40
"""Every so many seeds the program starts its own child as it does for a user, and not as a fork."""


def attack(seed: int, folder: Path) -> str | None:
    """Change a network, verify its bundle, and read a picture with it where the program says that it is fine.

    Args:
        seed: Chooses bundle, network and bytes.
        folder: An empty folder.

    Returns:
        What went wrong, one line; None when it was read or refused with one clear line.
    """
    children.warm()
    dice = random.Random(seed)
    path = bundle(dice, folder)
    content = json.loads((path / MANIFEST_NAME).read_text())
    stage = dice.choice(content["stages"])
    file = path / stage["file"]
    file.write_bytes(mutated(file.read_bytes(), dice))
    stage["sha256"] = sha256(file)
    (path / MANIFEST_NAME).write_text(json.dumps(content))
    verify = children.command("bundle", "verify", path, fork=seed % REAL_CHILD != 0)
    code, wrong = children.judged(verify, folder)
    if wrong is None and code == 0:
        read = children.command("read", PICTURE, "--bundle", path, "--format", "json")
        _, wrong = children.judged(read, folder)
        wrong = wrong and f"reads after it was proven, then {wrong}"
    return wrong and f"{path.name} {stage['file']}: {wrong}"


def bundle(dice: random.Random, folder: Path) -> Path:
    """A copy of a bundle that ships, or of the small one of tests that reads lines alone."""
    name = dice.choice(["fast", "fast", "open", "original", "default", "bars", "bars"])
    if name == "bars":
        return hand_made_line.write(folder / name)
    return Path(shutil.copytree(shipped(name), folder / name))


def mutated(content: bytes, dice: random.Random) -> bytes:
    """A network with one to a few dozen bytes changed, mostly where shapes, operators and offsets are."""
    changed = bytearray(content)
    for _ in range(dice.choice([1, 1, 1, 1, 3, 10, 40])):
        # The tables lie at the end, weights before them.
        at = dice.randrange(len(changed)) if dice.random() < 0.2 else -1 - int(dice.random() ** 2 * 30_000)
        at = max(at, -len(changed))
        changed[at] = dice.choice(
            [changed[at] ^ 1 << dice.randrange(8), changed[at] + 1 & 255, 0, 255, dice.randrange(256)]
        )
    if dice.random() < 0.05:
        del changed[dice.randrange(len(changed)) :]
    return bytes(changed)
