"""Fine-tune a trained network on a user's few hundred characters without forgetting the rest.

A network that goes on with new samples alone forgets the old ones (McCloskey & Cohen, Catastrophic
interference in connectionist networks, 1989). So the user's crops are mixed with rehearsal (Robins,
Catastrophic forgetting, rehearsal and pseudorehearsal, 1995; Rebuffi et al., iCaRL, CVPR 2017): characters
rendered from the fonts of this system, and what sets the user keeps. Of what was learned, as much is taken in
as the kept sets allow; see ``blend``.
"""

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
from msgspec import structs

from ocr_edge.errors import ConfigError
from ocr_train import pictures
from ocr_train.checkpoint import MODEL_NAME, PROGRESS_NAME, RUN_NAME, write_json
from ocr_train.feed import Epoch
from ocr_train.fit import fit, scores
from ocr_train.recipe import Recipe
from ocr_train.record import initial_record, run_record
from ocr_train.sources import load_splits
from ocr_train.tune.blend import Blend, HeldOut, between, choose, measure
from ocr_train.tune.data import REHEARSED, held_out, recipe, recorded, rendered
from ocr_train.tune.picture import draw
from ocr_train.tune.saving import save_initial, save_tuned
from ocr_train.tune.settings import Settings
from ocr_train.tune.widen import teach_rows, unknown_classes, widen, widened

__all__ = ["Outcome", "Settings", "tune"]

_LOGGER = logging.getLogger(__name__)
ENOUGH = 0.9
"""Share of the held-out crops that rows of new classes alone must name right, as far as so few can tell: the upper end
of the 95 % interval. What is trained besides forgets: on real sets the whole network lost half a point more, and found
one in a hundred more of the new class."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a tuning.

    Attributes:
        blend: The chosen point between the two networks.
        is_gain: Whether it is another network than before.
        model: The network to convert: as it was where nothing got better.
        specs: The data sets, the user's first.
    """

    blend: Blend
    is_gain: bool
    model: Path
    specs: tuple[str, ...]


def tune(settings: Settings, run: Path, *, resume: bool = False) -> Outcome:
    """Train, blend, and write ``model.keras``, ``run.json`` and pictures; no network where nothing got better.

    Args:
        settings: What to do.
        run: Folder of the run; made when missing.
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

        chosen, is_gain, specs_of_lines = tune_lines(settings, run, resume=resume)
        done = json.loads((training / PROGRESS_NAME).read_text()) if is_gain else {"record": {}}
        return _outcome(run, chosen, settings, specs_of_lines, done["record"], is_gain=is_gain)
    architecture, known = recorded(settings.network)
    new = unknown_classes(settings.mine, known)
    labels = _labels(settings, known, new)
    mine = held_out(settings.mine, labels)
    if missing := [label for label in new if labels.index(label) not in mine.truth]:
        raise ConfigError(
            f"{settings.mine}: no crop of the new class {missing[0]!r} is in the validation split, so nothing would"
            " tell whether it was learned; every eighth picture is, by its name: add more"
        )
    sets = [mine, *(held_out(spec, labels) for spec in settings.keep)]
    specs = [settings.mine, *settings.keep]
    untaught = widen(settings.network, architecture, labels)
    if not new and not settings.force and (scores(untaught, mine.inputs).argmax(axis=1) == mine.truth).all():
        _LOGGER.info("%s: names all %d held-out crops right already", settings.network, len(mine.truth))
        same = untaught.get_weights()
        (unchanged,) = measure(untaught, same, same, same, sets[:1], shares=())
        return Outcome(unchanged, is_gain=False, model=settings.network, specs=tuple(specs))
    if settings.rendered:
        specs.append(rendered(settings.shared or run, settings))
        sets.append(held_out(specs[-1], labels))
    if not sets[1:]:
        _LOGGER.warning("nothing is rehearsed: the network will forget what is not among your crops")
    plan = recipe(settings, architecture, labels, specs)
    initial, before = settings.network, untaught.get_weights()
    indices = {label: labels.index(label) for label in new}
    if new:
        initial, record = _taught(settings, run, untaught, plan, list(indices.values()))
        first = untaught.get_weights()
        if set(mine.truth.tolist()) <= set(indices.values()):
            unchanged, rows = measure(untaught, before, first, first, sets, indices, shares=(0.0,))
            if rows.mine.interval[1] >= ENOUGH and rows.keeps(settings.max_loss):
                _LOGGER.info("the new rows are enough: all else stays as it is")
                return _finish(settings, run, untaught, [unchanged, rows], rows, specs, labels, mine, record)
    fit(plan, training, data=".", resume=resume, workers=settings.workers, initial=initial)
    # The last epoch, and not the best: on a few dozen crops the best is luck, and the learning rate ends at zero.
    progress = json.loads((training / PROGRESS_NAME).read_text())
    model = keras.models.load_model(training / progress["checkpoint"], compile=False)
    first, last = untaught.get_weights(), model.get_weights()
    blends = measure(model, before, first, last, sets, indices)
    chosen = choose(blends, settings.max_loss, force=settings.force)
    model.set_weights(between(first, last, chosen.share) if chosen is not blends[0] else before)
    return _finish(settings, run, model, blends, chosen, specs, labels, mine, progress["record"])


def _finish(
    settings: Settings,
    run: Path,
    model: keras.Model,
    blends: list[Blend],
    chosen: Blend,
    specs: list[str],
    labels: tuple[str, ...],
    mine: HeldOut,
    record: dict[str, Any],
) -> Outcome:
    """Pictures, and the network that was chosen, if it is another one than before."""
    is_gain = chosen is not blends[0] and (settings.force or not chosen.unlearned)
    draw(run / "tuned.png", blends, chosen)
    pictures.draw_mistakes(
        run / "still-wrong.png", mine.inputs, scores(model, mine.inputs), mine.truth, labels
    )
    save_tuned(model, run, is_gain=is_gain)
    return _outcome(run, chosen, settings, tuple(specs), record, is_gain=is_gain)


def _labels(settings: Settings, known: tuple[str, ...], new: list[str]) -> tuple[str, ...]:
    """The labels, with new ones if there are any and they are wanted."""
    if new and not settings.new_classes:
        raise ConfigError(
            f"{settings.mine}: the network does not know {'the class' if len(new) == 1 else 'the classes'}"
            f" {', '.join(repr(label) for label in new)}; teach what is new with --new-classes, or move those"
            " folders away"
        )
    return widened(known, new) if new else known


def _taught(
    settings: Settings, run: Path, model: keras.Model, plan: Recipe, new: list[int]
) -> tuple[Path, dict[str, Any]]:
    """The file of the network with rows that know the new classes already, and the record of that."""
    _LOGGER.info("teaching the last layer what is new")
    train, validation = load_splits(plan.sources, plan.label_texts, ".")
    # The samples of an epoch that the training does not come to, a quarter of them the user's.
    weights = [1.0, *[REHEARSED / (1 - REHEARSED) / max(1, len(train) - 1)] * (len(train) - 1)]
    pairs = zip(plan.sources, weights, strict=True)
    sources = tuple(structs.replace(source, weight=weight) for source, weight in pairs)
    teach_rows(model, Epoch(train, structs.replace(plan, sources=sources), plan.epochs), new)
    initial = save_initial(model, settings.network, run)
    record = run_record(plan, train, validation) | {"initial": initial_record(settings.network)}
    return initial, {**record, "rows_only": True}


def _outcome(
    run: Path,
    chosen: Blend,
    settings: Settings,
    specs: tuple[str, ...],
    record: dict[str, Any],
    *,
    is_gain: bool,
) -> Outcome:
    """What came of it, and ``run.json`` of a network that was taken in."""
    if not is_gain:
        return Outcome(chosen, is_gain=False, model=settings.network, specs=specs)
    tuned = {
        "share": chosen.share,
        "max_loss": settings.max_loss,
        "mine": chosen.mine.as_dict(),
        "new": [change.as_dict() for change in chosen.new],
        "kept": [change.as_dict() for change in chosen.kept],
    }
    epochs = 0 if record.get("rows_only") else record["recipe"]["epochs"]
    write_json(run / RUN_NAME, {**record, "best_epoch": epochs, "tuned": tuned})
    return Outcome(chosen, is_gain=True, model=run / MODEL_NAME, specs=specs)
