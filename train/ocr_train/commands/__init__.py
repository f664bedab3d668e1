"""The commands of ``ocr-train``, one file each.

A command's module is imported to build ``--help``, so it imports Keras, OpenCV and matplotlib only when it
runs. It offers ``add(subparsers)``, which sets ``run`` as the parser's default: a function from the parsed
arguments to an exit code.
"""
