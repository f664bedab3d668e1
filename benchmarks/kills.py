"""What a daemon that is killed again and again, with a clock that leaps, loses and says twice.

    python benchmarks/kills.py [--kills 100] [--seed 1] [--json out.json]

A daemon reads a folder in which a picture arrives every half second, and posts to a receiver on loopback that answers
one in ten posts with nothing. It gets SIGKILL at random moments, half of them while it starts; between two lives its
clock leaps by minutes, hours or a year, back or forth. The clock is ``time.time`` of the daemon's process alone. To
meet more of what can go wrong in a short life, it commits after 0.3 s and remembers a picture 1 s after that.

Not tested here: what a disk loses that says it has written. A kill leaves the system's memory as it was.
"""

import argparse
import itertools
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from lib.report import machine, save, table

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "examples" / "cheque-4.jpg"
PACE_S = 0.5
"""Seconds between two pictures: about as many as a loaded machine reads, dead times included."""
STARTS_S, LIVES_S = (0.0, 1.5), (1.5, 4.0)
"""When a life is cut short: while it starts, and later; as often the one as the other."""
LEAPS_S = (60.0, 3600.0, 86400.0, 366 * 86400.0)
"""How far the clock is off by at most in a life, back or forth; a year is more than ``keep_days``."""
SILENCE = 0.1
"""Share of posts that are taken but not answered: the receiver's confirmation is lost."""
PATIENCE_S = 180.0
"""Seconds that the last life, which is not killed, has for what is left."""
LAUNCHER = """
import sys, time
offset, now = float(sys.argv[1]), time.time
time.time = lambda: now() + offset
from ocr_edge.sources import folder
folder.REMEMBER_AFTER_S = 1.0
from ocr_edge.cli import main
sys.exit(main(["run", "--config", sys.argv[2]]))
"""
LOST = 1


class Receiver:
    """Takes readings as a webhook's server does, and notes each with its key in the order of arrival.

    Args:
        dice: Which posts are not answered.
        silence: Share of them.
    """

    def __init__(self, dice: random.Random, silence: float = SILENCE) -> None:
        self.taken: list[tuple[str, dict[str, Any]]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.taken.append((self.headers["Idempotency-Key"], json.loads(body)))
                if dice.random() >= silence:
                    self.send_response(204)
                    self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/readings"


class Pictures:
    """Puts a picture into a folder now and then, until it is told to stop."""

    def __init__(self, folder: Path) -> None:
        self.put: list[str] = []
        self._folder, self._over = folder, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._over.wait(PACE_S):
            path = self._folder / f"{len(self.put)}.jpg"
            shutil.copy(PICTURE, self._folder / ".new")
            (self._folder / ".new").rename(path)
            self.put.append(str(path))

    def stop(self) -> None:
        """No more pictures."""
        self._over.set()
        self._thread.join()


@contextmanager
def life(folder: Path, offset_s: float) -> Iterator[subprocess.Popen[bytes]]:
    """A daemon whose clock is off; killed in the end."""
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", LAUNCHER, str(offset_s), str(folder / "config.toml")],
            stdout=subprocess.DEVNULL,
            stderr=log,
            env=os.environ
            | {"PYTHONPATH": os.pathsep.join([str(ROOT / "edge"), os.environ.get("PYTHONPATH", "")])},
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def run(folder: Path, kills: int, seed: int) -> dict[str, int]:
    """Kill a daemon so often, let it finish, and count.

    Args:
        folder: An empty folder for everything.
        kills: How often it is killed.
        seed: Of the moments and leaps.

    Returns:
        The counts, by what is counted.
    """
    dice = random.Random(seed)
    receiver = Receiver(random.Random(seed + 1))
    (folder / "in").mkdir()
    (folder / "config.toml").write_text(
        f'id = "bench"\nstate_dir = "{folder}/state"\n[source]\nurl = "dir:{folder}/in"\ninterval_s = 0.02\n'
        f'[store]\ncommit_s = 0.3\n[stdout]\nenabled = false\n[webhook]\nurl = "{receiver.url}"\n'
    )
    pictures = Pictures(folder / "in")
    for number in range(kills):
        with life(folder, dice.uniform(-1, 1) * dice.choice(LEAPS_S)) as process:
            time.sleep(dice.uniform(*dice.choice((STARTS_S, LIVES_S))))
            if process.poll() is not None:
                raise SystemExit(f"the daemon ended: {(folder / 'log').read_text()[-2000:]}")
        print(f"kill {number + 1}: {len(receiver.taken)} taken", file=sys.stderr)
    pictures.stop()
    with life(folder, 0.0) as process:
        ends = time.monotonic() + PATIENCE_S
        while missing(pictures, receiver) and time.monotonic() < ends:
            time.sleep(0.2)
        process.terminate()
        process.wait(10)
    receiver.server.shutdown()
    return count(pictures, receiver, folder / "state" / "readings.sqlite") | {"kills": kills}


def missing(pictures: Pictures, receiver: Receiver) -> set[str]:
    """Pictures of which the receiver has no reading."""
    return set(pictures.put) - {reading["source"] for _, reading in receiver.taken}


def count(pictures: Pictures, receiver: Receiver, store: Path) -> dict[str, int]:
    """What was lost, and what came twice."""
    meanings, keys, posts = defaultdict(set), defaultdict(set), list(receiver.taken)
    for key, reading in posts:
        meanings[key].add(json.dumps(reading, sort_keys=True))
        keys[reading["source"]].add(key)
    firsts = list(dict.fromkeys(key for key, _ in posts))
    with closing(sqlite3.connect(store)) as connection:
        stored = {
            source for (source,) in connection.execute("SELECT json_extract(data, '$.source') FROM readings")
        }
    return {
        "pictures": len(pictures.put),
        "posts": len(posts),
        "pictures lost at the receiver": len(missing(pictures, receiver)),
        "pictures lost in the store": len(set(pictures.put) - stored),
        "ids of two different readings": sum(len(each) > 1 for each in meanings.values()),
        "ids that went back": sum(after < before for before, after in itertools.pairwise(firsts)),
        "posts repeated with their id": len(posts) - len(meanings),
        "pictures read again with a new id": sum(len(each) > 1 for each in keys.values()),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=100, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the counts")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        counts = run(Path(folder), args.kills, args.seed)
    print(table(("what", "n"), [(name, str(number)) for name, number in counts.items()]))
    save(args.json, {"machine": machine(), "counts": counts})
    bad = [name for name in counts if "lost" in name or "different" in name or "back" in name]
    return LOST if any(counts[name] for name in bad) else 0


if __name__ == "__main__":
    sys.exit(main())
