"""A bundle that is loaded: what the stages run on."""

from dataclasses import dataclass
from pathlib import Path

from ocr_edge.contract.manifest import Manifest
from ocr_edge.recognize.interpreter import Network, Sides, Widths


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """A loaded bundle.

    Attributes:
        path: Its folder.
        manifest: What it says about itself.
        networks: One for each stage that names glyphs, in order.
        lines: One, if it has a stage that reads strips.
        detectors: One, if it has a stage that finds lines.
    """

    path: Path
    manifest: Manifest
    networks: tuple[Network, ...]
    lines: tuple[Widths, ...] = ()
    detectors: tuple[Sides, ...] = ()

    @property
    def runtime(self) -> str:
        """Name of the package that runs it."""
        network = self.networks[0] if self.networks else self.lines[0].holding(1)[1]
        return network.runtime
