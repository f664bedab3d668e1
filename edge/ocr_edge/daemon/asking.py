"""Whether anybody can ask for a picture when the daemon waits to be asked."""

from ocr_edge.config import Config


def nobody_asks(config: Config) -> str:
    """Why nobody could ever ask for a picture, one line; empty when somebody can, or nobody has to."""
    trigger = config.source.trigger
    by_message = (trigger.mqtt and config.mqtt) or (trigger.http and config.http)
    if config.source.mode != "trigger" or trigger.gpio or by_message:
        return ""
    return (
        'source.mode is "trigger", but nobody can ask for a picture: expected [source.trigger.gpio],'
        " [mqtt] (with source.trigger.mqtt) or [http] (with source.trigger.http)"
    )
