"""Recipes of detectors: what is drawn, what is real, and how a network learns from it."""

from typing import Literal

import msgspec

from ocr_edge.detect.quads import STRIDE


class SceneSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One set of photographs with outlines.

    Attributes:
        data: A ``scenes:`` spec; a relative path is relative to the data folder.
        weight: Share among the real scenes of a batch.
        terms: Licence or terms of use, for the model card.
        validate: Whether its validation split takes part in choosing the best epoch.
    """

    data: str
    weight: float = 1.0
    terms: str = "none stated"
    validate: bool = True


class SceneRecipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that decides what the training of a detector does.

    Attributes:
        stage: ``detect``; tells such a recipe from those of other stages.
        architecture: Name of the network.
        side: Height and width of the scenes, in pixels, a multiple of 32.
        batch_size: Scenes of a step.
        steps: Batches of an epoch.
        epochs: How many.
        real: Share of real scenes in a batch, 0 to 1; the others are drawn.
        composed: Share of the loose lines of drawn scenes that are put together from real characters.
        backgrounds: Tar archive of photographs that stand behind the things; empty for none.
        characters: Specs of labelled crops that lines are composed of.
        held_out: Drawn scenes, in faces that training does not have, that take part in choosing the best epoch.
        seed, learning_rate, schedule, warmup_epochs, weight_decay, average, precision, patience: As in a recipe of a
            character stage.
        sources: The real scenes.
    """

    stage: Literal["detect"] = "detect"
    architecture: str = "text_map"
    side: int = 320
    batch_size: int = 12
    steps: int = 1000
    epochs: int = 30
    real: float = 0.25
    composed: float = 0.12
    backgrounds: str = ""
    characters: tuple[str, ...] = ()
    held_out: int = 60
    seed: int = 1
    learning_rate: float = 1e-3
    schedule: Literal["cosine", "constant"] = "cosine"
    warmup_epochs: float = 0.2
    weight_decay: float = 0.0
    average: float = 0.999
    precision: Literal["float32", "mixed_bfloat16"] = "float32"
    patience: int = 0
    sources: tuple[SceneSource, ...] = ()

    def __post_init__(self) -> None:
        if min(self.batch_size, self.steps, self.epochs) < 1:
            raise ValueError("batch_size, steps and epochs must be at least 1")
        for share in (self.real, self.composed, self.average):
            if not 0 <= share <= 1:
                raise ValueError("real, composed and average must lie between 0 and 1")
        if self.side < STRIDE or self.side % STRIDE:
            raise ValueError(f"side must be a multiple of {STRIDE}, found {self.side}")
        if not 0 < self.learning_rate < float("inf"):
            raise ValueError("learning_rate must be above 0")
        if self.real and not self.sources:
            raise ValueError("sources: at least one is needed, or real = 0")

    @property
    def label_texts(self) -> tuple[str, ...]:
        """None: a detector names nothing."""
        return ()
