"""The regions: whether they fit the bundle, the picture that is there, and who takes their numbers."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ocr_edge.diagnose.finding import Finding, ok, warning
from ocr_edge.diagnose.probe import Probe
from ocr_edge.errors import CaptureError

if TYPE_CHECKING:  # what comes from packages is imported by the check that needs it: it may be what is broken
    from ocr_edge.bundles.load import Bundle
    from ocr_edge.config.settings import Config, Region
    from ocr_edge.decode.pattern import Pattern


def regions(probe: Probe) -> Iterator[Finding]:
    """Whether regions, patterns, schedules, marks and the reference picture fit together, and that bundle."""
    if probe.config is None or probe.bundle is None:
        return
    from ocr_edge.daemon.scene import Scene  # noqa: PLC0415 - see above
    from ocr_edge.sinks.mqtt.homeassistant import problems  # noqa: PLC0415
    from ocr_edge.system.counters import Counters  # noqa: PLC0415

    scene = Scene(probe.config, probe.bundle, Counters())
    notes = [note for region in probe.config.region for note in problems(region)]
    notes += _numbers(probe.config, probe.bundle)
    advice = ["correct [region.value], or the pattern"] if notes else []
    if outside := list(_outside(probe.config)):
        advice.append("correct corners: ocr-edge check --picture P --draw OUT.png shows them")
    if notes or outside:
        yield warning("regions", "; ".join([*notes, *outside]), "; ".join(advice))
    else:
        yield ok("regions", ", ".join(reader.region.name for reader in scene.readers))


def _numbers(config: "Config", bundle: "Bundle") -> Iterator[str]:
    """What in a pattern or format keeps a region from ever showing the number that it should."""
    from ocr_edge.daemon import region_setup  # noqa: PLC0415 - see above

    checks = region_setup.own_checks(config.check)
    for region in config.region:
        pattern = region_setup.pattern(region, bundle, checks)
        if region.value is None or pattern is None:
            continue
        form = region_setup.number_format(region)
        digits = form.digits if form else _most_digits(pattern, _of_numbers(region))
        if digits == 0:
            yield f"region {region.name!r}: no text that {pattern.told} allows is a number"
        elif digits is not None and region.value.decimals > digits:
            found = f"decimals {region.value.decimals}, but {pattern.told} has {digits} digits at most"
            yield f"region {region.name!r}: {found}"


def _of_numbers(region: "Region") -> set[str]:
    """The characters that a region's number and its unit can be written with."""
    from ocr_edge.regions import number  # noqa: PLC0415 - see above

    units = [region.value.unit] if region.value and region.value.unit else number.KNOWN_UNITS
    return set("0123456789 " + number.MINUS + number.PLUS + number.MARKS + "".join(units) + "23")


def _most_digits(pattern: "Pattern", characters: set[str]) -> int | None:
    """Most digits in a legal text of some characters; 0 where there is none with any, None where there is no limit."""
    automaton = pattern.automaton
    if automaton.longest is None:
        usable = any(
            label.isdigit() and used for label, used in zip(pattern.labels, pattern.uses, strict=True)
        )
        return None if usable else 0
    steps = [
        (i, label.isdigit()) for i, label in enumerate(pattern.labels) if label and set(label) <= characters
    ]

    @cache
    def most(state: int) -> int:
        """Most digits from a state to the end of a text; negative where no such text ends."""
        found = 0 if automaton.accepting[state] else -1
        for column, digit in steps:
            after = int(automaton.next[state, column])
            if after >= 0 and (rest := most(after)) >= 0:
                found = max(found, rest + digit)
        return found

    return max(most(automaton.start), 0)


def _outside(config: "Config") -> Iterator[str]:
    """Regions that lie outside of a ``file:`` source's picture; those of a reference are refused by the scene."""
    from ocr_edge.config import urls  # noqa: PLC0415 - see above
    from ocr_edge.geometry import rectify, transform  # noqa: PLC0415
    from ocr_edge.sources import pictures  # noqa: PLC0415

    kind, where = urls.split(config.source.url)
    if kind != "file":
        return
    try:
        high, wide = pictures.load(Path(where)).shape[:2]
    except CaptureError:  # it comes later, or the check of the source says so
        return
    if config.source.rotate in {90, 270}:
        high, wide = wide, high
    if config.picture.size is not None:
        try:
            transform.scaling((high, wide), config.picture.size[::-1])
        except CaptureError as error:
            yield str(error)
        return
    for region in config.region if config.picture.reference is None else ():
        if region.corners and (why := rectify.problem(region.corners, (high, wide))):
            yield f"region {region.name!r}: {why}"
