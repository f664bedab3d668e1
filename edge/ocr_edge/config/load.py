"""A TOML file becomes a ``Config``, or one line that says what is wrong and where."""

import math
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from ocr_edge.bundles.builtin import named
from ocr_edge.config import mistakes, syntax, urls
from ocr_edge.config.settings import Config, Table
from ocr_edge.errors import ConfigError

MAX_BYTES = 2**17
"""Largest configuration that is read, 128 KiB: the example, which explains every key, has 9."""
MAX_DOTS = 200
"""Dots in a line: ``tomllib`` keeps every beginning of a dotted key, gigabytes of one that is as long as the file."""
MAX_DEPTH = 16
"""Tables and lists in each other; ours have six."""


def load(path: Path) -> Config:
    """Read a configuration file.

    Relative paths in it are taken from the file's own folder, those of the store from the state folder; a bundle may
    be the name of one that ships.

    Args:
        path: The TOML file.

    Returns:
        The checked configuration.

    Raises:
        ConfigError: The file is missing or not TOML, a key is unknown, missing or out of range.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_BYTES + 1)
        text = content.decode("utf-8-sig")  # some editors begin a file with a byte order mark
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text") from error
    except FileNotFoundError as error:
        raise ConfigError(
            f"{path}: no such file; name yours with --config FILE, or write a first one: ocr-edge init --config FILE"
        ) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"{path}: cannot be read: {reason}") from error
    return parse(text, path)


def parse(text: str, path: Path) -> Config:
    """Read the text of a configuration file; the arguments and errors of ``load``."""
    if len(text) > MAX_BYTES:
        raise ConfigError(f"{path}: larger than {MAX_BYTES >> 10} KiB, which no configuration is")
    if max(line.count(".") for line in text.split("\n")) > MAX_DOTS:
        raise ConfigError(f"{path}: a line with more than {MAX_DOTS} dots, which no key or value needs")
    told: Any = None
    try:
        told = _finite(tomllib.loads(text))
        given = msgspec.convert(told, Config, dec_hook=_path)
    except msgspec.ValidationError as error:  # a ValueError too
        raise ConfigError(f"{path}: {mistakes.explain(str(error), told)}") from error
    except RecursionError as error:
        raise ConfigError(f"{path}: brackets or tables too deep in each other") from error
    except (ValueError, OverflowError) as error:
        raise ConfigError(f"{path}: {mistakes.short(syntax.explain(str(error), text))}") from error
    folder = path.absolute().parent
    try:
        urls.split(given.source.url)
        config: Config = _resolve(given, folder)
        bundle = named(given.bundle.expanduser(), folder) if given.bundle else None
        source = msgspec.structs.replace(config.source, url=urls.anchored(config.source.url, folder))
    except (ConfigError, RuntimeError) as error:  # RuntimeError: "~" of a user that is not there
        raise ConfigError(f"{path}: {mistakes.short(str(error))}") from error
    return msgspec.structs.replace(config, source=source, bundle=bundle)


def _path(kind: type, value: Any) -> Any:
    """A path from its text; the decoder knows all other types itself."""
    if kind is not Path or not isinstance(value, str):
        raise TypeError(f"Expected {'path' if kind is Path else kind.__name__}, got {type(value).__name__}")
    if not value or "\0" in value:
        raise ValueError(f"{value!r} is no path")
    return Path(value)


def _finite(value: Any, at: str = "$", depth: int = 0) -> Any:
    """The same values; TOML knows ``inf`` and ``nan``, which are no setting of ours, and any depth."""
    if depth > MAX_DEPTH:
        raise RecursionError
    if isinstance(value, float) and not math.isfinite(value):
        raise msgspec.ValidationError(f"{value} is no number to work with - at `{at}`")
    if isinstance(value, dict):
        return {key: _finite(item, f"{at}.{key}", depth + 1) for key, item in value.items()}
    return [_finite(item, f"{at}[...]", depth + 1) for item in value] if isinstance(value, list) else value


def _resolve(value: Any, folder: Path) -> Any:
    """The same settings with every relative path taken from a folder; those of the store are left."""
    if isinstance(value, tuple):
        return tuple(_resolve(item, folder) for item in value)
    if not isinstance(value, Table):
        return value
    changed: dict[str, Any] = {}
    for field in msgspec.structs.fields(value):
        inner = getattr(value, field.name)
        if isinstance(inner, Path):
            changed[field.name] = folder / inner.expanduser()
        elif field.name.endswith("_file") and "/" in (inner or ""):  # a bare name is a systemd credential
            changed[field.name] = str(folder / Path(inner).expanduser())
        elif field.name != "store":
            changed[field.name] = _resolve(inner, folder)
    return msgspec.structs.replace(value, **changed)
