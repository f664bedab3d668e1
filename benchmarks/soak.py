"""The daemon for an hour at ten pictures a second, while camera, broker, disk and clock go away and come back.

    python benchmarks/soak.py [--minutes 60] [--json out.json] [--picture out.png]

A camera shows a new number in every picture; each is a reading for SQLite, MQTT, a webhook and stdout. Every minute
begins with a fault of 20 s: the camera refuses or hangs, the broker is killed or stopped, the disk is full or
read-only, the clock is a year ahead or behind. At the minute's end memory, threads, files and the size of the state are
taken; threads and files also each second, for the most there ever were.

Needs root (a disk in memory is mounted), mosquitto, and Matplotlib for the picture. All traffic stays on loopback.
Exit code: 0 flat and nothing lost, 1 not, 2 cannot be tried here.
"""

import argparse
import json
import os
import random
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from daemon import sample
from kills import ROOT, Receiver
from lib.plots import soak_curves
from lib.report import machine, save, table
from lib.soak.judge import COUNTED, GROWING, Ledger, growth, verdict
from lib.soak.world import FIRST, Camera, Clock, Disk, numbered

sys.path.insert(0, str(ROOT))

from tests.edge.broker import Broker, Listener
from tests.edge.daemon_process import EDGE, DaemonProcess

RATE, SLOT_S, FAULT_S = 10.0, 60.0, 20.0
"""Pictures a second; seconds from one fault to the next, and of a fault."""
NOTICE_S = 8.0
"""Seconds after which the store has met a full disk and closed its file: it commits after 5 s."""
YEAR_S = 366 * 86400.0
SILENCE = 0.005
"""Share of the webhook's confirmations that are lost; each costs its queue a second, so one in 200."""
PATIENCE_S = 90.0
"""Seconds that receivers have in the end: a queue tries again after 60 s at most."""
CONFIG = """id = "soak"
state_dir = "{state}"
[source]
url = "{camera}"
mode = "continuous"
retry_max_s = 5.0
[[region]]
name = "number"
pattern = '\\d{{6}}'
[stabilize]
frames = 1
[store]
max_mb = 5.0
[mqtt]
host = "127.0.0.1"
port = {broker}
[webhook]
url = "{webhook}"
"""
NOT_TRIED, FAILED = 2, 1


class Soak:
    """The daemon, what it depends on, and what came of it; all gone at the end of ``with``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.ledgers = {name: Ledger() for name in ("stdout", "SQLite", "MQTT", "webhook")}
        self.texts: set[str] = set()
        self.most: Counter[str] = Counter()
        self._read_to = 0

    def __enter__(self) -> "Soak":
        with ExitStack() as stack:
            enter = stack.enter_context
            self.camera, self.clock = Camera(RATE, numbered), Clock(self._folder)
            self.disk, self.broker = enter(Disk(self._folder / "state")), enter(Broker(self._folder))
            self.webhook = Receiver(random.Random(1), SILENCE)
            stack.callback(self.webhook.server.shutdown)
            self.listener = enter(Listener(self.broker.port, "ocr-edge/soak/region/+/reading"))
            # Sooner than the daemon, which asks for what is retained before it sends: none is missed.
            self.listener.client.reconnect_delay_set(0.05, 0.05)
            config = CONFIG.format(
                state=self.disk.folder,
                camera=self.camera.url,
                broker=self.broker.port,
                webhook=self.webhook.url,
            )
            # As the service has it.
            environment = {"MALLOC_TRIM_THRESHOLD_": "131072", "OPENBLAS_NUM_THREADS": "1"}
            environment |= self.clock.environment
            environment["PYTHONPATH"] = os.pathsep.join([environment["PYTHONPATH"], str(EDGE)])
            self.daemon = enter(DaemonProcess(self._folder, config, **environment))
            self.daemon.until_ready()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def faults(self) -> list[tuple[str, Callable[[], None], Callable[[], None]]]:
        """Names of what may go wrong, how it does, and how it is put right."""

        def read_only() -> None:
            self.disk.fill()
            self.wait(NOTICE_S)
            self.disk.make_read_only()

        def writable() -> None:
            self.disk.make_writable()
            self.disk.make_room()

        def camera(name: str, there: bool) -> Callable[[], None]:
            return lambda: setattr(self.camera, name, there)

        return [
            ("camera gone", camera("here", False), camera("here", True)),
            ("broker killed", self.broker.stop, self.broker.start),
            ("disk full", self.disk.fill, self.disk.make_room),
            ("clock ahead", lambda: self.clock.leap(YEAR_S), lambda: self.clock.leap(0)),
            ("camera hangs", camera("flowing", False), camera("flowing", True)),
            ("broker hangs", self.broker.stall, self.broker.flow),
            ("disk read-only", read_only, writable),
            ("clock behind", lambda: self.clock.leap(-YEAR_S), lambda: self.clock.leap(0)),
        ]

    def wait(self, seconds: float) -> None:
        """Let time pass and note what comes."""
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            time.sleep(min(left, 1.0))
            self.note()
            if self.daemon.process.poll() is not None:
                raise SystemExit(f"the daemon ended: {self.daemon.log[-2000:]}")
            now = sample(self.daemon.process.pid)
            self.most = Counter({key: max(self.most[key], int(now[key])) for key in ("threads", "files")})

    def note(self) -> None:
        """Take what has come to every receiver."""
        for readings, name in ((self.daemon.readings, "stdout"), (self.webhook.taken, "webhook")):
            while readings:
                taken = readings.pop(0)
                self.ledgers[name].take(taken if isinstance(taken, dict) else taken[1])
                if isinstance(taken, dict):
                    self.texts.add(taken["text"])
        while self.listener.heard:
            self.ledgers["MQTT"].take(json.loads(self.listener.heard.pop(0)[1]))
        query = "SELECT number, data FROM readings WHERE number > ? ORDER BY number"
        path = f"file:{self.disk.folder}/readings.sqlite?mode=ro"
        try:
            with closing(sqlite3.connect(path, uri=True, timeout=1.0)) as connection:
                for number, data in connection.execute(query, (self._read_to,)):
                    self.ledgers["SQLite"].take(json.loads(data))
                    self._read_to = number
        except sqlite3.OperationalError:
            pass  # the disk is away: next time

    def end(self) -> dict[str, Any]:
        """Take the camera away, let receivers get what is left, stop the daemon; what it ended with, after how long."""
        self.camera.here = False
        ends = time.monotonic() + PATIENCE_S
        self.wait(2.0)
        while any(row[0] for row in self.counts().values()) and time.monotonic() < ends:
            self.wait(1.0)
        stop_s = self.daemon.end()
        self.note()
        return {"exit": self.daemon.process.returncode, "stop_s": round(stop_s, 2)}

    def counts(self) -> dict[str, tuple[int, int, int]]:
        """``COUNTED`` for every receiver."""
        published = self.ledgers["stdout"]
        return {name: ledger.against(published) for name, ledger in self.ledgers.items()}


def run(folder: Path, minutes: float) -> dict[str, Any]:
    """Soak the daemon; samples, counts and how much grows in an hour."""
    samples, began = [], time.monotonic()
    with Soak(folder) as soak:
        faults = soak.faults()
        for turn in range(max(1, round(minutes * 60 / SLOT_S))):
            name, take, give = faults[turn % len(faults)]
            starts = began + turn * SLOT_S
            take()
            soak.wait(starts + FAULT_S - time.monotonic())
            give()
            soak.wait(starts + SLOT_S - time.monotonic())
            minute = round((time.monotonic() - began) / 60, 2)
            found = {"minute": minute, "fault": name, **sample(soak.daemon.process.pid)}
            del found["peak_mib"]
            samples.append(found | {"state_mib": soak.disk.used / 2**20, "readings": len(soak.texts)})
            print(json.dumps(samples[-1]), file=sys.stderr, flush=True)
        ending = soak.end()
        (folder / "log").write_text(soak.daemon.log)
        served = {str(FIRST + number) for number in range(soak.camera.served)}
        return {
            "minutes": minutes,
            "pictures served": len(served),
            "pictures read as they are": len(served & soak.texts),
            "readings published": len(soak.ledgers["stdout"].times),
            "receivers": {name: dict(zip(COUNTED, row, strict=True)) for name, row in soak.counts().items()},
            "cpu_of_a_core": samples[-1]["cpu_s"] / (time.monotonic() - began),
            "most": dict(soak.most),
            "fault_s": FAULT_S,
            "growth per hour": {key: growth(samples, key) for key in GROWING},
            **ending,
            "samples": samples,
        }


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=60.0, metavar="N", help="(default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the samples and counts")
    parser.add_argument("--picture", type=Path, metavar="FILE.png", help="the curves")
    parser.add_argument(
        "--log", type=Path, metavar="FILE", help="what the daemon logged, without each reading"
    )
    args = parser.parse_args(argv)
    broker = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if os.geteuid() != 0 or not broker:
        print("soak.py: needs root and mosquitto (apt install mosquitto)", file=sys.stderr)
        return NOT_TRIED
    facts = machine()
    with tempfile.TemporaryDirectory() as folder:
        result = run(Path(folder), args.minutes)
        log = (Path(folder) / "log").read_text().splitlines(keepends=True)
    fine, said = verdict(result)
    save(args.json, {"machine": facts, "verdict": said, **result})
    save(args.log, "".join(line for line in log if not line.startswith("INFO: region ")))
    if args.picture:
        soak_curves.draw(result, args.picture)
    rows = [(name, *(str(row[what]) for what in COUNTED)) for name, row in result["receivers"].items()]
    print(table(("receiver", *COUNTED), rows))
    print(json.dumps({key: value for key, value in result.items() if key not in ("samples", "receivers")}))
    print(said)
    return 0 if fine else FAILED


if __name__ == "__main__":
    sys.exit(main())
