"""The whole file, and what its tables say of each other."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from ocr_edge.config.settings.http import Http
from ocr_edge.config.settings.outputs import Files, Harvest, Mqtt, Stdout, StoreSettings, Webhook
from ocr_edge.config.settings.picture import Picture
from ocr_edge.config.settings.region import CheckDigit, Region, Stabilize
from ocr_edge.config.settings.source import SourceSettings
from ocr_edge.config.settings.table import Slug, Table


class Config(Table, frozen=True):
    """The whole file."""

    source: SourceSettings
    id: Slug | None = None
    """Name of the device in topics; missing: ``ocr-edge-`` and eight figures made from the machine's id."""
    name: str = ""
    """What people call the device; missing: its host name."""
    state_dir: Path | None = None
    """Where readings and bundles live; missing: systemd's ``StateDirectory``, else ``~/.local/state/ocr-edge``."""
    bundle: Path | None = None
    """Folder of a model bundle, or the name of one that ships; missing: the installed one, else the shipped default."""
    threads: Annotated[int, Meta(ge=1, le=64)] = 1
    picture: Picture = Picture()
    check: tuple[CheckDigit, ...] = ()
    region: tuple[Region, ...] = (Region(),)
    stabilize: Stabilize = Stabilize()
    stdout: Stdout = Stdout()
    files: Files | None = None
    store: StoreSettings = StoreSettings()
    mqtt: Mqtt | None = None
    webhook: Webhook | None = None
    http: Http | None = None
    harvest: Harvest | None = None

    def __post_init__(self) -> None:
        if not self.region:
            raise ValueError("region: an empty list; leave it out to read the whole picture")
        names = [region.name for region in self.region]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"region {name!r} is there twice; each needs a name of its own")
        waiting = {region.name: region.when.region for region in self.region if region.when}
        for name, other in waiting.items():
            if other not in names:
                raise ValueError(
                    f"region {name!r}: when: there is no region {other!r}; there are {', '.join(names)}"
                )
            if other == name:
                raise ValueError(f"region {name!r}: when: it waits for itself; name another region")
            if other in waiting:
                raise ValueError(
                    f"region {name!r}: when: region {other!r} has a 'when' too; name one that is always read"
                )
        checks = [check.name for check in self.check]
        for name in checks:
            if checks.count(name) > 1:
                raise ValueError(f"check {name!r} is there twice; each needs a name of its own")
        if self.picture.mark and self.picture.reference is None:
            raise ValueError("picture.mark needs picture.reference, the picture they are cut from")
