"""The package that keeps comments."""

from typing import Any

from ocr_edge.errors import ConfigError


def library() -> Any:
    """The package that keeps comments, which only those load who save on the page.

    Raises:
        ConfigError: It is not installed.
    """
    try:
        import tomlkit  # noqa: PLC0415 - see above
    except ImportError as error:
        raise ConfigError("saving needs tomlkit: pip install 'ocr-edge[web]'") from error
    return tomlkit
