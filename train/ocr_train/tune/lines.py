"""Fine-tune a network that reads lines on a user's lines, or on lines composed of a user's characters.

Rehearsal, the choice between the two networks and the promises are those of ``ocr_train.tune``; what is rehearsed is
rendered anew for every batch.
"""

import json
import logging
from pathlib import Path

import keras

from ocr_edge.errors import ConfigError
from ocr_train import architectures
from ocr_train.checkpoint import PROGRESS_NAME
from ocr_train.datasets import words
from ocr_train.strips import errors
from ocr_train.strips.fit import fit
from ocr_train.strips.recipe import BLANK
from ocr_train.tune import line_blend, line_data, line_recipe
from ocr_train.tune.blend import Blend, between, choose
from ocr_train.tune.data import recorded
from ocr_train.tune.picture import draw
from ocr_train.tune.saving import save_initial, save_tuned
from ocr_train.tune.settings import Settings
from ocr_train.tune.widen import teach_line_rows, widen

_LOGGER = logging.getLogger(__name__)


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
    new = line_data.unknown(settings.mine, known)
    if new and not settings.new_classes:
        raise ConfigError(
            f"{settings.mine}: the network does not know {' '.join(new)}; teach what is new with --new-classes, or"
            " leave those out"
        )
    labels = (*known[:-1], *new, BLANK)
    run.mkdir(parents=True, exist_ok=True)
    mine = settings.mine if settings.mine.startswith("words:") else line_data.composed(run, settings, labels)
    specs = [mine, *settings.keep]
    model = widen(settings.network, architecture, labels)
    untaught = model.get_weights()
    if not new and not settings.force:
        sets = [line_data.held_out(mine)]
        unchanged = line_blend.measure(model, untaught, untaught, untaught, sets, labels, shares=())[0]
        if unchanged.mine.after == 1:
            _LOGGER.info("%s: reads all %d held-out lines right already", settings.network, unchanged.mine.n)
            return unchanged, False, tuple(specs)
    if settings.rendered:
        specs.append(line_data.rendered(run))
    else:
        _LOGGER.warning(
            "nothing is rendered to rehearse: the network will forget what is not among your lines"
        )
    sets = [line_data.held_out(spec) for spec in specs]
    training, initial = run / "training", settings.network
    if new:
        lines = [part for spec in specs if (part := words.load(spec).of("train"))]
        teach_line_rows(model, lines, labels, new)
        initial = save_initial(model, settings.network, run)
    first = model.get_weights()
    plan = line_recipe.recipe(settings, architecture, labels)
    fit(plan, training, data=".", resume=resume, workers=settings.workers, initial=initial)
    # The last epoch, and not the best: see ``ocr_train.tune``.
    progress = json.loads((training / PROGRESS_NAME).read_text())
    model = keras.models.load_model(training / progress["checkpoint"], compile=False)
    last = model.get_weights()
    blends = line_blend.measure(model, untaught, first, last, sets, labels, new)
    chosen = choose(blends, settings.max_loss, force=settings.force)
    is_gain = chosen is not blends[0] and (settings.force or not chosen.unlearned)
    draw(run / "tuned.png", blends, chosen, "read exactly")
    model.set_weights(between(first, last, chosen.share) if chosen is not blends[0] else untaught)
    errors.mistakes(run / "still-wrong.png", sets[:1], [line_blend.read(model, sets[0], labels)[0]])
    save_tuned(model, run, is_gain=is_gain)
    return chosen, is_gain, tuple(specs)
