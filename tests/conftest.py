import logging

import pytest

import ocr_edge  # noqa: F401 - before anything else loads OpenCV, which reads our settings then


def pytest_addoption(parser):
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="rewrite tests/golden from what is read now, and lower the floors of tests/truth where more is reached",
    )


@pytest.fixture(autouse=True)
def fresh_logging():
    """What a command sets up for its own process ends with the test that ran it, or that needed a fixture that did."""
    yield
    for name in ("ocr_edge", "ocr_train", "ocr_convert"):
        logger = logging.getLogger(name)
        logger.handlers[:], logger.propagate = [], True
        logger.setLevel(logging.NOTSET)
