"""What recipes of line stages and of detectors share: most samples are drawn, some are real."""

from typing import Literal

import msgspec


class DrawnSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One set of real samples.

    Attributes:
        data: A ``words:`` or ``scenes:`` spec; a relative path is relative to the data folder.
        weight: Share among the real samples of a batch; of lines, times the square root of how many it has of a width.
        terms: Licence or terms of use, for the model card.
        validate: Whether its validation split takes part in choosing the best epoch.
    """

    data: str
    weight: float = 1.0
    terms: str = "none stated"
    validate: bool = True


class DrawnRecipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What decides how a network learns from samples that are mostly drawn.

    Attributes:
        steps: Batches of an epoch.
        epochs: How many.
        real: Share of real samples in a batch, 0 to 1; the others are drawn.
        composed: Share of the drawn lines that are put together from real characters.
        backgrounds: Tar archive of photographs whose pieces are written on or stand behind; empty for none.
        characters: Specs of labelled crops that lines are composed of.
        seed, learning_rate, schedule, warmup_epochs, weight_decay, average, precision, patience: As in a recipe of a
            character stage.
        sources: The real samples.
    """

    steps: int = 1500
    epochs: int = 30
    real: float = 0.3
    composed: float = 0.12
    backgrounds: str = ""
    characters: tuple[str, ...] = ()
    seed: int = 1
    learning_rate: float = 1e-3
    schedule: Literal["cosine", "constant"] = "cosine"
    warmup_epochs: float = 0.2
    weight_decay: float = 0.0
    average: float = 0.999
    precision: Literal["float32", "mixed_bfloat16"] = "float32"
    patience: int = 0
    sources: tuple[DrawnSource, ...] = ()

    def __post_init__(self) -> None:
        if min(self.steps, self.epochs) < 1:
            raise ValueError("steps and epochs must be at least 1")
        if not all(0 <= share <= 1 for share in (self.real, self.composed, self.average)):
            raise ValueError("real, composed and average must lie between 0 and 1")
        if not 0 < self.learning_rate < float("inf"):
            raise ValueError("learning_rate must be above 0")
        if self.real and not self.sources:
            raise ValueError("sources: at least one is needed, or real = 0")
