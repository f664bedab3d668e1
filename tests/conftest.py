"""What every test stands on: an option, and workers that share a machine without fighting for it."""

import logging
import os

WORKER = "PYTEST_XDIST_WORKER" in os.environ
if WORKER:
    # First: libraries read these when they are loaded. Each worker has a core; with a thread for every core in every
    # worker, they wait for each other. TensorFlow keeps its threads between operations: devices that share a batch
    # wait for each other, and would for ever on one thread.
    for name in ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")

import hypothesis  # noqa: E402 - what it loads reads them too
import pytest  # noqa: E402 - beside the others

import ocr_edge  # noqa: E402, F401 - before anything else loads OpenCV, which reads our settings then

# By default an example may take 200 ms, which says more about what else the machine does than about our code.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


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


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory):
    """A folder that all workers of this run share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if WORKER else own
