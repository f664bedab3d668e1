"""What a manifest says of one network, and what it may say."""

from typing import Literal

import msgspec

from ocr_edge.contract.files import check_name

ALL_GO_ON = 2.0
"""A threshold that no probability reaches: every character goes on to the next stage."""
TEMPERATURES = (0.05, 20.0)
"""Least and greatest temperature: beyond them a fit has failed, and every confidence would be one or the same."""
SLOPES, OFFSETS = (0.05, 20.0), (-20.0, 20.0)
"""Least and greatest of a line's calibration, for the same reason; a fit stays within (0.05, 3) and (-6, 6)."""
MAX_LABELS = 2048
"""Most labels of a stage; a table of them by them is kept, which has 32 MB at this size."""
WIDTH_STEP = 4
"""Columns of a strip for each time step; ``contract.preprocess.STEP``, which needs NumPy and is not imported here."""
MAX_WIDTH = 4096
"""Most columns of a strip: 128 times its height. Memory grows with it."""
SIDE_STEP = 32
"""Pixels that the sides of what a detector looks at are a multiple of: ``STRIDE`` of ``ocr_edge.detect.quads``."""
MAX_SIDE = 2048
"""Most pixels of such a side: the detector works in memory that grows with the area, 30 MB at 1280."""
Shape = tuple[int, int, int]


class Stage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One network of a bundle.

    Attributes:
        kind: ``character`` names glyphs, ``line`` reads strips, ``detect`` finds the lines of a picture.
        file: Name of the ``.tflite`` file in the bundle's folder.
        sha256: Its hash, hexadecimal.
        architecture: Name of the network's builder.
        parameters: Count of trained numbers.
        macs: Multiply-adds for one character, for a strip of 32x128, or for a picture of 640x480.
        quantization: ``int8`` (inputs and output are int8) or ``float32``.
        labels: Class texts in the order of the output; none for a detector.
        inputs: Shape ``[height, width, channels]`` of each input by its signature name; the width of a line stage is 0:
            any of ``widths``; both are 0 for a detector: any of ``sides``.
        widths: Accepted widths of a line stage in pixels, ascending, multiples of ``WIDTH_STEP``; none for characters.
        sides: Accepted heights and widths of what a detector looks at, in pixels, ascending, multiples of
            ``SIDE_STEP``.
        blank: Index of the output that means "nothing here": the last one of a line stage, after all labels.
        reject: Index of the label that means "not a character", if there is one.
        temperature: Divides the logits before the softmax; fitted on validation data.
        twin_temperature: The same among confusables, characters only; None: ``temperature`` does for them too. See
            ``contract.calibrate``.
        escalate_below: What is less confident than this goes on to the next stage; None in the last stage.
        line_calibration: ``[slope, offset]`` of a line's confidence, ``sigmoid(slope * logit(p) + offset)`` for the
            decoder's probability ``p`` of the text; None: ``p`` itself.
    """

    kind: Literal["character", "line", "detect"]
    file: str
    sha256: str
    architecture: str
    parameters: int
    macs: int
    quantization: Literal["int8", "float32"]
    inputs: dict[str, Shape]
    labels: tuple[str, ...] = ()
    widths: tuple[int, ...] = ()
    sides: tuple[int, ...] = ()
    blank: int | None = None
    reject: int | None = None
    temperature: float = 1.0
    twin_temperature: float | None = None
    escalate_below: float | None = None
    line_calibration: tuple[float, float] | None = None

    @property
    def texts(self) -> tuple[str, ...]:
        """The labels that may be said: those without ``reject`` and ``blank``."""
        silent = (self.reject, self.blank)
        return tuple(label for index, label in enumerate(self.labels) if index not in silent)

    @property
    def outputs(self) -> int:
        """Numbers that the network gives for a character, a time step or a cell."""
        return len(self.labels) + (self.kind != "character")

    def __post_init__(self) -> None:
        check_name(self.file)
        if self.kind == "detect":
            self._check_detector()
            return
        if self.sides:
            raise ValueError(f"{self.file}: sides belong to stages of kind detect")
        if not 2 <= len(self.labels) <= MAX_LABELS or len(set(self.labels)) != len(self.labels):
            raise ValueError(f"{self.file}: labels: expected 2 to {MAX_LABELS}, all different")
        if not all(self.labels):
            raise ValueError(f"{self.file}: labels: one is empty")
        if set(self.inputs) != {"rgb", "binary"}:
            found = ", ".join(self.inputs) or "none"
            raise ValueError(f"{self.file}: inputs: expected rgb and binary, found {found}")
        for value in (self.temperature, self.twin_temperature):
            if value is not None and not TEMPERATURES[0] <= value <= TEMPERATURES[1]:
                least, most = TEMPERATURES
                raise ValueError(f"{self.file}: temperature {value:g} must be between {least:g} and {most:g}")
        if self.escalate_below is not None and not 0 <= self.escalate_below <= ALL_GO_ON:
            raise ValueError(
                f"{self.file}: escalate_below {self.escalate_below:g} must be between 0 and 1, or {ALL_GO_ON:g} for all"
            )
        if self.kind == "line":
            self._check_line()
        else:
            self._check_character()

    def _check_detector(self) -> None:
        if self.inputs != {"rgb": (0, 0, 3)}:
            raise ValueError(f"{self.file}: inputs: expected rgb of [0, 0, 3], found {self.inputs}")
        own = (self.labels, self.widths, self.blank, self.reject, self.escalate_below, self.line_calibration)
        if any(value not in (None, ()) for value in (*own, self.twin_temperature)):
            raise ValueError(
                f"{self.file}: a stage of kind detect has no labels, and nothing that belongs to them"
            )
        self._check_steps("sides", self.sides, SIDE_STEP, MAX_SIDE)

    def _check_character(self) -> None:
        for silent in (self.reject, self.blank):
            if silent is not None and not 0 <= silent < len(self.labels):
                raise ValueError(
                    f"{self.file}: reject and blank: {silent} is no index of the {len(self.labels)} labels"
                )
        if any(size < 1 for shape in self.inputs.values() for size in shape):
            raise ValueError(f"{self.file}: inputs: every side must be at least 1")
        if self.widths or self.line_calibration:
            raise ValueError(f"{self.file}: widths and line_calibration belong to stages of kind line")

    def _check_line(self) -> None:
        if self.blank != len(self.labels):
            raise ValueError(
                f"{self.file}: blank {self.blank}: expected {len(self.labels)}, the last output of a line stage"
            )
        if self.reject is not None or self.twin_temperature is not None:
            raise ValueError(f"{self.file}: reject and twin_temperature belong to stages of kind character")
        if any(shape[1] != 0 for shape in self.inputs.values()):
            raise ValueError(f"{self.file}: inputs: the width of a line stage is 0, any of its widths")
        self._check_steps("widths", self.widths, WIDTH_STEP, MAX_WIDTH)
        if self.line_calibration is not None:
            slope, offset = self.line_calibration
            if not (SLOPES[0] <= slope <= SLOPES[1] and OFFSETS[0] <= offset <= OFFSETS[1]):
                raise ValueError(
                    f"{self.file}: line_calibration: expected a slope of {SLOPES[0]:g} to {SLOPES[1]:g} and an offset"
                    f" of {OFFSETS[0]:g} to {OFFSETS[1]:g}, found {slope:g}, {offset:g}"
                )

    def _check_steps(self, what: str, found: tuple[int, ...], step: int, most: int) -> None:
        is_good = all(n % step == 0 and 1 <= n <= most for n in found)
        if not found or not is_good or list(found) != sorted(set(found)):
            shown = ", ".join(map(str, found[:8])) or "none"
            raise ValueError(
                f"{self.file}: {what}: expected ascending multiples of {step} up to {most}, found {shown}"
            )
