"""How exactly a camera that moved is followed, and how often another scene is taken for the right one.

    python benchmarks/alignment.py FOLDER... [--moves 6] [--others 12] [--seed 0]

Each FOLDER holds photographs of things of one kind; pictures below it are found. From each, marks are chosen at random
among the patches that ``ocr-edge check`` accepts. Movements are simulated: ``flat`` shifts by up to 10 % of the width,
turns by up to 10 degrees and scales by 0.9 to 1.1; ``camera`` turns a camera with a 60 degree lens by up to 4 degrees
up and aside and 6 degrees about its axis, which bends the perspective too. Every frame gets other light, noise
and JPEG. Scenes of the same folder are never paired: they may show the same thing.
"""

import argparse
import itertools
import platform
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from ocr_edge.alignment import marks
from ocr_edge.alignment.align import Aligner
from ocr_edge.config.settings import Mark, Picture
from ocr_edge.contract.types import Image
from ocr_edge.geometry import transform
from ocr_edge.geometry.transform import Matrix, Points
from ocr_edge.sources import pictures

SIZE = (720, 1280)
MIDDLE = (SIZE[1] / 2, SIZE[0] / 2)
FOCAL = 1100.0
SETTINGS = Picture()
Random = np.random.Generator


def load(path: Path) -> Image:
    """The middle of a photograph, ``SIZE``."""
    image = pictures.load(path)
    scale = max(SIZE[0] / image.shape[0], SIZE[1] / image.shape[1])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=how)
    top, left = (image.shape[0] - SIZE[0]) // 2, (image.shape[1] - SIZE[1]) // 2
    return np.ascontiguousarray(image[top : top + SIZE[0], left : left + SIZE[1]])


def choose(reference: Image, count: int, random: Random) -> tuple[Mark, ...] | None:
    """Marks that are accepted, as far apart as can be; None where there are too few."""
    good: list[Mark] = []
    for _ in range(400):
        wide, high = (int(side) for side in random.integers(36, 100, 2))
        left = int(random.integers(0.1 * SIZE[1], 0.9 * SIZE[1] - wide))
        top = int(random.integers(0.1 * SIZE[0], 0.9 * SIZE[0] - high))
        mark = Mark(box=(left, top, wide, high))
        if len(good) < 12 and not marks.problem(reference, [mark], SETTINGS.search):
            good.append(mark)

    def apart(some: Sequence[Mark]) -> float:
        pairs = itertools.combinations([centre(mark) for mark in some], 2)
        return min((float(np.linalg.norm(one - other)) for one, other in pairs), default=0.0)

    best = max(itertools.combinations(good, count), key=apart, default=None)
    return best if best and not marks.problem(reference, best, SETTINGS.search) else None


def centre(mark: Mark) -> Points:
    """Its middle, x and y."""
    return np.array(mark.box[:2]) + np.array(mark.box[2:]) / 2


def flat(random: Random, turned: bool) -> Matrix:
    """A picture that shifts, turns and comes nearer."""
    degrees, scale = (random.uniform(-10, 10), random.uniform(0.9, 1.1)) if turned else (0, 1)
    right, down = random.uniform(-0.1, 0.1, 2) * SIZE[1]
    return transform.similarity(degrees, scale, MIDDLE, (right, down))


def camera(random: Random, turned: bool) -> Matrix:
    """A camera that turns where it stands."""
    degrees = np.radians([*random.uniform(-4, 4, 2), random.uniform(-6, 6) if turned else 0])
    turn, _ = cv2.Rodrigues(degrees)
    lens = np.array([(FOCAL, 0, MIDDLE[0]), (0, FOCAL, MIDDLE[1]), (0, 0, 1)])
    return lens @ turn @ np.linalg.inv(lens)


def seen(image: Image, matrix: Matrix, random: Random) -> Image:
    """The moved picture in other light, with noise, as a JPEG."""
    centred = transform.shift(-0.5, -0.5) @ matrix @ transform.shift(0.5, 0.5)
    moved = cv2.warpPerspective(
        image, centred, SIZE[::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )
    lit = moved * random.uniform(0.6, 1.3) + random.uniform(-20, 20)
    lit += random.normal(0, random.uniform(1, 5), lit.shape)
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(60, 95))]
    data = cv2.imencode(".jpg", np.clip(lit, 0, 255).astype(np.uint8), quality)[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def in_view(some: Sequence[Mark], matrix: Matrix) -> bool:
    """Whether all marks are wholly in the picture after a movement."""
    places = transform.apply(matrix, [tuple(centre(mark)) for mark in some])
    half = np.array([[np.hypot(*mark.box[2:]) / 2] for mark in some])
    return bool((places - half >= 0).all() and (places + half <= SIZE[::-1]).all())


def follow(
    images: Sequence[Image], count: int, move: Callable[[Random, bool], Matrix], moves: int, random: Random
) -> str:
    """A row on movements: how many were lost, and pixels of error between the marks of the others."""
    errors, lost, times = [], 0, []
    for image in images:
        some = choose(image, count, random)
        if some is None:
            continue
        aligner = Aligner(image, some, SETTINGS.search, SETTINGS.min_match)
        shares = random.dirichlet(np.ones(count), 12)
        places = shares @ np.array([centre(mark) for mark in some])
        for _ in range(moves):
            matrix = move(random, count > 1)
            if not in_view(some, matrix):
                continue
            frame = seen(image, matrix, random)
            started = time.perf_counter()
            found = aligner.align(frame)
            times.append(1000 * (time.perf_counter() - started))
            lost += found.lost
            if not found.lost:
                off = transform.apply(found.matrix, places) - transform.apply(matrix, places)
                errors.append(float(np.linalg.norm(off, axis=1).max()))
    middle, high, wrong = np.median(errors), np.percentile(errors, 95), sum(error > 20 for error in errors)
    n = len(errors) + lost
    return f"{n} | {lost} | {middle:.2f} | {high:.2f} | {wrong} | {np.median(times):.0f} | {max(times):.0f}"


def confuse(scenes: Sequence[tuple[str, Image]], count: int, others: int, random: Random) -> str:
    """A row on frames of other scenes: how many were taken for the right one."""
    tried = wrong = 0
    for kind, image in scenes:
        some = choose(image, count, random)
        strangers = [other for name, other in scenes if name != kind]
        for index in random.permutation(len(strangers))[: others if some else 0]:
            frame = seen(strangers[index], np.eye(3), random)
            wrong += not Aligner(image, some or (), SETTINGS.search, SETTINGS.min_match).align(frame).lost
            tried += 1
    return f"{tried} | {wrong} | {wrong / max(tried, 1):.2%}"


def main() -> None:
    """Print two tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--moves", type=int, default=6)
    parser.add_argument("--others", type=int, default=12)
    parser.add_argument("--most", type=int, default=20, help="pictures of a folder, at most")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    scenes = []
    for folder in args.folders:
        found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in {".jpg", ".jpeg", ".png", ".tif"})
        scenes += [(str(folder), load(path)) for path in found[: args.most]]
    images = [image for _, image in scenes]
    print(f"{platform.machine()}, OpenCV {cv2.__version__}, one thread, {len(scenes)} photographs")
    print(
        "\n| movement | marks | frames | lost | error, median px | p95 px | over 20 px | median ms | most ms |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for move, count in itertools.product((flat, camera), (1, 2, 3, 4)):
        random = np.random.default_rng(args.seed + count)
        print(
            f"| {move.__name__} | {count} | {follow(images, count, move, args.moves, random)} |", flush=True
        )
    print("\n| marks | frames of other scenes | taken for the right one | rate |\n|---|---|---|---|")
    for count in (1, 2, 3, 4):
        random = np.random.default_rng(args.seed + count)
        print(f"| {count} | {confuse(scenes, count, args.others, random)} |", flush=True)


if __name__ == "__main__":
    main()
