"""What there is to choose from: the installed bundles and those that ship, as plain values."""

from typing import Any

from ocr_edge.bundles import builtin, untrusted
from ocr_edge.bundles.installed import Installed
from ocr_edge.contract import manifest as manifests
from ocr_edge.contract.files import MANIFEST_NAME, MAX_MANIFEST
from ocr_edge.contract.manifest import Manifest

SHIPPED = "shipped"
"""What the default bundle is called in the list, as it came with the program."""


def rows(installed: Installed) -> list[dict[str, Any]]:
    """The installed bundles, the newest first, then those that ship.

    Each has ``name``, ``created``, ``installed`` (epoch seconds; None for one that ships), ``labels``, ``size`` in
    bytes, ``correct`` (share of ``n`` held-out glyphs, where that is known), ``active``, ``previous`` and ``bad``.

    Raises:
        ConfigError: This user may not look.
    """
    found = [
        _row(entry.path.name, entry.manifest, entry.size)
        | {"active": entry.active, "previous": entry.previous, "bad": entry.bad, "installed": entry.installed}
        for entry in installed.entries()
    ]
    active, previous = installed.active(), installed.previous()
    for name in builtin.shipped_names():
        folder = builtin.shipped(name)
        manifest = manifests.decode(untrusted.content(folder / MANIFEST_NAME, MAX_MANIFEST))
        size = sum(file.stat().st_size for file in folder.iterdir())
        default = name == builtin.SHIPPED
        found.append(
            _row(SHIPPED if default else name, manifest, size)
            | {
                "active": default and active is None,
                "previous": default and bool(active and not previous),
            }
        )
    return found


def _row(name: str, manifest: Manifest | None, size: int) -> dict[str, Any]:
    conversion = manifest.metrics.get("conversion") if manifest else None
    measured = conversion if isinstance(conversion, dict) else {}
    correct = measured.get("converted_top1")
    return {
        "name": name,
        "created": manifest.created if manifest else "",
        "installed": None,
        "labels": len(manifest.texts) if manifest else None,
        "size": size,
        "correct": correct if isinstance(correct, float | int) else None,
        "n": measured.get("n"),
        "active": False,
        "previous": False,
        "bad": "",
    }
