"""What somebody set up on the page: checked, and put into the text of the configuration."""

import tomllib
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from ocr_edge.config import syntax
from ocr_edge.config.edit import edited
from ocr_edge.errors import ConfigError
from ocr_edge.web import form

MOST = 100
"""Regions or marks: more fit no picture."""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A region.

    Attributes:
        was: Which region of the file it was, from 0; None: a new one.
        settings: Its keys, as the file has them.
    """

    was: Annotated[int, Meta(ge=0, le=10_000)] | None
    settings: dict[str, Any]


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A set-up; keys that stand at their default and are not in the file are left out.

    Attributes:
        regions: All of them, those of the file in its order; none: the whole picture is read.
        marks: The box of each mark.
        picture: The limits that ``[picture]`` has fields for.
        stabilize: All of ``[stabilize]``.
    """

    regions: Annotated[list[Entry], Meta(max_length=MOST)] = []
    marks: Annotated[list[list[int]], Meta(max_length=MOST)] = []
    picture: dict[str, Any] = {}
    stabilize: dict[str, Any] = {}

    def into(self, text: str, *, with_marks: bool = True) -> str:
        """The text of a configuration with this set-up in it.

        Args:
            text: What the file says.
            with_marks: Whether to leave the marks in.

        Raises:
            ConfigError: The text cannot be changed, or something is not the page's to change.
        """
        places = [entry.was for entry in self.regions]
        kept = [place for place in places if place is not None]
        now = plain(text)
        if kept != sorted(set(kept)) or (kept and kept[-1] >= len(now.get("region", []))):
            raise ConfigError("regions: they are not those of the file; load it again")
        free = {field["name"] for field in form.form()["picture"]}
        if foreign := [name for name in self.picture if name not in free]:
            raise ConfigError(f"picture.{foreign[0]} is changed in the file, not on the page")
        picture = {
            name: value for name, value in now.get("picture", {}).items() if name not in free | {"mark"}
        }
        if self.marks and with_marks:
            picture["mark"] = [{"box": box} for box in self.marks]
        tables = {
            "region": [entry.settings for entry in self.regions],
            "picture": picture | self.picture,
            "stabilize": self.stabilize,
        }
        return edited(text, tables, places)


def shown(text: str) -> dict[str, Any]:
    """What a configuration says of what can be set up, as plain values.

    Raises:
        ConfigError: It is not TOML.
    """
    now = plain(text)
    free = {field["name"] for field in form.form()["picture"]}
    picture = now.get("picture", {})
    return {
        "regions": [{"was": place, "settings": region} for place, region in enumerate(now.get("region", []))],
        "marks": [mark["box"] for mark in picture.get("mark", [])],
        "picture": {name: value for name, value in picture.items() if name in free},
        "stabilize": now.get("stabilize", {}),
    }


def plain(text: str) -> dict[str, Any]:
    """A configuration as plain values; its error as of ``shown``."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(syntax.explain(str(error), text)) from error
