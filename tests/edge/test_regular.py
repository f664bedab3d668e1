"""Files that settings name: what never ends is refused before it is read."""

import os
from pathlib import Path

import pytest

from ocr_edge.errors import ConfigError
from ocr_edge.system import credentials
from ocr_edge.system.regular import opened


@pytest.fixture(name="pipe")
def fixture_pipe(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


def test_a_regular_file_is_read(tmp_path):
    (tmp_path / "secret").write_text("geheim\n")
    assert credentials.read(str(tmp_path / "secret")) == "geheim"
    with opened(tmp_path / "secret") as file:
        assert file.read() == b"geheim\n"


def test_devices_and_pipes_are_no_secrets(pipe):
    for path in (Path("/dev/zero"), pipe):
        with pytest.raises(ConfigError, match=f"{path}: cannot be read: it is not a regular file"):
            credentials.read(str(path))


def test_a_secret_is_not_larger_than_secrets_are(tmp_path):
    (tmp_path / "film").write_bytes(b"x" * 70_000)
    with pytest.raises(ConfigError, match="larger than 64 KiB, which no secret is"):
        credentials.read(str(tmp_path / "film"))
