"""Every key of the daemon's configuration, with its unit, range and default.

One struct for each table of the TOML file; ``config.example.toml`` explains the same keys to an owner.
"""

from ocr_edge.config.settings.config import Config
from ocr_edge.config.settings.http import Http, PageSettings
from ocr_edge.config.settings.outputs import Files, Harvest, Mqtt, Stdout, StoreSettings, Webhook
from ocr_edge.config.settings.picture import Mark, Picture
from ocr_edge.config.settings.region import CheckDigit, Region, Stabilize, Value, When
from ocr_edge.config.settings.source import Button, Camera, Gpio, Lamp, SourceSettings, Trigger
from ocr_edge.config.settings.table import Table

__all__ = [
    "Button",
    "Camera",
    "CheckDigit",
    "Config",
    "Files",
    "Gpio",
    "Harvest",
    "Http",
    "Lamp",
    "Mark",
    "Mqtt",
    "PageSettings",
    "Picture",
    "Region",
    "SourceSettings",
    "Stabilize",
    "Stdout",
    "StoreSettings",
    "Table",
    "Trigger",
    "Value",
    "Webhook",
    "When",
]
