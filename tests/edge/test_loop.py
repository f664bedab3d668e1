"""What the loop survives and what it does not, with everything around it replaced by a few lines."""

import time
from typing import Any, ClassVar

import numpy as np
import pytest

from ocr_edge.config.settings import SourceSettings
from ocr_edge.daemon import camera_watch, failures
from ocr_edge.daemon.loop import Daemon
from ocr_edge.errors import CaptureError, ModelError
from ocr_edge.sources.base import Frame
from ocr_edge.sources.capture import CaptureStatus
from ocr_edge.sources.trigger import Trigger
from ocr_edge.system.counters import Counters
from ocr_edge.system.health import Health
from ocr_edge.system.signals import Signals


class Fake:
    """Capturer, scene, outputs and notifier at once; ``after`` steps the source ends."""

    separate, in_order, gone, wants_snapshots, failed, watchdog_s = False, False, False, False, False, None
    broken = ""
    problems: ClassVar[dict[str, str]] = {}

    def __init__(self, state: str = "ok", after: int = 10) -> None:
        self.state, self.left, self.fed, self.error = state, after, 0, False

    def next(self, not_before: float, timeout_s: float) -> Frame | None:
        self.left -= 1
        time.sleep(0.01)
        if self.state != "ok" or self.left < 0:
            return None
        return Frame(np.zeros((8, 8, 3), np.uint8), 0.0, time.monotonic(), "fake")

    @property
    def status(self) -> CaptureStatus:
        return CaptureStatus("ended" if self.left <= 0 else self.state, self.state, 1)  # type: ignore[arg-type]

    def look(self, frame: Frame) -> list[Any]:
        if self.error:
            raise RuntimeError("a mistake of ours")
        return []

    def watchdog(self) -> None:
        self.fed += 1

    def ready(self, *_: object) -> None:
        pass

    report = take_over = set_regions = ready
    readers: ClassVar[tuple[()]] = ()


def daemon(fake: Any, url: str = "v4l2:/dev/video0") -> Daemon:
    class Notifier:
        watchdog_s = fake.watchdog_s
        watchdog, ready, stopping, status = fake.watchdog, fake.ready, fake.ready, fake.ready

    source = SourceSettings(url=url, mode="continuous")
    return Daemon(
        source, fake, fake, fake, Health(), Counters(), Notifier(), Trigger(), lambda: fake, lambda why: fake
    )  # type: ignore[arg-type]


def test_the_end_of_the_source_is_the_end_of_the_daemon():
    fake = Fake(after=5)
    made = daemon(fake)
    assert made.run(Signals()) == 0
    assert made.counters.frames == 5
    assert fake.fed >= 4


def test_a_source_that_hangs_is_not_fed_for_and_ends_the_daemon_without_a_watchdog(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(camera_watch, "HUNG_LIMIT_S", 0.05)
    fake = Fake("hung", after=1000)
    with pytest.raises(CaptureError, match="fresh start"):
        daemon(fake).run(Signals())
    assert fake.fed == 0


def test_with_a_watchdog_a_source_that_hangs_is_left_to_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(camera_watch, "HUNG_LIMIT_S", 0.05)
    fake = Fake("hung", after=20)
    fake.watchdog_s = 30.0
    assert daemon(fake).run(Signals()) == 0
    assert fake.fed <= 1  # for the last step, which found the end


def test_a_lost_source_is_waited_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(camera_watch, "LOST_LIMIT_S", 0.05)
    fake = Fake("lost", after=20)
    made = daemon(fake)
    assert made.run(Signals()) == 0
    assert fake.fed >= 19


def test_a_ribbon_camera_that_stays_lost_ends_the_daemon(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(camera_watch, "LOST_LIMIT_S", 0.05)
    with pytest.raises(CaptureError, match="fresh start"):
        daemon(Fake("lost", after=1000), "picamera2:0").run(Signals())


def test_mistakes_of_ours_end_the_daemon_only_in_a_row(monkeypatch: pytest.MonkeyPatch):
    fake = Fake(after=1000)
    fake.error = True
    assert daemon(fake).run(Signals()) == 1
    assert fake.left == 1000 - failures.MAX_ERRORS


@pytest.mark.parametrize("sound", [True, False])
def test_pictures_that_cannot_be_read_end_the_daemon_only_when_the_self_test_fails_too(sound: bool):
    fake = Fake(after=50)
    fake.failed, proved = True, []

    def prove() -> None:
        proved.append(made._failures.unread)
        if not sound:
            raise ModelError("other labels")

    fake.prove = prove  # type: ignore[attr-defined]
    made = daemon(fake)
    assert made.run(Signals()) == (0 if sound else 1)
    assert proved == ([5, 10, 20, 40] if sound else [5])
    assert made.health.state(0.0).problems["program"].startswith("failed on 5")


def test_a_bundle_that_fails_is_replaced_and_where_none_is_left_the_daemon_ends_for_a_fresh_start():
    fake, asked = Fake(after=20), []

    def replace(why: str) -> Any:
        asked.append(why)
        if len(asked) > 1:
            raise ModelError("there is no other bundle")
        return fake

    fake.broken = "node 3 failed"
    made = daemon(fake)
    made.without_bundle = replace
    assert made.run(Signals()) == 1
    assert asked == ["node 3 failed"] * 6
    assert made.health.state(0).problems["bundle"] == "there is no other bundle"
