"""How often the daemon says something although there is nothing to read.

    python benchmarks/negatives.py [--seeds 16] [--frames 6] [--photos FOLDER] [--show DIR]

Scenes without text: covered lens, glare, bare belts, cloth, wood, gravel, bricks, leaves, scratches, blurred text. Each
is shown for several frames, with sensor noise and a little jitter, to the daemon's own scene of one region that is
the whole picture, with the default settings. FOLDER may hold photographs without text; each is shown the same way.
"""

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from ocr_edge.bundles import load as bundles
from ocr_edge.config.settings import Config, SourceSettings
from ocr_edge.contract.types import Image
from ocr_edge.daemon.scene import Scene
from ocr_edge.sources import pictures
from ocr_edge.sources.base import Frame
from ocr_edge.system.counters import Counters

SIZE = (480, 640)
EXAMPLES = Path(__file__).parents[1] / "examples"
Random = np.random.Generator


def cloud(random: Random, sigma_x: float, sigma_y: float) -> np.ndarray:
    """Smooth noise from 0 to 1, shape ``SIZE``."""
    noise = cv2.GaussianBlur(random.normal(size=SIZE).astype(np.float32), (0, 0), sigma_x, sigmaY=sigma_y)
    return np.asarray((noise - noise.min()) / max(float(np.ptp(noise)), 1e-6))


def colour(random: Random, gray: np.ndarray) -> Image:
    """Grey levels 0..255 tinted by a random colour of moderate strength."""
    tint = 1 + random.uniform(-0.25, 0.25, 3)
    return np.clip(gray[:, :, None] * tint, 0, 255).astype(np.uint8)


def lens_cap(random: Random) -> Image:
    """A covered lens."""
    return np.clip(random.normal(4, 3, (*SIZE, 3)), 0, 255).astype(np.uint8)


def burnt_out(random: Random) -> Image:
    """Far too much light."""
    return np.clip(random.normal(252, 4, (*SIZE, 3)), 0, 255).astype(np.uint8)


def white_noise(random: Random) -> Image:
    """A camera that amplifies darkness."""
    return np.clip(random.normal(128, random.uniform(20, 60), (*SIZE, 3)), 0, 255).astype(np.uint8)


def paper(random: Random) -> Image:
    """An empty sheet under uneven light."""
    return colour(random, 150 + 90 * cloud(random, 150, 150) + random.normal(0, 2, SIZE))


def belt(random: Random) -> Image:
    """An empty belt: dark, rough, with a seam."""
    gray = 60 + 30 * cloud(random, 60, 60) + 25 * cloud(random, 1.5, 1.5)
    seam = int(random.integers(40, SIZE[1] - 40))
    gray[:, seam : seam + int(random.integers(2, 8))] += 50
    return colour(random, gray)


def wood(random: Random) -> Image:
    """Grain."""
    return colour(random, 90 + 110 * cloud(random, 60, 1.2))


def gravel(random: Random) -> Image:
    """Stones: cells around random points."""
    mask = np.full(SIZE, 255, np.uint8)
    for x, y in random.integers((0, 0), SIZE[::-1], (int(random.integers(150, 1200)), 2)):
        mask[y, x] = 0
    distance = cv2.distanceTransform(mask, cv2.DIST_L2, 5)
    return colour(
        random, 60 + 150 * np.clip(1 - distance / distance.max() * 2, 0, 1) + random.normal(0, 6, SIZE)
    )


def bricks(random: Random) -> Image:
    """A wall."""
    high, wide, joint = (
        int(random.integers(20, 60)),
        int(random.integers(50, 130)),
        int(random.integers(2, 8)),
    )
    rows, columns = np.indices(SIZE)
    shifted = columns + (rows // high % 2) * wide // 2
    gray = np.where((rows % high < joint) | (shifted % wide < joint), 190.0, 110.0) + 30 * cloud(random, 4, 4)
    return colour(random, gray)


def cloth(random: Random) -> Image:
    """A weave."""
    rows, columns = np.indices(SIZE)
    period = random.uniform(4, 14)
    weave = np.sin(2 * np.pi * rows / period) * np.sin(2 * np.pi * columns / period)
    return colour(random, 120 + 60 * weave + 20 * cloud(random, 30, 30))


def checkerboard(random: Random) -> Image:
    """Squares."""
    rows, columns = np.indices(SIZE)
    side = int(random.integers(8, 50))
    return colour(random, np.where((rows // side + columns // side) % 2, 210.0, 40.0))


def rollers(random: Random) -> Image:
    """Metal bars with highlights."""
    rows = np.indices(SIZE)[0]
    period = int(random.integers(24, 90))
    return colour(random, 60 + 150 * np.abs(np.sin(np.pi * rows / period)) ** 3 + 15 * cloud(random, 20, 1))


def bubbles(random: Random) -> Image:
    """Bolts, screws and bubbles."""
    image = np.full((*SIZE, 3), int(random.integers(90, 200)), np.uint8)
    for _ in range(int(random.integers(10, 90))):
        x, y = (int(v) for v in random.integers((0, 0), SIZE[::-1]))
        cv2.circle(
            image, (x, y), int(random.integers(4, 30)), [int(v) for v in random.integers(0, 255, 3)], -1
        )
    return image


def scratches(random: Random) -> Image:
    """Worn metal."""
    image = colour(random, 140 + 40 * cloud(random, 40, 40))
    for _ in range(int(random.integers(10, 80))):
        x, y, dx, dy = (int(v) for v in random.integers((0, 0, -90, -90), (*SIZE[::-1], 90, 90)))
        shade = int(random.integers(30, 250))
        cv2.line(image, (x, y), (x + dx, y + dy), (shade,) * 3, int(random.integers(1, 4)), cv2.LINE_AA)
    return image


def leaves(random: Random) -> Image:
    """A hedge."""
    image = np.full((*SIZE, 3), (40, 60, 35), np.uint8)
    for _ in range(int(random.integers(200, 900))):
        x, y = (int(v) for v in random.integers((0, 0), SIZE[::-1]))
        size = (int(random.integers(6, 24)), int(random.integers(2, 9)))
        shade = random.uniform(0.5, 1.4)
        green = tuple(int(v * shade) for v in (60, 130, 50))
        cv2.ellipse(image, (x, y), size, float(random.uniform(0, 180)), 0, 360, green, -1, cv2.LINE_AA)
    return image


def out_of_focus(random: Random) -> Image:
    """Real text that nobody could read."""
    files = sorted(EXAMPLES.glob("*.jpg")) + sorted(EXAMPLES.glob("*.png"))
    image = cv2.resize(pictures.load(files[int(random.integers(len(files)))]), SIZE[::-1])
    return np.asarray(cv2.GaussianBlur(image, (0, 0), float(random.uniform(14, 30))), np.uint8)


SCENES: tuple[Callable[[Random], Image], ...] = (
    *(lens_cap, burnt_out, white_noise, paper, belt, wood, gravel, bricks, cloth, checkerboard),
    *(rollers, bubbles, scratches, leaves, out_of_focus),
)


def scenes(seeds: int, photos: Path | None) -> Iterator[tuple[str, int, Image]]:
    """Kind, seed and picture of every scene."""
    for number, kind in enumerate(SCENES):
        for seed in range(seeds):
            yield kind.__name__, seed, kind(np.random.default_rng([number, seed]))
    for seed, path in enumerate(sorted(photos.iterdir()) if photos else ()):
        yield "photo", seed, pictures.load(path)


def shown(image: Image, count: int, seed: int) -> Iterator[Frame]:
    """Frames of one scene: shifted by up to two pixels, with sensor noise and flicker."""
    random = np.random.default_rng(seed)
    for index in range(count):
        moved = np.roll(image, tuple(int(v) for v in random.integers(-2, 3, 2)), (0, 1))
        noisy = moved * random.uniform(0.97, 1.03) + random.normal(0, 2, image.shape)
        yield Frame(
            np.clip(noisy, 0, 255).astype(np.uint8), 1e9 + index / 2, 1e6 * seed + index / 2, "negatives"
        )


def main() -> None:
    """Measure, and print JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=16, help="scenes of each kind")
    parser.add_argument("--frames", type=int, default=6, help="frames of each scene")
    parser.add_argument("--photos", type=Path, help="folder of photographs without text")
    parser.add_argument("--show", type=Path, help="write the scenes that say something here")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    loaded = bundles.load()
    said: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for kind, seed, image in scenes(args.seeds, args.photos):
        scene = Scene(Config(source=SourceSettings(url="video:none")), loaded, Counters())
        for frame in shown(image, args.frames, seed):
            total[kind] += 1
            for reading in scene.look(frame):
                said[kind] += 1
                print(f"{kind} {seed}: {reading.text!r} {reading.confidence:.2f}", flush=True)
                if args.show:
                    args.show.mkdir(parents=True, exist_ok=True)
                    cv2.imwrite(str(args.show / f"{kind}-{seed}.png"), frame.image[:, :, ::-1])
    rate = {kind: round(1000 * said[kind] / count, 1) for kind, count in total.items()}
    whole = round(1000 * said.total() / total.total(), 2)
    print(json.dumps({"frames": total.total(), "false": said.total(), "per_1000": whole, "by_kind": rate}))


if __name__ == "__main__":
    main()
