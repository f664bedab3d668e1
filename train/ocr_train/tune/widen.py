"""Teach a network classes that it does not know: its last layer gets a row for each."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax

from ocr_edge.contract.labels import REJECT
from ocr_edge.contract.preprocess import STEP, fill
from ocr_edge.errors import ConfigError
from ocr_train import architectures
from ocr_train.datasets import Spec
from ocr_train.datasets.base import class_texts
from ocr_train.datasets.folder import class_folders
from ocr_train.datasets.words import LineSet
from ocr_train.editing import aligned
from ocr_train.feed import Epoch
from ocr_train.initial import start_from
from ocr_train.strips.squeeze import squeezed

_LOGGER = logging.getLogger(__name__)
RIDGE = 3e-4
"""How strongly a new row is held back. Of 1e-3, 3e-4, 1e-4, 1e-5 and 1e-6 the first took fewest characters of seven
real sets for a new one (0.07, 0.10, 0.17, 0.40 and 0.76 points lost on average), and this one found as many of the new
as the best (93.0, 94.1, 94.1, 93.6 and 92.7 %): three new characters, three draws of 30 crops, network ``fast``."""
WIDEST, WIDTH_STEP = 480, 32
"""Columns of the widest strip, as in ``WIDTHS``, and what the columns of a strip are a multiple of here."""

Rows = npt.NDArray[np.float64]


def unknown_classes(text: str, labels: Sequence[str]) -> list[str]:
    """The class folders of a ``folder:`` data set that the labels do not hold; nothing for other kinds."""
    spec = Spec.parse(text)
    if spec.kind != "folder" or not spec.path.is_dir():
        return []
    names = [path.name for path in class_folders(spec.path)]
    texts, _ = class_texts(names, spec.source_labels, labels)
    return sorted({texts[name] or name for name in names} - {*labels, REJECT})


def widened(labels: Sequence[str], new: Sequence[str]) -> tuple[str, ...]:
    """The labels with new ones behind them, but before the class of what is no character.

    Raises:
        ConfigError: A new label is not one character.
    """
    if wrong := [label for label in new if len(label) != 1]:
        raise ConfigError(
            f"class {wrong[0]!r}: a class is one character, or reject; rename its folder (U+002E stands for '.',"
            " U+002F for '/') or move it away"
        )
    texts = [label for label in labels if label != REJECT]
    return (*texts, *new, *labels[len(texts) :])


def widen(network: Path, architecture: str, wider: Sequence[str]) -> keras.Model:
    """A network that tells more classes apart, never says the new ones, and is the same for those that it knew.

    Args:
        network: A ``.keras`` file of the architecture, with its record beside it.
        architecture: Its name.
        wider: Classes of the new network, all that the old one knows among them.
    """
    made = architectures.build(architecture, len(wider))
    start_from(made, network, wider)
    return made


def teach_rows(model: keras.Model, samples: Epoch, new: Sequence[int]) -> None:
    """Find the rows of new classes, all else as it is; the network is changed.

    A short training with a small learning rate hardly moves a row from where nothing says its class, and a large rate
    forgets what was known. With everything else fixed a row is a logistic regression, whose best is found at once. It
    is a better start than the mean of the class's features (Qi et al., Low-shot learning with imprinted weights, CVPR
    2018), since it sees what the class must be told from.

    Args:
        model: From ``widen``.
        samples: Of the new classes, and of those that they must be told from.
        new: Indices of the new classes.
    """
    last = _last(model)
    body = keras.Model(model.inputs, [last.input, last.output])
    found = [
        (*(np.asarray(part, np.float64) for part in body.predict_on_batch(inputs)), targets.argmax(axis=1))
        for inputs, targets in (samples[index] for index in range(len(samples)))
    ]
    features, logits, truth = (np.concatenate(part) for part in zip(*found, strict=True))
    _set_rows(last, features, logits, truth, new)


def teach_line_rows(
    model: keras.Model, sets: Sequence[LineSet], labels: Sequence[str], new: Sequence[str]
) -> None:
    """``teach_rows`` of a network that reads lines: it learns from the steps at which it read something else instead.

    Where it reads something else can be told by aligning what it says with the truth. A new character that it passes
    over everywhere teaches nothing, and is left to the training.

    Args:
        model: From ``widen``.
        sets: Lines in which the new characters are written, and others.
        labels: Its labels, the blank last.
        new: Those that it does not know.
    """
    last = _last(model)
    body = keras.Model(model.inputs, [last.input, model.output])
    parts, truths = [], []
    for text, features, scores in _steps(body, sets):
        best = scores.argmax(axis=1)
        starts = np.flatnonzero(np.diff(best, prepend=-1) * (best != len(labels) - 1))
        said = "".join(labels[index] for index in best[starts])
        truth, place = best.copy(), 0
        for written, read in aligned(text, said):
            if written in new and read:
                run = starts[place] + np.arange(len(best) - starts[place])
                same = run[np.cumprod(best[run] == best[starts[place]]).astype(bool)]
                truth[same] = labels.index(written)
            place += bool(read)
        parts.append((features, scores))
        truths.append(truth)
    features, logits = (np.concatenate(part).astype(np.float64) for part in zip(*parts, strict=True))
    truth = np.concatenate(truths)
    if indices := [labels.index(label) for label in new if labels.index(label) in truth]:
        _set_rows(last, features, logits, truth, indices)


def _last(model: keras.Model) -> keras.Layer:
    """The layer that has a row for each class."""
    return next(layer for layer in reversed(model.layers) if layer.weights)


def _set_rows(
    last: keras.Layer, features: Rows, logits: Rows, truth: npt.NDArray[np.int64], new: Sequence[int]
) -> None:
    """Give a layer the rows of new classes that ``_regressed`` finds."""
    kernel, bias = last.get_weights()
    rows = np.vstack([kernel.reshape(-1, len(bias)), bias])
    start = rows[:, new].astype(np.float64)
    rows[:, new] = _regressed(
        features, np.delete(logits, new, axis=1), truth, new, start, share=1 / len(bias)
    )
    last.set_weights([rows[:-1].reshape(kernel.shape), rows[-1]])


def _steps(body: keras.Model, sets: Sequence[LineSet]) -> Iterator[tuple[str, Rows, Rows]]:
    """Each line's text, what the last layer looks at ``(T, D)``, and the logits ``(T, L)``."""
    for lines in sets:
        for sample in lines.samples:
            rgb, binary = squeezed(sample.image, WIDEST)
            width = -(-rgb.shape[1] // WIDTH_STEP) * WIDTH_STEP  # few widths: each new one takes time
            filled = fill(rgb, binary, width)
            inputs = {"rgb": filled[0][None], "binary": filled[1][None]}
            features, logits = (np.asarray(part)[0] for part in body.predict_on_batch(inputs))
            count = -(-rgb.shape[1] // STEP)
            yield sample.text, features.reshape(-1, features.shape[-1])[:count], logits[:count]


def _regressed(
    features: Rows,
    known: Rows,
    truth: npt.NDArray[np.int64],
    new: Sequence[int],
    start: Rows,
    share: float,
) -> Rows:
    """Rows of new classes, weights and bias, float64 ``(D + 1, K)``, under which the truth is likeliest.

    Args:
        features: What the rows look at, ``(N, D)``.
        known: Logits of the other classes, ``(N, L - K)``; they stay.
        truth: Class of each sample.
        new: Indices of the new classes.
        start: Rows from which to go, and from which it costs to go far.
        share: How often each new class is to be expected, however many samples show it here: a class that seems to be
            a quarter of everything is seen everywhere.
    """
    inputs = np.hstack([features, np.ones((len(features), 1))])
    known_sum = logsumexp(known, axis=1, keepdims=True)
    wanted = (truth[:, None] == np.array(new)).astype(np.float64)
    weights = (wanted * (share / np.maximum(wanted.sum(axis=0), 1))).sum(axis=1)
    known_rows = weights == 0
    weights[known_rows] = (1 - share * len(new)) / max(1, int(known_rows.sum()))

    def loss(flat: Rows) -> tuple[float, Rows]:
        rows = flat.reshape(start.shape)
        scores = inputs @ rows
        every = np.hstack([known_sum, scores])
        # What a known class's own logit adds is the same for all rows.
        likelihood = (wanted * scores).sum(axis=1) - logsumexp(every, axis=1)
        slope = inputs.T @ (weights[:, None] * (softmax(every, axis=1)[:, 1:] - wanted))
        away = rows - start
        return RIDGE * float((away**2).sum()) - float(weights @ likelihood), (
            slope + 2 * RIDGE * away
        ).ravel()

    best = minimize(loss, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    return np.asarray(best.x, np.float64).reshape(start.shape)
