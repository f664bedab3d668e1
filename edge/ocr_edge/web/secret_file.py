"""What opens the page: a password and a one-time token, in a file that holds nothing but their hashes."""

import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Literal

import msgspec

from ocr_edge.bundles import archive
from ocr_edge.errors import ConfigError
from ocr_edge.system.regular import opened

if TYPE_CHECKING:
    from argon2 import PasswordHasher

LEAST, MOST = 10, 1000
"""Characters of a password. NIST SP 800-63B asks for 8 at least; the upper bound spares the hash long texts."""
TOKEN_S = 24 * 3600.0
"""Seconds that a one-time token is good for: a day, so that whoever sets a device up today can finish tomorrow."""
MAX_BYTES = 4096
"""Largest file that is read: two hashes have 200 bytes."""
TIME_COST, MEMORY_KIB = 2, 19 * 1024
"""OWASP's least for Argon2id: 2 passes over 19 MiB. The usual 64 MiB would be a sixth of the unit's memory."""
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without 0 O 1 I L, which people mix up when they type a token from a screen."""
_GROUPS, _LENGTH = 4, 4

Opened = Literal["", "password", "token"]
"""What a secret was: nothing that opens, the password, or the one-time token."""


def library() -> ModuleType:
    """Argon2, which only those load who set a secret.

    Raises:
        ConfigError: It is not installed.
    """
    try:
        import argon2  # noqa: PLC0415 - see above
    except ImportError as error:
        raise ConfigError("http.secret_file needs argon2-cffi: pip install 'ocr-edge[web]'") from error
    return argon2


class Hashes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file's content: JSON.

    Attributes:
        password: Argon2id hash of the password; empty before one was chosen.
        token: The same of the one-time token; empty when there is none.
        token_until: Epoch seconds until which the token is good.
    """

    password: str = ""
    token: str = ""
    token_until: float = 0.0


@dataclass(frozen=True, slots=True)
class SecretFile:
    """The file; read anew at each try, so that a new token needs no restart.

    Everything here takes a tenth of a second and more: it is never called by the loops of reading and of the server.

    Attributes:
        path: Where it is.
    """

    path: Path

    def hashes(self) -> Hashes:
        """What the file holds.

        Raises:
            ConfigError: It is missing, cannot be read, or is no such file.
        """
        try:
            with opened(self.path) as file:
                return msgspec.json.decode(file.read(MAX_BYTES), type=Hashes)
        except FileNotFoundError as error:
            raise ConfigError(
                f"http.secret_file {self.path}: is not there; `ocr-edge init` makes it"
            ) from error
        except OSError as error:
            raise ConfigError(f"http.secret_file {self.path}: cannot be read: {error.strerror}") from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"http.secret_file {self.path}: is damaged or no secret file; delete it, then `ocr-edge init`"
            ) from error

    def is_password(self, given: str) -> bool:
        """Whether a text is the password; the errors of ``hashes``."""
        hashed = self.hashes().password
        return bool(hashed) and _fits(hashed, given)

    def opened_by(self, given: str, now: float) -> Opened:
        """What a secret that somebody gave is. A one-time token is spent by this.

        Raises:
            ConfigError: The file cannot be used, or the token's end cannot be written.
        """
        hashes = self.hashes()
        if hashes.password and _fits(hashes.password, given):
            return "password"
        if hashes.token and now < hashes.token_until and _fits(hashes.token, _plain(given)):
            self._write(Hashes(password=hashes.password))
            return "token"
        return ""

    def set_password(self, password: str) -> None:
        """Replace the password; a token is no longer good after it.

        Raises:
            ConfigError: It is too short or too long, or cannot be written.
        """
        if not LEAST <= len(password) <= MOST:
            raise ConfigError(f"the password has {len(password)} characters; expected {LEAST} to {MOST}")
        self._write(Hashes(password=_hasher().hash(password)))

    def new_token(self, now: float | None = None) -> str:
        """A one-time token in place of any earlier one; the password, if there is one, stays.

        Raises:
            ConfigError: It cannot be written.
        """
        plain = "".join(secrets.choice(_ALPHABET) for _ in range(_GROUPS * _LENGTH))
        try:
            password = self.hashes().password
        except ConfigError:  # not there yet, or damaged: nothing is lost that could be used
            password = ""
        until = (time.time() if now is None else now) + TOKEN_S
        self._write(Hashes(password, _hasher().hash(plain), until))
        return "-".join(plain[start : start + _LENGTH] for start in range(0, len(plain), _LENGTH))

    def _write(self, hashes: Hashes) -> None:
        """Replace the file as one step, so that a power cut leaves the old one or the new one."""
        fresh = self.path.with_name(f"{self.path.name}.new")
        try:
            fresh.unlink(missing_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(fresh, flags, 0o600), "wb") as file:
                file.write(msgspec.json.encode(hashes) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self.path)
            archive.fsync(self.path.parent)
        except OSError as error:
            raise ConfigError(f"http.secret_file {self.path}: cannot be written: {error.strerror}") from error


def _plain(token: str) -> str:
    """A token as it was hashed, however it was typed."""
    return "".join(token.split()).replace("-", "").upper()


def _hasher() -> "PasswordHasher":
    hasher: PasswordHasher = library().PasswordHasher(
        time_cost=TIME_COST, memory_cost=MEMORY_KIB, parallelism=1
    )
    return hasher


def _fits(hashed: str, given: str) -> bool:
    """Whether a text has this hash; False also where the hash is damaged."""
    argon2 = library()
    if len(given) > MOST:
        return False
    try:
        return bool(_hasher().verify(hashed, given))
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False
