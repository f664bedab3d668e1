"""A daemon's configuration and a picture for it to read."""

import shutil
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
LABEL = EXAMPLES / "cheque-4.jpg"
TEXT = "15346"
OTHER = EXAMPLES / "cheque-2.jpg"


def config(url: str, more: str = "") -> str:
    return f'id = "test-1"\n[source]\nurl = "{url}"\ninterval_s = 0.05\nretry_min_s = 0.1\n{more}'


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return Path(shutil.copy(LABEL, tmp_path / "shot.jpg"))
