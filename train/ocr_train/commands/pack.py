"""``ocr-train prepare pack``: everything that a training on another machine needs, in one archive."""

import argparse
import random
import re
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ocr_edge.errors import ConfigError
from ocr_train.commands.common import add_parser, count

if TYPE_CHECKING:
    from ocr_train.datasets import Sample
    from ocr_train.recipe import Recipe, Source

DESCRIPTION = """Pack the crops of data sets, the recipe that trains on them and the source of this program
into one archive, for a machine with a GPU and nothing of ours. Without a SPEC, the recipe's own sources are
packed; with some, they take the place of the recipe's."""

README = """A training pack of ocr-edge. In this folder, with Python 3.11 or later:

    pip install keras numpy opencv-python-headless msgspec matplotlib torch
    KERAS_BACKEND=torch python -m ocr_train fit recipe.toml --out runs/packed

The result is runs/packed/model.keras with run.json beside it. TensorFlow and JAX work in place of torch.
"""


def add(subparsers: Any) -> None:
    """Add the command to the subparsers of ``prepare``."""
    parser = add_parser(subparsers, "pack", "a training pack for a machine without this package", DESCRIPTION)
    parser.add_argument("specs", metavar="SPEC", nargs="*", help="data sets (default: the recipe's)")
    parser.add_argument("--out", type=Path, required=True, metavar="TAR", help="the archive to write")
    parser.add_argument(
        "--recipe", default="compact", metavar="RECIPE", help="file or name (default: %(default)s)"
    )
    parser.add_argument(
        "--data", default="data", metavar="DIR", help="where the recipe's paths start (default: %(default)s)"
    )
    parser.add_argument(
        "--count", type=count, metavar="N", help="samples of each source, at most (default: all)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the pack.

    Raises:
        ConfigError: Recipe or data are wrong.
    """
    import msgspec  # noqa: PLC0415 - see commands/__init__.py

    from ocr_train import recipe as recipes  # noqa: PLC0415
    from ocr_train.sources import located  # noqa: PLC0415

    recipe = recipes.find(args.recipe)
    if not isinstance(recipe, recipes.Recipe):
        raise ConfigError(
            f"recipe {args.recipe}: packs hold characters, and this one trains a line stage; copy its data folder"
        )
    sources = [recipes.Source(data=spec, weight=1.0) for spec in args.specs]
    if not sources:
        sources = [msgspec.structs.replace(s, data=located(s.data, args.data)) for s in recipe.sources]
    args.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=args.out.parent) as folder:
        part = Path(folder) / "pack"
        write(part, recipe, sources, args.count)
        part.replace(args.out)
    print(args.out)
    return 0


def write(path: Path, recipe: "Recipe", sources: "Sequence[Source]", number: int | None) -> None:
    """Write a pack.

    Args:
        path: The archive; the folder it is in holds one data set at a time meanwhile.
        recipe: What is to be trained, on ``sources`` in place of its own.
        sources: Where the samples come from.
        number: Samples of each source, at most; None for all.

    Raises:
        ConfigError: A source cannot be loaded.
    """
    import msgspec  # noqa: PLC0415 - see commands/__init__.py

    from ocr_train import recipe as recipes  # noqa: PLC0415
    from ocr_train.datasets import load, tar  # noqa: PLC0415
    from ocr_train.sources import distinct_names  # noqa: PLC0415

    packed: list[Source] = []
    with tarfile.open(path, "w") as archive:
        for source, name in zip(sources, distinct_names([s.data for s in sources]), strict=True):
            file = path.parent / (re.sub(r"[^\w.-]+", "-", name) + ".tar")
            tar.save(file, thinned(load(source.data, recipe.label_texts).samples, number), recipe.label_texts)
            archive.add(file, f"data/{file.name}")
            file.unlink()
            packed.append(msgspec.structs.replace(source, data=f"tar:{file.name}"))
        rewritten: Recipe = msgspec.structs.replace(recipe, sources=tuple(packed))
        tar.add(archive, "recipe.toml", recipes.as_toml(rewritten).encode())
        tar.add(archive, "README.txt", README.encode())
        add_packages(archive)


def thinned(samples: "list[Sample]", number: int | None) -> "list[Sample]":
    """The samples to train and validate with, drawn at random, always the same, where there are too many.

    Args:
        samples: All of a source; those of other splits are left out.
        number: How many at most; None for all.
    """
    usable = [sample for sample in samples if sample.split in {"train", "validation"}]
    if number is None or len(usable) <= number:
        return usable
    return [usable[row] for row in sorted(random.Random(0).sample(range(len(usable)), number))]


def add_packages(archive: tarfile.TarFile) -> None:
    """Add the Python source and recipes of ``ocr_edge`` and ``ocr_train``; no models, no caches."""
    import ocr_edge  # noqa: PLC0415 - see commands/__init__.py
    import ocr_train  # noqa: PLC0415

    for package in (ocr_edge, ocr_train):
        root = Path(str(package.__file__)).parent
        for path in sorted([*root.rglob("*.py"), *root.rglob("*.toml")]):
            archive.add(path, str(path.relative_to(root.parent)))
