"""Whether a region counts in a frame: ``when`` another one says something in the same frame."""

from contextlib import suppress

from ocr_edge.bundles.load import Bundle
from ocr_edge.config.settings import Region, When
from ocr_edge.decode.pattern import Pattern
from ocr_edge.errors import ConfigError
from ocr_edge.reading import Reading

WAITS_S = 120.0
"""Seconds without its page after which a region's waiting is a problem: the pages of most displays come round within
one minute, and a state that changes with every page would say nothing."""


class Condition:
    """What a region waits for.

    Args:
        when: The setting.
        bundle: Who reads.

    Attributes:
        region: Name of the other region.
        why: What a region says that waits, for people.

    Raises:
        ConfigError: ``matches`` is wrong, or nobody can read it.
    """

    def __init__(self, when: When, bundle: Bundle) -> None:
        self.region, self.why = when.region, f"waits for {when.region} to match {when.matches}"
        self._patterns = _of_stages(Pattern.parse(when.matches, bundle.manifest.texts), bundle)
        self._met_at: float | None = None

    def holds(self, shown: Reading | None) -> bool:
        """Whether a line of what the other region shows in a frame matches."""
        lines = shown.lines if shown else ()
        return any(pattern.matches(line.text) for line in lines for pattern in self._patterns)

    def met(self, at: float) -> None:
        """Note that it holds at a time, in seconds on a clock that never jumps."""
        self._met_at = at

    def problem(self, at: float) -> str:
        """What is wrong while it does not hold; empty as long as the display may be showing other pages."""
        return self.why if self._met_at is None or at - self._met_at > WAITS_S else ""


def condition(region: Region, bundle: Bundle) -> Condition | None:
    """What a region waits for; None where it always counts.

    Raises:
        ConfigError: Its ``when`` is wrong.
    """
    if region.when is None:
        return None
    try:
        return Condition(region.when, bundle)
    except ConfigError as error:
        raise ConfigError(f"region {region.name}: when: {error}") from error


def _of_stages(pattern: Pattern, bundle: Bundle) -> list[Pattern]:
    """A pattern over the labels of each stage that may read the other region: what a space means depends on them."""
    found = []
    for stage in (*bundle.manifest.lines, *bundle.manifest.characters[:1]):
        with suppress(ConfigError):
            found.append(pattern.over(stage.texts))
    return found
