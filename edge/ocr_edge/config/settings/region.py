"""What is read, and when it is said: ``[[region]]``, ``[[check]]`` and ``[stabilize]``."""

from typing import Annotated, Literal

from msgspec import Meta

from ocr_edge.config.schedule import span
from ocr_edge.config.settings.table import Count, NotNegative, Pixels, Positive, Share, Slug, Table

Point = tuple[float, float]
Corners = Annotated[
    tuple[Point, Point, Point, Point],
    Meta(description="four corners, each [X, Y]", examples=[[[0, 0], [90, 0], [90, 40], [0, 40]]]),
]
Weight = Annotated[int, Meta(ge=-1_000_000, le=1_000_000)]
"""Of a check digit's sum; published ones have at most three digits."""


class Value(Table, frozen=True):
    """``[region.value]``: the region shows a number, and what numbers are believed."""

    format: str | None = None
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
        if self.format is not None and not self.format.strip():
            raise ValueError(
                f"format {self.format!r} is empty: expected what the number looks like, such as '-##0.0', or no format"
            )
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
    corners: Corners | None = None
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
    """What is less sure is not said: of a ``value`` the probability that all of it is right, of a text with a
    ``pattern`` and no ``check`` that of its weakest character, of any other text the mean of its characters'."""
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
        form = self.value.format if self.value else None
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
