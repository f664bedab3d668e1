"""Fine-tune a network that reads lines on a user's lines, or on lines composed of a user's characters.

Rehearsal, the choice between the two networks and the promises are those of ``ocr_train.tune``; what is rehearsed is
rendered anew for every batch.
"""

import json
import logging
import random
import shutil
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt

from ocr_edge.contract import labels as label_orders
from ocr_edge.contract.preprocess import LINE_HEIGHT
from ocr_edge.errors import ConfigError
from ocr_train import architectures, datasets
from ocr_train.checkpoint import MODEL_NAME, PROGRESS_NAME, RUN_NAME
from ocr_train.datasets import Dataset, Sample, words
from ocr_train.datasets.words import LineSample, LineSet
from ocr_train.drawn_recipe import DrawnSource
from ocr_train.editing import aligned
from ocr_train.record import record_of
from ocr_train.strips import errors
from ocr_train.strips.crops import FEW, MIXED_IN, Crops
from ocr_train.strips.evaluate import comparable, logits
from ocr_train.strips.feed import NARROWEST, TYPICAL
from ocr_train.strips.fit import fit
from ocr_train.strips.recipe import BLANK, WIDTHS, LineRecipe
from ocr_train.strips.render import Renderer
from ocr_train.strips.surface import Surfaces
from ocr_train.strips.targets import encoded, greedy, losses_of
from ocr_train.strips.texts import Texts
from ocr_train.strips.typefaces import Typefaces
from ocr_train.strips.usable import SLACK
from ocr_train.tune.blend import SHARES, Blend, Weights, between, changed, choose
from ocr_train.tune.data import OFTEN, recorded
from ocr_train.tune.picture import draw
from ocr_train.tune.settings import Settings
from ocr_train.tune.widen import teach_line_rows, unknown_classes, widen, widened

_LOGGER = logging.getLogger(__name__)
STEPS = 150
"""Batches of an epoch."""
COLUMNS = 4096
"""Columns of a batch: 32 words."""
MINE = 0.25
"""Share of the lines that are the user's, as for characters."""
KEPT = 0.25
"""Share that is from the sets to keep, where there are some; the others are rendered."""
MADE = {"train": 200, "validation": 400}
"""Lines made to calibrate and to measure with, where there are no real ones."""
WIDTHS_READ = sorted(map(int, WIDTHS))


def tune_lines(settings: Settings, run: Path, *, resume: bool = False) -> tuple[Blend, bool, tuple[str, ...]]:
    """Train, blend, and write as ``ocr_train.tune.tune`` does.

    Args:
        settings: What to do; ``mine`` is a ``words:`` spec, or one of characters to compose lines of.
        run: Folder of the run.
        resume: Go on with the training in ``run``.

    Returns:
        What was chosen; whether it is another network than before; and ``words:`` specs to convert with, the user's
        first.

    Raises:
        ConfigError: The data cannot be used, or the network reads no lines.
        ModelError: The network has no usable record.
    """
    architecture, known = recorded(settings.network)
    if architecture not in architectures.LINES:
        raise ConfigError(f"{settings.network}: reads no lines ({architecture})")
    new = unknown(settings.mine, known)
    if new and not settings.new_classes:
        raise ConfigError(
            f"{settings.mine}: the network does not know {' '.join(new)}; teach what is new with --new-classes, or"
            " leave those out"
        )
    labels = (*known[:-1], *new, BLANK)
    run.mkdir(parents=True, exist_ok=True)
    mine = settings.mine if settings.mine.startswith("words:") else composed(run, settings, labels)
    specs = [mine, *settings.keep]
    model = widen(settings.network, architecture, labels)
    untaught = model.get_weights()
    if not new and not settings.force:
        sets = [held_out(mine)]
        unchanged = measure(model, untaught, untaught, untaught, sets, labels, shares=())[0]
        if unchanged.mine.after == 1:
            _LOGGER.info("%s: reads all %d held-out lines right already", settings.network, unchanged.mine.n)
            return unchanged, False, tuple(specs)
    if settings.rendered:
        specs.append(rendered(run))
    else:
        _LOGGER.warning(
            "nothing is rendered to rehearse: the network will forget what is not among your lines"
        )
    sets = [held_out(spec) for spec in specs]
    training, initial = run / "training", settings.network
    if new:
        lines = [part for spec in specs if (part := words.load(spec).of("train"))]
        teach_line_rows(model, lines, labels, new)
        initial = run / "initial" / MODEL_NAME
        initial.parent.mkdir(exist_ok=True)
        model.save(initial)
        shutil.copyfile(record_of(settings.network), initial.with_name(RUN_NAME))
    first = model.get_weights()
    plan = recipe(settings, architecture, labels)
    fit(plan, training, data=".", resume=resume, workers=settings.workers, initial=initial)
    # The last epoch, and not the best: see ``ocr_train.tune``.
    progress = json.loads((training / PROGRESS_NAME).read_text())
    model = keras.models.load_model(training / progress["checkpoint"], compile=False)
    last = model.get_weights()
    blends = measure(model, untaught, first, last, sets, labels, new)
    chosen = choose(blends, settings.max_loss, force=settings.force)
    is_gain = chosen is not blends[0] and (settings.force or not chosen.unlearned)
    draw(run / "tuned.png", blends, chosen, "read exactly")
    model.set_weights(between(first, last, chosen.share) if chosen is not blends[0] else untaught)
    errors.mistakes(run / "still-wrong.png", sets[:1], [read(model, sets[0], labels)[0]])
    (run / MODEL_NAME).unlink(missing_ok=True)
    if is_gain:
        whole = run / "part.keras"
        model.save(whole)
        whole.replace(run / MODEL_NAME)
    return chosen, is_gain, tuple(specs)


def unknown(mine: str, labels: Sequence[str]) -> list[str]:
    """The characters of the user's lines, or the classes of the user's crops, that are no labels.

    Raises:
        ConfigError: A class is not one character.
    """
    if mine.startswith("words:"):
        found = {char for sample in words.load(mine).samples for char in sample.text}
        return sorted(found - {*labels, " "})
    new = unknown_classes(mine, labels)
    widened(labels, new)  # which refuses what is not one character
    return new


def held_out(spec: str) -> LineSet:
    """The lines of a spec that are for validation.

    Raises:
        ConfigError: There are none.
    """
    lines = words.load(spec)
    found = lines.of("validation")
    if found is None:
        raise ConfigError(
            f"data {spec!r}: none of its {len(lines.samples)} lines is in the validation split, so nothing would tell"
            " whether the network got better; in a folder every eighth picture is, by its name: add more"
        )
    return found


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


def measure(
    model: keras.Model,
    untaught: Weights,
    first: Weights,
    last: Weights,
    sets: Sequence[LineSet],
    labels: Sequence[str],
    new: Sequence[str] = (),
    shares: Sequence[float] = SHARES,
) -> list[Blend]:
    """Measure the network as it was, then every share of ``SHARES``, as ``blend.measure`` does.

    What counts of a new label is how many of its characters are read right, the texts aligned.
    """
    blends: list[Blend] = []
    before: list[npt.NDArray[np.bool_]] = []
    marks: dict[str, npt.NDArray[np.bool_]] = {}
    kept = [share for share in shares if share or new]
    for share, weights in [(0.0, untaught), *((share, between(first, last, share)) for share in kept)]:
        model.set_weights(weights)
        found = [read(model, lines, labels) for lines in sets]
        right = [
            np.array(
                [
                    comparable(sample.text, lines) == comparable(text, lines)
                    for sample, text in zip(lines.samples, said, strict=True)
                ]
            )
            for lines, (said, _) in zip(sets, found, strict=True)
        ]
        before = before or right
        changes = [changed(s.name, b, r) for s, b, r in zip(sets, before, right, strict=True)]
        now = {label: _named(sets[0], found[0][0], label) for label in new}
        marks = marks or now
        learned = [changed(label, marks[label], now[label]) for label in new]
        blends.append(Blend(share, changes[0], tuple(changes[1:]), found[0][1], tuple(learned)))
    return blends


def _named(lines: LineSet, said: Sequence[str], label: str) -> npt.NDArray[np.bool_]:
    """Of each time that a character is written, whether it was read; at least one, which then was not."""
    pairs = [
        pair
        for sample, text in zip(lines.samples, said, strict=True)
        for pair in aligned(sample.text, text)
        if pair[0] == label
    ]
    return np.array([truth == text for truth, text in pairs] or [False])


def read(model: keras.Model, lines: LineSet, labels: Sequence[str]) -> tuple[list[str], float]:
    """The best path's text of each line, and the mean CTC loss of the truth, in nats a line."""
    index = {label: i for i, label in enumerate(labels[:-1])}
    said, lost = [""] * len(lines.samples), []
    for row, scores in logits(model, [sample.image for sample in lines.samples], WIDTHS_READ):
        said[row] = greedy(scores, labels)
        target = encoded(
            lines.samples[row].text, index, case=lines.case, marks=lines.marks, steps=len(scores)
        )
        if target is not None:
            lost.append(losses_of(scores, target, labels))
    return said, float(np.mean(lost)) if lost else 0.0


def composed(run: Path, settings: Settings, labels: Sequence[str]) -> str:
    """The spec of lines composed of the user's characters; held out are those of held-out characters.

    Raises:
        ConfigError: No character is for training, or none for validation.
    """
    path = run / "composed.tar"
    characters = tuple(label for label in labels if len(label) == 1 and label != " ")
    dataset = datasets.load(settings.mine, characters)
    sets = {}
    for split in MADE:
        samples = [Sample(s.glyph, s.label, group=s.group) for s in dataset.samples if s.split == split]
        if not samples:
            raise ConfigError(f"data {settings.mine!r}: no character is in its {split} split; add more")
        # The characters between those of a small set are printed, in fonts that the other split does not have.
        others = Typefaces.installed(split, labels) if settings.rendered else None
        crops = Crops(Dataset(dataset.name, samples), characters, others)
        sets[split] = Renderer(Texts.installed(), Typefaces.drawn(), Surfaces(), (crops,), 1.0)
    words.save(path, made(sets))
    return f"words:{path}"


def rendered(run: Path) -> str:
    """The spec of rendered lines, those to validate with in fonts that no training has seen.

    Raises:
        ConfigError: There are no fonts.
    """
    path = run / "rendered.tar"
    if not path.exists():
        try:
            sets = {
                split: Renderer(Texts.installed(), Typefaces.installed(split), Surfaces()) for split in MADE
            }
        except ConfigError as error:
            raise ConfigError(f"{error}; or leave rendered lines out with --rendered 0") from error
        words.save(path, made(sets))
    return f"words:{path}"


def made(renderers: dict[str, Renderer]) -> list[LineSample]:
    """Lines of each split, always the same."""
    rng, samples = random.Random(1_000_003), []
    widths = list(WIDTHS)
    for split, renderer in renderers.items():
        for _ in range(MADE[split]):
            aspect = int(rng.choices(widths, list(WIDTHS.values()))[0]) / 32
            longest = max(1, int(aspect / (NARROWEST if rng.random() < 0.15 else TYPICAL)))
            if line := renderer.draw(rng, max(1, longest // 2), longest, aspect):
                samples.append(LineSample(*line, split))
    return samples
