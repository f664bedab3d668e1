"""The HTTP server: ``[http]`` and ``[http.page]``."""

import ipaddress
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from ocr_edge.config.settings.table import Port, Table


class PageSettings(Table, frozen=True):
    """``[http.page]``: the page on which people see what is read."""

    frames_per_s: Annotated[float, Meta(gt=0, le=30)] = 5.0
    """Most pictures a second that are made for all who look; none while nobody does."""
    longest: Annotated[int, Meta(ge=160, le=3840)] = 960
    """Longest side of a picture on the page, in pixels; boxes and texts are drawn by the browser, as sharp as ever."""


class Http(Table, frozen=True):
    """``[http]``: ``/metrics``, ``/healthz``, ``POST /trigger`` and, with ``[http.page]``, the page."""

    port: Port = 9464
    address: str = "127.0.0.1"
    """Where it listens: ``127.0.0.1`` or ``::1`` for this machine alone, ``0.0.0.0`` or ``::`` for the network."""
    secret_file: Path | None = None
    """Hashes of what opens it, made by ``ocr-edge init``. Without one, nothing is authenticated."""
    names: tuple[
        Annotated[
            str,
            Meta(pattern=r"^[A-Za-z0-9._-]{1,253}\Z", description="a host's name", examples=["meter.local"]),
        ],
        ...,
    ] = ()
    """Host names that people may call it by, beside this machine's own."""
    cert_file: Path | None = None
    key_file: Path | None = None
    """Certificate (with its chain) and key for TLS, both PEM; without them it speaks plain HTTP."""
    behind_proxy: bool = False
    """Whether a proxy on this machine speaks TLS for it, and says in ``X-Forwarded-For`` who asks."""
    page: PageSettings | None = None

    def __post_init__(self) -> None:
        try:
            self.is_local  # noqa: B018 - refuses what is no address
        except ValueError as error:
            raise ValueError(
                f"address {self.address!r} is no IP address; expected one such as 127.0.0.1"
            ) from error
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file go together; one of them is missing")
        if self.secret_file is None and (opened := self._opened):
            raise ValueError(
                f"{opened} opens it to the network: expected secret_file too; `ocr-edge init` makes one"
            )

    @property
    def is_local(self) -> bool:
        """Whether it listens to this machine alone."""
        return ipaddress.ip_address(self.address).is_loopback

    @property
    def _opened(self) -> str:
        """The setting that lets others than this machine in; empty when none does."""
        if not self.is_local:
            return f"address {self.address}"
        return "names" if self.names else "behind_proxy" if self.behind_proxy else ""
