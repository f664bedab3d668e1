"""From misreadings to a better model: harvest, labels, tune, and the error before and after on other pictures.

    python benchmarks/learning_loop.py STYLE.tar ... [--labels 40] [--files DIR] [-- --epochs 3]
    python benchmarks/learning_loop.py --font /usr/share/fonts/truetype/aenigma/dynamic.ttf --labels 40
    python benchmarks/learning_loop.py CHARACTERS.tar --group writer36

STYLE.tar holds pictures of one style that the network has not seen, with ``ground_truth.jsonl``; where a row has one
box, the picture is cut to it, with a margin. ``--font`` draws 300 pictures of codes instead; ``--group`` puts them
together of the characters of one face or hand of CHARACTERS.tar (``labels.csv``). A share of the groups (``group``,
else each picture is one) is held out. The others are played to the daemon, one after the other. Of what it keeps, the
least sure ones are labelled as their owner would: a line that was read nearly as the truth is given the truth, any
other one, such as a state's name over a plate, is said to be unreadable. Then ``ocr-train tune`` learns from the
export; what follows ``--`` goes to it.

Error is the share of held-out pictures in none of whose lines the truth stands, letters and digits compared.
"""

import argparse
import difflib
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2

from lib.report import machine
from lib.styles import Picture, composed, drawn, pictures
from ocr_edge import Reader
from ocr_edge.harvest import export
from ocr_edge.harvest.folder import NAME, Samples, unlabelled
from ocr_edge.harvest.labels import label_of

NEAR = 0.5
"""Likeness of what was read to the truth, 0 to 1, from which an owner sees that the line is the one with the truth."""
READ_S = 3.0
"""Seconds that a picture may take to be read on a busy machine; the daemon is given up after that for each."""


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
    parser.add_argument("--group", metavar="NAME", help="put the style together of this group's characters")
    parser.add_argument(
        "--only-before", action="store_true", help="read the held-out pictures and learn nothing"
    )
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
        every = [
            p for path in args.styles for p in (composed(path, args.group) if args.group else pictures(path))
        ]
        every += drawn(args.font) if args.font else []
        share = {p.group: int(hashlib.sha256(p.group.encode()).hexdigest()[:8], 16) / 2**32 for p in every}
        held_out = [picture for picture in every if share[picture.group] < args.held_out]
        stream = [picture for picture in every if share[picture.group] >= args.held_out]
        if args.only_before:
            before = errors(None, held_out)
            print(json.dumps({"held_out": len(before), "error_before": round(sum(before) / len(before), 4)}))
            return 0
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
