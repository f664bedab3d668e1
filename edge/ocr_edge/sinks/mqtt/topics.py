"""Where everything of one device stands in MQTT: all below ``<prefix>/<device id>/``, so that no two devices meet."""

from dataclasses import dataclass

WHOLE = "picture"
"""Name in topics of the whole picture, where no regions are configured."""


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one device.

    Attributes:
        prefix: What all devices have in common, such as ``ocr-edge``.
        device: The device's id, different from that of every other device.
        discovery_prefix: Home Assistant's, without a slash at its end; empty: no discovery.
    """

    prefix: str
    device: str
    discovery_prefix: str = ""

    @property
    def status(self) -> str:
        """Retained ``online`` or ``offline``; the broker itself writes ``offline`` when the device is lost."""
        return self._own("status")

    @property
    def state(self) -> str:
        """Retained JSON: what is wrong with the device."""
        return self._own("state")

    @property
    def trigger(self) -> str:
        """Any message here asks for a picture."""
        return self._own("trigger")

    @property
    def snapshot(self) -> str:
        """Retained JPEG of what was read last."""
        return self._own("snapshot")

    def reading(self, region: str) -> str:
        """Each reading of a region, as JSON; not retained."""
        return self._own(f"region/{region or WHOLE}/reading")

    def value(self, region: str) -> str:
        """Retained: the newest text or number of a region that is believed."""
        return self._own(f"region/{region or WHOLE}/value")

    def attributes(self, region: str) -> str:
        """Retained JSON: what else is known about the value."""
        return self._own(f"region/{region or WHOLE}/attributes")

    def region(self, attributes: str) -> str:
        """The region's name in a topic of ``attributes``; empty for any other topic."""
        start, end = self.attributes("\0").split("\0")
        inside = (
            attributes.startswith(start) and attributes.endswith(end) and len(attributes) > len(start + end)
        )
        return attributes[len(start) : -len(end)] if inside else ""

    @property
    def discovery(self) -> str:
        """Retained: the description of the device that Home Assistant reads; empty without discovery."""
        return f"{self.discovery_prefix}/device/{self.device}/config" if self.discovery_prefix else ""

    @property
    def births(self) -> frozenset[str]:
        """Where Home Assistant says that it has started; its own default does not follow the prefix."""
        return frozenset(
            {"homeassistant/status", f"{self.discovery_prefix}/status"} if self.discovery_prefix else ()
        )

    def _own(self, rest: str) -> str:
        return f"{self.prefix}/{self.device}/{rest}"
