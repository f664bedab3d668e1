"""Where frames come from: ``[source]`` and the tables in it."""

from typing import Annotated, Literal

from msgspec import Meta

from ocr_edge.config.settings.table import Count, NotNegative, Positive, Size, Table


class Camera(Table, frozen=True):
    """``[source.picamera2]``: a camera on the ribbon cable."""

    size: Size = (1280, 720)
    """Width and height of the picture, in pixels."""
    lores: Size | None = (320, 180)
    """Width and height of the small stream that changes are looked for in; none: the picture itself."""
    sensor_mode: Annotated[int, Meta(ge=0)] | None = None
    """Index of the sensor mode, as ``rpicam-hello --list-cameras`` orders them; libcamera chooses when missing."""
    frame_rate: Positive | None = None
    """Most frames a second; 30 when missing. Fewer come where an exposure takes longer than a frame."""
    exposure_us: Count | None = None
    """Fixed exposure time in microseconds; automatic when missing."""
    max_exposure_us: Count = 100_000
    """Longest automatic exposure in microseconds, so that darkness does not stop the stream."""
    gain: Positive | None = None
    """Fixed analogue gain; automatic when missing."""
    focus: Literal["continuous", "auto", "fixed"] = "continuous"
    """Autofocus where the lens has one: all the time, once at the start, or ``focus_dioptres`` for good."""
    focus_dioptres: NotNegative = 0.0
    """Distance of a fixed focus in dioptres: 0 is far away, 10 is 10 cm."""
    horizontal_flip: bool = False
    vertical_flip: bool = False


class Gpio(Table, frozen=True):
    """A line of a GPIO chip."""

    line: Annotated[int, Meta(ge=0, le=65535)]
    """Offset of the line on the chip: the GPIO number on a Pi."""
    chip: str = "/dev/gpiochip0"
    active_low: bool = False


class Lamp(Gpio, frozen=True):
    """``[source.lamp]``: lit while a picture is taken."""

    settle_s: NotNegative = 0.3
    """Seconds between switching on and the picture."""


class Button(Gpio, frozen=True):
    """``[source.trigger.gpio]``: a button or light barrier."""

    debounce_s: NotNegative = 0.02
    """Seconds a line must stay quiet."""


class Trigger(Table, frozen=True):
    """``[source.trigger]``: who may ask for a picture when ``mode = "trigger"``."""

    gpio: Button | None = None
    mqtt: bool = True
    """Any message on ``<prefix>/<id>/trigger``."""
    http: bool = True
    """``POST /trigger`` on the local page."""
    frames: Count = 5
    """Most frames read for one answer; fewer when the reading is settled before."""


class SourceSettings(Table, frozen=True):
    """``[source]``: where frames come from."""

    url: str
    """``picamera2:0``, ``v4l2:/dev/video0``, ``rtsp://…``, ``http://…``, ``file:…``, ``dir:…`` or ``video:…``."""
    mode: Literal["interval", "continuous", "trigger"] = "interval"
    interval_s: Positive = 0.5
    """Seconds between frames, from one capture to the next."""
    timeout_s: Positive = 5.0
    """Seconds in which a capture attempt must end; a longer one counts as hung."""
    retry_min_s: Positive = 1.0
    retry_max_s: Positive = 60.0
    """Seconds between attempts to open a lost device: doubled after each failure, between these two."""
    rotate: Literal[0, 90, 180, 270] = 0
    """Degrees the picture is turned clockwise."""
    separate: bool | None = None
    """Whether each picture shows a thing of its own; missing: yes for ``dir:`` and for a trigger."""
    username: str = ""
    password_file: str = ""
    """Credentials of an RTSP or HTTP camera; see the MQTT password for how a file is named."""
    size: Size | None = None
    """Width and height asked of a webcam."""
    picamera2: Camera = Camera()
    lamp: Lamp | None = None
    trigger: Trigger = Trigger()

    def __post_init__(self) -> None:
        if self.retry_max_s < self.retry_min_s:
            raise ValueError(f"retry_max_s {self.retry_max_s} is below retry_min_s {self.retry_min_s}")
