"""The training of a tuning: the user's lines among those that are rehearsed."""

from collections.abc import Sequence

from ocr_edge.contract import labels as label_orders
from ocr_edge.contract.preprocess import LINE_HEIGHT
from ocr_train import datasets
from ocr_train.datasets import words
from ocr_train.datasets.words import LineSample
from ocr_train.drawn_recipe import DrawnSource
from ocr_train.strips.crops import FEW, MIXED_IN
from ocr_train.strips.recipe import BLANK, WIDTHS, LineRecipe
from ocr_train.strips.usable import SLACK
from ocr_train.tune.data import OFTEN
from ocr_train.tune.settings import Settings

STEPS = 150
"""Batches of an epoch."""
COLUMNS = 4096
"""Columns of a batch: 32 words."""
MINE = 0.25
"""Share of the lines that are the user's, as for characters."""
KEPT = 0.25
"""Share that is from the sets to keep, where there are some; the others are rendered."""
WIDTHS_READ = sorted(map(int, WIDTHS))


def recipe(settings: Settings, architecture: str, labels: Sequence[str]) -> LineRecipe:
    """The training: the user's lines, or lines of the user's characters, among rendered ones."""
    texts = "".join(label for label in labels if label != BLANK)
    named = {order: name for name, order in label_orders.ORDERS.items()}
    is_real = settings.mine.startswith("words:")
    shares = {settings.mine: MINE} if is_real else {}
    shares |= {spec: KEPT / len(settings.keep) for spec in settings.keep}
    real = sum(shares.values())
    sources, found = [], set()
    for spec, share in shares.items():
        train = words.load(spec).of("train")
        samples = train.samples if train else []
        # A source is drawn by its weight times the square root of its size; this takes the root off again.
        weight = share / max(1, len(samples)) ** 0.5
        sources.append(DrawnSource(data=spec, weight=weight, terms="the user's own"))
        found |= {_width(sample) for sample in samples}
    # Where nothing is drawn, only widths that some line has.
    widths = (
        WIDTHS if settings.rendered or not is_real else {w: s for w, s in WIDTHS.items() if int(w) in found}
    )
    return LineRecipe(
        architecture=architecture,
        labels=named.get(texts, texts),
        widths=dict(widths),
        epochs=settings.epochs,
        steps=STEPS,
        batch_columns=COLUMNS,
        learning_rate=settings.learning_rate,
        warmup_epochs=0.5,
        average=0.0,
        real=real if settings.rendered or not is_real else 1.0,
        composed=0.0 if is_real else _composed(settings, labels) / (1 - real) if settings.rendered else 1.0,
        characters=() if is_real else (settings.mine,),
        sources=tuple(sources),
    )


def _composed(settings: Settings, labels: Sequence[str]) -> float:
    """Share of the lines that are composed: a class that all these lines show must not seem to be everywhere."""
    classes = len(set(datasets.load(settings.mine, labels).label_array().tolist()))
    return MINE if classes >= FEW else min(MINE, OFTEN * classes / len(labels) / MIXED_IN)


def _width(sample: LineSample) -> int:
    """The width of the strips among which a line is."""
    own = sample.image.shape[1] * LINE_HEIGHT / sample.image.shape[0]
    return next((width for width in WIDTHS_READ if own <= width * SLACK), WIDTHS_READ[-1])
