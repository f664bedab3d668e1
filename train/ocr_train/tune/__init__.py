"""Fine-tune a trained network on a user's few hundred characters without forgetting the rest.

A network that goes on with new samples alone forgets the old ones (McCloskey & Cohen, Catastrophic
interference in connectionist networks, 1989). So the user's crops are mixed with rehearsal (Robins,
Catastrophic forgetting, rehearsal and pseudorehearsal, 1995; Rebuffi et al., iCaRL, CVPR 2017): characters
rendered from the fonts of this system, and what sets the user keeps. Of what was learned, as much is taken in
as the kept sets allow; see ``blend``.
"""

import json
import logging
import shutil
from dataclasses import dataclass
from pathlib import Path

import keras

from ocr_edge.errors import ConfigError
from ocr_train import pictures
from ocr_train.checkpoint import MODEL_NAME, PROGRESS_NAME, RUN_NAME, write_json
from ocr_train.fit import fit, scores
from ocr_train.tune.blend import Blend, between, choose, measure
from ocr_train.tune.data import held_out, recipe, recorded, rendered
from ocr_train.tune.picture import draw
from ocr_train.tune.settings import Settings
from ocr_train.tune.widen import unknown_classes, widen, widened

__all__ = ["Outcome", "Settings", "tune"]

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a tuning.

    Attributes:
        blend: The chosen point between the two networks; its share is 0 where nothing got better.
        specs: The data sets, the user's first.
    """

    blend: Blend
    specs: tuple[str, ...]


def tune(settings: Settings, run: Path, *, resume: bool = False) -> Outcome:
    """Train, blend, and write ``model.keras``, ``run.json`` and pictures; no network where nothing got better.

    Args:
        settings: What to do.
        run: Folder of the run; made when missing. What is rendered stays there for the next time.
        resume: Go on with the training that was stopped in ``run``, or choose again after it.

    Returns:
        What was chosen.

    Raises:
        ConfigError: The data cannot be used, or ``run`` already holds a training.
        ModelError: The network has no usable record.
    """
    training = run / "training"
    if (training / PROGRESS_NAME).exists() and not resume:
        raise ConfigError(f"{run}: already holds a training; go on with --resume, or choose another --run")
    if settings.is_line:
        from ocr_train.tune.lines import tune_lines  # noqa: PLC0415 - it pulls the renderer in

        chosen, specs_of_lines = tune_lines(settings, run, resume=resume)
        if chosen.share:
            _record(run, chosen, settings)
        return Outcome(chosen, specs_of_lines)
    architecture, labels = recorded(settings.network)
    initial = settings.network
    if new := unknown_classes(settings.mine, labels):
        labels, initial = _widened(settings, run, labels, new)
    mine = held_out(settings.mine, labels)
    kept = [held_out(spec, labels) for spec in settings.keep]
    specs = [settings.mine, *settings.keep]
    if settings.rendered:
        specs.append(rendered(run, settings))
        kept.append(held_out(specs[-1], labels))
    if not kept:
        _LOGGER.warning("nothing is rehearsed: the network will forget what is not among your crops")
    plan = recipe(settings, architecture, labels, specs)
    fit(plan, training, data=".", resume=resume, workers=settings.workers, initial=initial)
    # The last epoch, and not the best: on a few dozen crops the best is luck, and the learning rate ends at zero.
    progress = json.loads((training / PROGRESS_NAME).read_text())
    model = keras.models.load_model(training / progress["checkpoint"], compile=False)
    first = keras.models.load_model(initial, compile=False).get_weights()
    last = model.get_weights()
    blends = measure(model, first, last, mine, kept)
    chosen = choose(blends, settings.max_loss, force=settings.force)
    draw(run / "tuned.png", blends, chosen)
    model.set_weights(between(first, last, chosen.share))
    pictures.draw_mistakes(
        run / "still-wrong.png", mine.inputs, scores(model, mine.inputs), mine.truth, labels
    )
    (run / MODEL_NAME).unlink(missing_ok=True)
    if chosen.share:
        _write(run, model, chosen, settings)
    return Outcome(chosen, tuple(specs))


def _widened(
    settings: Settings, run: Path, labels: tuple[str, ...], new: list[str]
) -> tuple[tuple[str, ...], Path]:
    """The labels with new ones, and a network that has a row for each."""
    if not settings.new_classes:
        raise ConfigError(
            f"{settings.mine}: the network does not know {'the class' if len(new) == 1 else 'the classes'}"
            f" {', '.join(repr(label) for label in new)}; teach what is new with --new-classes, or move those"
            " folders away"
        )
    wider, initial = widened(labels, new), run / "initial" / MODEL_NAME
    widen(settings.network, recorded(settings.network)[0], wider, initial)
    shutil.copyfile(settings.network.with_name(RUN_NAME), initial.with_name(RUN_NAME))
    return wider, initial


def _write(run: Path, model: keras.Model, chosen: Blend, settings: Settings) -> None:
    """The network, and the record of its training with what was chosen and how much it gained."""
    part = run / "part.keras"
    model.save(part)
    part.replace(run / MODEL_NAME)
    _record(run, chosen, settings)


def _record(run: Path, chosen: Blend, settings: Settings) -> None:
    """``run.json`` of a tuned network."""
    record = json.loads((run / "training" / PROGRESS_NAME).read_text())["record"]
    tuned = {
        "share": chosen.share,
        "max_loss": settings.max_loss,
        "mine": chosen.mine.as_dict(),
        "kept": [change.as_dict() for change in chosen.kept],
    }
    write_json(run / RUN_NAME, {**record, "best_epoch": record["recipe"]["epochs"], "tuned": tuned})
