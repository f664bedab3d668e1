"""``ocr-convert``: trained networks in, a verified bundle for the device out."""

import argparse
import logging
import sys
from collections.abc import Sequence

from ocr_convert.arguments import parser
from ocr_edge import program
from ocr_edge.errors import ConfigError


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; returns its exit code."""
    arguments = parser().parse_args(argv)
    level = logging.DEBUG if arguments.verbose else logging.INFO
    return program.run(lambda: _run(arguments), level, workstation=True)


def _run(arguments: argparse.Namespace) -> int:
    if bool(arguments.models) == bool(arguments.adopt):
        raise ConfigError("give either MODEL.keras files or --adopt FILE.h5")
    # TensorFlow takes seconds to import; --help and a usage error need not wait for it.
    from ocr_train.commands.common import load_keras  # noqa: PLC0415

    load_keras()
    from ocr_convert.convert import check_thresholds  # noqa: PLC0415
    from ocr_convert.trained import load  # noqa: PLC0415

    thresholds = arguments.escalate_below
    # One network may be a line stage, which takes none at all; more are stages that name characters.
    if arguments.adopt or len(arguments.models) > 1:
        check_thresholds(max(1, len(arguments.models)), thresholds)
    trained = [load(path) for path in arguments.models]
    kinds = {item.kind for item in trained}
    if kinds & {"line", "detect"}:
        from ocr_convert import cli_lines  # noqa: PLC0415

        return cli_lines.run(arguments, trained)
    from ocr_convert import cli_characters  # noqa: PLC0415

    return cli_characters.run(arguments, trained)


if __name__ == "__main__":
    sys.exit(main())
