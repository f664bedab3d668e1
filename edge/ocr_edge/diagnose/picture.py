"""A picture: what each region of a configuration would say of it."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ocr_edge.diagnose.finding import Finding, error, ok, warning
from ocr_edge.diagnose.probe import Probe
from ocr_edge.errors import ConfigError, OcrEdgeError

if TYPE_CHECKING:  # what comes from packages is imported by the check that needs it: it may be what is broken
    from ocr_edge.bundles.load import Bundle
    from ocr_edge.config import Config
    from ocr_edge.contract.types import Image
    from ocr_edge.trial.looking import Looked


def trial(path: Path, drawn: Path | None = None) -> Callable[[Probe], Iterator[Finding]]:
    """The check that tries the regions on a picture; each region has its line, or a missing one would look right.

    Args:
        path: The picture, as the camera gives it. One of the configured source itself is turned as ``source.rotate``
            says; any other, such as the reference picture, is as it shall be.
        drawn: Where regions and marks are drawn on it; None for nowhere.
    """

    def picture(probe: Probe) -> Iterator[Finding]:
        if probe.config is None:
            return  # another check says why
        if probe.bundle is None:
            yield from _untried(probe.config, "the bundle cannot be used", 1)  # its own check has the code
            return
        try:
            looked, image = _looked(path, probe.config, probe.bundle)
        except ConfigError as fault:
            yield from _untried(probe.config, str(fault), fault.exit_code)
            return
        except Exception as fault:  # it is said once, after the regions
            code = fault.exit_code if isinstance(fault, OcrEdgeError) else 1
            yield from _untried(probe.config, 'see "picture"', code)
            raise
        yield from _told(looked)
        if drawn is not None:
            from ocr_edge.trial import drawing  # noqa: PLC0415 - see above

            drawing.save(drawing.drawn(image, looked), drawn)
            yield ok("drawing", str(drawn))

    return picture


def _looked(path: Path, config: "Config", bundle: "Bundle") -> "tuple[Looked, Image]":
    """What the regions would say of a picture file, and the picture as they see it."""
    from ocr_edge.sources import pictures  # noqa: PLC0415 - see above
    from ocr_edge.sources.base import Frame  # noqa: PLC0415
    from ocr_edge.trial import looking  # noqa: PLC0415

    frame = Frame(pictures.load(path), path.stat().st_mtime, time.monotonic(), str(path))
    if _is_of_source(path, config.source.url):
        frame = frame.turned(config.source.rotate)
    return looking.look(config, bundle, frame), frame.image


def _told(looked: "Looked") -> Iterator[Finding]:
    """A line for each region, and one for the marks."""
    from ocr_edge.trial import words  # noqa: PLC0415 - see above

    if looked.problem:
        yield error("picture", looked.problem, "look with --draw; see Marks in docs/regions.md")
    elif looked.marks:
        yield ok("marks", f"{len(looked.marks)} found")
    for each in looked.trials:
        name = f"region {each.region.name}"
        if not each.reading.why:
            yield ok(name, words.found(each))
        elif looked.problem:
            yield warning(name, 'was not tried: see "picture"', code=1)
        else:
            advice = f"{words.advice(each)}{'; look with --draw' if words.is_drawn(each) else ''}"
            yield warning(name, words.found(each), advice, code=1)


def _untried(config: "Config", why: str, code: int) -> Iterator[Finding]:
    """A line for each region that could not be tried."""
    for region in config.region:
        yield warning(f"region {region.name}", f"was not tried: {why}", code=code)


def _is_of_source(path: Path, url: str) -> bool:
    """Whether a picture is the configured source's file, or lies in its folder."""
    from ocr_edge.config import urls  # noqa: PLC0415 - see above

    kind, where = urls.split(url)
    place = path if kind == "file" else path.parent
    return kind in {"file", "dir"} and Path(where).exists() and place.samefile(where)
