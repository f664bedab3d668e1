"""From misreadings to a better model: harvest, labels, tune, and the error before and after on other pictures.

    python benchmarks/learning_loop.py STYLE.tar ... [--labels 40] [--files DIR] [-- --epochs 3]
    python benchmarks/learning_loop.py --font /usr/share/fonts/truetype/aenigma/dynamic.ttf --labels 40

STYLE.tar holds pictures of one style that the network has not seen, with ``ground_truth.jsonl``; where a row has one
box, the picture is cut to it, with a margin. ``--font`` draws 300
such pictures of codes instead. A share of the groups (``group``, else each picture is one) is held out.
The others are played to the daemon, one after the other. Of what it keeps, the least sure ones are labelled as their
owner would: a line that was read nearly as the truth is given the truth, any other one, such as a state's name over a
plate, is said to be unreadable. Then ``ocr-train tune`` learns from the export; what follows ``--`` goes to it.

Error is the share of held-out pictures in none of whose lines the truth stands, letters and digits compared.
"""

import argparse
import difflib
import hashlib
import json
import random
import subprocess
import sys
import tarfile
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from lib.report import machine
from ocr_edge import Reader
from ocr_edge.harvest import export
from ocr_edge.harvest.folder import NAME, Samples, unlabelled
from ocr_edge.harvest.labels import label_of

DRAWN, CODE = 300, "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
"""Pictures of a face, and the characters of their codes: without I, O and Q, as makers of codes do."""
NEAR = 0.5
"""Likeness of what was read to the truth, 0 to 1, from which an owner sees that the line is the one with the truth."""
MARGIN = 0.15
"""Of a box, as a share of its height: nobody draws a region tighter."""
READ_S = 3.0
"""Seconds that a picture may take to be read on a busy machine; the daemon is given up after that for each."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture of the style.

    Attributes:
        name: Its file's.
        group: What near copies share.
        text: What stands in it.
        image: uint8, shape ``(H, W, 3)``, BGR.
    """

    name: str
    group: str
    text: str
    image: np.ndarray


def pictures(path: Path) -> list[Picture]:
    """The pictures of an archive, cut to their box where they have one."""
    found = []
    with tarfile.open(path) as archive:
        members = {member.name.removeprefix("./"): member for member in archive if member.isfile()}
        for line in archive.extractfile(members["ground_truth.jsonl"]).read().decode().splitlines():
            row = json.loads(line)
            data = archive.extractfile(members[row["file"]]).read()
            image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
            boxes = row.get("boxes") or []
            if image is None or len(boxes) > 1:
                continue
            if boxes:
                image = cut(image, boxes[0])
            group = f"{path.stem}/{row.get('group') or row['file']}"
            found.append(Picture(f"{path.stem}-{len(found):05d}.png", group, row["text"], image))
    return found


def drawn(font: Path) -> list[Picture]:
    """Codes in a face of its own, as a camera sees them: blurred, noisy, compressed."""
    chance, found = random.Random(font.stem), []
    for number in range(DRAWN):
        text = "".join(chance.choice(CODE) for _ in range(chance.randint(5, 9)))
        face = ImageFont.truetype(str(font), chance.randint(30, 60))
        left, top, right, bottom = face.getbbox(text)
        pad, paper, ink = chance.randint(8, 20), chance.randint(190, 235), chance.randint(15, 80)
        sheet = Image.new(
            "RGB", (right - left + 2 * pad, bottom - top + 2 * pad), (paper, paper - 3, paper - 10)
        )
        ImageDraw.Draw(sheet).text((pad - left, pad - top), text, (ink, ink, ink + 5), font=face)
        plain = np.asarray(sheet)[..., ::-1].astype(np.float32)
        seen = cv2.GaussianBlur(plain, (0, 0), chance.uniform(0.5, 1.3))
        seen = seen + np.random.default_rng(number).normal(0, chance.uniform(2, 9), (*seen.shape[:2], 3))
        quality = [cv2.IMWRITE_JPEG_QUALITY, chance.randint(70, 95)]
        _, data = cv2.imencode(".jpg", np.clip(seen, 0, 255).astype(np.uint8), quality)
        name = f"{font.stem}-{number:05d}.png"
        group = f"{font.stem}/images/{number:04d}.jpg"
        found.append(Picture(name, group, text, cv2.imdecode(data, cv2.IMREAD_COLOR)))
    return found


def cut(image: np.ndarray, box: object) -> np.ndarray:
    """A picture without what is far from a box: ``[quad or xywh, text]`` or ``{"xywh": ...}``."""
    numbers = np.array(box["xywh"] if isinstance(box, dict) else box[0], float).ravel()
    if len(numbers) == 8:
        (left, top), (right, bottom) = numbers.reshape(4, 2).min(axis=0), numbers.reshape(4, 2).max(axis=0)
    else:
        left, top, right, bottom = *numbers[:2], *(numbers[:2] + numbers[2:])
    more = MARGIN * (bottom - top)
    rows = slice(max(0, int(top - more)), round(bottom + more))
    return np.ascontiguousarray(image[rows, max(0, int(left - more)) : round(right + more)])


def plain(text: str) -> str:
    """Letters and digits, in capitals."""
    return "".join(c for c in text.upper() if c.isalnum())


def errors(bundle: Path | None, held_out: list[Picture]) -> list[bool]:
    """Of each held-out picture, whether it is misread."""
    reader = Reader(bundle)
    return [
        all(
            plain(picture.text) not in plain(line.text)
            for line in reader.read(picture.image[..., ::-1]).lines
        )
        for picture in held_out
    ]


def harvest(folder: Path, stream: list[Picture], below: float) -> Samples:
    """Play pictures to the daemon; what it keeps."""
    (folder / "in").mkdir()
    for picture in stream:
        cv2.imwrite(str(folder / "in" / picture.name), picture.image)
        time.sleep(0.005)  # so that no two have the same time, which tells them apart
    config = folder / "config.toml"
    config.write_text(
        f"state_dir = {str(folder / 'state')!r}\n[source]\nurl = 'dir:in'\n[store]\nenabled = false\n"
        f"[harvest]\nbelow = {below}\nper_hour = 1000000\nmax_samples = 100000\n"
    )
    command = [sys.executable, "-m", "ocr_edge", "run", "--config", str(config)]
    ends = time.monotonic() + 30 + READ_S * len(stream)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as daemon:
        for _ in stream:  # every picture of a folder is answered
            daemon.stdout.readline()
            if time.monotonic() > ends:
                break
        daemon.terminate()
    return Samples(folder / "state" / NAME)


def labelled(samples: Samples, stream: list[Picture], wanted: int) -> dict[str, int]:
    """Label the least sure samples from the truth; how many of each kind."""
    # The picture around a sample says which picture it is from: the daemon's times are those of the files.
    times = {}
    counts = {"right": 0, "corrected": 0, "unreadable": 0}
    for picture in stream:
        times[picture.name] = picture
    by_time = {
        round((samples.path.parents[1] / "in" / name).stat().st_mtime, 3): p for name, p in times.items()
    }
    for entry in unlabelled(samples.entries()):
        if counts["right"] + counts["corrected"] >= wanted:
            break
        picture = by_time.get(entry.about.time)
        if picture is None:
            continue
        read = plain(entry.about.text)
        near = difflib.SequenceMatcher(a=read, b=plain(picture.text), autojunk=False).ratio() >= NEAR
        label = label_of(entry.about, picture.text if near else "", time.time())
        samples.set_label(entry.about.id, label)
        counts[label.kind] += 1
    return counts


def main() -> int:
    """Go round the loop once, and print JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("styles", type=Path, nargs="*", metavar="STYLE.tar")
    parser.add_argument("--font", type=Path, metavar="FILE", help="draw the style in this face")
    parser.add_argument("--labels", type=int, default=40, help="lines whose text is given (default: 40)")
    parser.add_argument("--held-out", type=float, default=0.5, help="share of the groups (default: 0.5)")
    parser.add_argument("--below", type=float, default=0.9, help="as in [harvest] (default: 0.9)")
    parser.add_argument("--files", type=Path, metavar="DIR", help="keep samples, export, run and bundle here")
    own, tuning = (sys.argv[1:], [])
    if "--" in own:
        place = own.index("--")
        own, tuning = own[:place], own[place + 1 :]
    args = parser.parse_args(own)
    if not args.styles and not args.font:
        parser.error("no style: expected STYLE.tar or --font FILE")
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.files or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        every = [picture for path in args.styles for picture in pictures(path)]
        every += drawn(args.font) if args.font else []
        share = {p.group: int(hashlib.sha256(p.group.encode()).hexdigest()[:8], 16) / 2**32 for p in every}
        held_out = [picture for picture in every if share[picture.group] < args.held_out]
        stream = [picture for picture in every if share[picture.group] >= args.held_out]
        result = {"facts": machine((2,)), "pictures": len(stream), "held_out": len(held_out)}
        began = time.monotonic()
        samples = harvest(folder, stream, args.below)
        result["harvest_s"] = round(time.monotonic() - began)
        result["samples"] = len(samples.entries())
        result["labels"] = labelled(samples, stream, args.labels)
        export.to_folder(folder / "export", export.files(samples))
        print(json.dumps(result), file=sys.stderr)
        began = time.monotonic()
        bundle = folder / "bundle"
        words = [
            "tune",
            f"words:{folder / 'export'}",
            "--out",
            str(bundle),
            "--run",
            str(folder / "run"),
            *tuning,
        ]
        tuned = subprocess.run([sys.executable, "-m", "ocr_train", *words], stdout=sys.stderr, check=False)
        code = tuned.returncode
        result["tune_minutes"] = round((time.monotonic() - began) / 60, 1)
        result["load_after"] = machine()["load at start"]
        before = errors(None, held_out)
        after = errors(bundle, held_out) if code == 0 else before
        pairs = list(zip(before, after, strict=True))
        result |= {
            "error_before": round(sum(before) / len(before), 4),
            "error_after": round(sum(after) / len(after), 4),
            "fixed": sum(was and not now for was, now in pairs),
            "broken": sum(now and not was for was, now in pairs),
        }
        print(json.dumps(result, indent=1))
    return code


if __name__ == "__main__":
    sys.exit(main())
