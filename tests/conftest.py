import ocr_edge  # noqa: F401 - before anything else loads OpenCV, which reads our settings then


def pytest_addoption(parser):
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="rewrite tests/golden from what is read now, and lower the floors of tests/truth where more is reached",
    )
