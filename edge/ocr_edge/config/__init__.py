"""The daemon's configuration: one TOML file, checked whole before anything is opened."""

from ocr_edge.config.load import load
from ocr_edge.config.settings import Config

__all__ = ["Config", "load"]
