"""What was measured, as one object for programs and as tables for people."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ocr_edge.bench.measure import PASSES, Cell, best_threads
from ocr_edge.bench.start import Start

RESTLESS = 1.25
"""Times the median that the 90th percentile of the frames may be."""


def results(cells: Sequence[Cell], starts: Mapping[str, Start]) -> list[dict[str, Any]]:
    """One object for each bundle, in the order of the cells.

    Args:
        cells: Everything that was measured.
        starts: What each bundle costs a fresh process, by its name.
    """
    return [_bundle([cell for cell in cells if cell.name == name], start) for name, start in starts.items()]


def _bundle(cells: Sequence[Cell], start: Start) -> dict[str, Any]:
    first = cells[0]
    manifest, path = first.bundle.manifest, first.bundle.path
    return {
        "name": first.name,
        "path": str(path),
        "bytes": sum((path / stage.file).stat().st_size for stage in manifest.stages),
        "parameters": sum(stage.parameters for stage in manifest.stages),
        "macs": sum(stage.macs for stage in manifest.characters or manifest.lines),
        **start,
        "stages": [
            {
                "architecture": stage.architecture,
                "quantization": stage.quantization,
                "macs": stage.macs,
                "share": timed.runs / (len(first.network_ms) * len(first.test.labels)),
                "ms": 1000 * timed.seconds / timed.runs if timed.runs else None,
            }
            for stage, timed in zip(manifest.characters, first.stages, strict=True)
        ],
        "threads": [
            {
                "threads": cell.threads,
                "frames": len(cell.frame_ms),
                "passes": len(cell.network_ms),
                "glyphs": len(cell.test.labels),
                "prepare_ms": _spread(cell.prepare_ms),
                "network_ms": _spread(cell.network_ms),
                "line_ms": _spread(cell.line_ms),
                "frame_ms": _spread(cell.frame_ms),
                "frames_per_s": 1000 / float(np.median(cell.frame_ms)),
                "characters": cell.characters,
            }
            for cell in cells
        ],
        "best_threads": best_threads(cells),
    }


def _spread(values: Sequence[float]) -> dict[str, float] | None:
    """None where the bundle has no stage for it."""
    if not values:
        return None
    return {"median": float(np.median(values)), "p90": float(np.percentile(values, 90))}


def restless(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line when the times of frames differ so much that they mean little.

    Args:
        found: The objects of ``results``.
    """
    worst = max(
        cell["frame_ms"]["p90"] / cell["frame_ms"]["median"] for bundle in found for cell in bundle["threads"]
    )
    if worst <= RESTLESS:
        return []
    return [f"the slowest frames took {worst:.1f} times the median: measure again when the machine is quiet"]


def text(measured: Mapping[str, Any]) -> str:
    """The tables.

    Args:
        measured: The whole object, as for ``--json``.
    """
    about, shot = measured["machine"], measured["picture"]
    versions = f"ocr-edge {about['ocr_edge']}, NumPy {about['numpy']}, OpenCV {about['opencv']}"
    head = [
        f"{about['board']}, {about['machine']}, {about['cores']} cores, Python {about['python']}",
        f"{about['runtime']}, {versions}",
        f"picture: {shot['name']}, {shot['width']}x{shot['height']}",
    ]
    if any(measured["temperature"].values()):
        head.append("processor: {before} before, {after} after".format(**measured["temperature"]))
    found = measured["bundles"]
    tables = [_times(found), _sizes(found)]
    if any(len(bundle["stages"]) > 1 for bundle in found):
        tables.append(_stages(found))
    notes = [f"note: {line}" for line in measured["notes"]]
    return "\n\n".join(["\n".join(head), *tables, "\n".join([*notes, *_advice(found)])])


def _times(found: Sequence[Mapping[str, Any]]) -> str:
    timed = [
        key
        for key in ("prepare_ms", "network_ms", "line_ms")
        if any(c[key] for b in found for c in b["threads"])
    ]
    rows = [
        [
            f"{bundle['name']}{' *' if cell['threads'] == bundle['best_threads'] else ''}",
            str(cell["threads"]),
            *(_pair(cell[key], 3) for key in timed),
            _pair(cell["frame_ms"], 1),
            f"{cell['frames_per_s']:.1f}",
            str(cell["characters"]),
            str(cell["frames"]),
        ]
        for bundle in found
        for cell in bundle["threads"]
    ]
    names = [key.replace("_", " ") for key in timed]
    columns = ["bundle", "threads", *names, "frame ms", "frames/s", "read", "frames"]
    return f"""{_table(columns, rows)}
ms: median / 90th percentile. prepare: one crop of the picture to the network's input; network: one character; both are
means of {PASSES} passes a frame, network over the bundle's test glyphs. line: one of its test strips, read. frame: the
picture, from pixels to text. read: characters said of it. frames: how often it was read. *: the number of threads
to take."""


def _sizes(found: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [
            bundle["name"],
            f"{bundle['bytes'] / 1000:.0f}",
            f"{bundle['parameters']:,}",
            f"{bundle['macs'] / 1e6:.1f}",
            *(
                "?" if bundle[key] is None else f"{bundle[key]:.0f}"
                for key in ("load_ms", "first_frame_ms", "peak_mib")
            ),
        ]
        for bundle in found
    ]
    columns = ["bundle", "kB", "parameters", "million MACs", "load ms", "first frame ms", "peak MiB"]
    return f"""{_table(columns, rows)}
MACs: multiply-adds for one character in all stages, or for a strip where there is none. load (with the interpreter's
import), first frame, peak: of a fresh process on one thread, once."""


def _stages(found: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [
            bundle["name"],
            str(number),
            stage["architecture"],
            f"{stage['macs'] / 1e6:.1f}",
            "-" if stage["ms"] is None else f"{stage['ms']:.3f}",
            f"{100 * stage['share']:.0f} %",
        ]
        for bundle in found
        for number, stage in enumerate(bundle["stages"], 1)
    ]
    columns = ["bundle", "stage", "architecture", "million MACs", "ms a run", "share"]
    return f"""{_table(columns, rows)}
ms a run: mean, on the fewest threads. share: of the bundle's own test glyphs that come to this stage; a camera's
characters may be harder."""


def _advice(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Which number of threads to configure."""
    lines = []
    for bundle in found:
        tried = ", ".join(str(cell["threads"]) for cell in bundle["threads"])
        lines.append(
            f"{bundle['name']}: write  threads = {bundle['best_threads']}  at the top of the configuration"
            f" (tried {tried}; the fewest within 5 % of the fastest)"
        )
    return lines


def _pair(spread: Mapping[str, float] | None, digits: int) -> str:
    if spread is None:
        return "-"
    return f"{spread['median']:.{digits}f} / {spread['p90']:.{digits}f}"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns of text, the first to the left and the others to the right."""
    widths = [max(len(line[i]) for line in [columns, *rows]) for i in range(len(columns))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in [columns, *rows]
    )
