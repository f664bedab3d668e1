"""Where readings go: ``[stdout]``, ``[files]``, ``[store]``, ``[mqtt]``, ``[webhook]``; as samples, ``[harvest]``."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from ocr_edge.config.settings.table import Count, Host, Port, Positive, Share, Table


class Stdout(Table, frozen=True):
    """``[stdout]``: JSON lines."""

    enabled: bool = True


class Files(Table, frozen=True):
    """``[files]``: JSON lines in files that take turns."""

    path: Path
    max_mb: Positive = 10.0
    """Size at which a new file begins."""
    keep: Count = 5
    """Old files that are kept."""


class StoreSettings(Table, frozen=True):
    """``[store]``: every reading in SQLite, and what receivers have not taken yet."""

    enabled: bool = True
    path: Path = Path("readings.sqlite")
    """Below the state folder unless absolute."""
    commit_s: Positive = 5.0
    """Seconds, and"""
    commit_readings: Count = 50
    """readings, after which what came in is committed, whichever is first."""
    keep_days: Positive = 365.0
    max_mb: Positive = 500.0
    """The oldest readings go when they are older or the file is larger."""


class Mqtt(Table, frozen=True):
    """``[mqtt]``: an MQTT broker and Home Assistant."""

    host: Host
    port: Port | None = None
    """1883, or 8883 with TLS, when missing."""
    tls: bool = False
    ca_file: Path | None = None
    """Certificates that the broker's is checked against; the system's when missing."""
    cert_file: Path | None = None
    key_file: Path | None = None
    """The device's own certificate and key, where the broker asks for them."""
    username: str = ""
    password_file: str = ""
    """File with the password; a bare name is a systemd credential (``LoadCredential=``)."""
    prefix: Annotated[
        str,
        Meta(
            pattern=r"^[^#+/$\s\0][^#+\s\0]*[^#+/\s\0]\Z",
            description="a topic without # and + and spaces, and no / at its ends",
            examples=["plant/ocr"],
        ),
    ] = "ocr-edge"
    discovery_prefix: Annotated[
        str,
        Meta(pattern=r"^[^#+\s\0]*\Z", description="a topic without # and + and spaces, or an empty text"),
    ] = "homeassistant"
    """Home Assistant's discovery topic; empty: no discovery."""
    expire_after_s: Annotated[int, Meta(ge=0)] = 0
    """Seconds after which Home Assistant shows a value as unavailable; 0: never."""
    snapshot: bool = False
    """Whether a small picture of what was read is published as an image entity."""
    snapshot_max_kb: Annotated[int, Meta(ge=4, le=1024)] = 100
    keepalive_s: Annotated[int, Meta(ge=5, le=3600)] = 30


class Webhook(Table, frozen=True):
    """``[webhook]``: each reading as a POST of JSON."""

    url: Annotated[
        str, Meta(pattern=r"^https?://", description="an address that begins with http:// or https://")
    ]
    token_file: str = ""
    """File with a token sent as ``Authorization: Bearer``; a bare name is a systemd credential."""
    timeout_s: Positive = 10.0


class Harvest(Table, frozen=True):
    """``[harvest]``: lines that were not read for sure are kept as samples, to be labelled and learned from."""

    below: Share = 0.9
    """Confidence below which a line is kept; so is what is rejected, and what other frames speak against."""
    per_hour: Count = 60
    """Most samples of a region in an hour: some 2 MB, so that a spoiled camera does not wear the card out."""
    commit_s: Positive = 60.0
    """Seconds after which what came in is written; a power cut loses as much."""
    max_samples: Count = 1000
    max_mb: Positive = 100.0
    keep_days: Positive = 90.0
    """The oldest without a label go when they are older, or there is more."""
    surroundings: bool = False
    """Whether the picture around each line is kept too, black outside of the regions with ``blank_outside``."""
