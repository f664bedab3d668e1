"""What setting up on the page costs the daemon: its reading rate while regions are tried, memory, the gap at a save.

    python benchmarks/setup.py [--seconds 10] [--rounds 3]

As ``page.py``: a real MJPEG camera on loopback, each of whose pictures shows another number. With and without somebody
who moves a region all the time, by turns: each trial is of other corners, so that none is answered from memory.
"""

import argparse
import http.client
import json
import statistics
import threading
import time
from itertools import count
from pathlib import Path

from daemon import sample
from page import PORT, REGION, frames, running


class Mover:
    """Tries a region again and again until it is told to stop; ``took`` are the seconds of each trial."""

    def __init__(self, seconds: float) -> None:
        self.took: list[float] = []
        self._ends = time.monotonic() + seconds
        self._thread = threading.Thread(target=self._move, daemon=True)
        self._thread.start()

    def _move(self) -> None:
        still = post("still", {})["number"]
        for step in count():
            if time.monotonic() > self._ends:
                return
            corners = [[380 - step % 50, 260], [900, 260], [900, 460], [380 - step % 50, 460]]
            wanted = {"regions": [{"was": 0, "settings": {"name": "card", "corners": corners}}]}
            began = time.monotonic()
            post("try", {"still": still, "wanted": wanted})
            self.took.append(time.monotonic() - began)

    def join(self) -> None:
        """Wait for the end of the last trial."""
        self._thread.join()


def post(path: str, what: object) -> dict[str, object]:
    """Ask the page something; its answer."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    connection.request("POST", f"/setup/{path}", json.dumps(what))
    answer = connection.getresponse()
    told = json.loads(answer.read())
    assert answer.status == 200, told
    return told


def children(pid: int) -> dict[str, float]:
    """Resident and anonymous MiB of the processes that the daemon has started, at their highest."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += (task / "children").read_text().split()
    each = [sample(int(child)) for child in set(found)]
    return {
        "helper_peak_mib": max((one["peak_mib"] for one in each), default=0.0),
        "helper_anon_mib": max((one["anon_mib"] for one in each), default=0.0),
    }


def measured(pid: int, seconds: float, *, moving: bool) -> dict[str, float]:
    """Rate and memory, with or without somebody who moves a region."""
    mover = Mover(seconds + 4) if moving else None
    time.sleep(3)
    read, began = frames(), time.monotonic()
    time.sleep(seconds)
    done, took = frames(), time.monotonic() - began
    found = {"frames_per_s": (done - read) / took, "rss_mib": sample(pid)["rss_mib"]}
    if mover:
        mover.join()
        found |= children(pid) | {
            "trials": len(mover.took),
            "trial_s": statistics.median(mover.took[1:] or mover.took),
        }
        found["first_trial_s"] = mover.took[0]
    return found


def save() -> float:
    """Seconds from asking to save until the daemon reads with it."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    connection.request("GET", "/setup/state.json")
    state = json.loads(connection.getresponse().read())
    content = state["content"]
    settings = content["regions"][0]["settings"]
    settings["min_confidence"] = 0.5 if settings.get("min_confidence") != 0.5 else 0.6
    began = time.monotonic()
    post("save", {"hash": state["hash"], "wanted": content})
    return time.monotonic() - began


def main() -> None:
    """Measure, and print JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=10, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    result: dict[str, object] = {}
    for name, rate, source in (
        ("as fast as it can", 30, 'mode = "continuous"\n'),
        ("5 frames/s", 5, "interval_s = 0.2\n"),
    ):
        found: dict[bool, list[dict[str, float]]] = {False: [], True: []}
        with running(rate, f"{source}{REGION}[http]\nport = {PORT}\n[http.page]\n") as pid:
            for turn in range(2 * args.rounds):
                found[turn % 2 == 1].append(measured(pid, args.seconds, moving=turn % 2 == 1))
            saves = [save() for _ in range(5)]
        result[name] = {
            "moving" if moving else "alone": {
                key: round(statistics.median(each[key] for each in runs), 3) for key in runs[0]
            }
            | {"frames_per_s_of_rounds": [round(each["frames_per_s"], 2) for each in runs]}
            for moving, runs in found.items()
        } | {"save_s": [round(each, 3) for each in saves]}
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
