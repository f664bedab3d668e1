"""A lamp and a button on GPIO lines, through libgpiod 2."""

import contextlib
import errno
import logging
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Self

from ocr_edge.config import settings
from ocr_edge.errors import ConfigError
from ocr_edge.sources.trigger import Trigger

_LOGGER = logging.getLogger(__name__)

_WHY = {
    errno.ENOENT: "no such GPIO chip; gpiodetect lists them",
    errno.EACCES: "no permission; add the user to the group gpio",
    errno.EPERM: "no permission; add the user to the group gpio",
    errno.EBUSY: "is used by another program; gpioinfo says by which",
}


class Lamp:
    """A lamp that is dark unless a picture is taken; the line is had from the start to the end of ``with``.

    Args:
        lamp: The line and how long the light needs.

    Raises:
        ConfigError: The line cannot be had.

    Attributes:
        settle_s: Seconds from ``on`` until the light is steady.
    """

    def __init__(self, lamp: settings.Lamp) -> None:
        self.settle_s = lamp.settle_s
        line = _gpiod().line
        self._line, self._values = lamp.line, line.Value
        self._request = _request(lamp, direction=line.Direction.OUTPUT, output_value=line.Value.INACTIVE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.off()
        self._request.release()

    def on(self) -> None:
        """Light it."""
        self._set(self._values.ACTIVE)

    def off(self) -> None:
        """Make it dark."""
        self._set(self._values.INACTIVE)

    def _set(self, value: Any) -> None:
        try:
            self._request.set_value(self._line, value)
        except OSError as error:  # without light there is still a picture, and its region is called dark
            _LOGGER.error("lamp on line %d: cannot be switched: %s", self._line, error)


@contextlib.contextmanager
def watch_button(button: settings.Button, trigger: Trigger) -> Iterator[None]:
    """Fire a trigger whenever a line becomes active, while the block runs.

    Args:
        button: The line, and how long it must stay quiet.
        trigger: What is fired, with the origin ``gpio``.

    Raises:
        ConfigError: The line cannot be had.
    """
    line = _gpiod().line
    request = _request(
        button,
        direction=line.Direction.INPUT,
        edge_detection=line.Edge.RISING,
        # Against a line that hangs in the air while the button is open.
        bias=line.Bias.PULL_UP if button.active_low else line.Bias.PULL_DOWN,
        debounce_period=timedelta(seconds=button.debounce_s),
    )
    over = threading.Event()

    def watch() -> None:
        try:
            while not over.is_set():
                if request.wait_edge_events(0.25):
                    request.read_edge_events()
                    trigger.fire("gpio")
        except OSError as error:
            _LOGGER.error("%s line %d: no longer watched: %s", button.chip, button.line, error)

    thread = threading.Thread(target=watch, name="button", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(1.0)
        request.release()


def _gpiod() -> Any:
    try:
        import gpiod  # noqa: PLC0415
        import gpiod.line  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(
            "GPIO needs libgpiod 2: pip install 'ocr-edge[gpio]' (apt's python3-libgpiod of Bookworm is version 1)"
        ) from error
    return gpiod


def _request(wanted: settings.Gpio, **line_settings: Any) -> Any:
    """Ask the kernel for one line."""
    gpiod = _gpiod()
    line = gpiod.LineSettings(active_low=wanted.active_low, **line_settings)
    try:
        return gpiod.request_lines(wanted.chip, consumer="ocr-edge", config={wanted.line: line})
    except (OSError, ValueError) as error:
        why = _WHY.get(getattr(error, "errno", None) or 0, str(error))
        raise ConfigError(f"GPIO {wanted.chip} line {wanted.line}: {why}") from error
