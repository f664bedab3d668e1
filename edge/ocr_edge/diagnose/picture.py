"""A picture: what each region of a configuration would say of it."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ocr_edge.diagnose.finding import Finding, error, ok, warning
from ocr_edge.diagnose.probe import Probe
from ocr_edge.errors import ConfigError


def trial(path: Path, drawn: Path | None = None) -> Callable[[Probe], Iterator[Finding]]:
    """The check that tries the regions on a picture.

    Args:
        path: The picture, as the camera gives it. One of the configured source itself is turned as ``source.rotate``
            says; any other, such as the reference picture, is as it shall be.
        drawn: Where regions and marks are drawn on it; None for nowhere.
    """

    def picture(probe: Probe) -> Iterator[Finding]:
        if probe.config is None or probe.bundle is None:
            return  # other checks say why
        from ocr_edge.sources import pictures  # noqa: PLC0415 - packages may be what is broken here
        from ocr_edge.sources.base import Frame  # noqa: PLC0415
        from ocr_edge.trial import drawing, looking, words  # noqa: PLC0415

        frame = Frame(pictures.load(path), path.stat().st_mtime, time.monotonic(), str(path))
        if _is_of_source(path, probe.config.source.url):
            frame = frame.turned(probe.config.source.rotate)
        try:
            looked = looking.look(probe.config, probe.bundle, frame)
        except ConfigError:
            return  # the check of the regions says why
        if looked.problem:
            yield error("picture", looked.problem, "look with --draw; see Marks in docs/regions.md")
        elif looked.marks:
            yield ok("marks", f"{len(looked.marks)} found")
        for each in looked.trials:
            name = f"region {each.region.name}"
            if not each.reading.why:
                yield ok(name, words.found(each))
            elif not looked.problem:
                drawing_helps = each.reading.why in words.IN_DRAWING
                advice = f"{words.advice(each)}{'; look with --draw' if drawing_helps else ''}"
                yield warning(name, words.found(each), advice, code=1)
        if drawn is not None:
            drawing.save(drawing.drawn(frame.image, looked), drawn)
            yield ok("drawing", str(drawn))

    return picture


def _is_of_source(path: Path, url: str) -> bool:
    """Whether a picture is the configured source's file, or lies in its folder."""
    from ocr_edge.config import urls  # noqa: PLC0415 - see above

    kind, where = urls.split(url)
    place = path if kind == "file" else path.parent
    return kind in {"file", "dir"} and Path(where).exists() and place.samefile(where)
