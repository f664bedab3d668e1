"""A lamp and a button on GPIO lines, through libgpiod 2."""

import contextlib
import errno
import logging
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, Self

from ocr_edge.config import settings
from ocr_edge.errors import ConfigError
from ocr_edge.sources.trigger import Trigger

_LOGGER = logging.getLogger(__name__)

AGAIN_S = 5.0
"""Seconds until the line of a button is asked for again: a person who presses it in vain presses again."""
_WHY = {
    errno.ENOENT: "no such GPIO chip; gpiodetect lists them",
    errno.EACCES: "no permission; add the user to the group gpio",
    errno.EPERM: "no permission; add the user to the group gpio",
    errno.EBUSY: "is used by another program; gpioinfo says by which",
}


def _nobody(_why: str) -> None:
    """Whom nothing is said to."""


class Lamp:
    """A lamp that is dark unless a picture is taken; the line is had from the start to the end of ``with``.

    A line that cannot be had is asked for again with the next picture: without light there is still one, and its region
    is called dark.

    Args:
        lamp: The line and how long the light needs.
        said: Called with why the line cannot be had, or with nothing when it is.

    Attributes:
        settle_s: Seconds from ``on`` until the light is steady.
    """

    def __init__(self, lamp: settings.Lamp, said: Callable[[str], None] = _nobody) -> None:
        self.settle_s = lamp.settle_s
        self._lamp, self._said = lamp, said
        self._request: Any = None
        self._have()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.off()
        if self._request is not None:
            self._request.release()

    def on(self) -> None:
        """Light it."""
        if self._have():
            self._set("ACTIVE")

    def off(self) -> None:
        """Make it dark."""
        if self._request is not None:
            self._set("INACTIVE")

    def _have(self) -> bool:
        """Whether the line is ours, asked for if it is not."""
        if self._request is None:
            try:
                line = library().line
                self._request = _request(
                    self._lamp, direction=line.Direction.OUTPUT, output_value=line.Value.INACTIVE
                )
            except ConfigError as error:
                self._said(str(error))
                return False
            self._said("")
        return True

    def _set(self, value: str) -> None:
        try:
            self._request.set_value(self._lamp.line, getattr(library().line.Value, value))
        except OSError as error:
            _LOGGER.error("lamp on line %d: cannot be switched: %s", self._lamp.line, error)


@contextlib.contextmanager
def watch_button(
    button: settings.Button, trigger: Trigger, said: Callable[[str], None] = _nobody
) -> Iterator[None]:
    """Fire a trigger whenever a line becomes active, while the block runs.

    A line that cannot be had, or is lost, is asked for again.

    Args:
        button: The line, and how long it must stay quiet.
        trigger: What is fired, with the origin ``gpio``.
        said: Called with why the line cannot be had, or with nothing when it is.
    """
    over = threading.Event()

    def have() -> Any:
        try:
            request = _button(button)
        except ConfigError as error:
            said(str(error))
            return None
        said("")
        return request

    def watch(request: Any) -> None:
        while not over.is_set():
            if request is None:
                over.wait(AGAIN_S)
                request = have()
                continue
            try:
                if request.wait_edge_events(0.25):
                    request.read_edge_events()
                    trigger.fire("gpio")
            except OSError as error:
                said(f"GPIO {button.chip} line {button.line}: no longer watched: {error}")
                request.release()
                request = None
        if request is not None:
            request.release()

    thread = threading.Thread(target=watch, args=(have(),), name="button", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(1.0)


def _button(button: settings.Button) -> Any:
    """The line of a button."""
    line = library().line
    return _request(
        button,
        direction=line.Direction.INPUT,
        edge_detection=line.Edge.RISING,
        # Against a line that hangs in the air while the button is open.
        bias=line.Bias.PULL_UP if button.active_low else line.Bias.PULL_DOWN,
        debounce_period=timedelta(seconds=button.debounce_s),
    )


def library() -> Any:
    """The package ``gpiod``.

    Raises:
        ConfigError: It is missing or too old.
    """
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
    gpiod = library()
    line = gpiod.LineSettings(active_low=wanted.active_low, **line_settings)
    try:
        return gpiod.request_lines(wanted.chip, consumer="ocr-edge", config={wanted.line: line})
    except (OSError, ValueError) as error:
        why = _WHY.get(getattr(error, "errno", None) or 0, str(error))
        raise ConfigError(f"GPIO {wanted.chip} line {wanted.line}: {why}") from error
