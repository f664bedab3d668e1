"""Suggested regions as a configuration to begin with."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

from ocr_edge.config.settings import Region, Value
from ocr_edge.trial.numbers import written
from ocr_edge.trial.once import region
from ocr_edge.trial.suggest import Suggestion
from ocr_edge.trial.words import number, shown

HEAD = """\
# Regions suggested for {path}, the likeliest first. Keep what you need, and try it:
# ocr-edge check --config THIS_FILE --picture {path} --draw seen.png
"""
SOURCE = """
[source]
url = {url}   # to try it; then a camera such as "picamera2:0" or "v4l2:/dev/video0"
"""
WHEELS = re.compile("[0-9]{3,9}")
"""What a mechanical counter shows: fewer digits are hardly one, and the largest have nine wheels."""
ROLLING = (
    '# rolling = "up"   # in [region.value] of a mechanical counter, a 0 in format for each wheel: '
    "docs/regions.md#rolling-counters"
)
MQTT = """
[mqtt]
host = {host}
"""


def configuration(
    suggestions: Iterable[tuple[int, Suggestion]], path: Path, size: tuple[int, int], host: str = ""
) -> str:
    """A configuration that reads suggested regions of a picture file.

    Args:
        suggestions: With their numbers.
        path: The picture.
        size: Its ``(height, width)``.
        host: Of an MQTT broker; empty for none.
    """
    place = str(path.absolute())
    parts = [HEAD.format(path=shown(place)), SOURCE.format(url=_quoted(f"file:{place}"))]
    if host:
        parts.append(MQTT.format(host=_quoted(host)))
    parts.append(f"\n[picture]\nsize = [{size[1]}, {size[0]}]\n")
    return "".join([*parts, *(f"\n{_region(number, each)}" for number, each in suggestions)])


def _region(place: int, suggestion: Suggestion) -> str:
    wanted, reading = suggestion.region, suggestion.reading
    if reading.lines:
        means = f", the number {number(reading)}" if reading.value is not None else ""
        said = f'reads "{shown(reading.text)}"{means}, confidence {reading.confidence:.2f}'
    else:
        said = f"text that cannot be read yet ({reading.why})"
    text = "" if wanted.value else "   # publishes text, and no number"
    lines = [f"# {place}: {said}", *_blind(suggestion), "[[region]]", f'name = "{wanted.name}"{text}']
    lines.append(f"corners = {[[round(x), round(y)] for x, y in wanted.corners or ()]}")
    if wanted.text_height:
        lines.append(f"text_height = {wanted.text_height}")
    if wanted.pattern:
        lines.append(f"pattern = '{wanted.pattern}'   # how many digits can it show?")
    lines += [*_value(wanted, wanted.value), *_doubted(suggestion)]
    if WHEELS.fullmatch(reading.text.replace(" ", "")):
        lines.append(ROLLING)
    return "\n".join(lines) + "\n"


def _doubted(suggestion: Suggestion) -> list[str]:
    """Why a region that seems to show a number publishes text alone, and what to add."""
    number = written(suggestion.reading.text)
    if not suggestion.doubt or number is None:
        return []
    why = f"# As a number it is not sure enough: {shown(suggestion.doubt)}. Take a better picture, or add"
    value = _value(suggestion.region, region(value=number.value).value)
    return [why, *(f"# {line}" for line in value if not line.startswith("#"))]


def _blind(suggestion: Suggestion) -> list[str]:
    """What of a number is overlooked in a region, and the way out."""
    if not suggestion.blind:
        return []
    return [f"# {suggestion.blind}.", "# Where one can be, write a format with it, not a pattern: -##0.0"]


def _value(region: Region, value: Value | None) -> list[str]:
    if value is None:
        return []
    lines = ["[region.value]"]
    lines += [f'format = "{value.format}"   # how many digits can it show?'] if value.format else []
    lines += [f"unit = {_quoted(value.unit)}"] if value.unit else []
    lines += [f"decimals = {value.decimals}"] if value.decimals else []
    lines += [f"min = {value.min}"] if value.min is not None else []
    if not (value.decimals or "." in region.pattern or "," in region.pattern):
        lines.append("# decimals = 3   # digits after a point that the display does not show")
    return lines


def _quoted(text: str) -> str:
    """A basic string of TOML: JSON's, but for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
