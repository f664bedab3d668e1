"""Texts as targets of a line stage: CTC, and truth that leaves something out."""

from collections.abc import Container, Mapping, Sequence
from itertools import pairwise
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from ocr_edge.contract.labels import is_mark

LONGEST = 120
"""Labels of the longest text in a batch: one for each step of the widest strip."""
HEAD = 3
"""Numbers before the labels in a row of targets: case ignored, marks ignored, steps."""
NOTHING = -30.0
"""Log-probability of a label that is merged into another: e to the -30 teaches nothing."""

Targets = npt.NDArray[np.int32]


def caseless(label: str, labels: Container[str]) -> str:
    """What a label is taught as where case is ignored: its capital, or the only case that there is a label of.

    Signs have no case, although Python's capital of ``µ`` is a Greek letter.
    """
    if is_mark(label):
        return label
    return next((case for case in (label.upper(), label, label.lower()) if case in labels), label)


def taught(text: str, labels: Container[str], *, case: bool, marks: bool) -> str:
    """What is taught of a text: without marks and in one case where its truth says nothing of them."""
    text = text if marks else "".join(c for c in text if not is_mark(c))
    return text if case else "".join(caseless(c, labels) for c in text)


def encoded(text: str, index: Mapping[str, int], *, case: bool, marks: bool, steps: int) -> Targets | None:
    """A row of targets.

    Args:
        text: What is written.
        index: Of each label.
        case: Whether capitals are told from small letters.
        marks: Whether the truth holds marks and spaces.
        steps: Time steps of the strip's own width.

    Returns:
        int32, shape ``(HEAD + LONGEST,)``: the flags, the steps, then labels and -1; None when the text does not fit
        into the steps, or holds what is no label.
    """
    text = taught(text, index, case=case, marks=marks)
    if not text or any(c not in index for c in text):
        return None
    # Two equal labels need a blank between them.
    if len(text) + sum(a == b for a, b in pairwise(text)) > min(steps, LONGEST):
        return None
    row = np.full(HEAD + LONGEST, -1, np.int32)
    row[:HEAD] = (not case, not marks, steps)
    row[HEAD : HEAD + len(text)] = [index[c] for c in text]
    return row


def nothing(steps: int) -> Targets:
    """A row of targets of a strip without text."""
    row = np.full(HEAD + LONGEST, -1, np.int32)
    row[:HEAD] = (0, 0, steps)
    return row


@keras.saving.register_keras_serializable("ocr_train")
class CTC(keras.losses.Loss):  # type: ignore[misc]  # Keras has no types
    """Connectionist temporal classification, in nats a line.

    Where a row's truth ignores case, the probability of a small letter counts as its capital's, if that is a label;
    where it ignores marks, that of a mark or a space counts as the blank's. So nothing wrong is taught.

    Args:
        labels: The labels, the blank last.
    """

    def __init__(self, labels: Sequence[str], name: str = "ctc") -> None:
        super().__init__(name=name, reduction="sum_over_batch_size")
        self.labels = list(labels)
        capital = [self.labels.index(caseless(c, self.labels)) for c in self.labels]
        marks = [i for i, c in enumerate(self.labels[:-1]) if is_mark(c)]
        count = len(self.labels)
        self._case, self._marks = np.eye(count, dtype=np.float32), np.eye(count, dtype=np.float32)
        self._case[range(count), range(count)] = 0
        self._case[range(count), capital] = 1
        self._marks[marks, marks] = 0
        self._marks[marks, count - 1] = 1

    def get_config(self) -> dict[str, Any]:
        """What a saved model remembers of it."""
        return {"labels": self.labels, "name": self.name}

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each row.

        Args:
            y_true: int32, shape ``(B, HEAD + LONGEST)``, from ``encoded``.
            y_pred: float32 logits, shape ``(B, T, labels)``.
        """
        ops = keras.ops
        y_true = ops.cast(y_true, "int32")
        scores = ops.log_softmax(ops.cast(y_pred, "float32"), axis=-1)
        plain = ops.exp(scores)
        for column, merge in ((0, self._case), (1, self._marks)):
            merged = ops.matmul(plain, merge)
            plain = ops.where(ops.cast(y_true[:, column], "bool")[:, None, None], merged, plain)
        scores = ops.log(ops.maximum(plain, float(np.exp(NOTHING))))
        return losses(scores, y_true[:, HEAD:], y_true[:, 2])


def losses_of(scores: npt.NDArray[np.float32], target: Targets, labels: Sequence[str]) -> float:
    """The CTC loss of one line: logits ``(T, labels)`` and a row of targets, in nats."""
    return float(keras.ops.convert_to_numpy(CTC(labels)(target[None], scores[None])))


def losses(scores: Any, labels: Any, steps: Any) -> Any:
    """CTC losses of log-probabilities ``(B, T, labels)`` for labels padded with -1, ``(B, L)``; a row may have none."""
    ops = keras.ops
    steps = ops.minimum(ops.cast(steps, "int32"), ops.shape(scores)[1])
    blank = scores.shape[-1] - 1
    # The kernels want a label. Where there is none, the only path is the blank's.
    is_empty = labels[:, :1] < 0
    labels = ops.concatenate([ops.where(is_empty, 0, labels[:, :1]), labels[:, 1:]], axis=1)
    is_step = ops.cast(ops.arange(ops.shape(scores)[1])[None] < steps[:, None], scores.dtype)
    silent = -ops.sum(scores[..., blank] * is_step, axis=1)
    return ops.where(is_empty[:, 0], silent, _kernel(scores, labels, steps, blank))


def _kernel(scores: Any, labels: Any, steps: Any, blank: int) -> Any:
    """CTC losses as the backend computes them, of rows with a label each."""
    if keras.backend.backend() != "tensorflow":
        ops = keras.ops
        lengths = ops.sum(ops.cast(labels >= 0, "int32"), axis=1)
        return ops.ctc_loss(ops.maximum(labels, 0), scores, lengths, steps, mask_index=blank)
    import tensorflow as tf  # noqa: PLC0415 - not needed by the other backends

    # The sparse kernel of TensorFlow 1 is several times as fast on a CPU as the dense one.
    places = tf.where(labels >= 0)
    sparse = tf.SparseTensor(places, tf.gather_nd(labels, places), tf.cast(tf.shape(labels), tf.int64))
    return tf.compat.v1.nn.ctc_loss(
        sparse, tf.transpose(scores, [1, 0, 2]), steps, ignore_longer_outputs_than_inputs=True
    )


def greedy(scores: npt.NDArray[np.float32], labels: Sequence[str]) -> str:
    """The text of the best path through logits ``(T, labels)``, blank last."""
    best = scores.argmax(axis=1)
    kept = best[np.flatnonzero(np.diff(best, prepend=-1))]
    return "".join(labels[i] for i in kept if i != len(labels) - 1).strip()
