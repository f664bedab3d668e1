"""Every route of the page attacked: by strangers, other sites, odd requests, slow clients and crowds.

    python benchmarks/scan.py [--rounds 20]

The real daemon runs with a page, a password and a camera. Its routes are what it says of itself, so a new one is
attacked as soon as it is there. Nobody may be let in, nothing may be answered with an error of the program, no
traceback may be logged, and the daemon must read on meanwhile. The exit code is 1 when something of that is not so.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from daemon import EDGE, sample, scene
from lib.report import header, machine, table
from lib.scan import attacks
from lib.scan.attacks import Tally
from lib.scan.target import Target
from lib.soak.world import Camera

PASSWORD = "correct horse battery staple"
READY_S = 60.0
"""Seconds until it must answer."""
WARM = 8
"""Regions read before anything is measured: memory grows until each picture was read."""
GROWTH = 50.0
"""MiB that it may grow by: what answers and pictures need once; 39 after one round, and 39 after three."""
SHOWN = 20
"""Failures that are printed."""
COLUMNS = ("attack", "requests", "answers (code: count; 0: hung up)")
REGION = "[[region]]\nname = 'card'\ncorners = [[380, 260], [900, 260], [900, 460], [380, 460]]\n"


class Daemon:
    """A running daemon.

    Attributes:
        target: Where it answers.
        process: It.
        log: What it has logged.
    """

    def __init__(self, target: Target, process: subprocess.Popen[str]) -> None:
        self.target, self.process, self.log = target, process, ""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self.log += line


@contextmanager
def running(folder: Path) -> Iterator[Daemon]:
    """The daemon with a page, for the time of the block."""
    from ocr_edge.web.secret_file import SecretFile

    SecretFile(folder / "page-secret").set_password(PASSWORD)
    port, shown = free_port(), [scene(1000 * number + 123) for number in range(4)]
    camera = Camera(5, lambda count: shown[count // 5 % len(shown)])
    (folder / "config.toml").write_text(
        f"state_dir = '{folder / 'state'}'\n[source]\nurl = '{camera.url}'\n[stdout]\nenabled = false\n"
        f"[http]\nport = {port}\nsecret_file = 'page-secret'\n[http.page]\n{REGION}"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "ocr_edge", "run", "--config", str(folder / "config.toml")],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(EDGE), os.environ.get("PYTHONPATH", "")])},
    )
    try:
        found, ends = Daemon(Target(port, PASSWORD), process), time.monotonic() + READY_S
        while time.monotonic() < ends and process.poll() is None:
            with suppress(ValueError):
                found.target.cookie = found.target.cookie or found.target.log_in()
                if int(str(attacks.alive(found.target)["reads"])) >= WARM:
                    break
            time.sleep(0.2)
        yield found
    finally:
        process.terminate()
        process.wait(READY_S)  # a second, on a machine that does nothing else
        camera.here = False


def scan(target: Target, *, quick: bool) -> Tally:
    """All attacks, once."""
    tally = Tally()
    target.discover()
    crowd = 100 if quick else 300
    for attack in (
        attacks.strangers,
        attacks.other_sites,
        attacks.outside,
        attacks.methods,
        attacks.heads,
        attacks.bodies,
    ):
        if quick and attack in (attacks.outside, attacks.bodies):
            continue
        attack(target, tally)
    attacks.slow(target, tally, upload=not quick)
    attacks.crowds(target, tally, crowd)
    return tally


def judged(daemon: Daemon, frames: float, memory: float) -> list[str]:
    """What the daemon has suffered."""
    wrong = []
    if daemon.process.poll() is not None:
        return [f"the daemon ended with code {daemon.process.returncode}"]
    if found := re.findall(r"Traceback|Error\b.*|failed: .*", daemon.log):
        wrong.append(f"logged: {found[0]}")
    state = attacks.alive(daemon.target)
    if not isinstance(state["frames"], int) or state["frames"] <= frames:
        wrong.append("the daemon has not read on")
    grown = sample(daemon.process.pid)["rss_mib"] - memory
    if grown > GROWTH:
        wrong.append(f"the daemon grew by {grown:.0f} MiB")
    return wrong


def free_port() -> int:
    """A port that nobody listens to."""
    import socket

    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        return int(probe.getsockname()[1])


def main() -> int:
    """Scan, and print what was tried; 1 when something was wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=1, help="times that everything is tried (default: 1)")
    parser.add_argument(
        "--quick", action="store_true", help="leave out odd parameters, bodies and slow uploads"
    )
    args = parser.parse_args()
    total, wrong, began = Tally(), [], time.monotonic()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as daemon:
        for _ in range(args.rounds):
            frames, memory = attacks.alive(daemon.target)["frames"], sample(daemon.process.pid)["rss_mib"]
            tally = scan(daemon.target, quick=args.quick)
            total.tried.update(tally.tried)
            for attack, codes in tally.codes.items():
                total.codes.setdefault(attack, type(codes)()).update(codes)
            wrong += tally.wrong + judged(daemon, float(str(frames)), memory)
    print(header(machine(), {}) + "\n")
    rows = [
        [name, str(count), ", ".join(f"{c}: {n}" for c, n in sorted(total.codes.get(name, {}).items()))]
        for name, count in total.tried.items()
    ]
    print(table(COLUMNS, rows) + "\n")
    print(
        f"{len(daemon.target.routes)} routes, {sum(total.tried.values()):,} requests,"
        f" {time.monotonic() - began:.0f} s, {len(wrong)} wrong"
    )
    for line in wrong[:SHOWN]:
        print(f"WRONG {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
