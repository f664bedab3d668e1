"""Every error this package raises on purpose, and what it means for the process.

* OcrEdgeError
  * ConfigError     the user's file or flag is wrong    -> exit 2, never retried
  * ModelError      the model bundle is wrong           -> exit 3, never retried
  * CaptureError    a source failed to give a picture   -> `read`: exit 4; the daemon: counted, retried
  * PublishError    a receiver did not take a reading   -> queued, retried
    * RefusedError  and never will                      -> counted, dropped
    * LaterError    and says when it will               -> queued, retried then
"""

SHOWN = 1000
"""Characters of a message that people see: what it quotes may be as long as a file."""


def one_line(text: str) -> str:
    """A text as one line, although what it quotes may hold line breaks and terminal codes, or be endless."""
    text = text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class OcrEdgeError(Exception):
    """Base of every error that is the world's fault and not the code's.

    Attributes:
        exit_code: What a command ends with when this error ends it.
    """

    exit_code = 1


class ConfigError(OcrEdgeError):
    """A file, flag or value given by the user is wrong; the message says what was found and what to do."""

    exit_code = 2


class ModelError(OcrEdgeError):
    """A bundle is missing, damaged or made for another version."""

    exit_code = 3


class CaptureError(OcrEdgeError):
    """A camera, stream or picture gave nothing to read."""

    exit_code = 4


class PublishError(OcrEdgeError):
    """A receiver did not take a reading; it is kept and offered again."""


class RefusedError(PublishError):
    """A receiver will never take this reading; offering it again is useless."""


class LaterError(PublishError):
    """A receiver asks not to be tried again before some time has passed.

    Attributes:
        after_s: Seconds to wait.
    """

    def __init__(self, message: str, after_s: float) -> None:
        super().__init__(message)
        self.after_s = after_s
