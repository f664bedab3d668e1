"""Every key of the daemon's configuration, with its unit, range and default.

One struct for each table of the TOML file; ``config.example.toml`` explains the same keys to an owner.
"""

import ipaddress
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from ocr_edge.config.schedule import span

Positive = Annotated[float, Meta(gt=0, le=1e9)]
NotNegative = Annotated[float, Meta(ge=0, le=1e9)]
Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]
Weight = Annotated[int, Meta(ge=-1_000_000, le=1_000_000)]
"""Of a check digit's sum; published ones have at most three digits."""
Port = Annotated[int, Meta(ge=1, le=65535)]
Pixels = Annotated[int, Meta(ge=1, le=65535)]
Point = tuple[float, float]
Slug = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}\Z")]
"""A name that can stand in a topic, a file name and a metric."""


class Table(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file: unknown keys are refused."""


class Camera(Table, frozen=True):
    """``[source.picamera2]``: a camera on the ribbon cable."""

    size: tuple[Pixels, Pixels] = (1280, 720)
    """Width and height of the picture, in pixels."""
    lores: tuple[Pixels, Pixels] | None = (320, 180)
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
    size: tuple[Pixels, Pixels] | None = None
    """Width and height asked of a webcam."""
    picamera2: Camera = Camera()
    lamp: Lamp | None = None
    trigger: Trigger = Trigger()

    def __post_init__(self) -> None:
        if self.retry_max_s < self.retry_min_s:
            raise ValueError(f"retry_max_s {self.retry_max_s} is below retry_min_s {self.retry_min_s}")


class Mark(Table, frozen=True):
    """``[[picture.mark]]``: a patch of the reference picture that is found again in every frame."""

    box: tuple[Annotated[int, Meta(ge=0)], Annotated[int, Meta(ge=0)], Pixels, Pixels]
    """Left, top, width and height in the reference picture."""


class Picture(Table, frozen=True):
    """``[picture]``: the picture that coordinates belong to, and what spoils it."""

    size: tuple[Pixels, Pixels] | None = None
    """Width and height that all coordinates of this file are given in; missing: the frames' own."""
    reference: Path | None = None
    """A picture taken when everything stood right; marks are cut from it, and its size is ``size``."""
    mark: tuple[Mark, ...] = ()
    """Two or more correct shift, turn and scale; one corrects a shift."""
    search: Share = 0.1
    """How far the picture may have shifted, as a share of its longer side."""
    min_match: Share = 0.7
    """Correlation below which a mark is not found."""
    min_brightness: Annotated[float, Meta(ge=0, le=255)] = 12.0
    """A region whose bright parts (95th percentile) are darker than this grey level is ``dark``."""
    max_overexposed: Share = 0.9
    """A region with more than this share of pixels at 250 or above, and no ink left, is ``over-exposed``."""
    max_glare: Share = 0.25
    """A region with more than this share in large burnt-out spots is ``glaring``, unless it is white anyway."""
    min_sharpness: Share = 0.2
    """A region less sharp than this, from 0 to 1, is ``blurred``: see ``ocr_edge.regions.quality``."""
    blank_outside: bool = False
    """Whether pixels outside the regions are blackened before a picture is stored or shown."""


class Value(Table, frozen=True):
    """``[region.value]``: the region shows a number, and what numbers are believed."""

    format: str = ""
    """What the number looks like, such as ``-##0.0``: see ``ocr_edge.regions.number_form``. It makes the pattern."""
    min_lead: Annotated[float, Meta(ge=0, le=1e9)] = 15.0
    """How many times likelier than any other value it must be; 0: that is not asked. Of validation pictures of amounts,
    meters, pumps and plates (n = 219, one frame each), 15 believes 146 right values and 3 wrong ones, 10 164 and 5, 20
    131 and 2, and 0 202 and 17; of the validation part of ``field_photos`` 15 loses no right value that 10 has."""
    decimals: Annotated[int, Meta(ge=0, le=9)] = 0
    """Digits after a decimal point that is not read: ``01234`` with 2 is 12.34. A mark that is read counts instead."""
    rolling: Literal["", "up", "down"] = ""
    """Digits on wheels that turn: the next digit comes from below (``up``) or from above; empty: no wheels."""
    unit: str = ""
    """What the value is given in; it may stand after the number."""
    device_class: str = ""
    """Home Assistant's device class, such as ``water``, ``energy`` or ``temperature``."""
    state_class: Literal["", "measurement", "total", "total_increasing"] = ""
    """Home Assistant's state class: whether the value is measured now, or added up."""
    direction: Literal["any", "up", "down"] = "any"
    """Which way the value may move."""
    min: float | None = None
    """Smallest value that is believed."""
    max: float | None = None
    """Largest value that is believed."""
    max_rate_per_h: Positive | None = None
    """Largest change of the value in an hour."""
    recover_after_s: NotNegative = 300.0
    """A rejected value that is seen this long without a break is believed after all: the old one was wrong."""

    def __post_init__(self) -> None:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}")


class When(Table, frozen=True):
    """``[region.when]``: the region counts only in frames in which another one says something.

    It is for displays that show several values in turn.
    """

    region: Slug
    """Name of the other region."""
    matches: Annotated[str, Meta(min_length=1)]
    """What a line of it must look like, a regular expression such as ``kWh``."""


class Region(Table, frozen=True):
    """``[[region]]``: a named part of the picture. Without one, the whole picture is read as region ``picture``."""

    name: Slug = "picture"
    corners: tuple[Point, Point, Point, Point] | None = None
    """Top left, top right, bottom right, bottom left of the text, as seen upright, in pixels of ``picture.size``;
    missing: the whole picture."""
    rotate: Literal[0, 90, 180, 270] = 0
    """Degrees the region is turned clockwise after it was cut out."""
    text_height: Pixels | None = None
    """Height of its capitals in pixels of ``picture.size``; smaller and larger things are not text."""
    polarity: Literal["dark", "light"] | None = None
    """Dark ink on light ground, or light on dark; missing: both are tried."""
    pattern: str = ""
    """What a line must look like, a regular expression such as ``[A-Z]{3}\\d{4}``; empty: anything."""
    check: str = ""
    """Check digit that its text must have: ``luhn``, ``ean``, ... or the name of a ``[[check]]``; empty: none."""
    rows: Annotated[int, Meta(ge=2, le=4)] | Literal["any"] | None = None
    """Rows that one text goes over, read and matched as one; ``any``: all lines; missing: each line is a text."""
    min_margin: NotNegative = 3.0
    """Nats (natural logarithm) by which the pattern may overrule what the picture looks like; beyond it, nothing is
    said."""
    min_confidence: Share = 0.7
    """What is less sure is not said: of a ``value`` the probability that all of it is right, of any other text the mean
    of its characters' probabilities."""
    min_change: Share = 0.04
    """Share of the contrast that some part must change by before the region is read again."""
    reread_s: Positive = 60.0
    """Seconds after which it is read again even if nothing seems to have changed."""
    schedule: tuple[str, ...] = ()
    """Local times of day in which it is read, such as ``06:00-22:00``; empty: always."""
    when: When | None = None
    value: Value | None = None

    def __post_init__(self) -> None:
        for times in self.schedule:
            span(times)
        if self.rows and self.value and self.value.rolling:
            raise ValueError(f"rows {self.rows!r}: a rolling counter has one row; leave rows or rolling out")
        form = self.value.format if self.value else ""
        if form and self.pattern:
            raise ValueError(
                f"pattern {self.pattern!r} and value.format {form!r} both say what the text looks like: keep one"
            )
        if self.check and not (self.pattern or form):
            # One in ten random numbers has a right check digit: alone it would make wrong texts look right.
            raise ValueError(f"check {self.check!r} needs a pattern too, such as '\\d{{16}}'")


class CheckDigit(Table, frozen=True):
    """``[[check]]``: a check digit of one's own: the weighted sum of all characters leaves a fixed rest."""

    name: Slug
    alphabet: str = "0123456789"
    """Characters in the order of their values, from 0."""
    weights: tuple[Weight, ...] = (7, 3, 1)
    """Factors, repeated as often as needed."""
    from_right: bool = False
    """The first weight belongs to the last character."""
    modulus: Weight = 10
    remainder: Weight = 0
    digit_sum: bool = False
    """A product of several digits counts as the sum of its digits."""
    check_weight: Weight | None = None
    """Weight of the last character; missing: it is one of the row."""


class Stabilize(Table, frozen=True):
    """``[stabilize]``: when a reading is news."""

    frames: Count = 3
    """Frames that must agree before anything is said."""
    certainty: Annotated[float, Meta(gt=0, lt=1)] = 0.75
    """Probability of each character, over all fused frames, from which on it is settled."""
    memory_s: Positive = 10.0
    """Seconds after which an old frame counts half."""
    again_after_s: NotNegative = 0.0
    """The same text is said again when nothing was there for this many seconds; 0: never."""


class Stdout(Table, frozen=True):
    """``[stdout]``: JSON lines."""

    enabled: bool = True


class Files(Table, frozen=True):
    """``[files]``: JSON lines in files that take turns."""

    path: Path
    max_mb: Positive = 10.0
    """Size at which a new file begins."""
    keep: Count = 5
    """Old files that are kept."""


class StoreSettings(Table, frozen=True):
    """``[store]``: every reading in SQLite, and what receivers have not taken yet."""

    enabled: bool = True
    path: Path = Path("readings.sqlite")
    """Below the state folder unless absolute."""
    commit_s: Positive = 5.0
    """Seconds, and"""
    commit_readings: Count = 50
    """readings, after which what came in is committed, whichever is first."""
    keep_days: Positive = 365.0
    max_mb: Positive = 500.0
    """The oldest readings go when they are older or the file is larger."""


class Mqtt(Table, frozen=True):
    """``[mqtt]``: an MQTT broker and Home Assistant."""

    host: str
    port: Port | None = None
    """1883, or 8883 with TLS, when missing."""
    tls: bool = False
    ca_file: Path | None = None
    """Certificates that the broker's is checked against; the system's when missing."""
    cert_file: Path | None = None
    key_file: Path | None = None
    """The device's own certificate and key, where the broker asks for them."""
    username: str = ""
    password_file: str = ""
    """File with the password; a bare name is a systemd credential (``LoadCredential=``)."""
    prefix: Annotated[str, Meta(pattern=r"^[^#+/$\s\0][^#+\s\0]*[^#+/\s\0]\Z")] = "ocr-edge"
    discovery_prefix: Annotated[str, Meta(pattern=r"^[^#+\s\0]*\Z")] = "homeassistant"
    """Home Assistant's discovery topic; empty: no discovery."""
    expire_after_s: Annotated[int, Meta(ge=0)] = 0
    """Seconds after which Home Assistant shows a value as unavailable; 0: never."""
    snapshot: bool = False
    """Whether a small picture of what was read is published as an image entity."""
    snapshot_max_kb: Annotated[int, Meta(ge=4, le=1024)] = 100
    keepalive_s: Annotated[int, Meta(ge=5, le=3600)] = 30


class Webhook(Table, frozen=True):
    """``[webhook]``: each reading as a POST of JSON."""

    url: Annotated[str, Meta(pattern=r"^https?://")]
    token_file: str = ""
    """File with a token sent as ``Authorization: Bearer``; a bare name is a systemd credential."""
    timeout_s: Positive = 10.0


class Harvest(Table, frozen=True):
    """``[harvest]``: lines that were not read for sure are kept as samples, to be labelled and learned from."""

    below: Share = 0.9
    """Confidence below which a line is kept; so is what is rejected, and what other frames speak against."""
    per_hour: Count = 60
    """Most samples of a region in an hour: some 2 MB, so that a spoiled camera does not wear the card out."""
    commit_s: Positive = 60.0
    """Seconds after which what came in is written; a power cut loses as much."""
    max_samples: Count = 1000
    max_mb: Positive = 100.0
    keep_days: Positive = 90.0
    """The oldest without a label go when they are older, or there is more."""
    surroundings: bool = False
    """Whether the picture around each line is kept too, black outside of the regions with ``blank_outside``."""


class PageSettings(Table, frozen=True):
    """``[http.page]``: the page on which people see what is read."""

    frames_per_s: Annotated[float, Meta(gt=0, le=30)] = 5.0
    """Most pictures a second that are made for all who look; none while nobody does."""
    longest: Annotated[int, Meta(ge=160, le=3840)] = 960
    """Longest side of a picture on the page, in pixels; boxes and texts are drawn by the browser, as sharp as ever."""


class Http(Table, frozen=True):
    """``[http]``: ``/metrics``, ``/healthz``, ``POST /trigger`` and, with ``[http.page]``, the page."""

    port: Port = 9464
    address: str = "127.0.0.1"
    """Where it listens: ``127.0.0.1`` or ``::1`` for this machine alone, ``0.0.0.0`` or ``::`` for the network."""
    secret_file: Path | None = None
    """Hashes of what opens it, made by ``ocr-edge init``. Without one, nothing is authenticated."""
    names: tuple[Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,253}\Z")], ...] = ()
    """Host names that people may call it by, beside this machine's own."""
    cert_file: Path | None = None
    key_file: Path | None = None
    """Certificate (with its chain) and key for TLS, both PEM; without them it speaks plain HTTP."""
    behind_proxy: bool = False
    """Whether a proxy on this machine speaks TLS for it, and says in ``X-Forwarded-For`` who asks."""
    page: PageSettings | None = None

    def __post_init__(self) -> None:
        try:
            self.is_local  # noqa: B018 - refuses what is no address
        except ValueError as error:
            raise ValueError(
                f"address {self.address!r} is no IP address; expected one such as 127.0.0.1"
            ) from error
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file go together; one of them is missing")
        if self.secret_file is None and (opened := self._opened):
            raise ValueError(
                f"{opened} opens it to the network: expected secret_file too; `ocr-edge init` makes one"
            )

    @property
    def is_local(self) -> bool:
        """Whether it listens to this machine alone."""
        return ipaddress.ip_address(self.address).is_loopback

    @property
    def _opened(self) -> str:
        """The setting that lets others than this machine in; empty when none does."""
        if not self.is_local:
            return f"address {self.address}"
        return "names" if self.names else "behind_proxy" if self.behind_proxy else ""


class Config(Table, frozen=True):
    """The whole file."""

    source: SourceSettings
    id: Slug | None = None
    """Name of the device in topics; missing: ``ocr-edge-`` and eight figures made from the machine's id."""
    name: str = ""
    """What people call the device; missing: its host name."""
    state_dir: Path | None = None
    """Where readings and bundles live; missing: systemd's ``StateDirectory``, else ``~/.local/state/ocr-edge``."""
    bundle: Path | None = None
    """Folder of a model bundle, or the name of one that ships; missing: the installed one, else the shipped default."""
    threads: Annotated[int, Meta(ge=1, le=64)] = 1
    picture: Picture = Picture()
    check: tuple[CheckDigit, ...] = ()
    region: tuple[Region, ...] = (Region(),)
    stabilize: Stabilize = Stabilize()
    stdout: Stdout = Stdout()
    files: Files | None = None
    store: StoreSettings = StoreSettings()
    mqtt: Mqtt | None = None
    webhook: Webhook | None = None
    http: Http | None = None
    harvest: Harvest | None = None

    def __post_init__(self) -> None:
        if not self.region:
            raise ValueError("region: an empty list; leave it out to read the whole picture")
        names = [region.name for region in self.region]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"region {name!r} is there twice; each needs a name of its own")
        waiting = {region.name: region.when.region for region in self.region if region.when}
        for name, other in waiting.items():
            if other not in names:
                raise ValueError(
                    f"region {name!r}: when: there is no region {other!r}; there are {', '.join(names)}"
                )
            if other == name:
                raise ValueError(f"region {name!r}: when: it waits for itself; name another region")
            if other in waiting:
                raise ValueError(
                    f"region {name!r}: when: region {other!r} has a 'when' too; name one that is always read"
                )
        checks = [check.name for check in self.check]
        for name in checks:
            if checks.count(name) > 1:
                raise ValueError(f"check {name!r} is there twice; each needs a name of its own")
        if self.picture.mark and self.picture.reference is None:
            raise ValueError("picture.mark needs picture.reference, the picture they are cut from")
