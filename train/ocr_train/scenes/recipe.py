"""Recipes of detectors: what is drawn, what is real, and how a network learns from it."""

from typing import Literal

from ocr_edge.detect.quads import STRIDE
from ocr_train.drawn_recipe import DrawnRecipe


class SceneRecipe(DrawnRecipe, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that decides what the training of a detector does; see ``DrawnRecipe`` for what is not here.

    Attributes:
        stage: ``detect``; tells such a recipe from those of other stages.
        architecture: Name of the network.
        side: Height and width of the scenes, in pixels, a multiple of 32.
        batch_size: Scenes of a step.
        held_out: Drawn scenes, in faces that training does not have, that take part in choosing the best epoch.
    """

    stage: Literal["detect"] = "detect"
    architecture: str = "text_map"
    side: int = 320
    batch_size: int = 12
    held_out: int = 60

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.batch_size < 1:
            raise ValueError("batch_size must be at least 1")
        if self.side < STRIDE or self.side % STRIDE:
            raise ValueError(f"side must be a multiple of {STRIDE}, found {self.side}")

    @property
    def label_texts(self) -> tuple[str, ...]:
        """None: a detector names nothing."""
        return ()
