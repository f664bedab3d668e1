"""What a region is read with: its pattern and its pipeline."""

from collections.abc import Mapping, Sequence
from functools import partial

from ocr_edge.bundles.load import Bundle
from ocr_edge.config.settings import CheckDigit, Region
from ocr_edge.contract.types import Polarity
from ocr_edge.decode.check_digits import Check, Weighted
from ocr_edge.decode.doubt import Meaning
from ocr_edge.decode.pattern import Pattern
from ocr_edge.errors import ConfigError
from ocr_edge.pipeline import Pipeline
from ocr_edge.reading import Measure
from ocr_edge.regions.number import unseen
from ocr_edge.regions.number_format import NumberFormat
from ocr_edge.regions.plausibility import number_of
from ocr_edge.rolling.reader import RollingReader
from ocr_edge.rows import RowsReader
from ocr_edge.segment import Segmenter
from ocr_edge.trace import OFF, Trace

FRAME_CONFIDENCE = 0.5
"""A single frame less sure than this is not fused; the region's own limit holds for the fused reading."""
READ_LIMIT_S = 3.0
"""Seconds that the lines of one region may take: the watchdog waits for the end of a reading."""


def pattern(region: Region, bundle: Bundle, checks: Mapping[str, Check] | None) -> Pattern | None:
    """What a region's lines must look like.

    Raises:
        ConfigError: Its pattern or check digit is wrong.
    """
    texts = bundle.manifest.texts
    try:
        if form := number_format(region):
            if missing := form.missing(texts):
                other = "" if bundle.lines else ", such as default"
                raise ConfigError(
                    f'value.format "{form.text}" needs {" and ".join(missing)}, which bundle {bundle.manifest.name} '
                    f"cannot read: write a format without, or choose a bundle that can{other}"
                )
            name = f'value.format "{form.text}"'
            return Pattern.parse(form.pattern(texts), texts, region.check, checks, strict=True, name=name)
        return Pattern.parse(region.pattern, texts, region.check, checks) if region.pattern else None
    except ConfigError as error:
        raise ConfigError(f"region {region.name}: {error}") from error


def number_format(region: Region) -> NumberFormat | None:
    """What a region's number looks like, where that is said.

    Raises:
        ConfigError: The format is wrong.
    """
    rules = region.value
    if rules is None or not rules.format:
        return None
    # No wheel shows a unit.
    return NumberFormat.parse(rules.format, rules.decimals, "" if rules.rolling else rules.unit)


def meaning(region: Region, pattern: Pattern | None) -> Meaning | None:
    """What the texts of a region stand for, where they are numbers."""
    rules = region.value
    if rules is None:
        return None

    def value(text: str) -> float | str:
        try:
            return number_of(text, rules).value
        except ValueError:
            # A point and a comma are one mark where no number is meant.
            return text.replace(",", ".")

    return Meaning(value, pattern.text, pattern.is_right) if pattern else Meaning(value)


def measure(region: Region) -> Measure:
    """What ``min_confidence`` is asked of: in a text with a pattern one wrong character makes another one of it.

    A check digit says more of a text than its weakest character does.
    """
    if region.value:
        return "whole"
    return "weakest" if region.pattern and not region.check else "characters"


def own_checks(settings: Sequence[CheckDigit]) -> dict[str, Check]:
    """The user's own check digits by name.

    Raises:
        ConfigError: One contradicts itself.
    """
    checks: dict[str, Check] = {}
    for check in settings:
        values = {name: getattr(check, name) for name in check.__struct_fields__ if name != "name"}
        try:
            checks[check.name] = Weighted(**values)
        except ConfigError as error:
            raise ConfigError(f"check {check.name}: {error}") from error
    return checks


def pipeline(
    region: Region,
    bundle: Bundle,
    pattern: Pattern | None,
    scale: float = 1.0,
    trace: Trace = OFF,
) -> Pipeline | RollingReader | RowsReader:
    """What reads a region, in frames that are larger than the settings' picture by a factor.

    A counter of wheels is not traced.

    Raises:
        ConfigError: Its settings do not fit together.
    """
    polarity = Polarity(region.polarity) if region.polarity else None
    if region.value and region.value.rolling:
        try:
            return RollingReader(bundle, pattern, upwards=region.value.rolling == "up", polarity=polarity)
        except ConfigError as error:
            raise ConfigError(f"region {region.name}: {error}") from error
    height = region.text_height * scale if region.text_height else None
    kind = partial(RowsReader, rows=region.rows) if region.rows else Pipeline
    return kind(
        bundle,
        pattern,
        min_confidence=min(FRAME_CONFIDENCE, region.min_confidence),
        min_margin=region.min_margin,
        segmenter=Segmenter(text_height=height, polarity=polarity),
        limit_s=READ_LIMIT_S,
        meaning=meaning(region, pattern),
        upright=region.corners is not None,
        trace=trace,
    )


def blind(region: Region, bundle: Bundle, pattern: Pattern | None) -> str:
    """What of a number would be overlooked in a region, one line; empty when nothing that can be there.

    Whoever gives ``min = 0`` knows that there is no minus, and whoever gives ``decimals`` that the mark is not read. A
    format says all of it.
    """
    rules = region.value
    if rules is None or rules.format or rules.rolling:  # no wheel has a minus or a point
        return ""
    texts = bundle.manifest.texts
    sign, mark = unseen(sayable(texts, pattern))
    sign, mark = sign and not (rules.min is not None and rules.min >= 0), mark and not rules.decimals
    if not (sign or mark):
        return ""
    what = " or ".join(["a minus sign"] * sign + ["a decimal point"] * mark)
    bundles_fault = any(a and b for a, b in zip((sign, mark), unseen(texts), strict=True))
    who = f"bundle {bundle.manifest.name}" if bundles_fault else "this pattern"
    shown = f"{'-' * sign}3{'.' * mark}4"
    return f"{who} cannot see {what}: {shown} would be read as 34; see Values in docs/regions.md"


def sayable(texts: Sequence[str], pattern: Pattern | None) -> set[str]:
    """Which texts can stand in a reading."""
    if pattern is None:
        return set(texts)
    return {text for text, used in zip(pattern.labels, pattern.uses, strict=True) if used}
