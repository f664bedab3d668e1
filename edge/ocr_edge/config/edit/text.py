"""The text of a configuration with other content: only what changes is touched, and every comment stays."""

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from ocr_edge.config.edit.library import library
from ocr_edge.config.edit.merge import merge_table, merge_tables
from ocr_edge.errors import ConfigError

BY_HAND = "the page cannot change this file; change it by hand"


def edited(text: str, tables: Mapping[str, Any], kept: Sequence[int | None]) -> str:
    """The text of a configuration with other content in some of its tables.

    Args:
        text: What the file says now.
        tables: The whole content of each table that is to change, as plain values; ``region`` is a list.
        kept: For each region, which one of the file's it was (ascending), or None for a new one.

    Raises:
        ConfigError: The text is written in a way that cannot be kept.
    """
    tomlkit = library()
    ending = "\r\n" if "\r\n" in text else "\n"
    text = text.replace("\r\n", "\n")
    text += "" if text.endswith("\n") or not text else "\n"
    try:
        wanted = tomllib.loads(text) | dict(tables)
        document = tomlkit.parse(text)
        if document.as_string() != text:
            raise ConfigError(
                f"{BY_HAND}: tables of one name, such as [[region]], do not stand one after the other"
            )
        for name, value in tables.items():
            if name == "region":
                merge_tables(document, name, value, kept)
            elif value or name in document:
                merge_table(document, name, value)
        made: str = document.as_string()
        if _filled(tomllib.loads(made)) != _filled(wanted):
            raise ConfigError(f"{BY_HAND}: it is written in an unusual way")
    except (tomlkit.exceptions.TOMLKitError, tomllib.TOMLDecodeError, KeyError, ValueError) as error:
        raise ConfigError(f"{BY_HAND}: {error}") from error
    return made.replace("\n", ending)


def _filled(tables: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration without the tables that are empty, which say nothing."""
    return {name: value for name, value in tables.items() if value not in ({}, [])}
