r"""Readings as one XML document.

The elements, with the meaning that they have in the JSON form:

```xml
<?xml version="1.0" encoding="UTF-8"?>
<readings schema="1">
  <reading source="a.jpg" region="" time="1735689600.0" confidence="0.97" why="">
    <text>AB 12</text>
    <line confidence="0.97" left="10" top="8" width="90" height="20">
      <text>AB 12</text>
      <character confidence="0.99" left="10" top="8" width="14" height="20">
        <text>A</text>
        <alternative confidence="0.99">A</alternative>
      </character>
    </line>
    <step name="segment" ms="3.1"/>
  </reading>
</readings>
```

A character that XML 1.0 cannot hold, such as a control character, becomes U+FFFD.
"""

import re
from collections.abc import Mapping
from typing import Any, TextIO
from xml.etree import ElementTree as ET

from ocr_edge.reading import SCHEMA, Reading

_ATTRIBUTES = ("source", "region", "time", "confidence", "why")
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class XmlSink:
    """Writes one document that holds all readings; ``close`` ends it.

    Attributes:
        stream: Where the document goes. Only ASCII is written, so any encoding will do.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self._begun = False

    def publish(self, reading: Reading) -> None:
        """Write one ``reading`` element."""
        self._begin()
        values = reading.as_dict()
        root = _element(None, "reading", {key: values[key] for key in _ATTRIBUTES})
        if reading.raw:
            shown = "" if reading.value is None else f"{reading.value:.15g}"
            _element(root, "number", {"raw": reading.raw, "value": shown, "unit": reading.unit})
        _element(root, "text", {}, values["text"])
        for line in values["lines"]:
            element = _boxed(root, "line", line)
            for character in line["characters"]:
                named = _boxed(element, "character", character)
                for text, confidence in character["alternatives"]:
                    _element(named, "alternative", {"confidence": confidence}, text)
        for step, ms in values["timing_ms"].items():
            _element(root, "step", {"name": step, "ms": ms})
        ET.indent(root, "  ", level=1)
        self.stream.write(f"  {ET.tostring(root).decode()}\n")
        self.stream.flush()

    def close(self) -> None:
        """End the document; without a reading it is an empty one."""
        self._begin()
        self.stream.write("</readings>\n")
        self.stream.flush()

    def _begin(self) -> None:
        if not self._begun:
            self.stream.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<readings schema="{SCHEMA}">\n')
            self._begun = True


def _boxed(parent: ET.Element, tag: str, values: Mapping[str, Any]) -> ET.Element:
    """A line or character: its confidence and box as attributes, its text as a child."""
    left, top, width, height = values["box"]
    box = {"left": left, "top": top, "width": width, "height": height}
    element = _element(parent, tag, {"confidence": values["confidence"], **box})
    _element(element, "text", {}, values["text"])
    return element


def _element(
    parent: ET.Element | None, tag: str, attributes: Mapping[str, Any], text: str | None = None
) -> ET.Element:
    values = {name: _legal(str(value)) for name, value in attributes.items()}
    element = ET.Element(tag, values)
    element.text = None if text is None else _legal(text)
    if parent is not None:
        parent.append(element)
    return element


def _legal(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
