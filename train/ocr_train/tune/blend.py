"""How much of what was learned to keep: between the shipped network and the tuned one.

The weights between a network and what fine-tuning made of it belong to networks that are often better than
either end: they have learned the new and forgotten less of the old (Wortsman et al., Robust fine-tuning of
zero-shot models, CVPR 2022). That holds for the statistics of batch normalisation too as long as the two are
near to each other, as they are after a short training with a small learning rate.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Image
from ocr_train.evaluate import Labels, negative_log_likelihood, wilson
from ocr_train.fit import scores

_LOGGER = logging.getLogger(__name__)
SHARES = tuple(step / 10 for step in range(11))
"""Shares of the tuned network that are tried: 0 is the network as it was, 1 all of what was learned."""

Weights = list[npt.NDArray[np.float32]]


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """Crops that took no part in the training.

    Attributes:
        name: For tables.
        inputs: ``rgb`` uint8 (N, H, W, 3) and ``binary`` uint8 (N, H, W, 1), preprocessed.
        truth: int64, shape ``(N,)``.
    """

    name: str
    inputs: dict[str, Image]
    truth: Labels


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one set.

    Attributes:
        name: The set.
        n: Its crops.
        before: Share named right by the network as it was, 0..1.
        after: Share named right now.
        fixed: Crops that only the new network names right.
        broken: Crops that only the old one did.
    """

    name: str
    n: int
    before: float
    after: float
    fixed: int
    broken: int

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % confidence interval of ``after``, 0..1."""
        return wilson(self.after, self.n)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        numbers = {"before": round(self.before, 5), "after": round(self.after, 5)}
        ends = [round(end, 5) for end in self.interval]
        return {"name": self.name, "n": self.n, **numbers, "interval": ends} | {
            "fixed": self.fixed,
            "broken": self.broken,
        }


@dataclass(frozen=True, slots=True)
class Blend:
    """One point between the two networks.

    Attributes:
        share: Of the tuned network, 0..1.
        mine: What became of the user's crops.
        kept: What became of each set that must not get worse.
        nll: Mean negative log-likelihood of the user's crops.
        new: What became of each class that the network did not know, of the user's crops.
    """

    share: float
    mine: Change
    kept: tuple[Change, ...]
    nll: float
    new: tuple[Change, ...] = ()

    @property
    def unlearned(self) -> tuple[str, ...]:
        """The new classes of which not one crop is named right."""
        return tuple(change.name for change in self.new if not change.after)

    def keeps(self, limit: float) -> bool:
        """Whether no set lost more than ``limit``, a share of 1."""
        return all(change.before - change.after <= limit + 1e-9 for change in self.kept)


def between(first: Weights, last: Weights, share: float) -> Weights:
    """The weights at a share of the way from the first to the last."""
    return [a + np.float32(share) * (b - a) for a, b in zip(first, last, strict=True)]


def measure(
    model: keras.Model,
    untaught: Weights,
    first: Weights,
    last: Weights,
    sets: Sequence[HeldOut],
    new: Mapping[str, int] = MappingProxyType({}),
    shares: Sequence[float] = SHARES,
) -> list[Blend]:
    """Measure the network as it was, and every share of ``SHARES``; the model's weights are changed.

    Args:
        model: The network; its weights are left as ``last``.
        untaught: Weights of the network as it was.
        first: Those before the training: the same, but for the rows of new classes.
        last: Those after it.
        sets: The user's crops, then the sets that must not get worse.
        new: Classes that the network did not know, with their indices.
        shares: Those to measure.

    Returns:
        The network as it was, with a share of 0, and then every share; that of 0 only where there are new classes.
    """
    blends: list[Blend] = []
    before: list[npt.NDArray[np.bool_]] = []
    kept = [share for share in shares if share or new]
    for share, weights in [(0.0, untaught), *((share, between(first, last, share)) for share in kept)]:
        model.set_weights(weights)
        logits = [scores(model, held_out.inputs) for held_out in sets]
        right = [x.argmax(axis=1) == h.truth for x, h in zip(logits, sets, strict=True)]
        before = before or right
        changes = [changed(h.name, b, r) for h, b, r in zip(sets, before, right, strict=True)]
        rows = {label: sets[0].truth == index for label, index in new.items()}
        learned = [changed(label, before[0][mine], right[0][mine]) for label, mine in rows.items()]
        nll = negative_log_likelihood(logits[0], sets[0].truth, 1.0)
        blends.append(Blend(share, changes[0], tuple(changes[1:]), nll, tuple(learned)))
        _LOGGER.debug("share %.1f: %s", share, ", ".join(f"{c.name} {100 * c.after:.2f}" for c in changes))
    return blends


def choose(blends: Sequence[Blend], limit: float, *, force: bool = False) -> Blend:
    """The best blend that keeps the other sets; the network as it was where nothing is better.

    The likelihood chooses and not the count of right names: of a few dozen crops one more or less is luck.

    Args:
        blends: The network as it was, then every share.
        limit: Most that a kept set may lose, a share of 1.
        force: Whether something must be taken in, the smallest share where no other keeps the sets.

    Returns:
        Of those within the limit that name more of the user's crops right, and some of every new class, the one to
        which the truth is likeliest. Where none knows every new class, the best of the others.
    """
    unchanged, *others = blends
    allowed = [blend for blend in others if blend.keeps(limit)]
    better = [blend for blend in allowed if blend.mine.after > unchanged.mine.after]
    better = [blend for blend in better if not blend.unlearned] or better
    if force:
        better = better or allowed or others[:1]
    return min(better, key=lambda blend: blend.nll, default=unchanged)


def changed(name: str, before: npt.NDArray[np.bool_], after: npt.NDArray[np.bool_]) -> Change:
    """What became of a set, from what was right before and after."""
    fixed, broken = int((after & ~before).sum()), int((before & ~after).sum())
    return Change(name, len(before), float(before.mean()), float(after.mean()), fixed, broken)
